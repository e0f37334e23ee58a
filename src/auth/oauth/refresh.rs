//! Keeping OAuth pairs fresh. A refresh token can be used once, by whoever comes first, so one process refreshes while all
//! others wait for what it writes: the lock is per refresh token, the store is read again at every attempt, a journal
//! outlives a kill, and no failure ever deletes a credential. What was begun is finished on a thread of its own, which
//! neither a cancelled request nor Ctrl-C takes away.

mod in_flight;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use in_flight::InFlight;

use self::in_flight::{Joined, Landing};
use super::Pair;
use super::journal::{Entry, Intent, Journal};
use super::settings::OAuthAccess;
use super::token_endpoint::{TokenEndpoint, TokenError};
use crate::anthropic::Error;
use crate::auth::neighbours::export;
use crate::auth::profile::{Credential, Expiry, Profile};
use crate::auth::profile_id::ProfileId;
use crate::auth::state::{RefreshRefused, StateFile};
use crate::auth::store::{AuthStore, Edited, StoreError};
use crate::clock::Clock;
use crate::config::Paths;
use crate::secret::{Fingerprint, Secret};
use crate::storage::{self, FileError, FileLock, Jitter, LockError};

/// Longest wait for another process to refresh.
const LOCK_LIMIT: Duration = Duration::from_secs(60);
/// A token with less left than this is refreshed before it is used.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// Processes that run side by side begin up to this much later, so that they do not all begin at once.
const SPREAD_SECONDS: u64 = 60;
/// A token with more left than this may still be used while somebody else refreshes it, or when that fails.
const STILL_GOOD: SignedDuration = SignedDuration::from_secs(30);

/// How long a pair is kept for a store that cannot be read.
const LONGEST_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Why a fresh token is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// A request is about to be sent.
    Use,
    /// The API refused this access token although it has not ended.
    Rejected(Secret),
}

