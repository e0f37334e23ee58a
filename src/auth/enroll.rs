//! Storing a new credential: which id it gets, and what becomes of one that is already there. No secret is ever dropped
//! without saying so: a free or matching id is used, another kind moves aside, and a replacement names both.

use super::order;
use super::profile::{Credential, CredentialType, EntryProblem, Expiry, Profile};
use super::profile_id::{ProfileId, ProfileIdError};
use super::state::{AuthState, StateFile};
use super::store::{AuthStore, Edited, Snapshot, StoreError, StoreFinding};
use crate::clock::Clock;
use crate::config::Config;

/// A credential to store.
#[derive(Debug, Clone)]
pub struct NewCredential {
    /// Whose it is.
    pub provider: String,
    /// The credential.
    pub credential: Credential,
    /// The id the user asked for.
    pub id: Option<ProfileId>,
    /// The name it usually gets when nobody asked for an id; without one `default`.
    pub usual_name: Option<String>,
    /// Whether that id may lose a credential of another kind.
    pub replace: bool,
    /// Whose it is.
    pub account: Account,
}

/// What a sign-in tells about its account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// E-mail address.
    pub email: Option<String>,
    /// Who issued a bearer token (`plan` or `console`).
    pub issuer: Option<String>,
    /// The registration an OAuth pair was issued to.
    pub client_id: Option<String>,
}

/// What storing it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// The id it is stored under.
    pub id: ProfileId,
    /// What changed.
    pub outcome: Outcome,
    /// The ids of an explicit order that leaves the profile out.
    pub excluded_by: Option<Vec<ProfileId>>,
    /// Why what was remembered of a replaced secret could not be cleared. It is void all the same.
    pub trouble: Option<String>,
}

/// What changed in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A new profile.
    Added,
    /// The same credential was there already; nothing was written.
    Unchanged,
    /// The same secret was there; when it ends is new.
    Dated,
    /// Another secret of the same id was replaced.
    Replaced {
        /// Masked form of the old one.
        old: String,
    },
}

/// A credential could not be stored; the store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    /// The id holds a credential of another kind.
    #[error("Profile \"{id}\" holds {}; storing {} there would lose it.", article(*.held), article(*.new))]
    OtherType {
        /// The id.
        id: ProfileId,
        /// What is there.
        held: CredentialType,
        /// What was to be stored.
        new: CredentialType,
    },
    /// The id holds an entry that cannot be read.
    #[error("Profile \"{id}\" holds an entry that cannot be read; storing a credential there would lose it.")]
    UnreadableEntry {
        /// The id.
        id: ProfileId,
    },
    /// The id belongs to another provider.
    #[error("Profile \"{id}\" is not one of {provider}.")]
    OtherProvider {
        /// The id.
        id: ProfileId,
        /// The provider of the credential.
        provider: String,
    },
    /// No id can be made for this provider.
    #[error(transparent)]
    Id(#[from] ProfileIdError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn article(kind: CredentialType) -> &'static str {
    match kind {
        CredentialType::ApiKey => "an API key",
        CredentialType::Token => "a token",
        CredentialType::OAuth => "an OAuth sign-in",
    }
}

