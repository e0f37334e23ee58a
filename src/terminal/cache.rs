//! What the prompt cache did for a session, as text: what is in it, a row for every turn, and why turns read less than was
//! there.

use jiff::{SignedDuration, Timestamp};

use super::status::line;
use super::usage::signed;
use super::wrap::wrapped;
use super::{style, table};
use crate::anthropic::Usage;
use crate::anthropic::cache::Retention;
use crate::auth::health::Billing;
use crate::sessions::cache::{CacheReport, Miss, SessionTotals, TurnCache};
use crate::text::{duration, one_line, wait};
use crate::usage::receipt::grouped;

/// Columns of the turns; the last ones are dropped first where there is no room.
const HEADING: [&str; 8] = ["TURN", "CACHED", "READ", "WRITTEN", "PLAIN", "SAVED", "ASKED", "MODEL"];
/// Columns that are never dropped.
const FEWEST: usize = 2;
/// Columns of numbers, which end at the same place.
const NUMBERS: std::ops::Range<usize> = 0..6;
/// Where the values of the first lines begin.
const VALUES: usize = 10;

/// Renders a report to fit into `width` columns, where one is given.
pub fn text(report: &CacheReport, now: Timestamp, width: Option<usize>) -> String {
    let title = one_line(&report.title);
    let header = [
        line("Agent", report.agent_id.as_str()),
        line("Session", &format!("{}  {}", report.session_id, style::dim(&title))),
        line("Cache", &cache(report, now)),
        line("Read", &totals(&report.totals)),
    ];
    let mut lines: Vec<String> = header.iter().flat_map(|line| wrapped(line, VALUES, width)).collect();
    if !report.turns.is_empty() {
        lines.push(String::new());
        lines.extend(turns(&report.turns, now, width));
    }
    let misses = misses(&report.turns);
    if !misses.is_empty() {
        lines.push(String::new());
        lines.extend(misses.iter().flat_map(|line| wrapped(line, 2, width)));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn cache(report: &CacheReport, now: Timestamp) -> String {
    let Some(cache) = &report.cache else {
        let last = report.turns.last();
        return match last.map(|turn| (turn.billing, turn.cache_retention)) {
            Some((Some(Billing::Subscription), _)) => {
                "a subscription pays, and cache settings do not apply to it".to_owned()
            }
            Some((_, Some(Retention::None))) => "off (cacheRetention is none)".to_owned(),
            _ => "nothing of this session is in it".to_owned(),
        };
    };
    let model = cache.model.as_ref().map_or("unknown model", |model| model.model());
    let credential =
        cache.credential.as_deref().map(|credential| format!("@{credential}")).unwrap_or_default();
    let what = format!("{} tokens, {model}{credential}", grouped(cache.tokens));
    if cache.remaining_ms > 0 {
        format!("warm for {} more: {what}", wait(SignedDuration::from_millis(cache.remaining_ms)))
    } else {
        let gone = now.as_millisecond().saturating_sub(cache.expires_at);
        format!("cold for {}: {what}", duration(SignedDuration::from_millis(gone)))
    }
}

fn totals(totals: &SessionTotals) -> String {
    let usage = Usage::from(totals.usage);
    let Some(percent) = totals.read_percent else { return "nothing was counted yet".to_owned() };
    let mut parts = vec![format!("{percent}% of {} tokens of input", grouped(usage.total_input()))];
    match totals.saved_micro_dollars {
        Some(saved) if saved < 0 => parts.push(format!("cost {} more so far", signed(-saved))),
        Some(saved) => parts.push(format!("saved {}", signed(saved))),
        None => {}
    }
    let turns = |n: usize| if n == 1 { "1 turn".to_owned() } else { format!("{n} turns") };
    if totals.subscription_turns > 0 {
        parts.push(format!("{} by subscription", turns(totals.subscription_turns)));
    }
    if totals.unpriced_turns > 0 {
        parts.push(format!("{} of unknown price", turns(totals.unpriced_turns)));
    }
    if totals.uncounted_turns > 0 {
        parts.push(format!("{} not counted", turns(totals.uncounted_turns)));
    }
    parts.join(" · ")
}

fn turns(turns: &[TurnCache], now: Timestamp, width: Option<usize>) -> Vec<String> {
    let mut rows: Vec<Vec<String>> = turns.iter().map(|turn| cells(turn, now)).collect();
    let mut heading = HEADING.map(str::to_owned);
    for column in NUMBERS {
        let widest = rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widest = widest.max(heading[column].len());
        for cell in rows.iter_mut().map(|row| &mut row[column]).chain([&mut heading[column]]) {
            *cell = format!("{cell:>widest$}");
        }
    }
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let mut lines = table::fitting(&heading, &rows, FEWEST, width);
    if let Some(heading) = lines.first_mut() {
        *heading = style::dim(heading);
    }
    lines
}

fn cells(turn: &TurnCache, now: Timestamp) -> Vec<String> {
    let usage = turn.usage.map(Usage::from);
    let counted =
        |count: fn(&Usage) -> u64| usage.as_ref().map_or("unknown".to_owned(), |it| grouped(count(it)));
    let written = usage.map_or("unknown".to_owned(), |usage| {
        let by_lifetime = [(usage.cache_write_5m, "5m"), (usage.cache_write_1h, "1h")];
        let written = by_lifetime.iter().filter(|(count, _)| *count > 0);
        let written: Vec<String> = written.map(|(count, ttl)| format!("{} {ttl}", grouped(*count))).collect();
        if written.is_empty() { "0".to_owned() } else { written.join(" ") }
    });
    let saved = match (turn.saved_micro_dollars, turn.billing) {
        (Some(saved), _) => signed(saved),
        (None, Some(Billing::Subscription)) => "subscription".to_owned(),
        (None, _) => "unknown".to_owned(),
    };
    let asked =
        turn.started_at.map(|at| SignedDuration::from_millis(now.as_millisecond().saturating_sub(at)));
    vec![
        turn.turn.to_string(),
        turn.read_percent.map_or("unknown".to_owned(), |percent| format!("{percent}%")),
        counted(|usage| usage.cache_read),
        written,
        counted(|usage| usage.input),
        saved,
        asked.map_or("unknown".to_owned(), |passed| format!("{} ago", duration(passed))),
        turn.model.as_ref().map_or("unknown".to_owned(), |model| model.model().to_owned()),
    ]
}

/// A line for each reason, turns that follow on each other with the same reasons together.
fn misses(turns: &[TurnCache]) -> Vec<String> {
    let mut lines = Vec::new();
    for alike in turns.chunk_by(|one, other| one.misses == other.misses) {
        let ([first, ..], [.., last]) = (alike, alike) else { continue };
        let which = match alike.len() {
            1 => format!("turn {}", first.turn),
            _ => format!("turns {} to {}", first.turn, last.turn),
        };
        lines.extend(
            first
                .misses
                .iter()
                .map(|miss| format!("{} {which}: {}", mark(miss), one_line(&miss.to_string()))),
        );
    }
    lines
}

fn mark(miss: &Miss) -> String {
    if miss.is_expected() { " ".to_owned() } else { style::attention("!") }
}
