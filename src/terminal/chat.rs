//! Conversations as text: the list of sessions, what one took, the models there are, what can be said to the program.

use jiff::{SignedDuration, Timestamp};

use super::{style, table};
use crate::config::SelectedAgent;
use crate::models::offer::Offer;
use crate::models::refs::ModelRef;
use crate::sessions::{SessionLine, SessionsReport, slash};
use crate::text::{duration, one_line};

/// Columns of the list of sessions; the last ones are dropped first where there is no room.
const HEADING: [&str; 5] = ["SESSION", "LAST USED", "QUESTIONS", "TITLE", "MODEL"];
/// Columns that are never dropped.
const FEWEST: usize = 2;

/// Renders the sessions of an agent to fit into `width` columns, where one is given.
pub fn sessions(
    report: &SessionsReport,
    agent: &SelectedAgent,
    now: Timestamp,
    width: Option<usize>,
) -> String {
    let flag = agent.flag();
    if report.sessions.is_empty() {
        return format!("Agent {} has no sessions yet.\n  to begin one: fased chat{flag}\n", agent.id);
    }
    let rows: Vec<Vec<String>> = report.sessions.iter().map(|line| cells(line, now)).collect();
    let mut lines = table::fitting(&HEADING, &rows, FEWEST, width);
    if let Some(heading) = lines.first_mut() {
        *heading = style::dim(heading);
    }
    for line in &report.sessions {
        if let Some(problem) = &line.problem {
            lines.push(format!("\n{} {}: {problem}", style::attention("!"), line.session_id));
        }
    }
    lines.push(format!("\nto go on with one: fased chat --session ID{flag}\n"));
    lines.join("\n")
}

fn cells(line: &SessionLine, now: Timestamp) -> Vec<String> {
    let last_used = line.last_used_at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let model = match (&line.model, &line.pinned_profile_id) {
        (Some(model), Some(profile)) => format!("{model}@{profile}"),
        (Some(model), None) => model.to_string(),
        (None, _) => "agent's".to_owned(),
    };
    let known = line.problem.is_none();
    let or_unknown = |text: String| if known { text } else { "unknown".to_owned() };
    vec![
        line.session_id.to_string(),
        last_used.map_or("unknown".to_owned(), |at| ago(now.duration_since(at))),
        or_unknown(line.turns.to_string()),
        or_unknown(one_line(line.title.as_deref().unwrap_or_default())),
        or_unknown(model),
    ]
}

fn ago(passed: SignedDuration) -> String {
    format!("{} ago", duration(passed))
}

/// The models there are, the one in use marked.
pub fn models(offers: &[Offer], current: &ModelRef) -> String {
    let rows: Vec<Vec<String>> = offers
        .iter()
        .map(|offer| {
            let mark = if offer.model == *current { "→" } else { " " };
            vec![format!("{mark} {}", offer.model), offer.note.clone()]
        })
        .collect();
    let mut lines = table::lines(&["  MODEL", "KNOWN"], &rows);
    if let Some(heading) = lines.first_mut() {
        *heading = style::dim(heading);
    }
    lines.join("\n") + "\n"
}

/// What can be said to the program.
pub fn help() -> String {
    let widest = slash::WORDS.iter().map(|(word, _)| word.len()).max().unwrap_or(0);
    let lines = slash::WORDS.iter().map(|(word, what)| format!("{word:widest$}   {what}\n"));
    let keys =
        "Ctrl-C ends an answer, or clears the line; what begins with a space goes to the model as it is.\n";
    lines.collect::<String>() + keys
}
