//! Errors of the token endpoint: `{"error","error_description"}` as OAuth wants them, with the fitting status.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::sandbox::error::{ApiError, json_response};

/// An answer of the token endpoint that is an error. Its description never repeats what was sent.
#[derive(Debug, Clone)]
pub(super) struct OAuthError {
    status: StatusCode,
    pub(super) code: &'static str,
    description: String,
    retry_after: Option<u64>,
}

impl OAuthError {
    fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self { status, code, description: description.into(), retry_after: None }
    }

    /// The request itself is wrong.
    pub(super) fn request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// What was offered for tokens is not worth any.
    pub(super) fn grant(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    pub(super) fn unsupported_grant(description: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", description)
    }

    pub(super) fn scope(description: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", description)
    }

    pub(super) fn not_json() -> Self {
        let description = "content-type: the token endpoint takes application/json";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", description)
    }

    pub(super) fn not_posted() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", "The token endpoint takes POST")
    }

    pub(super) fn into_response(self) -> Response {
        let document = json!({ "error": self.code, "error_description": self.description });
        let mut response = json_response(self.status, &document);
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        response
    }
}

impl From<ApiError> for OAuthError {
    fn from(error: ApiError) -> Self {
        Self {
            status: error.status,
            code: error.kind,
            description: error.message,
            retry_after: error.retry_after,
        }
    }
}
