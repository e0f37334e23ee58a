//! Changing the agent's own order of a provider's profiles, which is kept in its store.

use std::path::PathBuf;

use super::profile_id::ProfileId;
use super::store::{AuthStore, Document, Edited, Snapshot, StoreError, UnusableSection};
use crate::clock::Clock;

/// What setting an order did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reordered {
    /// Whether anything was written.
    pub changed: bool,
    /// The agent's own order before, ids as they stood.
    pub previous: Option<Vec<String>>,
    /// Stored profiles of the provider that the order leaves out, and which therefore are not used.
    pub left_out: Vec<ProfileId>,
}

/// An order could not be changed; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReorderError {
    /// There is no such profile.
    #[error("No profile \"{id}\" is stored.")]
    NotStored {
        /// Its id.
        id: ProfileId,
    },
    /// There is an entry, but it is no credential.
    #[error("The entry \"{id}\" cannot be read, so nothing can use it.")]
    Unreadable {
        /// Its id.
        id: ProfileId,
    },
    /// The profile belongs to another provider.
    #[error("Profile \"{id}\" is not one of {provider}.")]
    OtherProvider {
        /// Its id.
        id: ProfileId,
        /// The provider whose order it is.
        provider: String,
    },
    /// A profile is named twice.
    #[error("Profile \"{id}\" is named twice.")]
    Twice {
        /// Its id.
        id: ProfileId,
    },
    /// The store's `order` is no lists by provider.
    #[error("`order` in `{path}` has a form that cannot be changed; it was left as it is.")]
    UnusableOrder {
        /// The store.
        path: PathBuf,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Sets the agent's own order of a provider. The same order again writes nothing.
///
/// # Errors
/// See [`ReorderError`]; nothing is written then.
pub fn set(
    provider: &str,
    ids: &[ProfileId],
    store: &AuthStore,
    clock: &dyn Clock,
) -> Result<Reordered, ReorderError> {
    // Looked at first without a lock, so that a mistake leaves nothing behind, not even the lock's file.
    let snapshot = store.read()?;
    check(provider, ids, |id| held_in(&snapshot, id))?;
    let left_out = stored(provider, &snapshot).filter(|id| !ids.contains(id)).cloned().collect();
    let is_same = |order: &Option<Vec<String>>| {
        order.as_ref().is_some_and(|order| order.iter().eq(ids.iter().map(ProfileId::as_str)))
    };
    let previous = snapshot.order.get(provider).cloned();
    if is_same(&previous) {
        return Ok(Reordered { changed: false, previous, left_out });
    }
    let (changed, previous) = store.update(clock, |document| {
        check(provider, ids, |id| held_by(document, id))?;
        let previous = document.order_of(provider);
        if is_same(&previous) {
            return Ok((Edited::No, (false, previous)));
        }
        document.set_order(provider, ids).map_err(|UnusableSection| unusable(store))?;
        Ok::<_, ReorderError>((Edited::Yes, (true, previous)))
    })?;
    Ok(Reordered { changed, previous, left_out })
}

/// Drops the agent's own order of a provider and returns what it was; `None` when there was none.
///
/// # Errors
/// When the store refuses.
pub fn clear(
    provider: &str,
    store: &AuthStore,
    clock: &dyn Clock,
) -> Result<Option<Vec<String>>, ReorderError> {
    if !store.read()?.order.contains_key(provider) {
        return Ok(None);
    }
    store.update(clock, |document| {
        let previous = document.order_of(provider);
        let cleared = document.clear_order(provider).map_err(|UnusableSection| unusable(store))?;
        Ok((if cleared { Edited::Yes } else { Edited::No }, previous))
    })
}

fn unusable(store: &AuthStore) -> ReorderError {
    ReorderError::UnusableOrder { path: store.path() }
}

/// The profiles of a provider, in the file's order.
fn stored<'a>(provider: &str, snapshot: &'a Snapshot) -> impl Iterator<Item = &'a ProfileId> {
    snapshot.profiles.keys().filter(move |id| id.provider() == provider)
}

/// What there is under an id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Profile,
    Unreadable,
    Nothing,
}

fn held_in(snapshot: &Snapshot, id: &ProfileId) -> Held {
    match () {
        () if snapshot.profiles.contains_key(id) => Held::Profile,
        () if snapshot.ignored.iter().any(|entry| entry.id == id.as_str()) => Held::Unreadable,
        () => Held::Nothing,
    }
}

fn held_by(document: &Document, id: &ProfileId) -> Held {
    match document.profile(id) {
        Ok(Some(_)) => Held::Profile,
        Ok(None) => Held::Nothing,
        Err(_) => Held::Unreadable,
    }
}

