//! What the doctor found, as text: what matters most first, each with what mends it.

use crate::config::Paths;
use crate::doctor::repair::Mended;
use crate::doctor::{Diagnosis, Finding, Severity};

use super::style;
use super::wrap::{fix, wrapped};

/// The whole answer, its sentences fitting into `width` columns, where one is given.
pub fn text(
    diagnosis: &Diagnosis,
    mended: &[Mended],
    not_mended: &[String],
    paths: &Paths,
    width: Option<usize>,
) -> String {
    let mut text = String::new();
    for done in mended {
        text.push_str(&format!("{} {}: {}\n", style::good("✓"), paths.shown(&done.path), done.change));
        if let Some(backup) = &done.backup {
            text.push_str(&format!("  before: {}\n", paths.shown(backup)));
        }
    }
    for failure in not_mended {
        text.push_str(&format!("{} not mended: {failure}\n", style::bad("✗")));
    }
    if !text.is_empty() {
        text.push('\n');
    }
    for finding in &diagnosis.findings {
        text.push_str(&described(finding, width));
    }
    if !diagnosis.findings.is_empty() {
        text.push('\n');
    }
    text.push_str(&summary(diagnosis, width));
    text
}

fn described(finding: &Finding, width: Option<usize>) -> String {
    let mark = match finding.severity {
        Severity::Problem => style::bad("✗"),
        Severity::Warning => style::attention("!"),
        Severity::Note => style::dim("·"),
    };
    let agent = match &finding.agent_id {
        Some(agent) if !finding.message.contains(&format!("gent {agent}")) => format!("{agent}: "),
        _ => String::new(),
    };
    let sentence = format!("{mark} {agent}{} {}", finding.message, style::dim(&format!("[{}]", finding.id)));
    let fix = finding.fix().into_iter().flat_map(|it| fix(it, width));
    wrapped(&sentence, 2, width).into_iter().chain(fix).map(|line| line + "\n").collect()
}

fn summary(diagnosis: &Diagnosis, width: Option<usize>) -> String {
    let counted = |number: usize, one: &str, many: &str| match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    };
    let agents = counted(diagnosis.agents.len(), "agent", "agents");
    let profiles = counted(diagnosis.profiles, "credential", "credentials");
    let (problems, warnings) = (diagnosis.count(Severity::Problem), diagnosis.count(Severity::Warning));
    if problems + warnings == 0 {
        return format!("{} Nothing to mend ({agents}, {profiles}).\n", style::good("✓"));
    }
    let found =
        format!("{}, {}", counted(problems, "problem", "problems"), counted(warnings, "warning", "warnings"));
    let fixable = diagnosis.findings.iter().filter(|finding| finding.is_fixable()).count();
    let found = format!("{found} ({agents}, {profiles}).");
    if fixable == 0 {
        return format!("{found}\n");
    }
    let fix = format!("`fased doctor --fix` mends {fixable} of them.");
    let fits = width.is_none_or(|width| found.len() + 1 + fix.len() <= width);
    format!("{found}{}{fix}\n", if fits { ' ' } else { '\n' })
}
