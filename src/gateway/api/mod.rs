//! The API of the Control UI and of the owner's scripts. Where a command prints the same, it answers with the same document.

mod health;

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;

use super::refusal::{Audience, Refusal};
use super::routes::{Door, Route};

pub(super) const ROUTES: &[Route] = &[
    Route::get("/healthz", Door::Anyone, |app, _| Box::pin(async move { health::health(&app) })),
    Route::get("/metrics", Door::Owner, |app, _| Box::pin(async move { health::metrics(&app) })),
];

/// A document as the answer.
pub(super) fn document(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => with_kind(bytes, "application/json"),
        Err(error) => {
            let failure = anyhow::Error::from(error).context("cannot write the answer").into();
            let refusal = Refusal::new(http::StatusCode::INTERNAL_SERVER_ERROR, failure);
            refusal.into_response(Audience::Program, "")
        }
    }
}

fn with_kind(bytes: Vec<u8>, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
