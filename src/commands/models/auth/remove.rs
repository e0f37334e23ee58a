//! `fased models auth remove`

use serde::Serialize;

use super::{nothing_of_that_name, refused};
use crate::SCHEMA_VERSION;
use crate::auth::health::Billing;
use crate::auth::neighbours::export::Ended;
use crate::auth::profile::CredentialType;
use crate::auth::remove::{self, RemoveError, Target};
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::auth::store::{Snapshot, StoreFinding};
use crate::auth::{Profile, ProfileId, wording};
use crate::cli::auth::RemoveArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::status::NextReport;
use crate::terminal::{Choice, style};
use crate::text::{one_line, shell_word};

/// What was removed, and what a request would use now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    agent_id: &'a str,
    agent_dir: String,
    store_path: String,
    #[serde(flatten)]
    lost: &'a Lost<'a>,
    changed: bool,
    next: Option<NextReport>,
    /// Profiles of Anthropic's tools it was exported as.
    #[serde(skip_serializing_if = "<[Ended]>::is_empty")]
    ended_exports: &'a [Ended],
    warnings: Vec<String>,
}

/// What is lost by removing something.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Lost<'a> {
    profile_id: &'a str,
    provider: Option<String>,
    #[serde(rename = "type")]
    kind: Option<CredentialType>,
    secret: Option<String>,
    email: Option<&'a str>,
    billing: Option<Billing>,
    #[serde(skip)]
    target: Target<'a>,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &RemoveArgs) -> Result<Exit, Failure> {
    let text = args.profile.trim();
    let class = agent.primary_class()?;
    let (snapshot, state, _) = agent.read()?;
    let target = remove::find(text, &snapshot).ok_or_else(|| not_found(text, &snapshot, agent))?;
    let now = ctx.clock.now();
    let inputs = agent.inputs(ctx, &snapshot, &state, now);
    let provider = provider_of(target);
    let before = provider.as_deref().map(|provider| ProviderAuth::survey(provider, &class, &inputs));
    let lost = Lost::of(target, provider, before.as_ref());
    if !args.yes {
        confirm(ctx, agent, args, &lost)?;
    }
    let removed = remove::remove(text, target, &agent.store, &ctx.paths, ctx.clock.as_ref())
        .map_err(|error| failure(error, &lost, agent))?;

    let (left, state, _) = agent.read()?;
    let inputs = Inputs { snapshot: &left, state: &state, ..inputs };
    let after = lost.provider.as_deref().map(|provider| ProviderAuth::survey(provider, &class, &inputs));
    let mut warnings = other_copies(ctx, agent, &lost, &snapshot);
    warnings.extend(removed.emptied_orders.iter().map(|provider| {
        let get = format!("fased models auth order get --provider {provider}{}", agent.selected.flag());
        format!("This agent's order of {provider} named nothing else and was dropped; what counts now: {get}")
    }));
    warnings.extend(
        removed
            .trouble
            .map(|trouble| format!("What was remembered of it could not be forgotten: {trouble}.")),
    );
    warnings.extend(removed.ended_exports.iter().filter(|ended| !ended.removed).map(|ended| {
        let path = ctx.paths.shown(&ended.credentials_path);
        format!("It was exported to {path}, which is not as it was written; a copy may be there still.")
    }));
    warnings.extend(
        removed.export_trouble.map(|trouble| format!("What was exported of it is still there: {trouble}")),
    );
    let report = Report {
        schema_version: SCHEMA_VERSION,
        agent_id: agent.selected.id.as_str(),
        agent_dir: agent.selected.dir.display().to_string(),
        store_path: agent.store.path().display().to_string(),
        lost: &lost,
        changed: true,
        next: after.as_ref().and_then(NextReport::of),
        ended_exports: &removed.ended_exports,
        warnings,
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    ctx.terminal.say(&format!(
        "{} Removed {} from agent {}.",
        style::good("✓"),
        lost.named(),
        report.agent_id
    ));
    for ended in report.ended_exports.iter().filter(|ended| ended.removed) {
        let path = ctx.paths.shown(&ended.credentials_path);
        ctx.terminal.say(&format!("Its copy for Anthropic's tools is gone, too: {path}"));
    }
    if let Some(after) = &after
        && report.next != before.as_ref().and_then(NextReport::of)
    {
        ctx.terminal.say(&used_now(after, report.next.as_ref(), agent));
    }
    for warning in &report.warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
    Ok(Exit::Ok)
}

/// Whose credential it is; of an entry that cannot be read, as far as its name says.
fn provider_of(target: Target<'_>) -> Option<String> {
    match target {
        Target::Profile(profile) => Some(profile.id.provider().to_owned()),
        Target::Unreadable(entry) => {
            entry.id.split_once(':').map(|(begin, _)| begin.trim().to_ascii_lowercase())
        }
    }
}

impl<'a> Lost<'a> {
    fn of(target: Target<'a>, provider: Option<String>, survey: Option<&ProviderAuth<'_>>) -> Self {
        match target {
            Target::Profile(profile) => Self {
                profile_id: profile.id.as_str(),
                provider,
                kind: Some(profile.credential.kind()),
                secret: Some(profile.credential.material().shown()),
                email: profile.email.as_deref(),
                billing: survey.and_then(|all| all.judged(&profile.id)).map(|judged| judged.verdict.billing),
                target,
            },
            Target::Unreadable(entry) => Self {
                profile_id: &entry.id,
                provider,
                kind: None,
                secret: None,
                email: None,
                billing: None,
                target,
            },
        }
    }

