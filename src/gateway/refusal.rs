//! What is said to a request that is not served: one value, written for whoever asked. Clients get the provider's own shape
//! of an error, programs of the owner the one commands print, browsers a page.

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;

use super::pages;
use crate::error::Failure;

/// The client must not try the same again.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Whose words a refusal is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// A client of the Messages API.
    Client,
    /// A program or script of the Control UI.
    Program,
    /// A browser that opens a page.
    Browser,
}

impl Audience {
    /// Who asks for such a path, whether there is something or not.
    pub(super) fn of(path: &str) -> Self {
        let below_agent = path.strip_prefix("/agents/").and_then(|rest| rest.split_once('/'));
        let is_client = path == "/v1" || path.starts_with("/v1/");
        if is_client || below_agent.is_some_and(|(_, rest)| rest == "v1" || rest.starts_with("v1/")) {
            Self::Client
        } else if path.starts_with("/api/") || path == "/healthz" || path == "/metrics" {
            Self::Program
        } else {
            Self::Browser
        }
    }
}

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What happened, what to do, for people and scripts.
    pub(super) failure: Box<Failure>,
    /// When to come back, in seconds.
    pub(super) retry_after: Option<u64>,
    /// Trying again cannot help.
    pub(super) is_final: bool,
    /// Methods that would have been right.
    allowed: Vec<&'static Method>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, failure: Failure) -> Self {
        Self { status, failure: Box::new(failure), retry_after: None, is_final: false, allowed: Vec::new() }
    }

    pub(super) fn method_not_allowed(failure: Failure, allowed: Vec<&'static Method>) -> Self {
        Self { allowed, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, failure) }
    }

    /// With the time to come back.
    #[must_use]
    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Trying again cannot help.
    #[must_use]
    pub(super) fn for_good(mut self) -> Self {
        self.is_final = true;
        self
    }

    /// What clients know the kind of it by.
    fn error_type(&self) -> &'static str {
        match self.status {
            _ if self.failure.kind == "billing" => "billing_error",
            StatusCode::UNAUTHORIZED => "authentication_error",
            StatusCode::FORBIDDEN => "permission_error",
            StatusCode::NOT_FOUND => "not_found_error",
            StatusCode::PAYLOAD_TOO_LARGE => "request_too_large",
            StatusCode::TOO_MANY_REQUESTS => "rate_limit_error",
            StatusCode::SERVICE_UNAVAILABLE => "overloaded_error",
            StatusCode::GATEWAY_TIMEOUT | StatusCode::REQUEST_TIMEOUT => "timeout_error",
            status if status.is_server_error() => "api_error",
            _ => "invalid_request_error",
        }
    }

    /// What is said, to this audience. `request_id` names the request in the gateway's log.
    pub(super) fn into_response(self, audience: Audience, request_id: &str) -> Response {
        let (kind, body) = match audience {
            Audience::Client => {
                let error = json!({ "type": self.error_type(), "message": self.in_words() });
                let document = json!({ "type": "error", "error": error, "request_id": request_id });
                ("application/json", document.to_string())
            }
            Audience::Program => {
                // A document of our own types cannot fail to be written.
                let document = serde_json::to_string(&self.failure.to_document()).unwrap_or_default();
                ("application/json", document)
            }
            Audience::Browser => ("text/html; charset=utf-8", pages::refusal(self.status, &self.failure)),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.is_final {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if !self.allowed.is_empty() {
            let names: Vec<&str> = self.allowed.iter().map(|method| method.as_str()).collect();
            // Names of methods are always header text.
            if let Ok(value) = HeaderValue::from_str(&names.join(", ")) {
                headers.insert(ALLOW, value);
            }
        }
        response
    }

    /// The sentence with its facts and its way out, for those who get nothing else.
    fn in_words(&self) -> String {
        let Failure { message, facts, hint, commands, .. } = self.failure.as_ref();
        let mut words = message.clone();
        for fact in facts {
            words.push_str(&format!(" {}.", fact.trim().trim_end_matches('.')));
        }
        let commands = commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(" or ");
        match (hint, commands.as_str()) {
            (Some(hint), "") => words.push_str(&format!(" To go on: {hint}.")),
            (Some(hint), commands) => words.push_str(&format!(" To go on: {hint}: {commands}.")),
            (None, "") => {}
            (None, commands) => words.push_str(&format!(" To go on: {commands}.")),
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Exit;

    #[test]
    fn the_path_tells_who_asks() {
        for path in ["/v1/messages", "/v1", "/agents/work/v1/models", "/agents/work/v1"] {
            assert_eq!(Audience::of(path), Audience::Client, "{path}");
        }
        for path in ["/api/agents", "/healthz", "/metrics"] {
            assert_eq!(Audience::of(path), Audience::Program, "{path}");
        }
        for path in ["/", "/agents/work/models", "/agents/v1", "/v1x", "/agents/work/chat/v1/x"] {
            assert_eq!(Audience::of(path), Audience::Browser, "{path}");
        }
    }

    #[test]
    fn clients_get_the_providers_shape_with_the_way_out_in_words() {
        let failure = Failure::new(Exit::NoUsableCredential, "no_credential", "No key.")
            .fact("agent work")
            .hint("add one")
            .command("fased onboard");
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, failure).retry_after(7).for_good();
        assert_eq!(refusal.error_type(), "overloaded_error");
        assert_eq!(refusal.in_words(), "No key. agent work. To go on: add one: `fased onboard`.");
        let response = refusal.into_response(Audience::Client, "req_1");
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        assert_eq!(response.headers()[SHOULD_RETRY], "false");
    }
}
