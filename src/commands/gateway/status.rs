//! `fased gateway status`

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::GatewayStatusArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::gateway::instance::{self, Instance};
use crate::gateway::owner::{self, Health};
use crate::terminal::style;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusReport<'a> {
    schema_version: u32,
    running: bool,
    #[serde(flatten)]
    instance: Option<&'a Instance>,
    health: Option<&'a Health>,
}

pub(super) fn run(ctx: &Ctx, args: GatewayStatusArgs) -> Result<Exit, Failure> {
    let instance = instance::running(&ctx.paths)?;
    let health = match &instance {
        Some(instance) => Some(ctx.block_on(async { Ok(owner::health(instance).await?) })?),
        None => None,
    };
    let exit = match &health {
        Some(health) if health.problems.is_empty() => Exit::Ok,
        _ => Exit::Failed,
    };
    if args.json {
        let (instance, health) = (instance.as_ref(), health.as_ref());
        let running = instance.is_some();
        ctx.terminal.answer_json(&StatusReport {
            schema_version: SCHEMA_VERSION,
            running,
            instance,
            health,
        })?;
        return Ok(exit);
    }
    let text = match (&instance, &health) {
        (Some(instance), Some(health)) => described(ctx, instance, health),
        _ => "No gateway of this state directory runs.\n\nStart it: fased gateway\n".to_owned(),
    };
    ctx.terminal.answer(&text)?;
    Ok(exit)
}

fn described(ctx: &Ctx, instance: &Instance, health: &Health) -> String {
    let Instance { url, pid, version, started_at } = instance;
    let since = crate::text::duration(ctx.clock.now().duration_since(*started_at));
    let mut text = format!("Gateway   {url}\nRunning   for {since} (pid {pid}, version {version})\n");
    for problem in &health.problems {
        text.push_str(&match problem.as_str() {
            "config" => format!(
                "\n{} The config became invalid; the last good one is in force.\n  fix: fased config validate\n",
                style::attention("!")
            ),
            "restart" => format!(
                "\n{} gateway.port or gateway.bind changed; they hold from the gateway's next start.\n",
                style::attention("!")
            ),
            other => format!("\n{} {}\n", style::attention("!"), crate::text::one_line(other)),
        });
    }
    text
}
