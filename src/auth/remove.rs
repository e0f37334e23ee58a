//! Taking a credential out of a store, with what refers to it and what is remembered of it.

use super::neighbours::export::{self, Ended};
use super::profile::Profile;
use super::profile_id::ProfileId;
use super::state::ProfileState;
use super::state::StateFile;
use super::store::{AuthStore, Document, Edited, IgnoredEntry, Named, Snapshot, StoreError, Taken, shown_id};
use crate::clock::Clock;
use crate::config::Paths;

/// What a text names in a store.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target<'a> {
    /// A credential.
    Profile(&'a Profile),
    /// An entry that cannot be read.
    Unreadable(&'a IgnoredEntry),
}

/// What removing did besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Removed {
    /// Providers whose order named nothing else and was dropped with it.
    pub emptied_orders: Vec<String>,
    /// Why what was remembered of it could not be forgotten.
    pub trouble: Option<String>,
    /// What became of profiles of Anthropic's tools it was exported as.
    pub ended_exports: Vec<Ended>,
    /// Why those could not be ended.
    pub export_trouble: Option<String>,
    /// What brings it back.
    pub kept: Kept,
}

/// A credential that was removed, for as long as somebody may want it back.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    taken: Taken,
    id: Option<ProfileId>,
    state: Option<ProfileState>,
}

/// A credential did not come back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Something else has its name by now.
    #[error("Another credential has that name now; storing the old one there would lose it.")]
    NameTaken,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A credential could not be removed; the store is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// It is not what it was when it was looked at, or no longer there.
    #[error("The entry changed in the meantime.")]
    Changed,
    /// Several unreadable entries are shown alike.
    #[error("Several entries are shown by that name.")]
    Several,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds what a text names: a profile by its id, or an unreadable entry by its name or by what is shown of it.
pub fn find<'a>(text: &str, snapshot: &'a Snapshot) -> Option<Target<'a>> {
    if let Some(profile) = text.parse().ok().and_then(|id: ProfileId| snapshot.profiles.get(&id)) {
        return Some(Target::Profile(profile));
    }
    let shown = shown_id(text);
    let entry = snapshot.ignored.iter().find(|entry| entry.id == text || entry.id == shown)?;
    Some(Target::Unreadable(entry))
}

