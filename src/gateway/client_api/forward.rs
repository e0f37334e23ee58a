//! One request of a client: looked at, sent on with the credentials of the key's agent in turn, and answered.

use std::sync::Arc;

use axum::response::Response;
use http::header::VIA;
use http::{HeaderValue, StatusCode};

use super::affinity::Kept;
use super::answer::respond;
use super::attempt::Trying;
use super::noting::Noting;
use super::peek::Peek;
use super::underway::Underway;
use super::{Asks, HEAD_OF_STREAM, HEAD_OF_WHOLE, refused};
use crate::anthropic::{Relayed, passed_on};
use crate::ask::{Surveyed, survey};
use crate::auth::health::Billing;
use crate::auth::obtain::Obtainer;
use crate::auth::reference::References;
use crate::error::{Exit, Failure};
use crate::failover::{self, Event, Options};
use crate::gateway::app::App;
use crate::gateway::doors::Caller;
use crate::gateway::keys::ClientKey;
use crate::gateway::keys::estimate::Wanted;
use crate::gateway::refusal::{Audience, Refusal};
use crate::gateway::routes::Call;
use crate::models::refs::{ANTHROPIC, ModelRef};

/// What the model is called where a request names none: limits of it are those of no model.
const NO_MODEL: &str = "unnamed";
/// Longest name of a model, in bytes: it is kept with the request's row.
const LONGEST_MODEL: usize = 256;

pub(super) async fn forward(app: &Arc<App>, call: Call, asks: Asks, path: String) -> Response {
    let request_id = call.request_id.clone();
    match try_forward(app, call, asks, path).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(Audience::Client, &request_id),
    }
}

async fn try_forward(app: &Arc<App>, call: Call, asks: Asks, path: String) -> Result<Response, Refusal> {
    let Call { head, caller, body, request_id, .. } = call;
    let Caller::Client(key) = caller else {
        // The row of the route lets nobody else in.
        let failure = Failure::new(Exit::Failed, "unauthorized", "The request brings no client key.");
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, failure));
    };
    let via = app.via();
    if is_ours(&head.headers, &via) {
        let message =
            "The request came back to the gateway it was sent on from; the provider's base URL leads here.";
        let failure = Failure::new(Exit::Failed, "gateway_loop", message)
            .hint("see where the gateway sends requests")
            .command("fased config get models.providers.anthropic.baseUrl");
        return Err(Refusal::new(StatusCode::LOOP_DETECTED, failure).for_good());
    }
    let peek = match asks {
        Asks::Models => Peek::default(),
        Asks::Answer | Asks::Count => Peek::at(&body, &head.headers, &key.name),
    };
    let model = model(&peek)?;
    check_model(&key, &peek, asks)?;
    let reservation = match asks {
        Asks::Answer => {
            let Peek { max_tokens, at_other_speed, .. } = peek;
            Some(app.reserve(&key, &model, &Wanted { body: &body, max_tokens, at_other_speed })?)
        }
        Asks::Count | Asks::Models => None,
    };
    let view = app.live.agent(&key.agent).map_err(unusable_agent)?;
    let (agent, now) = (view.selected.id.as_str(), app.clock.steady());
    let preferred = peek.conversation.and_then(|conversation| app.affinity.preferred(conversation, now));
    let inputs = view.inputs();
    let surveyed = survey(&model, None, preferred.as_ref(), &inputs);
    let Surveyed { mut route, usual_payer } =
        surveyed.map_err(|why| refused::no_credential(&why, &model, &inputs, agent))?;
    let config = &view.world.loaded.config;
    let allows_plans = config.gateway.allow_subscription;
    if !allows_plans {
        route.candidates.retain(|candidate| candidate.billing == Billing::Api);
        if route.candidates.is_empty() {
            return Err(refused::plans_only(agent));
        }
    }
    let client = view
        .world
        .client(app.network)
        .map_err(|error| Refusal::new(StatusCode::BAD_GATEWAY, Failure::from(error)))?;
    let request = Relayed {
        method: head.method.clone(),
        path,
        query: head.uri.query().map(str::to_owned),
        headers: passed_on(&head.headers, &via),
        body,
        head_limit: if peek.streams { HEAD_OF_STREAM } else { HEAD_OF_WHOLE },
    };
    let underway = Underway::new(app, &view, &key, &model, reservation);
    let references = References { env: &view.world.loaded.env, config, paths: &app.paths };
    let noting = Noting { app: Arc::clone(app), view: Arc::clone(&view), model: model.clone() };
    let trying = Trying {
        clock: app.clock.as_ref(),
        noting: &noting,
        obtainer: Obtainer { references, refresher: &view.refresher, programs: &app.programs },
        client,
        request: &request,
        asks,
        allows_plans,
        underway: &underway,
    };
    let payer = if allows_plans { usual_payer } else { Some(Billing::Api) };
    let options = Options { cross_billing: config.auth.cross_billing, payer, retries: 0 };
    let routes = [route];
    let ran = failover::run(
        &routes,
        &options,
        |this| trying.attempt(this),
        |event| report(app, &event, &request_id),
        tokio::time::sleep,
        || 0.0,
    )
    .await;
    let begun = match ran {
        Ok(answered) => answered.value,
        // What was sent and not answered has its row, too, when `underway` is dropped.
        Err(gave_up) => return Ok(refused::gave_up(gave_up, agent, &request_id)),
    };
    if let (Some(conversation), Some(profile)) = (peek.conversation, &begun.signed.profile) {
        let kept = app.affinity.bind(conversation, profile, peek.caches_for_an_hour, now);
        app.metrics.affinity(kept);
        if kept != Kept::Hit {
            tracing::debug!(%profile, ?kept, request_id, "the conversation's credential");
        }
    }
    Ok(respond(begun, |signed, meta| underway.answered(signed, meta)))
}

