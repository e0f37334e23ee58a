//! `auth-state.json`: what is remembered of each profile's use - cooldowns, last use, verification - without a secret in
//! it. Hot and replaceable: no fsync, and a file that cannot be read never blocks a request. Every entry names the
//! secret it speaks about by fingerprint and is void for any other, so a replaced key starts clean.

mod names;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};

use super::long_context::Context1mRefused;
use super::profile::Profile;
use super::profile_id::ProfileId;
use super::store::Snapshot;
use super::usage_stats::UsageStats;
use crate::clock::Clock;
use crate::secret::{Fingerprint, Secret};
use crate::storage::{self, Durability, FileError, FileLock, LockError};

/// How long a write usually waits for another process.
pub const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// The state could not be written. Reading never fails.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process is writing.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It could not be put into JSON.
    #[error("cannot write `{path}`: {source}")]
    Encode {
        /// The file.
        path: PathBuf,
        /// The writer's words.
        source: serde_json::Error,
    },
}

/// What is remembered, by profile id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuthState {
    version: u64,
    profiles: IndexMap<String, ProfileState>,
    /// The last profile that answered, by provider.
    pub last_good: IndexMap<String, String>,
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

/// What is remembered of one profile.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProfileState {
    /// The secret this speaks about.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<Fingerprint>,
    /// The secret that failed, where the profile only says where its secret is: the place stays when that is replaced.
    #[serde(rename = "sentFingerprint", skip_serializing_if = "Option::is_none")]
    sent: Option<Fingerprint>,
    /// When it last answered a request.
    #[serde(with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub last_used: Option<Timestamp>,
    /// Windows in which it is left alone, by model class.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cooldowns: Vec<Cooldown>,
    /// A window in which it is not used at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// Failures since the last success.
    #[serde(skip_serializing_if = "is_zero")]
    pub error_count: u32,
    /// Windows begun since then, by reason (`auth`), and by class where they are about one (`rate_limit:opus`).
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub failure_counts: IndexMap<String, u32>,
    /// The last failure.
    #[serde(with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// Classes of models for which the API refuses the beta of the 1M window.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context1m_refused: Vec<Context1mRefused>,
    /// The last time the provider was asked about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verification>,
    /// The provider does not accept its refresh token any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_refused: Option<RefreshRefused>,
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// A window in which a profile is left alone for a class of models, or for all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cooldown {
    /// The class; absent means every model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model_class: Option<String>,
    /// Why, by the names of the store's schema (`rate_limit`, `auth`, ...).
    pub reason: String,
    /// Its end.
    #[serde(with = "millisecond::required")]
    pub until: Timestamp,
}

/// A window in which a profile is not used for anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Disabled {
    /// Why (`billing`, `spend_limit`, `auth_permanent`, ...).
    pub reason: String,
    /// Its end; absent means until the credential changes.
    #[serde(default, with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When one request may try it all the same, for reasons that may end before their time.
    #[serde(default, with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub next_trial_at: Option<Timestamp>,
}

/// What the provider said when it was asked about a credential.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether it was accepted.
    pub accepted: bool,
    /// When.
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    /// By what: `onboard`, `probe`, `request`.
    pub how: String,
    /// The HTTP status of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// A refresh token was refused: only a new sign-in helps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefreshRefused {
    /// When.
    #[serde(with = "millisecond::required")]
    pub at: Timestamp,
    /// The HTTP status of the refusal.
    pub status: u16,
    /// When a refresh began whose reply never arrived: that reply held the pair that replaced this one.
    #[serde(default, with = "millisecond::optional", skip_serializing_if = "Option::is_none")]
    pub lost_reply_at: Option<Timestamp>,
}

/// Something about the state file that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateFinding {
    /// It cannot be read; the next write sets it aside under another name.
    Unreadable(PathBuf),
}

/// One agent's state file.
#[derive(Debug, Clone)]
pub struct StateFile {
    dir: PathBuf,
    lock_limit: Duration,
}