/// Removes what `text` names, provided that it still is what `target` shows. The store is written first: whatever stays
/// behind after a crash speaks about a secret that is gone, and is void for every other one.
///
/// # Errors
/// See [`RemoveError`]; nothing is written then.
pub fn remove(
    text: &str,
    target: Target<'_>,
    store: &AuthStore,
    paths: &Paths,
    clock: &dyn Clock,
) -> Result<Removed, RemoveError> {
    let (taken, emptied_orders, mut left) = store.update(clock, |document| {
        let name = match document.named(text) {
            Named::Entry(name) if is_still(target, &name, document) => name,
            Named::Several => return Err(RemoveError::Several),
            Named::Entry(_) | Named::None => return Err(RemoveError::Changed),
        };
        let taken = document.keep(&name).ok_or(RemoveError::Changed)?;
        // Read now: once it is gone, nothing may fail any more.
        let snapshot = store.read()?;
        Ok((Edited::Yes, (taken, document.remove(&name), snapshot)))
    })?;
    let id = text.parse::<ProfileId>().ok();
    let mut remembered = None;
    let forgotten = match &id {
        Some(id) => {
            left.profiles.shift_remove(id);
            StateFile::in_dir(store.dir()).update(&left, clock, |state| {
                if let Target::Profile(profile) = target {
                    remembered = state.of(profile).cloned();
                }
                state.forget(id)
            })
        }
        None => Ok(()),
    };
    let ended = match target {
        Target::Profile(profile) => export::end(store.dir(), profile, paths, clock),
        Target::Unreadable(_) => Ok(Vec::new()),
    };
    let (ended_exports, export_trouble) = match ended {
        Ok(ended) => (ended, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let trouble = forgotten.err().map(|error| error.to_string());
    let kept = Kept { taken, id, state: remembered };
    Ok(Removed { emptied_orders, trouble, ended_exports, export_trouble, kept })
}

/// Brings a credential back, with its places in orders and what was remembered of it. What was exported of it stays away.
///
/// # Errors
/// See [`RestoreError`]; nothing is written then.
pub fn restore(kept: &Kept, store: &AuthStore, clock: &dyn Clock) -> Result<(), RestoreError> {
    let (before, profile) = store.update(clock, |document| {
        // Read now: once it is back, nothing may fail any more.
        let before = store.read()?;
        if !document.put_back(&kept.taken) {
            return Err(RestoreError::NameTaken);
        }
        let profile = kept.id.as_ref().and_then(|id| document.profile(id).ok().flatten());
        Ok((Edited::Yes, (before, profile)))
    })?;
    let Some((profile, remembered)) = profile.zip(kept.state.clone()) else { return Ok(()) };
    let noted = StateFile::in_dir(store.dir()).update(&before, clock, |state| {
        *state.entry(&profile) = remembered;
        true
    });
    if let Err(error) = noted {
        tracing::warn!(%error, "what was remembered of a credential did not come back with it");
    }
    Ok(())
}

fn is_still(target: Target<'_>, name: &str, document: &Document) -> bool {
    let held = name.parse().ok().and_then(|id: ProfileId| document.profile(&id).ok().flatten());
    match target {
        Target::Profile(profile) => held.as_ref() == Some(profile),
        Target::Unreadable(_) => held.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::config::{AgentId, SelectedAgent};
    use crate::env::Env;

    const STORE: &str = r#"{"version":1,"future":[1.50],"profiles":{
        "anthropic:a":{"type":"api_key","provider":"anthropic","key":"FAKE-a"},
        "anthropic:b":{"type":"api_key","provider":"anthropic","key":"FAKE-b"},
        "odd\u0007":7},"order":{"anthropic":["anthropic:a"]}}"#;
    const STATE: &str = r#"{"version":1,"lastGood":{"anthropic":"anthropic:a"},
        "profiles":{"anthropic:a":{"lastUsed":5},"anthropic:b":{"lastUsed":6}}}"#;

    struct World {
        dir: tempfile::TempDir,
        store: AuthStore,
        state: std::path::PathBuf,
        clock: ManualClock,
    }

    impl World {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let agent =
                SelectedAgent { id: AgentId::main(), dir: dir.path().join("agent"), is_default: true };
            let paths = Paths::resolve(&Env::default(), Some(dir.path().to_owned())).unwrap();
            let store = AuthStore::of(&agent, &paths);
            std::fs::create_dir(&agent.dir).unwrap();
            let state = agent.dir.join("auth-state.json");
            write(&store.path(), STORE);
            write(&state, STATE);
            Self { dir, store, state, clock: ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()) }
        }

        fn remove(&self, text: &str) -> Result<Removed, RemoveError> {
            let snapshot = self.store.read().unwrap();
            remove(
                text,
                find(text, &snapshot).unwrap(),
                &self.store,
                &Paths::below(self.dir.path()),
                &self.clock,
            )
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.store.path()).unwrap()
        }
    }

    fn write(path: &std::path::Path, text: &str) {
        std::io::Write::write_all(&mut std::fs::File::create(path).unwrap(), text.as_bytes()).unwrap();
    }

    #[test]
    fn a_profile_goes_with_its_order_and_with_what_is_remembered_of_it() {
        let world = World::new();
        let removed = world.remove("anthropic:a").unwrap();
        assert_eq!((removed.emptied_orders, removed.trouble), (vec!["anthropic".to_owned()], None));
        let text = world.text();
        assert!(
            !text.contains("anthropic:a") && !text.contains("order") && text.contains("[1.50]"),
            "{text}"
        );
        let state = std::fs::read_to_string(&world.state).unwrap();
        assert!(!state.contains("anthropic:a") && state.contains("anthropic:b"), "{state}");
    }

    #[test]
    fn an_entry_that_cannot_be_read_goes_by_what_is_shown_of_its_name() {
        let world = World::new();
        world.remove("odd").unwrap();
        assert!(!world.text().contains("odd") && world.text().contains("FAKE-a"));
        assert_eq!(find("odd", &world.store.read().unwrap()), None);
    }

    #[test]
    fn what_was_removed_comes_back_at_its_place_with_its_order_and_its_state() {
        let world = World::new();
        let before = (world.store.read().unwrap(), std::fs::read_to_string(&world.state).unwrap());
        let removed = world.remove("anthropic:a").unwrap();
        assert!(!format!("{removed:?}").contains("FAKE-a"));
        restore(&removed.kept, &world.store, &world.clock).unwrap();
        let after = world.store.read().unwrap();
        assert_eq!(before.0.profiles.as_slice(), after.profiles.as_slice());
        assert_eq!(before.0.order, after.order);
        let state = StateFile::in_dir(world.store.dir()).read(&after).0;
        assert!(state.of(&after.profiles[0]).unwrap().last_used.is_some());
        let again = restore(&removed.kept, &world.store, &world.clock);
        assert!(matches!(again, Err(RestoreError::NameTaken)));
    }

    #[test]
    fn into_an_order_that_changed_meanwhile_it_comes_last() {
        let world = World::new();
        let removed = world.remove("anthropic:a").unwrap();
        let b: ProfileId = "anthropic:b".parse().unwrap();
        crate::auth::reorder::set("anthropic", &[b], &world.store, &world.clock).unwrap();
        restore(&removed.kept, &world.store, &world.clock).unwrap();
        assert_eq!(world.store.read().unwrap().order["anthropic"], ["anthropic:b", "anthropic:a"]);
    }

    #[test]
    fn what_changed_since_it_was_looked_at_stays() {
        let world = World::new();
        let before = world.store.read().unwrap();
        let target = |text| find(text, &before).unwrap();
        let replaced = STORE.replace("FAKE-a", "FAKE-new");
        write(&world.store.path(), &replaced);
        let refused = remove(
            "anthropic:a",
            target("anthropic:a"),
            &world.store,
            &Paths::below(world.dir.path()),
            &world.clock,
        );
        assert!(matches!(refused, Err(RemoveError::Changed)));
        write(&world.store.path(), r#"{"profiles":{}}"#);
        let refused =
            remove("odd", target("odd"), &world.store, &Paths::below(world.dir.path()), &world.clock);
        assert!(matches!(refused, Err(RemoveError::Changed)));
        assert_eq!(world.text(), r#"{"profiles":{}}"#);
    }

    #[test]
    fn trouble_with_what_is_remembered_does_not_keep_it() {
        let world = World::new();
        std::fs::create_dir(world.store.dir().join("state.lock")).unwrap();
        assert!(world.remove("anthropic:b").unwrap().trouble.is_some());
        assert!(!world.text().contains("FAKE-b"));
    }
}
