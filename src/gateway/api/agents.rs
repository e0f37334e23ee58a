//! Agents: those there are, a new one, and the one that is meant without a name.

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::super::app::App;
use super::super::routes::Call;
use crate::SCHEMA_VERSION;
use crate::config::agent_list::{self, AgentListError, NewAgent};
use crate::config::agents::AgentIdError;
use crate::config::load::Loaded;
use crate::config::{AgentId, edit};
use crate::error::Failure;
use crate::models::agents::AgentsReport;

/// `GET /api/agents`, the document of `fased agents list --json`
pub(super) fn list(app: &Arc<App>, _: &Call) -> Result<Response, Failure> {
    let world = app.live.world();
    let Loaded { config, env } = &world.loaded;
    Ok(super::document(&AgentsReport::make(config, &app.paths, env, app.now())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Adding {
    agent_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Added {
    schema_version: u32,
    agent_id: AgentId,
    changed: bool,
    /// Where it is set up.
    location: String,
}

/// `POST /api/agents`
pub(super) fn add(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let Adding { agent_id } = super::body(call)?;
    let id: AgentId =
        agent_id.trim().parse().map_err(|error: AgentIdError| Failure::usage(format!("That is {error}.")))?;
    let new = NewAgent { id: id.clone(), agent_dir: None, model: None, default: false };
    edit::update(&app.paths, app.live.process(), app.clock.as_ref(), |edit| {
        agent_list::add(edit, &new, &app.paths)
    })?;
    let location = format!("/agents/{id}/models");
    let said = format!("Added {id}. It has no credentials yet.");
    super::told(&said, &Added { schema_version: SCHEMA_VERSION, agent_id: id, changed: true, location })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Default<'a> {
    schema_version: u32,
    agent_id: &'a AgentId,
    previous: AgentId,
    changed: bool,
}

/// `POST /api/agents/{agent}/default`
pub(super) fn make_default(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let view = super::agent(app, call)?;
    let id = &view.selected.id;
    let previous = view.world.loaded.config.default_agent();
    let changed = *id != previous
        && edit::update(&app.paths, app.live.process(), app.clock.as_ref(), |edit| {
            agent_list::make_default(edit, id)?;
            Ok::<_, AgentListError>(())
        })?
        .is_changed();
    let said = match changed {
        true => format!("{id} is the default agent now (before: {previous})."),
        false => format!("{id} is the default agent already."),
    };
    super::told(&said, &Default { schema_version: SCHEMA_VERSION, agent_id: id, previous, changed })
}
