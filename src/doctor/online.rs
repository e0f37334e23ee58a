//! What only the network shows: whether the providers can be reached, and whether this machine's clock agrees with theirs.
//! No credential is sent.

use jiff::{SignedDuration, Timestamp};

use super::{Finding, Severity};
use crate::anthropic::{Client, Error};
use crate::auth::wording::Fix;
use crate::clock::Clock;
use crate::config::Config;
use crate::config::edit::{Segment, shown};
use crate::provider::ProviderError;
use crate::text::{duration, shell_word};

/// A clock that is off by less does not matter.
const TOLERABLE: SignedDuration = SignedDuration::from_mins(2);

/// Asks a provider for an answer of any kind.
pub async fn look(provider: &str, client: &Client, clock: &dyn Clock) -> Vec<Finding> {
    match client.reach().await {
        Ok(Some(theirs)) => clock_finding(provider, theirs, clock.now()).into_iter().collect(),
        Ok(None) => Vec::new(),
        Err(error) => {
            let message = format!("{provider} cannot be reached: {error}.");
            let fix = Fix {
                advice: Some("look at the network, at HTTPS_PROXY, and at the base URL".to_owned()),
                commands: vec!["fased config get".to_owned()],
            };
            vec![Finding::new("api-unreachable", Severity::Problem, message, fix)]
        }
    }
}

/// A provider that cannot be asked at all; `None` where the look at models has told so.
pub fn no_client(provider: &str, error: &ProviderError, config: &Config) -> Option<Finding> {
    let written = config.provider_entry(provider).map(|(written, _)| written);
    let fix = match (error, written) {
        (ProviderError::NoBaseUrl { .. } | ProviderError::OtherApi { .. }, _) => return None,
        (
            ProviderError::BaseUrl { .. }
            | ProviderError::Client(
                Error::InvalidBaseUrl { .. } | Error::InsecureBaseUrl { .. } | Error::BadHeader { .. },
            ),
            Some(written),
        ) => {
            let path = Segment::keys(["models", "providers", written]);
            Fix::run([format!("fased config get {}", shell_word(&shown(&path)))])
        }
        // What is not set in the config comes from the environment.
        _ => Fix {
            advice: Some("mend what the environment says of addresses, proxies and certificates".to_owned()),
            commands: vec![
                "env | grep -E '^(ANTHROPIC_BASE_URL|HTTPS_PROXY|https_proxy|SSL_CERT_)'".to_owned(),
            ],
        },
    };
    let message = format!("{provider} cannot be asked: {}.", error.to_string().trim_end_matches('.'));
    Some(Finding::new("api-unreachable", Severity::Problem, message, fix))
}

fn clock_finding(provider: &str, theirs: Timestamp, ours: Timestamp) -> Option<Finding> {
    let off = ours.duration_since(theirs);
    if off.abs() <= TOLERABLE {
        return None;
    }
    let direction = if off.is_negative() { "behind" } else { "ahead of" };
    let message = format!(
        "This machine's clock is {} {direction} that of {provider}; expiry and cooldowns depend on it.",
        duration(off.abs())
    );
    Some(Finding::new("clock-skew", Severity::Warning, message, Fix::run(["timedatectl status".to_owned()])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_with_its_direction() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let told = |seconds| {
            let theirs = now + SignedDuration::from_secs(seconds);
            clock_finding("anthropic", theirs, now).map(|finding| finding.message)
        };
        assert_eq!(told(119), None);
        assert_eq!(told(-120), None);
        assert!(told(600).unwrap().contains("10m behind that of anthropic"), "{:?}", told(600));
        assert!(told(-3600).unwrap().contains("1h ahead of that of anthropic"), "{:?}", told(-3600));
    }
}
