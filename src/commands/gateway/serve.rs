//! `fased gateway`

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::GatewayServeArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::gateway::settings::Asked;
use crate::gateway::{Gateway, GatewayOptions};
use crate::terminal::{asked_to_end, style};

/// How long answers under way may go on after the end was asked for; a second Ctrl-C does not wait.
const LAST_ANSWERS: Duration = Duration::from_secs(600);
/// Threads that serve: half of the cores, because handing a request from one to the other costs more than it is worth as
/// long as one keeps up, and more than a few only cost memory.
const MOST_THREADS: usize = 4;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Started<'a> {
    schema_version: u32,
    url: &'a str,
    pid: u32,
}

pub(super) fn run(ctx: &Ctx, args: GatewayServeArgs) -> Result<Exit, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = (threads / 2).clamp(1, MOST_THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let served = runtime.block_on(serve(ctx, args));
    runtime.shutdown_background();
    served.map(|()| Exit::Ok)
}

async fn serve(ctx: &Ctx, args: GatewayServeArgs) -> Result<(), Failure> {
    // Listened for from the first moment on, so that a signal never ends the process half started.
    let end = asked_to_end();
    let gateway = Gateway::start(GatewayOptions {
        asked: Asked { port: args.port, bind: args.bind },
        env: ctx.env.clone(),
        paths: ctx.paths.clone(),
        network: ctx.network,
        clock: Arc::clone(&ctx.clock),
        in_flight: ctx.in_flight.clone(),
        programs: ctx.programs.clone(),
    })
    .await?;
    announce(ctx, args, &gateway)?;
    end.await;
    let at_once = asked_to_end();
    let waits_for = match (gateway.streams(), gateway.sign_ins()) {
        (0, 0) => None,
        (0, _) => Some("the sign-in under way has".to_owned()),
        (1, _) => Some("the answer under way has".to_owned()),
        (many, _) => Some(format!("{many} answers under way have")),
    };
    match waits_for {
        None => ctx.terminal.say("Stopping."),
        Some(what) => {
            ctx.terminal.say(&format!("Stopping when {what} ended; Ctrl-C again stops at once."));
        }
    }
    let patience = async {
        tokio::select! {
            () = tokio::time::sleep(LAST_ANSWERS) => {}
            _ = at_once => {}
        }
    };
    gateway.stop_within(patience).await;
    Ok(())
}

fn announce(ctx: &Ctx, args: GatewayServeArgs, gateway: &Gateway) -> Result<(), Failure> {
    let instance = gateway.instance();
    if let Some(unheeded) = gateway.unheeded_bind() {
        ctx.terminal.say(&format!("{} {unheeded}", style::attention("!")));
    }
    if args.bind.is_some_and(|ip| !ip.is_loopback()) {
        ctx.terminal.say(&format!(
            "{} It can be reached from other machines, and what is sent is not encrypted.\n  \
             Put something that speaks TLS in front of it, and name its host in gateway.allowedHosts.",
            style::attention("!")
        ));
    }
    let url = &instance.url;
    if args.json {
        let started = Started { schema_version: SCHEMA_VERSION, url, pid: instance.pid };
        return ctx.terminal.answer_json(&started);
    }
    ctx.terminal.answer(&format!("{url}\n"))?;
    ctx.terminal.say(&format!(
        "The gateway is running. In another terminal:\n\n  \
         fased dashboard                 open the Control UI\n  \
         fased gateway keys add my-app   make a key for a program, which then uses\n  \
         {:32}ANTHROPIC_BASE_URL={url}\n\n{}",
        "",
        style::dim("Ctrl-C ends it.")
    ));
    Ok(())
}
