//! `fased models auth order get|set|clear`

use std::path::Path;

use serde::Serialize;

use super::{joined, known_provider, parse_id, parse_provider};
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::order::{self, OrderSource};
use crate::auth::reorder;
use crate::auth::store::Snapshot;
use crate::cli::auth::{OrderArgs, OrderCommand, OrderProviderArgs, OrderSetArgs};
use crate::commands::agent::Agent;
use crate::credentials::order_failure;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::status::{line, present};
use crate::terminal::{style, wrap};
use crate::text::{one_line, without_credentials};

/// The order of a provider's profiles, after whatever was done to it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    agent_id: String,
    agent_dir: String,
    provider: String,
    auth_store_path: String,
    /// The agent's own order, as it stands.
    order: Option<Vec<String>>,
    /// The order that counts, before health is looked at.
    effective: Vec<ProfileId>,
    source: &'static str,
    /// Stored profiles that the order leaves out.
    not_used: Vec<ProfileId>,
    /// Ids of the agent's own order that are not stored.
    not_stored: Vec<String>,
    #[serde(flatten)]
    change: Option<Change>,
    #[serde(skip)]
    from: OrderSource,
}

/// What was done to it.
#[derive(Debug, Serialize)]
struct Change {
    changed: bool,
    previous: Option<Vec<String>>,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &OrderArgs) -> Result<Exit, Failure> {
    match &args.command {
        OrderCommand::Get(args) => get(ctx, agent, args),
        OrderCommand::Set(args) => set(ctx, agent, args),
        OrderCommand::Clear(args) => clear(ctx, agent, args),
    }
}

fn get(ctx: &Ctx, agent: &Agent, args: &OrderProviderArgs) -> Result<Exit, Failure> {
    let provider = parse_provider(&args.provider)?;
    known_provider(&provider, "--provider", agent, &agent.store.read()?)?;
    let report = Report::make(agent, provider, None)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        let lines = text(&report, ctx, agent);
        ctx.terminal.answer(&wrap::all(&lines, VALUES, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}

fn set(ctx: &Ctx, agent: &Agent, args: &OrderSetArgs) -> Result<Exit, Failure> {
    let provider = parse_provider(&args.provider)?;
    let ids: Vec<ProfileId> =
        args.profiles.iter().map(|id| parse_id(id, "PROFILE")).collect::<Result<_, _>>()?;
    let done = reorder::set(&provider, &ids, &agent.store, ctx.clock.as_ref())
        .map_err(|error| order_failure(error, &agent.holder(ctx)))?;
    let change = Change { changed: done.changed, previous: done.previous };
    let report = Report::make(agent, provider, Some(change))?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let (id, provider, mark) = (&report.agent_id, &report.provider, style::good("✓"));
    ctx.terminal.say(&match done.changed {
        true => format!("{mark} Agent {id} uses {provider} in this order: {}.", joined(&report.effective)),
        false => format!("{mark} Agent {id} has that order for {provider} already; nothing was written."),
    });
    if !report.not_used.is_empty() {
        let ids = joined(&report.not_used);
        ctx.terminal
            .say(&format!("{} Not used, because the order leaves it out: {ids}", style::attention("!")));
    }
    Ok(Exit::Ok)
}

fn clear(ctx: &Ctx, agent: &Agent, args: &OrderProviderArgs) -> Result<Exit, Failure> {
    let provider = parse_provider(&args.provider)?;
    let previous = reorder::clear(&provider, &agent.store, ctx.clock.as_ref())
        .map_err(|error| order_failure(error, &agent.holder(ctx)))?;
    let change = Change { changed: previous.is_some(), previous };
    let changed = change.changed;
    let report = Report::make(agent, provider, Some(change))?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let (id, provider, mark) = (&report.agent_id, &report.provider, style::good("✓"));
    ctx.terminal.say(&match (changed, report.effective.is_empty()) {
        (false, _) => {
            format!("{mark} Agent {id} has no order of its own for {provider}; nothing was written.")
        }
        (true, true) => format!("{mark} Cleared agent {id}'s own order of {provider}."),
        (true, false) => format!(
            "{mark} Cleared agent {id}'s own order of {provider}. Now: {} ({}).",
            joined(&report.effective),
            source(report.from, ctx)
        ),
    });
    Ok(Exit::Ok)
}

impl Report {
    fn make(agent: &Agent, provider: String, change: Option<Change>) -> Result<Self, Failure> {
        let (snapshot, state, _) = agent.read()?;
        let ordered = order::order(&provider, &snapshot, &agent.config, &state);
        let ids =
            |profiles: &[&crate::auth::Profile]| profiles.iter().map(|profile| profile.id.clone()).collect();
        let own = snapshot.order.get(&provider);
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            agent_id: agent.selected.id.to_string(),
            agent_dir: shown(&agent.selected.dir),
            auth_store_path: shown(&agent.store.path()),
            order: own.map(|ids| ids.iter().map(|id| safe(id)).collect()),
            effective: ids(&ordered.profiles),
            source: ordered.source.as_str(),
            not_used: ids(&ordered.excluded),
            not_stored: own.map(|ids| not_in(ids, &snapshot)).unwrap_or_default(),
            change,
            from: ordered.source,
            provider,
        })
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// An id that may be anything, made safe to show.
fn safe(id: &str) -> String {
    without_credentials(&one_line(id))
}

fn not_in(ids: &[String], snapshot: &Snapshot) -> Vec<String> {
    let is_stored = |id: &str| id.parse().is_ok_and(|id: ProfileId| snapshot.profiles.contains_key(&id));
    ids.iter().filter(|id| !is_stored(id)).map(|id| safe(id)).collect()
}

/// Where the values of the lines begin.
const VALUES: usize = 10;

fn text(report: &Report, ctx: &Ctx, agent: &Agent) -> String {
    let mut lines = vec![
        line("Agent", &report.agent_id),
        line("Provider", &report.provider),
        line("Store", &present(&ctx.paths, &agent.store.path())),
    ];
    if report.effective.is_empty() {
        lines.push(line("Order", &style::dim("no credential of it is stored")));
    } else {
        lines.push(line("Order", &joined(&report.effective)));
        lines.push(line("From", &source(report.from, ctx)));
    }
    if !report.not_used.is_empty() {
        lines.push(line("Not used", &joined(&report.not_used)));
    }
    if !report.not_stored.is_empty() {
        let ids = report.not_stored.join(", ");
        lines.push(line(
            "Missing",
            &format!("{ids} {}", style::dim("(in this agent's own order, not stored)")),
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn source(from: OrderSource, ctx: &Ctx) -> String {
    let config = || ctx.paths.shown(ctx.paths.config());
    match from {
        OrderSource::Agent => "this agent's own order".to_owned(),
        OrderSource::Config => format!("auth.order in {}", config()),
        OrderSource::ConfigProfiles => format!("auth.profiles in {}, then the others", config()),
        OrderSource::ByType => {
            "no order is set: by type (OAuth, token, API key), then the longest unused".to_owned()
        }
    }
}
