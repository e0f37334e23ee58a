//! `fased agents list`

use crate::cli::AgentsListArgs;
use crate::config::load::Loaded;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::agents::AgentsReport;
use crate::terminal::agents::text;

pub(super) fn run(ctx: &Ctx, args: AgentsListArgs) -> Result<Exit, Failure> {
    let Loaded { config, env } = ctx.load()?;
    let report = AgentsReport::make(&config, &ctx.paths, &env, ctx.clock.now());
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.answer(&text(&report, &ctx.paths, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}
