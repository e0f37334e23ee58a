//! A credential that a person types or pastes without seeing it, or says the place of.

use super::check::ask_api;
use super::due_notice;
use crate::auth::enroll;
use crate::auth::form::ANTHROPIC;
use crate::auth::intake::{self, Accepted, Expected};
use crate::auth::verify::Accepted as Verified;
use crate::commands::agent::Agent;
use crate::commands::secret_ref::{self, Following};
use crate::credentials::Place;
use crate::credentials::check::{self, Asked};
use crate::credentials::save::{Held, Report, ToSave, save};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::secret::Secret;
use crate::terminal::{Choice, style};

/// What a person gave.
pub(in crate::commands) struct Answer {
    pub(in crate::commands) held: Held,
    /// What the API said about it, if it was asked.
    pub(in crate::commands) verified: Option<Verified>,
}

/// Asks for a credential and stores it.
pub(in crate::commands) fn store(
    ctx: &Ctx,
    agent: &Agent,
    place: &Place,
    expected: Expected,
    verify: bool,
    how: &'static str,
) -> Result<Report, Failure> {
    let notice = due_notice(ctx, place, expected);
    let Answer { held, verified } = credential(ctx, agent, &place.provider, expected, verify)?;
    let mut to_save = ToSave::of_secret(expected, held, place, notice, how);
    to_save.accepted_by_the_api(verified.map(|verified| verified.status));
    choose_place(ctx, agent, &mut to_save)?;
    save(&agent.holder(ctx), &to_save)
}

/// Asks for a credential until one is well formed and, where the API is asked, not refused by it. When it cannot be
/// asked, the credential is taken unverified: being offline is no reason to lose what was typed.
pub(in crate::commands) fn credential(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    expected: Expected,
    verify: bool,
) -> Result<Answer, Failure> {
    let question = match expected {
        Expected::ApiKey => "API key (not shown)",
        Expected::SetupToken if provider == ANTHROPIC => {
            "Setup-token (not shown; `claude setup-token` prints one)"
        }
        Expected::SetupToken => "Token (not shown)",
    };
    loop {
        let typed = ctx.terminal.ask_secret(question)?;
        if let Some(answer) = typed_in(ctx, agent, provider, expected, &typed, verify)? {
            return Ok(answer);
        }
    }
}

/// Asks for an API key in the same way; `None` when nothing is typed.
pub(in crate::commands) fn key_or_none(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    verify: bool,
) -> Result<Option<Answer>, Failure> {
    loop {
        let typed = ctx.terminal.ask_secret("API key (not shown; nothing for none)")?;
        if typed.expose().trim().is_empty() {
            return Ok(None);
        }
        if let Some(answer) = typed_in(ctx, agent, provider, Expected::ApiKey, &typed, verify)? {
            return Ok(Some(answer));
        }
    }
}

/// Judges what was typed; `None` when it is to be typed again.
fn typed_in(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    expected: Expected,
    typed: &Secret,
    verify: bool,
) -> Result<Option<Answer>, Failure> {
    match intake::accept_for(provider, typed.expose(), expected) {
        Ok(accepted) => {
            let held = Held::judged(&accepted, None);
            asked_about(ctx, agent, provider, expected, &accepted, held, verify)
        }
        Err(error) => {
            again(ctx, &error.to_string());
            Ok(None)
        }
    }
}

/// Asks where a credential is kept until there is one that is not refused by the API.
pub(in crate::commands) fn reference(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    expected: Expected,
    verify: bool,
) -> Result<Answer, Failure> {
    loop {
        let reference = secret_ref::ask(ctx, agent, provider, expected)?;
        let following = Following { expected, is_followed: verify, may_show_progress: true };
        match secret_ref::check(ctx, agent, &reference, provider, &following) {
            Ok(None) => return Ok(Answer { held: Held::unseen(&reference), verified: None }),
            Ok(Some(accepted)) => {
                let held = Held::judged(&accepted, Some(&reference));
                let asked = asked_about(ctx, agent, provider, expected, &accepted, held, verify)?;
                if let Some(answer) = asked {
                    return Ok(answer);
                }
            }
            Err(failure) if failure.exit == Exit::Cancelled => return Err(failure),
            Err(failure) => {
                let hint = failure.hint.map(|hint| format!("\n  {hint}.")).unwrap_or_default();
                again(ctx, &format!("{}{hint}", failure.message));
            }
        }
    }
}

fn again(ctx: &Ctx, why: &str) {
    ctx.terminal.say(&format!("{} {why} Try again, or press Ctrl-C.", style::bad("✗")));
}

/// Asks the API about what was given, unless that is not wanted; `None` when it refuses it.
fn asked_about(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    expected: Expected,
    accepted: &Accepted,
    held: Held,
    verify: bool,
) -> Result<Option<Answer>, Failure> {
    let secret = &accepted.secret;
    ctx.terminal.say(&format!("  {}", style::dim(&secret.masked())));
    if !verify {
        return Ok(Some(Answer { held, verified: None }));
    }
    let authorization = check::authorization(provider, expected, secret);
    match ask_api(ctx, agent, provider, &authorization, true, "nothing was written")? {
        Asked::Accepted(verified) => {
            let organization = verified.organization_id.as_deref();
            let organization = organization.map(|id| format!("organization {id}"));
            let models = Some(verified.models.len()).filter(|models| *models > 0);
            let models = models.map(|models| format!("{models} models"));
            let facts: Vec<String> = organization.into_iter().chain(models).collect();
            let facts = if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) };
            ctx.terminal.say(&format!("{} It works{facts}", style::good("✓")));
            Ok(Some(Answer { held, verified: Some(verified) }))
        }
        Asked::Refused(failure) => {
            again(ctx, &failure.message);
            Ok(None)
        }
        Asked::Unanswered(failure) => {
            let mark = style::attention("!");
            ctx.terminal.say(&format!("{mark} {} It is stored without being verified.", failure.message));
            Ok(Some(Answer { held, verified: None }))
        }
    }
}

/// Asks before another secret is replaced that nobody named; the credential may also go beside it.
pub(in crate::commands) fn choose_place(
    ctx: &Ctx,
    agent: &Agent,
    to_save: &mut ToSave,
) -> Result<(), Failure> {
    let new = &mut to_save.new;
    let to = enroll::destination(new, &agent.store)?;
    let Some(held) = to.holds else { return Ok(()) };
    // Whoever names a profile means its secret; one of another kind is not what they may have had in mind.
    if new.replace || (new.id.is_some() && !to.of_another_kind) {
        return Ok(());
    }
    let beside = ctx.terminal.ask_choice(
        &format!("{} holds another secret ({held}). What now?", to.id),
        vec![
            Choice::new(true, &format!("Keep both, store this one as {}", to.beside), ""),
            Choice::new(false, &format!("Replace the secret of {}", to.id), "the old one is gone then"),
        ],
    )?;
    (new.id, new.replace) = if beside { (Some(to.beside), false) } else { (Some(to.id), true) };
    Ok(())
}
