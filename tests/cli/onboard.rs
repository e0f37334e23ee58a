//! `fased onboard`: storing a credential, again, another one, beside what is there, and after asking the API.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::{NOBODY, Session, TestEnv, TestSandbox, key, snapshot, token};

const TOKEN_LINE: [&str; 5] = ["onboard", "--auth-choice", "token", "--token-provider", "anthropic"];

fn store_text(env: &TestEnv) -> String {
    std::fs::read_to_string(env.store("main")).unwrap()
}

/// A profile's secret as it stands in the store.
fn stored<'a>(store: &'a serde_json::Value, id: &str) -> &'a str {
    let profile = &store["profiles"][id];
    profile["key"].as_str().or_else(|| profile["token"].as_str()).unwrap_or_default()
}

#[test]
fn an_api_key_is_stored_by_one_line_that_prints_nothing_on_stdout() {
    let env = TestEnv::new();
    let key = key("one", "x3Qw");
    let mut session = Session::default();
    let output = env.fased(["onboard", "--anthropic-api-key", &key]);
    assert_eq!(output.stdout, "");
    session.add(output);
    session.add(env.tree());
    session.add(store_text(&env));
    snapshot!("onboard_api_key", session);
}

#[test]
fn a_setup_token_is_stored_by_one_line_and_the_notice_is_shown_once() {
    let env = TestEnv::new();
    let (one, two) = (token("one", "77aa"), token("two", "88bb"));
    let mut session = Session::default();
    session.add(env.fased(TOKEN_LINE.into_iter().chain(["--token", &one])));
    session.add(env.tree());
    session.add(store_text(&env));
    session.add(std::fs::read_to_string(env.state("notices.json")).unwrap());
    let more = ["--token", &two, "--token-profile-id", "anthropic:work", "--token-expires-in", "365d"];
    let again = env.fased(TOKEN_LINE.into_iter().chain(more));
    assert!(!again.stderr.contains("Notice"), "{again}");
    session.add(again);
    session.add(store_text(&env));
    snapshot!("onboard_token", session);
}

#[test]
fn credentials_come_by_a_pipe_with_and_without_a_line_end() {
    let env = TestEnv::new();
    let (key, token) = (key("one", "x3Qw"), token("one", "77aa"));
    let mut session = Session::default();
    session.add(env.command(["onboard", "--api-key-stdin"]).stdin(format!("{key}\n")).run());
    let line = TOKEN_LINE.into_iter().chain(["--token-stdin", "--agent", "main"]);
    session.add(env.command(line).stdin(token.as_str()).run());
    let bare = env.command(["onboard", "--token-stdin"]).stdin(format!("  {token}\r\n")).run();
    session.add(bare);
    snapshot!("onboard_stdin", session);
    let store = env.store_json("main");
    assert_eq!(stored(&store, "anthropic:default"), key);
    assert_eq!(stored(&store, "anthropic:token"), token);
}

#[test]
fn json_is_one_document_for_every_outcome() {
    let env = TestEnv::new();
    let (one, two, token) = (key("one", "x3Qw"), key("two", "k2k2"), token("one", "77aa"));
    let mut session = Session::default();
    for arguments in [
        vec!["--anthropic-api-key", &one],
        vec!["--anthropic-api-key", &one, "--non-interactive", "--accept-risk", "--skip-health"],
        vec!["--anthropic-api-key", &two],
        vec!["--token", &token],
        vec!["--auth-choice", "skip"],
        vec!["--anthropic-api-key", "sk-ant-api03-short"],
    ] {
        let output = env.fased(["onboard", "--json"].into_iter().chain(arguments));
        output.json();
        session.add(output);
    }
    snapshot!("onboard_json", session);
}

