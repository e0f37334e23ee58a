//! `fased gateway keys list`

use crate::cli::GatewayKeysListArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::gateway::keys::file::KeyFile;
use crate::gateway::keys::report::KeysReport;
use crate::terminal::gateway_keys::text;
use crate::usage::ledger::Ledger;

pub(super) fn run(ctx: &Ctx, args: GatewayKeysListArgs) -> Result<Exit, Failure> {
    let file = KeyFile::read(&ctx.paths.gateway_keys())?;
    let ledger = Ledger::open_existing(&ctx.paths)?;
    let now = ctx.clock.now();
    let report = KeysReport::make(&file, ledger.as_ref(), now)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.answer(&text(&report, now, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}
