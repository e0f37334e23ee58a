//! An agent's credentials and models: how each credential is and what can be done to it, three ways to add one, which models do
//! which work, and what goes with requests.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;

use super::super::api;
use super::super::app::App;
use super::super::live::AgentView;
use super::super::refusal::{Audience, Refusal};
use super::super::routes::Call;
use super::choices::{ParametersCard, RolesCard};
use super::frame::{Frame, Room};
use super::rows::ProviderCard;
use crate::ask::explain::{ExplainError, ExplainInputs, Explanation};
use crate::auth::form::ANTHROPIC;
use crate::auth::notices::{self, Notice, PLAN_CREDENTIALS};
use crate::auth::wording::Fix;
use crate::config::AgentId;
use crate::error::Failure;
use crate::models::selection::{AgentModels, ChoiceSource, TypedRef};
use crate::models::status::{Finding, LEFT_OUT, NEEDS_ATTENTION, NO_CREDENTIAL};

/// Findings that the rows of credentials tell of.
const TOLD_IN_PLACE: [&str; 3] = [NO_CREDENTIAL, NEEDS_ATTENTION, LEFT_OUT];

#[derive(Template)]
#[template(path = "agent_models.html")]
struct AgentModelsPage {
    frame: Frame,
    agent: AgentId,
    primary: String,
    primary_from: &'static str,
    fallbacks: Vec<String>,
    /// The credential that is next, and who pays for it.
    pays: Option<(String, &'static str)>,
    findings: Vec<Shown>,
    providers: Vec<ProviderCard>,
    notice: &'static Notice,
    /// Whether the notice was never shown.
    notice_is_new: bool,
    for_all: bool,
    roles: RolesCard,
    parameters: Option<ParametersCard>,
}

/// A finding with its fix in lines.
#[derive(Debug)]
struct Shown {
    message: String,
    advice: Option<String>,
    commands: Vec<String>,
}

impl Shown {
    fn of(finding: Finding) -> Self {
        let Fix { advice, commands } = finding.fix.unwrap_or_default();
        Self { message: finding.message, advice, commands }
    }
}

/// `GET /agents/{agent}`
pub(super) fn enter(call: &Call) -> Response {
    // Whether there is such an agent is said there.
    let path = match call.capture(0).parse::<AgentId>() {
        Ok(id) => Room::AgentModels.path(&id),
        Err(_) => "/agents".to_owned(),
    };
    super::redirect(&path)
}

/// `GET /agents/{agent}/models`
pub(super) async fn show(app: Arc<App>, call: Call) -> Response {
    super::blocking(move || match page(&app, &call) {
        Ok(page) => super::shown(&page),
        Err(failure) => Refusal::new(api::status_of(&failure), failure).into_response(Audience::Browser, ""),
    })
    .await
}

fn page(app: &App, call: &Call) -> Result<AgentModelsPage, Failure> {
    let view = api::view(app, call.capture(0))?;
    let (agent, config, inputs) = (&view.selected, &view.world.loaded.config, view.inputs());
    let models = AgentModels::of(&agent.id, config)?;
    let status = api::report(app, &view)?;
    let mut providers: Vec<ProviderCard> =
        status.auth.providers.iter().map(|provider| ProviderCard::of(provider, inputs.now)).collect();
    for missing in &status.auth.missing_providers_in_use {
        if providers.iter().all(|card| card.id != *missing) {
            providers.push(ProviderCard::empty(missing));
        }
    }
    if providers.iter().all(|card| card.id != ANTHROPIC) {
        providers.push(ProviderCard::empty(ANTHROPIC));
    }
    // Anthropic's is the one most people are here for.
    providers.sort_by_key(|card| card.id != ANTHROPIC);
    let of_primary = status.auth.providers.iter().find(|it| it.provider == models.primary.provider());
    let next = of_primary.and_then(|provider| provider.next.as_ref());
    // What every agent has until somebody chooses is best chosen where it holds for all.
    let is_own = models.primary_source == ChoiceSource::Agent;
    let for_all = match call.parameter("for").as_deref() {
        Some("all") => true,
        Some("agent") => false,
        _ => agent.is_default && !is_own,
    };
    let today = inputs.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    Ok(AgentModelsPage {
        frame: Frame::of(app, Room::AgentModels, &agent.id),
        agent: agent.id.clone(),
        primary_from: match models.primary_source {
            ChoiceSource::Agent => "chosen for this agent",
            ChoiceSource::Defaults => "chosen for all agents",
            ChoiceSource::Builtin => "built-in default",
        },
        fallbacks: models.fallbacks.iter().map(ToString::to_string).collect(),
        pays: next.map(|next| (next.name(), next.billing().as_str())),
        // What is the matter with a credential, or that there is none, is said where it is mended.
        findings: status
            .findings
            .iter()
            .filter(|finding| !TOLD_IN_PLACE.contains(&finding.id))
            .cloned()
            .map(Shown::of)
            .collect(),
        notice: &PLAN_CREDENTIALS,
        notice_is_new: !notices::was_shown(&PLAN_CREDENTIALS, &app.paths),
        for_all,
        roles: RolesCard::of(agent, for_all, &inputs, today)?,
        parameters: parameters(&view, &models)?,
        primary: models.primary.to_string(),
        providers,
    })
}

/// What goes with requests to the primary model; nothing where its provider cannot be asked at all, which is told above.
fn parameters(view: &AgentView, models: &AgentModels) -> Result<Option<ParametersCard>, Failure> {
    let asked = TypedRef { model: models.primary.clone(), profile: None };
    let inputs = ExplainInputs { auth: view.inputs(), agent: &view.selected, asked };
    match Explanation::make(&inputs) {
        Ok(explained) => {
            let config = &view.world.loaded.config;
            Ok(Some(ParametersCard::of(&view.selected.id, &explained, config)))
        }
        Err(ExplainError::Provider(error)) => {
            tracing::debug!(%error, "parameters cannot be explained");
            Ok(None)
        }
        // No profile was named.
        Err(ExplainError::NoCredential(_)) => Ok(None),
    }
}