#[test]
fn a_configured_agent_gets_its_own_store() {
    let env = TestEnv::new();
    env.write("fased.json", "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }");
    let mut session = Session::default();
    session.add(env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw"), "--agent", "Work"]));
    session.add(env.tree());
    snapshot!("onboard_agent", session);
}

#[test]
fn files_are_private_whatever_the_umask_allows() {
    let env = TestEnv::new();
    let run = env.command(["onboard", "--token", &token("one", "77aa")]).to_command();
    let status = std::process::Command::new("/bin/sh")
        .args(["-c", r#"umask 000; exec "$0" "$@" 2>/dev/null"#])
        .arg(run.get_program())
        .args(run.get_args())
        .env_clear()
        .envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .status()
        .unwrap();
    assert!(status.success());
    for line in env.tree().lines() {
        let expected = if line.ends_with('/') { "0700 " } else { "0600 " };
        assert!(line.starts_with(expected), "{line}");
    }
}

#[test]
fn no_stored_secret_is_ever_dropped_without_a_word() {
    let env = TestEnv::new();
    let (one, two, token) = (key("one", "x3Qw"), key("two", "k2k2"), token("one", "77aa"));
    let mut session = Session::default();
    let mut run = |arguments: &[&str]| {
        session.add(env.fased(["onboard"].into_iter().chain(arguments.iter().copied())));
    };
    run(&["--anthropic-api-key", &one]);
    let before = std::fs::metadata(env.store("main")).unwrap();
    run(&["--anthropic-api-key", &one]);
    let after = std::fs::metadata(env.store("main")).unwrap();
    assert_eq!(before.modified().unwrap(), after.modified().unwrap(), "the same again was written");
    run(&["--anthropic-api-key", &two]);
    run(&["--token", &token]);
    let store = env.store_json("main");
    assert_eq!(stored(&store, "anthropic:default"), two);
    assert_eq!(stored(&store, "anthropic:token"), token);
    run(&["--token", &token, "--token-profile-id", "anthropic:default"]);
    assert_eq!(env.store_json("main"), store);
    run(&["--token", &token, "--token-profile-id", "anthropic:default", "--replace"]);
    assert_eq!(stored(&env.store_json("main"), "anthropic:default"), token);
    snapshot!("onboard_again", session);
}

#[test]
fn a_replaced_key_starts_without_the_cooldown_of_the_old_one() {
    let env = TestEnv::new();
    let (one, two) = (key("one", "x3Qw"), key("two", "k2k2"));
    env.fased(["onboard", "--anthropic-api-key", &one]).exits(0);
    let state = json!({"version": 1, "profiles": {"anthropic:default": {"cooldowns": [
        {"reason": "rate_limit", "until": 4_102_444_800_000_u64}]}}});
    env.write("agents/main/agent/auth-state.json", &state.to_string());
    env.fased(["models", "status", "--check"]).exits(1);
    env.fased(["onboard", "--anthropic-api-key", &two]).exits(0);
    env.fased(["models", "status", "--check"]).exits(0);
}

#[test]
fn what_the_store_holds_besides_survives_byte_for_byte() {
    let env = TestEnv::new();
    let foreign =
        r#"{ "type": "api_key",   "provider": "openrouter", "key": "sk-or-FAKE", "extra": [1.50, null] }"#;
    let odd = r#"{"type":"hologram","provider":"anthropic","beam":true}"#;
    let future = r#"{"keep": ["me", 1e3, "\u00e9"]}"#;
    env.write(
        "agents/main/agent/auth-profiles.json",
        &format!(
            r#"{{"version": 1, "profiles": {{"openrouter:default": {foreign}, "anthropic:odd": {odd},
            "anthropic:default": {{"type": "api_key", "provider": "anthropic", "key": "{}", "note": "mine"}}}},
            "futureField": {future}}}"#,
            key("old", "aaaa")
        ),
    );
    let output = env.fased(["onboard", "--anthropic-api-key", &key("new", "bbbb")]);
    output.exits(0);
    let text = store_text(&env);
    for kept in [foreign, odd, future, r#""note": "mine""#] {
        assert!(text.contains(kept), "{kept} is gone:\n{text}");
    }
    assert!(output.stderr.contains("…aaaa → API key …bbbb"), "{output}");
}

/// Runs onboarding on a store that must stay as it is.
fn refused(name: &str, prepare: impl Fn(&TestEnv)) -> String {
    let env = TestEnv::new();
    prepare(&env);
    let before = env.contents();
    let mut session = Session::default();
    for json in [&[] as &[&str], &["--json"]] {
        let line = ["onboard", "--anthropic-api-key", &key("one", "x3Qw")];
        let output = env.fased(line.into_iter().chain(json.iter().copied()));
        output.exits(1);
        session.add(output);
    }
    for (path, bytes) in before {
        assert!(std::fs::read(&path).unwrap() == bytes, "{} was changed", path.display());
    }
    format!("# {name}\n{session}")
}

