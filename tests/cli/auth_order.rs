//! `fased models auth order`: an agent's own order, where it comes from, and what it leaves out.

use serde_json::json;

use crate::support::{Session, TestEnv, key, snapshot};

const STORE: &str = "agents/main/agent/auth-profiles.json";

fn entry(name: &str, tail: &str) -> serde_json::Value {
    json!({"type": "api_key", "provider": "anthropic", "key": key(name, tail)})
}

fn with_three() -> TestEnv {
    let env = TestEnv::new();
    let store = json!({"version": 1, "profiles": {
        "anthropic:a": entry("a", "aaaa"), "anthropic:b": entry("b", "bbbb"), "anthropic:c": entry("c", "cccc"),
        "anthropic:odd": {"type": "hologram"},
        "openrouter:default": {"type": "api_key", "provider": "openrouter", "key": "sk-or-FAKExxxxxxxxxxxxxxxxxxxxxxxxxx"},
    }});
    env.write(STORE, &store.to_string());
    env
}

fn order<'a>(verb: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    ["models", "auth", "order", verb, "--provider", "anthropic"]
        .into_iter()
        .chain(more.iter().copied())
        .collect()
}

#[test]
fn an_order_is_set_looked_at_and_cleared() {
    let env = with_three();
    let mut session = Session::default();
    for arguments in [
        order("get", &[]),
        order("set", &["anthropic:c", "anthropic:a"]),
        order("get", &[]),
        order("set", &["anthropic:c", "anthropic:a"]),
        order("set", &["anthropic:a", "anthropic:b", "anthropic:c"]),
        order("clear", &[]),
        order("clear", &[]),
    ] {
        session.add(env.fased(arguments).exits(0));
    }
    session.add(env.fased(["models", "auth", "order", "get", "--provider", "nobody"]).exits(64));
    env.fased(order("set", &["anthropic:c"])).exits(0);
    session.add(env.fased(["models", "status"]).exits(0));
    snapshot!("auth_order", session);
}

#[test]
fn scripts_get_one_document_of_every_step() {
    let env = with_three();
    let mut session = Session::default();
    for arguments in [
        order("get", &["--json"]),
        order("set", &["anthropic:c", "anthropic:a", "--json"]),
        order("set", &["anthropic:c", "anthropic:a", "--json"]),
        order("get", &["--json"]),
        order("clear", &["--json"]),
        order("clear", &["--json"]),
    ] {
        session.add(env.fased(arguments).exits(0));
    }
    snapshot!("auth_order_json", session);
}

#[test]
fn the_same_order_again_writes_nothing() {
    let env = with_three();
    env.fased(order("set", &["anthropic:c"])).exits(0);
    let before = env.contents();
    assert_eq!(env.fased(order("set", &["anthropic:c", "--json"])).json()["changed"], false);
    assert!(env.contents() == before);
}

#[test]
fn it_says_which_of_the_sources_counts() {
    let env = with_three();
    let mut session = Session::default();
    env.write("fased.json", "{ auth: { profiles: { 'anthropic:c': { provider: 'anthropic' } } } }");
    session.add(env.fased(order("get", &[])).exits(0));
    env.write("fased.json", "{ auth: { order: { anthropic: ['anthropic:b', 'anthropic:gone'] } } }");
    session.add(env.fased(order("get", &[])).exits(0));
    env.fased(order("set", &["anthropic:a"])).exits(0);
    session.add(env.fased(order("clear", &[])).exits(0));
    // An order that names nothing that is stored is passed over, and said to be so.
    let mut store = env.store_json("main");
    store["order"] = json!({"anthropic": ["anthropic:gone"]});
    env.write(STORE, &store.to_string());
    session.add(env.fased(order("get", &[])).exits(0));
    session.add(env.fased(order("get", &["--json"])).exits(0));
    snapshot!("auth_order_sources", session);
}

#[test]
fn an_order_that_makes_no_sense_is_refused_and_nothing_is_written() {
    let env = with_three();
    let before = env.contents();
    let mut session = Session::default();
    for more in [
        &["anthropic:a", "anthropic:gone"] as &[&str],
        &["anthropic:a", "anthropic:a"],
        &["anthropic:odd"],
        &["openrouter:default"],
        &["default"],
        &[],
    ] {
        session.add(env.fased(order("set", more)).exits(64));
    }
    session.add(env.fased(order("set", &["anthropic:gone", "--json"])).exits(64));
    session.add(env.fased(["models", "auth", "order", "get"]).exits(64));
    session.add(env.fased(["models", "auth", "order"]).exits(64));
    assert!(env.contents() == before, "something was written:\n{}", env.tree());
    let empty = TestEnv::new();
    session.add(empty.fased(order("set", &["anthropic:a"])).exits(64));
    session.add(empty.fased(order("clear", &[])).exits(0));
    assert_eq!(empty.tree(), "");
    let mut odd = env.store_json("main");
    odd["order"] = json!("x");
    env.write(STORE, &odd.to_string());
    session.add(env.fased(order("set", &["anthropic:a"])).exits(1));
    assert_eq!(env.store_json("main"), odd);
    snapshot!("auth_order_refused", session);
}

#[test]
fn the_fix_of_a_left_out_profile_includes_it() {
    let env = with_three();
    env.fased(order("set", &["anthropic:c", "anthropic:a"])).exits(0);
    let status = env.fased(["models", "status"]);
    let fix = status.stdout.lines().find_map(|line| line.trim().strip_prefix("fix: fased ")).unwrap();
    assert_eq!(
        fix, "models auth order set --provider anthropic anthropic:c anthropic:a anthropic:b",
        "{status}"
    );
    env.fased(fix.split(' ')).exits(0);
    assert!(!env.fased(["models", "status"]).stdout.contains("fix:"));
    // A new credential that the order leaves out is told how to get in.
    let stored = env.fased(["onboard", "--api-key-stdin", "--profile-id", "anthropic:new"]);
    assert_eq!(stored.code, Some(64));
    let stored = env
        .command(["onboard", "--api-key-stdin", "--profile-id", "anthropic:new"])
        .stdin(key("new", "n3w1"))
        .run();
    let line =
        stored.exits(0).stderr.lines().find_map(|line| line.split_once("to include it: fased ")).unwrap().1;
    env.fased(line.split(' ')).exits(0);
    let next = env.fased(order("get", &["--json"])).json();
    assert_eq!(next["notUsed"], json!([]));
    assert_eq!(next["effective"].as_array().unwrap().len(), 4);
}
