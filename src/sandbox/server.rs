//! The requests' way through the sandbox: host check, log, route, credential, delay, fault, answer, and the headers
//! every answer carries. What is answered is decided in the other files; sign-in and tokens have their own way in
//! [`oauth`].

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};

use super::SandboxOptions;
use super::answer::Answer;
use super::auth::{self, Caller};
use super::cache::PromptCache;
use super::error::{ApiError, json_response};
use super::faults::{self, Behaviour, Fault, FaultCounts, FaultPlan, Place};
use super::limits::{self, Limits};
use super::messages::{self, Prepared};
use super::models;
use super::oauth::{self, Answered, OAuth};
use super::requests::{RecordedRequest, RequestLog};
use super::stream::{self, Closing};
use crate::models::catalog::Catalog;

/// Largest body that is read.
const LARGEST_BODY: usize = 32 * 1024 * 1024;
/// How much of a larger one is still taken in, so that its sender gets to read the refusal.
const LARGEST_DRAINED: usize = 4 * LARGEST_BODY;

/// What the sandbox remembers, and what it was given.
#[derive(Debug)]
pub(super) struct App {
    options: SandboxOptions,
    closing: Closing,
    serial: AtomicU64,
    log: Mutex<RequestLog>,
    cache: Mutex<PromptCache>,
    counts: Mutex<FaultCounts>,
    limits: Mutex<Limits>,
    oauth: OAuth,
}

impl App {
    pub(super) fn new(options: SandboxOptions, closing: Closing) -> Self {
        Self {
            log: Mutex::new(RequestLog::new(options.kept_requests)),
            oauth: OAuth::new(&options, closing.clone()),
            options,
            closing,
            serial: AtomicU64::new(1),
            cache: Mutex::default(),
            counts: Mutex::default(),
            limits: Mutex::default(),
        }
    }

    pub(super) fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.log).all()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that holds one of these locks can panic half way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request.
pub(super) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let host = check_host(&head);
    // Looking at the log takes no number, so that looking changes nothing.
    if host.is_ok()
        && let Some(response) = own(&app, &head)
    {
        return response;
    }
    let number = app.serial.fetch_add(1, Ordering::Relaxed);
    let id = format!("req_sandbox_{number:06}");
    let mut response = match host {
        Ok(()) => imitate(&app, number, &id, &head, body).await,
        Err(error) => error.into_response(&id),
    };
    // The id has only letters, digits and underscores.
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("request-id", value);
    }
    response
}

/// The routes outside of Anthropic's namespace.
fn own(app: &App, head: &Parts) -> Option<Response> {
    let document = match head.uri.path() {
        "/healthz" => json!({ "status": "ok", "sandbox": true }),
        "/sandbox/requests" => lock(&app.log).document(),
        _ => return None,
    };
    Some(if head.method == Method::GET {
        json_response(StatusCode::OK, &document)
    } else {
        json_response(StatusCode::METHOD_NOT_ALLOWED, &json!({ "error": "only GET" }))
    })
}

/// Logs a request and answers it as the real API would.
async fn imitate(app: &App, number: u64, id: &str, head: &Parts, body: Body) -> Response {
    let now = app.options.clock.now();
    let mut recorded = RecordedRequest::new(id, now, &head.method, &head.uri, &head.headers);
    let body = read_body(body).await;
    if let Ok(body) = &body {
        recorded.keep(&head.uri, body);
    }
    lock(&app.log).push(recorded);
    if let Some(route) = oauth::Route::of(head.uri.path()) {
        let Answered { response, arrives, outcome } = app.oauth.answer(route, head, body).await;
        lock(&app.log).answered(id, arrives.then(|| response.status().as_u16()), outcome);
        return response;
    }
    let response = match Call::admit(app, number, id, head, body) {
        Ok((call, work)) => call.answer(app, work).await,
        Err(error) => error.into_response(id),
    };
    lock(&app.log).answered(id, Some(response.status().as_u16()), None);
    response
}

/// What is there to answer with, unless a fault strikes.
#[derive(Debug)]
enum Work {
    Message(Prepared),
    /// A document that is ready, and the model it speaks of.
    Document(Value, Option<String>),
}

