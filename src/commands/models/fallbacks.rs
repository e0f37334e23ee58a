//! `fased models fallbacks` and `fased models image-fallbacks`

use serde::Serialize;

use super::choice::{Named, called, named, to_be_asked, warn, whose};
use crate::SCHEMA_VERSION;
use crate::cli::choice::{ChoiceArgs, ChoiceListArgs, FallbacksArgs, FallbacksCommand, SetArgs};
use crate::config::edit::{self, Edit};
use crate::config::{AgentId, Config};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::choice::{self, Choice, ChoiceError, Purpose};
use crate::models::refs::ModelRef;
use crate::models::selection::{AgentModels, ChoiceSource};
use crate::terminal::style;

/// The fallbacks, after whatever was done to them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    /// Whose they are; all agents' without one.
    agent_id: Option<AgentId>,
    /// The model that is asked before them.
    model: Option<ModelRef>,
    fallbacks: Vec<ModelRef>,
    source: &'static str,
    #[serde(flatten)]
    change: Option<Change>,
}

#[derive(Serialize)]
struct Change {
    changed: bool,
    previous: Vec<ModelRef>,
    warnings: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, args: &FallbacksArgs, purpose: Purpose) -> Result<Exit, Failure> {
    match &args.command {
        None => list(ctx, &args.list, purpose),
        Some(FallbacksCommand::List(args)) => list(ctx, args, purpose),
        Some(FallbacksCommand::Add(args)) => add(ctx, args, purpose),
        Some(FallbacksCommand::Remove(args)) => remove(ctx, args, purpose),
        Some(FallbacksCommand::Clear(args)) => clear(ctx, args, purpose),
    }
}

fn list(ctx: &Ctx, args: &ChoiceListArgs, purpose: Purpose) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let report = Report::make(whose(&args.choice, &config)?, purpose, &config, None)?;
    let of = called(report.agent_id.as_ref());
    if args.choice.json {
        ctx.terminal.answer_json(&report)?;
    } else if args.plain {
        ctx.terminal.answer(&lines(&report.fallbacks, ""))?;
    } else if report.fallbacks.is_empty() {
        ctx.terminal.answer(&format!("{} of {of}: none.\n", title(purpose)))?;
    } else {
        let inherited = report.agent_id.is_some() && report.source == ChoiceSource::Defaults.as_str();
        let from = if inherited { ", those of all agents" } else { "" };
        let listed = lines(&report.fallbacks, "  ");
        ctx.terminal.answer(&format!("{} of {of}{from}, asked in this order:\n{listed}", title(purpose)))?;
    }
    Ok(Exit::Ok)
}

fn lines(models: &[ModelRef], indent: &str) -> String {
    models.iter().map(|model| format!("{indent}{model}\n")).collect()
}

fn add(ctx: &Ctx, args: &SetArgs, purpose: Purpose) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let agent = whose(&args.choice, &config)?;
    let Named { model, warnings } = to_be_asked(ctx, &args.model, &config)?;
    let report =
        change(ctx, agent, purpose, warnings, |edit, place| choice::add_fallback(edit, place, &model))?;
    tell(ctx, &report, purpose, args.choice.json, &format!("have {model} already"))
}

fn remove(ctx: &Ctx, args: &SetArgs, purpose: Purpose) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let agent = whose(&args.choice, &config)?;
    let model = named(&args.model, &config)?;
    let report =
        change(ctx, agent, purpose, Vec::new(), |edit, place| choice::remove_fallback(edit, place, &model))?;
    tell(ctx, &report, purpose, args.choice.json, "are so already")
}

fn clear(ctx: &Ctx, args: &ChoiceArgs, purpose: Purpose) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let report = change(ctx, whose(args, &config)?, purpose, Vec::new(), choice::clear_fallbacks)?;
    tell(ctx, &report, purpose, args.json, "are none already")
}

fn change(
    ctx: &Ctx,
    agent: Option<AgentId>,
    purpose: Purpose,
    warnings: Vec<String>,
    change: impl FnOnce(&mut Edit, Choice<'_>) -> Result<(), ChoiceError>,
) -> Result<Report, Failure> {
    let place = Choice { agent: agent.as_ref(), purpose };
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let (_, previous) = place.models(edit.config())?;
        change(edit, place)?;
        Ok::<_, ChoiceError>((previous, edit.config().clone()))
    });
    let updated = updated.map_err(|error| match error {
        ChoiceError::NoFallback { .. } => {
            let flag = agent.as_ref().map(|id| format!(" --agent {id}")).unwrap_or_default();
            Failure::from(error)
                .hint("see those there are")
                .command(format!("fased models {} list{flag}", command(purpose)))
        }
        error => error.into(),
    })?;
    let changed = updated.is_changed();
    let (previous, config) = updated.result;
    let change = Change { changed, previous, warnings };
    Report::make(agent, purpose, &config, Some(change))
}

fn tell(ctx: &Ctx, report: &Report, purpose: Purpose, json: bool, as_before: &str) -> Result<Exit, Failure> {
    if json {
        ctx.terminal.answer_json(report)?;
        return Ok(Exit::Ok);
    }
    let Some(change) = &report.change else { return Ok(Exit::Ok) };
    let of = called(report.agent_id.as_ref());
    let now: Vec<String> = report.fallbacks.iter().map(ToString::to_string).collect();
    ctx.terminal.say(&match (change.changed, now.as_slice()) {
        (false, _) => {
            format!("{} {} of {of} {as_before}; nothing was written.", style::good("✓"), title(purpose))
        }
        (true, []) => format!("{} {} of {of}: none.", style::good("✓"), title(purpose)),
        (true, now) => format!("{} {} of {of}: {}.", style::good("✓"), title(purpose), now.join(", ")),
    });
    warn(ctx, &change.warnings);
    Ok(Exit::Ok)
}

fn command(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Any => "fallbacks",
        Purpose::Images => "image-fallbacks",
    }
}

fn title(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Any => "Fallbacks",
        Purpose::Images => "Image fallbacks",
    }
}

impl Report {
    fn make(
        agent_id: Option<AgentId>,
        purpose: Purpose,
        config: &Config,
        change: Option<Change>,
    ) -> Result<Self, Failure> {
        let models = AgentModels::chosen(agent_id.as_ref(), config)?;
        let (model, fallbacks, source) = match purpose {
            Purpose::Any => (Some(models.primary), models.fallbacks, models.fallbacks_source),
            Purpose::Images => (models.image, models.image_fallbacks, models.image_fallbacks_source),
        };
        let source = source.as_str();
        Ok(Self { schema_version: SCHEMA_VERSION, agent_id, model, fallbacks, source, change })
    }
}
