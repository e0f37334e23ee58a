//! Signing in with a browser, step by step: begin, look, paste, cancel.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::app::App;
use super::super::routes::{Answering, Call};
use super::super::sign_ins::SignIns;
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::profile_id::ProfileIdError;
use crate::config::AgentId;
use crate::error::{Exit, Failure};
use crate::secret::Secret;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Starting {
    /// The sign-in it replaces.
    profile_id: Option<String>,
}

/// `POST /api/agents/{agent}/sign-ins`
pub(super) fn start(app: Arc<App>, call: Call) -> Answering {
    Box::pin(async move {
        match begin(&app, call).await {
            Ok(response) => response,
            Err(failure) => super::refused(failure),
        }
    })
}

async fn begin(app: &Arc<App>, call: Call) -> Result<Response, Failure> {
    let Starting { profile_id } = super::body(&call)?;
    let profile_id: Option<ProfileId> = profile_id
        .map(|text| text.parse())
        .transpose()
        .map_err(|error: ProfileIdError| Failure::usage(format!("That name is {error}.")))?;
    let looking = Arc::clone(app);
    let view = tokio::task::spawn_blocking(move || super::agent(&looking, &call)).await;
    let view =
        view.map_err(|error| anyhow::Error::from(error).context("the agent cannot be looked at"))??;
    Ok(super::document(&SignIns::start(app, view, profile_id).await?))
}

/// `GET /api/agents/{agent}/sign-ins/{id}`
pub(super) fn look(app: &App, call: &Call) -> Response {
    let looked = check(app, call).and_then(|id| app.sign_ins.look(id, app.clock.steady()));
    match looked {
        Ok(look) => super::document(&look),
        Err(failure) => super::refused(failure),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pasting {
    text: Secret,
}

/// `POST /api/agents/{agent}/sign-ins/{id}/paste`
pub(super) fn paste(app: &App, call: &Call) -> Response {
    let pasted = check(app, call).and_then(|id| {
        let Pasting { text } = super::body(call)?;
        app.sign_ins.paste(id, text)
    });
    answer(pasted)
}

/// `POST /api/agents/{agent}/sign-ins/{id}/cancel`
pub(super) fn cancel(app: &App, call: &Call) -> Response {
    // One that is over already needs no more.
    answer(check(app, call).map(|id| app.sign_ins.cancel(id)))
}

/// The id in the path, if it is one of this agent.
fn check<'c>(app: &App, call: &'c Call) -> Result<&'c str, Failure> {
    let id = call.capture(1);
    let agent = call.capture(0).parse::<AgentId>().ok();
    match agent.filter(|agent| app.sign_ins.is_of(id, agent)) {
        Some(_) => Ok(id),
        None => {
            Err(Failure::new(Exit::Failed, "no_such_sign_in", "That sign-in is over.")
                .hint("begin another one"))
        }
    }
}

fn answer(done: Result<(), Failure>) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Taken {
        schema_version: u32,
    }
    match done {
        Ok(()) => super::document(&Taken { schema_version: SCHEMA_VERSION }),
        Err(failure) => super::refused(failure),
    }
}
