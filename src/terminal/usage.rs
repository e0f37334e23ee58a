//! Usage as text: a table with a bar for the tokens of each row, what it all comes to, and a word on what is not known.

use jiff::tz::TimeZone;

use super::signs::Signs;
use super::status::line;
use super::{style, table};
use crate::text::one_line;
use crate::usage::price::{MicroDollars, SignedMicroDollars};
use crate::usage::receipt::grouped;
use crate::usage::summary::{Bucket, Grouping, Totals, UsageReport};

/// Columns of the table, those first that stay when there is little room.
const HEADING: [&str; 6] = ["COST", "REQUESTS", "INPUT", "OUTPUT", "CACHED", "SAVED"];
/// Columns that are there even where no bar fits beside them.
const ALWAYS: usize = 2;
/// Bars shorter than this say nothing, longer ones no more.
const BAR: std::ops::RangeInclusive<usize> = 8..=32;
/// Between columns.
const GAP: usize = 2;

/// Renders a report to fit into `width` columns, where one is given.
pub fn text(report: &UsageReport, zone: &TimeZone, width: Option<usize>, signs: Signs) -> String {
    let mut lines = header(report, zone);
    lines.push(String::new());
    if report.totals.requests == 0 {
        lines.extend(nothing(report));
    } else {
        lines.extend(chart(report, width, signs));
        lines.extend(notes(&report.totals));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn header(report: &UsageReport, zone: &TimeZone) -> Vec<String> {
    let first = zone.to_datetime(report.since).date();
    // The period ends before `until`.
    let last = report.until.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(report.until);
    let last = zone.to_datetime(last).date();
    let span = if first == last { first.to_string() } else { format!("{first} to {last}") };
    let mut lines = vec![line("Usage", &format!("{span} ({})", report.time_zone))];
    lines.extend(report.agent_id.as_ref().map(|agent| line("Agent", agent.as_str())));
    lines
}

fn nothing(report: &UsageReport) -> Vec<String> {
    let agent = report.agent_id.as_ref().map(|agent| format!(" --agent {agent}")).unwrap_or_default();
    let of = report.agent_id.as_ref().map(|agent| format!(" for {agent}")).unwrap_or_default();
    if report.never_used {
        vec![
            format!("Nothing was asked{of} yet. Every request is recorded from the first one on."),
            format!("  try: fased chat{agent} \"hello\""),
        ]
    } else {
        vec![
            format!("Nothing was asked{of} in this time."),
            format!("  to look further back: fased usage{agent} --since 365d"),
        ]
    }
}

fn chart(report: &UsageReport, width: Option<usize>, signs: Signs) -> Vec<String> {
    let first = report.by.as_str().to_uppercase();
    let mut rows: Vec<[String; HEADING.len()]> =
        report.buckets.iter().map(|bucket| cells(&bucket.totals, signs)).collect();
    let mut names: Vec<String> = report.buckets.iter().map(|bucket| name(bucket, report)).collect();
    let has_total = report.buckets.len() > 1;
    if has_total {
        rows.push(cells(&report.totals, signs));
        names.push("total".to_owned());
    }
    align(&mut rows);
    let heading = heading(&rows);
    let with = |columns: usize| {
        let head: Vec<&str> =
            std::iter::once(first.as_str()).chain(heading.iter().map(String::as_str)).take(columns).collect();
        let rows: Vec<Vec<String>> = names
            .iter()
            .zip(&rows)
            .map(|(name, cells)| std::iter::once(name).chain(cells).take(columns).cloned().collect())
            .collect();
        table::lines(&head, &rows)
    };
    let room = |lines: &[String]| match width {
        None => *BAR.end(),
        Some(width) => width.saturating_sub(table::width(lines) + GAP),
    };
    let fits = |lines: &Vec<String>| width.is_none_or(|width| table::width(lines) <= width);
    // All columns are worth more than a bar; where some must go, more of them make room for one.
    let mut lines = Some(with(HEADING.len() + 1))
        .filter(fits)
        .or_else(|| (ALWAYS..=HEADING.len()).rev().map(with).find(|lines| room(lines) >= *BAR.start()))
        .unwrap_or_else(|| with(ALWAYS));
    let room = room(&lines).min(*BAR.end());
    if room >= *BAR.start() {
        let column = table::width(&lines) + GAP;
        let largest = report.buckets.iter().map(|bucket| bucket.totals.tokens()).max().unwrap_or(0);
        for (line, bucket) in lines.iter_mut().skip(1).zip(&report.buckets) {
            let bar = signs.draw(bucket.totals.tokens(), largest, room);
            let blank = column - table::width(std::slice::from_ref(line));
            if !bar.is_empty() {
                line.push_str(&" ".repeat(blank));
                line.push_str(&style::good(&bar));
            }
        }
    }
    if let (true, Some(last)) = (has_total, lines.last_mut()) {
        *last = style::strong(last);
    }
    lines
}

fn name(bucket: &Bucket, report: &UsageReport) -> String {
    let shown = match (&bucket.key, report.by) {
        (None, Grouping::Key) => "(no client)",
        (None, _) => "(no session)",
        (Some(key), Grouping::Model) => key.strip_prefix("anthropic/").unwrap_or(key),
        (Some(key), _) => key,
    };
    // Whose it is goes without saying when it all belongs to one agent.
    let is_shared = report.buckets.iter().any(|other| other.agent_id != bucket.agent_id);
    match bucket.agent_id.as_ref().filter(|_| is_shared) {
        Some(agent) => format!("{} ({agent})", one_line(shown)),
        None => one_line(shown),
    }
}

fn cells(totals: &Totals, signs: Signs) -> [String; HEADING.len()] {
    let answers = totals.requests - totals.failures;
    let counted = |count: u64| match answers {
        0 => String::new(),
        _ if count == 0 && totals.uncounted_requests == answers => "unknown".to_owned(),
        _ => grouped(count),
    };
    let cached = totals.cached_percent().map(|percent| format!("{percent}%")).unwrap_or_default();
    let saved = if totals.priced_requests > 0 { signed(totals.cache_savings) } else { String::new() };
    let requests = grouped(totals.requests);
    [cost(totals, signs), requests, counted(totals.total_input()), counted(totals.output), cached, saved]
}

/// The cost in few words; whose money it is counts more than how much.
fn cost(totals: &Totals, signs: Signs) -> String {
    let at_least = if signs == Signs::Unicode { "≥ " } else { ">= " };
    match (totals.priced_requests, totals.unpriced_requests, totals.subscription_requests) {
        (0, 0, 0) => String::new(),
        (0, 0, _) => "subscription".to_owned(),
        (0, _, _) => "unknown".to_owned(),
        _ if totals.is_cost_known() => totals.cost.to_string(),
        _ => format!("{at_least}{}", totals.cost),
    }
}

/// A sum that may be below zero.
pub(super) fn signed(amount: SignedMicroDollars) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}", MicroDollars(amount.unsigned_abs()))
}

