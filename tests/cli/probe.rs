//! `fased models status --probe`: what the providers say about stored credentials, within a limit, and what becomes of it.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Session, TestEnv, TestSandbox, key, snapshot, token};

fn with_profiles(sandbox: &TestSandbox, profiles: &Value) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.write(
        "agents/main/agent/auth-profiles.json",
        &json!({ "version": 1, "profiles": profiles }).to_string(),
    );
    env
}

fn api_key(part: &str, tail: &str) -> Value {
    json!({ "type": "api_key", "provider": "anthropic", "key": key(part, tail) })
}

/// How long things took differs from run to run.
fn settled(session: &Session) -> String {
    let text = session.to_string();
    let mut settled = String::new();
    for line in text.lines() {
        let line = match line.find(" ms)") {
            Some(end) => {
                let start = line[..end].rfind('(').unwrap();
                format!("{}([MS] ms){}", &line[..start], &line[end + 4..])
            }
            None if line.starts_with("Asked about ") => {
                format!("{} in [TIME]", line.split(" in ").next().unwrap())
            }
            None if line.trim_start().starts_with("\"latencyMs\"") => "\"latencyMs\": [MS]".to_owned(),
            None => line.to_owned(),
        };
        settled.push_str(&line);
        settled.push('\n');
    }
    settled
}

fn probes(env: &TestEnv, arguments: &[&str]) -> Value {
    let all = ["models", "status", "--probe", "--json"].into_iter().chain(arguments.iter().copied());
    env.fased(all).json()["auth"]["probes"].clone()
}

