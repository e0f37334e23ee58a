//! The beta of the 1M window where the API refuses it: the request is the same without it. A refusal says so in words
//! alone; they count only for a request that asked for the beta, and at the beginning of the message, which may repeat
//! what the user wrote.

use crate::anthropic::{ApiError, ApiErrorKind, MessageRequest};
use crate::models::catalog::Catalog;

/// How the API says that a credential may not use the window.
const TEXTS: [&str; 3] = [
    "the long context beta is not yet available",
    "usage credits are required for long context",
    "usage credits required for 1m context",
];

fn beta() -> &'static str {
    &Catalog::embedded().betas().context1m
}

/// Whether a request asks for the beta.
pub(super) fn is_asked_by(request: &MessageRequest) -> bool {
    request.betas.iter().any(|name| name == beta())
}

/// The same request without it.
pub(super) fn leave_out(request: &mut MessageRequest) {
    request.betas.retain(|name| name != beta());
}

/// Whether a request that asked for the beta was refused because of it.
pub(super) fn is_refused_by(error: &ApiError) -> bool {
    let may_be = matches!(
        error.kind,
        ApiErrorKind::InvalidRequest
            | ApiErrorKind::RateLimit
            | ApiErrorKind::Permission
            | ApiErrorKind::Billing
    );
    let message = error.message.trim_start().to_ascii_lowercase();
    let names_it = error.kind == ApiErrorKind::InvalidRequest && message.contains(beta());
    may_be && (names_it || TEXTS.iter().any(|text| message.starts_with(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anthropic::ResponseMeta;

    fn refused(status: u16, kind: &str, message: &str) -> bool {
        let body = serde_json::json!({ "type": "error", "error": { "type": kind, "message": message } });
        let meta = ResponseMeta { status, ..ResponseMeta::default() };
        is_refused_by(&ApiError::read(
            body.to_string().as_bytes(),
            &meta,
            &crate::secret::Secret::new("sk-ant-api03-sandbox-x3Qw"),
        ))
    }

    #[test]
    fn every_wording_of_the_refusal_is_known_and_others_are_what_they_are() {
        for (status, kind, message, is) in [
            (
                400,
                "invalid_request_error",
                "The long context beta is not yet available for this subscription.",
                true,
            ),
            (429, "rate_limit_error", "Usage credits are required for long context requests", true),
            (429, "rate_limit_error", "Usage credits required for 1M context", true),
            (
                400,
                "invalid_request_error",
                "Unexpected value(s) `context-1m-2025-08-07` for the `anthropic-beta` header.",
                true,
            ),
            (429, "rate_limit_error", "This request would exceed your organization's rate limit.", false),
            (429, "rate_limit_error", "context-1m-2025-08-07", false),
            (400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum", false),
            (400, "invalid_request_error", "messages.0: usage credits required for 1M context", false),
            (529, "overloaded_error", "Usage credits required for 1M context", false),
        ] {
            assert_eq!(refused(status, kind, message), is, "{message}");
        }
    }

    #[test]
    fn only_the_beta_of_the_window_is_left_out() {
        let mut request = MessageRequest::new("m", 1);
        assert!(!is_asked_by(&request));
        request.betas = vec!["other-2025-01-01".into(), beta().to_owned()];
        assert!(is_asked_by(&request));
        leave_out(&mut request);
        assert_eq!(request.betas, ["other-2025-01-01"]);
    }
}
