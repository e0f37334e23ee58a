//! Agents: their ids, and which one a command is about.

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Config, Paths};

/// Longest id. It becomes a directory name, so it stays far below every filesystem's limit.
const LONGEST: usize = 64;

/// An agent's id: lower case, `[a-z0-9][a-z0-9_-]{0,63}`, and no name Windows keeps for a device. Because it is parsed,
/// it can be part of a path.
///
/// ```
/// use fased::config::AgentId;
///
/// assert_eq!("Work".parse::<AgentId>().unwrap().as_str(), "work");
/// assert!("../work".parse::<AgentId>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(String);

/// A text is not an agent id. The text is not repeated: it may be long, hostile, or a secret at the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an agent id: 1 to 64 letters, digits, `-` and `_`, beginning with a letter or digit")]
pub struct AgentIdError;

impl AgentId {
    /// The agent that exists without any configuration.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AgentId {
    type Err = AgentIdError;

    fn from_str(text: &str) -> Result<Self, AgentIdError> {
        let well_formed = (1..=LONGEST).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            && text.as_bytes()[0].is_ascii_alphanumeric();
        let id = text.to_ascii_lowercase();
        if well_formed && !is_windows_device(&id) { Ok(Self(id)) } else { Err(AgentIdError) }
    }
}

fn is_windows_device(id: &str) -> bool {
    let numbered = |prefix: &str| {
        id.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(id, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for AgentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl JsonSchema for AgentId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AgentId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "An agent's id; upper case is taken for lower case.",
            "type": "string",
            "pattern": "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
        })
    }
}

impl<'de> Deserialize<'de> for AgentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The agent a command is about, and where its credentials are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedAgent {
    /// Its id.
    pub id: AgentId,
    /// Directory of `auth-profiles.json` and its companions.
    pub dir: PathBuf,
    /// Whether commands mean it without being told.
    pub is_default: bool,
}

/// No agent of that name is configured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Unknown agent id \"{id}\".")]
pub struct UnknownAgent {
    /// What was asked for.
    pub id: AgentId,
    /// What there is.
    pub known: Vec<AgentId>,
}

impl SelectedAgent {
    /// The agent asked for, else the one of `FASED_AGENT_DIR` (which carries the default agent's id), else the
    /// configured default, else `main`.
    ///
    /// # Errors
    /// When the agent asked for is not configured. `main` always is.
    pub fn choose(asked: Option<&AgentId>, config: &Config, paths: &Paths) -> Result<Self, UnknownAgent> {
        let default = config.default_agent();
        if let (None, Some(dir)) = (asked, paths.agent_dir_override()) {
            return Ok(Self { id: default, dir: dir.to_owned(), is_default: true });
        }
        let id = asked.cloned().unwrap_or_else(|| default.clone());
        let known = config.agent_ids();
        if !known.contains(&id) {
            return Err(UnknownAgent { id, known });
        }
        let configured = config.agent(&id).and_then(|agent| agent.agent_dir.as_deref());
        let configured = configured.filter(|dir| !dir.trim().is_empty());
        let dir = configured.map_or_else(|| paths.agent_dir(&id), |dir| paths.expand(dir));
        let is_default = id == default;
        Ok(Self { id, dir, is_default })
    }

