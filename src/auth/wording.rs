//! The verdict in words: one sentence fragment for tables, pages and errors, and what to do about it. Commands named
//! here are ones this program has.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::health::{Stored, Unusable, UnusableReason, Usable, Verdict};
use super::neighbours;
use super::profile::{CredentialType, Profile};
use super::reference::BrokenReference;
use crate::config::AgentId;
use crate::text::{duration, one_line, shell_word};

/// A profile's health in a few words: `ok`, `cooling down 47s (rate limited, opus)`, `expired 3d ago`.
pub fn health(verdict: &Verdict, now: Timestamp) -> String {
    match &verdict.usable {
        Usable::No(unusable) => obstacle(unusable, verdict, now),
        Usable::Yes => soundness(verdict, now),
    }
}

fn soundness(verdict: &Verdict, now: Timestamp) -> String {
    let renews = verdict.renews;
    let ago = |at: Timestamp| duration(now.duration_since(at));
    if let Some(refusal) = verdict.verified.as_ref().filter(|verified| !verified.accepted) {
        return format!("rejected by the API {} ago", ago(refusal.at));
    }
    let about = if verdict.expires_estimated { "about " } else { "" };
    let mut words = match (verdict.stored, verdict.expires_at) {
        (Stored::Refreshable, Some(at)) => format!("expired {} ago, renews on use", ago(at)),
        (Stored::Refreshable, None) => "renews on use".to_owned(),
        (_, Some(at)) if renews => format!("ok, renews in {}", duration(at.duration_since(now))),
        (_, Some(at)) if verdict.refresh_refused => {
            format!(
                "ends in {}, its refresh token is not accepted any more",
                duration(at.duration_since(now))
            )
        }
        (_, Some(at)) if at <= now => "ok, past its estimated end".to_owned(),
        (Stored::Expiring, Some(at)) => {
            format!("expiring, ends in {about}{}", duration(at.duration_since(now)))
        }
        (_, Some(at)) => format!("ok, ends in {about}{}", duration(at.duration_since(now))),
        (_, None) => "ok".to_owned(),
    };
    if let Some(verified) = &verdict.verified {
        words.push_str(&format!(", verified {} ago", ago(verified.at)));
    }
    words
}

fn obstacle(unusable: &Unusable, verdict: &Verdict, now: Timestamp) -> String {
    let left = unusable.until.map(|until| duration(until.duration_since(now)));
    match (&unusable.reason, left) {
        (UnusableReason::Cooldown(why), Some(left)) => match &unusable.model_class {
            Some(class) => format!("cooling down {left} ({}, {})", reason(why), one_line(class)),
            None => format!("cooling down {left} ({})", reason(why)),
        },
        (UnusableReason::Cooldown(why), None) => format!("cooling down ({})", reason(why)),
        (UnusableReason::Disabled(why), Some(left)) => format!("disabled {left} ({})", reason(why)),
        (UnusableReason::Disabled(why), None) => format!("disabled until it is replaced ({})", reason(why)),
        (UnusableReason::Expired, _) => {
            let since = verdict.expires_at.map(|at| format!(" {} ago", duration(now.duration_since(at))));
            let since = since.unwrap_or_default();
            match verdict.stored {
                Stored::Refreshable => format!("expired{since}, to be renewed where it signed in"),
                _ => format!("expired{since}"),
            }
        }
        (UnusableReason::Excluded, _) => "left out by the order".to_owned(),
        (UnusableReason::Missing, _) => "no usable secret in it".to_owned(),
        (UnusableReason::CannotSend(kind), _) => {
            format!("holds {}, which cannot send messages", kind.described())
        }
        (UnusableReason::BrokenReference(broken), _) => broken.to_string(),
        (UnusableReason::SignInAgain { lost_reply: None }, _) => {
            "sign in again: its refresh token is not accepted any more".to_owned()
        }
        (UnusableReason::SignInAgain { lost_reply: Some(at) }, _) => {
            format!("sign in again: the reply to a refresh at {} was lost", at.strftime("%Y-%m-%d %H:%M UTC"))
        }
    }
}

