//! What requests took: tokens by day, cost by model, what the cache saved, and who asked and paid. The numbers are those of
//! `fased usage`.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};

use super::super::api;
use super::super::api::usage::Asked;
use super::super::app::App;
use super::super::refusal::{Audience, Refusal};
use super::super::routes::Call;
use super::frame::{Frame, Room};
use crate::error::Failure;
use crate::text::one_line;
use crate::usage::price::{MicroDollars, SignedMicroDollars};
use crate::usage::receipt::grouped;
use crate::usage::summary::{Bucket, Grouping, Totals, UsageReport};

/// The longest bar: thousandths of its place.
const BAR: u64 = 1_000;
/// Days that are shown where nothing happened in between; longer periods leave out days without requests.
const MOST_DAYS: usize = 92;

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage {
    frame: Frame,
    /// The agent all is about; all agents where there is none.
    only: Option<String>,
    ranges: Vec<Range>,
    since: String,
    until: String,
    span: String,
    csv: String,
    totals: Sums,
    days: Vec<Day>,
    tables: Vec<Table>,
    notes: Vec<String>,
    is_empty: bool,
    never_used: bool,
}

/// A period to choose.
struct Range {
    label: &'static str,
    href: String,
    is_current: bool,
}

/// What a sum comes to, in words.
struct Sums {
    requests: String,
    cost: String,
    cached: String,
    saved: String,
    input: String,
    output: String,
}

/// A day with its tokens by class.
struct Day {
    date: String,
    /// Of each class: where its bar begins and how wide it is.
    bars: [(u64, u64); 4],
    counts: [String; 4],
    cost: String,
}

/// Requests put together by something.
struct Table {
    title: &'static str,
    id: &'static str,
    by: Grouping,
    heading: &'static str,
    rows: Vec<(String, Sums, u64)>,
}

/// Classes of tokens as they are drawn, one behind the other.
const CLASSES: [(&str, &str); 4] = [
    ("class-1", "Input"),
    ("class-2", "Written to cache"),
    ("class-3", "Read from cache"),
    ("class-4", "Output"),
];

impl UsagePage {
    /// Classes of tokens with the style they are drawn in.
    fn classes() -> [(&'static str, &'static str); 4] {
        CLASSES
    }
}

impl Day {
    /// The bars there are: style, begin and width, the latter in percent.
    fn drawn(&self) -> impl Iterator<Item = (&'static str, String, String)> {
        let percent = |thousandths: u64| format!("{}.{}", thousandths / 10, thousandths % 10);
        let bars = CLASSES.iter().zip(self.bars).filter(|(_, (_, width))| *width > 0);
        bars.map(move |((class, _), (begin, width))| (*class, percent(begin), percent(width)))
    }
}

impl Table {
    fn by(&self) -> &'static str {
        self.by.as_str()
    }
}

/// `GET /usage`
pub(super) async fn show(app: Arc<App>, call: Call) -> Response {
    super::blocking(move || match page(&app, &call) {
        Ok(page) => super::shown(&page),
        Err(failure) => Refusal::new(api::status_of(&failure), failure).into_response(Audience::Browser, ""),
    })
    .await
}

fn page(app: &App, call: &Call) -> Result<UsagePage, Failure> {
    let frame = Frame::of_all(app, Room::Usage, call);
    let only = call.parameter("only").filter(|text| !text.is_empty()).map(|_| frame.focus.to_string());
    let asked = Asked::of(app, call, only.clone())?;
    let by_day = asked.report(app, Grouping::Day)?;
    let parameter = |name: &str, otherwise: &str| {
        call.parameter(name).filter(|text| !text.is_empty()).unwrap_or_else(|| otherwise.to_owned())
    };
    let (since, until) = (parameter("since", "30d"), parameter("until", "today"));
    let query = |since: &str, until: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("since", since).append_pair("until", until);
        query
    };
    let link = |since: &str| {
        let mut query = query(since, "today");
        query.append_pair("agent", frame.focus.as_str());
        only.iter().for_each(|_| {
            query.append_pair("only", "yes");
        });
        format!("/usage?{}", query.finish())
    };
    let range = |label, value: &str| Range {
        label,
        href: link(value),
        is_current: since == value && until == "today",
    };
    let ranges = vec![range("Today", "today"), range("7 days", "7d"), range("30 days", "30d")];
    let mut csv = query(&since, &until);
    csv.append_pair("format", "csv");
    only.iter().for_each(|agent| {
        csv.append_pair("agent", agent);
    });
    let groups = [
        ("By model", "by-model", "Model", Grouping::Model),
        ("By credential", "by-profile", "Credential", Grouping::Profile),
        ("By agent", "by-agent", "Agent", Grouping::Agent),
        ("By client key", "by-key", "Client key", Grouping::Key),
    ];
    let mut tables = Vec::new();
    for (title, id, heading, by) in groups {
        let report = asked.report(app, by)?;
        // Without clients there is nothing to tell apart.
        if by != Grouping::Key || report.buckets.iter().any(|bucket| bucket.key.is_some()) {
            tables.push(Table { title, id, by, heading, rows: rows(&report) });
        }
    }
    Ok(UsagePage {
        span: span(&by_day, &asked.zone),
        csv: format!("/api/usage?{}", csv.finish()),
        totals: Sums::of(&by_day.totals),
        days: days(&by_day, &asked.zone),
        notes: notes(&by_day.totals),
        is_empty: by_day.totals.requests == 0,
        never_used: by_day.never_used,
        since: date_of(&by_day, &asked.zone, true),
        until: date_of(&by_day, &asked.zone, false),
        frame,
        only,
        ranges,
        tables,
    })
}

