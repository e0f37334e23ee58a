//! Everything that can go wrong with a call, as one enum. Messages are safe to show: no secret, no whole body, no URL
//! with credentials. What to do about a failure (retry, rotate, tell the user) is decided elsewhere.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::headers::ResponseMeta;
use super::redact::redacted;
use crate::secret::Secret;

/// Longest `error.message` that is kept, in characters.
pub(super) const MESSAGE_LIMIT: usize = 500;
/// Longest identifier (error type, error code, request id) that is kept, in characters.
pub(super) const IDENTIFIER_LIMIT: usize = 100;

/// Why a client could not be built or a call did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The base URL has no host, carries credentials, a query or a fragment, or has a scheme other than http(s).
    #[error("the base URL `{url}` cannot be used: {reason}")]
    InvalidBaseUrl {
        /// The URL without credentials, query and fragment.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Plain http to another machine.
    #[error("the base URL `{url}` must use https; only this machine may be reached by http")]
    InsecureBaseUrl {
        /// The URL without credentials, query and fragment.
        url: String,
    },
    /// The network policy allows this machine only.
    #[error("no request may leave this machine, and `{host}` is another one")]
    RefusedHost {
        /// The host that was asked for.
        host: String,
    },
    /// A credential of the sandbox would have been sent to another machine.
    #[error("a sandbox credential is never sent to `{host}`")]
    SandboxCredential {
        /// The host that was asked for.
        host: String,
    },
    /// A header that cannot be sent as it is.
    #[error("the header `{name}` cannot be sent: {reason}")]
    BadHeader {
        /// Its name; the value may be a secret and is not repeated.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The proxy setting is not a URL this client can use. Its value may hold a password and is not repeated.
    #[error("the HTTPS proxy setting is not an http or https URL")]
    InvalidProxy,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {reason}")]
    Setup {
        /// What its parts say.
        reason: String,
    },
    /// No connection was made, so nothing was sent.
    #[error("cannot connect to {host}{}: {reason}", through(.proxy.as_deref()))]
    Connect {
        /// The API's host, with the port where it is not the usual one.
        host: String,
        /// The proxy in force, without its credentials.
        proxy: Option<String>,
        /// What happened, in words: `connection refused`.
        reason: String,
    },
    /// Something took longer than allowed.
    #[error("{host} {phase} within {after:?}")]
    Timeout {
        /// The API's host.
        host: String,
        /// What was being waited for.
        phase: TimeoutPhase,
        /// The limit.
        after: Duration,
    },
    /// The connection ended before the response or stream was complete.
    #[error("the answer was cut off: {reason}")]
    Cut {
        /// What happened, in words.
        reason: String,
    },
    /// A stream stayed silent for too long.
    #[error("the answer stalled: nothing arrived for {after:?}")]
    Idle {
        /// The limit.
        after: Duration,
    },
    /// One event of a stream was larger than the client keeps in memory.
    #[error("an event of the stream is larger than {limit} bytes")]
    EventTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A whole response body was larger than the client keeps in memory.
    #[error("the response is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A successful response that is not what the API documents.
    #[error("the response is not understood: {what}")]
    Malformed {
        /// What was not understood; never its content.
        what: String,
    },
    /// The API said no, by status or by an `error` event inside a stream.
    #[error("{0}")]
    Api(Box<ApiError>),
}

impl Error {
    /// Whether the API may have answered, and bills it, although nobody got to see the answer.
    pub fn may_be_billed(&self) -> bool {
        match self {
            Self::Timeout { phase, .. } => *phase != TimeoutPhase::Connect,
            Self::Cut { .. } | Self::Idle { .. } => true,
            Self::EventTooLarge { .. } | Self::BodyTooLarge { .. } | Self::Malformed { .. } => true,
            Self::InvalidBaseUrl { .. } | Self::InsecureBaseUrl { .. } | Self::RefusedHost { .. } => false,
            Self::SandboxCredential { .. } | Self::BadHeader { .. } | Self::InvalidProxy => false,
            Self::Setup { .. } | Self::Connect { .. } | Self::Api(_) => false,
        }
    }

    /// What the API said, if it was the API that refused.
    pub fn api(&self) -> Option<&ApiError> {
        match self {
            Self::Api(error) => Some(error),
            _ => None,
        }
    }
}

fn through(proxy: Option<&str>) -> String {
    proxy.map(|proxy| format!(" (HTTPS proxy {proxy})")).unwrap_or_default()
}

/// What was being waited for when a limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// The connection, TLS included. Nothing was sent.
    Connect,
    /// The head of the response, counted from the start of the call.
    FirstByte,
    /// A whole call with a short answer.
    Call,
}

