//! `fased sandbox`

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::SandboxArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::terminal::style;

/// A key the sandbox takes. It holds nothing secret.
pub(super) const KEY: &str = "sk-ant-api03-sandbox-demo-000000000000000000000000-key1";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SandboxReport<'a> {
    schema_version: u32,
    url: &'a str,
    api_key: &'a str,
}

pub(super) fn run(ctx: &Ctx, args: &SandboxArgs) -> Result<Exit, Failure> {
    let mut options = SandboxOptions::new(Arc::clone(&ctx.clock));
    options.port = args.port;
    options.delay = Duration::from_millis(args.delay_ms);
    options.event_delay = Duration::from_millis(args.event_delay_ms);
    options.token_lifetime = Duration::from_secs(args.token_lifetime_s);
    let served: Result<(), Failure> = ctx.block_on(async {
        let sandbox = Sandbox::start(options).await.map_err(|error| cannot_start(args.port, &error))?;
        announce(ctx, args, &sandbox.url())?;
        std::future::pending::<()>().await;
        Ok(())
    });
    match served {
        // Ctrl-C is how a server is meant to end.
        Err(failure) if failure.exit == Exit::Cancelled => Ok(Exit::Ok),
        other => other.map(|()| Exit::Ok),
    }
}

fn announce(ctx: &Ctx, args: &SandboxArgs, url: &str) -> Result<(), Failure> {
    if args.json {
        return ctx.terminal.answer_json(&SandboxReport {
            schema_version: SCHEMA_VERSION,
            url,
            api_key: KEY,
        });
    }
    ctx.terminal.answer(&format!("{url}\n"))?;
    ctx.terminal.say(&format!(
        "A stand-in of the Anthropic API; it takes any key containing -sandbox-. In another terminal:\n\n  \
         export ANTHROPIC_BASE_URL={url}\n  export ANTHROPIC_API_KEY={KEY}\n  fased chat hello\n\n{}",
        style::dim("Ctrl-C ends it.")
    ));
    Ok(())
}

fn cannot_start(port: u16, error: &std::io::Error) -> Failure {
    let failure =
        Failure::new(Exit::Failed, "bind", format!("Cannot listen on 127.0.0.1:{port}: {}.", error.kind()));
    failure.hint("take a free port").command("fased sandbox --port 0")
}
