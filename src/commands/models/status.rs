//! `fased models status`

use crate::cli::StatusArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::selection;
use crate::models::status::{Check, StatusInputs, StatusReport};
use crate::terminal::BROKEN_PIPE;
use crate::terminal::status::text;

pub(super) fn run(ctx: &Ctx, args: &StatusArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let model = args.model.as_deref().map(|text| selection::parse_typed(text, &agent.config)).transpose()?;
    if model.as_ref().is_some_and(|typed| typed.profile.is_some()) {
        return Err(Failure::usage("--model of a status names a model alone, without @profile."));
    }
    let (snapshot, state, state_findings) = agent.read()?;
    let now = ctx.clock.now();
    let report = StatusReport::make(&StatusInputs {
        auth: agent.inputs(ctx, &snapshot, &state, now),
        agent: &agent.selected,
        paths: &ctx.paths,
        store_path: agent.store.path(),
        model: model.map(|typed| typed.model),
        state_findings,
    })?;
    let told = match args {
        StatusArgs { json: true, .. } => ctx.terminal.answer_json(&report),
        StatusArgs { plain: true, .. } => ctx.terminal.answer(&format!("{}\n", report.resolved_default)),
        _ => ctx.terminal.answer(&text(&report, &ctx.paths, now, ctx.terminal.width())),
    };
    match told {
        // A reader that has seen enough does not make unhealthy credentials healthy.
        Err(failure) if args.check && failure.kind == BROKEN_PIPE => {}
        told => told?,
    }
    let check = report.check();
    // The process ends here; taking ten thousand profiles apart first would only keep the caller waiting.
    std::mem::forget(report);
    std::mem::forget((snapshot, state));
    Ok(match check {
        _ if !args.check => Exit::Ok,
        Check::Healthy => Exit::Ok,
        Check::Expiring => Exit::Expiring,
        Check::MissingOrExpired => Exit::Failed,
    })
}
