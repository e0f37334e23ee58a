//! `fased models auth cooldown list|clear`

use jiff::Timestamp;
use serde::Serialize;

use super::{joined, parse_id};
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::state::StateFinding;
use crate::auth::windows::{self, Whose, Window};
use crate::auth::wording;
use crate::cli::auth::{CooldownArgs, CooldownClearArgs, CooldownCommand, CooldownListArgs};
use crate::commands::agent::Agent;
use crate::credentials::not_stored;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::status::line;
use crate::terminal::{style, table};
use crate::text::{one_line, wait};

/// Open windows of an agent's credentials.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport<'a> {
    schema_version: u32,
    agent_id: &'a str,
    agent_dir: String,
    state_path: String,
    windows: Vec<WindowReport<'a>>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WindowReport<'a> {
    profile_id: &'a ProfileId,
    provider: &'a str,
    kind: &'static str,
    reason: &'a str,
    model_class: Option<&'a str>,
    until: Option<i64>,
    remaining_ms: Option<i64>,
}

/// What clearing did.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ClearReport<'a> {
    schema_version: u32,
    agent_id: &'a str,
    agent_dir: String,
    state_path: String,
    changed: bool,
    cleared: Vec<ProfileId>,
    /// Disabled until another credential takes its place.
    kept: Vec<ProfileId>,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &CooldownArgs) -> Result<Exit, Failure> {
    match &args.command {
        CooldownCommand::List(args) => list(ctx, agent, args),
        CooldownCommand::Clear(args) => clear(ctx, agent, args),
    }
}

fn list(ctx: &Ctx, agent: &Agent, args: &CooldownListArgs) -> Result<Exit, Failure> {
    let (snapshot, state, findings) = agent.read()?;
    let now = ctx.clock.now();
    let windows =
        windows::open(&snapshot, &state, agent.inputs(ctx, &snapshot, &state, now).references(), now);
    let unreadable = |StateFinding::Unreadable(path): &StateFinding| {
        format!("{} cannot be read; cooldowns are not known.", ctx.paths.shown(path))
    };
    let warnings: Vec<String> = findings.iter().map(unreadable).collect();
    if args.json {
        ctx.terminal.answer_json(&ListReport {
            schema_version: SCHEMA_VERSION,
            agent_id: agent.selected.id.as_str(),
            agent_dir: agent.selected.dir.display().to_string(),
            state_path: agent.state_file().path().display().to_string(),
            windows: windows.iter().map(|window| WindowReport::of(window, now)).collect(),
            warnings,
        })?;
    } else {
        for warning in &warnings {
            ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
        }
        ctx.terminal.answer(&text(&windows, agent, now, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}

impl<'a> WindowReport<'a> {
    fn of(window: &Window<'a>, now: Timestamp) -> Self {
        let remaining = window.remaining(now).map(|left| left.as_millis());
        Self {
            profile_id: window.profile_id,
            provider: window.profile_id.provider(),
            kind: window.kind.as_str(),
            reason: window.reason,
            model_class: window.model_class,
            until: window.until.map(Timestamp::as_millisecond),
            remaining_ms: remaining.map(|left| i64::try_from(left).unwrap_or(i64::MAX)),
        }
    }
}

/// Columns of the list, the last ones being dropped first where there is no room.
const HEADING: [&str; 6] = ["PROFILE", "MODELS", "LEFT", "REASON", "STATE", "UNTIL"];
/// Columns that are never dropped.
const ALWAYS: usize = 3;

fn text(windows: &[Window<'_>], agent: &Agent, now: Timestamp, width: Option<usize>) -> String {
    let mut lines = vec![line("Agent", agent.selected.id.as_str()), String::new()];
    if windows.is_empty() {
        lines.push("No stored credential is cooling down or disabled.".to_owned());
    } else {
        let rows: Vec<Vec<String>> = windows
            .iter()
            .map(|window| {
                vec![
                    window.profile_id.to_string(),
                    window.model_class.map_or_else(|| "all".to_owned(), one_line),
                    window.remaining(now).map_or_else(|| "until replaced".to_owned(), wait),
                    wording::reason(window.reason),
                    wording::window(window.kind).to_owned(),
                    window.until.map(|until| until.to_string()).unwrap_or_default(),
                ]
            })
            .collect();
        lines.extend(table::fitting(&HEADING, &rows, ALWAYS, width));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn clear(ctx: &Ctx, agent: &Agent, args: &CooldownClearArgs) -> Result<Exit, Failure> {
    let one = args.profile.as_deref().map(|id| parse_id(id, "PROFILE")).transpose()?;
    let snapshot = agent.store.read()?;
    let whose = match &one {
        Some(id) if snapshot.profiles.contains_key(id) => Whose::One(id),
        Some(id) => return Err(not_stored(id, &snapshot, &agent.selected)),
        None => Whose::All,
    };
    let file = agent.state_file();
    let done = windows::close(whose, &snapshot, &file, ctx.clock.as_ref())?;
    let report = ClearReport {
        schema_version: SCHEMA_VERSION,
        agent_id: agent.selected.id.as_str(),
        agent_dir: agent.selected.dir.display().to_string(),
        state_path: file.path().display().to_string(),
        changed: !done.cleared.is_empty(),
        // Of one that stays disabled something may be forgotten, but it is not tried again.
        cleared: done.cleared.into_iter().filter(|id| !done.kept.contains(id)).collect(),
        kept: done.kept,
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let (agent_id, mark) = (report.agent_id, style::good("✓"));
    ctx.terminal.say(&match (report.changed, &one) {
        (true, _) if report.cleared.is_empty() => {
            format!("{mark} Past failures are forgotten for agent {agent_id}.")
        }
        (true, _) => format!(
            "{mark} Cleared for agent {agent_id}, to be tried again at once: {}",
            joined(&report.cleared)
        ),
        (false, Some(id)) => format!("{mark} There is nothing to clear of {id}; nothing was written."),
        (false, None) => {
            format!("{mark} There is nothing to clear for agent {agent_id}; nothing was written.")
        }
    });
    for id in &report.kept {
        ctx.terminal.say(&format!(
            "{} {id} stays disabled ({}). To try it all the same: {}",
            style::attention("!"),
            wording::reason("auth_permanent"),
            wording::clear_window(id, agent.selected.named())
        ));
    }
    Ok(Exit::Ok)
}
