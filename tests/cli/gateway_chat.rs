//! Chat and Usage of the Control UI against the command line: the same documents, the same transcripts, also after a kill.

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::gateway::start;
use crate::support::{TestEnv, TestSandbox, key};

fn env(sandbox: &TestSandbox, part: &str) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key(part, "x3Qw")]).exits(0);
    env
}

/// Asks the gateway with its token; status and body.
fn ask(env: &TestEnv, url: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, String) {
    let host = url.trim_start_matches("http://");
    let token = std::fs::read_to_string(env.state("gateway.token")).unwrap();
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut connection = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        token.trim(),
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

fn document(env: &TestEnv, url: &str, path: &str) -> Value {
    let (status, body) = ask(env, url, "GET", path, None);
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Looks at the session until this holds of its turns.
fn turns_until(env: &TestEnv, url: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    loop {
        let session = document(env, url, "/api/chat/main/s");
        let turns = session["turns"].as_array().unwrap();
        if holds(turns) {
            return turns.clone();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn pages_and_commands_give_the_same_documents_of_the_same_sessions() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox, "chat");
    env.fased(["chat", "--session", "s", "[sandbox:say from the command line]"]).exits(0);
    let (running, url) = start(&env);
    let asked = json!({ "text": "[sandbox:say from a page]" });
    assert_eq!(ask(&env, &url, "POST", "/api/chat/main/s/turns", Some(&asked)).0, 200);
    let turns = turns_until(&env, &url, |turns| turns.len() == 2 && turns[1]["state"] == "complete");
    assert_eq!(turns[0]["parts"][0]["text"], "from the command line");
    for (path, command) in [
        ("/api/sessions?agent=main", &["chat", "--list", "--json"][..]),
        ("/api/usage", &["usage", "--json"]),
        ("/api/usage?since=today&by=model", &["usage", "--since", "today", "--by", "model", "--json"]),
        ("/api/usage?by=profile&agent=main", &["usage", "--by", "profile", "--agent", "main", "--json"]),
    ] {
        let command = env.fased(command.iter().copied());
        assert_eq!(document(&env, &url, path), command.exits(0).json(), "{path}");
    }
    let (status, csv) = ask(&env, &url, "GET", "/api/usage?format=csv", None);
    assert_eq!((status, csv), (200, env.fased(["usage", "--csv"]).exits(0).stdout.clone()));
    for path in ["/api/usage?since=soon", "/api/usage?by=colour", "/api/usage?agent=no/agent"] {
        assert_eq!(ask(&env, &url, "GET", path, None).0, 400, "{path}");
    }
    assert_eq!(ask(&env, &url, "GET", "/api/sessions?agent=nobody", None).0, 404);
    running.signal(Signal::TERM);
    running.finish().exits(0);
    let sent = sandbox.last_message().json().unwrap();
    assert_eq!(sent["messages"].as_array().unwrap().len(), 3, "one conversation: {sent}");
}

/// The state of the first turn whenever everything is told anew.
struct Watched(std::io::BufReader<TcpStream>);

impl Watched {
    fn begin(env: &TestEnv, url: &str) -> Self {
        let host = url.trim_start_matches("http://");
        let token = std::fs::read_to_string(env.state("gateway.token")).unwrap();
        let mut connection = TcpStream::connect(host).unwrap();
        let head = format!(
            "GET /api/chat/main/s/events HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\r\n",
            token.trim()
        );
        connection.write_all(head.as_bytes()).unwrap();
        Self(std::io::BufReader::new(connection))
    }

    fn until(&mut self, state: &str) -> Value {
        let mut line = String::new();
        while self.0.read_line(&mut line).unwrap() > 0 {
            let snapshot: Option<Value> =
                line.strip_prefix("data: ").map(|data| serde_json::from_str(data).unwrap());
            match snapshot.map(|mut snapshot| snapshot["turns"][0].take()) {
                Some(turn) if turn["state"] == state => return turn,
                _ => line.clear(),
            }
        }
        panic!("the stream ended before anything was {state}");
    }
}

#[test]
fn an_answer_of_the_command_line_is_told_as_such_while_it_comes() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox, "fault-stall-times-1");
    let (gateway, url) = start(&env);
    let mut talks = env.command(["chat", "--session", "s", "[sandbox:repeat 30]"]).start();
    talks.some_stdout();
    let mut watched = Watched::begin(&env, &url);
    let turn = watched.until("elsewhere");
    let pid = talks.pid().as_raw_nonzero();
    assert_eq!(turn["notes"], json!([format!("being answered by another process (pid {pid})")]));
    assert_eq!(ask(&env, &url, "POST", "/api/chat/main/s/continue", Some(&json!({}))).0, 409);
    talks.signal(Signal::KILL);
    talks.finish();
    // It wrote nothing more, and is missed all the same.
    let turn = watched.until("interrupted");
    assert_eq!(turn["notes"], json!([]));
    gateway.signal(Signal::KILL);
    gateway.finish();
}

#[test]
fn an_answer_that_was_killed_with_the_gateway_is_interrupted_and_whole_up_to_there() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox, "fault-stall-times-1");
    let (running, url) = start(&env);
    let asked = json!({ "text": "[sandbox:repeat 30]" });
    assert_eq!(ask(&env, &url, "POST", "/api/chat/main/s/turns", Some(&asked)).0, 200);
    let transcript = env.state("agents/main/sessions/s.jsonl");
    // Half of the answer came; it is on disk within a second, and no more of it ever comes.
    while !std::fs::read_to_string(&transcript).is_ok_and(|text| text.contains("\"partial\"")) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let shown = turns_until(&env, &url, |turns| turns.len() == 1);
    running.signal(Signal::KILL);
    running.finish();
    let (running, url) = start(&env);
    let turns = turns_until(&env, &url, |_| true);
    assert_eq!((turns.len(), &turns[0]["state"]), (1, &json!("interrupted")));
    assert_eq!(turns[0]["parts"], shown[0]["parts"]);
    assert_eq!(ask(&env, &url, "POST", "/api/chat/main/s/continue", Some(&json!({}))).0, 200);
    let turns = turns_until(&env, &url, |turns| turns.len() == 2 && turns[1]["state"] == "complete");
    assert_eq!(turns[0]["parts"], shown[0]["parts"]);
    running.signal(Signal::TERM);
    running.finish().exits(0);
}