    /// In a sentence.
    fn named(&self) -> String {
        match self.target {
            Target::Profile(profile) => format!("{} ({})", self.profile_id, described(profile)),
            Target::Unreadable(_) => format!("the unreadable entry \"{}\"", self.profile_id),
        }
    }

    /// Before it is lost.
    fn described(&self) -> String {
        match self.target {
            Target::Profile(profile) => {
                let email = self.email.map(|email| format!(", {}", one_line(email))).unwrap_or_default();
                let pays = self.billing.map(|billing| format!("; {}", wording::pays(billing)));
                format!("{}{email}{}", described(profile), pays.unwrap_or_default())
            }
            Target::Unreadable(entry) => {
                format!("an entry that cannot be read: {}", entry.problem.described())
            }
        }
    }
}

/// Kind and masked secret.
fn described(profile: &Profile) -> String {
    format!("{} {}", profile.credential.kind().described(), profile.credential.material().shown())
}

/// Asks, naming what is lost. Where nobody can be asked, the command line must say it.
fn confirm(ctx: &Ctx, agent: &Agent, args: &RemoveArgs, lost: &Lost<'_>) -> Result<(), Failure> {
    let id = lost.profile_id;
    if args.json || !ctx.terminal.can_prompt() {
        let command = format!("fased models auth remove {} --yes{}", shell_word(id), agent.selected.flag());
        return Err(Failure::usage(format!(
            "Removing \"{id}\" needs --yes here, since nobody can be asked."
        ))
        .fact(format!("lost with it: {}", lost.described()))
        .hint("to remove it all the same, run")
        .command(command));
    }
    ctx.terminal.say(&format!(
        "{} of agent {} would be lost:\n  {}",
        style::strong(id),
        agent.selected.id,
        lost.described()
    ));
    let choices =
        vec![Choice::new(false, "Keep it", ""), Choice::new(true, "Remove it", "this cannot be undone")];
    if ctx.terminal.ask_choice(&format!("Remove {id}?"), choices)? {
        Ok(())
    } else {
        Err(Failure::cancelled(format!("Kept {id}; nothing was written.")))
    }
}

/// Where else it is named or kept, which this command leaves alone.
fn other_copies(ctx: &Ctx, agent: &Agent, lost: &Lost<'_>, snapshot: &Snapshot) -> Vec<String> {
    let (config, id) = (ctx.paths.shown(ctx.paths.config()), lost.profile_id);
    let named = agent.config.places_of(id).into_iter();
    let named =
        named.map(|place| format!("`{place}` in {config} still names {id}; it is passed over there."));
    let imported = snapshot.findings.iter().filter_map(|finding| match finding {
        StoreFinding::Imported(path) => Some(format!(
            "{} of an older program may still hold it; it is no longer read.",
            ctx.paths.shown(path)
        )),
        _ => None,
    });
    named.chain(imported).collect()
}

fn used_now(provider: &ProviderAuth<'_>, next: Option<&NextReport>, agent: &Agent) -> String {
    let (name, flag) = (&provider.provider, agent.selected.flag());
    match next {
        Some(NextReport::Profile { profile_id, billing }) => {
            format!("A request to {name} now uses {profile_id}; {}.", wording::pays(*billing))
        }
        Some(NextReport::Env { variable, billing }) => {
            format!(
                "A request to {name} now uses {variable} of the environment; {}.",
                wording::pays(*billing)
            )
        }
        Some(NextReport::Config { key, billing }) => {
            format!("A request to {name} now uses {key} of the config; {}.", wording::pays(*billing))
        }
        None if provider.profiles.is_empty() && provider.unreadable == 0 => {
            let add =
                if name == "anthropic" { format!(" Add one: fased onboard{flag}") } else { String::new() };
            let agent = &agent.selected.id;
            format!("{} No credential of {name} is left for agent {agent}.{add}", style::attention("!"))
        }
        None => format!(
            "{} None of the credentials of {name} that are left can be used now: fased models status{flag}",
            style::attention("!")
        ),
    }
}

fn not_found(text: &str, snapshot: &Snapshot, agent: &Agent) -> Failure {
    let profiles = snapshot.profiles.keys().map(ProfileId::as_str);
    let stored: Vec<&str> = profiles.chain(snapshot.ignored.iter().map(|entry| entry.id.as_str())).collect();
    nothing_of_that_name(text, &stored, agent)
}

fn failure(error: RemoveError, lost: &Lost<'_>, agent: &Agent) -> Failure {
    let id = lost.profile_id;
    match error {
        RemoveError::Store(error) => error.into(),
        RemoveError::Changed => {
            let message = format!("\"{id}\" changed in the meantime; it was left as it is.");
            Failure::new(Exit::Failed, "changed", message)
                .hint("look at it, then run this again")
                .command(format!("fased models auth list{}", agent.selected.flag()))
        }
        RemoveError::Several => refused("profile_id", &error)
            .fact(id)
            .hint(format!("remove the right one from {} by hand", agent.store.path().display())),
    }
}
