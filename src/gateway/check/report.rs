//! What a check found, for people and for scripts.

use serde::Serialize;

use super::Target;
use super::evidence::Evidence;
use super::rules::{RULES, Rule, Severity};
use super::verdict::Verdict;
use crate::SCHEMA_VERSION;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Kept.
    Pass,
    /// A rule that must be kept is broken.
    Fail,
    /// A rule that may be broken is.
    Warning,
    /// It did not show.
    Skipped,
}

/// One rule and what became of it.
#[derive(Debug, Serialize)]
pub struct RuleReport {
    /// The rule's name.
    pub id: &'static str,
    /// What became of it.
    pub outcome: Outcome,
    /// How much hangs on it.
    pub severity: Severity,
    /// Where it is from.
    pub source: &'static str,
    /// What a gateway does that keeps it.
    pub what: &'static str,
    /// How it showed.
    pub why: String,
    /// What does not work, where it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<&'static str>,
}

/// What a check found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    schema_version: u32,
    /// The gateway's base URL.
    pub url: String,
    /// The model that was asked.
    pub model: String,
    /// The sandbox whose log was read.
    pub sandbox: Option<String>,
    /// Rules that are kept.
    pub passed: usize,
    /// Rules that are broken and must not be.
    pub failed: usize,
    /// Rules that are broken and may be.
    pub warnings: usize,
    /// Rules that did not show.
    pub skipped: usize,
    /// All rules, in their order.
    pub rules: Vec<RuleReport>,
}

impl CheckReport {
    pub(super) fn make(target: &Target<'_>, evidence: &Evidence) -> Self {
        let rules: Vec<RuleReport> = RULES.iter().map(|rule| judged(rule, evidence)).collect();
        let count = |outcome| rules.iter().filter(|rule| rule.outcome == outcome).count();
        Self {
            schema_version: SCHEMA_VERSION,
            url: target.url.as_str().trim_end_matches('/').to_owned(),
            model: evidence.model.clone(),
            sandbox: target.sandbox.map(|url| url.as_str().trim_end_matches('/').to_owned()),
            passed: count(Outcome::Pass),
            failed: count(Outcome::Fail),
            warnings: count(Outcome::Warning),
            skipped: count(Outcome::Skipped),
            rules,
        }
    }
}

fn judged(rule: &Rule, evidence: &Evidence) -> RuleReport {
    let verdict = if rule.is_upstream() && !evidence.has_sandbox {
        Verdict::unknown("only a sandbox as upstream shows it (--sandbox URL)")
    } else {
        (rule.judge)(evidence).unwrap_or_else(|verdict| verdict)
    };
    let (outcome, why) = match verdict {
        Verdict::Kept(why) => (Outcome::Pass, why),
        Verdict::Broken(why) if rule.severity == Severity::Must => (Outcome::Fail, why),
        Verdict::Broken(why) => (Outcome::Warning, why),
        Verdict::Unknown(why) => (Outcome::Skipped, why),
    };
    let is_broken = matches!(outcome, Outcome::Fail | Outcome::Warning);
    RuleReport {
        id: rule.id,
        outcome,
        severity: rule.severity,
        source: rule.source,
        what: rule.what,
        why,
        breaks: is_broken.then_some(rule.breaks),
    }
}
