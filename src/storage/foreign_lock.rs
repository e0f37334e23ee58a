//! Respect for the TypeScript program's locks. It takes `<file>.lock` by exclusive creation and deletes it afterwards.
//! We never create, hold or delete such a file; one whose owner lives and that is young is waited for. This lets the
//! two programs use a directory in turn; it does not make writing at the same moment safe.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::{LockError, platform};
use crate::clock::Clock;

/// Age at which the TypeScript program itself calls its lock stale.
const STALE_AFTER: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(25);

#[derive(Deserialize)]
struct Owner {
    pid: Option<u32>,
}

/// What a lock of the TypeScript program means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignLock {
    /// Its owner lives, as far as anybody can tell.
    Held,
    /// Its owner is gone.
    Dead {
        /// Which process it was.
        pid: u32,
    },
    /// It is older than its own program believes in.
    Stale,
}

/// Looks at a lock that is there.
pub fn foreign_lock(path: &Path, now: Timestamp) -> ForeignLock {
    if let Some(pid) = owner(path)
        && platform::process_is_running(pid) == Some(false)
    {
        return ForeignLock::Dead { pid };
    }
    let made = std::fs::metadata(path).ok().and_then(|metadata| metadata.modified().ok());
    let age = made.and_then(|made| std::time::SystemTime::from(now).duration_since(made).ok());
    if age.is_some_and(|age| age >= STALE_AFTER) { ForeignLock::Stale } else { ForeignLock::Held }
}

fn owner(path: &Path) -> Option<u32> {
    let bytes = std::fs::read(path).ok()?;
    serde_json::from_slice::<Owner>(&bytes).ok()?.pid
}

/// Waits until no living program holds `<target>.lock`, at most until that lock is stale.
///
/// # Errors
/// [`LockError::Held`] when it is still young and held after `limit`.
pub fn wait_for_foreign_lock(target: &Path, limit: Duration, clock: &dyn Clock) -> Result<(), LockError> {
    let mut name = target.as_os_str().to_owned();
    name.push(".lock");
    let path = Path::new(&name);
    let started = clock.steady();
    loop {
        if !path.exists() || foreign_lock(path, clock.now()) != ForeignLock::Held {
            return Ok(());
        }
        let pid = owner(path);
        if clock.steady().saturating_sub(started) >= limit {
            return Err(LockError::Held { path: path.to_owned(), pid, limit });
        }
        clock.sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn held_by(pid: u32) -> (tempfile::TempDir, std::path::PathBuf, ManualClock) {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("auth-profiles.json");
        let lock = dir.path().join("auth-profiles.json.lock");
        let mut file = std::fs::File::create(&lock).unwrap();
        std::io::Write::write_all(&mut file, format!(r#"{{"pid":{pid}}}"#).as_bytes()).unwrap();
        let made = std::fs::metadata(&lock).unwrap().modified().unwrap();
        let clock = ManualClock::at(jiff::Timestamp::try_from(made).unwrap());
        (dir, target, clock)
    }

    #[test]
    fn no_lock_is_no_wait() {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(jiff::Timestamp::UNIX_EPOCH);
        wait_for_foreign_lock(&dir.path().join("x.json"), Duration::ZERO, &clock).unwrap();
        assert_eq!(clock.steady(), Duration::ZERO);
    }

    #[test]
    fn a_living_owner_is_waited_for_until_the_limit() {
        let (_dir, target, clock) = held_by(std::process::id());
        let error = wait_for_foreign_lock(&target, Duration::from_secs(2), &clock).unwrap_err();
        assert!(error.to_string().contains("auth-profiles.json.lock"), "{error}");
    }

    #[test]
    fn a_stale_lock_is_passed_over_and_left_in_place() {
        let (dir, target, clock) = held_by(std::process::id());
        wait_for_foreign_lock(&target, Duration::from_secs(60), &clock).unwrap();
        assert!(clock.steady() >= Duration::from_secs(29));
        assert!(dir.path().join("auth-profiles.json.lock").exists());
    }

    #[test]
    fn a_dead_owner_is_not_waited_for() {
        // Process ids on Linux end below 2^22, so this one cannot be running.
        let (_dir, target, clock) = held_by(i32::MAX as u32 - 1);
        wait_for_foreign_lock(&target, Duration::ZERO, &clock).unwrap();
        assert_eq!(clock.steady(), Duration::ZERO);
    }
}