#[test]
fn a_store_that_cannot_be_trusted_is_refused_and_left_as_it_is() {
    let store = "agents/main/agent/auth-profiles.json";
    let mut session = Session::default();
    session.add(refused("not JSON", |env| env.write(store, "{ \"version\": 1, \"profiles\": {")));
    session.add(refused("empty", |env| env.write(store, "")));
    session.add(refused("no store", |env| env.write(store, "[1, 2]")));
    session.add(refused("a newer version", |env| env.write(store, r#"{"version": 2, "profiles": {}}"#)));
    session.add(refused("a symbolic link", |env| {
        env.write("elsewhere.json", r#"{"version": 1, "profiles": {}}"#);
        env.write("agents/main/agent/placeholder", "");
        symlink(env.state("elsewhere.json"), env.store("main")).unwrap();
    }));
    session.add(refused("a file where the state directory belongs", |env| {
        std::fs::write(env.home().join(".fased"), "mine").unwrap();
    }));
    session
        .add(refused("a file where the agent's directory belongs", |env| env.write("agents/main", "mine")));
    session.add(refused("a directory where the store belongs", |env| {
        env.write("agents/main/agent/auth-profiles.json/mine", "");
    }));
    session.add(refused("a config that cannot be read", |env| env.write("fased.json", "{ agents: ")));
    snapshot!("onboard_refused_store", session);
}

#[test]
fn a_profile_left_out_by_an_explicit_order_is_stored_with_a_word() {
    let env = TestEnv::new();
    let old = key("old", "aaaa");
    env.write(
        "agents/main/agent/auth-profiles.json",
        &json!({"version": 1, "profiles": {"anthropic:old": {"type": "api_key", "provider": "anthropic", "key": old}},
            "order": {"anthropic": ["anthropic:old"]}})
        .to_string(),
    );
    let mut session = Session::default();
    session.add(env.fased(["onboard", "--anthropic-api-key", &key("new", "bbbb")]));
    session.add(env.fased(["models", "status"]));
    snapshot!("onboard_excluded", session);
}

#[test]
fn a_credential_form_of_the_future_is_stored_with_a_word() {
    let env = TestEnv::new();
    let future = format!("sk-ant-api09-{}-zzzz", "0".repeat(60));
    snapshot!("onboard_unfamiliar", env.fased(["onboard", "--anthropic-api-key", &future]));
}

#[test]
fn verify_stores_only_what_the_api_accepts() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let mut session = Session::default();
    session
        .add(env.fased(["onboard", "--verify", "--anthropic-api-key", &key("fault-auth", "bad1")]).exits(4));
    session.add(env.fased(["onboard", "--verify", "--token", &token("fault-revoked", "bad2")]).exits(4));
    let json = ["onboard", "--verify", "--json", "--anthropic-api-key", &key("fault-auth", "bad1")];
    session.add(env.fased(json).exits(4));
    assert_eq!(env.tree(), "", "something was written");
    session.add(env.fased(["onboard", "--verify", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0));
    session.add(env.fased(["onboard", "--verify", "--json", "--token", &token("one", "77aa")]).exits(0));
    session.add(env.fased(["models", "status"]));
    snapshot!("onboard_verify", session);
}

#[test]
fn verify_without_a_network_stores_nothing() {
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", NOBODY);
    let mut session = Session::default();
    for json in [&[] as &[&str], &["--json"]] {
        let line = ["onboard", "--verify", "--token", &token("one", "77aa")];
        session.add(env.fased(line.into_iter().chain(json.iter().copied())).exits(5));
    }
    assert_eq!(env.tree(), "", "something was written");
    snapshot!("onboard_verify_unreachable", session);
}

#[test]
fn a_sandbox_credential_is_never_verified_at_another_host() {
    let mut env = TestEnv::new();
    env.set("FASED_NETWORK", "any").set("ANTHROPIC_BASE_URL", "https://sandbox.invalid");
    let output = env.fased(["onboard", "--verify", "--anthropic-api-key", &key("one", "x3Qw")]);
    output.exits(3);
    assert_eq!(env.tree(), "");
    snapshot!("onboard_verify_other_host", output);
}

#[test]
fn places_named_by_variables_and_config_are_used() {
    let mut env = TestEnv::new();
    let elsewhere = |name: &str| env.home().join(name).display().to_string();
    let (state, agent, config) = (elsewhere("state"), elsewhere("agent"), elsewhere("own.json5"));
    env.set("FASED_STATE_DIR", &state).set("FASED_CONFIG_PATH", &config);
    std::fs::write(
        &config,
        "{ agents: { list: [{ id: 'main', default: true }, { id: 'work', agentDir: '~/of-work' }] } }",
    )
    .unwrap();
    let mut session = Session::default();
    session.add(env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0));
    session
        .add(env.fased(["onboard", "--agent", "work", "--anthropic-api-key", &key("two", "k2k2")]).exits(0));
    env.set("FASED_AGENT_DIR", &agent);
    session.add(env.fased(["onboard", "--anthropic-api-key", &key("three", "t3t3")]).exits(0));
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.tree().lines().filter(|line| !line.contains("own.json5")).collect::<Vec<_>>().join("\n"));
    snapshot!("onboard_places", session);
}

#[test]
fn a_reference_without_a_place_and_without_a_terminal_is_refused_with_a_line_that_names_one() {
    let env = TestEnv::new();
    let refused = env.fased(["onboard", "--secret-input-mode", "ref"]);
    let stderr = &refused.exits(64).stderr;
    assert!(stderr.contains("fased onboard --secret-ref env:ANTHROPIC_API_KEY"), "{stderr}");
}
