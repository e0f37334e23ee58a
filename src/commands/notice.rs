//! The notice about plan credentials, in every command that stores or uses one for the first time.

use crate::auth::notices::{self, Notice};
use crate::ctx::Ctx;
use crate::terminal::style;

/// Shows a notice that was not shown before; says whether it did.
pub(super) fn show(ctx: &Ctx, notice: &Notice) -> bool {
    if notices::was_shown(notice, &ctx.paths) {
        return false;
    }
    ctx.terminal.say_prose(&format!(
        "{} {}\nSource: {}. To store a key instead:",
        style::attention(&format!("Notice ({}):", notice.date)),
        notice.text,
        notice.source,
    ));
    // It can be pasted.
    ctx.terminal.say("  fased models auth login --provider anthropic --method api-key");
    true
}

/// Records that it was shown. That this cannot be written down is no reason to fail: it is shown again.
pub(super) fn record(ctx: &Ctx, notice: &Notice) {
    if let Err(error) = notices::record_shown(notice, &ctx.paths, ctx.clock.as_ref()) {
        ctx.terminal.say(&format!(
            "{} it cannot be recorded that the notice was shown: {error}",
            style::attention("!")
        ));
    }
}

/// Shows and records a notice, where it is due.
pub(super) fn show_and_record(ctx: &Ctx, notice: &Notice) {
    if show(ctx, notice) {
        record(ctx, notice);
    }
}
