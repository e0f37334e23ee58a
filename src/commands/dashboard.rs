//! `fased dashboard`

use serde::Serialize;
use url::Url;

use crate::SCHEMA_VERSION;
use crate::cli::DashboardArgs;
use crate::config::load::Loaded;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::gateway::{instance, owner, token};
use crate::terminal::browser;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DashboardReport<'a> {
    schema_version: u32,
    url: &'a str,
    expires_in_seconds: u32,
}

/// How long a link works.
const LIFETIME_SECONDS: u32 = 60;

pub(super) fn run(ctx: &Ctx, args: DashboardArgs) -> Result<Exit, Failure> {
    let Loaded { config, env } = ctx.load()?;
    let Some(instance) = instance::running(&ctx.paths)? else {
        return Err(Failure::new(Exit::Failed, "no_gateway", "No gateway of this state directory runs.")
            .hint("start it in another terminal, or as a service, and try again")
            .command("fased gateway")
            .command("fased gateway service"));
    };
    let Some(token) = token::read(&config, &env, &ctx.paths)? else {
        return Err(Failure::new(Exit::Failed, "gateway_token", "The gateway's token is gone.")
            .hint("a gateway that starts makes a new one"));
    };
    let link = ctx.block_on(async { Ok(owner::login_link(&instance, &token).await?) })?;
    if args.json {
        let report = DashboardReport {
            schema_version: SCHEMA_VERSION,
            url: &link,
            expires_in_seconds: LIFETIME_SECONDS,
        };
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    ctx.terminal.answer(&format!("{link}\n"))?;
    let opened = !args.no_browser
        && browser::is_here(&ctx.env)
        && Url::parse(&link).is_ok_and(|page| browser::open(&ctx.env, &page).is_ok());
    ctx.terminal.say(if opened {
        "Opened in your browser. The link works once and for a minute."
    } else {
        "Open this link in a browser; it works once and for a minute."
    });
    Ok(Exit::Ok)
}