/// Stores a credential under the id it should have, and clears what was remembered of one it replaces.
///
/// # Errors
/// See [`EnrollError`]; nothing is written then.
pub fn enroll(
    new: &NewCredential,
    store: &AuthStore,
    config: &Config,
    clock: &dyn Clock,
) -> Result<Enrolled, EnrollError> {
    let (id, outcome) = store.update(clock, |document| {
        let id = choose_id(new, |id| document.profile(id))?;
        let held = document.profile(&id).ok().flatten();
        let outcome = match &held {
            Some(held) if same_secret(&held.credential, &new.credential) => match new.credential.expires() {
                Expiry::Unknown => Outcome::Unchanged,
                end if end == held.credential.expires() => Outcome::Unchanged,
                _ => Outcome::Dated,
            },
            Some(held) => Outcome::Replaced { old: held.credential.material().shown() },
            None if document.contains(&id) => Outcome::Replaced { old: "an unreadable entry".to_owned() },
            None => Outcome::Added,
        };
        let profile = match (&outcome, held) {
            (Outcome::Unchanged, _) => return Ok((Edited::No, (id, outcome))),
            (Outcome::Dated, Some(held)) => Profile { credential: new.credential.clone(), ..held },
            _ => Profile {
                id: id.clone(),
                email: new.account.email.clone(),
                // A key does not age; a token's year is counted from here.
                added_at: (new.credential.kind() != CredentialType::ApiKey).then(|| clock.now()),
                issuer: new.account.issuer.clone(),
                credential: new.credential.clone(),
            },
        };
        document.put(&profile);
        if let Some(client_id) = &new.account.client_id {
            document.note(&profile.id, "clientId", client_id);
        }
        Ok::<_, EnrollError>((Edited::Yes, (id, outcome)))
    })?;
    // It is stored, so whatever goes wrong from here on is told beside that.
    let snapshot = match store.read() {
        Ok(snapshot) => snapshot,
        Err(error) => {
            let trouble = Some(error.to_string().trim_end_matches('.').to_owned());
            return Ok(Enrolled { excluded_by: None, trouble, id, outcome });
        }
    };
    let file = StateFile::in_dir(store.dir());
    let forget = |state: &mut AuthState| state.clear(&id);
    let cleared = match outcome {
        Outcome::Replaced { .. } => file.update(&snapshot, clock, forget),
        Outcome::Added | Outcome::Unchanged | Outcome::Dated => Ok(()),
    };
    Ok(Enrolled {
        excluded_by: excluded_by(&id, &snapshot, config, &file),
        trouble: cleared.err().map(|error| error.to_string()),
        id,
        outcome,
    })
}

/// Where a credential would go, for asking before it goes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The id.
    pub id: ProfileId,
    /// Masked form of another secret it holds, of whatever kind.
    pub holds: Option<String>,
    /// Whether that is a credential of another kind, or an entry that cannot be read.
    pub of_another_kind: bool,
    /// An id that is free.
    pub beside: ProfileId,
}

/// Tells where a credential would go, without storing it.
///
/// # Errors
/// When the store cannot be read, or the id is one of another provider.
pub fn destination(new: &NewCredential, store: &AuthStore) -> Result<Destination, EnrollError> {
    let snapshot = store.read()?;
    let held = |id: &ProfileId| held_in(&snapshot, id);
    let id = choose_id(&NewCredential { replace: true, ..new.clone() }, held)?;
    let (holds, of_another_kind) = match held(&id) {
        Ok(None) => (None, false),
        Ok(Some(profile)) if same_secret(&profile.credential, &new.credential) => (None, false),
        Ok(Some(profile)) => {
            let credential = &profile.credential;
            (Some(credential.material().shown()), credential.kind() != new.credential.kind())
        }
        Err(_) => (Some("an unreadable entry".to_owned()), true),
    };
    let beside = first_id(new, |id| matches!(held(id), Ok(None)))?;
    Ok(Destination { id, holds, of_another_kind, beside })
}

/// Whether a credential of this kind could be stored now, under this id if one is asked for: to be known before a secret
/// exists that would be lost.
///
/// # Errors
/// What storing it would fail with.
pub fn check(
    provider: &str,
    kind: CredentialType,
    id: Option<&ProfileId>,
    store: &AuthStore,
) -> Result<(), EnrollError> {
    let snapshot = store.read()?;
    if let Some(version) = snapshot.findings.iter().find_map(|finding| match finding {
        StoreFinding::NewerVersion(version) => Some(*version),
        _ => None,
    }) {
        return Err(StoreError::NewerVersion { path: store.path(), version }.into());
    }
    id.map_or(Ok(()), |id| admit(id, provider, kind, &held_in(&snapshot, id)))
}

fn held_in(snapshot: &Snapshot, id: &ProfileId) -> Result<Option<Profile>, EntryProblem> {
    match snapshot.ignored.iter().find(|entry| entry.id == id.as_str()) {
        Some(entry) => Err(entry.problem),
        None => Ok(snapshot.profiles.get(id).cloned()),
    }
}

/// Whether two credentials are of one kind and hold the same secret.
pub(super) fn same_secret(held: &Credential, new: &Credential) -> bool {
    let refresh = |credential: &Credential| match credential {
        Credential::OAuth { refresh, .. } => refresh.clone(),
        Credential::ApiKey { .. } | Credential::Token { .. } => None,
    };
    held.kind() == new.kind() && held.material() == new.material() && refresh(held) == refresh(new)
}

