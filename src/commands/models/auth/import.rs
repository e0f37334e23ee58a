//! `fased models auth import`

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::parse_id;
use crate::SCHEMA_VERSION;
use crate::auth::neighbours::anthropic_profile::{Directory, ProfileName, ProfileNameError};
use crate::auth::neighbours::import::{self, Choice, Item, Outcome, Skip, SourceError};
use crate::auth::neighbours::{self, Owner, claude_code, export, openclaw};
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::profile::CredentialType;
use crate::auth::reference::{BrokenReference, Look, References};
use crate::auth::state::StateFile;
use crate::auth::store::{Document, StoreError};
use crate::auth::wording::{self, Fix};
use crate::auth::{ProfileId, enroll};
use crate::cli::auth::{ImportArgs, ImportSource};
use crate::commands::agent::Agent;
use crate::commands::notice;
use crate::config::agents::AgentIdError;
use crate::config::{AgentId, SelectedAgent};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::{style, table};
use crate::text::{self, one_line, without_credentials};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    agent_id: &'a str,
    from: &'static str,
    /// The file or directory it came from; `null` for the environment.
    path: Option<&'a Path>,
    dry_run: bool,
    changed: bool,
    profiles: Vec<Row<'a>>,
    notice: Option<&'static str>,
    warnings: Vec<String>,
    store_path: PathBuf,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    profile_id: &'a str,
    #[serde(rename = "type")]
    kind: Option<CredentialType>,
    secret: Option<String>,
    outcome: &'static str,
    previous_secret: Option<&'a str>,
    reason: Option<String>,
    fix: Option<Fix>,
}

/// Credentials as another program keeps them.
struct Found {
    document: Document,
    path: Option<PathBuf>,
    warning: Option<String>,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &ImportArgs) -> Result<Exit, Failure> {
    refuse_flags_of_others(args)?;
    let found = match args.from {
        ImportSource::Fased => from_fased(ctx, agent, args)?,
        ImportSource::Openclaw => from_openclaw(ctx, args)?,
        ImportSource::ClaudeCode => from_claude_code(ctx, agent, args)?,
        ImportSource::AnthropicProfile => from_anthropic_profile(ctx, agent, args)?,
        ImportSource::FederationEnv => from_federation(ctx, agent, args)?,
    };
    let copies = matches!(args.from, ImportSource::Fased | ImportSource::Openclaw);
    let asked = args.profile.as_deref().filter(|_| copies);
    let only = asked.map(|text| parse_id(text, "--profile")).transpose()?;
    let choice = Choice { only: only.as_ref(), replace: args.replace, dry_run: true };
    let planned = import::import(&found.document, choice, &agent.store, ctx.clock.as_ref())?;
    if planned.is_empty() {
        return Err(nothing_there(&found, only.as_ref()));
    }
    let is_plan =
        |item: &Item| item.outcome.is_new() && item.profile.as_ref().is_some_and(import::is_of_a_plan);
    let shown = !args.dry_run && planned.iter().any(is_plan) && notice::show(ctx, &PLAN_CREDENTIALS);
    let choice = Choice { dry_run: args.dry_run, ..choice };
    let items = match args.dry_run {
        true => planned,
        false => import::import(&found.document, choice, &agent.store, ctx.clock.as_ref())?,
    };
    if shown {
        notice::record(ctx, &PLAN_CREDENTIALS);
    }
    let mut warnings: Vec<String> = found.warning.into_iter().collect();
    if !args.dry_run {
        warnings.extend(left_out(agent, &items)?);
    }
    let report = Report {
        schema_version: SCHEMA_VERSION,
        agent_id: agent.selected.id.as_str(),
        from: word(args.from),
        path: found.path.as_deref(),
        dry_run: args.dry_run,
        changed: !args.dry_run && items.iter().any(|item| item.outcome.is_new()),
        profiles: items.iter().map(|item| Row::of(item, agent)).collect(),
        notice: shown.then_some(PLAN_CREDENTIALS.id),
        warnings,
        store_path: agent.store.path(),
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.answer(&list(&report))?;
        ctx.terminal.say(&report.sentence());
    }
    Ok(Exit::Ok)
}

fn word(source: ImportSource) -> &'static str {
    match source {
        ImportSource::Fased => "fased",
        ImportSource::Openclaw => "openclaw",
        ImportSource::ClaudeCode => Owner::ClaudeCode.source(),
        ImportSource::AnthropicProfile => Owner::AnthropicProfile.source(),
        ImportSource::FederationEnv => "federation-env",
    }
}

