//! The verdict in words: one sentence fragment for tables, pages and errors, and what to do about it. Commands named
//! here are ones this program has.

use jiff::{SignedDuration, Timestamp};

use super::health::{Stored, Unusable, UnusableReason, Usable, Verdict};
use super::profile::{CredentialType, Profile};
use crate::config::AgentId;

/// A profile's health in a few words: `ok`, `cooling down 47s (rate limited, opus)`, `expired 3d ago`.
pub fn health(verdict: &Verdict, now: Timestamp) -> String {
    match &verdict.usable {
        Usable::No(unusable) => obstacle(unusable, verdict, now),
        Usable::Yes => {
            let left = verdict.expires_at.map(|at| duration(at.duration_since(now)));
            let about = if verdict.expires_estimated { "about " } else { "" };
            let mut words = match (verdict.stored, left) {
                (Stored::Expiring, Some(_)) if verdict.expires_at.is_some_and(|at| at <= now) => {
                    "ok, past its estimated end".to_owned()
                }
                (Stored::Expiring, Some(left)) => format!("expiring, ends in {about}{left}"),
                (_, Some(left)) => format!("ok, ends in {about}{left}"),
                (_, None) => "ok".to_owned(),
            };
            match &verdict.verified {
                Some(verified) if !verified.accepted => {
                    words = format!("rejected by the API {} ago", duration(now.duration_since(verified.at)));
                }
                Some(verified) => {
                    words.push_str(&format!(", verified {} ago", duration(now.duration_since(verified.at))));
                }
                None => {}
            }
            words
        }
    }
}

fn obstacle(unusable: &Unusable, verdict: &Verdict, now: Timestamp) -> String {
    let left = unusable.until.map(|until| duration(until.duration_since(now)));
    match (&unusable.reason, left) {
        (UnusableReason::Cooldown(why), Some(left)) => match &unusable.model_class {
            Some(class) => format!("cooling down {left} ({}, {class})", reason(why)),
            None => format!("cooling down {left} ({})", reason(why)),
        },
        (UnusableReason::Cooldown(why), None) => format!("cooling down ({})", reason(why)),
        (UnusableReason::Disabled(why), Some(left)) => format!("disabled {left} ({})", reason(why)),
        (UnusableReason::Disabled(why), None) => format!("disabled until it is replaced ({})", reason(why)),
        (UnusableReason::Expired, _) => {
            let since = verdict.expires_at.map(|at| duration(now.duration_since(at)));
            since.map_or_else(|| "expired".to_owned(), |since| format!("expired {since} ago"))
        }
        (UnusableReason::Excluded, _) => "left out by the order".to_owned(),
        (UnusableReason::Missing, _) => "no usable secret in it".to_owned(),
        (UnusableReason::VariableUnset(name), _) => format!("variable {name} is not set"),
        (UnusableReason::UnreadableReference(source), _) => format!("its {source} reference cannot be read"),
    }
}

/// A recorded reason in words.
pub fn reason(word: &str) -> &str {
    match word {
        "rate_limit" => "rate limited",
        "auth" => "refused by the API",
        "auth_permanent" => "key revoked or disabled",
        "billing" => "billing",
        "spend_limit" => "spend limit reached",
        "overloaded" => "overloaded",
        "timeout" => "timeouts",
        "model_not_found" => "model not found",
        "session_expired" => "session expired",
        "unknown" => "recent failures",
        other => other,
    }
}

/// What mends a profile, as text with commands that can be pasted; `None` when only time does, or nothing is wrong.
/// `agent` is given when it is not the default one.
pub fn fix(profile: &Profile, verdict: &Verdict, agent: Option<&AgentId>) -> Option<String> {
    let id = || shell_word(profile.id.as_str());
    let agent = || agent.map(|id| format!(" --agent {id}")).unwrap_or_default();
    let renew = || match profile.credential.kind() {
        CredentialType::Token => format!(
            "claude setup-token, then: fased onboard --auth-choice token --token-provider {} --token-profile-id {} --token-stdin{}",
            profile.id.provider(),
            id(),
            agent(),
        ),
        CredentialType::ApiKey | CredentialType::OAuth => format!("fased onboard --api-key-stdin{}", agent()),
    };
    let Usable::No(unusable) = &verdict.usable else {
        let warned = matches!(verdict.stored, Stored::Expiring)
            || verdict.verified.as_ref().is_some_and(|verified| !verified.accepted);
        return warned.then(renew);
    };
    match &unusable.reason {
        UnusableReason::Expired | UnusableReason::Missing | UnusableReason::UnreadableReference(_) => {
            Some(renew())
        }
        UnusableReason::VariableUnset(name) => Some(format!("export {name}=…")),
        UnusableReason::Disabled(why) if why == "auth_permanent" => Some(renew()),
        UnusableReason::Disabled(why) if why == "billing" => Some(
            "add credits at https://platform.claude.com/settings/billing, or use another credential"
                .to_owned(),
        ),
        UnusableReason::Disabled(why) if why == "spend_limit" => Some(
            "raise the limit at https://platform.claude.com/settings/limits, or use another credential"
                .to_owned(),
        ),
        UnusableReason::Excluded => {
            Some(format!("add {} to the order of {} that leaves it out", id(), profile.id.provider()))
        }
        UnusableReason::Disabled(_) | UnusableReason::Cooldown(_) => None,
    }
}

/// A length of time with at most two units: `47s`, `4m`, `5h 12m`, `12d`. Never negative.
pub fn duration(length: SignedDuration) -> String {
    let seconds = length.as_secs().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if seconds < 60 => format!("{seconds}s"),
        () if minutes < 60 => format!("{minutes}m"),
        () if hours < 48 => match minutes % 60 {
            0 => format!("{hours}h"),
            rest => format!("{hours}h {rest}m"),
        },
        () => format!("{days}d"),
    }
}

/// A text as one word of a shell command, quoted only when it must be.
pub fn shell_word(text: &str) -> String {
    let plain =
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:@%+=/,".contains(&b));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        for (seconds, text) in [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3600, "1h"),
            (18_720, "5h 12m"),
            (172_799, "47h 59m"),
            (172_800, "2d"),
        ] {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn words_that_a_shell_would_split_are_quoted() {
        assert_eq!(shell_word("anthropic:me@example.com"), "anthropic:me@example.com");
        assert_eq!(shell_word("anthropic:a;b"), "'anthropic:a;b'");
        assert_eq!(shell_word("it's"), r"'it'\''s'");
    }
}
