//! Storing a credential: what onboarding and `fased models auth` have in common. It is asked for ([`ask`]), given
//! ([`given`]) or fetched by a sign-in ([`sign_in`]), and ends in one place that writes and reports it
//! ([`crate::credentials::save`]).

pub(super) mod ask;
mod check;
pub(super) mod default_model;
pub(super) mod flags;
pub(super) mod given;
pub(super) mod method;
pub(super) mod sign_in;
mod told;

use crate::auth::intake::Expected;
use crate::auth::notices::{Notice, PLAN_CREDENTIALS};
use crate::commands::notice;
use crate::credentials::Place;
use crate::ctx::Ctx;

/// Shows the notice about plan credentials where it is due: plans are Anthropic's. Saving records that it was, so that whoever leaves before
/// that leaves nothing behind.
pub(super) fn due_notice(ctx: &Ctx, place: &Place, expected: Expected) -> Option<&'static Notice> {
    match expected {
        Expected::SetupToken if place.is_anthropics() => plan_notice(ctx),
        Expected::SetupToken | Expected::ApiKey => None,
    }
}

fn plan_notice(ctx: &Ctx) -> Option<&'static Notice> {
    notice::show(ctx, &PLAN_CREDENTIALS).then_some(&PLAN_CREDENTIALS)
}