/// A recorded reason in words.
pub fn reason(word: &str) -> String {
    let known = match word {
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
        other => return one_line(other),
    };
    known.to_owned()
}

/// What mends something: advice in words, commands that can be pasted, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    /// What no command can do.
    pub advice: Option<String>,
    /// Commands, to be run one after the other.
    pub commands: Vec<String>,
}

impl Fix {
    /// Commands alone.
    pub fn run(commands: impl IntoIterator<Item = String>) -> Self {
        Self { advice: None, commands: commands.into_iter().collect() }
    }

    /// Advice alone.
    pub fn advise(advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), commands: Vec::new() }
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.advice.as_deref().unwrap_or_default())?;
        if self.advice.is_some() && !self.commands.is_empty() {
            f.write_str("; ")?;
        }
        f.write_str(&self.commands.join(", then: "))
    }
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What mends a profile; `None` when only time does, or nothing is wrong. `agent` is given when it is not the default one.
pub fn fix(profile: &Profile, verdict: &Verdict, agent: Option<&AgentId>) -> Option<Fix> {
    let Usable::No(unusable) = &verdict.usable else {
        let refused = verdict.verified.as_ref().is_some_and(|verified| !verified.accepted);
        let ends = verdict.stored == Stored::Expiring || verdict.refresh_refused;
        return (refused || ends).then(|| replacement(profile, agent));
    };
    match &unusable.reason {
        UnusableReason::Expired
        | UnusableReason::Missing
        | UnusableReason::CannotSend(_)
        | UnusableReason::SignInAgain { .. }
        | UnusableReason::BrokenReference(BrokenReference::UnknownSource(_)) => {
            Some(replacement(profile, agent))
        }
        UnusableReason::BrokenReference(BrokenReference::Neighbour(error)) => {
            Some(neighbours::fix(error, profile))
        }
        UnusableReason::BrokenReference(BrokenReference::VariableUnset(name)) => {
            Some(Fix::advise(format!("set {} where fased is started", one_line(name))))
        }
        UnusableReason::Disabled(why) => match why.as_str() {
            "auth_permanent" => Some(replacement(profile, agent)),
            "billing" => Some(Fix::advise(
                "add credits at https://platform.claude.com/settings/billing, or use another credential",
            )),
            "spend_limit" => Some(Fix::advise(
                "raise the limit at https://platform.claude.com/settings/limits, or use another credential",
            )),
            _ => None,
        },
        UnusableReason::Excluded => Some(Fix::advise(format!(
            "add {} to the order of {} that leaves it out",
            profile.id,
            profile.id.provider()
        ))),
        UnusableReason::Cooldown(_) => None,
    }
}

/// What puts another secret into a profile, and into no other.
pub fn replacement(profile: &Profile, agent: Option<&AgentId>) -> Fix {
    if profile.id.provider() != "anthropic" {
        return Fix::advise("renew it with the program that stores it");
    }
    if let Some(renewed) = profile.credential.material().reference().and_then(neighbours::renewal) {
        return renewed;
    }
    let agent = agent.map(|id| format!(" --agent {id}")).unwrap_or_default();
    let id = shell_word(profile.id.as_str());
    match profile.credential.kind() {
        CredentialType::ApiKey => {
            Fix::run([format!("fased onboard --api-key-stdin --profile-id {id}{agent}")])
        }
        CredentialType::Token => Fix::run([
            "claude setup-token".to_owned(),
            format!(
                "fased onboard --auth-choice token --token-provider anthropic --token-stdin --profile-id {id}{agent}"
            ),
        ]),
        CredentialType::OAuth => Fix {
            advice: Some("sign in again where it signed in, or add an API key".to_owned()),
            commands: vec![format!("fased onboard{agent}")],
        },
    }
}
