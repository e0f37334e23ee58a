//! Copying credentials from one agent to another, on purpose and only then. Keys, tokens and references are copied as
//! they stand, fields we do not know included. A sign-in is not: its refresh token works once, so two copies would put
//! each other out of use.

use super::ProfileId;
use super::profile::CredentialType;
use super::store::{AuthStore, Edited, StoreError};
use super::wording::ProfileLabel;
use crate::clock::Clock;

/// What copying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Profiles the other agent has now, too.
    pub profiles: Vec<ProfileLabel>,
    /// Sign-ins, which were not copied.
    pub sign_ins: Vec<ProfileId>,
    /// Ids under which the other agent holds another credential already; it was kept.
    pub kept: Vec<ProfileId>,
    /// Entries that cannot be read, and so were not copied.
    pub unreadable: usize,
}

/// Copies what can be copied, and the order without the ids the other agent does not have. What it holds already stays.
///
/// # Errors
/// When one of the stores cannot be used; nothing is copied then.
pub fn copy(from: &AuthStore, to: &AuthStore, clock: &dyn Clock) -> Result<Copied, StoreError> {
    let source = from.document()?;
    let order = from.read()?.order;
    to.update(clock, |target| {
        let mut copied = Copied::default();
        let mut edited = Edited::No;
        for entry in source.entries() {
            let Ok(profile) = &entry.profile else {
                copied.unreadable += 1;
                continue;
            };
            if profile.credential.kind() == CredentialType::OAuth {
                copied.sign_ins.push(profile.id.clone());
                continue;
            }
            match target.profile(&profile.id) {
                Ok(None) => {
                    target.take(&profile.id, &entry);
                    edited = Edited::Yes;
                }
                Ok(Some(held)) if held.credential == profile.credential => {}
                Ok(Some(_)) | Err(_) => {
                    copied.kept.push(profile.id.clone());
                    continue;
                }
            }
            copied.profiles.push(ProfileLabel::of(profile));
        }
        for (provider, ids) in &order {
            let there: Vec<&str> = ids
                .iter()
                .filter(|id| id.parse::<ProfileId>().is_ok_and(|id| target.contains(&id)))
                .map(String::as_str)
                .collect();
            if !there.is_empty() && target.add_order(provider, &there) {
                edited = Edited::Yes;
            }
        }
        Ok((edited, copied))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::config::{AgentId, Paths, SelectedAgent};
    use crate::env::Env;

    struct World {
        dir: tempfile::TempDir,
        clock: ManualClock,
    }

    impl World {
        fn new(main: &str) -> Self {
            let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
            let world = Self { dir: tempfile::tempdir().unwrap(), clock };
            world.write("main", main);
            world
        }

        fn store(&self, agent: &str) -> AuthStore {
            let state = self.dir.path().to_str().unwrap().to_owned();
            let paths = Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", state)]), None).unwrap();
            let id: AgentId = agent.parse().unwrap();
            AuthStore::of(&SelectedAgent { dir: paths.agent_dir(&id), id, is_default: false }, &paths)
        }

        fn write(&self, agent: &str, text: &str) {
            let store = self.store(agent);
            crate::storage::create_private_dir(store.dir()).unwrap();
            let cached = crate::storage::Durability::Cached;
            crate::storage::replace(&store.path(), text.as_bytes(), cached).unwrap();
        }

        fn copy(&self) -> Result<Copied, StoreError> {
            copy(&self.store("main"), &self.store("work"), &self.clock)
        }

        fn text(&self, agent: &str) -> String {
            std::fs::read_to_string(self.store(agent).path()).unwrap()
        }
    }

    const MAIN: &str = r#"{"version":1,"profiles":{
        "anthropic:key":{"type":"api_key","provider":"anthropic","key":"FAKE-key","note":{"b":1.50,"a":2}},
        "anthropic:me":{"type":"oauth","provider":"anthropic","access":"FAKE-access","refresh":"FAKE-refresh"},
        "anthropic:ref":{"type":"token","provider":"anthropic","tokenRef":{"source":"env","id":"X"}},
        "other:key":{"type":"api_key","provider":"other","apiKey":"FAKE-other"},
        "anthropic:odd":{"type":"hologram","provider":"anthropic"}},
        "order":{"anthropic":["anthropic:me","anthropic:ref","anthropic:gone","anthropic:key"],"other":[]},
        "lastGood":{"anthropic":"anthropic:key"}}"#;

    fn ids(ids: &[ProfileId]) -> Vec<&str> {
        ids.iter().map(ProfileId::as_str).collect()
    }

    #[test]
    fn keys_tokens_and_references_are_copied_as_they_stand_and_sign_ins_are_named() {
        let world = World::new(MAIN);
        let copied = world.copy().unwrap();
        let profiles: Vec<&str> = copied.profiles.iter().map(|it| it.profile_id.as_str()).collect();
        assert_eq!(profiles, ["anthropic:key", "anthropic:ref", "other:key"]);
        assert_eq!((ids(&copied.sign_ins), copied.unreadable), (vec!["anthropic:me"], 1));
        let text = world.text("work");
        assert!(text.contains(r#"{"b":1.50,"a":2}"#) && text.contains(r#""apiKey":"FAKE-other""#), "{text}");
        assert!(!text.contains("FAKE-access") && !text.contains("lastGood"), "{text}");
        let snapshot = world.store("work").read().unwrap();
        assert_eq!(snapshot.order.len(), 1);
        assert_eq!(snapshot.order["anthropic"], ["anthropic:ref", "anthropic:key"]);
        assert_eq!(world.text("main"), MAIN);
    }

    #[test]
    fn copying_again_changes_nothing() {
        let world = World::new(MAIN);
        let first = world.copy().unwrap();
        let written = world.text("work");
        assert_eq!(world.copy().unwrap(), first);
        assert_eq!(world.text("work"), written);
    }

    #[test]
    fn what_the_other_agent_holds_is_kept() {
        let world = World::new(MAIN);
        let own = r#"{"version":1,"profiles":{"anthropic:key":{"type":"api_key","provider":"anthropic","key":"FAKE-own"}},
            "order":{"Anthropic":["anthropic:key"]}}"#;
        world.write("work", own);
        let copied = world.copy().unwrap();
        assert_eq!((ids(&copied.kept), copied.profiles.len()), (vec!["anthropic:key"], 2));
        let text = world.text("work");
        assert!(text.contains("FAKE-own") && !text.contains("FAKE-key"), "{text}");
        assert_eq!(world.store("work").read().unwrap().order["anthropic"], ["anthropic:key"]);
    }

    #[test]
    fn an_empty_store_is_not_created_for_nothing() {
        let world = World::new(r#"{"version":1,"profiles":{}}"#);
        assert_eq!(world.copy().unwrap(), Copied::default());
        assert!(!world.store("work").path().exists());
    }

    #[test]
    fn a_store_that_cannot_be_read_copies_nothing() {
        for text in ["{", r#"{"version":2,"profiles":{}}"#] {
            let world = World::new(text);
            world.copy().unwrap_err();
            assert!(!world.store("work").path().exists());
        }
    }
}
