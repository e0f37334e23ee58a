//! Asking the API about a credential.

use crate::anthropic::{ApiErrorKind, Authorization};
use crate::auth::form::ANTHROPIC;
use crate::auth::verify::{self, Accepted};
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::provider;

/// What the API said about a credential.
pub(in crate::commands) enum Asked {
    /// It takes it.
    Accepted(Accepted),
    /// It does not.
    Refused(Failure),
    /// It could not be reached, or answered something else.
    Unanswered(Failure),
}

/// Asks the API of a provider: Anthropic's for its models, another one for one token of the first model the config has of
/// it. `written` is what the words of a cancellation say was written until now.
pub(super) fn ask_api(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    authorization: &Authorization,
    may_show_progress: bool,
    written: &str,
) -> Result<Asked, Failure> {
    let client = provider::client(provider, &agent.config, &agent.env, ctx.network)?;
    let configured = agent.config.provider(provider).filter(|_| provider != ANTHROPIC);
    let model = configured.and_then(|entry| entry.models.first()).map(|model| model.id.as_str());
    let spinner =
        may_show_progress.then(|| ctx.terminal.spinner(&format!("Asking {} …", client.endpoint().host())));
    let asked = ctx.block_on(async {
        Ok(match model {
            Some(model) => verify::verify_model(&client, authorization, model).await,
            None => verify::verify(&client, authorization).await,
        })
    });
    drop(spinner);
    let asked = asked.map_err(|_| Failure::cancelled(format!("Cancelled; {written}.")))?;
    Ok(match asked {
        Ok(verified) => Asked::Accepted(verified),
        Err(error) => {
            let kind = error.api().map(|api| api.kind);
            let failure = Failure::from(error);
            match kind {
                Some(ApiErrorKind::Authentication | ApiErrorKind::Permission) => Asked::Refused(failure),
                _ => Asked::Unanswered(failure),
            }
        }
    })
}
