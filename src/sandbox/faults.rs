//! What can be made to go wrong, and how a request or a credential asks for it. A header acts on one request:
//! `x-sandbox-fault: rate-limit;retry-after=5`. A part of a credential acts on every request made with it, so that a
//! stored credential can be made to fail: `sk-ant-api03-sandbox-fault-rate-limit-times-2-x3Qw`.
//!
//! Options: `after=N` lets the first N requests through, `times=N` fails only the N after those (both counted per
//! credential and fault), `retry-after=N` or `none` sets the header of that name, `should-retry=true` or `false` that of
//! `x-should-retry`. In a credential they follow the name of the fault: `-fault-overloaded-after-1-times-3-`. Underscores
//! may stand for dashes in names.
//!
//! Delays: `x-sandbox-delay-ms` and `x-sandbox-event-delay-ms`, or `-delay-250ms-` and `-event-delay-20ms-` in a
//! credential. The header wins over the credential, and that over the defaults of the sandbox.
//!
//! The token endpoint has faults of its own, asked for by header or by a part of the refresh token; a family of refresh
//! tokens keeps that part when it rotates, and counts as one. Sign-in asks by `login_hint=fault-api-error@example.com`.
//! [`Fault::strikes_at`] says which fault belongs where; elsewhere it is refused as unknown.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::ApiError;
use crate::models::catalog::Catalog;
use crate::secret::Fingerprint;

/// Seconds in `retry-after` when the fault names none.
const RETRY_AFTER: u64 = 30;
/// Longest delay that can be asked for.
const LONGEST_DELAY: Duration = Duration::from_secs(600);

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// 429 with `retry-after`.
    RateLimit,
    /// 429 of a spend limit: `enforced_spend_limit_reached`, no `retry-after`.
    SpendLimit,
    /// 400 of a spend limit the user has set.
    UsageLimit,
    /// 402 `billing_error`.
    Billing,
    /// 400 about the credit balance.
    Credit,
    /// 401 as for an unknown credential.
    Auth,
    /// 401 saying that the credential was revoked.
    Revoked,
    /// 403 `permission_error`.
    Permission,
    /// 404 as for an unknown model.
    NotFound,
    /// 413 `request_too_large`.
    TooLarge,
    /// 529 `overloaded_error`.
    Overloaded,
    /// 500 `api_error`.
    ApiError,
    /// 504 `timeout_error`.
    TimeoutError,
    /// 200, then an error event before any content.
    OverloadedInStream,
    /// An error event after half of the text.
    ErrorAfterText,
    /// A thinking block begins, then an error event.
    ErrorAfterThinking,
    /// A tool call begins, then an error event.
    ErrorAfterToolUse,
    /// The connection closes after the headers.
    CutBefore,
    /// The connection closes after half of the text.
    CutInside,
    /// No answer ever comes.
    Hang,
    /// Half of the text comes, then nothing more.
    Stall,
    /// A message without content.
    Empty,
    /// 400: the beta of the 1M window is not for this subscription. This and the next three strike only requests that ask
    /// for that beta.
    LongContextPlan,
    /// 429: long context requests need usage credits.
    LongContextCredits,
    /// 429: the same in other words.
    LongContextUsage,
    /// 400 that names the beta.
    LongContextBeta,
    /// 400 `invalid_grant`; nothing is spent or revoked.
    InvalidGrant,
    /// The code or refresh token is spent, then the connection closes without a byte of an answer.
    LostReply,
    /// A reply without a refresh token; the one that was sent stays good.
    NoRotation,
    /// 200 with a page instead of a document; nothing is spent.
    TokenHtml,
}

/// Where a fault can strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `/v1/messages`, `/v1/models` and what is below them.
    Api,
    /// `POST /v1/oauth/token`. Faults of the API that strike here, too, spend nothing.
    Token,
}

