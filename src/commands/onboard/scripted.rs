//! Onboarding by flags and pipes: nothing is asked, and anything wrong ends it with nothing written.

use super::{Kind, Wanted};
use crate::cli::OnboardArgs;
use crate::commands::agent::Agent;
use crate::commands::credential::default_model;
use crate::commands::credential::given::{self, Given, What};
use crate::commands::credential::sign_in::{self, Manner};
use crate::credentials::Place;
use crate::credentials::save::Report;
use crate::credentials::sign_in::USUAL_LIMIT;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &OnboardArgs, agent: &Agent, wanted: &Wanted) -> Result<Exit, Failure> {
    let (expected, what) = match &wanted.kind {
        Kind::Given(expected, text) => (*expected, What::Text(text)),
        Kind::Reference(expected, reference) => (*expected, What::Reference(reference)),
        Kind::Ask(_) | Kind::SignIn | Kind::Custom | Kind::AskEverything | Kind::Skip => {
            return Err(Failure::usage("There is no credential to store."));
        }
    };
    let (verify, follow, may_show_progress) = (args.verify, !args.skip_health, !args.json);
    let given = Given { expected, what, verify, follow, may_show_progress, how: "onboard" };
    let mut report = given::store(ctx, agent, &wanted.place, &given)?;
    if args.set_default {
        report.set_default_model(ctx, agent, &default_model::of_provider(&wanted.place.provider, agent)?)?;
    }
    report.tell(ctx, args.json)?;
    Ok(Exit::Ok)
}

/// A sign-in where nobody can be asked, but somebody may have a browser.
pub(super) fn sign_in(ctx: &Ctx, args: &OnboardArgs, agent: &Agent, place: &Place) -> Result<Exit, Failure> {
    let (mut report, _) = sign_in::run(ctx, agent, place, &manner(args))?;
    if args.set_default {
        report.set_default_model(ctx, agent, &default_model::of_provider(&place.provider, agent)?)?;
    }
    report.tell(ctx, args.json)?;
    Ok(Exit::Ok)
}

/// How a sign-in goes that onboarding begins.
pub(super) fn manner(args: &OnboardArgs) -> Manner {
    Manner {
        no_browser: false,
        limit: USUAL_LIMIT,
        verify: !args.skip_health,
        json: args.json,
        how: "onboard",
    }
}

pub(super) fn skip(ctx: &Ctx, args: &OnboardArgs, agent: &Agent) -> Result<Exit, Failure> {
    if args.json {
        ctx.terminal.answer_json(&Report::skipped(&agent.holder(ctx)))?;
    } else {
        ctx.terminal.say("Skipped; nothing was written.");
    }
    Ok(Exit::Ok)
}
