//! `fased models auth cooldown`: windows in which credentials are left alone, and clearing them.

use serde_json::json;

use crate::support::{NOW, Session, TestEnv, TestSandbox, key, snapshot};

const AGENT: &str = "agents/main/agent";

fn at(seconds: i64) -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + seconds * 1000
}

fn with_windows() -> TestEnv {
    let env = TestEnv::new();
    let entry = |name: &str| json!({"type": "api_key", "provider": "anthropic", "key": key(name, "x3Qw")});
    let store = json!({"version": 1, "profiles": {
        "anthropic:limited": entry("limited"), "anthropic:broke": entry("broke"), "anthropic:revoked": entry("revoked"),
        "anthropic:fine": entry("fine"),
    }});
    let state = json!({"version": 1, "future": 1, "lastGood": {"anthropic": "anthropic:fine"}, "profiles": {
        "anthropic:limited": {"lastUsed": at(-20), "errorCount": 2, "failureCounts": {"rate_limit": 2},
            "verified": {"accepted": true, "at": at(-3600), "how": "onboard"},
            "cooldowns": [{"modelClass": "opus", "reason": "rate_limit", "until": at(47)},
                {"reason": "auth", "until": at(240)}, {"modelClass": "haiku", "reason": "rate_limit", "until": at(-5)}]},
        "anthropic:broke": {"disabled": {"reason": "billing", "until": at(5 * 3600)}},
        "anthropic:revoked": {"disabled": {"reason": "auth_permanent"}},
        "anthropic:fine": {"lastUsed": at(-5)},
    }});
    env.write(&format!("{AGENT}/auth-profiles.json"), &store.to_string());
    env.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    env
}

fn cooldown<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["models", "auth", "cooldown"].into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn every_open_window_is_listed_and_one_or_all_are_cleared() {
    let env = with_windows();
    let store = std::fs::read(env.store("main")).unwrap();
    let mut session = Session::default();
    for more in [
        &["list"] as &[&str],
        &["clear", "anthropic:limited"],
        &["clear", "anthropic:limited"],
        &["list"],
        &["clear", "--all"],
        &["clear", "--all"],
        &["list"],
        &["clear", "anthropic:revoked"],
        &["list"],
    ] {
        session.add(env.fased(cooldown(more)).exits(0));
    }
    assert_eq!(std::fs::read(env.store("main")).unwrap(), store, "the store was written");
    let state = std::fs::read_to_string(env.state("agents/main/agent/auth-state.json")).unwrap();
    session.add(format!("# auth-state.json\n{}", without_fingerprints(&state)));
    snapshot!("auth_cooldown", session);
}

fn without_fingerprints(state: &str) -> String {
    state.lines().filter(|line| !line.contains("fingerprint")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_list_fits_the_width() {
    let mut env = with_windows();
    let mut session = Session::default();
    for columns in ["80", "60", "30"] {
        env.set("COLUMNS", columns);
        session.add(format!("# {columns} columns"));
        session.add(env.fased(cooldown(&["list"])).exits(0));
    }
    snapshot!("auth_cooldown_widths", session);
}

#[test]
fn scripts_get_one_document_of_every_step() {
    let env = with_windows();
    let mut session = Session::default();
    for more in [
        &["list", "--json"] as &[&str],
        &["clear", "--all", "--json"],
        &["clear", "anthropic:fine", "--json"],
        &["list", "--json"],
    ] {
        session.add(env.fased(cooldown(more)).exits(0));
    }
    snapshot!("auth_cooldown_json", session);
}

#[test]
fn what_stays_disabled_is_not_said_to_be_cleared() {
    let env = with_windows();
    let state = json!({"version": 1, "profiles": {
        "anthropic:revoked": {"errorCount": 1, "failureCounts": {"auth_permanent": 1}, "disabled": {"reason": "auth_permanent"}},
        "anthropic:limited": {"cooldowns": [{"reason": "auth", "until": at(240)}]}}});
    env.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    let cleared = env.fased(cooldown(&["clear", "--all"]));
    let stderr = &cleared.exits(0).stderr;
    assert!(stderr.contains("to be tried again at once: anthropic:limited\n"), "{stderr}");
    assert!(stderr.contains("anthropic:revoked stays disabled"), "{stderr}");
    // Of the kept one alone failures are forgotten, and nothing is said to be tried.
    let state = json!({"version": 1, "profiles": {
        "anthropic:revoked": {"errorCount": 1, "failureCounts": {"auth_permanent": 1}, "disabled": {"reason": "auth_permanent"}}}});
    env.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    let done = env.fased(cooldown(&["clear", "--all", "--json"]));
    let done: serde_json::Value = serde_json::from_str(&done.exits(0).stdout).unwrap();
    assert_eq!((&done["cleared"], &done["kept"]), (&json!([]), &json!(["anthropic:revoked"])));
}

#[test]
fn what_cannot_be_cleared_is_refused_and_nothing_is_written() {
    let env = with_windows();
    let before = env.contents();
    let mut session = Session::default();
    for more in [
        &["clear", "anthropic:gone"] as &[&str],
        &["clear", "anthropic:gone", "--json"],
        &["clear", "limited"],
        &["clear"],
        &["clear", "anthropic:fine", "--all"],
    ] {
        session.add(env.fased(cooldown(more)).exits(64));
    }
    assert!(env.contents() == before);
    let empty = TestEnv::new();
    session.add(empty.fased(cooldown(&["list"])).exits(0));
    session.add(empty.fased(cooldown(&["clear", "--all"])).exits(0));
    session.add(empty.fased(cooldown(&["clear", "anthropic:a"])).exits(64));
    assert_eq!(empty.tree(), "");
    env.write(&format!("{AGENT}/auth-state.json"), "{ torn");
    session.add(env.fased(cooldown(&["list"])).exits(0));
    session.add(env.fased(cooldown(&["list", "--json"])).exits(0));
    snapshot!("auth_cooldown_refused", session);
}

#[test]
fn a_credential_is_tried_again_by_the_line_that_a_failure_names() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let state = json!({"version": 1, "profiles": {"anthropic:default": {
        "cooldowns": [{"reason": "rate_limit", "until": at(47)}]}}});
    env.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    let refused = env.fased(["chat", "hi"]);
    let line = refused
        .exits(3)
        .stderr
        .lines()
        .find_map(|line| line.trim().strip_prefix("fased models auth "))
        .unwrap();
    assert_eq!(line, "cooldown clear anthropic:default");
    env.fased(cooldown(&["clear", "anthropic:default"])).exits(0);
    env.fased(["chat", "hi"]).exits(0);
}
