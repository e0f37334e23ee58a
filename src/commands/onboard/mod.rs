//! `fased onboard`: a credential from a flag, a pipe or the environment makes it a script that asks nothing; without one,
//! a person is asked.

mod custom;
mod interactive;
mod scripted;

use crate::auth::ProfileId;
use crate::auth::form::ANTHROPIC;
use crate::auth::intake::Expected;
use crate::auth::profile::{Expiry, SecretRef};
use crate::cli::{AuthChoice, OnboardArgs};
use crate::commands::agent::Agent;
use crate::commands::credential::flags;
use crate::commands::secret_ref;
use crate::credentials::Place;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::secret::Secret;
use crate::terminal::style;
use crate::text::shell_word;

/// The ways to onboard without a terminal.
const RECIPES: [&str; 2] = [
    "printf %s \"$ANTHROPIC_API_KEY\" | fased onboard --api-key-stdin",
    "printf %s \"$CLAUDE_SETUP_TOKEN\" | fased onboard --auth-choice token --token-provider anthropic --token-stdin",
];

/// What the flags ask for, checked.
#[derive(Clone)]
struct Wanted {
    kind: Kind,
    place: Place,
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
    /// The pair of a sign-in with a browser.
    SignIn,
    /// One of another endpoint.
    Custom,
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
        Kind::Custom => custom::run(ctx, args, agent),
        Kind::Skip => scripted::skip(ctx, args, &agent),
        Kind::Given(..) | Kind::Reference(..) => scripted::run(ctx, args, &agent, &wanted),
        Kind::SignIn if !may_ask(ctx, args) => scripted::sign_in(ctx, args, &agent, &wanted.place),
        Kind::Ask(_) | Kind::SignIn | Kind::AskEverything => interactive::run(ctx, args, agent, &wanted),
    }
}

fn wanted(ctx: &Ctx, args: &OnboardArgs) -> Result<Wanted, Failure> {
    if custom::is_wanted(args)? {
        let place = place(None, Expiry::Unknown, args.replace);
        return Ok(Wanted { kind: Kind::Custom, place });
    }
    let profile_id = args.profile_id.as_deref().map(|id| flags::profile_id(id, ANTHROPIC)).transpose()?;
    let expires = args.token_expires_in.as_deref();
    let expires = expires.map(|text| flags::expiry(ctx, "--token-expires-in", text)).transpose()?;
    flags::only_anthropic("--token-provider", args.token_provider.as_deref())?;
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
        Some(AuthChoice::OAuth) if gives_key || about_tokens || secret_ref::is_wanted(&args.reference) => {
            return Err(Failure::usage(
                "--auth-choice anthropic-oauth does not go with a credential that is given.",
            )
            .hint("leave out one of the two"));
        }
        Some(AuthChoice::OAuth) if args.non_interactive => {
            return Err(RECIPES.iter().fold(
                Failure::usage(
                    "A sign-in needs a person with a browser, and --non-interactive says there is none.",
                )
                .hint("leave --non-interactive out, or give a key or token by a pipe"),
                |failure, recipe| failure.command(*recipe),
            ));
        }
        Some(AuthChoice::OAuth | AuthChoice::Skip | AuthChoice::Custom) => None,
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
            everything(ctx, args)?;
            let place = place(profile_id, Expiry::Unknown, args.replace);
            return Ok(Wanted { kind: Kind::AskEverything, place });
        }
    };
    let kind = match (expected, reference) {
        (None, _) if args.auth_choice == Some(AuthChoice::OAuth) => Kind::SignIn,
        (None, _) => Kind::Skip,
        (Some(expected), Some(reference)) => Kind::Reference(expected, reference),
        (Some(expected), None) => match given(ctx, args, expected)? {
            Some(secret) => {
                let (flag, variable) = match expected {
                    Expected::ApiKey => ("--anthropic-api-key", "ANTHROPIC_API_KEY"),
                    Expected::SetupToken => ("--token", "ANTHROPIC_OAUTH_TOKEN"),
                };
                match secret_ref::of_given(ctx, &args.reference, &secret, flag, variable)? {
                    Some(reference) => Kind::Reference(expected, reference),
                    None => Kind::Given(expected, secret),
                }
            }
            None if may_ask(ctx, args) => Kind::Ask(expected),
            None if secret_ref::is_wanted(&args.reference) => return Err(no_reference(args, expected)),
            None => return Err(not_given(expected)),
        },
    };
    let place = place(profile_id, expires.unwrap_or(Expiry::Unknown), args.replace);
    Ok(Wanted { kind, place })
}

/// Where a credential of Anthropic goes.
fn place(profile_id: Option<ProfileId>, expires: Expiry, replace: bool) -> Place {
    Place { provider: ANTHROPIC.to_owned(), profile_id, usual_name: None, expires, replace }
}

/// Without any choice somebody must be there to make it.
fn everything(ctx: &Ctx, args: &OnboardArgs) -> Result<(), Failure> {
    if may_ask(ctx, args) {
        return Ok(());
    }
    if secret_ref::is_wanted(&args.reference) {
        return Err(no_reference(args, Expected::ApiKey));
    }
    let failure = Failure::usage("There is no credential to store, and no terminal to ask on.");
    let failure = failure.hint("give one, best by a pipe");
    Err(RECIPES.iter().fold(failure, |failure, recipe| failure.command(*recipe)))
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

/// A reference was asked for, and nothing says where it leads.
fn no_reference(args: &OnboardArgs, expected: Expected) -> Failure {
    let (choice, variable) = match expected {
        Expected::ApiKey => ("", "ANTHROPIC_API_KEY"),
        Expected::SetupToken => (" --auth-choice token", "ANTHROPIC_OAUTH_TOKEN"),
    };
    let agent = args.agent.as_ref().map(|id| format!(" --agent {}", shell_word(id))).unwrap_or_default();
    Failure::usage("--secret-input-mode ref stores where a credential is kept, and nothing says where.")
        .hint("name the place, like a variable of the environment")
        .command(format!("fased onboard{choice} --secret-ref env:{variable}{agent}"))
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
