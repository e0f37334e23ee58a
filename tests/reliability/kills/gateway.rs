//! The gateway: keys of its clients, its start, and its end while clients are asking it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::Writer;
use crate::home::{self, api_key};
use crate::support::{Fased, Output, TestEnv, TestGateway, TestSandbox};
use crate::{Dice, figures, sound};

/// Kills of a gateway that clients are asking.
const KILLS: u64 = 10;
/// Clients that ask at the same time.
const CLIENTS: u64 = 8;
/// Longest time clients ask before the kill.
const LONGEST: Duration = Duration::from_millis(400);

/// `fased gateway keys add`, a new client each time.
pub(super) struct AddingKeys {
    env: TestEnv,
    committed: BTreeSet<String>,
}

impl Writer for AddingKeys {
    const NAME: &'static str = "`gateway keys add` killed";

    fn begin() -> Self {
        Self { env: TestEnv::new(), committed: BTreeSet::new() }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, round: u64) -> Fased<'_> {
        self.env.command(["gateway", "keys", "add", &format!("client-{round}")])
    }

    fn check(&mut self, round: u64, output: Option<&Output>) {
        let listed = self.env.fased(["gateway", "keys", "list", "--json"]);
        let keys = listed.exits(0).json()["keys"].as_array().unwrap().clone();
        let now: BTreeSet<String> = keys.iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect();
        assert!(self.committed.is_subset(&now), "lost {:?}", self.committed.difference(&now));
        if let Some(output) = output {
            output.exits(0);
            assert!(now.contains(&format!("client-{round}")), "{output}");
        }
        self.committed = now;
    }

    fn end(&mut self) {
        let last = super::ROUNDS_IN_A_HOME;
        let output = self.run(last).run();
        self.check(last, Some(&output));
    }
}

/// `fased gateway`, killed before it has said where it is, or as it does.
pub(super) struct Starting {
    env: TestEnv,
    token: Option<String>,
}

impl Writer for Starting {
    const NAME: &'static str = "`gateway` killed as it starts";

    fn begin() -> Self {
        Self { env: TestEnv::new(), token: None }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, round: u64) -> Fased<'_> {
        if round.is_multiple_of(5) {
            // The token is made where there is none.
            std::fs::remove_file(self.env.state("gateway.token")).ok();
            self.token = None;
        }
        self.env.command(["gateway", "--port", "0", "--json"])
    }

    fn whole(&mut self) -> Duration {
        let started = Instant::now();
        TestGateway::start(&self.env).stop();
        started.elapsed()
    }

    fn check(&mut self, _: u64, _: Option<&Output>) {
        let token = std::fs::read_to_string(self.env.state("gateway.token")).ok();
        if self.token.is_some() {
            assert_eq!(token, self.token, "a token that was there is another one");
        }
        self.token = token;
        let status = self.env.fased(["gateway", "status", "--json"]);
        status.exits(1);
    }

    fn end(&mut self) {
        TestGateway::start(&self.env).stop();
    }
}

/// Asks for one short answer; says whether it came as a whole.
fn ask(gateway: &str, key: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let body = json!({
        "model": "claude-haiku-4-5", "max_tokens": 20, "messages": [{ "role": "user", "content": "hi" }],
    })
    .to_string();
    let host = gateway.trim_start_matches("http://");
    let request = format!(
        "POST /v1/messages HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-api-key: {key}\r\n\
         anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let Ok(mut stream) = std::net::TcpStream::connect(host) else { return false };
    let mut answer = String::new();
    let whole = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    whole.is_ok() && answer.starts_with("HTTP/1.1 200") && answer.trim_end().ends_with('}')
}

#[test]
fn a_gateway_that_is_killed_while_clients_ask_keeps_what_it_told() {
    let kills = figures::number("FASED_GATEWAY_KILLS", KILLS);
    let sandbox = TestSandbox::start_with(|options| options.kept_requests = 16);
    let env = TestEnv::with_sandbox(&sandbox);
    home::store(&env, "main", &json!({ "anthropic:default": api_key("asked") }));
    let added = env.fased(["gateway", "keys", "add", "client", "--json"]);
    let key = added.exits(0).json()["key"].as_str().unwrap().to_owned();
    let rows = || env.fased(["usage", "--json"]).exits(0).json()["totals"]["requests"].as_u64().unwrap();
    let mut dice = Dice(7);
    let (mut answered, mut unwritten, mut kept) = (0, 0, 0);
    for kill in 0..kills {
        let gateway = TestGateway::start(&env);
        let (goes_on, whole) = (AtomicBool::new(true), AtomicU64::new(0));
        let mut told = 0;
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while goes_on.load(Ordering::Relaxed) {
                        if ask(gateway.url(), &key) {
                            whole.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            // The wait is what is being tested: it decides where in the work the kill falls.
            std::thread::sleep(Duration::from_micros(
                dice.below(u64::try_from(LONGEST.as_micros()).unwrap()),
            ));
            told = rows();
            rustix::process::kill_process(gateway.pid(), Signal::KILL).unwrap();
            goes_on.store(false, Ordering::Relaxed);
        });
        gateway.kill();
        sound::check(&env.state(""));
        let after = rows();
        assert!(after >= told, "{told} requests were told of, {after} are left");
        // Not every row is there: those of the last moment were not written yet.
        let whole = whole.into_inner();
        let written = after - kept;
        unwritten = whole.saturating_sub(written).max(unwritten);
        answered += whole;
        kept = after;
        if kill % 5 == 4 {
            env.fased(["gateway", "keys", "add", &format!("client-{kill}")]).exits(0);
        }
    }
    let gateway = TestGateway::start(&env);
    assert!(ask(gateway.url(), &key), "{}", gateway.log());
    let (status, log) = gateway.stop();
    assert!(status.success(), "{log}");
    assert_eq!(rows(), kept + 1, "an ending gateway writes its last rows");
    figures::add(
        "`gateway` killed while clients ask",
        format!("{kills} kills, {answered} answers"),
        format!("nothing lost that it had told of; at most {unwritten} rows of the last moment not written"),
    );
}