/// A fresh token could not be had. The store still holds what it held.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RefreshError {
    /// The profile is not an OAuth pair that can be refreshed.
    #[error("profile {id} holds no OAuth pair to refresh")]
    NotRenewable {
        /// The profile.
        id: ProfileId,
    },
    /// The refresh token is not valid any more.
    #[error("sign in again with {id}: {}", why(*.lost_reply))]
    SignInAgain {
        /// The profile.
        id: ProfileId,
        /// When a refresh began whose reply never arrived.
        lost_reply: Option<Timestamp>,
    },
    /// The endpoint failed, or could not be reached; later it may work.
    #[error("profile {id} could not be refreshed: {source}")]
    Endpoint {
        /// The profile.
        id: ProfileId,
        /// What happened.
        source: TokenError,
    },
    /// The endpoint's address may not be used.
    #[error(transparent)]
    Setup(#[from] Error),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process keeps the lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The journal could not be written, so nothing was sent.
    #[error("nothing was sent: {0}")]
    Journal(#[from] FileError),
    /// The thread that refreshes could not be started or ended early.
    #[error("the refresh was interrupted")]
    Interrupted,
}

fn why(lost_reply: Option<Timestamp>) -> String {
    match lost_reply {
        Some(at) => format!("the reply to a refresh at {} was lost", at.strftime("%Y-%m-%d %H:%M:%S UTC")),
        None => "its refresh token is not accepted any more".to_owned(),
    }
}

/// What refreshing needs, all of it owned, because it outlives the request that asked.
#[derive(Debug, Clone)]
pub struct Refresher {
    /// The token endpoint.
    pub access: OAuthAccess,
    /// Where locks are.
    pub paths: Paths,
    /// The store of the profile.
    pub store: AuthStore,
    /// The stores of all other agents: they may hold the same pair.
    pub siblings: Vec<AuthStore>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// What else this process refreshes.
    pub in_flight: InFlight,
}

/// An OAuth profile as the store holds it now.
struct Held {
    profile: Profile,
    access: Option<Secret>,
    refresh: Secret,
    expires: Option<Timestamp>,
    client_id: Option<String>,
    /// The provider refused this very pair before; it is not asked again.
    refused: Option<RefreshRefused>,
}

impl Held {
    fn left(&self, now: Timestamp) -> Option<SignedDuration> {
        self.expires.map(|at| at.duration_since(now))
    }

    /// The access token, unless it should be refreshed before it is used.
    fn fresh(&self, reason: &Reason, early: SignedDuration, now: Timestamp) -> Option<Secret> {
        let access = self.access.as_ref()?;
        let lasts = |at_least| self.left(now).is_none_or(|left| left > at_least);
        let is_fresh = match reason {
            Reason::Use => lasts(early),
            Reason::Rejected(rejected) => access != rejected && lasts(SignedDuration::ZERO),
        };
        is_fresh.then(|| access.clone())
    }

    /// What is left when the refresh token is known to be worthless.
    fn without_refresh(&self, reason: &Reason, now: Timestamp) -> Option<Result<Secret, RefreshError>> {
        let refused = self.refused.as_ref()?;
        let lost_reply = refused.lost_reply_at;
        let gone = || RefreshError::SignInAgain { id: self.profile.id.clone(), lost_reply };
        Some(self.still_good(reason, now).ok_or_else(gone))
    }

    /// The access token if it can be used although it should be refreshed.
    fn still_good(&self, reason: &Reason, now: Timestamp) -> Option<Secret> {
        let good = *reason == Reason::Use && self.left(now).is_some_and(|left| left > STILL_GOOD);
        self.access.clone().filter(|_| good)
    }
}

impl Refresher {
    /// An access token of the profile that can be used now. Refreshes only when it must.
    ///
    /// # Errors
    /// See [`RefreshError`].
    pub async fn fresh(&self, id: &ProfileId, reason: Reason) -> Result<Secret, RefreshError> {
        let early = EARLY
            - SignedDuration::from_secs(
                i64::try_from(Jitter::new().below(SPREAD_SECONDS)).unwrap_or_default(),
            );
        loop {
            let held = self.held(id)?;
            if let Some(access) = held.fresh(&reason, early, self.clock.now()) {
                return Ok(access);
            }
            if let Some(known) = held.without_refresh(&reason, self.clock.now()) {
                return known;
            }
            let (mut flight, is_ours) = match self.in_flight.join(self.store.dir(), id) {
                Joined::Under(flight) => (flight, false),
                Joined::First(landing, flight) => {
                    self.begin(id, &reason, early, landing);
                    (flight, true)
                }
            };
            match flight.outcome().await {
                // Whoever began it was content with the very token that was refused to us.
                Ok(access) if !is_ours && reason == Reason::Rejected(access.clone()) => {}
                outcome => return outcome,
            }
        }
    }

    /// Refreshes on a thread that nobody's going away ends.
    fn begin(&self, id: &ProfileId, reason: &Reason, early: SignedDuration, landing: Landing) {
        let (this, id, reason) = (self.clone(), id.clone(), reason.clone());
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            landing.with(match runtime {
                Ok(runtime) => runtime.block_on(this.wait_or_refresh(&id, &reason, early)),
                Err(_) => Err(RefreshError::Interrupted),
            });
        };
        // Where no thread is to be had, those who wait see that there is no outcome.
        if let Err(error) = std::thread::Builder::new().name("refresh".to_owned()).spawn(work) {
            tracing::warn!(%error, "no thread for a refresh");
        }
    }

    /// When the store says that an access token of the profile ends.
    pub(in crate::auth) fn end_of(&self, id: &ProfileId, access: &Secret) -> Option<Timestamp> {
        let snapshot = self.store.read().ok()?;
        let credential = &snapshot.profiles.get(id)?.credential;
        match (credential.material().secret() == Some(access), credential.expires()) {
            (true, Expiry::At(at)) => Some(at),
            _ => None,
        }
    }

    /// Reads the store until the token is fresh or the lock is ours.
    async fn wait_or_refresh(
        &self,
        id: &ProfileId,
        reason: &Reason,
        early: SignedDuration,
    ) -> Result<Secret, RefreshError> {
        let started = self.clock.steady();
        let mut jitter = Jitter::new();
        loop {
            let held = self.held(id)?;
            if let Some(access) = held.fresh(reason, early, self.clock.now()) {
                return Ok(access);
            }
            if let Some(known) = held.without_refresh(reason, self.clock.now()) {
                return known;
            }
            let key = held.refresh.lock_key();
            let lock_path = self.lock_path(&key)?;
            let taken = match self.in_flight.enter(&key) {
                None => None,
                Some(entered) => match FileLock::try_acquire(&lock_path) {
                    Ok(lock) => lock.map(|lock| (entered, lock)),
                    // Where no lock can be made nothing can be written either; what is in a journal can still be used.
                    Err(error) => return self.journaled(&key, early).ok_or_else(|| error.into()),
                },
            };
            if let Some((_entered, _lock)) = taken {
                // Somebody may have finished between the look and the lock.
                let held = self.held(id)?;
                if let Some(access) = held.fresh(reason, early, self.clock.now()) {
                    return Ok(access);
                }
                if held.refresh.lock_key() != key || held.refused.is_some() {
                    continue;
                }
                match self.refresh(&held, &key, early).await {
                    Ok(Some(access)) => return Ok(access),
                    Ok(None) => continue,
                    Err(error) => {
                        let usable = held.still_good(reason, self.clock.now());
                        let usable = usable.filter(|_| !matches!(error, RefreshError::SignInAgain { .. }));
                        if usable.is_some() {
                            tracing::info!(%error, "the token is used although it could not be refreshed");
                        }
                        return usable.ok_or(error);
                    }
                }
            }
            if let Some(access) = held.still_good(reason, self.clock.now()) {
                return Ok(access);
            }
            if self.clock.steady().saturating_sub(started) >= LOCK_LIMIT {
                return Err(FileLock::refused(&lock_path, LOCK_LIMIT).into());
            }
            tokio::time::sleep(jitter.pause()).await;
        }
    }

    /// Refreshes, the lock being held. `None`: somebody else has rotated the pair, look again.
    async fn refresh(
        &self,
        held: &Held,
        key: &str,
        early: SignedDuration,
    ) -> Result<Option<Secret>, RefreshError> {
        let id = &held.profile.id;
        let own = Journal::in_dir(self.store.dir(), key);
        let (mut lost_reply, mut is_begun) = (None, false);
        for journal in self.journals(key) {
            match journal.read()? {
                Some(Entry { pair: Some(pair), .. }) => {
                    tracing::info!(profile = %id, "finishing a refresh that was interrupted");
                    let kept = self.keep(held, &pair, key);
                    let is_fresh = pair.expires.duration_since(self.clock.now()) > early;
                    return match kept {
                        _ if is_fresh => Ok(Some(pair.access)),
                        Ok(()) => Ok(None),
                        Err(error) => Err(error.into()),
                    };
                }
                Some(Entry { intent, pair: None }) => {
                    lost_reply = lost_reply.or(Some(intent.started_at));
                    is_begun |= journal == own;
                }
                None => {}
            }
        }
        let endpoint = TokenEndpoint::new(&self.access)?.for_client(held.client_id.as_deref());
        // What stands there of an earlier try stays until this one is over: it must not be lost in between.
        if !is_begun {
            // A pair that is only in a file of an older program has no directory of its own yet.
            storage::create_private_dir(self.store.dir())?;
            own.begin(&Intent {
                profile_id: id.to_string(),
                old_fingerprint: held.refresh.fingerprint(),
                started_at: lost_reply.unwrap_or_else(|| self.clock.now()),
                pid: std::process::id(),
            })?;
        }
        match endpoint.refresh(&held.refresh, self.clock.as_ref()).await {
            Ok(pair) => {
                if let Err(error) = own.arrived(&pair) {
                    tracing::warn!(%error, "the new pair is not in the journal");
                }
                // The request can go on with what is only in the journal; the next refresh finishes it.
                self.keep(held, &pair, key).ok();
                Ok(Some(pair.access))
            }
            Err(error) if error.is_invalid_grant() => {
                let now = self.held(id)?;
                if now.refresh != held.refresh {
                    self.drop_journals(key);
                    return Ok(None);
                }
                // Where that cannot be noted the journal is what still tells of it.
                if self.mark_refused(held, &error, lost_reply) {
                    self.drop_journals(key);
                }
                Err(RefreshError::SignInAgain { id: id.clone(), lost_reply })
            }
            Err(error) => {
                // Nothing was used up by this try; what an earlier one may have used up stays on record.
                if lost_reply.is_none() && !error.may_have_used_it_up() {
                    own.remove()?;
                }
                Err(match error {
                    TokenError::NotSent(error @ Error::SandboxCredential { .. }) => error.into(),
                    source => RefreshError::Endpoint { id: id.clone(), source },
                })
            }
        }
    }

    /// Puts a new pair into every store that holds the old one. The journal goes when all of them have it and no other
    /// journal leads to it; until then it is what the next one goes on from.
    fn keep(&self, held: &Held, pair: &Pair, key: &str) -> Result<(), StoreError> {
        // Before the stores: a journal that is gone by now has put its pair into one of them.
        let is_led_to = !self.pass_on(&held.refresh, pair, key);
        let mut outcome = Ok(());
        for store in self.stores() {
            if let Err(error) = self.rotate(store, &held.refresh, pair) {
                let dir = store.dir().display();
                tracing::warn!(%error, "the new pair is not in the store of {dir} yet; the journal keeps it");
                outcome = outcome.and(Err(error));
            }
        }
        if outcome.is_ok() && !is_led_to {
            self.drop_journals(key);
        }
        self.sweep();
        outcome
    }

    /// Puts a new pair into the journals that still wait to put the old one into a store: its refresh token is used up, and
    /// whoever finished them would send it again. Says whether all of them have it.
    fn pass_on(&self, old: &Secret, pair: &Pair, key: &str) -> bool {
        let mut have_all = true;
        for (other, journal) in self.stores().flat_map(|store| Journal::all_in(store.dir())) {
            if other == key || !leads_to(&journal, &old.fingerprint()) {
                continue;
            }
            let passed_on = self.lock_path(&other).map_err(LockError::from).and_then(|path| {
                // Somebody who has it is finishing the journal, and finds the next one at the end of it.
                let Some(_lock) = FileLock::try_acquire(&path)? else { return Ok(false) };
                match journal.read()? {
                    Some(Entry { intent, pair: Some(waiting) }) if waiting.refresh == *old => {
                        journal.replace(&intent, pair)?;
                        Ok(true)
                    }
                    _ => Ok(true),
                }
            });
            have_all &= passed_on.unwrap_or_else(|error| {
                tracing::warn!(%error, "an older journal does not have the new pair; its own journal stays");
                false
            });
        }
        have_all
    }

    /// Drops journals beside our store that nobody will ever finish: every store is past the token they are about, and no
    /// other journal leads to it. Their process was killed after its last write. A store that cannot be read may hold it,
    /// but not for ever.
    fn sweep(&self) {
        let is_recent = |at: Timestamp| self.clock.now().duration_since(at) < LONGEST_KEPT;
        for (key, journal) in Journal::all_in(self.store.dir()) {
            let Ok(Some(entry)) = journal.read() else { continue };
            let Ok(lock_path) = self.lock_path(&key) else { continue };
            let Ok(Some(_lock)) = FileLock::try_acquire(&lock_path) else { continue };
            let is_it = |token: &Secret| token.fingerprint() == entry.intent.old_fingerprint;
            let leads_here =
                |it: (String, Journal)| it.0 != key && leads_to(&it.1, &entry.intent.old_fingerprint);
            // Before the stores, as in `keep`.
            if self.stores().flat_map(|store| Journal::all_in(store.dir())).any(leads_here) {
                continue;
            }
            let is_held = |store: &AuthStore| match store.read() {
                Ok(snapshot) => snapshot.profiles.values().filter_map(refresh_token).any(is_it),
                Err(_) => is_recent(entry.intent.started_at),
            };
            if !self.stores().any(is_held)
                && let Err(error) = journal.remove()
            {
                tracing::warn!(%error, "the journal of a refresh stays behind");
            }
        }
    }

    /// Replaces a pair in one store, and lets its state follow.
    fn rotate(&self, store: &AuthStore, old: &Secret, pair: &Pair) -> Result<(), StoreError> {
        if !store.read()?.profiles.values().any(|profile| holds(profile, old)) {
            return Ok(());
        }
        // It may be renamed, replaced or removed until the lock is ours, so it is looked for again under it.
        let holders = store.update(self.clock.as_ref(), |document| {
            let found = document.entries().filter_map(|entry| entry.profile.ok());
            let holders: Vec<Profile> = found.filter(|profile| holds(profile, old)).collect();
            let rotated: Vec<Profile> =
                holders.into_iter().filter(|profile| document.rotate(&profile.id, pair)).collect();
            let edited = if rotated.is_empty() { Edited::No } else { Edited::Yes };
            Ok::<_, StoreError>((edited, rotated))
        })?;
        let after = store.read()?;
        let followed = StateFile::in_dir(store.dir()).update(&after, self.clock.as_ref(), |state| {
            holders.iter().fold(false, |changed, before| match after.profiles.get(&before.id) {
                Some(now) => state.follow(now, before.fingerprint().as_ref()) || changed,
                None => changed,
            })
        });
        if let Err(error) = followed {
            tracing::warn!(%error, "what is remembered of a profile does not follow its new pair");
        }
        for holder in &holders {
            export::follow(store.dir(), &holder.id, pair, &self.paths, self.clock.as_ref());
        }
        Ok(())
    }

    /// Notes in every agent's state that the refresh token is worthless. Says whether our own has it.
    fn mark_refused(&self, held: &Held, error: &TokenError, lost_reply_at: Option<Timestamp>) -> bool {
        let TokenError::Refused { status, .. } = error else { return false };
        let mut is_noted = true;
        let refused = RefreshRefused { at: self.clock.now(), status: *status, lost_reply_at };
        for store in self.stores() {
            let marked = store.read().map_err(|error| error.to_string()).and_then(|snapshot| {
                let holders: Vec<&Profile> =
                    snapshot.profiles.values().filter(|profile| holds(profile, &held.refresh)).collect();
                if holders.is_empty() {
                    return Ok(());
                }
                let file = StateFile::in_dir(store.dir());
                let marked = file.update(&snapshot, self.clock.as_ref(), |state| {
                    for profile in holders {
                        state.entry(profile).refresh_refused = Some(refused.clone());
                    }
                    true
                });
                marked.map_err(|error| error.to_string())
            });
            if let Err(error) = marked {
                tracing::warn!(%error, "it cannot be noted that a refresh token was refused");
                is_noted &= store.dir() != self.store.dir();
            }
        }
        is_noted
    }

    /// The profile as the store holds it at this moment.
    fn held(&self, id: &ProfileId) -> Result<Held, RefreshError> {
        let not_renewable = || RefreshError::NotRenewable { id: id.clone() };
        let snapshot = self.store.read()?;
        let profile = snapshot.profiles.get(id).ok_or_else(not_renewable)?;
        let Credential::OAuth { access, refresh, expires } = &profile.credential else {
            return Err(not_renewable());
        };
        let expires = match expires {
            Expiry::At(at) => Some(*at),
            // What has no date is used until it is refused.
            Expiry::Unknown | Expiry::Invalid => None,
        };
        let (state, _) = StateFile::in_dir(self.store.dir()).read(&snapshot);
        Ok(Held {
            refused: state.of(profile).and_then(|state| state.refresh_refused.clone()),
            access: access.secret().cloned(),
            refresh: refresh.clone().ok_or_else(not_renewable)?,
            expires,
            client_id: self.store.client_id(id)?,
            profile: profile.clone(),
        })
    }

    /// A pair that waits in a journal, where nothing can be locked or written.
    fn journaled(&self, key: &str, early: SignedDuration) -> Option<Secret> {
        let arrived = self.journals(key).filter_map(|journal| journal.read().ok().flatten()?.pair);
        let fresh = |pair: &Pair| pair.expires.duration_since(self.clock.now()) > early;
        arrived.into_iter().find(fresh).map(|pair| pair.access)
    }

    fn drop_journals(&self, key: &str) {
        for journal in self.journals(key) {
            if let Err(error) = journal.remove() {
                tracing::warn!(%error, "the journal of a refresh stays behind");
            }
        }
    }

    fn journals(&self, key: &str) -> impl Iterator<Item = Journal> {
        self.stores().map(move |store| Journal::in_dir(store.dir(), key))
    }

    fn stores(&self) -> impl Iterator<Item = &AuthStore> {
        std::iter::once(&self.store).chain(&self.siblings)
    }

    /// The lock of the token with this key, its directory being there.
    pub(in crate::auth) fn lock_path(&self, key: &str) -> Result<PathBuf, FileError> {
        let locks = self.paths.locks();
        storage::create_private_dir(self.paths.state())?;
        storage::create_private_dir(&locks)?;
        Ok(locks.join(format!("refresh-{key}.lock")))
    }
}

fn refresh_token(profile: &Profile) -> Option<&Secret> {
    match &profile.credential {
        Credential::OAuth { refresh, .. } => refresh.as_ref(),
        Credential::ApiKey { .. } | Credential::Token { .. } => None,
    }
}

/// Whether the pair that waits in a journal has the refresh token of this fingerprint.
fn leads_to(journal: &Journal, token: &Fingerprint) -> bool {
    let waiting = journal.read().ok().flatten().and_then(|entry| entry.pair);
    waiting.is_some_and(|pair| pair.refresh.fingerprint() == *token)
}

fn holds(profile: &Profile, token: &Secret) -> bool {
    refresh_token(profile) == Some(token)
}

#[cfg(test)]
mod tests;
