//! Where things are on disk. Every path a command touches is made here, from the environment and from parsed ids, so
//! that no text a user or a file supplied can become part of a path by another way.

use std::path::{Path, PathBuf};

use super::agents::AgentId;
use crate::env::Env;

/// Name of the config file inside the state directory.
const CONFIG_FILE: &str = "fased.json";

/// The state directory and what is in it.
#[derive(Debug, Clone)]
pub struct Paths {
    home: Option<PathBuf>,
    state: PathBuf,
    config: PathBuf,
    agent_dir_override: Option<PathBuf>,
}

impl Paths {
    /// Works out the places: `FASED_STATE_DIR`, else `.fased` in the home directory (`FASED_HOME`, else `home`);
    /// `FASED_CONFIG_PATH` moves the config file, `FASED_AGENT_DIR` the credentials of the default agent.
    /// `None` without a state directory and without a home.
    pub fn resolve(env: &Env, home: Option<PathBuf>) -> Option<Self> {
        let home = env.path("FASED_HOME").or(home);
        let expand = |path: PathBuf| {
            let path = expand_home(&path, home.as_deref());
            std::path::absolute(&path).unwrap_or(path)
        };
        let state = match env.path("FASED_STATE_DIR") {
            Some(path) => expand(path),
            None => home.as_ref()?.join(".fased"),
        };
        let config = env.path("FASED_CONFIG_PATH").map_or_else(|| state.join(CONFIG_FILE), expand);
        let agent_dir_override = env.path("FASED_AGENT_DIR").map(expand);
        Some(Self { home, state, config, agent_dir_override })
    }

    /// The places below a home directory, whatever the environment says.
    pub fn below(home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        let state = home.join(".fased");
        Self { config: state.join(CONFIG_FILE), state, home: Some(home), agent_dir_override: None }
    }

    /// The home directory, where there is one.
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// `~/.fased`.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// `~/.fased/fased.json`.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// `~/.fased/.env`.
    pub fn dotenv(&self) -> PathBuf {
        self.state.join(".env")
    }

    /// `~/.fased/locks/config.lock`.
    pub fn config_lock(&self) -> PathBuf {
        self.state.join("locks").join("config.lock")
    }

    /// `FASED_AGENT_DIR`, when set.
    pub fn agent_dir_override(&self) -> Option<&Path> {
        self.agent_dir_override.as_deref()
    }

    /// `~/.fased/agents/<id>`: all that is kept for an agent.
    pub fn agent_home(&self, agent: &AgentId) -> PathBuf {
        self.agents().join(agent.as_str())
    }

    /// `~/.fased/agents/<id>/agent`.
    pub fn agent_dir(&self, agent: &AgentId) -> PathBuf {
        self.agent_home(agent).join("agent")
    }

    /// `~/.fased/agents/<id>/sessions`.
    pub fn sessions_dir(&self, agent: &AgentId) -> PathBuf {
        self.agent_home(agent).join("sessions")
    }

    /// A directory named in the config: `~` expanded, and relative to the state directory.
    pub fn expand(&self, path: &str) -> PathBuf {
        self.state.join(expand_home(Path::new(path.trim()), self.home.as_deref()))
    }

    /// A path named by another program: `~` expanded; `None` when it is not absolute then, because what it would be
    /// relative to is not known.
    pub fn expand_absolute(&self, path: &str) -> Option<PathBuf> {
        let path = expand_home(Path::new(path.trim()), self.home.as_deref());
        path.is_absolute().then_some(path)
    }

    /// `~/.fased/credentials/oauth.json`, which only the TypeScript program wrote.
    pub fn legacy_oauth(&self) -> PathBuf {
        self.state.join("credentials").join("oauth.json")
    }

    /// `~/.fased/locks`.
    pub fn locks(&self) -> PathBuf {
        self.state.join("locks")
    }

    /// `~/.fased/agents`.
    pub fn agents(&self) -> PathBuf {
        self.state.join("agents")
    }

    /// `~/.fased/chat-history`: what was typed in conversations.
    pub fn chat_history(&self) -> PathBuf {
        self.state.join("chat-history")
    }

    /// `~/.fased/notices.json`.
    pub fn notices(&self) -> PathBuf {
        self.state.join("notices.json")
    }

    /// `~/.fased/usage.db`: the ledger of requests.
    pub fn usage(&self) -> PathBuf {
        self.state.join("usage.db")
    }

    /// `~/.fased/gateway.token`: what opens the Control UI.
    pub fn gateway_token(&self) -> PathBuf {
        self.state.join("gateway.token")
    }

    /// `~/.fased/gateway-keys.json`: keys of the gateway's clients, hashed.
    pub fn gateway_keys(&self) -> PathBuf {
        self.state.join("gateway-keys.json")
    }

    /// `~/.fased/gateway-logins.json`: browsers that are signed in, hashed.
    pub fn gateway_logins(&self) -> PathBuf {
        self.state.join("gateway-logins.json")
    }

    /// `~/.fased/gateway.json`: where the running gateway is.
    pub fn gateway_instance(&self) -> PathBuf {
        self.state.join("gateway.json")
    }

    /// A path as people write it, with `~` for the home directory.
    pub fn shown(&self, path: &Path) -> String {
        if let Some(inside) = self.home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
            return format!("~/{}", inside.display());
        }
        path.display().to_string()
    }
}

fn expand_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(inside), Some(home)) => home.join(inside),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(pairs: &[(&str, &str)]) -> Paths {
        Paths::resolve(&Env::from_pairs(pairs.iter().copied()), Some("/home/u".into())).unwrap()
    }

    #[test]
    fn everything_is_below_the_home_directory_by_default() {
        let paths = resolve(&[]);
        assert_eq!(paths.state(), Path::new("/home/u/.fased"));
        assert_eq!(paths.config(), Path::new("/home/u/.fased/fased.json"));
        assert_eq!(paths.shown(paths.config()), "~/.fased/fased.json");
        let main = AgentId::main();
        assert_eq!(paths.agent_dir(&main), Path::new("/home/u/.fased/agents/main/agent"));
    }

    #[test]
    fn variables_move_the_parts() {
        let paths = resolve(&[
            ("FASED_STATE_DIR", "~/x"),
            ("FASED_CONFIG_PATH", "/etc/f.json"),
            ("FASED_AGENT_DIR", ""),
        ]);
        assert_eq!(paths.state(), Path::new("/home/u/x"));
        assert_eq!(paths.config(), Path::new("/etc/f.json"));
        assert_eq!(paths.agent_dir_override(), None);
    }

    #[test]
    fn no_home_and_no_state_directory_is_told() {
        assert!(Paths::resolve(&Env::default(), None).is_none());
        assert!(Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", "/s")]), None).is_some());
    }
}
