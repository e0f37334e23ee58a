//! `fased agents add`

use std::path::PathBuf;

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::auth::copy::{self, Copied};
use crate::auth::store::AuthStore;
use crate::auth::wording::ProfileLabel;
use crate::cli::AgentsAddArgs;
use crate::commands::agent::agent_id;
use crate::commands::models::choice::{Named, to_be_asked};
use crate::config::agent_list::{self, AgentListError, NewAgent};
use crate::config::{AgentId, Config, SelectedAgent, edit};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::style;

/// What adding an agent did.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    agent_id: AgentId,
    is_default: bool,
    agent_dir: PathBuf,
    config_path: PathBuf,
    model: Option<String>,
    changed: bool,
    /// The credentials it has now.
    profiles: Vec<ProfileId>,
    copied: Option<CopyReport>,
    warnings: Vec<String>,
    /// What is to be done next.
    commands: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CopyReport {
    from: AgentId,
    profiles: Vec<ProfileLabel>,
    sign_ins: Vec<SignIn>,
    kept: Vec<ProfileId>,
    unreadable: usize,
}

/// A sign-in, which each agent makes for itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignIn {
    profile_id: ProfileId,
    command: Option<String>,
}

pub(super) fn run(ctx: &Ctx, args: &AgentsAddArgs) -> Result<Exit, Failure> {
    let new = NewAgent {
        id: agent_id(&args.name, "name")?,
        agent_dir: args.agent_dir.as_deref().map(directory).transpose()?,
        model: None,
        default: args.default,
    };
    let from =
        args.copy_auth_from.as_deref().map(|id| agent_id(id, "value of --copy-auth-from")).transpose()?;
    // A mistake is found before a lock is taken or a directory made.
    let config = ctx.config()?;
    let (new, source, warnings) = checked(ctx, args, new, from.as_ref(), &config)?;

    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let agent = agent_list::add(edit, &new, &ctx.paths)?;
        // Copies before the config: when they fail, there is no agent without them, and when the config cannot be written
        // after them, running this again finds them and goes on.
        let copied = match &source {
            Some(source) => Some(copy::copy(source, &AuthStore::of(&agent, &ctx.paths), ctx.clock.as_ref())?),
            None => None,
        };
        Ok::<_, Failure>((agent, copied))
    })?;
    let (agent, copied) = updated.result;
    let report = report(ctx, new, &agent, from.zip(copied), warnings)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        tell(ctx, &report);
    }
    Ok(Exit::Ok)
}

/// The agent with its model, the store to copy from, and what should be known of the model; everything that can be refused is refused here.
fn checked(
    ctx: &Ctx,
    args: &AgentsAddArgs,
    mut new: NewAgent,
    from: Option<&AgentId>,
    config: &Config,
) -> Result<(NewAgent, Option<AuthStore>, Vec<String>), Failure> {
    if config.agent_ids().contains(&new.id) {
        return Err(AgentListError::Exists { id: new.id }.into());
    }
    let named = args.model.as_ref().map(|text| to_be_asked(ctx, text, config)).transpose()?;
    let mut warnings = Vec::new();
    if let Some(Named { model, warnings: about }) = named {
        new.model = Some(model.to_string());
        warnings = about;
    }
    let source = from.map(|from| SelectedAgent::choose(Some(from), config, &ctx.paths)).transpose();
    let source = source.map_err(AgentListError::from)?;
    Ok((new, source.map(|source| AuthStore::of(&source, &ctx.paths)), warnings))
}

/// A directory as it is written into the config. One relative to wherever this was typed would mean another place later.
fn directory(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.starts_with("~/") || std::path::Path::new(text).is_absolute() {
        return Ok(text.to_owned());
    }
    Err(Failure::usage("The value of --agent-dir is neither an absolute path nor one that begins with ~/."))
}