impl Fault {
    /// Every fault, by name.
    pub const ALL: [(&'static str, Self); 30] = [
        ("rate-limit", Self::RateLimit),
        ("spend-limit", Self::SpendLimit),
        ("usage-limit", Self::UsageLimit),
        ("billing", Self::Billing),
        ("credit", Self::Credit),
        ("auth", Self::Auth),
        ("revoked", Self::Revoked),
        ("permission", Self::Permission),
        ("not-found", Self::NotFound),
        ("too-large", Self::TooLarge),
        ("overloaded", Self::Overloaded),
        ("api-error", Self::ApiError),
        ("timeout-error", Self::TimeoutError),
        ("overloaded-in-stream", Self::OverloadedInStream),
        ("error-after-text", Self::ErrorAfterText),
        ("error-after-thinking", Self::ErrorAfterThinking),
        ("error-after-tool-use", Self::ErrorAfterToolUse),
        ("cut-before", Self::CutBefore),
        ("cut-inside", Self::CutInside),
        ("hang", Self::Hang),
        ("stall", Self::Stall),
        ("empty", Self::Empty),
        ("long-context-plan", Self::LongContextPlan),
        ("long-context-credits", Self::LongContextCredits),
        ("long-context-usage", Self::LongContextUsage),
        ("long-context-beta", Self::LongContextBeta),
        ("invalid-grant", Self::InvalidGrant),
        ("lost-reply", Self::LostReply),
        ("no-rotation", Self::NoRotation),
        ("token-html", Self::TokenHtml),
    ];

    /// Whether it means anything there.
    pub fn strikes_at(self, place: Place) -> bool {
        match self {
            Self::InvalidGrant | Self::LostReply | Self::NoRotation | Self::TokenHtml => {
                place == Place::Token
            }
            Self::RateLimit
            | Self::Overloaded
            | Self::ApiError
            | Self::TimeoutError
            | Self::CutBefore
            | Self::Hang => true,
            _ => place == Place::Api,
        }
    }

    /// Whether it strikes a request with these headers at all.
    pub(super) fn concerns(self, headers: &HeaderMap) -> bool {
        let is_long_context = matches!(
            self,
            Self::LongContextPlan | Self::LongContextCredits | Self::LongContextUsage | Self::LongContextBeta
        );
        let betas = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
        !is_long_context || betas.flat_map(|value| value.split(',')).any(|beta| beta.trim() == context1m())
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }

    /// The faults of a place, by name.
    fn known_at(place: Place) -> impl Iterator<Item = (&'static str, Self)> {
        Self::ALL.into_iter().filter(move |(_, fault)| fault.strikes_at(place))
    }
}

/// A fault as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FaultPlan {
    pub(super) fault: Fault,
    after: u64,
    times: Option<u64>,
    retry_after: Option<u64>,
    should_retry: Option<bool>,
}

impl FaultPlan {
    fn new(fault: Fault) -> Self {
        let retry_after = (fault == Fault::RateLimit).then_some(RETRY_AFTER);
        Self { fault, after: 0, times: None, retry_after, should_retry: None }
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        let number = value.parse::<u64>();
        match (option, number) {
            ("after", Ok(n)) => self.after = n,
            ("times", Ok(n)) => self.times = Some(n),
            ("retry-after", Ok(n)) => self.retry_after = Some(n),
            ("retry-after", Err(_)) if value == "none" => self.retry_after = None,
            ("should-retry", Err(_)) if value == "true" => self.should_retry = Some(true),
            ("should-retry", Err(_)) if value == "false" => self.should_retry = Some(false),
            _ => {
                return Err("a sandbox fault takes the options after=N, times=N, retry-after=N|none and \
                            should-retry=true|false"
                    .to_owned());
            }
        }
        Ok(())
    }