impl Work {
    fn model(&self) -> Option<&str> {
        match self {
            Self::Message(prepared) => Some(&prepared.request.model),
            Self::Document(_, model) => model.as_deref(),
        }
    }

    fn streams(&self) -> bool {
        matches!(self, Self::Message(prepared) if prepared.request.stream)
    }
}

/// One request whose credential is accepted.
#[derive(Debug)]
struct Call<'a> {
    number: u64,
    id: &'a str,
    caller: Caller,
    behaviour: Behaviour,
    /// The fault that strikes this very request.
    fault: Option<FaultPlan>,
}

impl<'a> Call<'a> {
    /// Lets a request in, and prepares its answer at the moment it arrives; how and when it is given is left to
    /// [`Self::answer`].
    fn admit(
        app: &App,
        number: u64,
        id: &'a str,
        head: &Parts,
        body: Result<Bytes, ApiError>,
    ) -> Result<(Self, Result<Work, ApiError>), ApiError> {
        let route = Route::of(&head.method, head.uri.path())?;
        let body = body?;
        let mut caller = auth::check(&head.headers)?;
        app.oauth.admit(&mut caller)?;
        let asked = faults::of_headers(&head.headers, Place::Api).map_err(ApiError::invalid)?;
        let behaviour = asked.or(caller.behaviour);
        let concerned = behaviour.fault.filter(|plan| plan.fault.concerns(&head.headers));
        let fault = concerned.filter(|plan| lock(&app.counts).strikes(&caller.fingerprint, plan));
        let work = match route {
            Route::Messages => {
                let now = app.options.clock.now();
                messages::prepare(&caller, &head.headers, &body, &lock(&app.cache), now).map(Work::Message)
            }
            Route::Count => messages::count(&caller, &head.headers, &body).map(|request| {
                Work::Document(json!({ "input_tokens": request.prompt.tokens() }), Some(request.model))
            }),
            Route::Models => {
                models::page(head.uri.query().unwrap_or_default()).map(|page| Work::Document(page, None))
            }
            Route::Model(model) => models::one(model).map(|it| Work::Document(it, Some(model.to_owned()))),
        };
        Ok((Self { number, id, caller, behaviour, fault }, work))
    }

