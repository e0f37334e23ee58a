//! The Messages API for clients: what they send goes to the provider byte for byte with a credential of the key's agent, and
//! what comes back goes to them as it came. Another credential takes over as long as nothing of an answer is out; no model
//! takes another's place, no parameter is added, and nothing is tried twice with one credential.

pub(super) mod affinity;
mod answer;
mod attempt;
mod forward;
pub(super) mod noting;
mod peek;
mod refused;
mod tally;
mod underway;

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

use self::forward::forward;
use super::app::App;
use super::refusal::{Audience, Refusal};
use super::routes::{Answering, BodyRule, Call, Door, Route};
use crate::error::{Exit, Failure};

/// Largest body: what the API itself takes.
const LARGEST_BODY: usize = 32 * 1024 * 1024;
/// From sending to the head of the response: an answer that is not streamed has none until it is whole.
const HEAD_OF_STREAM: Duration = Duration::from_secs(120);
const HEAD_OF_WHOLE: Duration = Duration::from_secs(600);
/// Longest silence within a stream.
pub(in crate::gateway) const LONGEST_SILENCE: Duration = Duration::from_secs(900);

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// An answer, which costs something.
    Answer,
    /// How many tokens a request has. It has limits of its own, which say nothing of answers.
    Count,
    /// Which models there are.
    Models,
}

pub(super) const ROUTES: &[Route] = &[
    post("/v1/messages", |app, call| answering(app, call, Asks::Answer, "v1/messages")),
    post("/v1/messages/count_tokens", |app, call| {
        answering(app, call, Asks::Count, "v1/messages/count_tokens")
    }),
    Route::get("/v1/models", Door::Client, |app, call| answering(app, call, Asks::Models, "v1/models")),
    Route::get("/v1/models/{model}", Door::Client, model),
    post("/agents/{agent}/v1/messages", |app, call| answering(app, call, Asks::Answer, "v1/messages")),
    post("/agents/{agent}/v1/messages/count_tokens", |app, call| {
        answering(app, call, Asks::Count, "v1/messages/count_tokens")
    }),
    Route::get("/agents/{agent}/v1/models", Door::Client, |app, call| {
        answering(app, call, Asks::Models, "v1/models")
    }),
    Route::get("/agents/{agent}/v1/models/{model}", Door::Client, model),
];

const fn post(path: &'static str, handler: fn(Arc<App>, Call) -> Answering) -> Route {
    Route { method: Method::POST, path, door: Door::Client, body: BodyRule::Json(LARGEST_BODY), handler }
}

fn answering(app: Arc<App>, call: Call, asks: Asks, path: &'static str) -> Answering {
    Box::pin(async move { forward(&app, call, asks, path.to_owned()).await })
}

/// One model, whose name is sent on as it was written. A name that would lead elsewhere below the provider's address, where
/// the owner's files and batches are, is none.
fn model(app: Arc<App>, call: Call) -> Answering {
    Box::pin(async move {
        if call.captures.last().is_none_or(|name| !is_one_segment(name)) {
            let failure = Failure::new(Exit::Failed, "not_found", "There is no model of this name.");
            let refusal = Refusal::new(StatusCode::NOT_FOUND, failure).for_good();
            return refusal.into_response(Audience::Client, &call.request_id);
        }
        let path = call.head.uri.path();
        let path = format!("v1/models/{}", path.rsplit('/').next().unwrap_or_default());
        forward(&app, call, Asks::Models, path).await
    })
}

/// Whether a decoded name is one segment of a path to whoever reads it, also to those who take `\\` for a slash.
fn is_one_segment(name: &str) -> bool {
    !matches!(name, "." | "..")
        && !name.contains(|c: char| matches!(c, '/' | '\\' | '?' | '#') || c.is_control())
}

#[cfg(test)]
mod tests;