impl StateFile {
    /// The state file in an agent's directory. Nothing is opened yet.
    pub fn in_dir(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), lock_limit: LOCK_LIMIT }
    }

    /// The same for somebody who waits no longer than this for another process.
    pub fn waiting_for(self, lock_limit: Duration) -> Self {
        Self { lock_limit, ..self }
    }

    /// `auth-state.json`.
    pub fn path(&self) -> PathBuf {
        self.dir.join("auth-state.json")
    }

    /// Reads the state; while there is no file, the store's own counters are the state.
    pub fn read(&self, snapshot: &Snapshot) -> (AuthState, Vec<StateFinding>) {
        match storage::read_optional(&self.path()) {
            Ok(None) => (AuthState::from_usage_stats(snapshot), Vec::new()),
            Ok(Some(bytes)) => match serde_json::from_slice(&bytes) {
                Ok(state) => (state, Vec::new()),
                Err(_) => (AuthState::default(), vec![StateFinding::Unreadable(self.path())]),
            },
            Err(_) => (AuthState::default(), vec![StateFinding::Unreadable(self.path())]),
        }
    }

    /// Changes the state: lock, re-read, change, replace. A file that cannot be read is set aside first, with the time
    /// in its name. `change` says whether anything changed.
    ///
    /// # Errors
    /// When the lock, the directory or the file refuses.
    pub fn update(
        &self,
        snapshot: &Snapshot,
        clock: &dyn Clock,
        change: impl FnOnce(&mut AuthState) -> bool,
    ) -> Result<(), StateError> {
        let _lock = FileLock::acquire(&self.dir.join("state.lock"), self.lock_limit, clock)?;
        let path = self.path();
        let (mut state, findings) = self.read(snapshot);
        if !change(&mut state) {
            return Ok(());
        }
        if !findings.is_empty() {
            let aside = self.dir.join(format!("auth-state.json.bad-{}", clock.now().as_second()));
            std::fs::rename(&path, &aside).map_err(|error| FileError::new("set aside", &path, error))?;
            tracing::warn!(aside = %aside.display(), "auth-state.json could not be read and was set aside");
        }
        state.version = state.version.max(1);
        let now = clock.now();
        state.profiles.values_mut().for_each(|profile| profile.drop_ended(now));
        let mut bytes = serde_json::to_vec_pretty(&state)
            .map_err(|source| StateError::Encode { path: path.clone(), source })?;
        bytes.push(b'\n');
        Ok(storage::replace(&path, &bytes, Durability::Cached)?)
    }
}

impl AuthState {
    /// What is remembered of a profile, unless it speaks about another secret.
    pub fn of(&self, profile: &Profile) -> Option<&ProfileState> {
        let state = self.profiles.get(profile.id.as_str())?;
        (state.fingerprint.is_none() || state.fingerprint == profile.fingerprint()).then_some(state)
    }

    /// The entry of a profile, emptied first when it speaks about another secret.
    pub fn entry(&mut self, profile: &Profile) -> &mut ProfileState {
        let fingerprint = profile.fingerprint();
        let state = self.profiles.entry(profile.id.as_str().to_owned()).or_default();
        if state.fingerprint.is_some() && state.fingerprint != fingerprint {
            *state = ProfileState::default();
        }
        state.fingerprint = fingerprint;
        state
    }

    /// Lets what is remembered of a profile speak about the secret that took the place of `old`, after a refresh of ours.
    /// Says whether anything changed.
    pub fn follow(&mut self, profile: &Profile, old: Option<&Fingerprint>) -> bool {
        let new = profile.fingerprint();
        match self.profiles.get_mut(profile.id.as_str()) {
            Some(state) if state.fingerprint.as_ref() == old && state.fingerprint != new => {
                state.fingerprint = new;
                state.refresh_refused = None;
                true
            }
            _ => false,
        }
    }

    /// Notes which secret was sent for a profile that only says where its secret is; what speaks against another one that
    /// was there before is forgotten.
    pub(super) fn now_about(&mut self, profile: &Profile, sent: &Secret) {
        if profile.credential.material().reference().is_none() {
            return;
        }
        let state = self.entry(profile);
        if !state.speaks_about(Some(sent)) {
            state.forget_all();
        }
        state.sent = Some(sent.fingerprint());
    }

    /// Whether an answer of a profile, as for [`Self::note_success_of`], would change anything worth writing. It looks at
    /// that profile alone, so that a server can ask after every answer.
    pub fn would_note_success(
        &self,
        profile: &Profile,
        secret: &Secret,
        model_class: &str,
        sent: Timestamp,
        now: Timestamp,
    ) -> bool {
        let (id, provider) = (profile.id.as_str(), profile.id.provider());
        let pick = |map: &IndexMap<String, String>| {
            map.get(provider).map(|good| (provider.to_owned(), good.clone())).into_iter().collect()
        };
        let mut alone = Self {
            profiles: self.profiles.get(id).map(|state| (id.to_owned(), state.clone())).into_iter().collect(),
            last_good: pick(&self.last_good),
            ..Self::default()
        };
        alone.note_success_of(profile, secret, model_class, sent, now)
    }

    /// Forgets a profile; says whether there was anything to forget.
    pub fn clear(&mut self, id: &ProfileId) -> bool {
        self.profiles.shift_remove(id.as_str()).is_some()
    }

    fn from_usage_stats(snapshot: &Snapshot) -> Self {
        let mut state = Self::default();
        for (id, stats) in &snapshot.usage_stats {
            let Some(profile) = id.parse::<ProfileId>().ok().and_then(|id| snapshot.profiles.get(&id)) else {
                continue;
            };
            *state.entry(profile) = ProfileState { fingerprint: profile.fingerprint(), ..stats.into() };
        }
        state
    }
}

impl ProfileState {
    /// Whether its windows are about the secret that was found now. Where none was, nothing speaks against it.
    pub(super) fn speaks_about(&self, found: Option<&Secret>) -> bool {
        self.sent.as_ref().zip(found).is_none_or(|(sent, found)| *sent == found.fingerprint())
    }
}

