//! Credentials that were removed on a page, in memory for as long as that can be undone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::random;
use crate::auth::remove::Kept;
use crate::config::AgentId;
use crate::error::{Exit, Failure};

/// How long a page offers to undo it.
pub(super) const SHOWN: Duration = Duration::from_secs(10);
/// How long it can be undone: a click in the last moment must count.
pub(super) const LIFETIME: Duration = Duration::from_secs(20);
const NAME_BYTES: usize = 16;

/// A name nobody can guess, for what is about to be removed: made before, because without one it could not come back.
///
/// # Errors
/// When the system gives no random numbers.
pub(super) fn new_name() -> Result<String, Failure> {
    random::text(NAME_BYTES).map_err(|error| Failure::new(Exit::Failed, "unexpected", error.to_string()))
}

/// What was removed lately.
#[derive(Debug, Default)]
pub(super) struct Removed(Mutex<HashMap<String, Entry>>);

#[derive(Debug)]
struct Entry {
    agent: AgentId,
    kept: Kept,
    /// On the clock that cannot be set back.
    since: Duration,
}

impl Removed {
    /// Keeps one under a name it can be taken back by.
    pub(super) fn keep(&self, name: String, agent: &AgentId, kept: Kept, now: Duration) {
        self.current(now).insert(name, Entry { agent: agent.clone(), kept, since: now });
    }

    /// Takes one back.
    ///
    /// # Errors
    /// When it is not there any more.
    pub(super) fn take(&self, agent: &AgentId, name: &str, now: Duration) -> Result<Kept, Failure> {
        let mut entries = self.current(now);
        match entries.remove(name) {
            Some(entry) if entry.agent == *agent => Ok(entry.kept),
            _ => Err(Failure::new(Exit::Failed, "not_kept", "It is too late to undo that.")
                .hint("store the credential anew")),
        }
    }

    /// Forgets what cannot be undone any more.
    pub(super) fn forget(&self, now: Duration) {
        drop(self.current(now));
    }

    /// What can be undone now; the rest is forgotten.
    fn current(&self, now: Duration) -> MutexGuard<'_, HashMap<String, Entry>> {
        // Each step leaves the map whole, whoever panicked in between.
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| now.saturating_sub(entry.since) < LIFETIME);
        entries
    }
}
