//! What a refusal means: any body, status and headers have a meaning, with times that are bounded. The first line of an
//! input is status, `retry-after` and what is left of a limit; the rest is the body.

use std::time::Duration;

use bytes::Bytes;
use fased::anthropic::{ApiErrorKind, RateLimits, ResponseMeta};
use fased::failover::{Reason, classify};
use jiff::{SignedDuration, Timestamp};

use super::{Outcome, message_stream};

/// Longest rate limit that is believed.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// Longest spend limit that is believed.
const LONGEST_SPEND_LIMIT: SignedDuration = SignedDuration::from_hours(32 * 24);
const STATUSES: [u16; 12] = [200, 301, 400, 401, 402, 403, 404, 413, 429, 500, 529, 599];

/// Reads and classifies a refusal.
pub fn run(input: &[u8]) -> Outcome {
    let line = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (head, body) = (&input[..line], input.get(line + 1..).unwrap_or_default());
    let now = Timestamp::from_second(1_780_000_000).unwrap_or_default();
    let body = String::from_utf8_lossy(body).replace(['\n', '\r'], " ");
    let event = Bytes::from(format!("event: error\ndata: {body}\n\n"));
    let mut events = message_stream::read(vec![event], meta(head, now));
    let Some(Err(error)) = events.pop() else { panic!("an error event is no error: {body}") };
    message_stream::check_error(&error);

    let failed = classify(&error, now);
    assert_eq!(failed, classify(&error, now), "the same failure has two meanings");
    assert!(failed.wait.is_none_or(|wait| wait <= LONGEST_WAIT), "{failed:?}");
    if let Some(until) = failed.until {
        assert!(until > now && until.duration_since(now) <= LONGEST_SPEND_LIMIT, "{failed:?}");
    }
    let Some(api) = error.api() else { return Outcome::Refused };
    match failed.reason {
        Reason::AuthPermanent => {
            let kinds =
                [ApiErrorKind::Authentication, ApiErrorKind::Permission, ApiErrorKind::InvalidRequest];
            assert!(kinds.contains(&api.kind), "{:?} is no refusal for good", api.kind);
        }
        Reason::SpendLimit => assert!(failed.until.is_some(), "{failed:?}"),
        Reason::Local => panic!("a refusal of the API is no mistake of this machine"),
        _ => {}
    }
    if api.error_type.is_empty() { Outcome::Refused } else { Outcome::Taken }
}

fn meta(head: &[u8], now: Timestamp) -> ResponseMeta {
    let byte = |at: usize| head.get(at).copied().unwrap_or(0);
    let mut rate_limits = RateLimits::default();
    if byte(2) % 2 == 1 {
        // Minutes before or after now, or the end of time.
        let minutes = i64::from(byte(3)) * i64::from(byte(4)) - 1000;
        let reset = now.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        let reset = if byte(3) == b'~' { Timestamp::MAX } else { reset };
        rate_limits.values.insert("tokens-remaining".to_owned(), "0".to_owned());
        rate_limits.resets.insert("tokens-reset".to_owned(), reset);
    }
    let retry_after = match byte(1) {
        0..b'A' => None,
        b'~' => Some(Duration::MAX),
        seconds => Some(Duration::from_secs(u64::from(seconds) * u64::from(byte(3)))),
    };
    let status = STATUSES[usize::from(byte(0)) % STATUSES.len()];
    ResponseMeta { status, rate_limits, retry_after, ..ResponseMeta::default() }
}
