use std::sync::Arc;

use http_body_util::BodyExt as _;

use super::*;
use crate::anthropic::NetworkPolicy;
use crate::auth::oauth::refresh::InFlight;
use crate::auth::reference::Programs;
use crate::clock::ManualClock;
use crate::config::{AgentId, Paths};
use crate::env::Env;
use crate::gateway::keys::caps::Caps;
use crate::gateway::keys::file::{NewKey, add};
use crate::gateway::refusal::Audience;
use crate::gateway::settings::Asked;
use crate::gateway::{Gateway, GatewayOptions};

struct Room {
    gateway: Gateway,
    paths: Paths,
    clock: Arc<ManualClock>,
    _home: tempfile::TempDir,
}

impl Room {
    async fn new(prepare: impl FnOnce(&Paths)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::below(home.path());
        crate::storage::create_private_dir(paths.state()).unwrap();
        prepare(&paths);
        let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()));
        let gateway = Gateway::start(GatewayOptions {
            asked: Asked { port: Some(0), bind: None },
            env: Env::default(),
            paths: paths.clone(),
            network: NetworkPolicy::LoopbackOnly,
            clock: Arc::clone(&clock) as Arc<dyn crate::clock::Clock>,
            in_flight: InFlight::default(),
            programs: Programs::default(),
        });
        Self { gateway: gateway.await.unwrap(), paths, clock, _home: home }
    }

    fn key(&self, name: &str, daily: Option<u64>) -> ClientKey {
        let caps = Caps { daily: daily.map(MicroDollars), ..Caps::default() };
        let new = NewKey { name: name.parse().unwrap(), agent: AgentId::main(), models: Vec::new(), caps };
        add(&self.paths, self.clock.as_ref(), new).unwrap().1
    }

    fn reserve(&self, key: &ClientKey, model: &str, max_tokens: u64) -> Result<Reservation, Refusal> {
        self.gateway.app.reserve(
            key,
            &model.parse().unwrap(),
            &Wanted { body: b"{}", max_tokens: Some(max_tokens), at_other_speed: false },
        )
    }
}

/// Status, the headers that say when to come back, and the error as a client sees it.
async fn told(refusal: Refusal) -> (u16, Option<String>, Option<String>, String, String) {
    let response = refusal.into_response(Audience::Client, "req_1");
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (status, retry_after, retry) =
        (response.status().as_u16(), header("retry-after"), header("x-should-retry"));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (status, retry_after, retry, text("type"), text("message"))
}

#[tokio::test]
async fn over_the_cap_a_client_is_told_until_when() {
    let room = Room::new(|_| ()).await;
    // Two thousand tokens of Sonnet 5 are two cents, and a body of nothing four micro-dollars.
    let key = room.key("app", Some(30_000));
    let held = room.reserve(&key, "claude-sonnet-5", 2_000).unwrap();
    let refusal = room.reserve(&key, "claude-sonnet-5", 2_000).unwrap_err();
    let (status, retry_after, retry, kind, message) = told(refusal).await;
    assert_eq!((status, kind.as_str()), (429, "billing_error"));
    assert_eq!((retry_after.as_deref(), retry.as_deref()), (Some("43200"), Some("false")));
    assert_eq!(
        message,
        "The daily spend cap of the client key \"app\" is reached: of $0.03, $0.00 is spent and $0.0200 held for requests \
         under way, and this request may cost up to $0.0200. It is reset at 2026-06-02T00:00:00Z. To go on: wait, ask for \
         fewer max_tokens, or have a key with another cap made: `fased gateway keys list`."
    );
    drop(held);
    drop(room.reserve(&key, "claude-sonnet-5", 2_000).unwrap());
}

#[tokio::test]
async fn a_capped_key_asks_priced_models_alone_and_another_key_any() {
    let room = Room::new(|_| ()).await;
    let (capped, free) = (room.key("app", Some(50_000)), room.key("free", None));
    let (status, retry_after, _, kind, message) =
        told(room.reserve(&capped, "claude-novel-9", 1).unwrap_err()).await;
    assert_eq!((status, retry_after, kind.as_str()), (400, None, "invalid_request_error"));
    assert_eq!(
        message,
        "The client key \"app\" has a spend cap, and what claude-novel-9 costs is not known. To go on: ask a model whose \
         prices are known, or use a key without a cap: `fased gateway keys list`."
    );
    drop(room.reserve(&free, "claude-novel-9", 1).unwrap());
}

#[tokio::test]
async fn while_nothing_can_be_written_down_only_keys_without_a_cap_go_on() {
    let room = Room::new(|paths| std::fs::create_dir(paths.usage()).unwrap()).await;
    let (capped, free) = (room.key("app", Some(50_000)), room.key("free", None));
    let (status, retry_after, _, _, message) =
        told(room.reserve(&capped, "claude-sonnet-5", 1).unwrap_err()).await;
    assert_eq!((status, retry_after.as_deref()), (503, Some("30")));
    assert_eq!(
        message,
        "The client key \"app\" has a spend cap, and what is spent cannot be written down now. To go on: the gateway's log \
         says what is wrong with its ledger, usage.db of the state directory."
    );
    drop(room.reserve(&free, "claude-sonnet-5", 1).unwrap());
}
