//! `fased agents models set`: several choices of one agent at once, in the words of the TypeScript program.

use indexmap::IndexMap;
use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::AgentsModelsSetArgs;
use crate::cli::choice::ChoiceArgs;
use crate::commands::models::choice::{Named, to_be_asked, warn, whose};
use crate::config::{AgentId, Config, edit};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::choice::{self, Choice, Purpose};
use crate::models::refs::ModelRef;
use crate::models::roles::Role;
use crate::models::selection::AgentModels;
use crate::terminal::style;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    agent_id: AgentId,
    model: ModelRef,
    fallbacks: Vec<ModelRef>,
    /// The models chosen for a kind of work, by the agent or for all.
    task_models: IndexMap<&'static str, ModelRef>,
    changed: bool,
    warnings: Vec<String>,
}

pub(super) fn set(ctx: &Ctx, args: &AgentsModelsSetArgs) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let choice = ChoiceArgs { agent: Some(args.agent.clone()), json: args.json };
    let Some(agent_id) = whose(&choice, &config)? else {
        return Err(Failure::usage("No agent is named."));
    };
    let mut warnings = Vec::new();
    let mut read = |text: &String| -> Result<ModelRef, Failure> {
        let Named { model, warnings: about } = to_be_asked(ctx, text, &config)?;
        warnings.extend(about);
        Ok(model)
    };
    let primary = args.primary.as_ref().map(&mut read).transpose()?;
    let fallbacks = args.fallback.iter().map(&mut read).collect::<Result<Vec<_>, _>>()?;
    let by_role = [
        (Role::CheapCheck, &args.cheap_check),
        (Role::Strong, &args.strong),
        (Role::Escalation, &args.escalation),
        (Role::Coding, &args.coding),
        (Role::Summarizer, &args.summarizer),
    ];
    let mut roles = Vec::new();
    for (role, text) in by_role {
        roles.extend(text.as_ref().map(&mut read).transpose()?.map(|model| (role, model)));
    }
    if primary.is_none() && fallbacks.is_empty() && roles.is_empty() {
        return Err(Failure::usage("There is nothing to set.").hint("name a model, like --primary opus"));
    }
    let place = Choice { agent: Some(&agent_id), purpose: Purpose::Any };
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        if let Some(model) = &primary {
            choice::set_model(edit, place, model)?;
        }
        if !fallbacks.is_empty() {
            choice::set_fallbacks(edit, place, &fallbacks)?;
        }
        for (role, model) in &roles {
            choice::set_role(edit, Some(&agent_id), *role, model)?;
        }
        Ok::<_, Failure>(edit.config().clone())
    })?;
    warnings.dedup();
    let report = Report::make(agent_id, &updated.result, updated.is_changed(), warnings)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let (mark, id) = (style::good("✓"), &report.agent_id);
    ctx.terminal.say(&match report.changed {
        true => format!("{mark} Agent {id} asks {} first now.", report.model),
        false => format!("{mark} Agent {id} has these models already; nothing was written."),
    });
    warn(ctx, &report.warnings);
    Ok(Exit::Ok)
}

impl Report {
    fn make(
        agent_id: AgentId,
        config: &Config,
        changed: bool,
        warnings: Vec<String>,
    ) -> Result<Self, Failure> {
        let models = AgentModels::of(&agent_id, config)?;
        let task_models = models.roles.into_iter().map(|chosen| (chosen.role.as_key(), chosen.model));
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            agent_id,
            task_models: task_models.collect(),
            model: models.primary,
            fallbacks: models.fallbacks,
            changed,
            warnings,
        })
    }
}