fn check(provider: &str, ids: &[ProfileId], held: impl Fn(&ProfileId) -> Held) -> Result<(), ReorderError> {
    for (place, id) in ids.iter().enumerate() {
        if id.provider() != provider {
            return Err(ReorderError::OtherProvider { id: id.clone(), provider: provider.to_owned() });
        }
        match held(id) {
            Held::Profile if ids[..place].contains(id) => return Err(ReorderError::Twice { id: id.clone() }),
            Held::Profile => {}
            Held::Unreadable => return Err(ReorderError::Unreadable { id: id.clone() }),
            Held::Nothing => return Err(ReorderError::NotStored { id: id.clone() }),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::config::{AgentId, Paths, SelectedAgent};
    use crate::env::Env;

    const STORE: &str = r#"{"version":1,"profiles":{
        "anthropic:a":{"type":"api_key","provider":"anthropic","key":"FAKE-a"},
        "anthropic:b":{"type":"api_key","provider":"anthropic","key":"FAKE-b"},
        "anthropic:odd":7,
        "other:x":{"type":"api_key","provider":"other","key":"FAKE-x"}}}"#;

    struct World {
        dir: tempfile::TempDir,
        store: AuthStore,
        clock: ManualClock,
    }

    impl World {
        fn with(text: Option<&str>) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let agent =
                SelectedAgent { id: AgentId::main(), dir: dir.path().join("agent"), is_default: true };
            let paths = Paths::resolve(&Env::default(), Some(dir.path().to_owned())).unwrap();
            let store = AuthStore::of(&agent, &paths);
            if let Some(text) = text {
                std::fs::create_dir(&agent.dir).unwrap();
                let mut file = std::fs::File::create(store.path()).unwrap();
                std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
            }
            Self { dir, store, clock: ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()) }
        }

        fn set(&self, names: &[&str]) -> Result<Reordered, ReorderError> {
            let ids: Vec<ProfileId> = names.iter().map(|id| id.parse().unwrap()).collect();
            set("anthropic", &ids, &self.store, &self.clock)
        }

        fn text(&self) -> String {
            std::fs::read_to_string(self.store.path()).unwrap()
        }
    }

    #[test]
    fn an_order_is_set_once_says_whom_it_leaves_out_and_can_be_cleared() {
        let world = World::with(Some(STORE));
        let first = world.set(&["anthropic:b"]).unwrap();
        assert_eq!((first.changed, first.previous, first.left_out.len()), (true, None, 1));
        assert_eq!(world.store.read().unwrap().order["anthropic"], ["anthropic:b"]);
        let written = world.text();
        let again = world.set(&["anthropic:b"]).unwrap();
        assert_eq!((again.changed, again.previous), (false, Some(vec!["anthropic:b".to_owned()])));
        assert_eq!(world.text(), written);
        let cleared = clear("anthropic", &world.store, &world.clock).unwrap();
        assert_eq!(cleared, Some(vec!["anthropic:b".to_owned()]));
        assert!(!world.text().contains("order"));
        assert_eq!(clear("anthropic", &world.store, &world.clock).unwrap(), None);
    }

    #[test]
    fn an_order_that_makes_no_sense_is_refused_and_leaves_nothing_behind() {
        let world = World::with(Some(STORE));
        use ReorderError as E;
        assert!(
            matches!(world.set(&["anthropic:a", "anthropic:gone"]), Err(E::NotStored { id }) if id.name() == "gone")
        );
        assert!(matches!(world.set(&["anthropic:odd"]), Err(E::Unreadable { .. })));
        assert!(matches!(world.set(&["other:x"]), Err(E::OtherProvider { .. })));
        assert!(matches!(world.set(&["anthropic:a", "anthropic:a"]), Err(E::Twice { .. })));
        assert_eq!(world.text(), STORE);
        assert!(!world.dir.path().join("agent/store.lock").exists());

        let empty = World::with(None);
        assert!(matches!(empty.set(&["anthropic:a"]), Err(E::NotStored { .. })));
        assert_eq!(clear("anthropic", &empty.store, &empty.clock).unwrap(), None);
        assert!(!empty.dir.path().join("agent").exists());
    }

    #[test]
    fn a_section_of_another_form_is_left_as_it_is() {
        let odd = STORE.replacen("{\"version\":1", "{\"order\":\"x\",\"version\":1", 1);
        let world = World::with(Some(&odd));
        assert!(matches!(world.set(&["anthropic:a"]), Err(ReorderError::UnusableOrder { .. })));
        assert_eq!(world.text(), odd);
    }
}
