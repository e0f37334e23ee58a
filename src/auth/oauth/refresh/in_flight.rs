//! The refreshes of this process. All who want a token of one profile wait for one thread, however many they are, and the
//! process does not end while one holds the lock of a refresh token. Refreshing itself is the business of
//! [`super::Refresher`].

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::RefreshError;
use crate::auth::profile_id::ProfileId;
use crate::secret::Secret;

type Outcome = Result<Secret, RefreshError>;
/// An agent's directory and a profile of it.
type Whose = (PathBuf, ProfileId);

/// The refreshes this process has begun. Shared by all that refresh, and waited for before the process ends.
#[derive(Debug, Clone, Default)]
pub struct InFlight(Arc<(Mutex<Begun>, Condvar)>);

#[derive(Debug, Default)]
struct Begun {
    /// The refresh tokens whose locks this process has, by their keys.
    locked: HashSet<String>,
    /// What threads are getting.
    flights: HashMap<Whose, watch::Receiver<Option<Outcome>>>,
}

/// A place among those who wait for a token.
pub(super) enum Joined {
    /// A thread is getting it.
    Under(Flight),
    /// Nobody is getting it yet: that is for whoever has the landing.
    First(Landing, Flight),
}

/// A token that is being got.
pub(super) struct Flight(watch::Receiver<Option<Outcome>>);

impl Flight {
    /// Waits for what comes of it.
    pub(super) async fn outcome(&mut self) -> Outcome {
        let landed = self.0.wait_for(Option::is_some).await;
        landed.ok().and_then(|outcome| outcome.clone()).unwrap_or(Err(RefreshError::Interrupted))
    }
}

/// Ends a flight: with an outcome, or without one when it is dropped. Whoever comes after that begins another.
pub(super) struct Landing {
    within: InFlight,
    whose: Whose,
    told: watch::Sender<Option<Outcome>>,
    outcome: Option<Outcome>,
}

impl Landing {
    /// Ends it with this.
    pub(super) fn with(mut self, outcome: Outcome) {
        self.outcome = Some(outcome);
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        // First, so that nobody joins what is over.
        self.within.begun().flights.remove(&self.whose);
        if let Some(outcome) = self.outcome.take() {
            self.told.send_replace(Some(outcome));
        }
    }
}

/// The lock of a refresh token is this process's until this is dropped.
pub(super) struct Entered {
    within: InFlight,
    key: String,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.within.begun().locked.remove(&self.key);
        self.within.0.1.notify_all();
    }
}

impl InFlight {
    /// Waits with all others for a token of a profile, whose agent has this directory.
    pub(super) fn join(&self, dir: &Path, id: &ProfileId) -> Joined {
        let whose = (dir.to_owned(), id.clone());
        let mut begun = self.begun();
        if let Some(flight) = begun.flights.get(&whose) {
            return Joined::Under(Flight(flight.clone()));
        }
        let (told, flight) = watch::channel(None);
        begun.flights.insert(whose.clone(), flight.clone());
        Joined::First(Landing { within: self.clone(), whose, told, outcome: None }, Flight(flight))
    }

    /// Enters unless this process has the lock of the same refresh token already.
    pub(super) fn enter(&self, key: &str) -> Option<Entered> {
        let is_new = self.begun().locked.insert(key.to_owned());
        is_new.then(|| Entered { within: self.clone(), key: key.to_owned() })
    }

    /// Blocks until no refresh is under way, at most for `limit`. Says whether that is so.
    pub fn wait(&self, limit: Duration) -> bool {
        let (_, changed) = &*self.0;
        let waited = changed.wait_timeout_while(self.begun(), limit, |begun| !begun.locked.is_empty());
        let (begun, _) = waited.unwrap_or_else(PoisonError::into_inner);
        begun.locked.is_empty()
    }

    /// Whether a refresh is under way.
    pub fn is_idle(&self) -> bool {
        self.begun().locked.is_empty()
    }

    fn begun(&self) -> MutexGuard<'_, Begun> {
        // Nothing panics while it holds this.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
