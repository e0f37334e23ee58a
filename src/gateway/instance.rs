//! One gateway for each state directory: a lock says that it runs, a file beside it says where.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::config::Paths;
use crate::storage::{self, Durability, FileError, FileLock, LockError};

/// How long somebody who only looks whether a gateway runs may hold its lock.
const LOOKING: Duration = Duration::from_millis(500);

/// Where the running gateway is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Its base URL on this machine.
    pub url: String,
    /// Its process.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it started.
    pub started_at: Timestamp,
}

/// It cannot be the gateway of this state directory.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// Another one is.
    #[error("a gateway of this state directory runs already{}", place(.0.as_ref()))]
    Running(Option<Instance>),
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
}

fn place(instance: Option<&Instance>) -> String {
    instance.map(|it| format!(": {} (pid {})", it.url, it.pid)).unwrap_or_default()
}

/// Being the gateway of a state directory, until it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    paths: Paths,
    _lock: FileLock,
}

impl Claim {
    pub(super) fn take(paths: &Paths, clock: &dyn Clock) -> Result<Self, InstanceError> {
        storage::create_private_dir(&paths.locks())?;
        match FileLock::acquire(&lock_path(paths), LOOKING, clock) {
            Ok(lock) => Ok(Self { paths: paths.clone(), _lock: lock }),
            Err(LockError::File(error)) => Err(error.into()),
            Err(LockError::Held { .. }) => Err(InstanceError::Running(read(paths))),
        }
    }

    /// Says where it is.
    pub(super) fn publish(&self, instance: &Instance) -> Result<(), FileError> {
        // It has only texts and numbers, which can always be written.
        let bytes = serde_json::to_vec(instance).unwrap_or_default();
        storage::replace(&self.paths.gateway_instance(), &bytes, Durability::Cached)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Whoever finds it later sees by the lock that it speaks of nobody.
        storage::remove_file(&self.paths.gateway_instance()).ok();
    }
}

/// The running gateway of a state directory; `None` where none runs.
///
/// # Errors
/// When its lock cannot be looked at.
pub fn running(paths: &Paths) -> Result<Option<Instance>, FileError> {
    if !lock_path(paths).exists() {
        return Ok(None);
    }
    match FileLock::try_acquire(&lock_path(paths)) {
        Ok(Some(_nobody_has_it)) => Ok(None),
        Ok(None) | Err(LockError::Held { .. }) => Ok(read(paths)),
        Err(LockError::File(error)) => Err(error),
    }
}

fn lock_path(paths: &Paths) -> std::path::PathBuf {
    paths.locks().join("gateway.lock")
}

fn read(paths: &Paths) -> Option<Instance> {
    let bytes = storage::read_optional(&paths.gateway_instance()).ok()??;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn one_is_enough_and_where_it_is_can_be_read_while_it_runs() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let clock = ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap());
        assert_eq!(running(&paths).unwrap(), None);
        let claim = Claim::take(&paths, &clock).unwrap();
        let instance = Instance {
            url: "http://127.0.0.1:1".into(),
            pid: 7,
            version: "0".into(),
            started_at: "2026-06-01T12:00:00Z".parse().unwrap(),
        };
        claim.publish(&instance).unwrap();
        assert_eq!(running(&paths).unwrap(), Some(instance));
        let error = Claim::take(&paths, &clock).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a gateway of this state directory runs already: http://127.0.0.1:1 (pid 7)"
        );
        drop(claim);
        assert_eq!(running(&paths).unwrap(), None);
        Claim::take(&paths, &clock).unwrap();
    }
}