/// A flag that means nothing for a source is a misunderstanding, not to be passed over.
fn refuse_flags_of_others(args: &ImportArgs) -> Result<(), Failure> {
    use ImportSource as From;
    let given = [
        ("--path", args.path.is_some(), args.from != From::FederationEnv),
        ("--from-agent", args.from_agent.is_some(), matches!(args.from, From::Fased | From::Openclaw)),
        (
            "--profile",
            args.profile.is_some(),
            matches!(args.from, From::Fased | From::Openclaw | From::AnthropicProfile),
        ),
        (
            "--profile-id",
            args.profile_id.is_some(),
            matches!(args.from, From::ClaudeCode | From::AnthropicProfile | From::FederationEnv),
        ),
    ];
    match given.into_iter().find(|(_, is_given, fits)| *is_given && !fits) {
        Some((flag, ..)) => {
            Err(Failure::usage(format!("{flag} has no meaning with --from {}.", word(args.from))))
        }
        None => Ok(()),
    }
}

fn from_fased(ctx: &Ctx, agent: &Agent, args: &ImportArgs) -> Result<Found, Failure> {
    let usual = ctx.paths.home().map(|home| home.join(".fased")).filter(|dir| dir != ctx.paths.state());
    let path = args.path.clone().or(usual).ok_or_else(|| {
        Failure::usage("There is no other state directory to import from.")
            .hint("name it")
            .command("fased models auth import --from fased --path /path/to/.fased")
    })?;
    let store = import::fased_store(&path, from_agent(args)?.as_ref(), ctx.paths.home(), &ctx.env)
        .map_err(source_failure)?;
    let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    };
    if same(store.dir(), agent.store.dir()) {
        return Err(Failure::usage(format!(
            "That is the store of agent {} itself; there is nothing to import.",
            agent.selected.id
        )));
    }
    let document = store.document().map_err(|error| source_failure(error.into()))?;
    Ok(Found { document, path: Some(store.path()), warning: None })
}

fn from_openclaw(ctx: &Ctx, args: &ImportArgs) -> Result<Found, Failure> {
    let path = args.path.clone().or_else(|| openclaw::state_dir(&ctx.env, ctx.paths.home()));
    let path = path.ok_or_else(|| no_home("--path names OpenClaw's state directory"))?;
    let agent = from_agent(args)?.unwrap_or_else(AgentId::main);
    let source = openclaw::read(&path, &agent).map_err(source_failure)?;
    Ok(Found { document: source.document, path: Some(source.path), warning: None })
}

fn from_claude_code(ctx: &Ctx, agent: &Agent, args: &ImportArgs) -> Result<Found, Failure> {
    let path = match &args.path {
        Some(path) if path.is_dir() => Some(absolute(path).join(".credentials.json")),
        Some(path) => Some(absolute(path)),
        None => claude_code::credentials_file(&ctx.env, ctx.paths.home()),
    };
    let path = path.ok_or_else(|| no_home("--path names the file"))?;
    refer(ctx, agent, args, Owner::ClaudeCode, "claude-code", Some(path)).map_err(|failure| {
        match cfg!(target_os = "macos") {
            true => failure.fact("on macOS Claude Code keeps its sign-in in the Keychain, which is not read"),
            false => failure,
        }
    })
}

fn from_anthropic_profile(ctx: &Ctx, agent: &Agent, args: &ImportArgs) -> Result<Found, Failure> {
    let directory = match &args.path {
        Some(path) => Directory::at(path),
        None => Directory::of(&ctx.env, ctx.paths.home())
            .ok_or_else(|| no_home("--path or ANTHROPIC_CONFIG_DIR names the directory"))?,
    };
    let name: ProfileName = match &args.profile {
        Some(name) => name.parse().map_err(|error: ProfileNameError| {
            Failure::usage(format!("The value of --profile is {error}."))
        })?,
        None => directory.active(&ctx.env).map_err(|error| {
            Failure::usage(format!("What names the active profile is {error}."))
                .hint("name one with --profile; ANTHROPIC_PROFILE and active_config say which one is active")
        })?,
    };
    // Read back as a profile of Anthropic's tools, a plan's token would look like one the API account pays for.
    let agents = SelectedAgent::everywhere(&agent.config, &ctx.paths).into_iter().map(|agent| agent.dir);
    let dirs: Vec<PathBuf> = agents.collect();
    if let Some(exported) = export::source_of(&directory, &name, &dirs)? {
        return Err(Failure::usage(format!(
            "Anthropic's profile \"{}\" was exported from here: it is a copy of {exported}.",
            name.as_str()
        ))
        .hint("use that profile itself"));
    }
    refer(ctx, agent, args, Owner::AnthropicProfile, name.as_str(), Some(directory.config(&name)))
}

fn from_federation(ctx: &Ctx, agent: &Agent, args: &ImportArgs) -> Result<Found, Failure> {
    refer(ctx, agent, args, Owner::Federation, "federation", None)
}

