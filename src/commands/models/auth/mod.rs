//! `fased models auth ...`

mod cooldown;
mod export;
mod import;
mod list;
mod login;
mod order;
mod paste_token;
mod remove;
mod rename;
mod setup_token;
mod token;

use crate::auth::ProfileId;
use crate::auth::form::ANTHROPIC;
use crate::auth::profile_id::ProfileIdError;
use crate::auth::store::Snapshot;
use crate::auth::wording;
use crate::cli::auth::{AuthArgs, AuthCommand};
use crate::commands::agent::Agent;
use crate::config::unknown_keys::nearest;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::selection::AgentModels;
use crate::secret::{Secret, SecretKind};
use crate::text::{one_line, without_credentials};

pub(super) fn run(ctx: &Ctx, args: &AuthArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    match &args.command {
        AuthCommand::Login(args) => login::run(ctx, &agent, args),
        AuthCommand::SetupToken(args) => setup_token::run(ctx, &agent, args),
        AuthCommand::PasteToken(args) => paste_token::run(ctx, &agent, args),
        AuthCommand::List(args) => list::run(ctx, &agent, args),
        AuthCommand::Order(args) => order::run(ctx, &agent, args),
        AuthCommand::Cooldown(args) => cooldown::run(ctx, &agent, args),
        AuthCommand::Remove(args) => remove::run(ctx, &agent, args),
        AuthCommand::Rename(args) => rename::run(ctx, &agent, args),
        AuthCommand::Import(args) => import::run(ctx, &agent, args),
        AuthCommand::Export(args) => export::run(ctx, &agent, args),
        AuthCommand::Token(args) => token::run(ctx, &agent, args),
    }
}

/// The provider named on the command line, in lower case. What is no name is not repeated: it may be a secret.
pub(in crate::commands::models) fn parse_provider(text: &str) -> Result<String, Failure> {
    let provider = text.trim().to_ascii_lowercase();
    let is_name = ProfileId::new(&provider, "default").is_ok();
    if is_name && Secret::new(provider.as_str()).kind() == SecretKind::Other {
        Ok(provider)
    } else {
        Err(Failure::usage("The value of --provider is not the name of a provider, like anthropic."))
    }
}

/// Refuses a provider of which nothing is stored and that no configuration knows: most likely it is mistyped.
pub(in crate::commands::models) fn known_provider(
    provider: &str,
    flag: &str,
    agent: &Agent,
    snapshot: &Snapshot,
) -> Result<(), Failure> {
    let config = &agent.config;
    let models = AgentModels::of(&agent.selected.id, config)?;
    let mut known: Vec<&str> = snapshot
        .profiles
        .keys()
        .map(ProfileId::provider)
        .chain(snapshot.order.keys().map(String::as_str))
        .chain(config.models.providers.keys().map(String::as_str))
        .chain(config.auth.order.keys().map(String::as_str))
        .chain(config.auth.profiles.values().map(|profile| profile.provider.as_str()))
        .chain(models.providers())
        .chain(["anthropic"])
        .collect();
    let is_known = known.iter().any(|name| name.eq_ignore_ascii_case(provider));
    if is_known || snapshot.ignored.iter().any(|entry| entry.is_of(provider)) {
        return Ok(());
    }
    known.sort_unstable();
    known.dedup();
    let message = format!("{flag} {provider}: this provider has no credentials and is not configured.");
    let meant = nearest(provider, known.iter().copied());
    let hint = meant.map_or_else(|| "name one of those".to_owned(), |name| format!("did you mean {name}?"));
    Err(Failure::new(Exit::Usage, "unknown_provider", message)
        .fact(format!("known providers: {}", one_line(&known.join(", "))))
        .hint(without_credentials(&one_line(&hint)))
        .command(format!("fased models status{}", agent.selected.flag())))
}

/// Refuses a provider that a new credential could not be used for: the config has no address for it.
fn credential_provider(provider: &str, agent: &Agent) -> Result<(), Failure> {
    let config = &agent.config;
    let has_address = |id: &str| config.provider(id).is_some_and(|entry| entry.base_url.is_some());
    if provider == ANTHROPIC || has_address(provider) {
        return Ok(crate::provider::check_api(provider, config)?);
    }
    let mut known = vec![ANTHROPIC.to_owned()];
    let configured = config.models.providers.keys().map(|id| id.trim().to_ascii_lowercase());
    known.extend(configured.filter(|id| id != ANTHROPIC && has_address(id)));
    let message = format!("--provider {provider}: this provider has no base URL in the config.");
    Err(Failure::new(Exit::Usage, "unknown_provider", message)
        .fact(format!("configured providers: {}", one_line(&known.join(", "))))
        .hint("name one of those, or set up an Anthropic-compatible endpoint by")
        .command(wording::endpoint_setup(provider, None, None)))
}

/// A profile named on the command line. What is no id is not repeated: it may be a secret.
fn parse_id(text: &str, argument: &str) -> Result<ProfileId, Failure> {
    text.trim()
        .parse()
        .map_err(|error: ProfileIdError| Failure::usage(format!("The value of {argument} is {error}.")))
}

/// The ids, one after the other.
fn joined<'a>(ids: impl IntoIterator<Item = &'a ProfileId>) -> String {
    ids.into_iter().map(ProfileId::as_str).collect::<Vec<_>>().join(", ")
}