/// The ids of the explicit order that keeps a stored profile from use.
pub fn excluded_by(
    id: &ProfileId,
    snapshot: &Snapshot,
    config: &Config,
    file: &StateFile,
) -> Option<Vec<ProfileId>> {
    let (state, _) = file.read(snapshot);
    let ordered = order::order(id.provider(), snapshot, config, &state);
    let is_excluded = ordered.excluded.iter().any(|profile| profile.id == *id);
    is_excluded.then(|| ordered.profiles.iter().map(|profile| profile.id.clone()).collect())
}

fn choose_id(
    new: &NewCredential,
    held: impl Fn(&ProfileId) -> Result<Option<Profile>, EntryProblem>,
) -> Result<ProfileId, EnrollError> {
    let kind = new.credential.kind();
    let Some(id) = &new.id else {
        return first_id(new, |id| match held(id) {
            Ok(None) => true,
            Ok(Some(held)) => held.credential.kind() == kind,
            Err(_) => false,
        });
    };
    match admit(id, &new.provider, kind, &held(id)) {
        Err(EnrollError::UnreadableEntry { .. } | EnrollError::OtherType { .. }) if new.replace => {}
        admitted => admitted?,
    }
    Ok(id.clone())
}

/// Whether an id that was asked for may take a credential of this kind without losing one of another.
fn admit(
    id: &ProfileId,
    provider: &str,
    kind: CredentialType,
    held: &Result<Option<Profile>, EntryProblem>,
) -> Result<(), EnrollError> {
    let id = id.clone();
    match held {
        _ if id.provider() != provider => {
            Err(EnrollError::OtherProvider { id, provider: provider.to_owned() })
        }
        Err(_) => Err(EnrollError::UnreadableEntry { id }),
        Ok(Some(held)) if held.credential.kind() != kind => {
            Err(EnrollError::OtherType { id, held: held.credential.kind(), new: kind })
        }
        Ok(_) => Ok(()),
    }
}

