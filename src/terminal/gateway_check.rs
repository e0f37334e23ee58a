//! What the check of a gateway found, as text: a line a rule, and under those that are broken what showed it and what
//! does not work because of it.

use indexmap::IndexMap;

use super::wrap::wrapped;
use super::{style, table};
use crate::gateway::check::{CheckReport, Outcome, RuleReport};

/// Columns of the mark before each rule.
const MARK: usize = 2;
/// More rules than this that did not show for one reason are told together.
const TOGETHER: usize = 3;

/// The whole answer, fitting into `width` columns where one is given.
pub fn text(report: &CheckReport, width: Option<usize>) -> String {
    let mut text = format!("{}, asked for {}\n", report.url, report.model);
    if let Some(sandbox) = &report.sandbox {
        text.push_str(&format!("with the sandbox at {sandbox} as its upstream\n"));
    }
    text.push('\n');
    let together = same_reasons(report);
    let is_alone =
        |rule: &&RuleReport| rule.outcome != Outcome::Skipped || !together.contains_key(&*rule.why);
    let shown: Vec<&RuleReport> = report.rules.iter().filter(is_alone).collect();
    let cells = |rule: &&RuleReport| vec![rule.id.to_owned(), rule.what.to_owned(), rule.source.to_owned()];
    let rows: Vec<Vec<String>> = shown.iter().map(cells).collect();
    let room = width.map(|width| width.saturating_sub(MARK));
    let mut lines = table::fitting(&["RULE", "WHAT A GATEWAY DOES", "FROM"], &rows, 2, room).into_iter();
    text.extend(lines.next().map(|heading| format!("  {heading}\n")));
    for (rule, line) in shown.iter().zip(lines) {
        text.push_str(&format!("{} {line}\n", mark(rule.outcome)));
        for line in told(rule).iter().flat_map(|words| wrapped(&format!("      {words}"), 6, width)) {
            text.push_str(&(line + "\n"));
        }
    }
    text.push('\n');
    for (reason, number) in together {
        let words = format!("{number} rules were not checked: {reason}.");
        text.extend(wrapped(&words, 0, width).into_iter().map(|line| line + "\n"));
    }
    text.push_str(&summary(report));
    text
}

/// What there is to say about a rule below its line.
fn told(rule: &RuleReport) -> Vec<String> {
    match rule.outcome {
        Outcome::Pass => Vec::new(),
        Outcome::Skipped => vec![format!("not checked: {}", rule.why)],
        Outcome::Fail | Outcome::Warning => {
            let breaks = rule.breaks.map(|breaks| format!("breaks: {breaks}"));
            [rule.why.clone()].into_iter().chain(breaks).collect()
        }
    }
}

/// Reasons for which many rules did not show, and how many.
fn same_reasons(report: &CheckReport) -> IndexMap<&str, usize> {
    let mut reasons = IndexMap::new();
    for rule in report.rules.iter().filter(|rule| rule.outcome == Outcome::Skipped) {
        *reasons.entry(rule.why.as_str()).or_insert(0) += 1;
    }
    reasons.retain(|_, number| *number > TOGETHER);
    reasons
}

fn summary(report: &CheckReport) -> String {
    let warnings = if report.warnings == 1 { "warning" } else { "warnings" };
    let mark = mark(if report.failed == 0 { Outcome::Pass } else { Outcome::Fail });
    format!(
        "{mark} {} passed, {} failed, {} {warnings}, {} not checked\n",
        report.passed, report.failed, report.warnings, report.skipped
    )
}

fn mark(outcome: Outcome) -> String {
    match outcome {
        Outcome::Pass => style::good("✓"),
        Outcome::Fail => style::bad("✗"),
        Outcome::Warning => style::attention("!"),
        Outcome::Skipped => style::dim("·"),
    }
}