impl fmt::Display for TimeoutPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "did not accept a connection",
            Self::FirstByte => "did not begin to answer",
            Self::Call => "did not answer",
        })
    }
}

/// A refusal by the API.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// HTTP status; 200 for an error inside a stream.
    pub status: u16,
    /// What kind of refusal it is, from `error_type`, else from the status.
    pub kind: ApiErrorKind,
    /// The API's `error.type`; empty when the body was not of the API's shape.
    pub error_type: String,
    /// The API's `error.message`, at most 500 characters, without control characters and with secrets masked; or
    /// `HTTP <status> <reason>` when the body was not of the API's shape.
    pub message: String,
    /// Name of the request in Anthropic's logs.
    pub request_id: Option<String>,
    /// How long the API asks to wait.
    pub retry_after: Option<Duration>,
    /// `error.details.error_code`, which tells spend limits from rate limits.
    pub error_code: Option<String>,
    /// The response it came with.
    pub meta: ResponseMeta,
}

impl ApiError {
    /// Reads a refusal from a response body or the data of an `error` event.
    pub fn read(body: &[u8], meta: &ResponseMeta, secret: &Secret) -> Self {
        let told = serde_json::from_slice::<Body>(body).ok();
        let identifier = |text: &str| redacted(text, secret, IDENTIFIER_LIMIT);
        let request_id = meta
            .request_id
            .clone()
            .or_else(|| told.as_ref().and_then(|body| body.request_id.as_deref().map(identifier)));
        let common = Self {
            status: meta.status,
            kind: ApiErrorKind::of_status(meta.status),
            error_type: String::new(),
            message: status_line(meta.status),
            request_id,
            retry_after: meta.retry_after,
            error_code: None,
            meta: meta.clone(),
        };
        let Some(told) = told else { return common };
        Self {
            kind: ApiErrorKind::of_type(&told.error.kind).unwrap_or(common.kind),
            error_type: identifier(&told.error.kind),
            message: redacted(&told.error.message, secret, MESSAGE_LIMIT),
            error_code: told.error.details.and_then(|details| details.error_code).as_deref().map(identifier),
            ..common
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.error_type.as_str(), self.status) {
            ("", _) => f.write_str(&self.message),
            (kind, 200) => write!(f, "{} ({kind})", self.message),
            (kind, status) => write!(f, "{} (HTTP {status}, {kind})", self.message),
        }
    }
}

fn status_line(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    match reason {
        Some(reason) => format!("HTTP {status} {reason}"),
        None => format!("HTTP {status}"),
    }
}

#[derive(Deserialize)]
struct Body {
    error: BodyError,
    request_id: Option<String>,
}

#[derive(Deserialize)]
struct BodyError {
    #[serde(rename = "type")]
    kind: String,
    message: String,
    #[serde(default, deserialize_with = "lenient")]
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    error_code: Option<String>,
}

/// Details have no documented shape beyond `error_code`; others must not hide the message.
fn lenient<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Details>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// Kinds of refusals. The API may add more at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ApiErrorKind {
    /// The request itself is wrong.
    InvalidRequest,
    /// The credential is not accepted.
    Authentication,
    /// Payment is the problem.
    Billing,
    /// The credential may not do this.
    Permission,
    /// No such model or endpoint.
    NotFound,
    /// The resource is in another state.
    Conflict,
    /// The request body is too large.
    RequestTooLarge,
    /// A rate or spend limit.
    RateLimit,
    /// The API gave up waiting.
    Timeout,
    /// The API failed.
    Api,
    /// The API is overloaded.
    Overloaded,
    /// Neither the type nor the status says.
    Unknown,
}

