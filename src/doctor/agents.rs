//! The list of agents: entries that no command means, because one before them has the same id or is the default.

use std::collections::HashSet;

use super::{Finding, Severity};
use crate::auth::wording::Fix;
use crate::config::edit::{Segment, shown};
use crate::config::{Config, agent_list};
use crate::text::shell_word;

pub(super) fn look(config: &Config, findings: &mut Vec<Finding>) {
    let repeated = repeated(config);
    // Marks first, then entries from the last to the first: a line that has been run moves nothing the next one names.
    findings.extend(default_twice(config, &repeated));
    for at in repeated.iter().rev() {
        let path = shown(&agent_list::entry(*at));
        let message = format!(
            "`{path}` is another entry of agent {}, and only the first one counts.",
            config.agents.list[*at].id
        );
        let fix = unset(&[path]);
        findings.push(Finding::new("agent-listed-twice", Severity::Warning, message, fix));
    }
}

/// More than one agent that is marked as the default.
fn default_twice(config: &Config, repeated: &[usize]) -> Option<Finding> {
    let marked = config.agents.list.iter().enumerate();
    let mut marked = marked.filter(|(at, agent)| agent.default && !repeated.contains(at));
    let (_, first) = marked.next()?;
    let mark = |at: usize| shown(&[agent_list::entry(at), vec![Segment::from("default")]].concat());
    let (names, paths): (Vec<String>, Vec<String>) =
        marked.map(|(at, agent)| (agent.id.to_string(), mark(at))).unzip();
    let without_effect = match names.as_slice() {
        [] => return None,
        [one] => format!("{one} is"),
        many => format!("{} are", many.join(", ")),
    };
    let message =
        format!("Agent {} is the default; {without_effect} marked so too, without effect.", first.id);
    Some(Finding::new("default-twice", Severity::Warning, message, unset(&paths)))
}

/// Entries with an id that an entry before them has.
fn repeated(config: &Config) -> Vec<usize> {
    let mut seen = HashSet::new();
    let entries = config.agents.list.iter().enumerate();
    entries.filter(|(_, agent)| !seen.insert(&agent.id)).map(|(at, _)| at).collect()
}

fn unset(paths: &[String]) -> Fix {
    Fix::run(paths.iter().map(|path| format!("fased config unset {}", shell_word(path))))
}
