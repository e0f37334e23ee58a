//! The model an agent asks first, chosen on the way of storing a credential.

use crate::anthropic::ModelInfo;
use crate::auth::form::ANTHROPIC;
use crate::commands::agent::Agent;
use crate::config::edit;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::models::catalog::Catalog;
use crate::models::choice::{self, Choice as ModelChoice, Purpose};
use crate::models::known::KnownModels;
use crate::models::offer::offers;
use crate::models::refs::ModelRef;
use crate::models::selection::{AgentModels, ChoiceSource};
use crate::terminal::Choice;

/// Lets a person choose one of the models the API lists; `None` when that is the present one.
pub(in crate::commands) fn choose(
    ctx: &Ctx,
    agent: &Agent,
    live: &[ModelInfo],
) -> Result<Option<ModelRef>, Failure> {
    let present = AgentModels::of(&agent.selected.id, &agent.config)?.primary;
    let choices = offers(live, &present, &KnownModels::of(&agent.config));
    let choices = choices.into_iter().map(|offer| {
        let label = offer.model.to_string();
        Choice { value: offer.model, label, note: offer.note }
    });
    let chosen = ctx.terminal.ask_choice("Default model", choices.collect())?;
    Ok(Some(chosen).filter(|chosen| *chosen != present))
}

/// The model that goes with a provider's credentials when nobody names one: the data file's, or the first the config has
/// of another provider.
pub(in crate::commands) fn of_provider(provider: &str, agent: &Agent) -> Result<ModelRef, Failure> {
    if provider == ANTHROPIC {
        return Ok(Catalog::embedded().default_model().clone());
    }
    let first = agent.config.provider(provider).and_then(|entry| entry.models.first());
    let model = first.and_then(|model| format!("{provider}/{}", model.id).parse().ok());
    model.ok_or_else(|| {
        Failure::usage(format!("--set-default needs a model, and the config names none of {provider}."))
            .hint(format!("add one to models.providers.{provider}.models in the config"))
    })
}

/// Writes the model an agent asks first. What an agent chose for itself is changed there; the choice of the default
/// agent counts for all that have none. Says whether that was new.
pub(super) fn set(ctx: &Ctx, agent: &Agent, model: &ModelRef) -> Result<bool, Failure> {
    let models = AgentModels::of(&agent.selected.id, &agent.config)?;
    let own = models.primary_source == ChoiceSource::Agent || !agent.selected.is_default;
    let whose = own.then_some(&agent.selected.id);
    let place = ModelChoice { agent: whose, purpose: Purpose::Any };
    let updated =
        edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| choice::set_model(edit, place, model))?;
    Ok(updated.is_changed())
}
