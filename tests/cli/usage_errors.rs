//! Wrong usage: one clear line, the fix, exit code 64, and nothing written or sent.

use std::net::TcpListener;

use crate::support::{Session, TestEnv, key, snapshot, token};

/// Runs a wrong command line in an empty home, as text and as JSON.
fn refuse(session: &mut Session, arguments: &[&str]) {
    refuse_with(session, arguments, None);
}

fn refuse_with(session: &mut Session, arguments: &[&str], stdin: Option<&str>) {
    let env = TestEnv::new();
    for json in [&[] as &[&str], &["--json"]] {
        let run = env.command(arguments.iter().chain(json).copied());
        let output = match stdin {
            Some(text) => run.stdin(text).run(),
            None => run.run(),
        };
        output.exits(64);
        assert_eq!(env.tree(), "", "something was written by\n{output}");
        for secret in arguments.iter().filter(|argument| argument.contains("sandbox")) {
            assert!(!format!("{}{}", output.stdout, output.stderr).contains(secret), "{output}");
        }
        if json.is_empty() {
            assert_eq!(output.stdout, "", "{output}");
            session.add(output);
        } else {
            let error = &output.json()["error"];
            assert_eq!(error["code"], 64, "{output}");
            assert!(!error["message"].as_str().unwrap().is_empty(), "{output}");
            assert_eq!(output.stderr, "", "{output}");
        }
    }
}

#[test]
fn credentials_that_cannot_work_are_named_and_not_stored() {
    let mut session = Session::default();
    let filler = "0".repeat(90);
    let (key, token) = (key("one", "x3Qw"), token("one", "77aa"));
    let admin = format!("sk-ant-admin01-sandbox-{filler}");
    let refresh = format!("sk-ant-ort01-sandbox-{filler}");
    let client = format!("fased-ck-sandbox-{filler}");
    let openai = format!("sk-proj-sandbox-{filler}");
    let bell = format!("{key}\u{7}");
    let long = format!("sk-ant-api03-sandbox-{}", "0".repeat(20_000));
    for value in
        ["", "  ", "hello", "sk-ant-api03-short", &token, &admin, &refresh, &client, &openai, &bell, &long]
    {
        refuse(&mut session, &["onboard", "--anthropic-api-key", value]);
    }
    for value in ["", "sk-ant-oat01-short", &key, &admin, "hello"] {
        refuse(
            &mut session,
            &["onboard", "--auth-choice", "token", "--token-provider", "anthropic", "--token", value],
        );
    }
    refuse_with(&mut session, &["onboard", "--api-key-stdin"], Some(""));
    refuse_with(&mut session, &["onboard", "--api-key-stdin"], Some(&token));
    refuse_with(&mut session, &["onboard", "--token-stdin"], Some("\n"));
    refuse_with(&mut session, &["onboard", "--token-stdin"], Some(&key));
    snapshot!("usage_credentials", session);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let mut session = Session::default();
    let (key, token) = (key("one", "x3Qw"), token("one", "77aa"));
    for arguments in [
        vec!["--anthropic-api-key", &key, "--api-key-stdin"],
        vec!["--anthropic-api-key", &key, "--anthropic-api-key", &key],
        vec!["--anthropic-api-key", &key, "--token", &token],
        vec!["--token", &token, "--token-stdin"],
        vec!["--auth-choice", "token", "--anthropic-api-key", &key],
        vec!["--auth-choice", "apiKey", "--token", &token],
        vec!["--auth-choice", "skip", "--token", &token],
        vec!["--auth-choice", "carrier-pigeon"],
        vec!["--anthropic-api-key", &key, "--token-expires-in", "365d"],
        vec!["--token", &token, "--token-provider", "openai"],
        vec!["--token", &token, "--replace"],
        vec!["--anthropic-api-key", &key, "--verify", "--skip-health"],
        vec!["--anthropic-api-key"],
        vec!["--tokn", &token],
        vec![&key],
    ] {
        refuse(&mut session, &["onboard"].into_iter().chain(arguments).collect::<Vec<_>>());
    }
    snapshot!("usage_flags", session);
}

#[test]
fn lifetimes_that_are_none_are_refused() {
    let mut session = Session::default();
    let token = token("one", "77aa");
    for value in ["soon", "", "-1d", "0d", "1e9d", "365 years"] {
        refuse(&mut session, &["onboard", "--token", &token, &format!("--token-expires-in={value}")]);
    }
    snapshot!("usage_expires_in", session);
}

#[test]
fn without_a_terminal_and_a_credential_the_recipe_is_told_at_once() {
    let mut session = Session::default();
    refuse(&mut session, &["onboard"]);
    refuse(&mut session, &["onboard", "--non-interactive"]);
    refuse(&mut session, &["onboard", "--auth-choice", "apiKey"]);
    refuse(&mut session, &["onboard", "--auth-choice", "token"]);
    refuse(&mut session, &["onboard", "--auth-choice", "token", "--token-provider", "anthropic"]);
    refuse(&mut session, &["onboard", "--agent", "work"]);
    snapshot!("usage_no_terminal", session);
}

