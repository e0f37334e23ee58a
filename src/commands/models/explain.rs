//! `fased models explain`

use crate::ask::explain::{ExplainError, ExplainInputs, Explanation};
use crate::auth::resolve::ProviderAuth;
use crate::cli::ExplainArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure, no_credential, typed_model};
use crate::models::known::KnownModels;
use crate::models::selection::{AgentModels, TypedRef};
use crate::terminal::explain::text;

pub(super) fn run(ctx: &Ctx, args: &ExplainArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let asked = match args.model.as_deref() {
        Some(text) => typed_model::parse(text, "model", &agent.config)?,
        None => {
            let models = AgentModels::of(&agent.selected.id, &agent.config)?;
            TypedRef { model: models.primary, profile: None }
        }
    };
    let (snapshot, state, _) = agent.read()?;
    let auth = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    let inputs = ExplainInputs { auth, agent: &agent.selected, asked };
    let explanation = Explanation::make(&inputs).map_err(|error| match error {
        ExplainError::NoCredential(why) => {
            let model = &inputs.asked.model;
            let class = KnownModels::of(&agent.config).class_of(model);
            let survey = ProviderAuth::survey(model.provider(), class, &auth);
            no_credential::failure(&why, &survey, &agent.selected, &auth)
        }
        ExplainError::Provider(error) => error.into(),
    })?;
    if args.json {
        ctx.terminal.answer_json(&explanation)?;
    } else {
        ctx.terminal.answer(&text(&explanation, &ctx.paths, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}
