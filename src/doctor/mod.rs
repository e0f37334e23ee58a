//! What is wrong or soon will be: with files, the config, the ledger, and the credentials and sessions of every agent. Looking changes nothing and
//! opens no connection; what the network shows is asked for apart ([`online`]), and what can be mended without a decision
//! is mended apart ([`repair`]).

mod agents;
mod credentials;
mod files;
mod ledger;
mod models;
pub mod online;
pub mod repair;
mod sessions;
mod settings;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::auth::wording::{self, Fix};
use crate::config::load::Loaded;
use crate::config::{AgentId, Config, Paths, SelectedAgent};
use crate::env::Env;
use repair::Repair;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or a secret is exposed.
    Problem,
    /// Something will not work, or not as it was meant.
    Warning,
    /// Good to know.
    Note,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// A stable name.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Whose it is, when it is one agent's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// What is the matter, in a sentence.
    pub message: String,
    /// What mends it.
    #[serde(flatten, serialize_with = "wording::with_commands")]
    fix: Option<Fix>,
    /// Whether it can be mended without a decision.
    fixable: bool,
    #[serde(skip)]
    repairs: Vec<Repair>,
}

impl Finding {
    fn new(id: &'static str, severity: Severity, message: impl Into<String>, fix: Fix) -> Self {
        let message = message.into();
        Self { id, severity, agent_id: None, message, fix: Some(fix), fixable: false, repairs: Vec::new() }
    }

    fn of(mut self, agent: &SelectedAgent) -> Self {
        self.agent_id = Some(agent.id.clone());
        self
    }

    fn mended_by(mut self, repair: Repair) -> Self {
        self.fixable = true;
        self.repairs.push(repair);
        self
    }

    /// What mends it.
    pub fn fix(&self) -> Option<&Fix> {
        self.fix.as_ref()
    }

    /// Whether it can be mended without a decision.
    pub fn is_fixable(&self) -> bool {
        self.fixable
    }

    /// What would mend it without a decision.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Patient<'a> {
    /// Where things are.
    pub paths: &'a Paths,
    /// The environment of the process.
    pub process: &'a Env,
    /// The moment.
    pub now: Timestamp,
}

/// What a look showed.
#[derive(Debug)]
pub struct Diagnosis {
    /// The agents that were looked at.
    pub agents: Vec<SelectedAgent>,
    /// How many credentials they store.
    pub profiles: usize,
    /// What is to be looked at, what matters most first.
    pub findings: Vec<Finding>,
    /// The config, when it is valid.
    pub loaded: Option<Loaded>,
}

impl Diagnosis {
    /// Looks at everything that is on this machine.
    pub fn make(patient: &Patient<'_>) -> Self {
        let mut findings = Vec::new();
        let loaded = settings::load(patient, &mut findings);
        let nothing = Config::default();
        let config = loaded.as_ref().map_or(&nothing, |loaded| &loaded.config);
        let mut agents = SelectedAgent::everywhere(config, patient.paths);
        agents.retain(|agent| !is_only_implied(agent, config));
        files::look(patient, &agents, &settings::included(patient), &mut findings);
        sessions::look(patient, &agents, &mut findings);
        ledger::look(patient, &mut findings);
        let profiles = credentials::look(patient, loaded.as_ref(), &agents, &mut findings);
        if let Some(loaded) = &loaded {
            settings::look(patient, loaded, &agents, &mut findings);
            models::look(patient, loaded, &agents, &mut findings);
            agents::look(&loaded.config, &mut findings);
        }
        let mut diagnosis = Self { agents, profiles, findings, loaded };
        diagnosis.sort();
        diagnosis
    }

    /// Adds what was found elsewhere.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
        self.sort();
    }

    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    fn sort(&mut self) {
        self.findings.sort_by_key(|finding| finding.severity);
    }
}

/// Whether it is the `main` that is there without anybody's doing, beside agents of the config. Nobody waits for it to
/// have a credential.
fn is_only_implied(agent: &SelectedAgent, config: &Config) -> bool {
    let is_listed = || config.agent(&agent.id).is_some();
    agent.id == AgentId::main() && !agent.is_default && !is_listed() && !agent.dir.exists()
}

/// A file for a message, and as a word for a shell.
fn named(patient: &Patient<'_>, path: &std::path::Path) -> (String, String) {
    (patient.paths.shown(path), crate::text::shell_word(&path.display().to_string()))
}

/// Files that hold secrets, by agent and for all; of a config behind a link the one that is meant.
fn secret_files(paths: &Paths, agents: &[SelectedAgent], included: &[PathBuf]) -> Vec<PathBuf> {
    const OF_AGENTS: [&str; 3] = ["auth-profiles.json", "minted-tokens.json", "auth.json"];
    let of_agents = agents.iter().flat_map(|agent| OF_AGENTS.iter().map(|name| agent.dir.join(name)));
    let config = std::fs::canonicalize(paths.config()).ok().filter(|_| paths.config().is_symlink());
    let config = config.unwrap_or_else(|| paths.config().to_owned());
    let of_all = [config, paths.dotenv(), paths.legacy_oauth()].into_iter().chain(included.iter().cloned());
    of_all.chain(of_agents).collect()
}

#[cfg(test)]
mod tests;
