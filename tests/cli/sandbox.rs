//! `fased sandbox`: the stand-in as a process of its own.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::support::{Session, TestEnv, key, snapshot};

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