/// A store with one reference, checked now: what leads nowhere is not stored.
fn refer(
    ctx: &Ctx,
    agent: &Agent,
    args: &ImportArgs,
    owner: Owner,
    name: &str,
    path: Option<PathBuf>,
) -> Result<Found, Failure> {
    let id = match &args.profile_id {
        Some(text) => parse_id(text, "--profile-id")?,
        None => ProfileId::new("anthropic", name).map_err(|_| {
            Failure::usage("The name of that profile cannot be part of an id here.")
                .hint("name an id with --profile-id, like anthropic:work")
        })?,
    };
    if id.provider() != "anthropic" {
        return Err(Failure::usage("The value of --profile-id is not an id of anthropic."));
    }
    let place = match &path {
        Some(path) => path.to_str().ok_or_else(|| Failure::usage("The path is not Unicode text."))?,
        None => "env",
    };
    let now = ctx.clock.now();
    let profile = neighbours::profile(owner, id, place, now);
    let references = References { env: &agent.env, config: &agent.config, paths: &ctx.paths };
    let warning = match references.look(&owner.reference(place)) {
        Look::Broken(broken) => return Err(leads_nowhere(&broken, &profile)),
        Look::Found(_, Some(ends)) if ends <= now => Some(format!(
            "It ended {} ago. Fix: {}.",
            text::duration(now.duration_since(ends)),
            wording::replacement(&profile, None)
        )),
        Look::Found(..) | Look::OnUse => None,
    };
    Ok(Found { document: Document::of(&profile), path, warning })
}

fn leads_nowhere(broken: &BrokenReference, profile: &crate::auth::Profile) -> Failure {
    let source = match profile.credential.material().reference().and_then(Owner::of) {
        Some(Owner::ClaudeCode) => "Claude Code's sign-in",
        Some(Owner::AnthropicProfile) => "That profile of Anthropic's tools",
        Some(Owner::Federation) | None => "The federation",
    };
    let message = format!("{source} cannot be used: {broken}.");
    let failure = Failure::new(Exit::NoUsableCredential, "nothing_to_import", message);
    let BrokenReference::Neighbour(error) = broken else { return failure };
    let looked_at = error.path().map(|path| format!("looked at {}", path.display()));
    let failure = looked_at.into_iter().fold(failure, Failure::fact);
    failure.fix(neighbours::fix(error, profile))
}

fn from_agent(args: &ImportArgs) -> Result<Option<AgentId>, Failure> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|error: AgentIdError| Failure::usage(format!("The value of --from-agent is {error}.")))
    };
    args.from_agent.as_ref().map(parse).transpose()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn no_home(hint: &str) -> Failure {
    Failure::new(Exit::Failed, "no_home", "There is no home directory to look in.").hint(hint)
}

fn source_failure(error: SourceError) -> Failure {
    let message = without_credentials(&one_line(&error.to_string()));
    match error {
        SourceError::Nothing { .. } => Failure::new(Exit::NoUsableCredential, "nothing_to_import", message)
            .hint("name the place with --path"),
        SourceError::Database { .. } => Failure::new(Exit::Failed, "source_unreadable", message)
            .hint("stop the program that writes it, then run this again"),
        SourceError::Agent(error) => {
            let known = error.known.iter().map(AgentId::as_str).collect::<Vec<_>>().join(", ");
            Failure::new(Exit::Usage, "unknown_agent", error.to_string())
                .fact(format!("agents there: {known}"))
                .hint("name one of those with --from-agent")
        }
        SourceError::Config(error) => error.into(),
        SourceError::Store(StoreError::File(error)) => error.into(),
        // It is not ours to move away.
        SourceError::Store(error) => Failure::new(Exit::Failed, "source_unreadable", error.to_string())
            .hint("nothing was imported; mend it with the program that writes it"),
    }
}

fn nothing_there(found: &Found, only: Option<&ProfileId>) -> Failure {
    let place = found.path.as_ref().map(|path| format!(" in `{}`", path.display())).unwrap_or_default();
    let failure = |exit, message| Failure::new(exit, "nothing_to_import", message);
    match only {
        None => failure(Exit::NoUsableCredential, format!("There are no credentials{place}."))
            .hint("name another place with --path"),
        Some(id) => {
            let ids: Vec<String> = found.document.entries().map(|entry| entry.shown_id).collect();
            let failure = failure(Exit::Usage, format!("There is no profile \"{id}\"{place}."));
            match ids.is_empty() {
                true => failure,
                false => failure.fact(format!("stored there: {}", ids.join(", "))),
            }
        }
    }
}

