//! What is told of a change when something else fails after it.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::remove::Found;
use super::*;
use crate::anthropic::ContentBlock;
use crate::clock::ManualClock;
use crate::config::AgentId;
use crate::sessions::{ModelChoice, SessionsDir};

const STORE: &str = r#"{"version":1,"profiles":{
    "anthropic:a":{"type":"api_key","provider":"anthropic","key":"FAKE-a"},
    "anthropic:b":{"type":"api_key","provider":"anthropic","key":"FAKE-b"}}}"#;
const STATE: &str = r#"{"version":1,"lastGood":{"anthropic":"anthropic:a"}}"#;

/// Time in which the store breaks as soon as it was written: the next look at the clock tears it.
#[derive(Debug)]
struct Tearing {
    clock: ManualClock,
    store: PathBuf,
}

impl Tearing {
    fn look(&self) {
        if std::fs::read_to_string(&self.store).is_ok_and(|text| text != STORE) {
            write(&self.store, "{ torn");
        }
    }
}

impl Clock for Tearing {
    fn now(&self) -> Timestamp {
        self.look();
        self.clock.now()
    }

    fn steady(&self) -> Duration {
        self.look();
        self.clock.steady()
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}

fn write(path: &std::path::Path, text: &str) {
    crate::storage::replace(path, text.as_bytes(), crate::storage::Durability::Cached).unwrap();
}

/// Hands over a home whose store breaks behind the first write, with what was in it before.
fn in_a_tearing_house(config: &Config, test: impl FnOnce(&Holder<'_>, &Snapshot, &AuthState)) {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::below(dir.path());
    let selected = SelectedAgent { id: AgentId::main(), dir: dir.path().join("agent"), is_default: true };
    let store = AuthStore::of(&selected, &paths);
    std::fs::create_dir(&selected.dir).unwrap();
    write(&store.path(), STORE);
    write(&selected.dir.join("auth-state.json"), STATE);
    let clock = ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap());
    let clock = Tearing { clock, store: store.path() };
    let network = NetworkPolicy::LoopbackOnly;
    let env = Env::default();
    let holder = Holder {
        config,
        env: &env,
        selected: &selected,
        store: &store,
        paths: &paths,
        network,
        clock: &clock,
    };
    let (snapshot, state, _) = holder.read().unwrap();
    test(&holder, &snapshot, &state);
}

#[test]
fn a_credential_that_is_gone_is_told_as_gone_and_can_be_brought_back() {
    in_a_tearing_house(&Config::default(), |holder, snapshot, state| {
        let found = Found::find(holder, "anthropic:a", snapshot, state).unwrap();
        let report = found.remove(holder).unwrap();
        assert!(report.used_now.is_none());
        let warning = report.warnings.last().unwrap();
        assert!(warning.starts_with("What a request uses now cannot be told. "), "{warning}");
        // What it was removed from, once that can be written again.
        write(&holder.store.path(), &STORE.replace("anthropic:a", "anthropic:c"));
        let clock = ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap());
        remove::restore(&Holder { clock: &clock, ..*holder }, &report.kept).unwrap();
        assert!(std::fs::read_to_string(holder.store.path()).unwrap().contains("anthropic:a"));
    });
}

#[test]
fn a_credential_that_has_its_new_name_is_told_as_renamed_and_sessions_follow() {
    let config = crate::config::load::parse("{auth:{order:{anthropic:['anthropic:a']}}}").unwrap();
    in_a_tearing_house(&config, |holder, _, _| {
        let [old, new]: [ProfileId; 2] = ["anthropic:a", "anthropic:new"].map(|id| id.parse().unwrap());
        let sessions = SessionsDir::of(&holder.selected.id, holder.paths);
        let mut session = sessions.open("pinned".parse().unwrap()).unwrap();
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        session.choose(ModelChoice { model: None, profile: Some(old.clone()) }, now);
        session.begin_turn(vec![ContentBlock::text("hi")], None, now).unwrap();
        drop(session);
        let report = rename::rename(holder, &old, &new).unwrap();
        assert!(report.sentence().starts_with("Renamed anthropic:a to anthropic:new"));
        let told = |part: &str| report.warnings.iter().any(|warning| warning.contains(part));
        assert!(
            told("still names anthropic:a") && told("leaves anthropic:new out cannot be told"),
            "{report:?}"
        );
        let pinned = sessions.list().unwrap().remove(0).summary.unwrap().pinned_profile;
        assert_eq!(pinned, Some(new));
    });
}