/// Numbers end at the same column.
fn align(rows: &mut [[String; HEADING.len()]]) {
    for column in 0..HEADING.len() {
        let widest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widest = widest.max(HEADING[column].len());
        for row in rows.iter_mut() {
            row[column] = format!("{:>widest$}", row[column]);
        }
    }
}

fn heading(rows: &[[String; HEADING.len()]]) -> Vec<String> {
    let width = |column: usize| rows.first().map_or(0, |row| row[column].chars().count());
    HEADING.iter().enumerate().map(|(column, name)| format!("{name:>0$}", width(column))).collect()
}

/// What the table cannot say.
fn notes(totals: &Totals) -> Vec<String> {
    let Totals { failures, interrupted, subscription_requests, unpriced_requests, .. } = *totals;
    let mut notes = Vec::new();
    if !totals.is_cost_known() {
        let total = match totals.priced_requests {
            0 => "The cost is not known.".to_owned(),
            _ => format!("The cost is at least {}.", totals.cost),
        };
        notes.push(format!("{} {total}", style::attention("!")));
    }
    if unpriced_requests > 0 {
        notes.push(format!("{} no known price.", requests(unpriced_requests, "has", "have")));
    }
    if subscription_requests > 0 {
        notes.push(format!(
            "{} paid by a subscription and {} no price.",
            requests(subscription_requests, "was", "were"),
            if subscription_requests == 1 { "has" } else { "have" }
        ));
    }
    if totals.uncounted_requests > 0 {
        notes.push(format!(
            "{} some of the tokens untold.",
            requests(totals.uncounted_requests, "left", "left")
        ));
    }
    if interrupted > 0 {
        notes.push(format!(
            "{} interrupted, and only what was told by then is counted.",
            requests(interrupted, "was", "were")
        ));
    }
    if failures > 0 {
        notes.push(format!("{} no answer.", requests(failures, "got", "got")));
    }
    if !notes.is_empty() {
        notes.insert(0, String::new());
    }
    notes
}

fn requests(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 request {one}") } else { format!("{} requests {many}", grouped(count)) }
}
