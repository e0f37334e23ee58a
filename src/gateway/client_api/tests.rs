//! Clients' requests through a real gateway to the sandbox and back.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::anthropic::{Endpoint, NetworkPolicy, ProxySettings, TrustSettings, http};
use crate::auth::oauth::refresh::InFlight;
use crate::auth::profile::{Credential, Expiry, Material, Profile};
use crate::auth::reference::Programs;
use crate::auth::state::StateFile;
use crate::auth::store::{AuthStore, Edited, StoreError};
use crate::clock::{Clock, SystemClock};
use crate::config::{AgentId, Config, Paths, SelectedAgent};
use crate::env::Env;
use crate::gateway::keys::caps::Caps;
use crate::gateway::keys::file::{self, NewKey};
use crate::gateway::settings::Asked;
use crate::gateway::{Gateway, GatewayOptions};
use crate::sandbox::requests::RecordedRequest;
use crate::sandbox::{RunningSandbox, Sandbox, SandboxOptions};
use crate::secret::Secret;
use crate::storage::{Durability, replace};
use crate::usage::ledger::{Ledger, Outcome, Row, Selection};
use crate::usage::period::Period;

/// A gateway in front of a sandbox, with a client key for agent main.
pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    pub(super) paths: Paths,
    clock: Arc<dyn Clock>,
    pub(super) sandbox: RunningSandbox,
    pub(super) gateway: Gateway,
    key: Secret,
    pub(super) http: reqwest::Client,
}

fn profile(name: &str) -> Profile {
    let secret =
        |prefix: &str| Material::Value(Secret::new(format!("{prefix}-sandbox-{name}-0000000000000x3Qw")));
    let credential = if name.starts_with("plan") {
        Credential::Token { token: secret("sk-ant-oat01"), expires: Expiry::Unknown }
    } else {
        Credential::ApiKey { key: secret("sk-ant-api03") }
    };
    let id = format!("anthropic:{name}").parse().unwrap();
    Profile { id, credential, email: None, added_at: None, issuer: None }
}

impl World {
    /// Profiles of these names in this order; what a name says of faults holds for its key.
    async fn new(names: &[&str], config: &str) -> Self {
        Self::with_clock(names, config, Arc::new(SystemClock::new())).await
    }

    pub(super) async fn with_clock(names: &[&str], config: &str, clock: Arc<dyn Clock>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let agent = SelectedAgent::choose(None, &Config::default(), &paths).unwrap();
        let stored = AuthStore::of(&agent, &paths).update(clock.as_ref(), |document| {
            names.iter().for_each(|name| document.put(&profile(name)));
            Ok::<_, StoreError>((Edited::Yes, ()))
        });
        stored.unwrap();
        let order: Vec<String> = names.iter().map(|name| format!("'anthropic:{name}'")).collect();
        let text = format!("{{auth:{{order:{{anthropic:[{}]}}}},{config}}}", order.join(","));
        replace(paths.config(), text.as_bytes(), Durability::Cached).unwrap();
        let sandbox = Sandbox::start(SandboxOptions::new(Arc::clone(&clock))).await.unwrap();
        let gateway = Gateway::start(GatewayOptions {
            asked: Asked { port: Some(0), bind: None },
            env: Env::from_pairs([("ANTHROPIC_BASE_URL", sandbox.url())]),
            paths: paths.clone(),
            network: NetworkPolicy::LoopbackOnly,
            clock: Arc::clone(&clock),
            in_flight: InFlight::default(),
            programs: Programs::default(),
        });
        let gateway = gateway.await.unwrap();
        let (agent, caps) = (AgentId::main(), Caps::default());
        let new = NewKey { name: "app".parse().unwrap(), agent, models: Vec::new(), caps };
        let (key, _) = file::add(&paths, clock.as_ref(), new).unwrap();
        let url = gateway.instance().url.parse().unwrap();
        let endpoint = Endpoint::new(&url, NetworkPolicy::LoopbackOnly).unwrap();
        let (proxy, trust) = (ProxySettings::default(), TrustSettings::default());
        let http = http::client(&endpoint, &proxy, &trust, Duration::from_secs(5)).unwrap();
        Self { dir, paths, clock, sandbox, gateway, key, http }
    }

