//! `fased models auth login`

use super::{paste_token, setup_token};
use crate::auth::intake::Expected;
use crate::cli::auth::{LoginArgs, LoginMethod};
use crate::commands::agent::Agent;
use crate::commands::credential::sign_in::{self, Manner};
use crate::commands::credential::{default_model, flags, method};
use crate::credentials::sign_in::USUAL_LIMIT;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &LoginArgs) -> Result<Exit, Failure> {
    // All flags are checked before anybody is asked anything.
    let place = paste_token::place(ctx, agent, &args.store, None)?;
    let limit = args.timeout.as_deref().map(flags::timeout).transpose()?.unwrap_or(USUAL_LIMIT);
    let method = match args.method {
        Some(LoginMethod::OAuth | LoginMethod::Token) if !place.is_anthropics() => {
            let (provider, flag) = (&place.provider, agent.selected.flag());
            return Err(Failure::usage(format!(
                "Signing in and setup-tokens are Anthropic's; {provider} takes an API key."
            ))
            .hint("store its key, or a bearer token it issued")
            .command(format!("fased models auth login --provider {provider} --method api-key{flag}"))
            .command(format!("fased models auth paste-token --provider {provider}{flag}")));
        }
        Some(method) => method,
        None if !place.is_anthropics() => LoginMethod::ApiKey,
        None => ask_method(ctx, agent, args.store.json)?,
    };
    if method != LoginMethod::Token && args.store.expires_in.is_some() {
        return Err(Failure::usage("--expires-in is for tokens; when anything else ends is known."));
    }
    let mut report = match method {
        LoginMethod::OAuth => {
            let no_browser = args.no_browser;
            let manner = Manner { no_browser, limit, verify: true, json: args.store.json, how: "login" };
            sign_in::run(ctx, agent, &place, &manner)?.0
        }
        LoginMethod::Token => setup_token::store(ctx, agent, &args.store, false)?,
        LoginMethod::ApiKey => {
            paste_token::secret(ctx, agent, &place, &args.store, Expected::ApiKey, "login")?
        }
    };
    if args.set_default {
        report.set_default_model(ctx, agent, &default_model::of_provider(&place.provider, agent)?)?;
    }
    report.tell(ctx, args.store.json)?;
    Ok(Exit::Ok)
}

fn ask_method(ctx: &Ctx, agent: &Agent, json: bool) -> Result<LoginMethod, Failure> {
    if ctx.terminal.can_prompt() && !json {
        return method::ask(ctx);
    }
    let flag = agent.selected.flag();
    Err(Failure::usage("Nobody can be asked how to sign in; --method says it.")
        .hint("name one")
        .command(format!(
            "printf %s \"$ANTHROPIC_API_KEY\" | fased models auth login --provider anthropic --method api-key{flag}"
        ))
        .command(format!("fased models auth login --provider anthropic --method anthropic-oauth{flag}"))
        .command(format!(
            "printf %s \"$CLAUDE_SETUP_TOKEN\" | fased models auth login --provider anthropic --method token{flag}"
        )))
}
