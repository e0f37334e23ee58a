//! `fased agents remove`

use std::path::PathBuf;

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::auth::store::AuthStore;
use crate::auth::wording::ProfileLabel;
use crate::cli::AgentsRemoveArgs;
use crate::commands::agent::agent_id;
use crate::config::agent_files::{self, AgentFiles};
use crate::config::agent_list::{self, AgentListError};
use crate::config::{AgentId, Config, SelectedAgent, edit};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::{Choice, style};

/// What removing an agent did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    agent_id: AgentId,
    changed: bool,
    /// The directory that was deleted.
    deleted: Option<PathBuf>,
    /// The profiles it had.
    profiles: Vec<ProfileLabel>,
    /// How many sessions it had.
    sessions: usize,
    /// Directories of it that are still there.
    kept: Vec<PathBuf>,
    /// The agent commands mean now.
    default_agent: AgentId,
}

/// What an agent has.
struct Belongings {
    profiles: Vec<ProfileLabel>,
    /// Why its credentials cannot be told.
    unreadable: Option<String>,
    files: AgentFiles,
}

pub(super) fn run(ctx: &Ctx, args: &AgentsRemoveArgs) -> Result<Exit, Failure> {
    let id = agent_id(&args.name, "name")?;
    let successor = args.default.as_deref().map(|other| agent_id(other, "value of --default")).transpose()?;
    let config = ctx.config()?;
    let may_ask = ctx.terminal.can_prompt() && !args.yes && !args.json;
    let successor =
        successor_of(ctx, &config, &id, successor, may_ask).map_err(|failure| with_flags(failure, args))?;
    let agent = SelectedAgent::choose(Some(&id), &config, &ctx.paths)?;
    let has = Belongings::of(ctx, &agent);
    if args.purge {
        agent_files::check_purge(&id, &config, &ctx.paths)?;
    }
    if may_ask {
        ask(ctx, args, &id, &has)?;
    } else if !args.yes {
        return Err(needs_yes(args, &id, successor.as_ref(), &has));
    }

    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        agent_list::remove(edit, &id, successor.as_ref())?;
        Ok::<_, AgentListError>(edit.config().clone())
    })?;
    let changed = updated.is_changed();
    let config = updated.result;
    // Files go last: an agent without an entry and with files can be added again, the other way round it would be broken.
    let Belongings { profiles, files, .. } = has;
    let (deleted, kept) = if args.purge { (files.home, None) } else { (None, files.home) };
    if deleted.is_some() {
        agent_files::purge(&id, &config, &ctx.paths).map_err(|error| {
            Failure::from(error).fact(format!("agent {id} is removed from the config all the same"))
        })?;
    }
    let kept = kept.into_iter().chain(files.elsewhere).collect();
    let report = Report {
        schema_version: SCHEMA_VERSION,
        changed,
        deleted,
        profiles,
        sessions: files.sessions,
        kept,
        default_agent: config.default_agent(),
        agent_id: id,
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        tell(ctx, &report, successor.as_ref());
    }
    Ok(Exit::Ok)
}

/// The agent that becomes the default: the one that was named, or, where it must be another, the one a person chooses.
fn successor_of(
    ctx: &Ctx,
    config: &Config,
    id: &AgentId,
    named: Option<AgentId>,
    may_ask: bool,
) -> Result<Option<AgentId>, Failure> {
    match agent_list::check_removal(config, id, named.as_ref()) {
        Ok(()) => Ok(named),
        Err(AgentListError::NoSuccessor { others, .. }) if may_ask => {
            let choices =
                others.into_iter().map(|other| Choice::new(other.clone(), other.as_str(), "")).collect();
            let question = format!("{id} is the default agent. Which one takes its place?");
            ctx.terminal.ask_choice(&question, choices).map(Some)
        }
        Err(error) => Err(error.into()),
    }
}

