//! Asking the API about a credential while somebody waits.

use crate::anthropic::Authorization;
use crate::commands::agent::Agent;
use crate::credentials::check::{self, Asked};
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::provider;

/// Asks the API of a provider. `written` is what the words of a cancellation say was written until now.
pub(super) fn ask_api(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    authorization: &Authorization,
    may_show_progress: bool,
    written: &str,
) -> Result<Asked, Failure> {
    let client = provider::client(provider, &agent.config, &agent.env, ctx.network)?;
    let spinner =
        may_show_progress.then(|| ctx.terminal.spinner(&format!("Asking {} …", client.endpoint().host())));
    let holder = agent.holder(ctx);
    let asked = ctx.block_on(async { Ok(check::ask(&holder, provider, &client, authorization).await) });
    drop(spinner);
    asked.map_err(|_| Failure::cancelled(format!("Cancelled; {written}.")))
}
