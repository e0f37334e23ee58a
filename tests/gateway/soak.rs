//! Many requests for a while, a tenth of which fail upstream: nobody meets an error the upstream did not cause, every answer
//! is whole and its own, memory stays flat, and the ledger has a row for each. `FASED_SOAK_SECONDS` is how long it takes.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use fased::anthropic::{Endpoint, NetworkPolicy, ProxySettings, TrustSettings};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::LocalSet;
use url::Url;

use crate::figures;
use crate::support::{TestEnv, TestGateway, TestSandbox, key};

const SECONDS: u64 = 20;
/// Requests in a second, where the machine keeps up.
const RATE: u64 = 100;
/// Requests under way; a machine that does not keep up is asked more slowly.
const UNDER_WAY: usize = 200;
const SESSIONS: u64 = 40;
/// What memory may grow by after the first minute, in KiB: what an allocator keeps of many answers at once.
const GROWTH: u64 = 6 * 1024;

/// Every tenth request asks for the next of these; the first four strike before any content.
const FAULTS: [&str; 6] =
    ["overloaded", "api-error", "overloaded-in-stream", "cut-before", "error-after-text", "cut-inside"];

/// The profiles, and what each meets for a while, which another one must make good.
const PROFILES: [(&str, &str); 3] = [
    ("anthropic:first", "fault-rate-limit-after-300-times-3-retry-after-1"),
    ("anthropic:second", "fault-cut-before-after-50-times-20"),
    ("anthropic:third", "good"),
];

#[derive(Debug, Default)]
struct Seen {
    whole: u64,
    failed: u64,
    wrong: Vec<String>,
}

#[test]
fn nothing_fails_but_what_the_upstream_fails_and_memory_stays_flat() {
    let seconds = figures::number("FASED_SOAK_SECONDS", SECONDS);
    let sandbox = TestSandbox::start_with(|options| options.kept_requests = 16);
    let mut env = TestEnv::with_sandbox(&sandbox);
    // Limits have to end.
    env.set("FASED_NOW", "");
    for (profile, part) in PROFILES {
        let login = ["models", "auth", "login", "--provider", "anthropic", "--method", "api-key"];
        let login = login.into_iter().chain(["--profile-id", profile]);
        env.command(login).stdin(key(part, "x3Qw")).run().exits(0);
    }
    let added = env.fased(["gateway", "keys", "add", "soak", "--json"]);
    let client_key = added.exits(0).json()["key"].as_str().unwrap().to_owned();
    let gateway = TestGateway::start(&env);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (seen, memory) = LocalSet::new().block_on(&runtime, ask(&gateway, &client_key, seconds));

    assert_eq!(seen.wrong, [""; 0], "{}", gateway.log());
    let requests = seconds * RATE;
    assert_eq!((seen.whole, seen.failed), (requests - requests / 10, requests / 10));
    let (early, late) = memory.split_at(memory.len() / 2);
    let peak = |samples: &[u64]| samples.iter().max().copied().unwrap_or_default();
    assert!(peak(late) <= peak(early) + GROWTH, "memory grew after the first minute, in KiB: {memory:?}");
    let (status, log) = gateway.stop();
    assert!(status.success(), "{status}\n{log}");
    let usage = env.fased(["usage", "--json"]);
    assert_eq!(usage.exits(0).json()["totals"]["requests"], json!(requests), "{usage}");
    figures::add(
        "Requests through the gateway, a tenth of which fail upstream",
        format!("{requests} in {seconds} s"),
        format!(
            "no other failed, every answer whole, a row of the ledger for each; at most {} KiB in memory in the first half, \
             {} in the second",
            peak(early),
            peak(late)
        ),
    );
}

