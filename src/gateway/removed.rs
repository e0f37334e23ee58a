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
    /// Keeps one, and returns the name it can be taken back by.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(super) fn keep(&self, agent: &AgentId, kept: Kept, now: Duration) -> Result<String, Failure> {
        let name = random::text(NAME_BYTES)
            .map_err(|error| Failure::new(Exit::Failed, "unexpected", error.to_string()))?;
        let mut entries = self.current(now);
        entries.insert(name.clone(), Entry { agent: agent.clone(), kept, since: now });
        Ok(name)
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
