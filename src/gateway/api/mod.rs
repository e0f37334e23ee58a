//! The API of the Control UI and of the owner's scripts. Where a command prints the same, it answers with the same document; a
//! failure is the one the command line would tell, with its way out. No answer holds a secret: of each there are kind and end.

mod agents;
mod credentials;
mod health;
mod models;
pub(super) mod sessions;
mod sign_ins;
mod status;
pub(super) mod usage;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::app::App;
use super::live::{AgentView, ViewError};
use super::refusal::{Audience, Refusal};
use super::routes::{Answering, Call, Door, Route};
use crate::config::AgentId;
use crate::config::agents::AgentIdError;
use crate::error::{Exit, Failure};

pub(super) use status::report;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/healthz", Door::Anyone, |app, _| Box::pin(async move { health::health(&app) })),
    Route::get("/metrics", Door::Owner, |app, _| Box::pin(async move { health::metrics(&app) })),
    Route::get("/api/models/status", Door::Owner, |app, call| blocking(app, call, status::of_agent)),
    Route::get("/api/agents", Door::Owner, |app, call| blocking(app, call, agents::list)),
    Route::post("/api/agents", Door::Owner, |app, call| blocking(app, call, agents::add)),
    Route::post("/api/agents/{agent}/default", Door::Owner, |app, call| {
        blocking(app, call, agents::make_default)
    }),
    Route::post("/api/agents/{agent}/credentials", Door::Owner, |app, call| {
        blocking(app, call, credentials::save)
    }),
    Route::post("/api/agents/{agent}/credentials/probe", Door::Owner, |app, call| {
        blocking(app, call, credentials::probe)
    }),
    Route::post("/api/agents/{agent}/credentials/move", Door::Owner, |app, call| {
        blocking(app, call, credentials::move_one)
    }),
    Route::post("/api/agents/{agent}/credentials/order", Door::Owner, |app, call| {
        blocking(app, call, credentials::order)
    }),
    Route::post("/api/agents/{agent}/credentials/clear-cooldown", Door::Owner, |app, call| {
        blocking(app, call, credentials::clear_cooldown)
    }),
    Route::post("/api/agents/{agent}/credentials/rename", Door::Owner, |app, call| {
        blocking(app, call, credentials::rename)
    }),
    Route::post("/api/agents/{agent}/credentials/remove", Door::Owner, |app, call| {
        blocking(app, call, credentials::remove)
    }),
    Route::post("/api/agents/{agent}/credentials/undo-remove", Door::Owner, |app, call| {
        blocking(app, call, credentials::undo_remove)
    }),
    Route::post("/api/agents/{agent}/sign-ins", Door::Owner, |app, call| sign_ins::start(app, call)),
    Route::get("/api/agents/{agent}/sign-ins/{id}", Door::Owner, |app, call| {
        Box::pin(async move { sign_ins::look(&app, &call) })
    }),
    Route::post("/api/agents/{agent}/sign-ins/{id}/paste", Door::Owner, |app, call| {
        Box::pin(async move { sign_ins::paste(&app, &call) })
    }),
    Route::post("/api/agents/{agent}/sign-ins/{id}/cancel", Door::Owner, |app, call| {
        Box::pin(async move { sign_ins::cancel(&app, &call) })
    }),
    Route::post("/api/agents/{agent}/roles", Door::Owner, |app, call| blocking(app, call, models::roles)),
    Route::post("/api/agents/{agent}/parameters", Door::Owner, |app, call| {
        blocking(app, call, models::parameters)
    }),
    Route::get("/api/sessions", Door::Owner, |app, call| blocking(app, call, sessions::sessions)),
    Route::get("/api/usage", Door::Owner, |app, call| blocking(app, call, usage::usage)),
];

