//! `fased sandbox`: the stand-in as a process of its own.

use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Session, TestEnv, TestSandbox, key, snapshot, token_request};

fn refresh(refresh_token: &str) -> Value {
    json!({ "grant_type": "refresh_token", "client_id": "a-client-of-the-tests", "refresh_token": refresh_token })
}

#[test]
fn a_sandbox_process_answers_a_chat_and_ends_when_asked() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut env = TestEnv::new();
        let mut session = Session::default();
        let output = {
            let server = TestEnv::new();
            let mut running = server.command(["sandbox", "--json"]).start();
            let mut text = String::new();
            while serde_json::from_str::<serde_json::Value>(&text).is_err() {
                let piece = running.some_stdout();
                assert!(!piece.is_empty(), "it ended without a document: {text}");
                text.push_str(&piece);
            }
            let announced: serde_json::Value = serde_json::from_str(&text).unwrap();
            env.set("ANTHROPIC_BASE_URL", announced["url"].as_str().unwrap());
            let key = announced["apiKey"].as_str().unwrap();
            session.add(env.fased(["onboard", "--verify", "--anthropic-api-key", key]).exits(0));
            session.add(env.fased(["chat", "hi"]).exits(0));
            running.signal(signal);
            let output = running.finish();
            assert_eq!(server.tree(), "", "the sandbox wrote something");
            output
        };
        session.add(output.exits(0));
        snapshot!("sandbox_process", session);
    }
}

#[test]
fn a_person_is_told_how_to_use_it() {
    let env = TestEnv::new();
    let mut running = env.command(["sandbox"]).start();
    running.stdout_until("\n");
    running.signal(Signal::INT);
    let output = running.finish();
    snapshot!("sandbox_text", output.exits(0));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let env = TestEnv::new();
    let mut session = Session::default();
    for json in [&[] as &[&str], &["--json"]] {
        let mut output = env.fased(["sandbox", "--port", &port].into_iter().chain(json.iter().copied()));
        output.line = output.line.replace(&port, "[PORT]");
        session.add(output.exits(1));
    }
    snapshot!("sandbox_port_taken", session);
}

#[test]
fn delays_a_credential_asks_for_win_over_those_of_the_process() {
    let server = TestEnv::new();
    let mut running = server.command(["sandbox", "--event-delay-ms", "600000"]).start();
    running.stdout_until("\n");
    let url = running.stdout_so_far().trim().to_owned();
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", &url);
    env.fased(["onboard", "--anthropic-api-key", &key("event-delay-1ms", "x3Qw")]).exits(0);
    env.fased(["chat", "hi"]).exits(0);
    running.signal(Signal::INT);
    running.finish().exits(0);
}

#[test]
fn the_browser_can_be_played_and_what_is_signed_in_asks_refreshes_and_ends() {
    let sandbox = TestSandbox::start();
    // Verifier and challenge are those of RFC 7636, appendix B.
    let redirect_uri = format!("{}/oauth/code/callback", sandbox.url());
    let link = format!(
        "{}/oauth/authorize?code=true&client_id=a-client-of-the-tests&response_type=code&redirect_uri={redirect_uri}\
         &scope=user:inference&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
         &code_challenge_method=S256&state=a-state&login_hint=someone@example.com",
        sandbox.url()
    );
    let (code, state) = sandbox.approve(&link);
    assert_eq!(state, "a-state");
    let (status, pair) = sandbox.token_request(&json!({
        "grant_type": "authorization_code",
        "client_id": "a-client-of-the-tests",
        "code": code,
        "state": state,
        "redirect_uri": redirect_uri,
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    }));
    assert_eq!((status, &pair["account"]["email_address"]), (200, &json!("someone@example.com")), "{pair}");

    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--token", pair["access_token"].as_str().unwrap(), "--verify"]).exits(0);
    sandbox.advance(Duration::from_secs(28_800));
    let output = env.fased(["chat", "hi"]);
    output.exits(4);
    assert!(output.stderr.contains("OAuth token has expired"), "{output}");

    let spent = refresh(pair["refresh_token"].as_str().unwrap());
    let (_, next) = sandbox.token_request(&spent);
    env.fased(["onboard", "--token", next["access_token"].as_str().unwrap(), "--verify"]).exits(0);
    let (status, refused) = sandbox.token_request(&spent);
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")));
    assert_eq!(sandbox.refreshes(), 2);
}

#[test]
fn access_tokens_of_the_process_are_good_as_long_as_it_was_told() {
    let server = TestEnv::new();
    let mut running = server.command(["sandbox", "--token-lifetime-s", "90"]).start();
    running.stdout_until("\n");
    let url = running.stdout_so_far().trim().to_owned();
    let (status, pair) = token_request(&url, &refresh("sk-ant-ort01-sandbox-written-by-hand-0000-x3Qw"));
    assert_eq!((status, &pair["expires_in"]), (200, &json!(90)));
    running.signal(Signal::INT);
    running.finish().exits(0);
}
