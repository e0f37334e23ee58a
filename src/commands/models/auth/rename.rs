//! `fased models auth rename`

use serde::Serialize;

use super::{not_stored, parse_id, refused};
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::order;
use crate::auth::rename::{self, RenameError};
use crate::auth::wording;
use crate::cli::auth::RenameArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::sessions::SessionsDir;
use crate::terminal::style;
use crate::text::without_credentials;

/// What was renamed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    agent_id: &'a str,
    agent_dir: String,
    store_path: String,
    profile_id: &'a ProfileId,
    previous_profile_id: &'a ProfileId,
    changed: bool,
    warnings: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &RenameArgs) -> Result<Exit, Failure> {
    let (old, new) = (parse_id(&args.old, "OLD")?, parse_id(&args.new, "NEW")?);
    if without_credentials(new.as_str()) != new.as_str() {
        return Err(Failure::usage("The value of NEW holds a credential; a name is shown everywhere."));
    }
    let done = rename::rename(&old, &new, &agent.store, &ctx.paths, ctx.clock.as_ref())
        .map_err(|error| failure(error, agent))?;
    let mut warnings = if done.changed { in_config(ctx, agent, &old, &new)? } else { Vec::new() };
    warnings.extend(
        done.trouble
            .map(|trouble| format!("What is remembered of {old} could not be taken along: {trouble}.")),
    );
    warnings.extend(
        done.export_trouble.map(|trouble| format!("What was exported of it may not follow {new}: {trouble}")),
    );
    if done.changed {
        warnings.extend(pins(ctx, agent, &old, &new));
    }
    let report = Report {
        schema_version: SCHEMA_VERSION,
        agent_id: agent.selected.id.as_str(),
        agent_dir: agent.selected.dir.display().to_string(),
        store_path: agent.store.path().display().to_string(),
        profile_id: &new,
        previous_profile_id: &old,
        changed: done.changed,
        warnings,
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let (mark, agent_id) = (style::good("✓"), report.agent_id);
    ctx.terminal.say(&match report.changed {
        true => format!("{mark} Renamed {old} to {new} for agent {agent_id}."),
        false => format!("{mark} {new} has that name already; nothing was written."),
    });
    for warning in &report.warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
    Ok(Exit::Ok)
}

/// Takes the pins of sessions along; says which ones stayed.
fn pins(ctx: &Ctx, agent: &Agent, old: &ProfileId, new: &ProfileId) -> Vec<String> {
    let sessions = SessionsDir::of(&agent.selected.id, &ctx.paths);
    match sessions.rename_profile(old, new, ctx.clock.now()) {
        Ok(unchanged) => unchanged
            .into_iter()
            .map(|(id, error)| format!("Session \"{id}\" is still pinned to {old}: {error}."))
            .collect(),
        Err(error) => vec![format!("Sessions that are pinned to {old} stay so: {error}.")],
    }
}

/// What is to be changed in the config, and what holds until then.
fn in_config(ctx: &Ctx, agent: &Agent, old: &ProfileId, new: &ProfileId) -> Result<Vec<String>, Failure> {
    let config = ctx.paths.shown(ctx.paths.config());
    let places = agent.config.places_of(old.as_str()).into_iter();
    let mut warnings: Vec<String> =
        places.map(|place| format!("`{place}` in {config} still names {old}; write {new} there.")).collect();
    let (snapshot, state, _) = agent.read()?;
    let ordered = order::order(new.provider(), &snapshot, &agent.config, &state);
    if ordered.excluded.iter().any(|profile| profile.id == *new) && !warnings.is_empty() {
        let named = agent.config.auth_order(new.provider()).unwrap_or_default().iter();
        let ids: Vec<ProfileId> = named
            .filter_map(|id| id.trim().parse().ok())
            .map(|id: ProfileId| if id == *old { new.clone() } else { id })
            .filter(|id| snapshot.profiles.contains_key(id))
            .collect();
        warnings.push(format!(
            "Until then the config's order leaves {new} out, so it is not used. To give this agent an order of its own: {}",
            wording::set_order(new.provider(), ids.iter(), agent.selected.named())
        ));
    }
    Ok(warnings)
}

fn failure(error: RenameError, agent: &Agent) -> Failure {
    let list = format!("fased models auth list{}", agent.selected.flag());
    match error {
        RenameError::Store(error) => error.into(),
        RenameError::NotStored { ref id } => match agent.store.read() {
            Ok(snapshot) => not_stored(id, &snapshot, agent),
            Err(error) => error.into(),
        },
        RenameError::Taken { .. } => {
            refused("profile_taken", &error).hint("choose a name that is free").command(list)
        }
        RenameError::Unreadable { .. } | RenameError::OtherProvider { .. } => refused("profile_id", &error),
    }
}