/// Sends everything; what came, and the gateway's memory second by second from the first minute on, or from the first half
/// of a shorter run.
async fn ask(gateway: &TestGateway, client_key: &str, seconds: u64) -> (Seen, Vec<u64>) {
    let endpoint = Endpoint::new(&Url::parse(gateway.url()).unwrap(), NetworkPolicy::LoopbackOnly).unwrap();
    let (proxy, trust) = (ProxySettings::default(), TrustSettings::default());
    let client = fased::anthropic::http::client(&endpoint, &proxy, &trust, Duration::from_secs(30)).unwrap();
    let seen = Rc::new(RefCell::new(Seen::default()));
    let room = Arc::new(Semaphore::new(UNDER_WAY));
    let (mut tasks, mut memory) = (Vec::new(), Vec::new());
    let mut pace = tokio::time::interval(Duration::from_millis(1_000 / RATE));
    for number in 0..seconds * RATE {
        pace.tick().await;
        let place = room.clone().acquire_owned().await.unwrap();
        let (seen, asked) = (seen.clone(), Asked::of(number));
        let request = asked.request(&client, &endpoint, client_key);
        tasks.push(tokio::task::spawn_local(async move {
            let verdict = asked.verdict(request.send().await).await;
            let mut seen = seen.borrow_mut();
            match verdict {
                Ok(()) if asked.fault.is_some() => seen.failed += 1,
                Ok(()) => seen.whole += 1,
                Err(wrong) if seen.wrong.len() < 10 => seen.wrong.push(format!("{asked:?}: {wrong}")),
                Err(_) => {}
            }
            drop(place);
        }));
        let past = number / RATE;
        if number % RATE == 0 && past >= 60.min(seconds / 2) {
            memory.push(gateway.resident_kib());
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    memory.push(gateway.resident_kib());
    (Rc::into_inner(seen).unwrap().into_inner(), memory)
}

/// One request and what it must come to.
#[derive(Debug)]
struct Asked {
    number: u64,
    streamed: bool,
    fault: Option<&'static str>,
}

impl Asked {
    fn of(number: u64) -> Self {
        let turn = usize::try_from(number / 10).unwrap();
        let fault = (number % 10 == 9).then(|| FAULTS[turn % FAULTS.len()]);
        // Both kinds meet every fault.
        Self { number, streamed: (number + number / 60).is_multiple_of(2), fault }
    }

    /// What only this request is answered with.
    fn text(&self) -> String {
        format!("This is what request {} is answered with, and no other.", self.number)
    }

    fn request(&self, client: &reqwest::Client, gateway: &Endpoint, key: &str) -> reqwest::RequestBuilder {
        let question = format!("[sandbox:say {}]", self.text());
        let body = json!({
            "model": "claude-haiku-4-5",
            "max_tokens": 100,
            "stream": self.streamed,
            "messages": [{ "role": "user", "content": question }],
        });
        let request = client
            .post(gateway.join("v1/messages"))
            .header("x-api-key", key)
            .header("anthropic-version", "2023-06-01")
            .header("content-type", "application/json")
            .header("x-claude-code-session-id", format!("session-{}", self.number % SESSIONS))
            .body(body.to_string());
        match self.fault {
            Some(fault) => request.header("x-sandbox-fault", fault),
            None => request,
        }
    }

    /// Whether what came is what had to come.
    async fn verdict(&self, sent: Result<reqwest::Response, reqwest::Error>) -> Result<(), String> {
        let (status, body) = match sent {
            Ok(response) => (response.status().as_u16(), response.text().await.ok()),
            Err(error) => (0, Some(error.to_string())),
        };
        let is_whole = status == 200 && body.as_deref().is_some_and(|body| self.is_whole(body));
        let told = || format!("{status} {}", body.as_deref().unwrap_or("and a body that broke off"));
        match self.fault {
            None if is_whole => Ok(()),
            None => Err(told()),
            Some(_) if is_whole => Err(format!("whole, though it had to fail: {}", told())),
            Some("overloaded") if status != 529 => Err(told()),
            Some("api-error") if status != 500 => Err(told()),
            // One answer at most, however it ends.
            Some(_) if body.iter().any(|body| body.matches("event: message_start").count() > 1) => {
                Err(told())
            }
            Some(_) => Ok(()),
        }
    }

    fn is_whole(&self, body: &str) -> bool {
        if !self.streamed {
            let message: Value = serde_json::from_str(body).unwrap_or_default();
            return message["content"][0]["text"] == self.text();
        }
        let events: Vec<Value> =
            body.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
        let starts = events.iter().filter(|event| event["type"] == "message_start").count();
        let text: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
        let ends = events.last().is_some_and(|event| event["type"] == "message_stop");
        starts == 1 && ends && text == self.text()
    }
}
