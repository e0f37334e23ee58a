//! Windows in which a profile is left alone or not used at all: which ones are open, and closing them by hand.

use jiff::{SignedDuration, Timestamp};

use super::profile::Profile;
use super::profile_id::ProfileId;
use super::reference::{Look, References};
use super::state::{AuthState, Disabled, ProfileState, StateError, StateFile};
use super::store::Snapshot;
use crate::clock::Clock;

/// The reason that only another credential mends.
const PERMANENT: &str = "auth_permanent";

/// A window that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window<'a> {
    /// Whose it is.
    pub profile_id: &'a ProfileId,
    /// Whether the profile is merely left alone, or not used for anything.
    pub kind: WindowKind,
    /// The class of models it is about; `None` for all.
    pub model_class: Option<&'a str>,
    /// The recorded reason.
    pub reason: &'a str,
    /// Its end; `None` when only another credential ends it.
    pub until: Option<Timestamp>,
}

/// What a window means for its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowKind {
    /// Left alone for a while.
    Cooldown,
    /// Not used for anything.
    Disabled,
}

impl WindowKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cooldown => "cooldown",
            Self::Disabled => "disabled",
        }
    }
}

impl Window<'_> {
    /// What is left of it.
    pub fn remaining(&self, now: Timestamp) -> Option<SignedDuration> {
        self.until.map(|until| until.duration_since(now))
    }
}

/// The open windows of all stored profiles, the first to end being the first.
pub fn open<'a>(
    snapshot: &'a Snapshot,
    state: &'a AuthState,
    references: References<'_>,
    now: Timestamp,
) -> Vec<Window<'a>> {
    let mut windows = Vec::new();
    for profile in snapshot.profiles.values() {
        let Some(remembered) = state.of(profile).filter(|state| is_about(state, profile, references)) else {
            continue;
        };
        let cooldowns = remembered.cooldowns.iter().map(|cooldown| Window {
            profile_id: &profile.id,
            kind: WindowKind::Cooldown,
            model_class: cooldown.model_class.as_deref(),
            reason: &cooldown.reason,
            until: Some(cooldown.until),
        });
        let disabled = remembered.disabled.iter().map(|disabled| Window {
            profile_id: &profile.id,
            kind: WindowKind::Disabled,
            model_class: None,
            reason: &disabled.reason,
            until: disabled.until,
        });
        windows
            .extend(cooldowns.chain(disabled).filter(|window| window.until.is_none_or(|until| until > now)));
    }
    windows.sort_by_key(|window| (window.until.is_none(), window.until));
    windows
}

/// Whether what is remembered is about the secret that a profile's reference leads to now.
fn is_about(state: &ProfileState, profile: &Profile, references: References<'_>) -> bool {
    let look = profile.credential.material().reference().map(|reference| references.look(reference));
    match &look {
        Some(Look::Found(secret, _)) => state.speaks_about(Some(secret)),
        _ => true,
    }
}

/// Whose windows are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose<'a> {
    /// Those of one profile, whatever their reason.
    One(&'a ProfileId),
    /// Those of every profile; what only another credential mends stays.
    All,
}

/// What closing windows did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Closed {
    /// Profiles of which something was forgotten.
    pub cleared: Vec<ProfileId>,
    /// Profiles that stay disabled because only another credential mends them.
    pub kept: Vec<ProfileId>,
}

/// Forgets windows, failures and refusals of the 1M window, and nothing else: verifications and last uses stay. Where there is nothing to forget,
/// nothing is written.
///
/// # Errors
/// When the state file cannot be written.
pub fn close(
    whose: Whose<'_>,
    snapshot: &Snapshot,
    file: &StateFile,
    clock: &dyn Clock,
) -> Result<Closed, StateError> {
    let profiles = || snapshot.profiles.values().filter(|profile| whose.is(&profile.id));
    let (state, _) = file.read(snapshot);
    let mut closed = Closed {
        cleared: Vec::new(),
        kept: profiles()
            .filter(|profile| whose.keeps_disabled(&state, profile))
            .map(|p| p.id.clone())
            .collect(),
    };
    // Looked at first without a lock, so that where nothing is to be done nothing is left behind.
    if !profiles().any(|profile| whose.has_something(&state, profile)) {
        return Ok(closed);
    }
    file.update(snapshot, clock, |state| {
        for profile in profiles() {
            if !whose.has_something(state, profile) {
                continue;
            }
            let keeps_disabled = whose.keeps_disabled(state, profile);
            let remembered = state.entry(profile);
            remembered.cooldowns.clear();
            remembered.context1m_refused.clear();
            remembered.error_count = 0;
            remembered.failure_counts.clear();
            if !keeps_disabled {
                remembered.disabled = None;
            }
            closed.cleared.push(profile.id.clone());
        }
        !closed.cleared.is_empty()
    })?;
    Ok(closed)
}

