//! The sandbox over HTTP, as a client meets it. What each file decides by itself is tested beside it.

mod caching;
mod faults;
mod oauth;
mod rejections;
mod routes;
mod streaming;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{RunningSandbox, Sandbox, SandboxOptions};
use crate::clock::ManualClock;

pub(super) const KEY: &str = "sk-ant-api03-sandbox-tests-not-a-real-key-x3Qw";
pub(super) const TOKEN: &str = "sk-ant-oat01-sandbox-tests-not-a-real-token-y7Rk";

/// A sandbox with a clock that stands still, and a client for it.
pub(super) struct Stage {
    pub(super) sandbox: RunningSandbox,
    pub(super) clock: Arc<ManualClock>,
    http: Client,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()));
        Self::with(SandboxOptions::new(clock.clone()), clock).await
    }

    /// The same with other options, of which this is the clock.
    pub(super) async fn with(options: SandboxOptions, clock: Arc<ManualClock>) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { sandbox, clock, http: client() }
    }

    /// A request without any header of Anthropic's.
    pub(super) fn bare(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().unwrap();
        self.http.request(method, format!("{}{path}", self.sandbox.url())).timeout(Duration::from_secs(30))
    }

    pub(super) fn get(&self, path: &str) -> RequestBuilder {
        self.bare("GET", path).header("anthropic-version", "2023-06-01").header("x-api-key", KEY)
    }

    /// `POST /v1/messages` with this credential in `x-api-key`.
    pub(super) fn messages_as(&self, key: &str, body: &Value) -> RequestBuilder {
        self.bare("POST", "/v1/messages")
            .header("anthropic-version", "2023-06-01")
            .header("x-api-key", key)
            .json(body)
    }

    pub(super) fn messages(&self, body: &Value) -> RequestBuilder {
        self.messages_as(KEY, body)
    }

    /// A message asked for with a fault header.
    pub(super) fn faulty(&self, fault: &str, body: &Value) -> RequestBuilder {
        self.messages(body).header("x-sandbox-fault", fault)
    }

    /// Returns when so many requests have arrived.
    pub(super) async fn arrived(&self, requests: usize) {
        let all_there = async {
            while self.sandbox.requests().len() < requests {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), all_there).await.unwrap();
    }
}

/// A client without TLS roots: everything here is plain HTTP on loopback.
fn client() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder().no_proxy().tls_backend_preconfigured(tls).build().unwrap()
}

/// A question to a model whose cache minimum the data file knows.
pub(super) fn question(text: &str) -> Value {
    json!({
        "model": "claude-sonnet-5",
        "max_tokens": 1000,
        "messages": [{ "role": "user", "content": text }],
    })
}

pub(super) fn streamed(text: &str) -> Value {
    let mut body = question(text);
    body["stream"] = true.into();
    body
}

pub(super) fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Status, `error.type` and `error.message` of an error in Anthropic's shape.
pub(super) async fn error(request: RequestBuilder) -> (u16, String, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let request_id = header(&response, "request-id").unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["type"], "error", "{body}");
    assert_eq!(body["request_id"], request_id.as_str(), "{body}");
    let text = |name: &str| body["error"][name].as_str().unwrap().to_owned();
    (status, text("type"), text("message"))
}

/// The document of an answer that is no error.
pub(super) async fn answer(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    assert!(status.is_success(), "{body}");
    body
}

/// Name and data of every event in a text.
pub(super) fn events(text: &str) -> Vec<(String, Value)> {
    let event = |event: &str| {
        let (name, data) = event.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        let name = name.strip_prefix("event: ").unwrap().to_owned();
        assert_eq!(data["type"], name.as_str());
        (name, data)
    };
    text.split_terminator("\n\n").map(event).collect()
}
