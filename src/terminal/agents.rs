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
    let fitting = (FEWEST..=HEADING.len()).rev().map(|columns| {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row[..columns].to_vec()).collect();
        table::lines(&HEADING[..columns], &rows)
    });
    let mut narrowest = Vec::new();
    for lines in fitting {
        narrowest = lines;
        // Two columns are the mark's.
        if width.is_none_or(|width| table::width(&narrowest) + 2 <= width) {
            break;
        }
    }
    let mut lines = narrowest.into_iter();
    let heading = lines.next().map(|line| format!("  {}", style::dim(&line)));
    let bodies = lines
        .zip(&report.agents)
        .map(|(line, agent)| format!("{} {line}", if agent.is_default { "*" } else { " " }));
    let mut text: Vec<String> = heading.into_iter().chain(bodies).collect();
    for agent in &report.agents {
        if let Some(problem) = &agent.problem {
            text.push(format!("\n{} {}: {problem}", style::attention("!"), agent.agent_id));
        }
    }
    text.push("\n* commands mean it without --agent\n".to_owned());
    text.join("\n")
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
