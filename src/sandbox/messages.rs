//! `POST /v1/messages` and `/v1/messages/count_tokens`: what a request is checked for beyond its body, and its answer
//! with the usage it is billed for.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::Answer;
use super::auth::{self, Caller};
use super::cache::{DEFAULT_MINIMUM, InputUsage, Plan, PromptCache, Scope};
use super::error::ApiError;
use super::faults::Fault;
use super::models;
use super::request::MessageRequest;
use super::stream::{self, Step};
use crate::models::catalog::Catalog;

/// A request that will be answered unless a fault strikes it.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) request: MessageRequest,
    pub(super) plan: Plan,
}

/// Checks a request for a message and fixes what it reads from the cache: that depends on when it arrives, not on when
/// it is answered.
pub(super) fn prepare(
    caller: &Caller,
    headers: &HeaderMap,
    body: &[u8],
    cache: &PromptCache,
    now: Timestamp,
) -> Result<Prepared, ApiError> {
    let request = check(caller, headers, MessageRequest::read(body)?)?;
    let scope = Scope {
        organization: caller.organization.clone(),
        workspace: caller.workspace.clone(),
        model: request.model.clone(),
    };
    let minimum = Catalog::embedded().model(&request.model).and_then(|model| model.cache_minimum);
    let plan = cache.plan(scope, &request.prompt, minimum.unwrap_or(DEFAULT_MINIMUM), now);
    Ok(Prepared { request, plan })
}

/// Checks a request for a count and counts it.
pub(super) fn count(caller: &Caller, headers: &HeaderMap, body: &[u8]) -> Result<MessageRequest, ApiError> {
    check(caller, headers, MessageRequest::read_for_count(body)?)
}

fn check(caller: &Caller, headers: &HeaderMap, request: MessageRequest) -> Result<MessageRequest, ApiError> {
    let catalog = Catalog::embedded();
    if caller.bearer && auth::has_beta(headers, &catalog.betas().context1m) {
        return Err(ApiError::invalid("The long context beta is not yet available for this subscription."));
    }
    let Some(model) = catalog.model(&request.model) else { return Err(models::unknown(&request.model)) };
    let tokens = request.prompt.tokens();
    match model.context_window {
        Some(window) if tokens > window => {
            Err(ApiError::invalid(format!("prompt is too long: {tokens} tokens > {window} maximum")))
        }
        _ => Ok(request),
    }
}

/// The answer, and the steps in which it is sent.
pub(super) fn steps(
    request: &MessageRequest,
    input: InputUsage,
    answer: &Answer,
    message_id: &str,
    request_id: &str,
    fault: Option<Fault>,
) -> Vec<Step> {
    let mut message = json!({
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
    });
    let closing_usage = usage(input, answer.output_tokens);
    if request.stream {
        // The first event cannot know how much will follow; the real API says 1 there.
        message["usage"] = usage(input, answer.output_tokens.min(1));
        return stream::events(&message, answer, &closing_usage, request_id, fault);
    }
    if !answer.pieces.is_empty() {
        message["content"] = json!([{ "type": "text", "text": answer.pieces.concat() }]);
    }
    message["stop_reason"] = answer.stop_reason.into();
    message["usage"] = closing_usage;
    stream::document(&message, fault)
}

/// The headers of an answer that is not an error.
pub(super) fn response(body: Body, streams: bool) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if streams {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    } else {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

fn usage(input: InputUsage, output_tokens: u64) -> Value {
    json!({
        "input_tokens": input.uncached,
        "cache_creation_input_tokens": input.written(),
        "cache_read_input_tokens": input.read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": input.written_5m,
            "ephemeral_1h_input_tokens": input.written_1h,
        },
        "output_tokens": output_tokens,
        "service_tier": "standard",
    })
}
