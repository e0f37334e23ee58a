//! Flags that several commands take, checked. None is repeated in a refusal: it may be a secret at the wrong place.

use std::time::Duration;

use crate::auth::ProfileId;
use crate::auth::form::ANTHROPIC;
use crate::auth::lifetime;
use crate::auth::profile::Expiry;
use crate::auth::profile_id::ProfileIdError;
use crate::ctx::Ctx;
use crate::error::Failure;

/// The longest wait for a person.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// The value of `--profile-id`.
pub(in crate::commands) fn profile_id(text: &str, provider: &str) -> Result<ProfileId, Failure> {
    let id: ProfileId = text
        .parse()
        .map_err(|error: ProfileIdError| Failure::usage(format!("The value of --profile-id is {error}.")))?;
    if id.provider() == provider {
        Ok(id)
    } else {
        Err(Failure::usage(format!(
            "The value of --profile-id does not begin with {provider}:, like {provider}:work."
        )))
    }
}

/// A lifetime, as the moment it ends.
pub(in crate::commands) fn expiry(ctx: &Ctx, flag: &str, text: &str) -> Result<Expiry, Failure> {
    let length =
        lifetime::parse(text).map_err(|error| Failure::usage(format!("The value of {flag} is {error}.")))?;
    let end = ctx.clock.now().checked_add(length);
    end.map(Expiry::At).map_err(|_| Failure::usage(format!("The value of {flag} lies beyond all calendars.")))
}

/// The value of `--timeout`. A bare number would count days, which nobody means.
pub(in crate::commands) fn timeout(text: &str) -> Result<Duration, Failure> {
    let has_unit = text.trim().ends_with(|c: char| c.is_ascii_alphabetic());
    let length = lifetime::parse(text).ok().filter(|_| has_unit);
    let length = length.and_then(|length| Duration::try_from(length).ok());
    length.filter(|length| *length <= LONGEST_WAIT).ok_or_else(|| {
        Failure::usage("The value of --timeout is not a duration of at most a day, like 90s or 5m.")
    })
}

/// Refuses every provider but Anthropic.
pub(in crate::commands) fn only_anthropic(flag: &str, value: Option<&str>) -> Result<(), Failure> {
    match value.map(|value| value.trim().eq_ignore_ascii_case(ANTHROPIC)) {
        None | Some(true) => Ok(()),
        Some(false) => Err(Failure::usage(format!("{flag} takes anthropic and nothing else."))),
    }
}
