//! The model an agent asks first, chosen on the way of storing a credential.

use crate::anthropic::ModelInfo;
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

/// The data file's model.
pub(in crate::commands) fn usual() -> ModelRef {
    Catalog::embedded().default_model().clone()
}

/// Writes the model an agent asks first. What an agent chose for itself is changed there; the choice of the default
/// agent counts for all that have none.
pub(super) fn set(ctx: &Ctx, agent: &Agent, model: &ModelRef) -> Result<(), Failure> {
    let models = AgentModels::of(&agent.selected.id, &agent.config)?;
    let own = models.primary_source == ChoiceSource::Agent || !agent.selected.is_default;
    let whose = own.then_some(&agent.selected.id);
    let place = ModelChoice { agent: whose, purpose: Purpose::Any };
    edit::update(&ctx.paths, ctx.clock.as_ref(), |edit| choice::set_model(edit, place, model))?;
    Ok(())
}
