//! `fased models roles`

use indexmap::IndexMap;
use serde::Serialize;

use super::choice::{Named, called, to_be_asked, warn, whose};
use crate::SCHEMA_VERSION;
use crate::cli::choice::{ChoiceArgs, RolesArgs, RolesClearArgs, RolesCommand, RolesSetArgs};
use crate::config::edit::{self, Edit};
use crate::config::unknown_keys::nearest;
use crate::config::{AgentId, Config};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::choice;
use crate::models::refs::ModelRef;
use crate::models::roles::Role;
use crate::models::selection::AgentModels;
use crate::terminal::{style, table};

/// Which model does which work, after whatever was done to it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    /// Whose they are; all agents' without one.
    agent_id: Option<AgentId>,
    primary: ModelRef,
    roles: IndexMap<&'static str, RoleReport>,
    #[serde(flatten)]
    change: Option<Change>,
}

#[derive(Serialize)]
struct RoleReport {
    model: ModelRef,
    /// `agent`, `defaults`, or `primary` where nothing is chosen.
    source: &'static str,
}

#[derive(Serialize)]
struct Change {
    role: Role,
    changed: bool,
    previous: Option<ModelRef>,
    warnings: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, args: &RolesArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => list(ctx, &args.list),
        Some(RolesCommand::List(args)) => list(ctx, args),
        Some(RolesCommand::Set(args)) => set(ctx, args),
        Some(RolesCommand::Clear(args)) => clear(ctx, args),
    }
}

fn list(ctx: &Ctx, args: &ChoiceArgs) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let report = Report::make(whose(args, &config)?, &config, None)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let rows: Vec<Vec<String>> = Role::ALL
        .into_iter()
        .filter_map(|role| {
            let chosen = report.roles.get(role.as_key())?;
            let from = match chosen.source {
                "agent" => "its own",
                "defaults" => "agents.defaults",
                _ => "the primary model",
            };
            Some(vec![role.to_string(), chosen.model.to_string(), from.to_owned()])
        })
        .collect();
    let lines = table::lines(&["ROLE", "MODEL", "FROM"], &rows);
    ctx.terminal.answer(&format!("{}\n", lines.join("\n")))?;
    Ok(Exit::Ok)
}

fn set(ctx: &Ctx, args: &RolesSetArgs) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let role = role(&args.role)?;
    let agent = whose(&args.set.choice, &config)?;
    let Named { model, warnings } = to_be_asked(ctx, &args.set.model, &config)?;
    let report =
        change(ctx, agent, role, warnings, |edit, agent| Ok(choice::set_role(edit, agent, role, &model)?))?;
    tell(ctx, &report, args.set.choice.json, &format!("is {model} already"))
}

fn clear(ctx: &Ctx, args: &RolesClearArgs) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let role = role(&args.role)?;
    let agent = whose(&args.choice, &config)?;
    let report =
        change(ctx, agent, role, Vec::new(), |edit, agent| Ok(choice::clear_role(edit, agent, role)?))?;
    tell(ctx, &report, args.choice.json, "is not chosen")
}

fn role(text: &str) -> Result<Role, Failure> {
    text.parse().map_err(|unknown| {
        let meant = nearest(text.trim(), Role::ALL.into_iter().map(Role::as_flag));
        let hint =
            meant.map_or_else(|| "name one of those".to_owned(), |role| format!("did you mean {role}?"));
        Failure::usage(format!("The value of ROLE is {unknown}."))
            .hint(hint)
            .command("fased models roles list")
    })
}

fn change(
    ctx: &Ctx,
    agent: Option<AgentId>,
    role: Role,
    warnings: Vec<String>,
    change: impl FnOnce(&mut Edit, Option<&AgentId>) -> Result<(), Failure>,
) -> Result<Report, Failure> {
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let previous = AgentModels::chosen(agent.as_ref(), edit.config())?;
        let previous = previous.role(role).map(|chosen| chosen.model.clone());
        change(edit, agent.as_ref())?;
        Ok::<_, Failure>((previous, edit.config().clone()))
    })?;
    let changed = updated.is_changed();
    let (previous, config) = updated.result;
    let change = Change { role, changed, previous, warnings };
    Report::make(agent, &config, Some(change))
}

fn tell(ctx: &Ctx, report: &Report, json: bool, as_before: &str) -> Result<Exit, Failure> {
    if json {
        ctx.terminal.answer_json(report)?;
        return Ok(Exit::Ok);
    }
    let (Some(change), mark) = (&report.change, style::good("✓")) else { return Ok(Exit::Ok) };
    let (role, of) = (change.role, called(report.agent_id.as_ref()));
    let now = report.roles.get(role.as_key());
    ctx.terminal.say(&match now {
        _ if !change.changed => format!("{mark} Role {role} of {of} {as_before}; nothing was written."),
        Some(now) if now.source == "primary" => {
            format!("{mark} Role {role} of {of}: {}, the primary model.", now.model)
        }
        Some(now) if now.source == "defaults" && report.agent_id.is_some() => {
            format!("{mark} Role {role} of {of}: {}, that of all agents.", now.model)
        }
        Some(now) => format!("{mark} Role {role} of {of}: {}.", now.model),
        None => format!("{mark} Role {role} of {of} was changed."),
    });
    warn(ctx, &change.warnings);
    Ok(Exit::Ok)
}

impl Report {
    fn make(agent_id: Option<AgentId>, config: &Config, change: Option<Change>) -> Result<Self, Failure> {
        let models = AgentModels::chosen(agent_id.as_ref(), config)?;
        let roles = Role::ALL.into_iter().map(|role| {
            let source = models.role(role).map_or("primary", |chosen| chosen.source.as_str());
            (role.as_key(), RoleReport { model: models.for_role(role).clone(), source })
        });
        let roles = roles.collect();
        Ok(Self { schema_version: SCHEMA_VERSION, agent_id, roles, primary: models.primary, change })
    }
}
