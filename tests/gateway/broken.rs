//! A gateway in front of a sandbox that keeps every rule of the contract but one.

use std::convert::Infallible;
use std::future::pending;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use fased::anthropic::{Endpoint, NetworkPolicy, ProxySettings, TrustSettings};
use futures_util::{StreamExt as _, stream};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use url::Url;

use crate::support::key;

/// The key of its client.
pub(crate) const CLIENT_KEY: &str = "fased-ck-sandbox-0000000000000000000000000000-c1k1";

/// Runs until it is dropped.
pub(crate) struct Broken {
    pub(crate) url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Proxy {
    /// The rule it breaks; none of that name breaks none.
    rule: &'static str,
    sandbox: String,
    client: reqwest::Client,
}

impl Broken {
    /// One that breaks this rule.
    pub(crate) fn start(rule: &'static str, sandbox: &str) -> Self {
        let (report, started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let endpoint = Endpoint::new(&Url::parse(sandbox).unwrap(), NetworkPolicy::LoopbackOnly).unwrap();
        let (proxy, trust) = (ProxySettings::default(), TrustSettings::default());
        let client =
            fased::anthropic::http::client(&endpoint, &proxy, &trust, Duration::from_secs(60)).unwrap();
        let proxy = Arc::new(Proxy { rule, sandbox: sandbox.to_owned(), client });
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                report.send(listener.local_addr().unwrap()).unwrap();
                let router = Router::new().fallback(handle).with_state(proxy);
                tokio::spawn(async { axum::serve(listener, router).await });
                stopped.await.ok();
            });
            // Answers that never come would never end.
            runtime.shutdown_background();
        });
        let url = format!("http://{}", started.recv().unwrap());
        Self { url, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}

async fn handle(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    match proxy.refused(&head, &body).await {
        Some(response) => response,
        None => proxy.forward(&head, body).await,
    }
}

impl Proxy {
    fn breaks(&self, rule: &str) -> bool {
        self.rule == rule
    }

    /// What it answers by itself.
    async fn refused(&self, head: &Parts, body: &Bytes) -> Option<Response> {
        let path = head.uri.path();
        let text = String::from_utf8_lossy(body);
        let has = |name: &str| head.headers.contains_key(name);
        let by_header = head.headers.get("x-api-key").is_some_and(|value| value == CLIENT_KEY);
        let bearer = format!("Bearer {CLIENT_KEY}");
        let by_bearer = head.headers.get("authorization").is_some_and(|value| *value == *bearer);
        if by_header && self.breaks("key.header") || by_bearer && self.breaks("key.bearer") {
            return Some(error(401, "authentication_error"));
        }
        if path == "/api/hello" {
            if self.breaks("hello.answer") {
                pending::<()>().await;
            }
            return Some(error(404, "not_found_error"));
        }
        if !by_header && !by_bearer && !self.breaks("key.required") {
            let plain = answer(401, "text/plain", "who are you?".to_owned());
            let shaped = error(401, "authentication_error");
            return Some(if self.breaks("key.refusal") { plain } else { shaped });
        }
        if path == "/v1/models" {
            match self.rule {
                "models.list" => {
                    return Some(answer(200, "application/json", json!({"data": []}).to_string()));
                }
                "models.time" => pending().await,
                "models.redirect" => {
                    let mut elsewhere = answer(307, "text/plain", String::new());
                    elsewhere.headers_mut().insert("location", HeaderValue::from_static("/v1/models/"));
                    return Some(elsewhere);
                }
                _ => {}
            }
        }
        let is_count = path.ends_with("/count_tokens");
        let has_betas = has("anthropic-beta");
        let is_plain =
            !text.contains("system") && !text.contains("fased_check") && text.contains("max_tokens");
        let is_streamed = text.contains(r#""stream":true"#);
        let has_query = head.uri.query().is_some();
        let refusal = match self.rule {
            "messages.answer" if is_plain && !has_query && !text.contains("no-such-model") => {
                error(500, "api_error")
            }
            "messages.query"
                if has_query && !is_count && !has_betas && !is_streamed && path != "/v1/models" =>
            {
                error(404, "not_found_error")
            }
            "count.answer" if is_count => answer(200, "application/json", r#"{"input_tokens":0}"#.to_owned()),
            "headers.open" if has("anthropic-fased-check") => error(400, "invalid_request_error"),
            "fields.open" if text.contains("fased_check") => error(422, "invalid_request_error"),
            "body.large" if body.len() > 1024 * 1024 => error(413, "request_too_large"),
            "errors.shape"
                if !text.contains("max_tokens") && !is_count && body.len() < 1024 && !body.is_empty() =>
            {
                answer(400, "application/json", json!({"detail": "max_tokens is missing"}).to_string())
            }
            "errors.status" if text.contains("no-such-model") => error(400, "invalid_request_error"),
            "system.array" if text.contains("first entry") && !is_count => {
                error(400, "invalid_request_error")
            }
            _ => return None,
        };
        Some(refusal)
    }

    async fn forward(&self, head: &Parts, body: Bytes) -> Response {
        let is_count = head.uri.path().ends_with("/count_tokens");
        let mut path = head.uri.path_and_query().unwrap().as_str();
        if self.breaks("upstream.query") {
            path = head.uri.path();
        }
        let mut body = self.body(body, is_count);
        if is_count && self.breaks("upstream.count") {
            path = "/v1/messages";
            body = with(&body, |body| body["max_tokens"] = json!(1)).into();
        }
        let send = || {
            let url = format!("{}{path}", self.sandbox);
            let request = self.client.request(head.method.clone(), url).headers(self.headers(&head.headers));
            request.body(body.clone()).send()
        };
        if self.breaks("upstream.once") && head.method == Method::POST && !is_count {
            send().await.unwrap().bytes().await.unwrap();
        }
        let answered = send().await.unwrap();
        if is_count && self.breaks("upstream.count") {
            let message: Value = answered.json().await.unwrap();
            let usage = &message["usage"];
            let tokens = usage["input_tokens"].as_u64().unwrap();
            return answer(200, "application/json", json!({"input_tokens": tokens}).to_string());
        }
        self.back(answered).await
    }

    /// What goes upstream of a body.
    fn body(&self, body: Bytes, is_count: bool) -> Bytes {
        let text = String::from_utf8_lossy(&body);
        let is_system = text.contains("first entry") && !is_count;
        match self.rule {
            "upstream.body" if !body.is_empty() => with(&body, |_| {}).into(),
            "system.own" | "upstream.system" if is_system => with(&body, |body| {
                let ours = json!({"type": "text", "text": "You are a gateway's own assistant. ".repeat(9)});
                body["system"].as_array_mut().unwrap().insert(0, ours);
            })
            .into(),
            "cache.markers" if text.contains("This line says nothing") => unmarked(&text),
            "upstream.markers" if is_system => unmarked(&text),
            _ => body,
        }
    }

    /// What goes upstream of the headers.
    fn headers(&self, sent: &HeaderMap) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            let is_private = ["referer", "forwarded", "x-forwarded-for"].contains(&name.as_str());
            let kept = match name.as_str() {
                "authorization" | "x-api-key" | "host" | "content-length" => false,
                "anthropic-fased-check" => !self.breaks("upstream.headers"),
                name if name.starts_with("x-claude-code-") => !self.breaks("upstream.sessions"),
                _ => !is_private || self.breaks("upstream.private"),
            };
            if kept {
                headers.append(name, value.clone());
            }
        }
        let mut set = |name: &'static str, value: &str| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        };
        set("x-api-key", &key("upstream", "u1u1"));
        match self.rule {
            "upstream.key" => set("authorization", &format!("Bearer {CLIENT_KEY}")),
            "version.passed" => set("anthropic-version", "2023-06-01"),
            "upstream.version" if sent["anthropic-version"] == "2023-06-01" => {
                set("anthropic-version", "2026-10-21");
            }
            "upstream.beta" if sent.contains_key("anthropic-beta") => {
                let betas = sent["anthropic-beta"].to_str().unwrap().replace(' ', "");
                set("anthropic-beta", &betas);
            }
            _ => {}
        }
        headers
    }

