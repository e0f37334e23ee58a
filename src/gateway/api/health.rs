//! Whether the gateway is well, for whoever watches over it.

use axum::response::Response;
use serde::Serialize;

use super::super::app::App;
use crate::SCHEMA_VERSION;

/// The answer of `/healthz`. Anybody may read it, so it says that something is wrong and not what.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health<'a> {
    schema_version: u32,
    /// `ok`, or `degraded` while something needs a look.
    status: &'a str,
    version: &'a str,
    /// What needs a look: `config` for a config that became invalid, `restart` for a port or an address that changed in it.
    problems: Vec<&'a str>,
}

/// `GET /healthz`
pub(super) fn health(app: &App) -> Response {
    let mut problems = Vec::new();
    if app.live.world().problem.is_some() {
        problems.push("config");
    }
    if app.live.needs_restart() {
        problems.push("restart");
    }
    let status = if problems.is_empty() { "ok" } else { "degraded" };
    let version = env!("CARGO_PKG_VERSION");
    super::document(&Health { schema_version: SCHEMA_VERSION, status, version, problems })
}

/// `GET /metrics`
pub(super) fn metrics(app: &App) -> Response {
    super::with_kind(app.metrics.text().into_bytes(), "text/plain; version=0.0.4")
}