    /// Every agent there is: those of the config, `main`, the one of `FASED_AGENT_DIR`, and those that only have a
    /// directory. Each directory once.
    pub fn everywhere(config: &Config, paths: &Paths) -> Vec<Self> {
        let configured =
            config.agent_ids().into_iter().filter_map(|id| Self::choose(Some(&id), config, paths).ok());
        let without_name = Self::choose(None, config, paths).ok();
        let entries = std::fs::read_dir(paths.agents()).into_iter().flatten().flatten();
        let on_disk = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<AgentId>().ok());
        let on_disk = on_disk.map(|id| Self { dir: paths.agent_dir(&id), id, is_default: false });
        let mut agents: Vec<Self> = Vec::new();
        for agent in without_name.into_iter().chain(configured).chain(on_disk) {
            if !agents.iter().any(|known| known.dir == agent.dir) {
                agents.push(agent);
            }
        }
        agents
    }

    /// Every agent, as a command that is about it finds it.
    pub fn all(config: &Config, paths: &Paths) -> Vec<Self> {
        let default = config.default_agent();
        let named = |id: &AgentId| (*id != default).then(|| id.clone());
        let mut ids = config.agent_ids();
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        // Ids of the config itself are never unknown.
        ids.iter().filter_map(|id| Self::choose(named(id).as_ref(), config, paths).ok()).collect()
    }

    /// Its id when a command must name it.
    pub fn named(&self) -> Option<&AgentId> {
        (!self.is_default).then_some(&self.id)
    }

    /// What names it on a command line, with a space before; empty when nothing is needed.
    pub fn flag(&self) -> String {
        self.named().map(|id| format!(" --agent {id}")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use proptest::prelude::*;

    fn config(text: &str) -> Config {
        super::super::load::parse(text).unwrap()
    }

    fn paths(pairs: &[(&str, &str)]) -> Paths {
        Paths::resolve(&Env::from_pairs(pairs.iter().copied()), Some("/home/u".into())).unwrap()
    }

    #[test]
    fn hostile_ids_are_refused() {
        let long = "a".repeat(10_000);
        let hostile = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "a\\b",
            "CON",
            "nul",
            "com1",
            "LPT9",
            "-x",
            "_x",
            "a b",
            "a\0",
            "a\n",
            "é",
            "~",
            &long,
            &"a".repeat(65),
        ];
        for id in hostile {
            assert!(id.parse::<AgentId>().is_err(), "{id:?}");
        }
        for id in ["a", "0", "com", "com10", "work-2_b", &"a".repeat(64)] {
            assert!(id.parse::<AgentId>().is_ok(), "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_id_is_one_plain_path_component(text in "\\PC{0,80}") {
            if let Ok(id) = text.parse::<AgentId>() {
                let path = PathBuf::from(id.as_str());
                prop_assert_eq!(path.components().count(), 1);
                prop_assert!(matches!(path.components().next(), Some(std::path::Component::Normal(_))));
                prop_assert_eq!(id.as_str().to_lowercase(), id.as_str());
            }
        }
    }

    #[test]
    fn without_configuration_there_is_main() {
        let chosen = SelectedAgent::choose(None, &Config::default(), &paths(&[])).unwrap();
        assert_eq!(chosen.id, AgentId::main());
        assert_eq!(chosen.dir, PathBuf::from("/home/u/.fased/agents/main/agent"));
    }

    #[test]
    fn the_configured_default_and_its_own_directory_are_used() {
        let config = config("{agents:{list:[{id:'a'},{id:'b',default:true,agentDir:'~/b'}]}}");
        let chosen = SelectedAgent::choose(None, &config, &paths(&[])).unwrap();
        assert_eq!((chosen.id.as_str(), chosen.dir), ("b", PathBuf::from("/home/u/b")));
    }

    #[test]
    fn an_own_directory_is_never_the_working_directory() {
        let config = config("{agents:{list:[{id:'a',agentDir:''},{id:'b',agentDir:'x/y'}]}}");
        let dir =
            |id: &str| SelectedAgent::choose(Some(&id.parse().unwrap()), &config, &paths(&[])).unwrap().dir;
        assert_eq!(dir("a"), PathBuf::from("/home/u/.fased/agents/a/agent"));
        assert_eq!(dir("b"), PathBuf::from("/home/u/.fased/x/y"));
    }

    #[test]
    fn an_agent_directory_from_the_environment_goes_with_the_default_agent_unless_one_is_named() {
        let config = config("{agents:{list:[{id:'a'},{id:'b'}]}}");
        let paths = paths(&[("FASED_AGENT_DIR", "/elsewhere")]);
        let chosen = SelectedAgent::choose(None, &config, &paths).unwrap();
        assert_eq!((chosen.id.as_str(), chosen.dir), ("a", PathBuf::from("/elsewhere")));
        let named = SelectedAgent::choose(Some(&"b".parse().unwrap()), &config, &paths).unwrap();
        assert_eq!(named.dir, PathBuf::from("/home/u/.fased/agents/b/agent"));
    }

    #[test]
    fn an_unknown_agent_is_refused_with_those_there_are() {
        let config = config("{agents:{list:[{id:'a'},{id:'b'}]}}");
        let error = SelectedAgent::choose(Some(&"c".parse().unwrap()), &config, &paths(&[])).unwrap_err();
        assert_eq!(error.known.iter().map(AgentId::as_str).collect::<Vec<_>>(), ["a", "b", "main"]);
    }
}