    fn post(&self, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.gateway.instance().url));
        let request = request.header("x-api-key", self.key.expose());
        request.header("anthropic-version", "2023-06-01").header("content-type", "application/json")
    }

    pub(super) async fn ask(&self, question: &str, streams: bool) -> reqwest::Response {
        let body = json!({
            "model": "claude-sonnet-5", "max_tokens": 64, "stream": streams,
            "messages": [{ "role": "user", "content": question }],
        });
        self.post("/v1/messages").body(body.to_string()).send().await.unwrap()
    }

    /// What the sandbox got.
    fn arrived(&self) -> Vec<RecordedRequest> {
        self.sandbox.requests()
    }

    /// The credential each request that arrived was sent with, by the end of its masked form.
    fn signed(&self) -> Vec<String> {
        let signed = |request: &RecordedRequest| {
            let value = request.header("x-api-key").or(request.header("authorization"));
            value.unwrap_or_default().to_owned()
        };
        self.arrived().iter().map(signed).collect()
    }

    fn state(&self) -> Value {
        let agent = SelectedAgent::choose(None, &Config::default(), &self.paths).unwrap();
        let bytes = std::fs::read(StateFile::in_dir(&agent.dir).path()).unwrap_or_else(|_| b"{}".into());
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Ends it, and gives the rows of its ledger.
    async fn rows(self) -> Vec<Row> {
        let Self { paths, clock, gateway, sandbox, dir: _dir, .. } = self;
        assert!(gateway.stop(Duration::from_secs(10)).await);
        sandbox.shutdown().await.unwrap();
        rows_of(&paths, clock.as_ref())
    }
}

fn rows_of(paths: &Paths, clock: &dyn Clock) -> Vec<Row> {
    let ledger = Ledger::open(paths, clock).unwrap();
    let period = Period { since: jiff::Timestamp::UNIX_EPOCH, until: jiff::Timestamp::MAX };
    let mut rows = Vec::new();
    ledger.query(&Selection { period, agent: None }, |row| rows.push(row.clone())).unwrap();
    rows
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}

/// How often an event of this name begins.
fn count(stream: &str, event: &str) -> usize {
    stream.matches(&format!("event: {event}\n")).count()
}

#[test]
fn bodies_pass_byte_for_byte_in_both_directions_and_headers_as_far_as_they_are_for_the_api() {
    run(async {
        let world = World::new(&["one"], "").await;
        let body = "{ \"max_tokens\":64,\n\t\"model\" : \"claude-sonnet-5\", \"messages\":[{\"content\":\"Gr\\u00fc\u{df}e\",\"role\":\"user\"}], \"metadata\":{\"user_id\":\"u\"} }";
        let request = world.post("/v1/messages?beta=true").header("anthropic-beta", "one-2025-01-01,two");
        let request = request
            .header("anthropic-new-thing", "x")
            .header("user-agent", "client/7")
            .header("cookie", "a=b");
        let response = request.body(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.headers()["request-id"].to_str().unwrap().starts_with("req_sandbox_"));
        assert!(response.headers().contains_key("anthropic-ratelimit-requests-limit"));
        let arrived = world.arrived().pop().unwrap();
        assert_eq!(arrived.body, body);
        assert_eq!(arrived.query.as_deref(), Some("beta=true"));
        for (name, value) in [
            ("anthropic-beta", Some("one-2025-01-01,two")),
            ("anthropic-new-thing", Some("x")),
            ("user-agent", Some("client/7")),
            ("accept-encoding", Some("identity")),
            ("cookie", None),
            ("authorization", None),
        ] {
            assert_eq!(arrived.header(name), value, "{name}");
        }
        assert!(arrived.header("via").unwrap().starts_with("1.1 fased-"));
        assert!(arrived.header("x-api-key").unwrap().starts_with("sk-ant-api03"));
        let refused = world
            .post("/v1/messages")
            .body("{\"model\":\"claude-sonnet-5\",\"max_tokens\":1,\"messages\":[]}");
        let refused = refused.send().await.unwrap();
        assert_eq!(refused.status(), 400);
        let text = refused.text().await.unwrap();
        assert!(
            text.starts_with("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\""),
            "{text}"
        );
        assert!(text.contains("\"request_id\":\"req_sandbox_"), "{text}");
    });
}