    async fn answer(self, app: &App, work: Result<Work, ApiError>) -> Response {
        let class = work.as_ref().ok().and_then(Work::model).and_then(|id| Catalog::embedded().model(id));
        let class = class.map_or("other", |model| &model.class);
        let (result, now) = (self.perform(app, class, work).await, app.options.clock.now());
        let limits = match &result {
            Err(error) if error.status == StatusCode::TOO_MANY_REQUESTS => {
                error.retry_after.map(|seconds| limits::exhausted(seconds, now)).unwrap_or_default()
            }
            _ => lock(&app.limits).headers(&self.caller.organization, class, now),
        };
        let mut response = result.unwrap_or_else(|error| error.into_response(self.id));
        let headers = response.headers_mut();
        headers.extend(limits);
        for (name, value) in [
            ("anthropic-organization-id", &self.caller.organization),
            ("anthropic-workspace-id", &self.caller.workspace),
        ] {
            // Both are made of hex digits, dashes and underscores.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        response
    }

    async fn perform(
        &self,
        app: &App,
        class: &str,
        work: Result<Work, ApiError>,
    ) -> Result<Response, ApiError> {
        if !app.closing.pause(self.behaviour.delay.unwrap_or(app.options.delay)).await {
            return Err(ApiError::shutting_down());
        }
        let fault = self.fault.map(|plan| plan.fault);
        if fault == Some(Fault::Hang) {
            app.closing.closed().await;
            return Err(ApiError::shutting_down());
        }
        if let Some(plan) = &self.fault {
            let (model, streams) = match &work {
                Ok(work) => (work.model(), work.streams()),
                Err(_) => (None, false),
            };
            let now = app.options.clock.now();
            if let Some(refusal) = plan.refusal(self.caller.bearer, streams, model, now) {
                return Err(refusal);
            }
        }
        Ok(match work? {
            Work::Message(prepared) => self.message(app, class, prepared, fault),
            Work::Document(document, _) => {
                let steps = stream::document(&document, fault);
                messages::response(stream::body(steps, Duration::ZERO, app.closing.clone()), false)
            }
        })
    }

    /// The response to a request for a message begins: it counts against the limits, and what it wrote to the cache
    /// can be read.
    fn message(&self, app: &App, class: &str, prepared: Prepared, fault: Option<Fault>) -> Response {
        let Prepared { request, plan } = prepared;
        let answer = if fault == Some(Fault::Empty) { Answer::empty() } else { Answer::to(&request) };
        let input = plan.usage();
        lock(&app.cache).begin(plan);
        lock(&app.limits).charge(
            &self.caller.organization,
            class,
            input.uncached + input.written(),
            answer.output_tokens,
            app.options.clock.now(),
        );
        let message_id = format!("msg_sandbox_{:06}", self.number);
        let steps = messages::steps(&request, input, &answer, &message_id, self.id, fault);
        let pause = if request.stream {
            self.behaviour.event_delay.unwrap_or(app.options.event_delay)
        } else {
            Duration::ZERO
        };
        messages::response(stream::body(steps, pause, app.closing.clone()), request.stream)
    }
}

/// Anthropic's routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route<'a> {
    Messages,
    Count,
    Models,
    Model(&'a str),
}

impl<'a> Route<'a> {
    fn of(method: &Method, path: &'a str) -> Result<Self, ApiError> {
        let (route, allowed) = match path {
            "/v1/messages" => (Self::Messages, Method::POST),
            "/v1/messages/count_tokens" => (Self::Count, Method::POST),
            "/v1/models" => (Self::Models, Method::GET),
            _ => match path.strip_prefix("/v1/models/") {
                Some(id) if !id.is_empty() && !id.contains('/') => (Self::Model(id), Method::GET),
                _ => return Err(ApiError::not_found("Not Found")),
            },
        };
        if *method == allowed {
            Ok(route)
        } else {
            Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request_error", "Method Not Allowed"))
        }
    }
}

/// Refuses requests that a page of another site could have sent here: they carry that site's name.
fn check_host(head: &Parts) -> Result<(), ApiError> {
    let authority = head.uri.authority().map(|authority| authority.as_str());
    let mut hosts = head
        .headers
        .get_all(header::HOST)
        .iter()
        .map(|host| host.to_str().unwrap_or_default())
        .chain(authority)
        .peekable();
    if hosts.peek().is_none() {
        return Err(ApiError::invalid("host: header is required"));
    }
    if hosts.all(is_loopback) {
        Ok(())
    } else {
        Err(ApiError::permission("The sandbox answers only on loopback names: localhost, 127.0.0.1, [::1]."))
    }
}

/// Whether a host, with or without a port, names this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

async fn read_body(body: Body) -> Result<Bytes, ApiError> {
    let mut chunks = body.into_data_stream();
    let (mut kept, mut seen) = (BytesMut::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::invalid("The request body ended before it was complete."))?;
        seen += chunk.len();
        if seen > LARGEST_DRAINED {
            break;
        }
        if seen <= LARGEST_BODY {
            kept.extend_from_slice(&chunk);
        }
    }
    if seen > LARGEST_BODY { Err(ApiError::too_large()) } else { Ok(kept.freeze()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_are_let_in() {
        for host in
            ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:8787", "127.9.9.9", "[::1]", "[::1]:8787"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "192.168.0.1",
            "[::2]:80",
            "user@localhost",
            "localhost:80:80",
            "0.0.0.0",
            "::1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn routes_are_told_by_path_and_method() {
        let post = |path| Route::of(&Method::POST, path).map_err(|error| error.status.as_u16());
        let get = |path| Route::of(&Method::GET, path).map_err(|error| error.status.as_u16());
        assert_eq!(post("/v1/messages").ok(), Some(Route::Messages));
        assert_eq!(post("/v1/messages/count_tokens").ok(), Some(Route::Count));
        assert_eq!(get("/v1/models").ok(), Some(Route::Models));
        assert_eq!(get("/v1/models/m").ok(), Some(Route::Model("m")));
        for path in ["/", "/v1", "/v1/messages/", "/v1/models/", "/v1/models/a/b", "/api/hello"] {
            assert_eq!(get(path).err(), Some(404), "{path}");
        }
        assert_eq!(get("/v1/messages").err(), Some(405));
        assert_eq!(post("/v1/models").err(), Some(405));
    }
}
