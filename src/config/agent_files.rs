//! What is kept for an agent below the state directory, and deleting it.

use std::path::{Path, PathBuf};

use super::{AgentId, Config, Paths, SelectedAgent};
use crate::storage::{self, FileError};

/// The files of an agent, besides its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFiles {
    /// `<state>/agents/<id>`, when it is there.
    pub home: Option<PathBuf>,
    /// Transcripts of conversations.
    pub sessions: usize,
    /// A directory of credentials of its own somewhere else, when it is there. Nothing here ever deletes it.
    pub elsewhere: Option<PathBuf>,
}

/// An agent's files were not deleted.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// Something else is kept in there.
    #[error("`{home}` is not deleted: {what} is in it.")]
    InUse {
        /// The directory.
        home: PathBuf,
        /// What else is kept there.
        what: String,
    },
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl AgentFiles {
    /// Looks what there is.
    pub fn of(agent: &SelectedAgent, paths: &Paths) -> Self {
        let home = paths.agent_home(&agent.id);
        let is_elsewhere = !agent.dir.starts_with(&home) && agent.dir.exists();
        let transcripts = std::fs::read_dir(paths.sessions_dir(&agent.id)).into_iter().flatten().flatten();
        Self {
            home: home.exists().then_some(home),
            sessions: transcripts
                .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "jsonl"))
                .count(),
            elsewhere: is_elsewhere.then(|| agent.dir.clone()),
        }
    }
}

/// Whether an agent's home can be deleted without taking along what belongs to others.
///
/// # Errors
/// When something else is kept in it.
pub fn check_purge(id: &AgentId, config: &Config, paths: &Paths) -> Result<(), PurgeError> {
    let home = paths.agent_home(id);
    let in_use = |what: String| PurgeError::InUse { home: home.clone(), what };
    let mut others = SelectedAgent::all(config, paths).into_iter().filter(|other| other.id != *id);
    if let Some(other) = others.find(|other| is_inside(&other.dir, &home)) {
        return Err(in_use(format!("the directory of agent \"{}\"", other.id)));
    }
    if is_inside(paths.config(), &home) {
        return Err(in_use("the config".to_owned()));
    }
    if paths.agent_dir_override().is_some_and(|dir| is_inside(dir, &home)) {
        return Err(in_use("the directory that FASED_AGENT_DIR names".to_owned()));
    }
    Ok(())
}

/// Deletes an agent's home. The agent must be out of the config before, so that a failure half way leaves no agent
/// without its files.
///
/// # Errors
/// When something else is kept in it, or it cannot be deleted.
pub fn purge(id: &AgentId, config: &Config, paths: &Paths) -> Result<(), PurgeError> {
    check_purge(id, config, paths)?;
    storage::remove_tree(&paths.agent_home(id))?;
    Ok(())
}

/// Whether a path leads into a directory, by its name or by links.
fn is_inside(path: &Path, directory: &Path) -> bool {
    let Ok(real_directory) = std::fs::canonicalize(directory) else { return path.starts_with(directory) };
    // Of a path that is not there yet, the part that is decides.
    let real = path.ancestors().find_map(|part| std::fs::canonicalize(part).ok());
    path.starts_with(directory) || real.is_some_and(|real| real.starts_with(real_directory))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    fn world() -> (tempfile::TempDir, Paths) {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().to_str().unwrap().to_owned();
        let paths = Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", state)]), None).unwrap();
        (dir, paths)
    }

    fn config(text: &str) -> Config {
        crate::config::load::parse(text).unwrap()
    }

    fn write(path: &Path) {
        storage::create_private_dir(path.parent().unwrap()).unwrap();
        storage::replace(path, b"x", storage::Durability::Cached).unwrap();
    }

    #[test]
    fn sessions_are_counted_and_directories_told_apart() {
        let (dir, paths) = world();
        let id: AgentId = "a".parse().unwrap();
        let mut agent = SelectedAgent { id: id.clone(), dir: paths.agent_dir(&id), is_default: false };
        let none = AgentFiles { home: None, sessions: 0, elsewhere: None };
        assert_eq!(AgentFiles::of(&agent, &paths), none);
        for name in ["1.jsonl", "2.jsonl", "1.lock", "sessions.json"] {
            write(&paths.sessions_dir(&id).join(name));
        }
        agent.dir = dir.path().join("elsewhere");
        write(&agent.dir.join("auth-profiles.json"));
        let files = AgentFiles::of(&agent, &paths);
        let home = Some(paths.agent_home(&id));
        assert_eq!(files, AgentFiles { home, sessions: 2, elsewhere: Some(agent.dir) });
    }

    #[test]
    fn only_the_home_is_deleted() {
        let (dir, paths) = world();
        let id: AgentId = "a".parse().unwrap();
        let outside = dir.path().join("elsewhere/auth-profiles.json");
        write(&outside);
        write(&paths.agent_dir(&id).join("auth-profiles.json"));
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.parent().unwrap(), paths.agent_home(&id).join("link")).unwrap();
        purge(&id, &config(""), &paths).unwrap();
        assert!(outside.exists() && !paths.agent_home(&id).exists());
        purge(&id, &config(""), &paths).unwrap();
    }

    #[test]
    fn what_belongs_to_others_is_not_deleted() {
        let (_dir, paths) = world();
        let id: AgentId = "a".parse().unwrap();
        let store = paths.agent_dir(&id).join("auth-profiles.json");
        write(&store);
        #[cfg(unix)]
        std::os::unix::fs::symlink(paths.agent_home(&id), paths.state().join("link")).unwrap();
        for dir in ["agents/a/of-b", "link/of-b"] {
            let config = config(&format!("{{agents:{{list:[{{id:'a'}},{{id:'b',agentDir:'{dir}'}}]}}}}"));
            let error = purge(&id, &config, &paths).unwrap_err().to_string();
            assert!(error.contains("agent \"b\"") && store.exists(), "{error}");
        }
    }
}