/// Answers where files are read and written: not on a thread that serves others, and to its end, whoever leaves.
fn blocking(
    app: Arc<App>,
    call: Call,
    answer: fn(&Arc<App>, &Call) -> Result<Response, Failure>,
) -> Answering {
    Box::pin(async move {
        match tokio::task::spawn_blocking(move || answer(&app, &call)).await {
            Ok(Ok(response)) => response,
            Ok(Err(failure)) => refused(failure),
            Err(error) => refused(anyhow::Error::from(error).context("the work was not finished").into()),
        }
    })
}

/// Waits for work that asks providers, on a thread that serves nobody else: much of it must stay on one.
fn wait_for<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| anyhow::Error::from(error).context("cannot start the runtime"))?;
    runtime.block_on(work)
}

/// The document of a request. What is wrong with it is told by its place, because its values may be secrets.
pub(super) fn body<T: DeserializeOwned>(call: &Call) -> Result<T, Failure> {
    serde_json::from_slice(&call.body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Failure::usage("The request is not a document that this address takes.").fact(place)
    })
}

/// The agent that stands in the path, as it is now.
fn agent(app: &App, call: &Call) -> Result<Arc<AgentView>, Failure> {
    view(app, call.capture(0))
}

pub(super) fn view(app: &App, text: &str) -> Result<Arc<AgentView>, Failure> {
    let unknown = |message| {
        let known = app.live.agents();
        let known: Vec<&str> = known.iter().map(|agent| agent.id.as_str()).collect();
        Failure::new(Exit::Usage, "unknown_agent", message)
            .fact(format!("known agents: {}", known.join(", ")))
            .hint("name one of those, or add it")
            .command("fased agents list")
    };
    let id: AgentId = text.parse().map_err(|error: AgentIdError| unknown(format!("That is {error}.")))?;
    app.live.agent(&id).map_err(|error| match error {
        ViewError::Unknown(id) => unknown(format!("Unknown agent id \"{id}\".")),
        ViewError::Store(error) => error.into(),
        ViewError::Setup(error) => error.into(),
    })
}

/// A failure as an answer.
pub(super) fn refused(failure: Failure) -> Response {
    Refusal::new(status_of(&failure), failure).into_response(Audience::Program, "")
}

/// What HTTP calls a failure.
pub(super) fn status_of(failure: &Failure) -> StatusCode {
    match (failure.kind, failure.exit) {
        ("unknown_agent" | "unknown_session" | "no_such_profile" | "no_such_sign_in" | "not_kept", _) => {
            StatusCode::NOT_FOUND
        }
        ("changed" | "config_changed" | "profile_taken" | "agent_exists", _) => StatusCode::CONFLICT,
        ("turn_running" | "session_in_use" | "nothing_to_continue", _) => StatusCode::CONFLICT,
        ("closing", _) => StatusCode::SERVICE_UNAVAILABLE,
        (_, Exit::Usage) => StatusCode::BAD_REQUEST,
        (_, Exit::NoUsableCredential | Exit::Cancelled) => StatusCode::CONFLICT,
        (_, Exit::Provider | Exit::Network) => StatusCode::BAD_GATEWAY,
        (_, Exit::Ok | Exit::Failed | Exit::Expiring) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// A document as the answer.
pub(super) fn document(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => with_kind(bytes, "application/json"),
        Err(error) => refused(anyhow::Error::from(error).context("cannot write the answer").into()),
    }
}

/// A report as the answer, with what happened in a sentence.
fn told(sentence: &str, report: &impl Serialize) -> Result<Response, Failure> {
    #[derive(Serialize)]
    struct Told<'a, R> {
        said: &'a str,
        #[serde(flatten)]
        report: &'a R,
    }
    Ok(document(&Told { said: sentence, report }))
}

/// A file to be kept under this name.
fn file(bytes: Vec<u8>, kind: &'static str, name: &str) -> Response {
    let mut response = with_kind(bytes, kind);
    // Names of ours are always header text.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}

fn with_kind(bytes: Vec<u8>, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
