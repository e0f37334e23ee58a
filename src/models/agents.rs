//! All agents at a glance: where each keeps its credentials, the model it asks first, and the credential that is next.
//! One agent that is broken is told of and does not hide the others.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::known::KnownModels;
use super::selection::AgentModels;
use super::status::NextReport;
use crate::SCHEMA_VERSION;
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::auth::state::StateFile;
use crate::auth::store::AuthStore;
use crate::config::agent_list;
use crate::config::edit::shown;
use crate::config::{AgentId, Config, Paths, SelectedAgent};
use crate::env::Env;

/// The agents there are.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentsReport {
    schema_version: u32,
    /// Where the config is, or would be.
    pub config_path: PathBuf,
    /// The agent commands mean without being told.
    pub default_agent: AgentId,
    /// All of them, in the config's order.
    pub agents: Vec<AgentLine>,
}

/// One agent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentLine {
    /// Its id.
    pub agent_id: AgentId,
    /// Whether commands mean it without being told.
    pub is_default: bool,
    /// The directory of its credentials.
    pub agent_dir: PathBuf,
    /// Where the config lists it; `main` needs no entry.
    pub configured_at: Option<String>,
    /// The model asked first.
    pub primary_model: Option<String>,
    /// How many profiles it stores.
    pub profile_count: usize,
    /// The credential its primary model would be asked with now.
    pub next: Option<NextReport>,
    /// Why some of this is not known.
    pub problem: Option<String>,
}

impl AgentsReport {
    /// Looks at every agent.
    pub fn make(config: &Config, paths: &Paths, env: &Env, now: Timestamp) -> Self {
        let agents = SelectedAgent::all(config, paths);
        Self {
            schema_version: SCHEMA_VERSION,
            config_path: paths.config().to_owned(),
            default_agent: config.default_agent(),
            agents: agents.into_iter().map(|agent| AgentLine::of(agent, config, paths, env, now)).collect(),
        }
    }
}

impl AgentLine {
    fn of(agent: SelectedAgent, config: &Config, paths: &Paths, env: &Env, now: Timestamp) -> Self {
        let at = agent_list::position(config, &agent.id);
        let store = AuthStore::of(&agent, paths);
        let mut line = Self {
            configured_at: at.map(|at| shown(&agent_list::entry(at))),
            agent_id: agent.id,
            is_default: agent.is_default,
            agent_dir: agent.dir,
            primary_model: None,
            profile_count: 0,
            next: None,
            problem: None,
        };
        let models = AgentModels::of(&line.agent_id, config);
        let snapshot = store.read();
        if let Ok(models) = &models {
            line.primary_model = Some(models.primary.to_string());
        }
        if let Ok(snapshot) = &snapshot {
            line.profile_count = snapshot.profiles.len();
        }
        match (&models, &snapshot) {
            (Ok(models), Ok(snapshot)) => {
                let (state, _) = StateFile::in_dir(&line.agent_dir).read(snapshot);
                let inputs = Inputs { snapshot, state: &state, config, env, paths, now };
                let class = KnownModels::of(config).class_of(&models.primary);
                let provider = ProviderAuth::survey(models.primary.provider(), class, &inputs);
                line.next = NextReport::of(&provider);
            }
            (Err(error), _) => line.problem = Some(error.to_string()),
            (_, Err(error)) => line.problem = Some(error.to_string()),
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_agent_is_told_of_even_when_one_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().to_str().unwrap().to_owned();
        let paths = Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", state)]), None).unwrap();
        let write = |agent: &str, text: &str| {
            let dir = paths.agent_dir(&agent.parse().unwrap());
            crate::storage::create_private_dir(&dir).unwrap();
            let file = dir.join("auth-profiles.json");
            crate::storage::replace(&file, text.as_bytes(), crate::storage::Durability::Cached).unwrap();
        };
        write("a", "{ torn");
        write(
            "b",
            r#"{"version":1,"profiles":{"anthropic:x":{"type":"api_key","provider":"anthropic","key":"FAKE"}}}"#,
        );
        let config =
            crate::config::load::parse("{agents:{list:[{id:'a'},{id:'b',default:true},{id:'b'}]}}").unwrap();
        let report = AgentsReport::make(&config, &paths, &Env::default(), Timestamp::UNIX_EPOCH);
        let lines: Vec<_> = report
            .agents
            .iter()
            .map(|line| {
                let at = line.configured_at.as_deref();
                (line.agent_id.as_str(), at, line.is_default, line.profile_count, line.problem.is_some())
            })
            .collect();
        assert_eq!(
            lines,
            [
                ("a", Some("agents.list[0]"), false, 0, true),
                ("b", Some("agents.list[1]"), true, 1, false),
                ("main", None, false, 0, false)
            ]
        );
        assert!(
            matches!(&report.agents[1].next, Some(NextReport::Profile { profile_id, .. }) if profile_id.as_str() == "anthropic:x")
        );
        assert!(report.agents[2].next.is_none());
    }
}