    /// The error this fault answers with, if it answers with one. A fault inside of an answer turns into the error of
    /// the same kind where there is no stream to break.
    pub(super) fn refusal(
        &self,
        bearer: bool,
        streams: bool,
        model: Option<&str>,
        now: Timestamp,
    ) -> Option<ApiError> {
        let error = match self.fault {
            Fault::RateLimit => ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limit_error",
                "This request would exceed your organization's rate limit. Please try again later.",
            ),
            Fault::SpendLimit => ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limit_error",
                format!(
                    "Your organization has reached its spend limit. Access resumes on {}.",
                    next_month(now)
                ),
            )
            .with_code("enforced_spend_limit_reached"),
            Fault::UsageLimit => ApiError::invalid(format!(
                "You have reached your specified API usage limits. You will regain access on {}.",
                next_month(now)
            )),
            Fault::Billing => ApiError::new(
                StatusCode::PAYMENT_REQUIRED,
                "billing_error",
                "There is a problem with your organization's billing. Please check your payment details.",
            ),
            Fault::Credit => ApiError::invalid(
                "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade \
                 or purchase credits.",
            ),
            Fault::Auth if bearer => ApiError::authentication("Invalid bearer token"),
            Fault::Auth => ApiError::authentication("invalid x-api-key"),
            Fault::Revoked if bearer => {
                ApiError::authentication("OAuth token has been revoked. Please obtain a new token.")
            }
            Fault::Revoked => ApiError::authentication("This API key has been revoked."),
            Fault::Permission => {
                ApiError::permission("Your API key does not have permission to use the specified resource.")
            }
            Fault::NotFound => ApiError::not_found(
                model.map_or_else(|| "Not Found".to_owned(), |model| format!("model: {model}")),
            ),
            Fault::TooLarge => ApiError::too_large(),
            Fault::LongContextPlan => {
                ApiError::invalid("The long context beta is not yet available for this subscription.")
            }
            Fault::LongContextCredits => ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limit_error",
                "Usage credits are required for long context requests",
            ),
            Fault::LongContextUsage => ApiError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limit_error",
                "Usage credits required for 1M context",
            ),
            Fault::LongContextBeta => ApiError::invalid(format!(
                "Unexpected value(s) `{}` for the `anthropic-beta` header. Please consult our documentation at \
                 docs.anthropic.com or try again without the header.",
                context1m()
            )),
            Fault::Overloaded => ApiError::overloaded(),
            Fault::ApiError => ApiError::api(),
            Fault::TimeoutError => {
                ApiError::new(StatusCode::GATEWAY_TIMEOUT, "timeout_error", "Request timed out")
            }
            Fault::OverloadedInStream if !streams => ApiError::overloaded(),
            Fault::ErrorAfterText | Fault::ErrorAfterThinking | Fault::ErrorAfterToolUse if !streams => {
                ApiError::api()
            }
            Fault::OverloadedInStream
            | Fault::ErrorAfterText
            | Fault::ErrorAfterThinking
            | Fault::ErrorAfterToolUse
            | Fault::CutBefore
            | Fault::CutInside
            | Fault::Hang
            | Fault::Stall
            | Fault::Empty
            | Fault::InvalidGrant
            | Fault::LostReply
            | Fault::NoRotation
            | Fault::TokenHtml => return None,
        };
        Some(error.with_retry_after(self.retry_after).with_should_retry(self.should_retry))
    }
}

/// What a request or a credential asks for. `None` leaves it to whoever is asked next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Behaviour {
    pub(super) fault: Option<FaultPlan>,
    pub(super) delay: Option<Duration>,
    pub(super) event_delay: Option<Duration>,
}

impl Behaviour {
    /// What this one says, and where it says nothing, the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            fault: self.fault.or(other.fault),
            delay: self.delay.or(other.delay),
            event_delay: self.event_delay.or(other.event_delay),
        }
    }

    /// The parts of a credential that ask for this, each with its dash; delays of streams are not among them.
    pub(super) fn parts(&self) -> String {
        let delay = self.delay.map(|delay| format!("delay-{}ms-", delay.as_millis()));
        let fault = self.fault.map(|plan| {
            let mut parts = format!("fault-{}-", plan.fault.name());
            let standard = FaultPlan::new(plan.fault);
            if plan.after > 0 {
                parts += &format!("after-{}-", plan.after);
            }
            if let Some(times) = plan.times {
                parts += &format!("times-{times}-");
            }
            if plan.retry_after != standard.retry_after {
                let value = plan.retry_after.map_or_else(|| "none".to_owned(), |seconds| seconds.to_string());
                parts += &format!("retry-after-{value}-");
            }
            if let Some(retry) = plan.should_retry {
                parts += &format!("should-retry-{retry}-");
            }
            parts
        });
        delay.unwrap_or_default() + &fault.unwrap_or_default()
    }
}