#[test]
fn a_limited_credential_hands_over_at_once_and_the_conversation_stays_with_the_other() {
    run(async {
        let world = World::new(&["fault-rate-limit-times-1-a", "b"], "").await;
        let response = world.ask("hi", true).await;
        let text = response.text().await.unwrap();
        assert_eq!((count(&text, "message_start"), count(&text, "message_stop")), (1, 1), "{text}");
        assert_eq!(world.arrived().len(), 2);
        let state = world.state();
        let cooldowns = &state["profiles"]["anthropic:fault-rate-limit-times-1-a"]["cooldowns"];
        assert_eq!(cooldowns[0]["reason"], "rate_limit", "{state}");
        // The limited one recovers: new conversations go there again, the old one stays where its cache is.
        let agent = SelectedAgent::choose(None, &Config::default(), &world.paths).unwrap();
        let snapshot = AuthStore::of(&agent, &world.paths).read().unwrap();
        let limited = "anthropic:fault-rate-limit-times-1-a".parse().unwrap();
        // Under its lock: the answer of the other one may be noted only now.
        let state = StateFile::in_dir(&agent.dir);
        state.update(&snapshot, world.clock.as_ref(), |state| state.clear(&limited)).unwrap();
        world.ask("hi", false).await.text().await.unwrap();
        world.ask("another", false).await.text().await.unwrap();
        let signed = world.signed();
        assert_eq!((&signed[2], &signed[3]), (&signed[1], &signed[0]), "{signed:?}");
        let rows = world.rows().await;
        let told: Vec<_> =
            rows.iter().map(|row| (row.credential.as_str(), row.outcome, row.failed_attempts)).collect();
        let (a, b) = ("anthropic:fault-rate-limit-times-1-a", "anthropic:b");
        assert_eq!(told, [(b, Outcome::Complete, 1), (b, Outcome::Complete, 0), (a, Outcome::Complete, 0)]);
        assert!(rows.iter().all(|row| row.client_key.as_deref() == Some("app") && row.cost.is_some()));
    });
}

#[test]
fn with_all_out_the_client_is_told_when_to_come_back() {
    run(async {
        let world =
            World::new(&["fault-rate-limit-retry-after-40-a", "fault-rate-limit-retry-after-7-b"], "").await;
        let first = world.ask("hi", true).await;
        assert_eq!(first.status(), 429);
        assert_eq!(first.headers()["retry-after"], "7");
        assert!(first.headers()["request-id"].to_str().unwrap().starts_with("req_sandbox_"));
        let second = world.ask("hi", false).await;
        assert_eq!(second.status(), 429);
        let wait: u64 = second.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=8).contains(&wait), "{wait}");
        let error: Value = serde_json::from_str(&second.text().await.unwrap()).unwrap();
        assert_eq!(error["error"]["type"], "rate_limit_error");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.starts_with("No available auth profile for anthropic"), "{message}");
        assert_eq!(world.arrived().len(), 2);
        let rows = world.rows().await;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].outcome, rows[0].error.as_deref()), (Outcome::Failed, Some("rate_limit")));
    });
}

#[test]
fn before_the_commit_point_another_credential_takes_over_unnoticed() {
    run(async {
        for fault in ["overloaded-in-stream", "cut-before", "overloaded", "api-error", "auth"] {
            let world = World::new(&[&format!("fault-{fault}-a"), "b"], "").await;
            let text = world.ask("hi", true).await.text().await.unwrap();
            let seen = (count(&text, "message_start"), count(&text, "message_stop"), count(&text, "error"));
            assert_eq!(seen, (1, 1, 0), "{fault}: {text}");
            let rows = world.rows().await;
            assert_eq!((rows.len(), rows[0].credential.as_str()), (1, "anthropic:b"), "{fault}");
        }
    });
}

#[test]
fn behind_it_an_error_reaches_the_client_and_nothing_is_spliced() {
    run(async {
        let world = World::new(&["fault-error-after-text-a", "b"], "").await;
        let text = world.ask("hi", true).await.text().await.unwrap();
        assert_eq!((count(&text, "message_start"), count(&text, "error")), (1, 1), "{text}");
        assert_eq!(world.arrived().len(), 1);
        let rows = world.rows().await;
        assert_eq!((rows[0].outcome, rows[0].error.as_deref()), (Outcome::Interrupted, Some("timeout")));
        // A cut behind whole events is told as an event, too.
        let world = World::new(&["fault-cut-inside-a", "b"], "").await;
        let text = world.ask("hi", true).await.text().await.unwrap_or_default();
        assert!(count(&text, "message_stop") == 0 && count(&text, "message_start") <= 1, "{text}");
        let rows = world.rows().await;
        assert_eq!((rows[0].outcome, rows[0].error.as_deref()), (Outcome::Interrupted, Some("timeout")));
    });
}

