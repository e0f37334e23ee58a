//! Giving a credential another name, with everything that refers to it and all that is remembered of it.
//!
//! Store and state are two files, and a crash may fall between their writes. So, under the store's lock, what is
//! remembered is first copied to the new name, and then the store is replaced; the old name is dropped last. Whichever of
//! the two names the store has after a crash, everything remembered is there under it.

use super::neighbours::export;
use super::profile_id::ProfileId;
use super::state::StateFile;
use super::store::{AuthStore, Edited, StoreError};
use crate::clock::Clock;
use crate::config::Paths;

/// What renaming did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renamed {
    /// Whether anything was written.
    pub changed: bool,
    /// Why what is remembered could not be taken along.
    pub trouble: Option<String>,
    /// Why what was exported of it does not follow.
    pub export_trouble: Option<String>,
}

/// A credential could not be renamed; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RenameError {
    /// There is no such profile.
    #[error("No profile \"{id}\" is stored.")]
    NotStored {
        /// Its id.
        id: ProfileId,
    },
    /// There is an entry, but it is no credential.
    #[error("The entry \"{id}\" cannot be read; it keeps its name.")]
    Unreadable {
        /// Its id.
        id: ProfileId,
    },
    /// Something has that name already.
    #[error("\"{id}\" is taken; storing another credential there would lose it.")]
    Taken {
        /// The id.
        id: ProfileId,
    },
    /// A credential stays with its provider.
    #[error("\"{id}\" is not a name of {provider}; a credential stays with its provider.")]
    OtherProvider {
        /// The id.
        id: ProfileId,
        /// The provider of the credential.
        provider: String,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Renames a profile.
///
/// # Errors
/// See [`RenameError`]; nothing is written then.
pub fn rename(
    old: &ProfileId,
    new: &ProfileId,
    store: &AuthStore,
    paths: &Paths,
    clock: &dyn Clock,
) -> Result<Renamed, RenameError> {
    if old.provider() != new.provider() {
        return Err(RenameError::OtherProvider { id: new.clone(), provider: old.provider().to_owned() });
    }
    let before = store.read()?;
    // Looked at first without a lock, so that a mistake leaves nothing behind.
    let is_unreadable = |id: &ProfileId| before.ignored.iter().any(|entry| entry.id == id.as_str());
    match () {
        () if is_unreadable(old) => return Err(RenameError::Unreadable { id: old.clone() }),
        () if !before.profiles.contains_key(old) => return Err(RenameError::NotStored { id: old.clone() }),
        () if old == new => return Ok(Renamed::default()),
        () if is_unreadable(new) || before.profiles.contains_key(new) => {
            return Err(RenameError::Taken { id: new.clone() });
        }
        () => {}
    }
    let file = StateFile::in_dir(store.dir());
    let (copied, exported) = store.update(clock, |document| {
        match document.profile(old) {
            Ok(Some(_)) if document.contains(new) => return Err(RenameError::Taken { id: new.clone() }),
            Ok(Some(_)) => {}
            Ok(None) => return Err(RenameError::NotStored { id: old.clone() }),
            Err(_) => return Err(RenameError::Unreadable { id: old.clone() }),
        }
        // The store as it is under the lock, whose counters are where the state begins.
        let snapshot = store.read()?;
        let copied = file.update(&snapshot, clock, |state| state.begin_rename(old, new));
        let exported = export::begin_rename(store.dir(), old, new, paths, clock);
        document.rename(old, new);
        Ok((Edited::Yes, (copied, exported)))
    })?;
    let dropped = copied.and_then(|()| {
        // Without a file nothing is remembered, and none is to come into being.
        if !file.path().exists() {
            return Ok(());
        }
        file.update(&before, clock, |state| state.finish_rename(old, new))
    });
    let exported = exported.and_then(|()| export::finish_rename(store, old, new, paths, clock));
    Ok(Renamed {
        changed: true,
        trouble: dropped.err().map(|error| error.to_string()),
        export_trouble: exported.err().map(|error| error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::profile::Profile;
    use crate::clock::ManualClock;
    use crate::config::{AgentId, SelectedAgent};
    use crate::env::Env;

    const STORE: &str = r#"{"version":1,"profiles":{
        "anthropic:a":{"type":"api_key","provider":"anthropic","key":"FAKE-a"},
        "anthropic:b":{"type":"api_key","provider":"anthropic","key":"FAKE-b"},
        "anthropic:odd":7}}"#;
    const STATE: &str = r#"{"version":1,"lastGood":{"anthropic":"anthropic:a"},
        "profiles":{"anthropic:a":{"lastUsed":5,"errorCount":3}}}"#;

    struct World {
        dir: tempfile::TempDir,
        store: AuthStore,
        file: StateFile,
        clock: ManualClock,
    }

    impl World {
        fn with(store_text: &str, state_text: Option<&str>) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let agent =
                SelectedAgent { id: AgentId::main(), dir: dir.path().join("agent"), is_default: true };
            let paths = Paths::resolve(&Env::default(), Some(dir.path().to_owned())).unwrap();
            let store = AuthStore::of(&agent, &paths);
            let file = StateFile::in_dir(&agent.dir);
            std::fs::create_dir(&agent.dir).unwrap();
            write(&store.path(), store_text);
            if let Some(text) = state_text {
                write(&file.path(), text);
            }
            let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
            Self { dir, store, file, clock }
        }

        fn rename(&self, old: &str, new: &str) -> Result<Renamed, RenameError> {
            rename(&id(old), &id(new), &self.store, &Paths::below(self.dir.path()), &self.clock)
        }

        /// What is remembered of the profile of this name that is stored.
        fn errors_of(&self, name: &str) -> Option<u32> {
            let snapshot = self.store.read().unwrap();
            let profile: &Profile = snapshot.profiles.get(&id(name))?;
            let (state, _) = self.file.read(&snapshot);
            state.of(profile).map(|state| state.error_count)
        }
    }

    fn write(path: &std::path::Path, text: &str) {
        std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), text.as_bytes()).unwrap();
    }

    fn id(name: &str) -> ProfileId {
        ProfileId::new("anthropic", name).unwrap()
    }

    #[test]
    fn everything_goes_along_with_the_new_name() {
        let world = World::with(STORE, Some(STATE));
        assert_eq!(world.rename("a", "new").unwrap(), Renamed { changed: true, ..Renamed::default() });
        assert_eq!((world.errors_of("new"), world.errors_of("a")), (Some(3), None));
        let (state, _) = world.file.read(&world.store.read().unwrap());
        assert_eq!(state.last_good["anthropic"], "anthropic:new");
        assert!(!std::fs::read_to_string(world.file.path()).unwrap().contains("anthropic:a"));
    }

    #[test]
    fn a_crash_between_the_writes_loses_nothing_whichever_name_the_store_has() {
        let world = World::with(STORE, Some(STATE));
        let snapshot = world.store.read().unwrap();
        world.file.update(&snapshot, &world.clock, |state| state.begin_rename(&id("a"), &id("new"))).unwrap();
        assert_eq!(world.errors_of("a"), Some(3));
        write(&world.store.path(), &STORE.replace("anthropic:a", "anthropic:new"));
        assert_eq!(world.errors_of("new"), Some(3));
    }

    #[test]
    fn counters_of_the_typescript_store_go_along() {
        let stats =
            r#""usageStats":{"anthropic:a":{"errorCount":2,"cooldownUntil":4102444800000}},"version":1"#;
        let world = World::with(&STORE.replacen("\"version\":1", stats, 1), None);
        world.rename("a", "new").unwrap();
        assert_eq!(world.errors_of("new"), Some(2));
        assert!(
            std::fs::read_to_string(world.store.path())
                .unwrap()
                .contains("\"usageStats\": {\n    \"anthropic:new\"")
        );
    }

    #[test]
    fn without_anything_remembered_no_state_comes_into_being() {
        let world = World::with(STORE, None);
        world.rename("a", "new").unwrap();
        assert!(!world.file.path().exists());
    }

    #[test]
    fn trouble_with_what_is_remembered_does_not_stop_it() {
        let world = World::with(STORE, Some(STATE));
        std::fs::create_dir(world.store.dir().join("state.lock")).unwrap();
        assert!(world.rename("a", "new").unwrap().trouble.is_some());
        assert!(world.store.read().unwrap().profiles.contains_key(&id("new")));
    }

    #[test]
    fn names_that_cannot_be_are_refused_and_nothing_is_written() {
        let world = World::with(STORE, None);
        use RenameError as E;
        assert!(matches!(world.rename("gone", "new"), Err(E::NotStored { .. })));
        assert!(matches!(world.rename("odd", "new"), Err(E::Unreadable { .. })));
        assert!(matches!(world.rename("a", "b"), Err(E::Taken { .. })));
        assert!(matches!(world.rename("a", "odd"), Err(E::Taken { .. })));
        let other: ProfileId = "other:a".parse().unwrap();
        let refused = rename(&id("a"), &other, &world.store, &Paths::below(world.dir.path()), &world.clock);
        assert!(matches!(refused, Err(E::OtherProvider { .. })));
        assert_eq!(world.rename("a", "a").unwrap(), Renamed::default());
        assert_eq!(std::fs::read_to_string(world.store.path()).unwrap(), STORE);
        assert!(!world.store.dir().join("store.lock").exists());
    }
}
