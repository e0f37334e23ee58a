//! Onboarding by flags and pipes: nothing is asked, and anything wrong ends it with nothing written.

use super::save::{Report, save, show_notice, verified};
use super::{Kind, Wanted};
use crate::auth::intake;
use crate::cli::OnboardArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &OnboardArgs, agent: &Agent, wanted: &Wanted) -> Result<Exit, Failure> {
    let Kind::Given(expected, given) = &wanted.kind else {
        return Err(Failure::usage("There is no credential to store."));
    };
    let accepted = intake::accept(given.expose(), *expected)?;
    let notice = show_notice(ctx, *expected);
    let verified = if args.verify { Some(verified(ctx, agent, *expected, &accepted.secret)?) } else { None };
    let report = save(ctx, agent, *expected, &accepted, wanted, verified.as_ref(), notice)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        let asked = match verified {
            Some(_) => " Verified: the API accepts it.",
            None if report.changed => " Not verified; add --verify to ask the API.",
            None => "",
        };
        ctx.terminal.say(&format!("{}{asked}", report.sentence()));
        report.tell_warnings(ctx);
    }
    Ok(Exit::Ok)
}

pub(super) fn skip(ctx: &Ctx, args: &OnboardArgs, agent: &Agent) -> Result<Exit, Failure> {
    if args.json {
        ctx.terminal.answer_json(&Report::skipped(agent))?;
    } else {
        ctx.terminal.say("Skipped; nothing was written.");
    }
    Ok(Exit::Ok)
}
