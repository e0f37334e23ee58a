//! `fased models set` and `fased models set-image`

use std::path::PathBuf;

use serde::Serialize;

use super::choice::{Named, called, to_be_asked, warn, whose};
use crate::SCHEMA_VERSION;
use crate::cli::choice::SetArgs;
use crate::config::{AgentId, Config, edit};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::choice::{self, Choice, Purpose};
use crate::models::refs::ModelRef;
use crate::terminal::style;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    /// Whose choice it is; all agents' without one.
    agent_id: Option<AgentId>,
    model: ModelRef,
    previous: Option<ModelRef>,
    config_path: PathBuf,
    changed: bool,
    warnings: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, args: &SetArgs, purpose: Purpose) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let agent_id = whose(&args.choice, &config)?;
    let Named { model, mut warnings } = to_be_asked(ctx, &args.model, &config)?;
    let place = Choice { agent: agent_id.as_ref(), purpose };
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let (previous, _) = place.models(edit.config())?;
        choice::set_model(edit, place, &model)?;
        Ok::<_, Failure>((previous, edit.config().clone()))
    })?;
    let changed = updated.is_changed();
    let (previous, config) = updated.result;
    warnings.extend(untouched(&config, place));
    let report = Report {
        schema_version: SCHEMA_VERSION,
        model,
        previous,
        config_path: ctx.paths.config().to_owned(),
        changed,
        warnings,
        agent_id,
    };
    if args.choice.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.say(&format!("{} {}", style::good("✓"), told(&report, purpose)));
        warn(ctx, &report.warnings);
    }
    Ok(Exit::Ok)
}

fn told(report: &Report, purpose: Purpose) -> String {
    let what = match purpose {
        Purpose::Any => "Default model",
        Purpose::Images => "Image model",
    };
    let whose = called(report.agent_id.as_ref());
    let model = &report.model;
    match &report.previous {
        _ if !report.changed => {
            format!("{what} of {whose} is {model} already; nothing was written.")
        }
        Some(previous) if previous != model => format!("{what} of {whose}: {model} (before: {previous})."),
        _ => format!("{what} of {whose}: {model}."),
    }
}

/// Agents that a choice for all does not reach.
fn untouched(config: &Config, place: Choice<'_>) -> Option<String> {
    if place.agent.is_some() {
        return None;
    }
    let own = config.agents.list.iter().filter_map(|agent| {
        let choice = match place.purpose {
            Purpose::Any => agent.model.as_ref(),
            Purpose::Images => agent.image_model.as_ref(),
        };
        Some(format!("{} ({})", agent.id, crate::text::one_line(choice?.primary.as_deref()?)))
    });
    let own: Vec<String> = own.collect();
    (!own.is_empty()).then(|| format!("Agents with a choice of their own keep it: {}.", own.join(", ")))
}
