//! The pages of the Control UI, made on the server.

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::app::App;
use super::routes::{Door, Route};
use crate::error::Failure;

/// What a page may load: its own style and script, and nothing from anywhere else.
pub(super) const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) const ROUTES: &[Route] = &[
    Route::get("/login/style.css", Door::Anyone, |_, _| {
        Box::pin(async { asset(include_str!("style.css"), "text/css; charset=utf-8") })
    }),
    Route::get("/login/login.js", Door::Anyone, |_, _| {
        Box::pin(async { asset(include_str!("login.js"), "text/javascript; charset=utf-8") })
    }),
];

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage;

#[derive(Template)]
#[template(path = "refusal.html")]
struct RefusalPage<'a> {
    status: u16,
    failure: &'a Failure,
}

/// The page that takes the code of a link, or one typed by hand.
pub(super) fn login(_app: &App) -> Response {
    page(StatusCode::OK, LoginPage.render())
}

/// A page that says why there is no other.
pub(super) fn refusal(status: StatusCode, failure: &Failure) -> String {
    let page = RefusalPage { status: status.as_u16(), failure };
    // A template of texts fails only when memory does.
    page.render().unwrap_or_else(|_| failure.message.clone())
}

fn page(status: StatusCode, rendered: askama::Result<String>) -> Response {
    let (status, text) = match rendered {
        Ok(text) => (status, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    };
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn asset(text: &'static str, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
