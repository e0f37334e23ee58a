//! `fased models auth list`: stored credentials in order of use, on paper and for scripts.

use serde_json::json;

use crate::support::{NOW, Session, TestEnv, key, snapshot, token};

/// Milliseconds since 1970, so many seconds after the time tests run at.
fn at(seconds: i64) -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + seconds * 1000
}

/// Credentials of two providers, one that cools down, and entries that cannot be read.
fn with_some() -> TestEnv {
    let env = TestEnv::new();
    let store = json!({"version": 1, "profiles": {
        "anthropic:default": {"type": "api_key", "provider": "anthropic", "key": key("one", "x3Qw")},
        "anthropic:limited": {"type": "api_key", "provider": "anthropic", "key": key("two", "aaaa")},
        "anthropic:plan": {"type": "token", "provider": "anthropic", "token": token("one", "77aa"),
            "email": "me@example.com", "metadata": {"addedAt": "2026-05-01T00:00:00Z"}},
        "anthropic:odd": {"type": "hologram", "provider": "anthropic"},
        "no id": {"type": "api_key"},
        "openrouter:default": {"type": "api_key", "provider": "openrouter", "key": "sk-or-FAKExxxxxxxxxxxxxxxxxxxxxxxxxx"},
    }, "order": {"anthropic": ["anthropic:default", "anthropic:limited"]}});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let state = json!({"version": 1, "profiles": {
        "anthropic:default": {"lastUsed": at(-300), "verified": {"accepted": true, "at": at(-3600), "how": "onboard"}},
        "anthropic:limited": {"cooldowns": [{"modelClass": "sonnet", "reason": "rate_limit", "until": at(47)}]},
    }});
    env.write("agents/main/agent/auth-state.json", &state.to_string());
    env
}

#[test]
fn credentials_are_listed_in_order_of_use_and_fit_the_width() {
    let mut env = with_some();
    let before = env.contents();
    let mut session = Session::default();
    session.add(env.fased(["models", "auth", "list"]).exits(0));
    session.add(env.fased(["models", "auth", "list", "--provider", "OpenRouter"]).exits(0));
    for columns in ["80", "60"] {
        env.set("COLUMNS", columns);
        session.add(format!("# {columns} columns"));
        session.add(env.fased(["models", "auth", "list", "--provider", "anthropic"]).exits(0));
    }
    assert!(env.contents() == before, "looking changed something:\n{}", env.tree());
    snapshot!("auth_list", session);
}

#[test]
fn scripts_get_one_document_with_the_verdict_of_the_status() {
    let env = with_some();
    let listed = env.fased(["models", "auth", "list", "--json"]);
    let status = env.fased(["models", "status", "--json"]).json();
    let of_status = &status["auth"]["oauth"]["profiles"];
    for profile in listed.json()["profiles"].as_array().unwrap() {
        let id = &profile["profileId"];
        let same = of_status.as_array().unwrap().iter().find(|other| other["profileId"] == *id).unwrap();
        for (name, value) in same.as_object().unwrap() {
            assert_eq!(&profile[name], value, "{name} of {id}");
        }
    }
    snapshot!("auth_list_json", listed.exits(0));
}

#[test]
fn nothing_stored_is_said_with_the_way_to_store_something() {
    let env = TestEnv::new();
    env.write("fased.json", "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }");
    let mut session = Session::default();
    for arguments in [
        &["models", "auth", "list"] as &[&str],
        &["models", "auth", "list", "--agent", "work"],
        &["models", "auth", "--agent", "work", "list", "--provider", "openrouter"],
        &["models", "auth", "list", "--json"],
        &["models", "auth", "list", "--agent", "nobody", "--json"],
        &["models", "auth", "list", "--provider", "no name", "--json"],
        &["models", "auth", "list", "--provider", "no name"],
    ] {
        session.add(env.fased(arguments.iter().copied()));
    }
    assert!(!env.state("agents").exists());
    snapshot!("auth_list_nothing", session);
}
