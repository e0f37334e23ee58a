//! All agents: the model each asks first, and the credential it would be asked with.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;

use super::super::app::App;
use super::super::routes::Call;
use super::frame::{Frame, Room};
use crate::config::load::Loaded;
use crate::models::agents::AgentsReport;

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage {
    frame: Frame,
    report: AgentsReport,
}

/// `GET /agents`
pub(super) async fn show(app: Arc<App>, call: Call) -> Response {
    super::blocking(move || {
        let world = app.live.world();
        let Loaded { config, env } = &world.loaded;
        let report = AgentsReport::make(config, &app.paths, env, app.now());
        super::shown(&AgentsPage { frame: Frame::of_all(&app, Room::Agents, &call), report })
    })
    .await
}
