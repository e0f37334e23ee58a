//! Writing down what was asked. The answer counts: whatever is wrong with the ledger is one line on stderr.

use crate::ctx::Ctx;
use crate::error::Failure;
use crate::terminal::style;
use crate::usage::ledger::{Ledger, LedgerError, Row};

/// Adds a request to the ledger, where there was one.
pub(super) fn record(ctx: &Ctx, row: Option<&Row>) {
    let Some(row) = row else { return };
    let Err(error) = write(ctx, row) else { return };
    let Failure { message, hint, commands, .. } = error.into();
    let advice = hint.into_iter().chain(commands.into_iter().next()).collect::<Vec<_>>().join(": ");
    let way_out = if advice.is_empty() { String::new() } else { format!(" ({advice})") };
    ctx.terminal.say(&format!(
        "{} this request is missing in `fased usage`: {}{way_out}",
        style::attention("!"),
        message.trim_end_matches('.')
    ));
}

fn write(ctx: &Ctx, row: &Row) -> Result<(), LedgerError> {
    Ledger::open(&ctx.paths, ctx.clock.as_ref())?.record(row)
}
