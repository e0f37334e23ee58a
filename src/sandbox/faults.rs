//! What can be made to go wrong, and how a request or a credential asks for it. A header acts on one request:
//! `x-sandbox-fault: rate-limit;retry-after=5`. A part of a credential acts on every request made with it, so that a
//! stored credential can be made to fail: `sk-ant-api03-sandbox-fault-rate-limit-times-2-x3Qw`.
//!
//! Options: `after=N` lets the first N requests through, `times=N` fails only the N after those (both counted per
//! credential and fault), `retry-after=N` or `none` sets the header of that name. In a credential they follow the name
//! of the fault: `-fault-overloaded-after-1-times-3-`. Underscores may stand for dashes in names.
//!
//! Delays: `x-sandbox-delay-ms` and `x-sandbox-event-delay-ms`, or `-delay-250ms-` and `-event-delay-20ms-` in a
//! credential. The header wins over the credential, and that over the defaults of the sandbox.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::error::ApiError;
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
}

impl Fault {
    /// Every fault, by name.
    pub const ALL: [(&'static str, Self); 19] = [
        ("rate-limit", Self::RateLimit),
        ("spend-limit", Self::SpendLimit),
        ("usage-limit", Self::UsageLimit),
        ("billing", Self::Billing),
        ("credit", Self::Credit),
        ("auth", Self::Auth),
        ("revoked", Self::Revoked),
        ("permission", Self::Permission),
        ("not-found", Self::NotFound),
        ("overloaded", Self::Overloaded),
        ("api-error", Self::ApiError),
        ("timeout-error", Self::TimeoutError),
        ("overloaded-in-stream", Self::OverloadedInStream),
        ("error-after-text", Self::ErrorAfterText),
        ("cut-before", Self::CutBefore),
        ("cut-inside", Self::CutInside),
        ("hang", Self::Hang),
        ("stall", Self::Stall),
        ("empty", Self::Empty),
    ];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, fault)| *fault)
    }
}

/// A fault as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FaultPlan {
    pub(super) fault: Fault,
    after: u64,
    times: Option<u64>,
    retry_after: Option<u64>,
}

impl FaultPlan {
    fn new(fault: Fault) -> Self {
        let retry_after = (fault == Fault::RateLimit).then_some(RETRY_AFTER);
        Self { fault, after: 0, times: None, retry_after }
    }

    fn set(&mut self, option: &str, value: &str) -> Result<(), String> {
        let number = value.parse::<u64>();
        match (option, number) {
            ("after", Ok(n)) => self.after = n,
            ("times", Ok(n)) => self.times = Some(n),
            ("retry-after", Ok(n)) => self.retry_after = Some(n),
            ("retry-after", Err(_)) if value == "none" => self.retry_after = None,
            _ => {
                return Err(
                    "a sandbox fault takes the options after=N, times=N and retry-after=N|none".to_owned()
                );
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
            Fault::Overloaded => ApiError::overloaded(),
            Fault::ApiError => ApiError::api(),
            Fault::TimeoutError => {
                ApiError::new(StatusCode::GATEWAY_TIMEOUT, "timeout_error", "Request timed out")
            }
            Fault::OverloadedInStream if !streams => ApiError::overloaded(),
            Fault::ErrorAfterText if !streams => ApiError::api(),
            Fault::OverloadedInStream
            | Fault::ErrorAfterText
            | Fault::CutBefore
            | Fault::CutInside
            | Fault::Hang
            | Fault::Stall
            | Fault::Empty => return None,
        };
        Some(error.with_retry_after(self.retry_after))
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
}

/// What the headers of a request ask for.
pub(super) fn of_headers(headers: &HeaderMap) -> Result<Behaviour, String> {
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
        fault: text("x-sandbox-fault").map(of_header).transpose()?,
        delay: milliseconds("x-sandbox-delay-ms")?,
        event_delay: milliseconds("x-sandbox-event-delay-ms")?,
    })
}

fn of_header(value: &str) -> Result<FaultPlan, String> {
    let mut parts = value.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().replace('_', "-");
    let fault = Fault::named(&name).ok_or_else(|| unknown(&format!("\"{name}\"")))?;
    let mut plan = FaultPlan::new(fault);
    for option in parts {
        let (option, value) = option.split_once('=').unwrap_or((option, ""));
        plan.set(&option.trim().replace('_', "-"), value.trim())?;
    }
    Ok(plan)
}

/// What the parts of a credential ask for. Messages about it name none of its parts.
pub(super) fn of_credential(credential: &str) -> Result<Behaviour, String> {
    let credential = credential.replace('_', "-");
    let fault = credential.split_once("-fault-").map(|(_, rest)| of_parts(rest)).transpose()?;
    Ok(Behaviour {
        fault,
        delay: delay_after(&credential.replace("-event-delay-", "-event-"), "-delay-"),
        event_delay: delay_after(&credential, "-event-delay-"),
    })
}