#[test]
fn hostile_agent_ids_never_touch_a_path() {
    let long = "a".repeat(10_000);
    let ids = [
        "../x", "a/b", "..", ".", "/etc", "CON", "nul", "com1", "a\u{7}b", "a\nb", "a b", "", "-x", "_x",
        "é", "a\\b", "%2e%2e", "~", &long,
    ];
    let mut session = Session::default();
    for id in ids {
        let flag = format!("--agent={id}");
        refuse(&mut session, &["onboard", "--anthropic-api-key", &key("one", "x3Qw"), &flag]);
        for command in [&["models", "status"] as &[&str], &["models", "explain"], &["chat", "hi"]] {
            let env = TestEnv::new();
            let output = env.fased(command.iter().copied().chain([flag.as_str()]));
            output.exits(64);
            assert_eq!(env.tree(), "");
        }
    }
    snapshot!("usage_agent_ids", session);
}

#[test]
fn an_agent_that_is_not_configured_is_refused_by_every_command() {
    let mut session = Session::default();
    refuse(&mut session, &["onboard", "--anthropic-api-key", &key("one", "x3Qw"), "--agent", "work"]);
    refuse(&mut session, &["models", "status", "--agent", "work"]);
    refuse(&mut session, &["models", "explain", "--agent", "work"]);
    refuse(&mut session, &["chat", "hi", "--agent", "work"]);
    snapshot!("usage_unknown_agent", session);
}

#[test]
fn hostile_profile_ids_are_refused() {
    let long = format!("anthropic:{}", "a".repeat(10_000));
    let mut session = Session::default();
    for id in [
        "../x",
        "a/b",
        "anthropic:../x",
        "anthropic:a/b",
        "anthropic:",
        ":x",
        "",
        "anthropic:a b",
        "anthropic:\u{7}",
        "anthropic:a\\b",
        "anthropic:a\nb",
        "work",
        "openai:work",
        &long,
    ] {
        let flag = format!("--token-profile-id={id}");
        refuse(&mut session, &["onboard", "--token", &token("one", "77aa"), &flag]);
    }
    snapshot!("usage_profile_ids", session);
}

#[test]
fn command_lines_that_are_none_are_refused() {
    let mut session = Session::default();
    for arguments in [
        &[] as &[&str],
        &["juggle"],
        &["models", "juggle"],
        &["models", "status", "--json", "--plain"],
        &["models", "status", "extra"],
        &["models", "set"],
        &["models", "set", "anthropic/"],
        &["models", "roles", "set", "coding"],
        &["models", "list", "--json", "--plain"],
        &["models", "fallbacks", "juggle"],
        &["models", "status", "--model", "a/b/c@"],
        &["models", "status", "--model", "nonsense"],
        &["chat", "hi", "--model", ""],
        &["chat", "hi", "--max-tokens", "0"],
        &["chat", "hi", "--max-tokens", "many"],
        &["chat"],
        &["chat", "-"],
        &["chat", "   "],
        &["usage", "--since", "yesterday"],
        &["usage", "today"],
        &["sandbox", "--port", "70000"],
        &["demo", "--fast"],
        &["completion", "tcsh"],
        &["completion"],
    ] {
        let env = TestEnv::new();
        let output = env.fased(arguments.iter().copied());
        assert_eq!(env.tree(), "");
        session.add(output);
    }
    snapshot!("usage_commands", session);
}

#[test]
fn variables_that_make_no_sense_are_refused() {
    let mut session = Session::default();
    for (name, value) in [
        ("FASED_NOW", "yesterday"),
        ("FASED_NETWORK", "sometimes"),
        ("ANTHROPIC_BASE_URL", "not a url"),
        ("ANTHROPIC_BASE_URL", "http://example.com"),
        ("ANTHROPIC_BASE_URL", "https://user:pass@example.com"),
    ] {
        let mut env = TestEnv::new();
        env.set("ANTHROPIC_API_KEY", &key("one", "x3Qw")).set(name, value);
        session.add(format!("# {name}={value}"));
        session.add(env.fased(["chat", "hi"]));
        session.add(env.fased(["chat", "hi", "--json"]));
        assert_eq!(env.tree(), "");
    }
    snapshot!("usage_variables", session);
}

#[test]
fn nothing_is_sent_for_a_wrong_command_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", &format!("http://{}", listener.local_addr().unwrap()));
    env.fased(["onboard", "--verify", "--anthropic-api-key", "sk-ant-api03-short"]).exits(64);
    env.fased(["chat"]).exits(64);
    env.fased(["chat", "hi"]).exits(3);
    assert!(listener.accept().is_err(), "somebody connected");
}