fn statuses(probes: &Value) -> Vec<(String, String)> {
    let results = probes["results"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    results.map(|result| (text(&result["label"]), text(&result["status"]))).collect()
}

#[test]
fn each_credential_is_asked_about_and_the_answers_are_remembered() {
    let sandbox = TestSandbox::start();
    let env = with_profiles(
        &sandbox,
        &json!({
            "anthropic:default": api_key("good", "x3Qw"),
            "anthropic:bad": api_key("fault-auth", "bad1"),
            "anthropic:limited": api_key("fault-rate-limit", "k2k2"),
            "anthropic:old": { "type": "token", "provider": "anthropic", "token": token("old", "77aa"),
                "expires": 1_780_000_000_000_i64 },
            "anthropic:unset": { "type": "api_key", "provider": "anthropic",
                "keyRef": { "source": "env", "id": "WORK_KEY" } },
        }),
    );
    let mut session = Session::default();
    session.add(env.fased(["models", "status", "--probe"]).exits(0));
    session.add(env.fased(["models", "status"]).exits(0));
    snapshot!("probe_text", settled(&session));
    let state: Value =
        serde_json::from_slice(&std::fs::read(env.state("agents/main/agent/auth-state.json")).unwrap())
            .unwrap();
    let verified = |id: &str| state["profiles"][id]["verified"]["accepted"].clone();
    assert_eq!((verified("anthropic:default"), verified("anthropic:bad")), (json!(true), json!(false)));
    assert_eq!((verified("anthropic:limited"), verified("anthropic:old")), (json!(true), Value::Null));
    assert!(!state.to_string().contains("cooldown"), "a probe left a cooldown: {state}");
}

#[test]
fn the_document_has_the_shape_scripts_know() {
    let sandbox = TestSandbox::start();
    let env = with_profiles(&sandbox, &json!({ "anthropic:default": api_key("good", "x3Qw") }));
    let probes = probes(&env, &["--probe-timeout", "9000", "--probe-concurrency", "3"]);
    assert_eq!(probes["totalTargets"], 1);
    assert_eq!(
        probes["options"],
        json!({ "profileIds": [], "timeoutMs": 9000, "concurrency": 3, "maxTokens": 8 })
    );
    let result = &probes["results"][0];
    assert!(result["latencyMs"].is_u64(), "{result}");
    assert_eq!(
        (&result["provider"], &result["model"], &result["profileId"], &result["source"], &result["mode"]),
        (
            &json!("anthropic"),
            &json!("anthropic/claude-sonnet-5"),
            &json!("anthropic:default"),
            &json!("profile"),
            &json!("api_key")
        )
    );
}

#[test]
fn providers_and_profiles_can_be_chosen() {
    let sandbox = TestSandbox::start();
    let env = with_profiles(
        &sandbox,
        &json!({ "anthropic:a": api_key("a", "aaaa"), "anthropic:b": api_key("b", "bbbb"),
            "openrouter:default": { "type": "api_key", "provider": "openrouter", "key": "sk-or-FAKEFAKEFAKEFAKE" } }),
    );
    let only = |arguments: &[&str]| statuses(&probes(&env, arguments));
    let ok = |id: &str| (id.to_owned(), "ok".to_owned());
    assert_eq!(only(&["--probe-provider", "anthropic"]), [ok("anthropic:a"), ok("anthropic:b")]);
    assert_eq!(only(&["--probe-profile", "anthropic:b"]), [ok("anthropic:b")]);
    assert_eq!(
        only(&["--probe-profile", "anthropic:a", "--probe-profile", "anthropic:b"]),
        [ok("anthropic:a"), ok("anthropic:b")]
    );
    // Nobody said where that provider is, and Anthropic's address is not the answer.
    assert_eq!(only(&["--probe-provider", "openrouter"])[0].1, "unknown");
    let mut session = Session::default();
    session.add(env.fased(["models", "status", "--probe", "--probe-profile", "anthropic:nosuch"]).exits(64));
    session.add(env.fased(["models", "status", "--probe-timeout", "5"]).exits(64));
    session.add(env.fased(["models", "status", "--probe", "--plain"]).exits(64));
    session.add(env.fased(["models", "status", "--probe", "--probe-timeout", "0"]).exits(64));
    snapshot!("probe_usage", session);
}

#[test]
fn a_black_hole_is_left_at_the_limit() {
    let hole = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = hole.local_addr().unwrap();
    let swallow = std::thread::spawn(move || {
        let mut taken = Vec::new();
        for connection in hole.incoming().take(2) {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            taken.push(connection);
        }
        std::thread::sleep(Duration::from_secs(20));
    });
    let sandbox = TestSandbox::start();
    let mut env = with_profiles(
        &sandbox,
        &json!({ "anthropic:a": api_key("a", "aaaa"), "anthropic:b": api_key("b", "bbbb") }),
    );
    env.set("ANTHROPIC_BASE_URL", &format!("http://{address}"));
    let started = Instant::now();
    let probes = probes(&env, &["--probe-timeout", "300"]);
    println!("two probes of a black hole with a limit of 300 ms took {:?}", started.elapsed());
    assert_eq!(
        statuses(&probes),
        [("anthropic:a".to_owned(), "timeout".to_owned()), ("anthropic:b".to_owned(), "timeout".to_owned())]
    );
    assert!(!env.state("agents/main/agent/auth-state.json").exists(), "silence was noted");
    drop(swallow);
}

#[test]
fn check_with_probe_counts_a_refusal_of_the_credential_in_use() {
    let sandbox = TestSandbox::start();
    let refused = with_profiles(&sandbox, &json!({ "anthropic:a": api_key("fault-auth", "bad1") }));
    refused.fased(["models", "status", "--check"]).exits(0);
    refused.fased(["models", "status", "--check", "--probe"]).exits(1);
    let spare = with_profiles(
        &sandbox,
        &json!({ "anthropic:a": api_key("good", "x3Qw"), "anthropic:b": api_key("fault-auth", "bad1") }),
    );
    spare.fased(["models", "status", "--check", "--probe"]).exits(0);
    spare.fased(["models", "status", "--check", "--probe", "--json"]).exits(0);
}

#[test]
fn a_key_of_the_environment_is_asked_about_where_it_would_be_used() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("ANTHROPIC_API_KEY", &key("env", "e1e1"));
    assert_eq!(statuses(&probes(&env, &[])), [("ANTHROPIC_API_KEY".to_owned(), "ok".to_owned())]);
    assert_eq!(env.tree(), "", "something was written");
}

#[test]
fn a_refused_connection_is_no_timeout_and_what_is_not_asked_is_not_counted() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", &format!("http://{closed}"));
    env.write(
        "agents/main/agent/auth-profiles.json",
        &json!({ "version": 1, "order": { "anthropic": ["anthropic:a"] },
            "profiles": { "anthropic:a": api_key("a", "aaaa"), "anthropic:b": api_key("b", "bbbb") } })
        .to_string(),
    );
    let found = probes(&env, &[]);
    assert_eq!(found["results"][0]["status"], "network", "{found}");
    let text = env.fased(["models", "status", "--probe"]);
    let stdout = &text.exits(0).stdout;
    assert!(stdout.contains("Asked about 1 credential in"), "{stdout}");
    assert!(stdout.contains("not asked: left out by the order"), "{stdout}");
}
