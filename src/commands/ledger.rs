//! What is said when a request could not be written down. The answer counts: it is one line on stderr.

use crate::ctx::Ctx;
use crate::error::Failure;
use crate::terminal::style;
use crate::usage::ledger::LedgerError;

/// Tells why a request is missing in the ledger.
pub(super) fn tell(ctx: &Ctx, error: LedgerError) {
    let Failure { message, hint, commands, .. } = error.into();
    let advice = hint.into_iter().chain(commands.into_iter().next()).collect::<Vec<_>>().join(": ");
    let way_out = if advice.is_empty() { String::new() } else { format!(" ({advice})") };
    ctx.terminal.say(&format!(
        "{} this request is missing in `fased usage`: {}{way_out}",
        style::attention("!"),
        message.trim_end_matches('.')
    ));
}
