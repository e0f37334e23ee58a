//! `fased models auth ...`

mod export;
mod import;
mod list;
mod token;

use crate::auth::ProfileId;
use crate::auth::profile_id::ProfileIdError;
use crate::cli::auth::{AuthArgs, AuthCommand};
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::secret::{Secret, SecretKind};

pub(super) fn run(ctx: &Ctx, args: &AuthArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    match &args.command {
        AuthCommand::List(args) => list::run(ctx, &agent, args),
        AuthCommand::Import(args) => import::run(ctx, &agent, args),
        AuthCommand::Export(args) => export::run(ctx, &agent, args),
        AuthCommand::Token(args) => token::run(ctx, &agent, args),
    }
}

/// The provider named on the command line, in lower case. What is no name is not repeated: it may be a secret.
fn parse_provider(text: &str) -> Result<String, Failure> {
    let provider = text.trim().to_ascii_lowercase();
    let is_name = ProfileId::new(&provider, "default").is_ok();
    if is_name && Secret::new(provider.as_str()).kind() == SecretKind::Other {
        Ok(provider)
    } else {
        Err(Failure::usage("The value of --provider is not the name of a provider, like anthropic."))
    }
}

/// A profile named on the command line. What is no id is not repeated: it may be a secret.
fn parse_id(text: &str, argument: &str) -> Result<ProfileId, Failure> {
    text.trim()
        .parse()
        .map_err(|error: ProfileIdError| Failure::usage(format!("The value of {argument} is {error}.")))
}