fn of_parts(rest: &str) -> Result<FaultPlan, String> {
    // The longest name counts: `overloaded-in-stream` also begins with `overloaded`.
    let (fault, mut rest) = Fault::ALL
        .iter()
        .filter_map(|(name, fault)| Some((fault, behind(rest, name)?)))
        .min_by_key(|(_, left)| left.len())
        .ok_or_else(|| unknown("in this credential"))?;
    let mut plan = FaultPlan::new(*fault);
    'options: loop {
        for option in ["after", "times", "retry-after"] {
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

fn unknown(what: &str) -> String {
    let known: Vec<_> = Fault::ALL.iter().map(|(name, _)| *name).collect();
    format!("unknown sandbox fault {what}; known are {}", known.join(", "))
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
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn plan(fault: Fault, after: u64, times: Option<u64>, retry_after: Option<u64>) -> Option<FaultPlan> {
        Some(FaultPlan { fault, after, times, retry_after })
    }

    fn in_credential(credential: &str) -> Option<FaultPlan> {
        of_credential(credential).unwrap().fault
    }

    #[test]
    fn every_fault_is_found_by_its_name_with_dashes_or_underscores() {
        for (name, fault) in Fault::ALL {
            for name in [name.to_owned(), name.replace('-', "_")] {
                assert_eq!(of_header(&name).unwrap().fault, fault, "{name}");
                for end in ["", "-x3Qw", "-retryx"] {
                    let found = in_credential(&format!("sk-ant-api03-sandbox-fault-{name}{end}"));
                    assert_eq!(found.unwrap().fault, fault, "{name}{end}");
                }
            }
        }
    }

    #[test]
    fn options_are_read_from_headers_and_from_credentials() {
        assert_eq!(of_header("rate-limit").ok(), plan(Fault::RateLimit, 0, None, Some(30)));
        assert_eq!(
            of_header("rate_limit; retry-after=5; after=1; times=2").ok(),
            plan(Fault::RateLimit, 1, Some(2), Some(5))
        );
        assert_eq!(of_header("rate-limit;retry_after=none").ok(), plan(Fault::RateLimit, 0, None, None));
        assert_eq!(
            in_credential("sk-ant-api03-sandbox-fault-rate-limit-retry-after-5-after-1-times-2-x3Qw"),
            plan(Fault::RateLimit, 1, Some(2), Some(5))
        );
        assert_eq!(
            in_credential("sk-ant-api03-sandbox-fault-overloaded-times-1"),
            plan(Fault::Overloaded, 0, Some(1), None)
        );
        assert_eq!(in_credential("sk-ant-api03-sandbox-x3Qw"), None);
    }

    #[test]
    fn unknown_names_and_options_are_refused_without_showing_a_credential() {
        assert!(of_header("flood").unwrap_err().contains("\"flood\"; known are rate-limit, "));
        for wrong in ["hang;often=1", "hang;times", "hang;times=x", "hang;retry-after=soon"] {
            assert!(of_header(wrong).unwrap_err().contains("options after=N"), "{wrong}");
        }
        let message = of_credential("sk-ant-api03-sandbox-fault-flood-x3Qw").unwrap_err();
        assert!(!message.contains("flood"), "{message}");
    }

    #[test]
    fn delays_are_read_and_bounded() {
        let behaviour = of_credential("sk-ant-api03-sandbox-event-delay-20ms-delay-250ms-x3Qw").unwrap();
        assert_eq!(behaviour.delay, Some(Duration::from_millis(250)));
        assert_eq!(behaviour.event_delay, Some(Duration::from_millis(20)));
        let behaviour = of_credential("sk-ant-api03-sandbox-event-delay-20ms-x3Qw").unwrap();
        assert_eq!(behaviour.delay, None);
        assert_eq!(within_limit("600000"), Some(LONGEST_DELAY));
        for wrong in ["600001", "-1", "1.5", "", "soon"] {
            assert_eq!(within_limit(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_fault_strikes_after_so_many_requests_and_so_many_times() {
        let credential = Secret::new("one").fingerprint();
        let struck = |header: &str| {
            let (mut counts, plan) = (FaultCounts::default(), of_header(header).unwrap());
            (0..5).map(|_| counts.strikes(&credential, &plan)).collect::<Vec<_>>()
        };
        assert_eq!(struck("auth"), [true; 5]);
        assert_eq!(struck("auth;after=2"), [false, false, true, true, true]);
        assert_eq!(struck("auth;times=2"), [true, true, false, false, false]);
        assert_eq!(struck("auth;after=1;times=2"), [false, true, true, false, false]);
        assert_eq!(struck("auth;times=0"), [false; 5]);
    }

    #[test]
    fn counts_of_credentials_and_faults_are_apart() {
        let (one, two) = (Secret::new("one").fingerprint(), Secret::new("two").fingerprint());
        let mut counts = FaultCounts::default();
        let once = of_header("auth;times=1").unwrap();
        assert!(counts.strikes(&one, &once));
        assert!(!counts.strikes(&one, &once));
        assert!(counts.strikes(&two, &once));
        assert!(counts.strikes(&one, &of_header("hang;times=1").unwrap()));
    }

    #[test]
    fn spend_limits_end_with_the_month() {
        for (now, expected) in [
            ("2026-11-22T10:00:00Z", "2026-12-01 at 00:00 UTC"),
            ("2026-12-31T23:59:59Z", "2027-01-01 at 00:00 UTC"),
        ] {
            assert_eq!(next_month(now.parse().unwrap()), expected);
        }
    }
}
