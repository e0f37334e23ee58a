//! Requests from the wire to their handlers and back: connections, bodies, the headers every answer carries, and the log.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::app::App;
use super::doors;
use super::pages;
use super::refusal::{Audience, Refusal};
use super::routes::{BodyRule, Call};
use crate::error::{Exit, Failure};

/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(15);
/// How long a body may be silent, and how long all of it may take.
const BODY_SILENCE: Duration = Duration::from_secs(15);
const BODY_LIMIT: Duration = Duration::from_secs(300);
/// Pause after the system refused a connection, for want of file handles mostly.
const REFUSED_PAUSE: Duration = Duration::from_millis(50);

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Serves until `shutdown` is over, then lets answers under way end, but no longer than until `cut` is over. Says whether
/// all did. When it returns every connection is gone, and what there was to write down of it is handed in.
pub(super) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()>,
    cut: impl Future<Output = ()>,
) -> bool {
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            () = &mut shutdown => break,
            // One that has ended is of no more use.
            Some(_ended) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(REFUSED_PAUSE).await;
                    continue;
                }
            },
        };
        // Events are small and must not wait for more of them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection is gone already");
        }
        let app = Arc::clone(&app);
        let service = service_fn(move |request| {
            let app = Arc::clone(&app);
            async move { Ok::<_, Infallible>(handle(app, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
    drop(listener);
    let all_ended = tokio::select! {
        () = graceful.shutdown() => true,
        () = cut => false,
    };
    connections.shutdown().await;
    all_ended
}

async fn handle(app: Arc<App>, request: Request<Incoming>) -> Response {
    let (head, body) = request.into_parts();
    let started = app.clock.steady();
    let audience = Audience::of(head.uri.path());
    let request_id = app.metrics.next_request_id(&app.instance);
    // Somebody may have put a credential where a name belongs.
    let (method, path) = (head.method.clone(), crate::text::without_credentials(head.uri.path()));
    let admitted = doors::admit(&app, &head);
    let mut response = match admitted {
        Err(refusal) => refusal.into_response(audience, &request_id),
        Ok((route, captures, caller)) => {
            let body = match route.body {
                BodyRule::Nothing => Ok(Bytes::new()),
                BodyRule::Json(limit) => read(body, limit).await,
            };
            match body {
                Err(refusal) => refusal.into_response(audience, &request_id),
                Ok(body) => {
                    let request_id = request_id.clone();
                    (route.handler)(Arc::clone(&app), Call { head, captures, caller, body, request_id }).await
                }
            }
        }
    };
    finish(&mut response, audience, &request_id);
    let took = app.clock.steady().saturating_sub(started);
    let status = response.status();
    app.metrics.answered(audience, status);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status = status.as_u16(), ms, request_id, "request");
    response
}

/// The whole body, if it is not too large and does not take for ever.
async fn read(mut body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let slow = || {
        let failure = Failure::new(Exit::Failed, "slow_body", "The body of the request took too long.");
        Refusal::new(StatusCode::REQUEST_TIMEOUT, failure)
    };
    let whole = async {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        loop {
            let frame = tokio::time::timeout(BODY_SILENCE, body.frame()).await.map_err(|_| slow())?;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|_| {
                let failure = Failure::new(Exit::Failed, "cut", "The body of the request was cut off.");
                Refusal::new(StatusCode::BAD_REQUEST, failure)
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if first.len() + rest.len() + data.len() > limit {
                return Err(doors::too_large(limit));
            }
            // Most bodies come in one piece, which then need not be copied.
            if first.is_empty() && rest.is_empty() {
                first = data;
            } else {
                if !first.is_empty() {
                    rest.extend_from_slice(&std::mem::take(&mut first));
                }
                rest.extend_from_slice(&data);
            }
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    };
    tokio::time::timeout(BODY_LIMIT, whole).await.unwrap_or_else(|_| Err(slow()))
}

/// The headers every answer carries, as far as it is ours: what comes from the provider for a client stays as it came.
fn finish(response: &mut Response<Body>, audience: Audience, request_id: &str) {
    let headers = response.headers_mut();
    if !headers.contains_key(&REQUEST_ID)
        && let Ok(value) = HeaderValue::from_str(request_id)
    {
        headers.insert(REQUEST_ID, value);
    }
    if audience == Audience::Client {
        return;
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let policy = if is_page { pages::CONTENT_POLICY } else { "default-src 'none'; frame-ancestors 'none'" };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
}