impl Sums {
    fn of(totals: &Totals) -> Self {
        let answers = totals.requests - totals.failures;
        let is_untold = answers > 0 && totals.uncounted_requests == answers;
        let count = |count: u64| if is_untold && count == 0 { "unknown".to_owned() } else { grouped(count) };
        Self {
            requests: grouped(totals.requests),
            cost: cost(totals),
            cached: totals.cached_percent().map_or_else(|| "–".to_owned(), |percent| format!("{percent} %")),
            saved: match totals.priced_requests {
                0 => "–".to_owned(),
                _ => signed(totals.cache_savings),
            },
            input: count(totals.total_input()),
            output: count(totals.output),
        }
    }
}

/// The cost in few words; whose money it is counts more than how much.
fn cost(totals: &Totals) -> String {
    match (totals.priced_requests, totals.unpriced_requests, totals.subscription_requests) {
        (0, 0, 0) => "–".to_owned(),
        (0, 0, _) => "subscription".to_owned(),
        (0, _, _) => "unknown".to_owned(),
        _ if totals.is_cost_known() => totals.cost.to_string(),
        _ => format!("≥ {}", totals.cost),
    }
}

fn signed(amount: SignedMicroDollars) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    format!("{sign}{}", MicroDollars(amount.unsigned_abs()))
}

fn rows(report: &UsageReport) -> Vec<(String, Sums, u64)> {
    let dearest = report.buckets.iter().map(|bucket| weight(&bucket.totals)).max().unwrap_or(0);
    let row = |bucket: &Bucket| {
        let shown = match (&bucket.key, report.by) {
            (None, Grouping::Key) => "(no client)".to_owned(),
            (None, _) => "(none)".to_owned(),
            (Some(key), Grouping::Model) => one_line(key.strip_prefix("anthropic/").unwrap_or(key)),
            (Some(key), _) => one_line(key),
        };
        let name = match bucket.agent_id.as_ref().filter(|_| report.agent_id.is_none()) {
            Some(agent) => format!("{shown} ({agent})"),
            None => shown,
        };
        let width = (weight(&bucket.totals) * BAR).checked_div(dearest).unwrap_or(0);
        (name, Sums::of(&bucket.totals), width)
    };
    report.buckets.iter().map(row).collect()
}

/// What rows are drawn by: their cost.
fn weight(totals: &Totals) -> u64 {
    totals.cost.0
}

fn days(report: &UsageReport, zone: &TimeZone) -> Vec<Day> {
    let most = report.buckets.iter().map(|bucket| bucket.totals.tokens()).max().unwrap_or(0);
    let mut known = report.buckets.iter().peekable();
    let first = zone.to_datetime(report.since).date();
    let last = zone.to_datetime(before(report.until)).date();
    let mut days = Vec::new();
    let mut date = first;
    let nothing = Totals::default();
    while date <= last {
        let name = date.to_string();
        let bucket = known.next_if(|bucket| bucket.key.as_deref() == Some(&name));
        days.push((bucket.is_some(), day(name, bucket.map_or(&nothing, |bucket| &bucket.totals), most)));
        let Ok(next) = date.checked_add(1.day()) else { break };
        date = next;
    }
    if days.len() > MOST_DAYS {
        days.retain(|(is_used, _)| *is_used);
    }
    let before_all = |(is_used, _): &(bool, Day)| !is_used;
    days.into_iter().skip_while(before_all).map(|(_, day)| day).collect()
}

fn day(date: String, totals: &Totals, most: u64) -> Day {
    let written = totals.cache_write_5m.saturating_add(totals.cache_write_1h);
    let counts = [totals.input, written, totals.cache_read, totals.output];
    let mut begin = 0;
    let bars = counts.map(|count| {
        // A class that is there can be seen.
        let width = count.saturating_mul(BAR).checked_div(most).unwrap_or(0).max(u64::from(count > 0) * 3);
        let bar = (begin, width);
        begin += width;
        bar
    });
    // A day without requests has nothing to read.
    let words = |text: String| if totals.requests == 0 { String::new() } else { text };
    Day { date, bars, counts: counts.map(|count| words(grouped(count))), cost: words(cost(totals)) }
}

fn before(moment: jiff::Timestamp) -> jiff::Timestamp {
    moment.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(moment)
}

fn date_of(report: &UsageReport, zone: &TimeZone, is_first: bool) -> String {
    let moment = if is_first { report.since } else { before(report.until) };
    zone.to_datetime(moment).date().to_string()
}

fn span(report: &UsageReport, zone: &TimeZone) -> String {
    let (first, last) = (date_of(report, zone, true), date_of(report, zone, false));
    let days = if first == last { first } else { format!("{first} to {last}") };
    format!("{days} ({})", report.time_zone)
}

/// What the numbers cannot say.
fn notes(totals: &Totals) -> Vec<String> {
    let many = |count: u64, one: &str, more: &str| match count {
        0 => None,
        1 => Some(format!("1 request {one}.")),
        count => Some(format!("{} requests {more}.", grouped(count))),
    };
    let notes = [
        many(totals.unpriced_requests, "has no known price", "have no known price"),
        many(
            totals.subscription_requests,
            "was paid by a subscription and has no price",
            "were paid by a subscription and have no price",
        ),
        many(totals.uncounted_requests, "left some of the tokens untold", "left some of the tokens untold"),
        many(
            totals.interrupted,
            "was interrupted, and only what was told by then is counted",
            "were interrupted, and only what was told by then is counted",
        ),
        many(totals.failures, "got no answer", "got no answer"),
    ];
    notes.into_iter().flatten().collect()
}
