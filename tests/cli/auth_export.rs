//! `fased models auth export`: a credential as a profile of Anthropic's own tools, written again after every refresh.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{NOW, Session, TestEnv, TestSandbox, key, snapshot, token};

const ID: &str = "anthropic:me@example.com";

fn export<'a>(id: &'a str, name: &'a str) -> [&'a str; 9] {
    ["models", "auth", "export", "--to", "anthropic-profile", "--profile", id, "--name", name]
}

/// Milliseconds since 1970, so many seconds after the time tests run at.
fn at(seconds: i64) -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + seconds * 1000
}

/// An agent with a pair that ended, a token, a key and a reference.
fn env(sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    let url = sandbox.url();
    env.write(
        "fased.json",
        &format!(
            "{{ agents: {{ list: [{{ id: 'main', default: true }}, {{ id: 'work' }}] }},
                models: {{ providers: {{ anthropic: {{ oauth: {{ tokenUrl: '{url}/v1/oauth/token' }} }} }} }} }}"
        ),
    );
    let store = json!({"version": 1, "profiles": {
        ID: pair("one", -60),
        "anthropic:manual": {"type": "token", "provider": "anthropic", "token": token("manual", "77aa")},
        "anthropic:key": {"type": "api_key", "provider": "anthropic", "key": key("one", "x3Qw")},
        "anthropic:ref": {"type": "token", "provider": "anthropic",
            "tokenRef": {"source": "env", "provider": "default", "id": "WORK_TOKEN"}},
    }});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    env
}

fn pair(part: &str, ends: i64) -> Value {
    json!({"type": "oauth", "provider": "anthropic", "access": token(part, "o1o1"), "expires": at(ends),
        "refresh": format!("sk-ant-ort01-sandbox-{part}-{}-r1r1", "0".repeat(70)), "email": "me@example.com"})
}

fn directory(env: &TestEnv) -> PathBuf {
    env.home().join(".config/anthropic")
}

fn read(env: &TestEnv, path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(directory(env).join(path)).unwrap()).unwrap()
}

/// Lets the stored pair end, as time would.
fn let_it_end(env: &TestEnv) {
    let mut store = env.store_json("main");
    store["profiles"][ID]["expires"] = at(-1).into();
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
}

#[test]
fn a_sign_in_is_exported_fresh_and_without_its_refresh_token() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    let mut session = Session::default();
    session.add(env.fased(export(ID, "work")).exits(0));
    session.add(env.fased(export(ID, "work").into_iter().chain(["--json"])).exits(0));
    assert_eq!(sandbox.refreshes(), 1);
    let stored = &env.store_json("main")["profiles"][ID];
    assert_eq!(
        read(&env, "credentials/work.json"),
        json!({"version": "1.0", "type": "oauth_token", "access_token": stored["access"],
            "expires_at": stored["expires"].as_i64().unwrap() / 1000})
    );
    assert_eq!(
        read(&env, "configs/work.json"),
        json!({"version": "1.0", "authentication": {"type": "user_oauth"}, "base_url": sandbox.url()})
    );
    for (path, mode) in [("configs/work.json", 0o644), ("credentials/work.json", 0o600)] {
        let metadata = std::fs::metadata(directory(&env).join(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{path}");
    }
    session.add(
        std::fs::read_to_string(env.state("agents/main/agent/exports.json"))
            .unwrap()
            .replace(&env.home().display().to_string(), "[HOME]"),
    );
    snapshot!("auth_export", session);
}

#[test]
fn every_refresh_writes_it_again_and_keeps_what_others_added() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    env.fased(export(ID, "work")).exits(0);
    let path = directory(&env).join("credentials/work.json");
    let mut extended = read(&env, "credentials/work.json");
    extended["account_email"] = "me@example.com".into();
    std::fs::write(&path, extended.to_string()).unwrap();
    let_it_end(&env);
    env.fased(["chat", "hi"]).exits(0);
    let after = read(&env, "credentials/work.json");
    assert_eq!(after["access_token"], env.store_json("main")["profiles"][ID]["access"]);
    assert_ne!(after["access_token"], extended["access_token"]);
    assert_eq!(after["account_email"], "me@example.com");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_profile_somebody_signed_in_to_is_left_alone_and_the_request_goes_on() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    env.fased(export(ID, "work")).exits(0);
    let theirs = json!({"access_token": "theirs", "refresh_token": "theirs"});
    std::fs::write(directory(&env).join("credentials/work.json"), theirs.to_string()).unwrap();
    let_it_end(&env);
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(read(&env, "credentials/work.json"), theirs);
    // Nor does a directory that is gone fail a request.
    std::fs::remove_dir_all(directory(&env)).unwrap();
    std::fs::write(directory(&env), "in the way").unwrap();
    let_it_end(&env);
    env.fased(["chat", "hi"]).exits(0);
}