impl Whose<'_> {
    fn is(self, id: &ProfileId) -> bool {
        match self {
            Self::One(one) => one == id,
            Self::All => true,
        }
    }

    fn keeps(self, disabled: &Disabled) -> bool {
        self == Self::All && disabled.reason == PERMANENT
    }

    fn keeps_disabled(self, state: &AuthState, profile: &Profile) -> bool {
        state
            .of(profile)
            .and_then(|state| state.disabled.as_ref())
            .is_some_and(|disabled| self.keeps(disabled))
    }

    fn has_something(self, state: &AuthState, profile: &Profile) -> bool {
        state.of(profile).is_some_and(|state| {
            !state.cooldowns.is_empty()
                || !state.context1m_refused.is_empty()
                || state.error_count > 0
                || !state.failure_counts.is_empty()
                || state.disabled.as_ref().is_some_and(|disabled| !self.keeps(disabled))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::profile::{Credential, Material};
    use crate::clock::ManualClock;
    use crate::config::{Config, Paths};
    use crate::env::Env;
    use crate::secret::Secret;

    const STATE: &str = r#"{"version":1,"lastGood":{"anthropic":"anthropic:a"},"profiles":{
        "anthropic:a":{"lastUsed":5,"errorCount":2,"failureCounts":{"rate_limit":2},"verified":{"accepted":true,"at":5,"how":"probe"},
            "cooldowns":[{"modelClass":"opus","reason":"rate_limit","until":4102444800000},{"reason":"auth","until":1000}]},
        "anthropic:b":{"disabled":{"reason":"auth_permanent"},"novel":1},
        "anthropic:c":{"disabled":{"reason":"billing","until":4102444700000}},
        "anthropic:gone":{"errorCount":7}}}"#;

    struct World {
        dir: tempfile::TempDir,
        file: StateFile,
        snapshot: Snapshot,
        clock: ManualClock,
    }

    impl World {
        fn with(state: Option<&str>) -> Self {
            let mut snapshot = Snapshot::default();
            for name in ["a", "b", "c", "d"] {
                let id = ProfileId::new("anthropic", name).unwrap();
                let credential = Credential::ApiKey { key: Material::Value(Secret::new("FAKE")) };
                let profile =
                    Profile { id: id.clone(), credential, email: None, added_at: None, issuer: None };
                snapshot.profiles.insert(id, profile);
            }
            let dir = tempfile::tempdir().unwrap();
            let file = StateFile::in_dir(dir.path());
            if let Some(text) = state {
                let mut written = std::fs::File::create(file.path()).unwrap();
                std::io::Write::write_all(&mut written, text.as_bytes()).unwrap();
            }
            Self { dir, file, snapshot, clock: ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()) }
        }

        fn close(&self, whose: Whose<'_>) -> Closed {
            close(whose, &self.snapshot, &self.file, &self.clock).unwrap()
        }

        fn open(&self) -> Vec<String> {
            let (state, _) = self.file.read(&self.snapshot);
            let (env, config, paths) = (Env::default(), Config::default(), Paths::below("/home/u"));
            let references = References { env: &env, config: &config, paths: &paths };
            let windows = open(&self.snapshot, &state, references, self.clock.now());
            windows
                .iter()
                .map(|w| format!("{} {} {}", w.profile_id.name(), w.kind.as_str(), w.reason))
                .collect()
        }
    }

    fn id(name: &str) -> ProfileId {
        ProfileId::new("anthropic", name).unwrap()
    }

    #[test]
    fn open_windows_are_listed_by_their_end_and_ended_ones_are_not() {
        let world = World::with(Some(STATE));
        assert_eq!(
            world.open(),
            ["c disabled billing", "a cooldown rate_limit", "b disabled auth_permanent"]
        );
    }

    #[test]
    fn closing_all_keeps_what_only_another_credential_mends() {
        let world = World::with(Some(STATE));
        let closed = world.close(Whose::All);
        assert_eq!((closed.cleared, closed.kept), (vec![id("a"), id("c")], vec![id("b")]));
        assert_eq!(world.open(), ["b disabled auth_permanent"]);
        let again = world.close(Whose::All);
        assert_eq!((again.cleared, again.kept), (vec![], vec![id("b")]));
        assert_eq!(world.close(Whose::One(&id("b"))).cleared, [id("b")]);
        assert!(world.open().is_empty());
    }

    #[test]
    fn verification_last_use_and_what_is_about_others_stay() {
        let world = World::with(Some(STATE));
        world.close(Whose::One(&id("a")));
        let written: serde_json::Value =
            serde_json::from_slice(&std::fs::read(world.file.path()).unwrap()).unwrap();
        let a = &written["profiles"]["anthropic:a"];
        assert_eq!((&a["lastUsed"], &a["verified"]["how"]), (&5.into(), &"probe".into()));
        assert!(
            a.get("cooldowns").is_none() && a.get("errorCount").is_none() && a.get("failureCounts").is_none()
        );
        assert_eq!(written["profiles"]["anthropic:b"]["novel"], 1);
        assert_eq!(written["profiles"]["anthropic:gone"]["errorCount"], 7);
        assert_eq!(written["lastGood"]["anthropic"], "anthropic:a");
    }

    #[test]
    fn where_there_is_nothing_to_close_nothing_is_written() {
        let world = World::with(None);
        assert_eq!(world.close(Whose::All), Closed::default());
        assert_eq!(world.close(Whose::One(&id("a"))), Closed::default());
        assert_eq!(std::fs::read_dir(world.dir.path()).unwrap().count(), 0);
    }
}
