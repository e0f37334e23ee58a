//! What the commands that choose models have in common: whose choice it is, a model as typed, and what is said of it.

use crate::auth::wording;
use crate::cli::choice::ChoiceArgs;
use crate::commands::agent::agent_id;
use crate::config::agent_list::{self, AgentListError};
use crate::config::unknown_keys::nearest;
use crate::config::{AgentId, Config};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure, typed_model};
use crate::models::advice;
use crate::models::known::KnownModels;
use crate::models::refs::{ANTHROPIC, ModelRef};
use crate::provider::{self, ProviderError};
use crate::terminal::style;
use crate::text::{one_line, without_credentials};

/// The agent whose own choice is meant; all agents without one are, where none is named.
pub(in crate::commands) fn whose(args: &ChoiceArgs, config: &Config) -> Result<Option<AgentId>, Failure> {
    let Some(text) = &args.agent else { return Ok(None) };
    let id = agent_id(text, "value of --agent")?;
    agent_list::check_known(config, &id).map_err(AgentListError::from)?;
    Ok(Some(id))
}

/// How people call those it is about.
pub(in crate::commands) fn called(agent: Option<&AgentId>) -> String {
    agent.map_or_else(|| "all agents".to_owned(), |id| format!("agent {id}"))
}

/// A model that is to be chosen, and what should be known of it.
#[derive(Debug)]
pub(in crate::commands) struct Named {
    pub(in crate::commands) model: ModelRef,
    pub(in crate::commands) warnings: Vec<String>,
}

/// A model on the command line that is to be asked from now on: there must be a way to its provider.
pub(in crate::commands) fn to_be_asked(ctx: &Ctx, text: &str, config: &Config) -> Result<Named, Failure> {
    let model = named(text, config)?;
    provider::check(model.provider(), config, &ctx.env)
        .map_err(|error| cannot_be_asked(&model, error, config))?;
    let today = ctx.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let warnings = advice::about(&model, &KnownModels::of(config), today).into_iter().collect();
    Ok(Named { model, warnings })
}

/// A provider without an address is most likely one that is mistyped.
fn cannot_be_asked(model: &ModelRef, error: ProviderError, config: &Config) -> Failure {
    let ProviderError::NoBaseUrl { provider } = &error else { return error.into() };
    let configured = config.models.providers.keys().map(|id| id.trim().to_ascii_lowercase());
    let mut known: Vec<String> = configured.chain([ANTHROPIC.to_owned()]).collect();
    known.sort_unstable();
    known.dedup();
    let meant = nearest(provider, known.iter().map(String::as_str)).filter(|name| name != provider);
    let others = "see the models there are, or set up an Anthropic-compatible endpoint";
    let hint = match meant {
        Some(name) => format!("did you mean {name}/{}? Otherwise {others}", model.model()),
        None => others.to_owned(),
    };
    Failure::new(Exit::Failed, "base_url", error.to_string())
        .fact(format!("known providers: {}", one_line(&known.join(", "))))
        .hint(without_credentials(&one_line(&hint)))
        .command("fased models list --all")
        .command(without_credentials(&wording::endpoint_setup(provider, Some(model.model()), None)))
}

/// A model on the command line. A secret at its place is not repeated; a profile has no place in the config.
pub(in crate::commands) fn named(text: &str, config: &Config) -> Result<ModelRef, Failure> {
    let typed = typed_model::parse(text, "model", config)?;
    match typed.profile {
        None => Ok(typed.model),
        Some(profile) => Err(Failure::usage(format!(
            "A model in the config has no profile; {profile} is one of {}.",
            profile.provider()
        ))
        .hint("name the model alone; which profile is used first is up to the order of an agent")
        .command(format!(
            "fased models auth order set --provider {} {}",
            profile.provider(),
            crate::text::shell_word(profile.as_str())
        ))),
    }
}

/// Says what should be known, a line each.
pub(in crate::commands) fn warn(ctx: &Ctx, warnings: &[String]) {
    for warning in warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
}
