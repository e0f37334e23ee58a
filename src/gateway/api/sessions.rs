//! The sessions of an agent.

use std::sync::Arc;

use axum::response::Response;

use super::super::app::App;
use super::super::routes::Call;
use crate::config::SelectedAgent;
use crate::error::Failure;
use crate::sessions::{SessionsDir, SessionsReport};

/// What `fased chat --list --json` prints.
pub(in crate::gateway) fn report(app: &App, agent: &SelectedAgent) -> Result<SessionsReport, Failure> {
    let listed = SessionsDir::of(&agent.id, &app.paths).list();
    let listed = listed.map_err(|error| Failure::of_session(error, agent))?;
    Ok(SessionsReport::make(agent.id.clone(), listed))
}

/// `GET /api/sessions?agent=work`
pub(super) fn sessions(app: &Arc<App>, call: &Call) -> Result<Response, Failure> {
    let named =
        call.parameter("agent").unwrap_or_else(|| app.live.world().loaded.config.default_agent().to_string());
    let agent = super::view(app, &named)?;
    Ok(super::document(&report(app, &agent.selected)?))
}
