//! Onboarding by flags and pipes: nothing is asked, and anything wrong ends it with nothing written.

use super::save::{Asked, Report, ToSave, ask_api, due_notice, save};
use super::{Kind, Wanted, refusal};
use crate::auth::intake::{self, Accepted, Expected};
use crate::auth::profile::Material;
use crate::auth::verify::Accepted as Verified;
use crate::cli::OnboardArgs;
use crate::commands::agent::Agent;
use crate::commands::secret_ref;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &OnboardArgs, agent: &Agent, wanted: &Wanted) -> Result<Exit, Failure> {
    let (expected, accepted, material) = match &wanted.kind {
        Kind::Given(expected, given) => {
            let accepted = intake::accept(given.expose(), *expected)
                .map_err(|error| refusal::failure(&error, *expected, agent))?;
            let material = Material::Value(accepted.secret.clone());
            (*expected, Some(accepted), material)
        }
        Kind::Reference(expected, reference) => {
            let accepted =
                secret_ref::check(ctx, agent, reference, *expected, !args.skip_health, !args.json)?;
            (*expected, accepted, Material::Reference(Box::new(reference.clone())))
        }
        Kind::Ask(_) | Kind::AskEverything | Kind::Skip => {
            return Err(Failure::usage("There is no credential to store."));
        }
    };
    let notice = due_notice(ctx, expected);
    let verified = match &accepted {
        Some(accepted) if args.verify => Some(verify(ctx, args, agent, expected, accepted)?),
        _ => None,
    };
    let unfamiliar = accepted.as_ref().is_some_and(|accepted| accepted.unfamiliar);
    let saved = ToSave { expected, material, unfamiliar, verified: verified.as_ref(), notice };
    let report = save(ctx, agent, wanted, &saved)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        let asked = match verified {
            Some(_) => " Verified: the API accepts it.",
            None if report.changed && accepted.is_none() => " Not followed and not verified.",
            None if report.changed => " Not verified; add --verify to ask the API.",
            None => "",
        };
        ctx.terminal.say(&format!("{}{asked}", report.sentence()));
        report.tell_warnings(ctx);
    }
    Ok(Exit::Ok)
}

/// Asks the API, whose word decides: what it does not accept, or cannot be asked about, is not stored.
fn verify(
    ctx: &Ctx,
    args: &OnboardArgs,
    agent: &Agent,
    expected: Expected,
    accepted: &Accepted,
) -> Result<Verified, Failure> {
    match ask_api(ctx, agent, expected, &accepted.secret, !args.json)? {
        Asked::Accepted(verified) => Ok(verified),
        Asked::Refused(failure) => Err(Failure { commands: Vec::new(), ..failure }
            .fact("nothing was stored")
            .hint("check the credential, or leave --verify out to store it unasked")),
        Asked::Unanswered(failure) => Err(failure.fact("nothing was stored")),
    }
}

pub(super) fn skip(ctx: &Ctx, args: &OnboardArgs, agent: &Agent) -> Result<Exit, Failure> {
    if args.json {
        ctx.terminal.answer_json(&Report::skipped(agent))?;
    } else {
        ctx.terminal.say("Skipped; nothing was written.");
    }
    Ok(Exit::Ok)
}