/// Whether a request passed here before.
fn is_ours(headers: &http::HeaderMap, via: &HeaderValue) -> bool {
    let own = via.to_str().unwrap_or_default();
    let passed = headers.get_all(VIA).iter().filter_map(|value| value.to_str().ok());
    passed.flat_map(|values| values.split(',')).any(|value| value.trim() == own)
}

/// The model as the rest of the program names it. A name that can be none is for the provider to refuse.
fn model(peek: &Peek) -> Result<ModelRef, Refusal> {
    let named = peek.model.as_deref().filter(|name| name.len() <= LONGEST_MODEL);
    let named = named.and_then(|name| format!("{ANTHROPIC}/{name}").parse().ok());
    let parsed = named.map_or_else(|| format!("{ANTHROPIC}/{NO_MODEL}").parse(), Ok);
    parsed.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, Failure::from(error)))
}

/// Refuses a model that a key may not ask.
fn check_model(key: &ClientKey, peek: &Peek, asks: Asks) -> Result<(), Refusal> {
    let asked = peek.model.as_deref().unwrap_or_default();
    if asks == Asks::Models || key.may_ask(asked) {
        return Ok(());
    }
    let shown: String = crate::text::one_line(asked).chars().take(100).collect();
    let message = format!("The client key \"{}\" may not ask model \"{shown}\".", key.name);
    let failure = Failure::new(Exit::Failed, "model_not_allowed", message)
        .fact(format!("it may ask {}", key.models.join(", ")))
        .hint("use one of these, or make a key that may ask it")
        .command(format!("fased gateway keys add NAME --model {}", crate::text::shell_word(&shown)));
    Err(Refusal::new(StatusCode::FORBIDDEN, failure).for_good())
}

fn unusable_agent(error: crate::gateway::live::ViewError) -> Refusal {
    use crate::gateway::live::ViewError;
    match error {
        ViewError::Unknown(_) => {
            let message = format!("{}.", crate::text::capitalised(&error.to_string()));
            let failure = Failure::new(Exit::Failed, "unknown_agent", message)
                .hint("the client key is for an agent that was removed; revoke it and make another")
                .command("fased gateway keys list");
            Refusal::new(StatusCode::NOT_FOUND, failure).for_good()
        }
        ViewError::Store(error) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.into()),
        ViewError::Setup(error) => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.into()),
    }
}

/// Tells the log what went another way than planned.
fn report<C>(app: &App, event: &Event<'_, C>, request_id: &str) {
    match event {
        Event::Rotating { from, to, failed } => {
            app.metrics.rotations.add(1);
            tracing::warn!(from = from.id, to = to.id, reason = %failed.reason, request_id, "another credential takes over");
        }
        Event::PayerChanges { from, to } => {
            tracing::warn!(
                from = from.as_str(),
                to = to.billing.as_str(),
                credential = to.id,
                request_id,
                "who pays changes"
            );
        }
        Event::Retrying { .. } | Event::NextModel { .. } => {}
    }
}
