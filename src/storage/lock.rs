//! Kernel advisory locks on side files. They end with the process that holds them, so a killed writer blocks nobody;
//! the files themselves are created once and never removed, because removing a lock file is how two processes come to
//! hold "the same" lock.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{FileError, platform};
use crate::clock::Clock;

/// Shortest and longest pause between two attempts, in milliseconds.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 5..=50;

/// A lock was not to be had.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LockError {
    /// Another process kept it longer than the caller was ready to wait.
    #[error("`{path}` is locked by another process{}; waited {} s", holder(*.pid), limit.as_secs())]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who holds it, as far as the lock file tells.
        pid: Option<u32>,
        /// How long was waited.
        limit: Duration,
    },
    /// The lock file could not be opened.
    #[error(transparent)]
    File(#[from] FileError),
}

fn holder(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// A held lock; dropping it lets go.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct FileLock {
    _file: File,
}

/// Whether somebody was told already that there are no locks here.
static WARNED: AtomicBool = AtomicBool::new(false);

impl FileLock {
    /// Takes the lock, waiting at most `limit`. The directory must exist.
    ///
    /// # Errors
    /// [`LockError::Held`] after `limit`; [`LockError::File`] when the lock file cannot be opened.
    pub fn acquire(path: &Path, limit: Duration, clock: &dyn Clock) -> Result<Self, LockError> {
        let mut file = open(path)?;
        let started = clock.steady();
        let mut jitter = Jitter::new();
        loop {
            if try_lock(&mut file, path)? {
                return Ok(Self { _file: file });
            }
            if clock.steady().saturating_sub(started) >= limit {
                return Err(LockError::Held { path: path.to_owned(), pid: noted_pid(&mut file), limit });
            }
            clock.sleep(jitter.pause());
        }
    }

    /// Takes the lock if nobody has it. For callers that wait in their own way.
    ///
    /// # Errors
    /// When the lock file cannot be opened or locked.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, LockError> {
        let mut file = open(path)?;
        Ok(try_lock(&mut file, path)?.then_some(Self { _file: file }))
    }

    /// The process that has the lock now; `None` when none has it, or it told no pid.
    pub fn holder(path: &Path) -> Option<u32> {
        let mut file = File::open(path).ok()?;
        let pid = noted_pid(&mut file)?;
        // Asking the lock itself takes it for a moment, so it is left alone where nobody can have it.
        if platform::process_is_running(pid) == Some(false) {
            return None;
        }
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then_some(pid)
    }

    /// What to say when [`Self::try_acquire`] was tried for `limit` in vain.
    pub fn refused(path: &Path, limit: Duration) -> LockError {
        let pid = open(path).ok().and_then(|mut file| noted_pid(&mut file));
        LockError::Held { path: path.to_owned(), pid, limit }
    }
}

fn open(path: &Path) -> Result<File, FileError> {
    platform::open_lock_file(path).map_err(|error| FileError::new("open", path, error))
}

fn try_lock(file: &mut File, path: &Path) -> Result<bool, FileError> {
    match file.try_lock() {
        Ok(()) => {
            note_pid(file);
            Ok(true)
        }
        // Some network filesystems have no locks at all: going on alone is better than never starting.
        Err(TryLockError::Error(error)) if platform::means_no_locks(&error) => {
            if !WARNED.swap(true, Ordering::Relaxed) {
                tracing::warn!(path = %path.display(), "this filesystem has no locks; do not run two writers at once");
            }
            Ok(true)
        }
        Err(TryLockError::Error(error)) => Err(FileError::new("lock", path, error)),
        Err(TryLockError::WouldBlock) => Ok(false),
    }
}

/// Writes our pid for the message of whoever has to wait. A failure costs only that hint.
fn note_pid(file: &mut File) {
    let pid = std::process::id().to_string();
    let noted = file.rewind().and_then(|()| file.set_len(0)).and_then(|()| file.write_all(pid.as_bytes()));
    if let Err(error) = noted {
        tracing::debug!(%error, "could not note the pid in a lock file");
    }
}

fn noted_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Uneven pauses, so that waiters do not try in step. Quality does not matter, only that processes differ.
#[derive(Debug)]
pub struct Jitter(u64);

impl Default for Jitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Jitter {
    /// Another sequence in every process.
    pub fn new() -> Self {
        // RandomState is seeded by the system once a process, which spares a dependency on a random generator.
        use std::hash::{BuildHasher as _, Hasher as _};
        Self(std::collections::hash_map::RandomState::new().build_hasher().finish())
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }

    /// The pause between two attempts to take a lock.
    pub fn pause(&mut self) -> Duration {
        let span = PAUSE_MS.end() - PAUSE_MS.start() + 1;
        Duration::from_millis(PAUSE_MS.start() + self.below(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn clock() -> ManualClock {
        ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_second_taker_waits_its_limit_and_is_told_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.lock");
        let clock = clock();
        let first = FileLock::acquire(&path, Duration::ZERO, &clock).unwrap();
        let refused = FileLock::acquire(&path, Duration::from_secs(30), &clock).unwrap_err();
        assert!(clock.steady() >= Duration::from_secs(30));
        let text = refused.to_string();
        assert!(text.contains("store.lock"), "{text}");
        assert!(text.contains(&format!("pid {}", std::process::id())), "{text}");
        drop(first);
        drop(FileLock::acquire(&path, Duration::ZERO, &clock).unwrap());
    }

    #[test]
    fn whoever_has_it_is_told_without_taking_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.lock");
        assert_eq!(FileLock::holder(&path), None);
        let held = FileLock::acquire(&path, Duration::ZERO, &clock()).unwrap();
        assert_eq!(FileLock::holder(&path), Some(std::process::id()));
        drop(held);
        assert_eq!(FileLock::holder(&path), None);
        assert!(FileLock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn the_lock_file_stays_after_release() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.lock");
        drop(FileLock::acquire(&path, Duration::ZERO, &clock()).unwrap());
        assert!(path.exists());
    }

    #[test]
    fn pauses_stay_between_five_and_fifty_milliseconds() {
        let mut jitter = Jitter::new();
        for _ in 0..1000 {
            let pause = jitter.pause().as_millis();
            assert!((5..=50).contains(&pause), "{pause}");
        }
    }
}