fn report(
    ctx: &Ctx,
    new: NewAgent,
    agent: &SelectedAgent,
    copied: Option<(AgentId, Copied)>,
    warnings: Vec<String>,
) -> Result<Report, Failure> {
    let profiles: Vec<ProfileId> = AuthStore::of(agent, &ctx.paths).read()?.profiles.into_keys().collect();
    let flag = agent.flag();
    let copied = copied.map(|(from, copied)| CopyReport {
        from,
        profiles: copied.profiles,
        sign_ins: copied
            .sign_ins
            .into_iter()
            .map(|profile_id| SignIn {
                command: (profile_id.provider() == "anthropic").then(|| {
                    format!(
                        "fased models auth login --provider anthropic --method anthropic-oauth --agent {}",
                        new.id
                    )
                }),
                profile_id,
            })
            .collect(),
        kept: copied.kept,
        unreadable: copied.unreadable,
    });
    let next = if profiles.is_empty() {
        format!("fased onboard{flag}")
    } else {
        format!("fased chat{flag} \"hello\"")
    };
    Ok(Report {
        warnings,
        schema_version: SCHEMA_VERSION,
        agent_id: new.id,
        is_default: agent.is_default,
        agent_dir: agent.dir.clone(),
        config_path: ctx.paths.config().to_owned(),
        model: new.model,
        changed: true,
        profiles,
        copied,
        commands: vec![next, format!("fased models status{flag}")],
    })
}

fn tell(ctx: &Ctx, report: &Report) {
    let say = |text: String| ctx.terminal.say(&text);
    let warn = |text: String| ctx.terminal.say(&format!("{} {text}", style::attention("!")));
    let id = &report.agent_id;
    let default = if report.is_default { " as the default agent" } else { "" };
    say(format!("{} Added {id}{default} ({}).", style::good("✓"), ctx.paths.shown(&report.agent_dir)));
    let copies = report.copied.as_ref().map_or(&[] as &[_], |copied| &copied.profiles);
    let found: Vec<&str> = report
        .profiles
        .iter()
        .filter(|id| copies.iter().all(|copy| copy.profile_id != **id))
        .map(ProfileId::as_str)
        .collect();
    if let Some(copied) = &report.copied {
        let from = &copied.from;
        if copies.is_empty() && copied.kept.is_empty() {
            warn(format!("{from} has no keys, tokens or references to copy."));
        } else if !copies.is_empty() {
            say(format!("  Copied from {from}:"));
        }
        let widest = copies.iter().map(|copy| copy.profile_id.as_str().chars().count()).max().unwrap_or(0);
        for copy in copies {
            let (name, kind) = (copy.profile_id.as_str(), copy.kind.described());
            say(format!("    {name:widest$}   {kind} {}", style::dim(&copy.secret)));
        }
        for sign_in in &copied.sign_ins {
            warn(format!("{} is a sign-in, which each agent makes for itself.", sign_in.profile_id));
            if let Some(command) = &sign_in.command {
                say(format!("  fix: {command}"));
            }
        }
        for kept in &copied.kept {
            warn(format!(
                "{kept} was not copied: {id} holds another credential under that name, which stays."
            ));
        }
        match copied.unreadable {
            0 => {}
            1 => warn(format!("An entry of {from} cannot be read and was not copied.")),
            more => warn(format!("{more} entries of {from} cannot be read and were not copied.")),
        }
    }
    report.warnings.iter().for_each(|warning| warn(warning.clone()));
    if !found.is_empty() {
        say(format!("  Its directory was there already, with: {}.", found.join(", ")));
    } else if report.profiles.is_empty() {
        say("  It has no credentials and inherits none.".to_owned());
    }
    say("\nNext:".to_owned());
    let widest = report.commands.iter().map(String::len).max().unwrap_or(0);
    let first = if report.profiles.is_empty() { "give it credentials of its own" } else { "talk to Claude" };
    for (command, what) in report.commands.iter().zip([first, "see its credentials' health"]) {
        say(format!("  {command:widest$}   {what}"));
    }
}
