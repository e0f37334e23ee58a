//! The `anthropic-ratelimit-*` headers: generous limits per organization and class of models, counted in whole minutes
//! of the sandbox's clock. They inform; nothing is refused for exceeding them (the `rate-limit` fault does that).

use std::collections::HashMap;

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

/// What a minute allows: the name in the headers, and how much.
const LIMITS: [(&str, u64); 3] =
    [("requests", 4_000), ("input-tokens", 2_000_000), ("output-tokens", 400_000)];
/// Anthropic rounds what remains of tokens to whole thousands.
const ROUNDED_TO: u64 = 1_000;

/// What each organization has used of each class in the minute it last asked in.
#[derive(Debug, Default)]
pub(super) struct Limits(HashMap<(String, String), Minute>);

#[derive(Debug, Default)]
struct Minute {
    /// Minutes since 1970.
    number: i64,
    used: [u64; LIMITS.len()],
}

impl Limits {
    /// Counts one request with tokens it used. Cache reads do not belong into `input`.
    pub(super) fn charge(
        &mut self,
        organization: &str,
        class: &str,
        input: u64,
        output: u64,
        now: Timestamp,
    ) {
        let minute = self.0.entry((organization.to_owned(), class.to_owned())).or_default();
        if minute.number != minute_of(now) {
            *minute = Minute { number: minute_of(now), ..Minute::default() };
        }
        for (used, amount) in minute.used.iter_mut().zip([1, input, output]) {
            *used = used.saturating_add(amount);
        }
    }

    /// The headers as they stand.
    pub(super) fn headers(&self, organization: &str, class: &str, now: Timestamp) -> HeaderMap {
        let minute = self.0.get(&(organization.to_owned(), class.to_owned()));
        let used =
            minute.filter(|minute| minute.number == minute_of(now)).map_or([0; 3], |minute| minute.used);
        let reset = at_second((minute_of(now) + 1) * 60);
        let mut headers = HeaderMap::new();
        for ((name, limit), used) in LIMITS.iter().zip(used) {
            let left = limit.saturating_sub(used);
            let left = if *name == "requests" { left } else { left / ROUNDED_TO * ROUNDED_TO };
            set(&mut headers, name, "limit", &limit.to_string());
            set(&mut headers, name, "remaining", &left.to_string());
            set(&mut headers, name, "reset", &reset);
        }
        headers
    }
}

/// The headers that go with a refusal for the rate of requests.
pub(super) fn exhausted(retry_after: u64, now: Timestamp) -> HeaderMap {
    let seconds = i64::try_from(retry_after).unwrap_or(i64::MAX);
    let reset = at_second(now.as_second().saturating_add(seconds));
    let mut headers = HeaderMap::new();
    set(&mut headers, "requests", "limit", &LIMITS[0].1.to_string());
    set(&mut headers, "requests", "remaining", "0");
    set(&mut headers, "requests", "reset", &reset);
    headers
}

fn set(headers: &mut HeaderMap, name: &str, part: &str, value: &str) {
    let name = http::HeaderName::try_from(format!("anthropic-ratelimit-{name}-{part}"));
    // Numbers and times are valid header values, and the names are ours.
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

fn minute_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(60)
}

fn at_second(second: i64) -> String {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(headers: &HeaderMap, name: &str) -> String {
        headers[format!("anthropic-ratelimit-{name}")].to_str().unwrap().to_owned()
    }

    #[test]
    fn use_is_counted_per_organization_class_and_minute() {
        let now: Timestamp = "2026-01-01T00:00:20Z".parse().unwrap();
        let later: Timestamp = "2026-01-01T00:01:00Z".parse().unwrap();
        let mut limits = Limits::default();
        limits.charge("a", "opus", 1_500, 10, now);
        let headers = limits.headers("a", "opus", now);
        assert_eq!(shown(&headers, "requests-remaining"), "3999");
        assert_eq!(shown(&headers, "input-tokens-remaining"), "1998000");
        assert_eq!(shown(&headers, "output-tokens-remaining"), "399000");
        assert_eq!(shown(&headers, "requests-reset"), "2026-01-01T00:01:00Z");
        for fresh in [
            limits.headers("b", "opus", now),
            limits.headers("a", "haiku", now),
            limits.headers("a", "opus", later),
        ] {
            assert_eq!(shown(&fresh, "requests-remaining"), "4000");
        }
    }

    #[test]
    fn an_exhausted_limit_resets_when_retry_after_is_over() {
        let headers = exhausted(30, "2026-01-01T00:00:20Z".parse().unwrap());
        assert_eq!(shown(&headers, "requests-remaining"), "0");
        assert_eq!(shown(&headers, "requests-reset"), "2026-01-01T00:00:50Z");
        assert_eq!(shown(&exhausted(u64::MAX, Timestamp::UNIX_EPOCH), "requests-remaining"), "0");
    }
}