impl From<&UsageStats> for ProfileState {
    fn from(stats: &UsageStats) -> Self {
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float saturates at both ends"
        )]
        let count = |value: &serde_json::Value| value.as_f64().map(|count| count as u32);
        let counts = stats.failure_counts.as_object().into_iter().flatten();
        let failure_counts: IndexMap<String, u32> =
            counts.filter_map(|(reason, n)| Some((reason.clone(), count(n)?))).collect();
        // That program rarely records why a cooldown began; the reason that failed most is the likeliest.
        let likeliest = failure_counts.iter().max_by_key(|(_, n)| **n).map(|(reason, _)| reason.clone());
        let unknown = || "unknown".to_owned();
        let cooldown = stats.cooldown_until.0.map(|until| Cooldown {
            model_class: text(&stats.cooldown_model),
            reason: text(&stats.cooldown_reason).or(likeliest).unwrap_or_else(unknown),
            until,
        });
        Self {
            last_used: stats.last_used.0,
            cooldowns: cooldown.into_iter().collect(),
            disabled: stats.disabled_until.0.map(|until| Disabled {
                reason: text(&stats.disabled_reason).unwrap_or_else(unknown),
                until: Some(until),
                next_trial_at: None,
            }),
            error_count: count(&stats.error_count).unwrap_or_default(),
            failure_counts,
            last_failure_at: stats.last_failure_at.0,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::profile::{Credential, Material};
    use crate::clock::ManualClock;
    use crate::secret::Secret;

    fn profile(secret: &str) -> Profile {
        Profile {
            id: "anthropic:a".parse().unwrap(),
            credential: Credential::ApiKey { key: Material::Value(Secret::new(secret)) },
            email: None,
            added_at: None,
            issuer: None,
        }
    }

    fn clock() -> ManualClock {
        ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap())
    }

    fn success(state: &mut AuthState) -> bool {
        state.note_success(&profile("one"), "opus", clock().now(), clock().now())
    }

    #[test]
    fn an_entry_is_void_for_another_secret() {
        let mut state = AuthState::default();
        state.entry(&profile("one")).error_count = 3;
        assert_eq!(state.of(&profile("one")).unwrap().error_count, 3);
        assert_eq!(state.of(&profile("two")), None);
        assert_eq!(state.entry(&profile("two")).error_count, 0);
    }

    #[test]
    fn counters_of_the_typescript_store_are_the_starting_point_until_there_is_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = StateFile::in_dir(dir.path());
        let stats = r#"{"lastUsed":5,"cooldownUntil":4102444800000,"failureCounts":{"rate_limit":2},"errorCount":2,
            "disabledUntil":"junk"}"#;
        let mut snapshot = Snapshot::default();
        snapshot.profiles.insert(profile("one").id, profile("one"));
        snapshot.usage_stats.insert("anthropic:a".to_owned(), serde_json::from_str(stats).unwrap());
        let (state, _) = file.read(&snapshot);
        let entry = state.of(&profile("one")).unwrap();
        assert_eq!(entry.cooldowns[0].reason, "rate_limit");
        assert_eq!((entry.error_count, &entry.disabled), (2, &None));

        file.update(&snapshot, &clock(), |state| state.clear(&profile("one").id)).unwrap();
        let (state, _) = file.read(&snapshot);
        assert_eq!(state.of(&profile("one")), None);
    }

    #[test]
    fn a_broken_file_is_set_aside_by_the_next_write_and_hinders_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let file = StateFile::in_dir(dir.path());
        std::io::Write::write_all(&mut std::fs::File::create(file.path()).unwrap(), b"{ torn").unwrap();
        let snapshot = Snapshot::default();
        let (state, findings) = file.read(&snapshot);
        assert_eq!(state, AuthState::default());
        assert_eq!(findings, [StateFinding::Unreadable(file.path())]);
        file.update(&snapshot, &clock(), success).unwrap();
        assert!(file.read(&snapshot).1.is_empty());
        let aside = dir.path().join("auth-state.json.bad-1767225600");
        assert_eq!(std::fs::read(aside).unwrap(), b"{ torn");
    }

    #[test]
    fn fields_of_a_newer_program_survive_a_write() {
        let dir = tempfile::tempdir().unwrap();
        let file = StateFile::in_dir(dir.path());
        let text = r#"{"version":1,"future":{"a":[1]},"profiles":{"anthropic:z":{"novel":true}}}"#;
        std::io::Write::write_all(&mut std::fs::File::create(file.path()).unwrap(), text.as_bytes()).unwrap();
        let snapshot = Snapshot::default();
        file.update(&snapshot, &clock(), success).unwrap();
        let written: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        assert_eq!(written["future"]["a"][0], 1);
        assert_eq!(written["profiles"]["anthropic:z"]["novel"], true);
    }
}
