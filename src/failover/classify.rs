//! What a failed call means. Anthropic's `error.type` decides, then the status; texts only where neither can tell, and
//! only whole phrases at the beginning of the message: a message may repeat what the user wrote.

use jiff::{SignedDuration, Timestamp};

use super::resumption;
use crate::anthropic::{ApiError, ApiErrorKind, Error};
use crate::auth::cooldown::{LONGEST_RATE_LIMIT, end_of_spend_limit};
use crate::auth::reason::{Failed, Reason};

/// `error.details.error_code` of a 429 that is a spend limit.
const SPEND_LIMIT_CODE: &str = "enforced_spend_limit_reached";
const SPEND_LIMIT_TEXTS: [&str; 2] = [
    "you have reached your specified api usage limits",
    "you have reached your specified workspace api usage limits",
];
const CREDIT_TEXT: &str = "your credit balance is too low";
/// What is said to be gone for good: `This API key has been revoked.`
const CREDENTIALS: [&str; 7] = [
    "api key",
    "this api key",
    "your api key",
    "this key",
    "oauth token",
    "this oauth token",
    "your oauth token",
];
const OWNERS: [&str; 4] = ["this organization", "your organization", "this account", "your account"];
const GONE: [&str; 4] = ["has been revoked", "has been disabled", "has been deactivated", "has been deleted"];

/// What a failed call means for its credential and for what is tried next.
///
/// A failure nobody described counts as passing (`timeout`): it leaves no trace and is tried again. Only refusals of the
/// 4xx kind, answers that are too large, and redirects end it: the same request would meet them again.
pub fn classify(error: &Error, now: Timestamp) -> Failed {
    match error {
        Error::Api(error) => refused(error, now),
        Error::InvalidBaseUrl { .. }
        | Error::InsecureBaseUrl { .. }
        | Error::RefusedHost { .. }
        | Error::SandboxCredential { .. }
        | Error::BadHeader { .. }
        | Error::InvalidProxy
        | Error::Setup { .. } => Failed::because(Reason::Local),
        Error::Connect { .. }
        | Error::Timeout { .. }
        | Error::Cut { .. }
        | Error::Idle { .. }
        | Error::Malformed { .. } => Failed::because(Reason::Timeout),
        Error::EventTooLarge { .. } | Error::BodyTooLarge { .. } => Failed::because(Reason::Format),
    }
}

fn refused(error: &ApiError, now: Timestamp) -> Failed {
    let reason = reason(error);
    let (wait, until) = match reason {
        Reason::RateLimit => {
            let wait = retry_after(error).or_else(|| until_full(error, now));
            (wait, wait.and_then(|wait| now.saturating_add(wait).ok()))
        }
        Reason::SpendLimit => (None, Some(end_of_spend_limit(resumption::read(&error.message), now))),
        Reason::Overloaded | Reason::Timeout => (retry_after(error), None),
        _ => (None, None),
    };
    Failed { reason, until, wait: wait.map(SignedDuration::unsigned_abs) }
}

fn reason(error: &ApiError) -> Reason {
    let message = error.message.trim_start().to_ascii_lowercase();
    let begins = |phrase: &str| message.strip_prefix(phrase).is_some_and(ends_word);
    let gone = |subjects: &[&str]| {
        subjects.iter().any(|subject| {
            let rest = message.strip_prefix(subject).and_then(|rest| rest.strip_prefix(' '));
            rest.is_some_and(|rest| GONE.iter().any(|words| rest.strip_prefix(words).is_some_and(ends_word)))
        })
    };
    let spent = || {
        error.error_code.as_deref() == Some(SPEND_LIMIT_CODE)
            || SPEND_LIMIT_TEXTS.iter().any(|text| begins(text))
    };
    match error.kind {
        ApiErrorKind::Authentication | ApiErrorKind::Permission if gone(&CREDENTIALS) => {
            Reason::AuthPermanent
        }
        // A closed organization is also told as 400.
        ApiErrorKind::Authentication | ApiErrorKind::Permission | ApiErrorKind::InvalidRequest
            if gone(&OWNERS) =>
        {
            Reason::AuthPermanent
        }
        ApiErrorKind::RateLimit | ApiErrorKind::InvalidRequest | ApiErrorKind::Permission if spent() => {
            Reason::SpendLimit
        }
        ApiErrorKind::InvalidRequest | ApiErrorKind::Permission if begins(CREDIT_TEXT) => Reason::Billing,
        ApiErrorKind::Authentication => Reason::Auth,
        ApiErrorKind::Permission => Reason::Permission,
        ApiErrorKind::Billing => Reason::Billing,
        ApiErrorKind::RateLimit => Reason::RateLimit,
        ApiErrorKind::Overloaded => Reason::Overloaded,
        ApiErrorKind::Timeout | ApiErrorKind::Api => Reason::Timeout,
        // A 404 that is not of the API's shape comes from a wrong address, and no other model is to be found there.
        ApiErrorKind::NotFound if error.error_type.is_empty() => Reason::Format,
        ApiErrorKind::NotFound => Reason::ModelNotFound,
        ApiErrorKind::InvalidRequest | ApiErrorKind::RequestTooLarge | ApiErrorKind::Conflict => {
            Reason::Format
        }
        ApiErrorKind::Unknown if (300..500).contains(&error.status) => Reason::Format,
        ApiErrorKind::Unknown => Reason::Timeout,
    }
}

/// Whether a phrase ended where it was cut off, and did not go on as a longer word.
fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// What `retry-after` asks for. Zero says nothing: some servers send it with every refusal.
fn retry_after(error: &ApiError) -> Option<SignedDuration> {
    let asked = error.retry_after.filter(|asked| !asked.is_zero())?;
    Some(SignedDuration::try_from(asked).unwrap_or(LONGEST_RATE_LIMIT).min(LONGEST_RATE_LIMIT))
}

/// The time until the limits that are used up are full again.
fn until_full(error: &ApiError, now: Timestamp) -> Option<SignedDuration> {
    let wait = error.meta.rate_limits.exhausted_until()?.duration_since(now);
    wait.is_positive().then_some(wait.min(LONGEST_RATE_LIMIT))
}

#[cfg(test)]
mod tests;