/// What the headers of a request ask for.
pub(super) fn of_headers(headers: &HeaderMap, place: Place) -> Result<Behaviour, String> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let milliseconds = |name: &str| {
        text(name)
            .map(|value| {
                within_limit(value).ok_or_else(|| {
                    format!("{name}: expected milliseconds from 0 to {}", LONGEST_DELAY.as_millis())
                })
            })
            .transpose()
    };
    Ok(Behaviour {
        fault: text("x-sandbox-fault").map(|value| of_header(value, place)).transpose()?,
        delay: milliseconds("x-sandbox-delay-ms")?,
        event_delay: milliseconds("x-sandbox-event-delay-ms")?,
    })
}

fn of_header(value: &str, place: Place) -> Result<FaultPlan, String> {
    let mut parts = value.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().replace('_', "-");
    let (_, fault) = Fault::known_at(place)
        .find(|(known, _)| *known == name)
        .ok_or_else(|| unknown(&format!("\"{name}\""), place))?;
    let mut plan = FaultPlan::new(fault);
    for option in parts {
        let (option, value) = option.split_once('=').unwrap_or((option, ""));
        plan.set(&option.trim().replace('_', "-"), value.trim())?;
    }
    Ok(plan)
}

/// What the parts of a credential ask for. Messages about it name none of its parts.
pub(super) fn of_credential(credential: &str, place: Place) -> Result<Behaviour, String> {
    let credential = credential.replace('_', "-");
    let fault = credential.split_once("-fault-").map(|(_, rest)| of_parts(rest, place)).transpose()?;
    Ok(Behaviour {
        fault,
        delay: delay_after(&credential.replace("-event-delay-", "-event-"), "-delay-"),
        event_delay: delay_after(&credential, "-event-delay-"),
    })
}

fn of_parts(rest: &str, place: Place) -> Result<FaultPlan, String> {
    // The longest name counts: `overloaded-in-stream` also begins with `overloaded`.
    let (fault, mut rest) = Fault::known_at(place)
        .filter_map(|(name, fault)| Some((fault, behind(rest, name)?)))
        .min_by_key(|(_, left)| left.len())
        .ok_or_else(|| unknown("in this credential", place))?;
    let mut plan = FaultPlan::new(fault);
    'options: loop {
        for option in ["after", "times", "retry-after", "should-retry"] {
            let Some(left) = behind(rest, option) else { continue };
            let (value, left) = left.split_once('-').unwrap_or((left, ""));
            plan.set(option, value)?;
            rest = left;
            continue 'options;
        }
        return Ok(plan);
    }
}

/// What follows `word` and its dash at the beginning of `text`.
fn behind<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('-') }
}

fn delay_after(credential: &str, marker: &str) -> Option<Duration> {
    let (_, rest) = credential.split_once(marker)?;
    within_limit(rest.split('-').next()?.strip_suffix("ms")?)
}

fn within_limit(milliseconds: &str) -> Option<Duration> {
    let delay = Duration::from_millis(milliseconds.trim().parse().ok()?);
    (delay <= LONGEST_DELAY).then_some(delay)
}

fn unknown(what: &str, place: Place) -> String {
    let known: Vec<_> = Fault::known_at(place).map(|(name, _)| name).collect();
    format!("unknown sandbox fault {what}; known here are {}", known.join(", "))
}

/// The beta of the 1M window.
fn context1m() -> &'static str {
    &Catalog::embedded().betas().context1m
}

/// The first of the next month, when spend limits start anew.
fn next_month(now: Timestamp) -> String {
    let today = now.to_zoned(TimeZone::UTC).date();
    let (year, month) =
        if today.month() == 12 { (today.year() + 1, 1) } else { (today.year(), today.month() + 1) };
    format!("{year:04}-{month:02}-01 at 00:00 UTC")
}

/// How often each credential has met each fault.
#[derive(Debug, Default)]
pub(super) struct FaultCounts(HashMap<(Fingerprint, Fault), u64>);

impl FaultCounts {
    /// Counts one request and says whether the fault strikes it.
    pub(super) fn strikes(&mut self, credential: &Fingerprint, plan: &FaultPlan) -> bool {
        let seen = self.0.entry((credential.clone(), plan.fault)).or_default();
        let met = *seen;
        *seen += 1;
        met.checked_sub(plan.after).is_some_and(|past| plan.times.is_none_or(|times| past < times))
    }
}

#[cfg(test)]
mod tests;
