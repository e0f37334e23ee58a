//! `fased models auth rename`: the name changes, and everything that belongs to it goes along.

use serde_json::json;

use crate::support::{NOW, Session, TestEnv, key, snapshot};

const STORE: &str = "agents/main/agent/auth-profiles.json";
const STATE: &str = "agents/main/agent/auth-state.json";

fn rename<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["models", "auth", "rename"].into_iter().chain(more.iter().copied()).collect()
}

fn with_some() -> TestEnv {
    let env = TestEnv::new();
    let until = NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + 47_000;
    let entry = |name: &str| json!({"type": "api_key", "provider": "anthropic", "key": key(name, "x3Qw")});
    let store = json!({"version": 1, "profiles": {"anthropic:a": entry("a"), "anthropic:b": entry("b"), "anthropic:odd": 7},
        "lastGood": {"anthropic": "anthropic:a"}, "order": {"anthropic": ["anthropic:a", "anthropic:b"]}});
    env.write(STORE, &store.to_string());
    let state = json!({"version": 1, "lastGood": {"anthropic": "anthropic:a"}, "profiles": {
        "anthropic:a": {"lastUsed": until - 60_000, "cooldowns": [{"reason": "rate_limit", "until": until}]}}});
    env.write(STATE, &state.to_string());
    env
}

#[test]
fn everything_goes_along() {
    let env = with_some();
    let mut session = Session::default();
    session.add(env.fased(rename(&["anthropic:a", "anthropic:team"])).exits(0));
    session.add(env.fased(["models", "auth", "list"]).exits(0));
    session.add(env.fased(["models", "auth", "cooldown", "list"]).exits(0));
    session.add(env.fased(rename(&["anthropic:team", "anthropic:team"])).exits(0));
    for text in [env.state(STORE), env.state(STATE)].map(|path| std::fs::read_to_string(path).unwrap()) {
        assert!(!text.contains("anthropic:a\"") && text.contains("anthropic:team"), "{text}");
    }
    snapshot!("auth_rename", session);
}

#[test]
fn scripts_get_one_document() {
    let env = with_some();
    let mut session = Session::default();
    session.add(env.fased(rename(&["anthropic:a", "anthropic:team", "--json"])).exits(0));
    session.add(env.fased(rename(&["anthropic:team", "anthropic:team", "--json"])).exits(0));
    session.add(env.fased(rename(&["anthropic:a", "anthropic:team", "--json"])).exits(64));
    snapshot!("auth_rename_json", session);
}

#[test]
fn a_config_that_names_the_old_one_is_pointed_out_and_left_alone() {
    let env = with_some();
    let mut store = env.store_json("main");
    store.as_object_mut().unwrap().remove("order");
    env.write(STORE, &store.to_string());
    let config = "{ auth: { order: { anthropic: ['anthropic:a', 'anthropic:b'] }, profiles: { 'anthropic:a': { provider: 'anthropic' } } } }";
    env.write("fased.json", config);
    let renamed = env.fased(rename(&["anthropic:a", "anthropic:team"]));
    let line = renamed
        .exits(0)
        .stderr
        .lines()
        .find_map(|line| line.split_once("order of its own: fased "))
        .unwrap()
        .1;
    env.fased(line.split(' ')).exits(0);
    let mut session = Session::default();
    session.add(&renamed);
    session.add(env.fased(["models", "auth", "order", "get", "--provider", "anthropic"]).exits(0));
    assert_eq!(std::fs::read_to_string(env.state("fased.json")).unwrap(), config);
    snapshot!("auth_rename_config", session);
}

#[test]
fn names_that_cannot_be_are_refused_and_nothing_is_written() {
    let env = with_some();
    let before = env.contents();
    let mut session = Session::default();
    for more in [
        &["anthropic:gone", "anthropic:new"] as &[&str],
        &["anthropic:a", "anthropic:b"],
        &["anthropic:a", "anthropic:odd"],
        &["anthropic:odd", "anthropic:new"],
        &["anthropic:a", "openrouter:a"],
        &["anthropic:a", "new"],
        &["anthropic:a", "anthropic:../x"],
        &["anthropic:a"],
    ] {
        session.add(env.fased(rename(more)).exits(64));
    }
    assert!(env.contents() == before);
    snapshot!("auth_rename_refused", session);
}