impl ApiErrorKind {
    fn of_type(error_type: &str) -> Option<Self> {
        Some(match error_type {
            "invalid_request_error" => Self::InvalidRequest,
            "authentication_error" => Self::Authentication,
            "billing_error" => Self::Billing,
            "permission_error" => Self::Permission,
            "not_found_error" => Self::NotFound,
            "conflict_error" => Self::Conflict,
            "request_too_large" => Self::RequestTooLarge,
            "rate_limit_error" => Self::RateLimit,
            "timeout_error" => Self::Timeout,
            "api_error" => Self::Api,
            "overloaded_error" => Self::Overloaded,
            _ => return None,
        })
    }

    fn of_status(status: u16) -> Self {
        match status {
            400 | 422 => Self::InvalidRequest,
            401 => Self::Authentication,
            402 => Self::Billing,
            403 => Self::Permission,
            404 => Self::NotFound,
            409 => Self::Conflict,
            413 => Self::RequestTooLarge,
            429 => Self::RateLimit,
            408 | 504 => Self::Timeout,
            529 => Self::Overloaded,
            500..=599 => Self::Api,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-ant-api03-sandbox-not-a-real-key-0000000000-x3Qw";

    fn read(status: u16, body: &str) -> ApiError {
        let meta = ResponseMeta { status, ..ResponseMeta::default() };
        ApiError::read(body.as_bytes(), &meta, &Secret::new(KEY))
    }

    #[test]
    fn the_error_type_decides_before_the_status() {
        let error =
            read(403, r#"{"type":"error","error":{"type":"billing_error","message":"Credit is low"}}"#);
        assert_eq!(error.kind, ApiErrorKind::Billing);
        assert_eq!(error.to_string(), "Credit is low (HTTP 403, billing_error)");
    }

    #[test]
    fn an_unknown_type_falls_back_to_the_status_and_is_kept() {
        let error = read(429, r#"{"error":{"type":"brand_new_error","message":"no"}}"#);
        assert_eq!(error.kind, ApiErrorKind::RateLimit);
        assert_eq!(error.error_type, "brand_new_error");
    }

    #[test]
    fn a_body_of_another_shape_is_not_repeated() {
        for body in
            ["<html>sk-live-secret</html>", r#"{"error":"text"}"#, r#"{"error":{"message":1}}"#, "", "null"]
        {
            let error = read(502, body);
            assert_eq!(error.to_string(), "HTTP 502 Bad Gateway", "{body}");
            assert_eq!(error.kind, ApiErrorKind::Api, "{body}");
        }
        assert_eq!(read(529, "").to_string(), "HTTP 529");
        assert_eq!(read(529, "").kind, ApiErrorKind::Overloaded);
    }

    #[test]
    fn the_error_code_and_the_request_id_of_the_body_are_read() {
        let error = read(
            429,
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"m",
                "details":{"error_code":"enforced_spend_limit_reached","other":1}},"request_id":"req_1"}"#,
        );
        assert_eq!(error.error_code.as_deref(), Some("enforced_spend_limit_reached"));
        assert_eq!(error.request_id.as_deref(), Some("req_1"));
    }

    #[test]
    fn details_of_another_shape_do_not_hide_the_message() {
        for details in ["null", "[]", "\"text\"", r#"{"error_code":5}"#] {
            let body = format!(r#"{{"error":{{"type":"api_error","message":"m","details":{details}}}}}"#);
            assert_eq!(read(500, &body).message, "m", "{details}");
        }
    }

    #[test]
    fn the_own_secret_is_masked_wherever_the_body_repeats_it() {
        let body = format!(
            r#"{{"error":{{"type":"x{KEY}","message":"key {KEY}","details":{{"error_code":"{KEY}"}}}},"request_id":"{KEY}"}}"#
        );
        let shown = format!("{:?}", read(401, &body));
        assert!(!shown.contains("not-a-real-key"), "{shown}");
    }

    #[test]
    fn every_documented_type_has_a_kind() {
        for (error_type, status) in [
            ("invalid_request_error", 400),
            ("authentication_error", 401),
            ("billing_error", 402),
            ("permission_error", 403),
            ("not_found_error", 404),
            ("conflict_error", 409),
            ("request_too_large", 413),
            ("rate_limit_error", 429),
            ("api_error", 500),
            ("timeout_error", 504),
            ("overloaded_error", 529),
        ] {
            assert_eq!(
                ApiErrorKind::of_type(error_type),
                Some(ApiErrorKind::of_status(status)),
                "{error_type}"
            );
        }
    }
}