    /// What goes back of an answer.
    async fn back(&self, answered: reqwest::Response) -> Response {
        let status = answered.status();
        let mut headers = answered.headers().clone();
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::TRANSFER_ENCODING);
        let is_stream =
            headers.get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"text/event"));
        match self.rule {
            "headers.request-id" => drop(headers.remove("request-id")),
            "headers.limits" => {
                let names: Vec<_> =
                    headers.keys().filter(|it| it.as_str().contains("ratelimit")).cloned().collect();
                names.iter().for_each(|name| drop(headers.remove(name)));
            }
            "stream.plain" if is_stream => {
                headers.insert("content-type", HeaderValue::from_static("application/octet-stream"));
            }
            "upstream.errors" => drop(headers.remove("retry-after")),
            _ => {}
        }
        let body = if !is_stream || self.breaks("stream.flush") {
            let body = answered.bytes().await.unwrap();
            let wraps = self.breaks("errors.body") && status == StatusCode::BAD_REQUEST;
            Body::from(if wraps { with(&body, |body| body["provider"] = json!("mine")).into() } else { body })
        } else {
            let rule = self.rule;
            let pieces = answered.bytes_stream().flat_map(move |piece| {
                let piece = piece.unwrap();
                let begins = |with: &str| piece.starts_with(with.as_bytes());
                let times = match rule {
                    "stream.events" if begins("event: message_start") => 2,
                    "stream.ping" if begins("event: ping") => 0,
                    "upstream.comments" if begins(":") => 0,
                    _ => 1,
                };
                stream::iter(vec![Ok::<_, Infallible>(piece); times])
            });
            Body::from_stream(pieces)
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// A document with a change, as a serializer writes it.
fn with(body: &[u8], change: impl FnOnce(&mut Value)) -> String {
    let mut body: Value = serde_json::from_slice(body).unwrap();
    change(&mut body);
    body.to_string()
}

fn unmarked(text: &str) -> Bytes {
    text.replace(r#","cache_control":{"type":"ephemeral"}"#, "").into()
}

fn error(status: u16, kind: &str) -> Response {
    let error = json!({"type": kind, "message": "The gateway says no."});
    let body = json!({"type": "error", "error": error, "request_id": "req_gateway"});
    answer(status, "application/json", body.to_string())
}

fn answer(status: u16, kind: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    response.headers_mut().insert("request-id", HeaderValue::from_static("req_gateway"));
    response
}