/// The first of the usual ids that fits: the usual name, `default`, the kind's own name, and that with a number.
fn first_id(new: &NewCredential, fits: impl Fn(&ProfileId) -> bool) -> Result<ProfileId, EnrollError> {
    let aside = match new.credential.kind() {
        CredentialType::ApiKey => "api-key",
        CredentialType::Token => "token",
        CredentialType::OAuth => "oauth",
    };
    let usual = new.usual_name.clone().into_iter();
    let names = usual.chain(["default".to_owned(), aside.to_owned()]);
    for name in names.chain((2..).map(|n| format!("{aside}-{n}"))) {
        let id = ProfileId::new(&new.provider, &name)?;
        if fits(&id) {
            return Ok(id);
        }
    }
    // The names above never end.
    Err(EnrollError::Id(ProfileIdError))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::profile::{Expiry, Material};
    use crate::clock::ManualClock;
    use crate::config::{AgentId, Paths, SelectedAgent};
    use crate::env::Env;
    use crate::secret::Secret;

    struct World {
        dir: tempfile::TempDir,
        clock: ManualClock,
        config: Config,
    }

    impl World {
        fn new() -> Self {
            let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
            Self { dir: tempfile::tempdir().unwrap(), clock, config: Config::default() }
        }

        fn store(&self) -> AuthStore {
            let state = self.dir.path().to_str().unwrap().to_owned();
            let paths = Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", state)]), None).unwrap();
            let agent =
                SelectedAgent { id: AgentId::main(), dir: self.dir.path().join("agent"), is_default: true };
            AuthStore::of(&agent, &paths)
        }

        fn enroll(
            &self,
            credential: Credential,
            id: Option<&str>,
            replace: bool,
        ) -> Result<Enrolled, EnrollError> {
            let id = id.map(|id| id.parse().unwrap());
            let account = Account::default();
            let new = NewCredential {
                provider: "anthropic".into(),
                credential,
                id,
                usual_name: None,
                replace,
                account,
            };
            enroll(&new, &self.store(), &self.config, &self.clock)
        }

        fn secrets(&self) -> Vec<String> {
            let snapshot = self.store().read().unwrap();
            let shown =
                |p: &Profile| format!("{} {}", p.id, p.credential.material().secret().unwrap().expose());
            snapshot.profiles.values().map(shown).collect()
        }
    }

    fn key(text: &str) -> Credential {
        Credential::ApiKey { key: Material::Value(Secret::new(text)) }
    }

    fn token(text: &str) -> Credential {
        Credential::Token { token: Material::Value(Secret::new(text)), expires: Expiry::Unknown }
    }

    #[test]
    fn the_first_credential_is_the_default() {
        let world = World::new();
        let enrolled = world.enroll(key("one"), None, false).unwrap();
        assert_eq!((enrolled.id.as_str(), enrolled.outcome), ("anthropic:default", Outcome::Added));
    }

    #[test]
    fn the_same_again_writes_nothing() {
        let world = World::new();
        world.enroll(key("one"), None, false).unwrap();
        let written = std::fs::metadata(world.store().path()).unwrap().modified().unwrap();
        assert_eq!(world.enroll(key("one"), None, false).unwrap().outcome, Outcome::Unchanged);
        assert_eq!(std::fs::metadata(world.store().path()).unwrap().modified().unwrap(), written);
    }

    #[test]
    fn the_same_token_keeps_its_end_unless_a_new_one_is_said() {
        let world = World::new();
        let ending = |hours| Credential::Token {
            token: Material::Value(Secret::new("one")),
            expires: Expiry::At(world.clock.now() + jiff::SignedDuration::from_hours(hours)),
        };
        let stored = || world.store().read().unwrap().profiles[0].clone();
        world.enroll(ending(5), None, false).unwrap();
        let first = stored();
        world.clock.advance(std::time::Duration::from_secs(60));
        assert_eq!(world.enroll(token("one"), None, false).unwrap().outcome, Outcome::Unchanged);
        assert_eq!(stored(), first);
        assert_eq!(world.enroll(ending(7), None, false).unwrap().outcome, Outcome::Dated);
        assert_eq!((stored().credential, stored().added_at), (ending(6 + 1), first.added_at));
    }

    #[test]
    fn a_replaced_credential_takes_its_account_and_issuer_along() {
        let world = World::new();
        std::fs::create_dir_all(world.dir.path().join("agent")).unwrap();
        let mut file = std::fs::File::create(world.store().path()).unwrap();
        let text = r#"{"version":1,"profiles":{"anthropic:default":{"type":"token","provider":"anthropic","token":"old",
            "email":"old@example.com","clientId":"c","note":"kept","metadata":{"issuer":"console","label":"kept"}}}}"#;
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        world.enroll(token("new"), None, false).unwrap();
        let stored = world.store().read().unwrap().profiles[0].clone();
        assert_eq!((stored.email, stored.issuer), (None, None));
        let text = std::fs::read_to_string(world.store().path()).unwrap();
        assert!(!text.contains("clientId") && text.matches("kept").count() == 2, "{text}");
    }

    #[test]
    fn where_it_would_go_is_told_without_storing_it() {
        let world = World::new();
        world.enroll(key("one"), None, false).unwrap();
        let ask = |credential, id: Option<&str>| {
            let id = id.map(|id| id.parse().unwrap());
            let account = Account::default();
            let new = NewCredential {
                provider: "anthropic".into(),
                credential,
                id,
                usual_name: None,
                replace: false,
                account,
            };
            let to = destination(&new, &world.store()).unwrap();
            (to.id.name().to_owned(), to.holds, to.beside.name().to_owned())
        };
        let names = |id: &str, holds: Option<&str>, beside: &str| {
            (id.to_owned(), holds.map(str::to_owned), beside.to_owned())
        };
        assert_eq!(ask(key("one"), None), names("default", None, "api-key"));
        assert_eq!(ask(key("two"), None), names("default", Some("…"), "api-key"));
        assert_eq!(ask(token("two"), None), names("token", None, "token"));
        assert_eq!(ask(token("two"), Some("anthropic:default")), names("default", Some("…"), "token"));
        assert_eq!(world.secrets(), ["anthropic:default one"]);
    }

    #[test]
    fn another_secret_of_the_same_kind_replaces_and_says_so() {
        let world = World::new();
        world.enroll(key("sk-ant-api03-0000000000000old1"), None, false).unwrap();
        let enrolled = world.enroll(key("sk-ant-api03-0000000000000new1"), None, false).unwrap();
        assert_eq!(enrolled.outcome, Outcome::Replaced { old: "sk-ant-api03 …old1".into() });
        assert_eq!(world.secrets(), ["anthropic:default sk-ant-api03-0000000000000new1"]);
    }

    #[test]
    fn another_kind_goes_beside_and_keeps_the_first() {
        let world = World::new();
        world.enroll(key("one"), None, false).unwrap();
        assert_eq!(world.enroll(token("two"), None, false).unwrap().id.as_str(), "anthropic:token");
        assert_eq!(
            world.enroll(token("three"), None, false).unwrap().outcome,
            Outcome::Replaced { old: "…".into() }
        );
        world.enroll(token("four"), Some("anthropic:api-key"), false).unwrap();
        assert_eq!(
            world.secrets(),
            ["anthropic:default one", "anthropic:token three", "anthropic:api-key four"]
        );
    }

    #[test]
    fn when_every_usual_id_holds_another_kind_a_number_is_added() {
        let world = World::new();
        world.enroll(token("one"), None, false).unwrap();
        world.enroll(token("two"), Some("anthropic:api-key"), false).unwrap();
        assert_eq!(world.enroll(key("three"), None, false).unwrap().id.as_str(), "anthropic:api-key-2");
    }

    #[test]
    fn an_explicit_id_of_another_kind_needs_a_word() {
        let world = World::new();
        world.enroll(key("one"), Some("anthropic:work"), false).unwrap();
        let error = world.enroll(token("two"), Some("anthropic:work"), false).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Profile \"anthropic:work\" holds an API key; storing a token there would lose it."
        );
        let enrolled = world.enroll(token("two"), Some("anthropic:work"), true).unwrap();
        assert_eq!(enrolled.outcome, Outcome::Replaced { old: "…".into() });
        assert!(matches!(
            world.enroll(key("x"), Some("other:a"), true),
            Err(EnrollError::OtherProvider { .. })
        ));
    }

    #[test]
    fn an_entry_that_cannot_be_read_is_not_lost_either() {
        let world = World::new();
        std::fs::create_dir_all(world.dir.path().join("agent")).unwrap();
        let mut file = std::fs::File::create(world.store().path()).unwrap();
        let text =
            r#"{"version":1,"profiles":{"anthropic:default":{"type":"novel","provider":"anthropic"}}}"#;
        std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        assert_eq!(world.enroll(key("one"), None, false).unwrap().id.as_str(), "anthropic:api-key");
        let refused = world.enroll(key("one"), Some("anthropic:default"), false);
        assert!(matches!(refused, Err(EnrollError::UnreadableEntry { .. })));
        assert!(std::fs::read_to_string(world.store().path()).unwrap().contains("novel"));
    }

    #[test]
    fn replacing_a_secret_clears_what_was_remembered_of_the_old_one() {
        let world = World::new();
        world.enroll(key("one"), None, false).unwrap();
        let snapshot = world.store().read().unwrap();
        let old = snapshot.profiles[0].clone();
        let file = StateFile::in_dir(world.store().dir());
        let now = world.clock.now();
        file.update(&snapshot, &world.clock, |state| state.note_success(&old, "opus", now, now)).unwrap();
        world.enroll(key("two"), None, false).unwrap();
        let (state, _) = file.read(&world.store().read().unwrap());
        assert_eq!(state.of(&old), None);
    }

    #[test]
    fn an_order_that_leaves_it_out_is_named() {
        let mut world = World::new();
        world.enroll(key("one"), None, false).unwrap();
        world.config.auth.order.insert("anthropic".into(), vec!["anthropic:default".into()]);
        let enrolled = world.enroll(token("two"), None, false).unwrap();
        assert_eq!(enrolled.excluded_by.unwrap()[0].as_str(), "anthropic:default");
        world.config.auth.order.insert("anthropic".into(), vec!["anthropic:gone".into()]);
        let enrolled = world.enroll(token("three"), None, false).unwrap();
        assert_eq!(enrolled.excluded_by, None);
    }
}
