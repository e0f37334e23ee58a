//! Spend caps of client keys, through a running gateway: what is enforced, what the ledger says and what is shown are one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Running, TestEnv, TestSandbox, key};

/// In micro-dollars. A request here holds about 1,200 and costs about 250.
const CAP: u64 = 2_000;

struct Room {
    env: TestEnv,
    _sandbox: TestSandbox,
}

/// What a client got.
struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl Room {
    fn new() -> Self {
        let sandbox = TestSandbox::start();
        let env = TestEnv::with_sandbox(&sandbox);
        env.fased(["onboard", "--anthropic-api-key", &key("caps", "x3Qw")]).exits(0);
        Self { env, _sandbox: sandbox }
    }

    fn add(&self, name: &str, more: &[&str]) -> String {
        let arguments = ["gateway", "keys", "add", name, "--json"].into_iter().chain(more.iter().copied());
        self.env.fased(arguments).exits(0).json()["key"].as_str().unwrap().to_owned()
    }

    fn start(&self) -> (Running<'_>, String) {
        let mut gateway = self.env.command(["gateway", "--port", "0"]).start();
        gateway.stdout_until("\n");
        let host = gateway.stdout_so_far().trim().trim_start_matches("http://").to_owned();
        (gateway, host)
    }

    /// What the ledger says a key was charged.
    fn charged(&self, name: &str) -> u64 {
        const SUM: &str = "
            SELECT COALESCE(SUM(COALESCE(charged_micro_dollars, cost_micro_dollars, 0)), 0)
            FROM requests WHERE client_key = ?1";
        let ledger = Connection::open(self.env.state("usage.db")).unwrap();
        let sum: i64 = ledger.query_row(SUM, [name], |row| row.get(0)).unwrap();
        u64::try_from(sum).unwrap()
    }

    /// What is shown.
    fn shown(&self, name: &str) -> u64 {
        let list = self.env.fased(["gateway", "keys", "list", "--json"]).json();
        let key = list["keys"].as_array().unwrap().iter().find(|key| key["name"] == name).unwrap();
        key["spent"]["dailyMicroDollars"].as_u64().unwrap()
    }
}

fn stop(gateway: Running<'_>) {
    gateway.signal(Signal::TERM);
    gateway.finish().exits(0);
}

fn ask(host: &str, key: &str, model: &str) -> Answer {
    let messages = [json!({ "role": "user", "content": "What may it cost?" })];
    let body = json!({ "model": model, "max_tokens": 100, "messages": messages }).to_string();
    let head = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         anthropic-version: 2023-06-01\r\nx-api-key: {key}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = TcpStream::connect(host).unwrap();
    connection.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let document = body.find('{').zip(body.rfind('}')).map(|(from, to)| &body[from..=to]).unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: serde_json::from_str(document).unwrap(),
    }
}

const SONNET: &str = "claude-sonnet-5";

#[test]
fn a_key_is_served_up_to_its_cap_and_a_restart_gives_nothing_back() {
    let room = Room::new();
    let (gateway, host) = room.start();
    // Made while the gateway runs, and known at once.
    let capped = room.add("capped", &["--cap-daily", "0.002"]);
    let free = room.add("free", &[]);
    let mut served = 0;
    let refused = loop {
        let answer = ask(&host, &capped, SONNET);
        if answer.status != 200 {
            break answer;
        }
        served += 1;
        assert!(served < 20, "the cap holds nobody back");
    };
    assert!(served >= 2, "what is not spent is given back");
    assert_eq!(
        (refused.status, &refused.body["error"]["type"]),
        (429, &json!("billing_error")),
        "{}",
        refused.body
    );
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    // It is noon, and the day is one of UTC.
    assert_eq!(refused.header("retry-after"), Some("43200"));
    assert_eq!(ask(&host, &free, SONNET).status, 200);
    assert_eq!(ask(&host, &free, "claude-novel-9").body["error"]["type"], "not_found_error");
    let unpriced = ask(&host, &capped, "claude-novel-9");
    assert_eq!((unpriced.status, &unpriced.body["error"]["type"]), (400, &json!("invalid_request_error")));
    stop(gateway);

    let charged = room.charged("capped");
    assert!(charged > 0 && charged <= CAP, "{charged}");
    assert_eq!(room.shown("capped"), charged);
    assert_eq!(room.shown("free"), room.charged("free"));
    let (gateway, host) = room.start();
    assert_eq!(ask(&host, &capped, SONNET).status, 429);
    // Revoked while the gateway runs, and refused at once.
    room.env.fased(["gateway", "keys", "revoke", "free", "--yes"]).exits(0);
    assert_eq!(ask(&host, &free, SONNET).status, 401);
    stop(gateway);
    assert_eq!(room.charged("capped"), charged);
}

#[test]
fn requests_at_the_same_moment_do_not_pass_the_cap_together() {
    let room = Room::new();
    let capped = room.add("capped", &["--cap-daily", "0.002"]);
    let (gateway, host) = room.start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients = (0..24).map(|_| scope.spawn(|| ask(&host, &capped, SONNET).status)).collect::<Vec<_>>();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    stop(gateway);
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    let charged = room.charged("capped");
    assert!(charged > 0 && charged <= CAP, "{charged}");
    assert_eq!(room.shown("capped"), charged);
}

#[test]
fn without_a_ledger_a_capped_key_is_refused_and_others_are_served() {
    let room = Room::new();
    let (capped, free) = (room.add("capped", &["--cap-daily", "0.002"]), room.add("free", &[]));
    std::fs::create_dir(room.env.state("usage.db")).unwrap();
    let (gateway, host) = room.start();
    let refused = ask(&host, &capped, SONNET);
    assert_eq!(refused.status, 503, "{}", refused.body);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(ask(&host, &free, SONNET).status, 200);
    // When it is mended, rows that waited are written.
    std::fs::remove_dir(room.env.state("usage.db")).unwrap();
    stop(gateway);
    assert!(room.charged("free") > 0);
}