#[test]
fn what_has_no_place_there_is_refused_with_the_way_out() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    let mut session = Session::default();
    for (code, arguments) in [
        (64, export("anthropic:key", "work")),
        (64, export("anthropic:ref", "work")),
        (3, export("anthropic:gone", "work")),
        (64, export(ID, "../work")),
        (64, export("no id", "work")),
    ] {
        session.add(env.fased(arguments).exits(code));
    }
    session.add(env.fased(export("anthropic:key", "work").into_iter().chain(["--json"])).exits(64));
    session.add(env.fased(["models", "auth", "export", "--to", "anthropic-profile"]).exits(64));
    assert!(!directory(&env).exists());
    assert!(sandbox.requests().is_empty());
    session.add(env.fased(export("anthropic:manual", "manual")).exits(0));
    assert_eq!(read(&env, "credentials/manual.json").get("expires_at"), None);
    snapshot!("auth_export_refused", session);
}

#[test]
fn another_providers_token_is_not_published_as_anthropics() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    let mut store = env.store_json("main");
    store["profiles"]["openrouter:x"] =
        json!({"type": "token", "provider": "openrouter", "token": "FAKE-openrouter-token"});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let run = env.fased(export("openrouter:x", "work").into_iter().chain(["--json"]));
    assert_eq!(run.exits(64).json()["error"]["kind"], "export_refused", "{run}");
    assert!(!directory(&env).exists());
}

#[test]
fn a_profile_that_is_not_from_here_needs_force() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    std::fs::create_dir_all(directory(&env).join("configs")).unwrap();
    std::fs::create_dir_all(directory(&env).join("credentials")).unwrap();
    let config =
        json!({"authentication": {"type": "user_oauth", "client_id": "theirs"}, "organization_id": "o"});
    std::fs::write(directory(&env).join("configs/work.json"), config.to_string()).unwrap();
    let theirs = json!({"access_token": "theirs", "refresh_token": "theirs"});
    std::fs::write(directory(&env).join("credentials/work.json"), theirs.to_string()).unwrap();
    let mut session = Session::default();
    session.add(env.fased(export(ID, "work")).exits(64));
    assert_eq!(read(&env, "credentials/work.json"), theirs);
    session.add(env.fased(export(ID, "work").into_iter().chain(["--force"])).exits(0));
    assert_eq!(read(&env, "credentials/work.json").get("refresh_token"), None);
    assert_eq!(read(&env, "configs/work.json").get("organization_id"), None);
    // Another agent's export is not this one's to change.
    let store = json!({"version": 1, "profiles": {ID: pair("two", 7200)}});
    env.write("agents/work/agent/auth-profiles.json", &store.to_string());
    session.add(env.fased(export(ID, "work").into_iter().chain(["--agent", "work"])).exits(64));
    session.add(env.fased(export(ID, "work").into_iter().chain(["--agent", "work", "--force"])).exits(0));
    let_it_end(&env);
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(read(&env, "credentials/work.json")["access_token"], store["profiles"][ID]["access"]);
    snapshot!("auth_export_foreign", session);
}

#[test]
fn a_new_name_takes_the_export_along() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    env.fased(export(ID, "work")).exits(0);
    env.fased(["models", "auth", "rename", ID, "anthropic:new"]).exits(0);
    let record = std::fs::read_to_string(env.state("agents/main/agent/exports.json")).unwrap();
    assert!(record.contains("anthropic:new") && !record.contains(ID), "{record}");
    let mut store = env.store_json("main");
    store["profiles"]["anthropic:new"]["expires"] = at(-1).into();
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    env.fased(["chat", "hi"]).exits(0);
    let fresh = &env.store_json("main")["profiles"]["anthropic:new"]["access"];
    assert_ne!(fresh, &store["profiles"]["anthropic:new"]["access"]);
    assert_eq!(&read(&env, "credentials/work.json")["access_token"], fresh);
}

#[test]
fn a_removed_sign_in_leaves_no_copy_but_one_that_somebody_changed() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    env.fased(export(ID, "work")).exits(0);
    env.fased(export(ID, "changed")).exits(0);
    let theirs = json!({"access_token": "theirs", "refresh_token": "theirs"});
    std::fs::write(directory(&env).join("credentials/changed.json"), theirs.to_string()).unwrap();
    let removed = env.fased(["models", "auth", "remove", ID, "--yes", "--json"]).exits(0).json();
    assert_eq!(
        (&removed["endedExports"][0]["removed"], &removed["endedExports"][1]["removed"]),
        (&true.into(), &false.into())
    );
    assert!(removed["warnings"][0].as_str().unwrap().contains("credentials/changed.json"), "{removed}");
    assert!(!directory(&env).join("credentials/work.json").exists());
    assert!(!directory(&env).join("configs/work.json").exists());
    assert_eq!(read(&env, "credentials/changed.json"), theirs);
    let record = std::fs::read_to_string(env.state("agents/main/agent/exports.json")).unwrap();
    assert!(!record.contains(ID), "{record}");
}

#[test]
fn an_own_export_is_not_imported_as_if_somebody_else_paid_for_it() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    env.fased(export(ID, "out")).exits(0);
    for agent in ["main", "work"] {
        let refused = env.fased([
            "models",
            "auth",
            "import",
            "--from",
            "anthropic-profile",
            "--profile",
            "out",
            "--agent",
            agent,
        ]);
        refused.exits(64);
        assert!(refused.stderr.contains(&format!("it is a copy of {ID}")), "{refused}");
    }
}
