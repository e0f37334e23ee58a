//! `fased onboard`: a credential from a flag, a pipe or the environment makes it a script that asks nothing; without one,
//! a person is asked. Both ways end in [`save`].

mod interactive;
mod refusal;
mod save;
mod scripted;

use crate::auth::ProfileId;
use crate::auth::intake::Expected;
use crate::auth::lifetime;
use crate::auth::profile::{Expiry, SecretRef};
use crate::cli::{AuthChoice, OnboardArgs};
use crate::commands::agent::Agent;
use crate::commands::secret_ref;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::secret::Secret;
use crate::terminal::style;

/// The ways to onboard without a terminal.
const RECIPES: [&str; 2] = [
    "printf %s \"$ANTHROPIC_API_KEY\" | fased onboard --api-key-stdin",
    "printf %s \"$CLAUDE_SETUP_TOKEN\" | fased onboard --auth-choice token --token-provider anthropic --token-stdin",
];

/// What the flags ask for, checked.
#[derive(Clone)]
struct Wanted {
    kind: Kind,
    /// Where it is stored, when that was said.
    profile_id: Option<ProfileId>,
    /// When a token ends, when that was said.
    expires: Expiry,
    replace: bool,
}

/// Which credential, and from where.
#[derive(Clone)]
enum Kind {
    /// One that was given, as text that is not judged yet.
    Given(Expected, Secret),
    /// One that is kept elsewhere.
    Reference(Expected, SecretRef),
    /// One of this kind, to be asked for.
    Ask(Expected),
    /// Whatever a person chooses.
    AskEverything,
    /// None.
    Skip,
}

pub(super) fn run(ctx: &Ctx, args: &OnboardArgs) -> Result<Exit, Failure> {
    // Flags and agent are checked before anything is read or asked, so that a mistake costs nothing.
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let wanted = wanted(ctx, args)?;
    match wanted.kind {
        Kind::Skip => scripted::skip(ctx, args, &agent),
        Kind::Given(..) | Kind::Reference(..) => scripted::run(ctx, args, &agent, &wanted),
        Kind::Ask(_) | Kind::AskEverything => interactive::run(ctx, args, &agent, wanted),
    }
}

fn wanted(ctx: &Ctx, args: &OnboardArgs) -> Result<Wanted, Failure> {
    let profile_id = args.profile_id.as_deref().map(parse_profile_id).transpose()?;
    let expires = args.token_expires_in.as_deref().map(|text| expiry(ctx, text)).transpose()?;
    if args.token_provider.as_deref().is_some_and(|provider| provider != "anthropic") {
        // What was given is not repeated: it may be a token at the wrong flag.
        return Err(Failure::usage("--token-provider takes anthropic and nothing else."));
    }
    let gives_key = args.anthropic_api_key.is_some() || args.api_key_stdin;
    let gives_token = args.token.is_some() || args.token_stdin;
    let about_tokens = gives_token || expires.is_some() || args.token_provider.is_some();
    let reference = secret_ref::of_flag(&args.reference)?;
    if reference.is_some() && (gives_key || gives_token) {
        return Err(Failure::usage("--secret-ref does not go with a credential that is given.")
            .hint("leave out one of the two"));
    }
    let expected = match args.auth_choice {
        Some(AuthChoice::Skip) if gives_key || gives_token || reference.is_some() => {
            return Err(Failure::usage("--auth-choice skip stores nothing, but a credential is given.")
                .hint("leave out one of the two"));
        }
        Some(AuthChoice::ApiKey) if about_tokens => {
            return Err(Failure::usage("--auth-choice apiKey does not go with the --token flags.")
                .hint("use --auth-choice token, or leave the --token flags out"));
        }
        Some(AuthChoice::Token) if gives_key => {
            return Err(Failure::usage("--auth-choice token does not go with an API key.")
                .hint("use --auth-choice apiKey, or give the token with --token-stdin"));
        }
        Some(AuthChoice::Skip) => None,
        Some(AuthChoice::ApiKey) => Some(Expected::ApiKey),
        Some(AuthChoice::Token) => Some(Expected::SetupToken),
        None if gives_key && about_tokens => {
            return Err(Failure::usage("An API key does not go with the --token flags.")
                .hint("run it twice, once for each credential"));
        }
        None if gives_key => Some(Expected::ApiKey),
        None if about_tokens => Some(Expected::SetupToken),
        None if reference.is_some() => Some(Expected::ApiKey),
        None => {
            let wanted = everything(ctx, args)?;
            return Ok(Wanted { profile_id, replace: args.replace, ..wanted });
        }
    };
    let kind = match (expected, reference) {
        (None, _) => Kind::Skip,
        (Some(expected), Some(reference)) => Kind::Reference(expected, reference),
        (Some(expected), None) => match given(ctx, args, expected)? {
            Some(secret) => match secret_ref::of_given(ctx, &args.reference, &secret, expected)? {
                Some(reference) => Kind::Reference(expected, reference),
                None => Kind::Given(expected, secret),
            },
            None if may_ask(ctx, args) => Kind::Ask(expected),
            None => return Err(not_given(expected)),
        },
    };
    Ok(Wanted { kind, profile_id, expires: expires.unwrap_or(Expiry::Unknown), replace: args.replace })
}

