//! The status of an agent, the document of `fased models status --json`.

use std::sync::Arc;

use axum::response::Response;

use super::super::app::App;
use super::super::live::AgentView;
use super::super::routes::Call;
use crate::error::Failure;
use crate::models::selection::ConfiguredModelError;
use crate::models::status::{StatusInputs, StatusReport};

/// `GET /api/models/status?agent=work`
pub(super) fn of_agent(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let default = app.live.world().loaded.config.default_agent().to_string();
    let view = super::view(app, &call.parameter("agent").unwrap_or(default))?;
    Ok(super::document(&report(app, &view)?))
}

/// The status of an agent as it is now.
pub(in crate::gateway) fn report<'v>(
    app: &'v App,
    view: &'v AgentView,
) -> Result<StatusReport<'v>, ConfiguredModelError> {
    StatusReport::make(&StatusInputs {
        auth: view.inputs(),
        agent: &view.selected,
        paths: &app.paths,
        store_path: view.store.path(),
        model: None,
        state_findings: view.state_findings.clone(),
        probes: None,
    })
}
