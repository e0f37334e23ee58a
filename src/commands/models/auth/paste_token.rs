//! `fased models auth paste-token`, and what every command that stores a token or key does with its flags.

use super::{credential_provider, parse_provider};
use crate::auth::enroll;
use crate::auth::form::ANTHROPIC;
use crate::auth::intake::Expected;
use crate::auth::profile::{CredentialType, Expiry, SecretRef};
use crate::cli::auth::{PasteTokenArgs, StoreArgs};
use crate::commands::agent::Agent;
use crate::commands::credential::given::{self, Given, What};
use crate::commands::credential::{ask, flags};
use crate::credentials::Place;
use crate::credentials::save::Report;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

/// The name of a token nobody named.
const MANUAL: &str = "manual";

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &PasteTokenArgs) -> Result<Exit, Failure> {
    let place = place(ctx, agent, &args.store, Some(MANUAL))?;
    let report = secret(ctx, agent, &place, &args.store, Expected::SetupToken, "paste-token")?;
    report.tell(ctx, args.store.json)?;
    Ok(Exit::Ok)
}

/// Where a setup-token goes.
pub(super) fn place_of_token(ctx: &Ctx, agent: &Agent, args: &StoreArgs) -> Result<Place, Failure> {
    flags::only_anthropic("--provider", args.provider.as_deref())?;
    place(ctx, agent, args, Some(MANUAL))
}

/// Where a credential goes, the flags being checked before it is asked for.
pub(super) fn place(
    ctx: &Ctx,
    agent: &Agent,
    args: &StoreArgs,
    usual_name: Option<&'static str>,
) -> Result<Place, Failure> {
    let provider = args.provider.as_deref().map_or(Ok(ANTHROPIC.to_owned()), parse_provider)?;
    credential_provider(&provider, agent)?;
    let expires =
        args.expires_in.as_deref().map(|text| flags::expiry(ctx, "--expires-in", text)).transpose()?;
    Ok(Place {
        profile_id: args.profile_id.as_deref().map(|id| flags::profile_id(id, &provider)).transpose()?,
        provider,
        usual_name,
        expires: expires.unwrap_or(Expiry::Unknown),
        replace: args.replace,
    })
}

/// Asks a person for a token or key, or reads it from a pipe, and stores it.
pub(super) fn secret(
    ctx: &Ctx,
    agent: &Agent,
    place: &Place,
    args: &StoreArgs,
    expected: Expected,
    how: &'static str,
) -> Result<Report, Failure> {
    let may_ask = ctx.terminal.can_prompt() && !args.json;
    let kind = match expected {
        Expected::ApiKey => CredentialType::ApiKey,
        Expected::SetupToken => CredentialType::Token,
    };
    // A person is asked about a place that is taken, when it is known what for.
    let id = place.profile_id.as_ref().filter(|_| !place.replace && !may_ask);
    enroll::check(&place.provider, kind, id, &agent.store)?;
    if may_ask {
        return ask::store(ctx, agent, place, expected, args.verify, how);
    }
    let text = ctx.terminal.read_secret("", false)?;
    // `${NAME}` is where it is kept, as in onboarding.
    let reference = SecretRef::in_text(&text);
    let what = reference.as_ref().map_or(What::Text(&text), What::Reference);
    let (verify, may_show_progress) = (args.verify, !args.json);
    given::store(ctx, agent, place, &Given { expected, what, verify, follow: true, may_show_progress, how })
}