fn everything(ctx: &Ctx, args: &OnboardArgs) -> Result<Wanted, Failure> {
    if !may_ask(ctx, args) {
        let failure = Failure::usage("There is no credential to store, and no terminal to ask on.");
        let failure = failure.hint("give one, best by a pipe");
        return Err(RECIPES.iter().fold(failure, |failure, recipe| failure.command(*recipe)));
    }
    Ok(Wanted { kind: Kind::AskEverything, profile_id: None, expires: Expiry::Unknown, replace: false })
}

fn may_ask(ctx: &Ctx, args: &OnboardArgs) -> bool {
    ctx.terminal.can_prompt() && !args.non_interactive && !args.json
}

/// The credential from a flag, standard input, or - for an API key that nobody can be asked for - the environment.
fn given(ctx: &Ctx, args: &OnboardArgs, expected: Expected) -> Result<Option<Secret>, Failure> {
    let (flag, stdin, what) = match expected {
        Expected::ApiKey => (&args.anthropic_api_key, args.api_key_stdin, "API key"),
        Expected::SetupToken => (&args.token, args.token_stdin, "Setup-token"),
    };
    if let Some(secret) = flag {
        return Ok(Some(secret.clone()));
    }
    if stdin {
        return ctx.terminal.read_secret(what, !args.non_interactive && !args.json).map(Some);
    }
    let from_env = expected == Expected::ApiKey && !may_ask(ctx, args);
    let secret = ctx.env.get("ANTHROPIC_API_KEY").filter(|_| from_env).map(Secret::new);
    if secret.is_some() {
        ctx.terminal.say(&style::dim("using ANTHROPIC_API_KEY of the environment"));
    }
    Ok(secret)
}

fn not_given(expected: Expected) -> Failure {
    match expected {
        Expected::ApiKey => Failure::usage(
            "Missing --anthropic-api-key or --api-key-stdin (ANTHROPIC_API_KEY is not set either).",
        )
        .hint("give the key, best by a pipe")
        .command(RECIPES[0]),
        Expected::SetupToken => Failure::usage("Missing --token or --token-stdin for --auth-choice token.")
            .hint("get one with `claude setup-token`, then give it, best by a pipe")
            .command(RECIPES[1]),
    }
}

fn parse_profile_id(text: &str) -> Result<ProfileId, Failure> {
    let id: ProfileId = text.parse().map_err(|error: crate::auth::profile_id::ProfileIdError| {
        Failure::usage(format!("The value of --profile-id is {error}."))
    })?;
    if id.provider() == "anthropic" {
        Ok(id)
    } else {
        Err(Failure::usage("The value of --profile-id does not begin with anthropic:, like anthropic:work."))
    }
}

fn expiry(ctx: &Ctx, text: &str) -> Result<Expiry, Failure> {
    let length = lifetime::parse(text)
        .map_err(|error| Failure::usage(format!("The value of --token-expires-in is {error}.")))?;
    let end = ctx.clock.now().checked_add(length);
    end.map(Expiry::At)
        .map_err(|_| Failure::usage("The value of --token-expires-in lies beyond all calendars."))
}