/// Imported profiles that an explicit order keeps from use.
fn left_out(agent: &Agent, items: &[Item]) -> Result<Vec<String>, Failure> {
    let snapshot = agent.store.read()?;
    let file = StateFile::in_dir(agent.store.dir());
    let new = items.iter().filter(|item| item.outcome.is_new()).filter_map(Item::profile_id);
    // One line for all of a provider: a second one would undo the first.
    let mut left_out: Vec<(Vec<ProfileId>, Vec<ProfileId>)> = Vec::new();
    for id in new {
        let Some(order) = enroll::excluded_by(&id, &snapshot, &agent.config, &file) else { continue };
        match left_out.iter_mut().find(|(known, _)| *known == order) {
            Some((_, ids)) => ids.push(id),
            None => left_out.push((order, vec![id])),
        }
    }
    let warning = |(order, ids): &(Vec<ProfileId>, Vec<ProfileId>)| {
        let provider = ids.first().map_or("", ProfileId::provider);
        let line = wording::set_order(provider, order.iter().chain(ids), agent.selected.named());
        let names = |ids: &[ProfileId]| ids.iter().map(ProfileId::as_str).collect::<Vec<_>>().join(", ");
        let (order, ids) = (names(order), names(ids));
        format!(
            "The order of {provider} ({order}) leaves out what was imported ({ids}), so it is not used.\n  fix: {line}"
        )
    };
    Ok(left_out.iter().map(warning).collect())
}

impl<'a> Row<'a> {
    fn of(item: &'a Item, agent: &Agent) -> Self {
        let profile = item.profile.as_ref();
        let (reason, fix) = match &item.outcome {
            Outcome::Skipped(why) => (Some(why.to_string()), fix_of(why, item, agent)),
            _ => (None, None),
        };
        Self {
            profile_id: &item.id,
            kind: profile.map(|profile| profile.credential.kind()),
            secret: profile.map(|profile| profile.credential.material().shown()),
            outcome: item.outcome.word(),
            previous_secret: item.outcome.old(),
            reason,
            fix,
        }
    }
}

fn fix_of(why: &Skip, item: &Item, agent: &Agent) -> Option<Fix> {
    let is_anthropics = item.profile.as_ref().is_some_and(|profile| profile.id.provider() == "anthropic");
    match why {
        Skip::Pair if is_anthropics => Some(Fix::run([format!(
            "fased models auth login --provider anthropic --method anthropic-oauth{}",
            agent.selected.flag()
        )])),
        Skip::Pair => Some(Fix::advise("go on using it with the program that signed in")),
        Skip::Taken { .. } => Some(Fix::advise("add --replace to lose the one that is here")),
        Skip::Unreadable(_) | Skip::Nothing | Skip::Useless(_) => None,
    }
}

impl Report<'_> {
    fn sentence(&self) -> String {
        let count = |word: &str| self.profiles.iter().filter(|row| row.outcome == word).count();
        let counts: Vec<String> = ["imported", "reference", "unchanged", "skipped"]
            .into_iter()
            .map(|word| (count(word), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| match word {
                "reference" => format!("{count} referred to"),
                word => format!("{count} {word}"),
            })
            .collect();
        let counts = counts.join(", ");
        match (self.dry_run, self.changed) {
            (true, _) => format!("Would be: {counts}, for agent {}. Nothing was written.", self.agent_id),
            (false, true) => format!("{} {counts}, for agent {}.", style::good("✓"), self.agent_id),
            (false, false) => format!("{counts}, for agent {}. Nothing was written.", self.agent_id),
        }
    }
}

/// A line for each credential, then what is to be known about some of them.
fn list(report: &Report<'_>) -> String {
    let cells = |row: &Row<'_>| {
        let kind = row.kind.map_or("", CredentialType::described).to_owned();
        let secret = match (row.previous_secret, row.secret.clone().unwrap_or_default()) {
            (Some(old), secret) => format!("{secret} (was {old})"),
            (None, secret) => secret,
        };
        vec![row.outcome.to_owned(), row.profile_id.to_owned(), kind, secret]
    };
    let rows: Vec<Vec<String>> = report.profiles.iter().map(cells).collect();
    let mut lines = table::lines(&["OUTCOME", "PROFILE", "TYPE", "SECRET"], &rows);
    for row in &report.profiles {
        let Some(reason) = &row.reason else { continue };
        lines.push(format!("{} {}: {reason}.", style::attention("!"), row.profile_id));
        lines.extend(row.fix.iter().flat_map(Fix::lines).map(|line| format!("  {line}")));
    }
    lines.extend(report.warnings.iter().map(|warning| format!("{} {warning}", style::attention("!"))));
    lines.push(String::new());
    lines.join("\n")
}
