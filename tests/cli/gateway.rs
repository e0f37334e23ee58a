//! `fased gateway` and `fased dashboard`: starting, looking, stopping. What it serves is tested in tests/gateway.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::support::{Running, Session, TestEnv, snapshot};

/// Starts a gateway on a free port and waits until it says where it is.
pub(crate) fn start(env: &TestEnv) -> (Running<'_>, String) {
    let mut running = env.command(["gateway", "--port", "0", "--json"]).start();
    let mut text = String::new();
    loop {
        let piece = running.some_stdout();
        assert!(!piece.is_empty(), "it ended without a document: {text}");
        text.push_str(&piece);
        if let Ok(document) = serde_json::from_str::<serde_json::Value>(&text) {
            return (running, document["url"].as_str().unwrap().to_owned());
        }
    }
}

#[test]
fn a_gateway_says_where_it_is_and_ends_when_asked() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let env = TestEnv::new();
        let mut running = env.command(["gateway", "--port", "0"]).start();
        running.stdout_until("\n");
        running.stderr_line("Ctrl-C");
        running.signal(signal);
        let output = running.finish();
        snapshot!("gateway_text", output.exits(0));
    }
}

#[test]
fn its_state_can_be_asked_and_a_link_to_its_pages_be_had_while_it_runs() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(env.fased(["gateway", "status"]).exits(1));
    session.add(env.fased(["gateway", "status", "--json"]).exits(1));
    session.add(env.fased(["dashboard"]).exits(1));
    session.add(env.fased(["dashboard", "--json"]).exits(1));
    {
        let (running, _) = start(&env);
        let mut add = |mut output: crate::support::Output| {
            output.stdout = masked(&output.stdout);
            session.add(output);
        };
        add(env.fased(["gateway", "status"]).exits(0).clone());
        add(env.fased(["gateway", "status", "--json"]).exits(0).clone());
        add(env.fased(["dashboard", "--no-browser"]).exits(0).clone());
        add(env.fased(["dashboard", "--json"]).exits(0).clone());
        running.signal(Signal::TERM);
        running.finish().exits(0);
    }
    session.add(env.fased(["gateway", "status"]).exits(1));
    snapshot!("gateway_status", session);
}

/// An answer without what differs from run to run: process, time, code.
fn masked(text: &str) -> String {
    let mut shown = String::new();
    for line in text.split_inclusive('\n') {
        let line = match line.split_once("#code=") {
            Some((before, code)) => {
                let end = code.find(['"', '\n']).unwrap_or(code.len());
                format!("{before}#code=[CODE]{}", &code[end..])
            }
            None => line.to_owned(),
        };
        let line = match line.split_once("(pid ") {
            Some((_, rest)) if line.starts_with("Running") => {
                format!("Running   for [TIME] (pid [PID]{}", &rest[rest.find(',').unwrap()..])
            }
            _ => line,
        };
        shown.push_str(&match line.split_once("\"pid\": ") {
            Some((before, _)) => format!("{before}\"pid\": [PID],\n"),
            None => line,
        });
    }
    shown
}

#[test]
fn a_second_one_for_the_same_state_or_port_is_told_what_is_in_its_way() {
    let env = TestEnv::new();
    let (running, url) = start(&env);
    let second = env.fased(["gateway", "--port", "0"]);
    assert_eq!(second.code, Some(1), "{second}");
    assert!(
        second
            .stderr
            .contains("A gateway of this state directory runs already: http://127.0.0.1:[PORT] (pid "),
        "{second}"
    );
    assert!(second.stderr.contains("fased dashboard"), "{second}");
    let other = TestEnv::new();
    let port = url.rsplit(':').next().unwrap();
    let refused = other.fased(["gateway", "--port", port]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused.stderr.contains("Cannot listen on 127.0.0.1:[PORT]: address already in use"),
        "{refused}"
    );
    running.signal(Signal::TERM);
    running.finish().exits(0);
    // What it said of itself is gone with it, and another one begins where it was.
    let (running, _) = start(&env);
    running.signal(Signal::TERM);
    running.finish().exits(0);
}

#[test]
fn a_kill_blocks_nobody() {
    let env = TestEnv::new();
    let (running, _) = start(&env);
    running.signal(Signal::KILL);
    running.finish();
    env.fased(["gateway", "status"]).exits(1);
    let (running, _) = start(&env);
    running.signal(Signal::TERM);
    running.finish().exits(0);
}

#[test]
fn settings_that_lead_back_to_it_or_open_it_are_refused_or_told() {
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let port = free();
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", &format!("http://localhost:{port}"));
    let mut session = Session::default();
    let mut add = |env: &TestEnv, arguments: &[&str], code| {
        let mut output = env.fased(arguments.iter().copied());
        output.exits(code);
        for text in [&mut output.line, &mut output.stdout, &mut output.stderr] {
            *text = text.replace(&port, "[PORT]");
        }
        session.add(output);
    };
    add(&env, &["gateway", "--port", &port], 64);
    env.write(
        "fased.json",
        &format!("{{models:{{providers:{{anthropic:{{baseUrl:'http://127.0.0.1:{port}'}}}}}}}}"),
    );
    add(&env, &["gateway", "--port", &port, "--json"], 64);
    let mut env = TestEnv::new();
    env.set("FASED_GATEWAY_PORT", "web");
    add(&env, &["gateway"], 64);
    let env = TestEnv::new();
    env.write("fased.json", "{gateway:{auth:{token:'short'}}}");
    add(&env, &["gateway", "--port", "0"], 1);
    env.write("fased.json", "{gateway:{port:'x'}}");
    add(&env, &["gateway"], 1);
    snapshot!("gateway_refused", session);
}

#[test]
fn a_config_that_asks_for_other_machines_is_told_that_only_a_flag_opens_it() {
    let env = TestEnv::new();
    env.write("fased.json", "{gateway:{bind:'lan',port:0}}");
    let mut running = env.command(["gateway"]).start();
    running.stdout_until("\n");
    assert!(running.stdout_so_far().starts_with("http://127.0.0.1:"));
    running.stderr_line("Ctrl-C");
    running.signal(Signal::TERM);
    let output = running.finish();
    assert!(output.stderr.contains("gateway.bind is \"lan\", and only --bind opens the gateway"), "{output}");
}

#[test]
fn a_unit_for_systemd_is_printed() {
    let env = TestEnv::new();
    let unit = env.fased(["gateway", "service", "--port", "8080"]);
    let unit = unit.exits(0).stdout.clone();
    assert!(unit.contains("fased gateway --port 8080\n"), "{unit}");
    assert!(unit.starts_with("[Unit]\n") && unit.contains("WantedBy=default.target"), "{unit}");
    let json = env.fased(["gateway", "service", "--json"]).exits(0).json();
    assert!(json["unit"].as_str().unwrap().contains("fased gateway\n"));
}
