//! The keys of the gateway's clients as a table.

use jiff::Timestamp;

use super::{style, table};
use crate::gateway::keys::report::{KeyLine, KeysReport};
use crate::usage::price::MicroDollars;

/// Columns, the last ones being dropped first where there is no room.
const HEADING: [&str; 9] =
    ["NAME", "AGENT", "KEY", "TODAY", "THIS WEEK", "THIS MONTH", "LAST USED", "MODELS", "MADE"];
/// Columns that are never dropped.
const FEWEST: usize = 4;

/// Renders the keys to fit into `width` columns, where one is given.
pub fn text(report: &KeysReport, now: Timestamp, width: Option<usize>) -> String {
    if report.keys.is_empty() {
        return "No client keys.\n\nMake one: fased gateway keys add my-app\n".to_owned();
    }
    let rows: Vec<Vec<String>> = report.keys.iter().map(|key| cells(key, now)).collect();
    let mut lines = table::fitting(&HEADING, &rows, FEWEST, width);
    if let Some(heading) = lines.first_mut() {
        *heading = style::dim(heading);
    }
    lines.push(String::new());
    lines.push(style::dim("Days, weeks (from Monday) and months are those of UTC."));
    lines.push(String::new());
    lines.join("\n")
}

fn cells(key: &KeyLine, now: Timestamp) -> Vec<String> {
    let KeyLine { spent, caps, .. } = key;
    vec![
        key.name.clone(),
        key.agent_id.to_string(),
        format!("…{}", key.tail),
        amount(spent.daily_micro_dollars, caps.daily_micro_dollars),
        amount(spent.weekly_micro_dollars, caps.weekly_micro_dollars),
        amount(spent.monthly_micro_dollars, caps.monthly_micro_dollars),
        key.last_used_at.map_or_else(|| "never".to_owned(), |at| ago(at, now)),
        if key.models.is_empty() { "all".to_owned() } else { key.models.join(", ") },
        ago(key.created_at, now),
    ]
}

/// What was spent, and of how much.
fn amount(spent: MicroDollars, cap: Option<MicroDollars>) -> String {
    match cap {
        Some(cap) => format!("{} of {}", spent.rounded(), cap.rounded()),
        None => spent.rounded(),
    }
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    let passed = now.duration_since(at);
    if passed.as_secs() < 60 {
        "just now".to_owned()
    } else {
        format!("{} ago", crate::text::duration(passed))
    }
}
