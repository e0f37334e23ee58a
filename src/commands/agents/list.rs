//! `fased agents list`

use crate::cli::AgentsListArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::agents::AgentsReport;
use crate::terminal::agents::text;

pub(super) fn run(ctx: &Ctx, args: AgentsListArgs) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let report = AgentsReport::make(&config, &ctx.paths, &ctx.env, ctx.clock.now());
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.answer(&text(&report, &ctx.paths, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}
