//! `fased models auth remove`

use serde::Serialize;

use super::{not_stored, refused};
use crate::SCHEMA_VERSION;
use crate::auth::Profile;
use crate::auth::health::Billing;
use crate::auth::profile::CredentialType;
use crate::auth::remove::{self, RemoveError, Target};
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::auth::store::{Snapshot, StoreFinding};
use crate::auth::wording;
use crate::cli::auth::RemoveArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::status::NextReport;
use crate::terminal::{Choice, style};
use crate::text::shell_word;

/// What was removed, and what a request would use now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    agent_id: &'a str,
    agent_dir: String,
    store_path: String,
    profile_id: &'a str,
    provider: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<CredentialType>,
    secret: Option<String>,
    email: Option<&'a str>,
    billing: Option<Billing>,
    changed: bool,
    next: Option<NextReport<'a>>,
    warnings: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &RemoveArgs) -> Result<Exit, Failure> {
    let text = args.profile.trim();
    let class = agent.primary_class()?;
    let (snapshot, state, _) = agent.read()?;
    let target = remove::find(text, &snapshot).ok_or_else(|| not_stored(text, &snapshot, agent))?;
    let now = ctx.clock.now();
    let inputs = Inputs { snapshot: &snapshot, state: &state, config: &agent.config, env: &ctx.env, now };
    let (id, provider) = match target {
        Target::Profile(profile) => (profile.id.as_str(), Some(profile.id.provider().to_owned())),
        Target::Unreadable(entry) => {
            (entry.id.as_str(), entry.id.split_once(':').map(|(begin, _)| begin.trim().to_ascii_lowercase()))
        }
    };
    let before = survey(provider.as_deref(), &class, &inputs);
    let billing = match (target, &before) {
        (Target::Profile(profile), Some(before)) => {
            before.judged(&profile.id).map(|judged| judged.verdict.billing)
        }
        _ => None,
    };
    if !args.yes {
        confirm(ctx, agent, args, target, id, billing)?;
    }
    let removed = remove::remove(text, target, &agent.store, ctx.clock.as_ref())
        .map_err(|error| failure(error, id, agent))?;

    let (left, state, _) = agent.read()?;
    let inputs = Inputs { snapshot: &left, state: &state, ..inputs };
    let after = survey(provider.as_deref(), &class, &inputs);
    let next = after.as_ref().and_then(NextReport::of);
    let changed_next = next != before.as_ref().and_then(NextReport::of);
    let mut warnings = other_copies(ctx, agent, id, &snapshot);
    warnings.extend(removed.emptied_orders.iter().map(|provider| {
        format!("It was all that this agent's order of {provider} named; the order was dropped, and every stored profile counts again.")
    }));
    warnings.extend(
        removed
            .trouble
            .map(|trouble| format!("What was remembered of it could not be forgotten: {trouble}.")),
    );
    let profile = match target {
        Target::Profile(profile) => Some(profile),
        Target::Unreadable(_) => None,
    };
    let report = Report {
        schema_version: SCHEMA_VERSION,
        agent_id: agent.selected.id.as_str(),
        agent_dir: agent.selected.dir.display().to_string(),
        store_path: agent.store.path().display().to_string(),
        profile_id: id,
        provider: provider.as_deref(),
        kind: profile.map(|profile| profile.credential.kind()),
        secret: profile.map(|profile| profile.credential.material().shown()),
        email: profile.and_then(|profile| profile.email.as_deref()),
        billing,
        changed: true,
        next,
        warnings,
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let what = profile.map(|profile| format!(" ({})", described(profile))).unwrap_or_default();
    ctx.terminal.say(&format!("{} Removed {id}{what} from agent {}.", style::good("✓"), report.agent_id));
    if changed_next && let Some(after) = &after {
        ctx.terminal.say(&used_now(after, report.next.as_ref(), agent));
    }
    for warning in &report.warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
    Ok(Exit::Ok)
}

fn survey<'a>(provider: Option<&str>, class: &str, inputs: &Inputs<'a>) -> Option<ProviderAuth<'a>> {
    provider.map(|provider| ProviderAuth::survey(provider, class, inputs))
}

