//! `fased gateway check`

use url::Url;

use crate::cli::GatewayCheckArgs;
use crate::config::load::Loaded;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::gateway::check::{self, CheckError, Target};
use crate::gateway::{instance, settings};
use crate::provider;
use crate::secret::{Secret, SecretKind};
use crate::terminal::gateway_check::text;
use crate::terminal::style;

/// Variables that may hold the key of a client, the first that is set counts.
const VARIABLES: [&str; 3] = ["FASED_GATEWAY_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_API_KEY"];

pub(super) fn run(ctx: &Ctx, args: &GatewayCheckArgs) -> Result<Exit, Failure> {
    let url = match &args.url {
        Some(url) => parsed(url)?,
        None => parsed(&of_this_machine(ctx)?)?,
    };
    let sandbox = args.sandbox.as_deref().map(parsed).transpose()?;
    let key = key(ctx, args)?;
    let transport = provider::transport(&ctx.env, ctx.network);
    let target = Target {
        url: &url,
        key: key.as_ref(),
        model: args.model.as_deref(),
        sandbox: sandbox.as_ref(),
        transport: &transport,
    };
    let spinner = ctx.terminal.spinner("Asking the gateway …");
    let checked = ctx.block_on(async {
        check::run(&target, ctx.clock.as_ref()).await.map_err(|error| told(&error, args.url.is_none()))
    });
    drop(spinner);
    let report = checked?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.answer(&text(&report, ctx.terminal.width()))?;
    }
    Ok(if report.failed > 0 { Exit::Failed } else { Exit::Ok })
}

/// The gateway of this state directory, or where it would be.
fn of_this_machine(ctx: &Ctx) -> Result<String, Failure> {
    if let Some(instance) = instance::running(&ctx.paths)? {
        return Ok(instance.url);
    }
    let Loaded { config, env } = ctx.load()?;
    let port =
        settings::port(None, &config.gateway, &env).map_err(|error| Failure::usage(format!("{error}.")))?;
    Ok(format!("http://127.0.0.1:{port}"))
}

fn parsed(text: &str) -> Result<Url, Failure> {
    Url::parse(text).map_err(|_| {
        Failure::usage("That is no URL.")
            .hint("give the base URL of the gateway, as its clients have it")
            .command("fased gateway check https://llm.example.com")
    })
}

/// The key of a client: the one that was given, else one the environment has for a gateway.
fn key(ctx: &Ctx, args: &GatewayCheckArgs) -> Result<Option<Secret>, Failure> {
    let given = match &args.key {
        Some(key) => Some(Secret::new(key.trim())),
        None if args.key_stdin => Some(Secret::new(ctx.terminal.read_stdin()?.trim())),
        None => None,
    };
    if let Some(key) = given {
        let is_empty = key.is_empty();
        return if is_empty { Err(Failure::usage("The key is empty.")) } else { Ok(Some(key)) };
    }
    let Some((name, key)) = VARIABLES.iter().find_map(|name| Some((name, Secret::new(ctx.env.get(name)?))))
    else {
        return Ok(None);
    };
    let is_anthropics = !matches!(key.kind(), SecretKind::GatewayClientKey | SecretKind::Other);
    if is_anthropics && !key.is_sandbox() {
        // Whoever runs the gateway would have it then.
        ctx.terminal.say(&format!(
            "{} {name} holds {}; only --key sends that to a gateway",
            style::attention("!"),
            key.kind().described()
        ));
        return Ok(None);
    }
    Ok(Some(key))
}

fn told(error: &CheckError, is_ours: bool) -> Failure {
    let message = format!("{}.", crate::text::capitalised(&error.to_string()).trim_end_matches('.'));
    match error {
        CheckError::Unreachable { .. } => {
            let failure = Failure::new(Exit::Network, "unreachable", message);
            if is_ours {
                failure.hint("start it in another terminal, or name the gateway").command("fased gateway")
            } else {
                failure.hint("see whether it runs, and whether the address is the one clients have")
            }
        }
        CheckError::KeyNeeded { .. } => Failure::usage(message)
            .hint("give the key of one of its clients, by --key-stdin, --key or FASED_GATEWAY_KEY")
            .command("printf %s \"$FASED_GATEWAY_KEY\" | fased gateway check --key-stdin"),
        CheckError::NoSandbox { .. } => Failure::usage(message)
            .hint("--sandbox is the address of the sandbox that is the gateway's upstream")
            .command("fased sandbox --port 8787"),
        CheckError::Client(_) => Failure::usage(message)
            .hint("a gateway's base URL is https, or http on this machine, without user, query or fragment"),
    }
}
