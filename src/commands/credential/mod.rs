//! Storing a credential: what onboarding and `fased models auth` have in common. It is asked for ([`ask`]), given
//! ([`given`]) or fetched by a sign-in ([`sign_in`]), and ends in one place that writes and reports it ([`save`]).

pub(super) mod ask;
mod check;
pub(super) mod default_model;
pub(super) mod flags;
pub(super) mod given;
pub(super) mod method;
mod refusal;
pub(super) mod save;
pub(super) mod sign_in;

use crate::auth::ProfileId;
use crate::auth::form::ANTHROPIC;
use crate::auth::intake::Expected;
use crate::auth::notices::{Notice, PLAN_CREDENTIALS};
use crate::auth::profile::Expiry;
use crate::commands::notice;
use crate::ctx::Ctx;

/// Where a credential is to go, as far as that was said.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Whose credential it is.
    pub(super) provider: String,
    /// The id it shall have.
    pub(super) profile_id: Option<ProfileId>,
    /// The name it has when no id was given; else `default`.
    pub(super) usual_name: Option<&'static str>,
    /// When a token ends.
    pub(super) expires: Expiry,
    /// Whether that id may lose a credential of another kind.
    pub(super) replace: bool,
}

impl Place {
    /// Whether it is for Anthropic, and not for another provider of the config.
    pub(super) fn is_anthropics(&self) -> bool {
        self.provider == ANTHROPIC
    }
}

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