/// Asks, naming what is lost. Where nobody can be asked, the command line must say it.
fn confirm(
    ctx: &Ctx,
    agent: &Agent,
    args: &RemoveArgs,
    target: Target<'_>,
    id: &str,
    billing: Option<Billing>,
) -> Result<(), Failure> {
    let agent_id = &agent.selected.id;
    if args.json || !ctx.terminal.can_prompt() {
        let word = shell_word(id);
        return Err(Failure::usage(format!(
            "Removing {id} is not asked for with --yes, and nobody can be asked."
        ))
        .hint("add --yes to remove it; its secret is not kept anywhere else here")
        .command(format!("fased models auth remove {word} --yes{}", agent.selected.flag())));
    }
    let lost = match target {
        Target::Profile(profile) => {
            let pays = billing.map(|billing| format!("; {}", wording::pays(billing))).unwrap_or_default();
            let email = profile.email.as_deref().map(|email| format!(", {email}")).unwrap_or_default();
            format!("{}{email}{pays}", described(profile))
        }
        Target::Unreadable(entry) => format!("an entry that cannot be read: {}", entry.problem.described()),
    };
    ctx.terminal.say(&format!("{} of agent {agent_id} would be lost:\n  {lost}", style::strong(id)));
    let choices =
        vec![Choice::new(false, "Keep it", ""), Choice::new(true, "Remove it", "this cannot be undone")];
    if ctx.terminal.ask_choice(&format!("Remove {id}?"), choices)? {
        Ok(())
    } else {
        Err(Failure::cancelled(format!("Kept {id}; nothing was written.")))
    }
}

/// Kind and masked secret.
fn described(profile: &Profile) -> String {
    format!("{} {}", profile.credential.kind().described(), profile.credential.material().shown())
}

/// Where else it is named or kept, which this command leaves alone.
fn other_copies(ctx: &Ctx, agent: &Agent, id: &str, snapshot: &Snapshot) -> Vec<String> {
    let config = ctx.paths.shown(ctx.paths.config());
    let places = agent.config.places_of(id).into_iter();
    let mut warnings: Vec<String> = places
        .map(|place| format!("`{place}` in {config} still names {id}; it is passed over there."))
        .collect();
    for finding in &snapshot.findings {
        if let StoreFinding::Imported(path) = finding {
            warnings.push(format!(
                "{} of an older program may still hold it; it is no longer read.",
                ctx.paths.shown(path)
            ));
        }
    }
    warnings
}

fn used_now(provider: &ProviderAuth<'_>, next: Option<&NextReport<'_>>, agent: &Agent) -> String {
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
        None if provider.profiles.is_empty() && provider.unreadable == 0 => {
            let fix =
                if name == "anthropic" { format!(" Add one: fased onboard{flag}") } else { String::new() };
            format!(
                "{} No credential of {name} is left for agent {}.{fix}",
                style::attention("!"),
                agent.selected.id
            )
        }
        None => format!(
            "{} None of the credentials of {name} that are left can be used now: fased models status{flag}",
            style::attention("!")
        ),
    }
}

fn failure(error: RemoveError, id: &str, agent: &Agent) -> Failure {
    let list = format!("fased models auth list{}", agent.selected.flag());
    match error {
        RemoveError::Store(error) => error.into(),
        RemoveError::Changed => Failure::new(
            Exit::Failed,
            "changed",
            format!("{id} changed in the meantime; it was left as it is."),
        )
        .hint("look at it, then run this again")
        .command(list),
        RemoveError::Several => refused("profile_id", &error)
            .fact(id)
            .hint(format!("remove the right one from {} by hand", agent.store.path().display())),
    }
}