/// The same command again keeps the flags it was given.
fn with_flags(mut failure: Failure, args: &AgentsRemoveArgs) -> Failure {
    let given = [(args.purge, " --purge"), (args.yes, " --yes"), (args.json, " --json")];
    let again = |command: &&mut String| command.starts_with("fased agents remove ");
    for command in failure.commands.iter_mut().filter(again) {
        given.iter().filter(|(is_given, _)| *is_given).for_each(|(_, flag)| command.push_str(flag));
    }
    failure
}

impl Belongings {
    fn of(ctx: &Ctx, agent: &SelectedAgent) -> Self {
        let files = AgentFiles::of(agent, &ctx.paths);
        match AuthStore::of(agent, &ctx.paths).read() {
            Ok(snapshot) => {
                let profiles = snapshot.profiles.values().map(ProfileLabel::of).collect();
                Self { profiles, unreadable: None, files }
            }
            Err(error) => Self { profiles: Vec::new(), unreadable: Some(error.to_string()), files },
        }
    }

    /// A line for each thing.
    fn lines(&self) -> Vec<String> {
        let widest = self.profiles.iter().map(|line| line.profile_id.as_str().chars().count()).max();
        let widest = widest.unwrap_or(0);
        let mut lines: Vec<String> = self
            .profiles
            .iter()
            .map(|line| {
                format!("{:widest$}   {} {}", line.profile_id.as_str(), line.kind.described(), line.secret)
            })
            .collect();
        lines.extend(self.unreadable.clone());
        match self.files.sessions {
            0 => {}
            1 => lines.push("1 session".to_owned()),
            more => lines.push(format!("{more} sessions")),
        }
        lines
    }
}

fn ask(ctx: &Ctx, args: &AgentsRemoveArgs, id: &AgentId, has: &Belongings) -> Result<(), Failure> {
    let lines = has.lines();
    if lines.is_empty() {
        ctx.terminal.say(&format!("Agent {id} has no credentials and no sessions."));
    } else {
        ctx.terminal.say(&format!("Agent {id} has:"));
        lines.iter().for_each(|line| ctx.terminal.say(&format!("  {line}")));
    }
    if let Some(home) = &has.files.home {
        let home = ctx.paths.shown(home);
        ctx.terminal.say(&match args.purge {
            true => format!("{} All of {home} is deleted for good.", style::attention("!")),
            false => format!("The files in {home} stay; --purge would delete them."),
        });
    }
    let yes = if args.purge { "Remove it and delete its files" } else { "Remove it from the config" };
    let choices = vec![Choice::new(false, "Keep it", ""), Choice::new(true, yes, "")];
    match ctx.terminal.ask_choice(&format!("Remove agent {id}?"), choices)? {
        true => Ok(()),
        false => Err(Failure::cancelled("Kept; nothing was written.")),
    }
}

fn needs_yes(
    args: &AgentsRemoveArgs,
    id: &AgentId,
    successor: Option<&AgentId>,
    has: &Belongings,
) -> Failure {
    let purge = if args.purge { " --purge" } else { "" };
    let default = successor.map(|other| format!(" --default {other}")).unwrap_or_default();
    let failure = Failure::usage(format!("Removing agent \"{id}\" takes --yes where nobody is asked."));
    let failure = has.lines().into_iter().fold(failure, |failure, line| failure.fact(line));
    failure
        .hint("nothing was changed; to remove it")
        .command(format!("fased agents remove {id}{default}{purge} --yes"))
}

fn tell(ctx: &Ctx, report: &Report, successor: Option<&AgentId>) {
    let (id, mark) = (&report.agent_id, style::good("✓"));
    let files = report.deleted.as_ref().map(|home| format!(" and deleted {}", ctx.paths.shown(home)));
    ctx.terminal.say(&format!("{mark} Removed agent {id}{}.", files.unwrap_or_default()));
    for kept in &report.kept {
        ctx.terminal.say(&format!("  Its files in {} stay.", ctx.paths.shown(kept)));
    }
    if successor.is_some() {
        ctx.terminal.say(&format!("  {} is the default agent now.", report.default_agent));
    }
}
