//! The agents as a table: the default one marked, the next credential of each, and what is wrong with any.

use super::{style, table};
use crate::config::Paths;
use crate::models::agents::{AgentLine, AgentsReport};

/// Columns, the last ones being dropped first where there is no room.
const HEADING: [&str; 6] = ["AGENT", "NEXT", "PROFILES", "MODEL", "DIRECTORY", "CONFIGURED"];
/// Columns that are never dropped.
const FEWEST: usize = 3;

/// Renders the agents to fit into `width` columns, where one is given.
pub fn text(report: &AgentsReport, paths: &Paths, width: Option<usize>) -> String {
    let rows: Vec<Vec<String>> = report.agents.iter().map(|line| cells(line, paths)).collect();
    // Two columns are the mark's.
    let width = width.map(|width| width.saturating_sub(2));
    let mut lines = laid_out(&rows, width).into_iter();
    let heading = lines.next().into_iter().flatten().map(|line| format!("  {}", style::dim(&line)));
    let bodies = lines.zip(&report.agents).flat_map(|(lines, agent)| {
        let mark = if agent.is_default { "*" } else { " " };
        let marks = std::iter::once(mark).chain(std::iter::repeat(" "));
        lines.into_iter().zip(marks).map(|(line, mark)| format!("{mark} {line}")).collect::<Vec<_>>()
    });
    let mut text: Vec<String> = heading.chain(bodies).collect();
    for agent in &report.agents {
        if let Some(problem) = &agent.problem {
            text.push(format!("\n{} {}: {problem}", style::attention("!"), agent.agent_id));
        }
    }
    text.push("\n* commands mean it without --agent\n".to_owned());
    text.join("\n")
}

/// The heading and each row, with as many columns as there is room for.
fn laid_out(rows: &[Vec<String>], width: Option<usize>) -> Vec<Vec<String>> {
    let with =
        |columns: usize| -> Vec<Vec<String>> { rows.iter().map(|row| row[..columns].to_vec()).collect() };
    let fits = |lines: &Vec<String>| width.is_none_or(|width| table::width(lines) <= width);
    let fitting = (FEWEST..=HEADING.len())
        .rev()
        .map(|columns| table::lines(&HEADING[..columns], &with(columns)))
        .find(fits);
    match (fitting, width) {
        (None, Some(width)) => table::folded(&HEADING[..FEWEST], &with(FEWEST), width),
        (lines, _) => lines.unwrap_or_default().into_iter().map(|line| vec![line]).collect(),
    }
}

fn cells(line: &AgentLine, paths: &Paths) -> Vec<String> {
    let next = match (&line.next, &line.problem) {
        (Some(next), _) => next.name(),
        (None, Some(_)) => "unknown".to_owned(),
        (None, None) => "none".to_owned(),
    };
    vec![
        line.agent_id.to_string(),
        next,
        line.profile_count.to_string(),
        line.primary_model.clone().unwrap_or_else(|| "unknown".to_owned()),
        paths.shown(&line.agent_dir),
        line.configured_at.clone().unwrap_or_else(|| "built in".to_owned()),
    ]
}
