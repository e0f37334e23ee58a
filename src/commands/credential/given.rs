//! A credential, or where it is kept, that comes by a flag or a pipe: nothing is asked, and anything wrong ends it with nothing written.

use super::check::ask_api;
use super::due_notice;
use crate::auth::intake::{self, Accepted, Expected};
use crate::auth::profile::SecretRef;
use crate::commands::agent::Agent;
use crate::commands::secret_ref::{self, Following};
use crate::credentials::check::{self, Asked};
use crate::credentials::save::{Held, Report, ToSave, save};
use crate::credentials::{Place, refusal};
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::secret::Secret;

/// A credential as it was given.
pub(in crate::commands) struct Given<'a> {
    pub(in crate::commands) expected: Expected,
    pub(in crate::commands) what: What<'a>,
    /// Whether the API decides.
    pub(in crate::commands) verify: bool,
    /// Whether a reference is followed before it is stored.
    pub(in crate::commands) follow: bool,
    /// Whether the wait for it is shown.
    pub(in crate::commands) may_show_progress: bool,
    /// The command, for the record of the verification.
    pub(in crate::commands) how: &'static str,
}

/// What was given.
pub(in crate::commands) enum What<'a> {
    /// The credential, as text that is not judged yet.
    Text(&'a Secret),
    /// Where it is kept.
    Reference(&'a SecretRef),
}

/// Stores it.
pub(in crate::commands) fn store(
    ctx: &Ctx,
    agent: &Agent,
    place: &Place,
    given: &Given<'_>,
) -> Result<Report, Failure> {
    save(&agent.holder(ctx), &prepare(ctx, agent, place, given)?)
}

/// Judges it, and asks the API where that is wanted; nothing is written.
pub(in crate::commands) fn prepare(
    ctx: &Ctx,
    agent: &Agent,
    place: &Place,
    given: &Given<'_>,
) -> Result<ToSave, Failure> {
    let provider = place.provider.as_str();
    let expected = given.expected;
    let (accepted, held) = match given.what {
        What::Text(text) => {
            let accepted = intake::accept_for(provider, text.expose(), expected)
                .map_err(|error| refusal::failure(&error, provider, expected, &agent.selected))?;
            let held = Held::judged(&accepted, None);
            (Some(accepted), held)
        }
        What::Reference(reference) => {
            let Given { follow: is_followed, may_show_progress, .. } = *given;
            let following = Following { expected, is_followed, may_show_progress };
            let accepted = secret_ref::check(ctx, agent, reference, provider, &following)?;
            let held = match &accepted {
                Some(accepted) => Held::judged(accepted, Some(reference)),
                None => Held::unseen(reference),
            };
            (accepted, held)
        }
    };
    let notice = due_notice(ctx, place, expected);
    let status = match &accepted {
        Some(accepted) if given.verify => Some(verify(ctx, agent, provider, given, accepted)?),
        _ => None,
    };
    let mut to_save = ToSave::of_secret(expected, held, place, notice, given.how);
    to_save.accepted_by_the_api(status);
    Ok(to_save)
}

/// Asks the API, whose word decides: what it does not accept, or cannot be asked about, is not stored.
fn verify(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    given: &Given<'_>,
    accepted: &Accepted,
) -> Result<u16, Failure> {
    let secret = &accepted.secret;
    let authorization = check::authorization(provider, given.expected, secret);
    match ask_api(ctx, agent, provider, &authorization, given.may_show_progress, "nothing was written")? {
        Asked::Accepted(verified) => Ok(verified.status),
        Asked::Refused(failure) => Err(Failure { commands: Vec::new(), ..failure }
            .fact("nothing was stored")
            .hint("check the credential, or leave --verify out to store it unasked")),
        Asked::Unanswered(failure) => Err(failure.fact("nothing was stored")),
    }
}
