//! The pages of the Control UI, made on the server.

mod agent_models;
mod agents;
mod chat;
mod choices;
mod frame;
mod models;
mod rows;
mod usage;

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};

use super::app::App;
use super::refusal::{Audience, Refusal};
use super::routes::{Door, Route};
use crate::error::{Exit, Failure};

/// What a page may load: its own style and script, and nothing from anywhere else.
pub(super) const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

pub(super) const ROUTES: &[Route] = &[
    Route::get("/assets/{file}", Door::Anyone, |_, call| Box::pin(async move { asset(call.capture(0)) })),
    Route::get("/", Door::Owner, |app, call| Box::pin(models::home(app, call))),
    Route::get("/agents", Door::Owner, |app, call| Box::pin(agents::show(app, call))),
    Route::get("/agents/{agent}", Door::Owner, |_, call| Box::pin(async move { agent_models::enter(&call) })),
    Route::get("/agents/{agent}/models", Door::Owner, |app, call| Box::pin(agent_models::show(app, call))),
    Route::get("/models", Door::Owner, |app, call| Box::pin(models::show(app, call))),
    Route::get("/usage", Door::Owner, |app, call| Box::pin(usage::show(app, call))),
    Route::get("/agents/{agent}/chat", Door::Owner, |app, call| Box::pin(chat::show(app, call))),
    Route::get("/agents/{agent}/chat/{session}", Door::Owner, |app, call| Box::pin(chat::show(app, call))),
];

/// Style and scripts. They are the same for everybody, so the page that signs in has them too.
const ASSETS: &[(&str, &str)] = &[
    ("style.css", include_str!("assets/style.css")),
    ("app.js", include_str!("assets/app.js")),
    ("models.js", include_str!("assets/models.js")),
    ("theme.js", include_str!("assets/theme.js")),
    ("login.js", include_str!("assets/login.js")),
    ("chat.css", include_str!("assets/chat.css")),
    ("chat.js", include_str!("assets/chat.js")),
    ("markdown.js", include_str!("assets/markdown.js")),
    ("usage.css", include_str!("assets/usage.css")),
    ("transcript.js", include_str!("assets/transcript.js")),
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
    page.render().unwrap_or_else(|_| failure.message.clone())
}

/// A page of ours; a template of texts fails only when memory does.
fn shown(page: &impl Template) -> Response {
    self::page(StatusCode::OK, page.render())
}

/// Sends a browser on.
fn redirect(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    // Paths of ours are made of letters, digits and a few signs.
    if let Ok(location) = HeaderValue::from_str(path) {
        response.headers_mut().insert(LOCATION, location);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Makes an answer where files are read: not on a thread that serves others.
async fn blocking(make: impl FnOnce() -> Response + Send + 'static) -> Response {
    match tokio::task::spawn_blocking(make).await {
        Ok(response) => response,
        Err(error) => {
            let failure = anyhow::Error::from(error).context("the page could not be made").into();
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, failure).into_response(Audience::Browser, "")
        }
    }
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

fn asset(name: &str) -> Response {
    let Some((name, text)) = ASSETS.iter().find(|(known, _)| *known == name) else {
        let failure = Failure::new(Exit::Failed, "not_found", "There is nothing at this address.");
        return Refusal::new(StatusCode::NOT_FOUND, failure).into_response(Audience::Browser, "");
    };
    let kind =
        if name.ends_with(".css") { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" };
    let mut response = Response::new(Body::from(*text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_assets_together_stay_below_60_kilobytes() {
        let total: usize = ASSETS.iter().map(|(_, text)| text.len()).sum();
        assert!(total < 60_000, "{total} bytes");
    }
}