#[test]
fn a_single_credential_hides_nothing_of_a_stream_that_fails_early() {
    run(async {
        let world = World::new(&["fault-overloaded-in-stream-a"], "").await;
        let response = world.ask("hi", true).await;
        assert_eq!(response.status(), 200);
        let text = response.text().await.unwrap();
        assert_eq!(count(&text, "error"), 1, "{text}");
        let rows = world.rows().await;
        assert_eq!((rows[0].outcome, rows[0].error.as_deref()), (Outcome::Failed, Some("overloaded")));
    });
}

#[test]
fn credentials_of_a_plan_serve_no_client_unless_the_config_says_so() {
    run(async {
        let world = World::new(&["plan-a"], "").await;
        let refused = world.ask("hi", false).await;
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["x-should-retry"]),
            (403, &"false".parse().unwrap())
        );
        assert!(refused.text().await.unwrap().contains("credentials of a Claude plan"));
        assert!(world.arrived().is_empty());
        let world = World::new(&["plan-a", "b"], "").await;
        world.ask("hi", false).await;
        assert!(world.signed()[0].starts_with("sk-ant-api03"), "{:?}", world.signed());
        let world = World::new(&["plan-a"], "gateway:{allowSubscription:true}").await;
        let request = world.post("/v1/messages").header("anthropic-beta", "mine");
        let body =
            json!({"model":"claude-sonnet-5","max_tokens":9,"messages":[{"role":"user","content":"x"}]});
        assert_eq!(request.body(body.to_string()).send().await.unwrap().status(), 200);
        let arrived = world.arrived().pop().unwrap();
        let betas = arrived.header("anthropic-beta").unwrap().to_owned();
        assert!(betas.starts_with("mine,") && betas.contains("oauth-2025-04-20"), "{betas}");
        assert_eq!(arrived.body, body.to_string());
    });
}

#[test]
fn a_request_that_comes_back_is_refused() {
    run(async {
        let world = World::new(&["one"], "").await;
        world.ask("hi", false).await;
        let via = world.arrived()[0].header("via").unwrap().to_owned();
        let back = world.post("/v1/messages").header("via", format!("1.0 other, {via}"));
        assert_eq!(back.body("{}").send().await.unwrap().status(), 508);
        assert_eq!(world.arrived().len(), 1);
    });
}

#[test]
fn limits_of_counting_tokens_say_nothing_of_answers() {
    run(async {
        let world = World::new(&["fault-rate-limit-times-1-a"], "").await;
        let body = json!({"model":"claude-sonnet-5","messages":[{"role":"user","content":"x"}]}).to_string();
        let count = || world.post("/v1/messages/count_tokens?beta=true").body(body.clone()).send();
        assert_eq!(count().await.unwrap().status(), 429);
        assert_eq!(world.state(), json!({}));
        let counted: Value = serde_json::from_str(&count().await.unwrap().text().await.unwrap()).unwrap();
        assert_eq!(counted["input_tokens"], 1);
        assert_eq!(world.ask("hi", false).await.status(), 200);
        assert_eq!(world.rows().await.len(), 1);
    });
}

#[test]
fn a_client_that_leaves_ends_the_answer_at_the_provider_and_is_written_down() {
    run(async {
        let world = World::new(&["event-delay-200ms-a"], "").await;
        let mut response = world.ask("hi", true).await;
        let first = response.chunk().await.unwrap().unwrap();
        assert!(first.starts_with(b"event: message_start"));
        assert_eq!(world.gateway.streams(), 1);
        drop(response);
        while world.gateway.streams() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let rows = world.rows().await;
        assert_eq!((rows[0].outcome, rows[0].error.as_deref()), (Outcome::Interrupted, Some("cancelled")));
    });
}

#[test]
fn an_answer_that_is_cut_at_the_end_is_written_down_too() {
    run(async {
        let world = World::new(&["event-delay-600000ms-a"], "").await;
        let mut response = world.ask("hi", true).await;
        response.chunk().await.unwrap().unwrap();
        let World { gateway, paths, clock, sandbox, dir: _dir, .. } = world;
        assert!(!gateway.stop_within(std::future::ready(())).await);
        let rows = rows_of(&paths, clock.as_ref());
        assert_eq!((rows[0].outcome, rows[0].error.as_deref()), (Outcome::Interrupted, Some("cancelled")));
        drop(response);
        sandbox.shutdown().await.unwrap();
    });
}
