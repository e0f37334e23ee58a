//! The verdict in words: one sentence fragment for tables, pages and errors, and what to do about it. Commands named
//! here are ones this program has.

mod first;
mod reference;

pub use first::{endpoint_setup, first_credential};
pub use reference::reference_fix;

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::configured::{ConfigCredential, ConfigStanding};
use super::form;
use super::health::{Billing, Stored, Unusable, UnusableReason, Usable, Verdict};
use super::neighbours;
use super::profile::{CredentialType, Material, Profile};
use super::profile_id::ProfileId;
use super::reference::BrokenReference;
use super::resolve::{EnvCredential, EnvStanding};
use super::windows::WindowKind;
use crate::config::AgentId;
use crate::env::Origin;
use crate::text::{duration, one_line, shell_word, wait};

/// Longest order that a fix spells out.
const LONGEST_ORDER: usize = 32;

/// Most ids that a sentence names.
const MOST_IDS: usize = 20;

/// A profile as people are told which one is meant: id, type, masked secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileLabel {
    /// Its id.
    pub profile_id: ProfileId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: CredentialType,
    /// Masked form of the secret, or where it is.
    pub secret: String,
}

impl ProfileLabel {
    /// The label of a profile.
    pub fn of(profile: &Profile) -> Self {
        Self {
            profile_id: profile.id.clone(),
            kind: profile.credential.kind(),
            secret: profile.credential.material().shown(),
        }
    }
}

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
        (_, None) if verdict.known_on_use => "on use".to_owned(),
        (_, None) => "ok".to_owned(),
    };
    if let Some(verified) = &verdict.verified {
        words.push_str(&format!(", verified {} ago", ago(verified.at)));
    }
    words
}

fn obstacle(unusable: &Unusable, verdict: &Verdict, now: Timestamp) -> String {
    let trial = match unusable.trial_at {
        Some(at) if at > now => format!(", next trial in {}", wait(at.duration_since(now))),
        Some(_) => ", a trial is due".to_owned(),
        None => String::new(),
    };
    let left = unusable.until.map(|until| wait(until.duration_since(now)));
    match (&unusable.reason, left) {
        (UnusableReason::Cooldown(why), Some(left)) => match &unusable.model_class {
            Some(class) => format!("cooling down {left} ({}, {})", reason(why), one_line(class)),
            None => format!("cooling down {left} ({})", reason(why)),
        },
        (UnusableReason::Cooldown(why), None) => format!("cooling down ({})", reason(why)),
        (UnusableReason::Disabled(why), Some(left)) => format!("disabled {left} ({}){trial}", reason(why)),
        (UnusableReason::Disabled(why), None) => {
            format!("disabled until it is replaced ({}){trial}", reason(why))
        }
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

/// A window's meaning in words.
pub fn window(kind: WindowKind) -> &'static str {
    match kind {
        WindowKind::Cooldown => "cooling down",
        WindowKind::Disabled => "disabled",
    }
}

/// Who pays, in words.
pub fn pays(billing: Billing) -> &'static str {
    match billing {
        Billing::Api => "billed per token to an API account",
        Billing::Subscription => "paid by a Claude plan",
        Billing::Unknown => "who pays for it is not known",
    }
}

/// What mends something: advice in words, commands that can be pasted, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
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

impl Fix {
    /// As lines under what is the matter: the words, then each command on a line of its own, so that it can be pasted.
    pub fn lines(&self) -> Vec<String> {
        let parts = self.advice.iter().chain(&self.commands).enumerate();
        parts.map(|(i, part)| if i == 0 { format!("fix: {part}") } else { format!("     {part}") }).collect()
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

/// A fix among the fields of what it mends: all of it in words as `fix`, its commands alone as `commands`.
///
/// # Errors
/// As the serializer's.
pub fn with_commands<S: Serializer>(fix: &Option<Fix>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Fields<'a> {
        fix: Option<&'a Fix>,
        commands: &'a [String],
    }
    let commands = fix.as_ref().map(|fix| fix.commands.as_slice()).unwrap_or_default();
    Fields { fix: fix.as_ref(), commands }.serialize(serializer)
}

impl Serialize for Fix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What mends a profile; `None` when only time does, or nothing is wrong. `agent` is given when it is not the default one;
/// `order` is the explicit order that leaves profiles out.
pub fn fix(
    profile: &Profile,
    verdict: &Verdict,
    agent: Option<&AgentId>,
    order: &[&ProfileId],
) -> Option<Fix> {
    let Usable::No(unusable) = &verdict.usable else {
        let refused = verdict.verified.as_ref().is_some_and(|verified| !verified.accepted);
        let ends = verdict.stored == Stored::Expiring || verdict.refresh_refused;
        return (refused || ends).then(|| replacement(profile, agent));
    };
    match &unusable.reason {
        UnusableReason::Expired
        | UnusableReason::Missing
        | UnusableReason::CannotSend(_)
        | UnusableReason::SignInAgain { .. } => Some(replacement(profile, agent)),
        UnusableReason::BrokenReference(BrokenReference::UnknownSource(_)) => {
            Some(stored_anew(profile, agent))
        }
        UnusableReason::BrokenReference(BrokenReference::Neighbour(error)) => {
            Some(neighbours::fix(error, profile))
        }
        UnusableReason::BrokenReference(broken) => Some(reference_fix(broken)),
        UnusableReason::Disabled(why) => match why.as_str() {
            "auth_permanent" => Some(replacement(profile, agent)),
            "billing" => Some(Fix {
                advice: Some(
                    "use another credential, or add credits at https://platform.claude.com/settings/billing and have it tried again"
                        .to_owned(),
                ),
                commands: vec![clear_window(&profile.id, agent)],
            }),
            "spend_limit" => Some(Fix {
                advice: Some(
                    "use another credential, or raise the limit at https://platform.claude.com/settings/limits and have it tried again"
                        .to_owned(),
                ),
                commands: vec![clear_window(&profile.id, agent)],
            }),
            _ => Some(Fix::run([clear_window(&profile.id, agent)])),
        },
        UnusableReason::Excluded => inclusion(&[&profile.id], order, agent),
        UnusableReason::Cooldown(_) => None,
    }
}

/// What takes profiles of one provider into the explicit order that leaves them out; `None` where there are none.
pub fn inclusion(left_out: &[&ProfileId], order: &[&ProfileId], agent: Option<&AgentId>) -> Option<Fix> {
    let provider = left_out.first()?.provider();
    if !order.is_empty() && order.len() + left_out.len() <= LONGEST_ORDER {
        return Some(Fix::run([set_order(provider, order.iter().chain(left_out).copied(), agent)]));
    }
    let what = match left_out {
        [one] => format!("add {one} to the order of {provider} that leaves it out"),
        _ => format!("add those you want to the order of {provider}"),
    };
    Some(Fix {
        advice: Some(what),
        commands: vec![format!("fased models auth order get --provider {provider}{}", flag(agent))],
    })
}

/// Ids one after the other, the first of many.
pub fn some_ids(ids: &[&ProfileId]) -> String {
    let mut shown: Vec<String> = ids.iter().take(MOST_IDS).map(ToString::to_string).collect();
    if ids.len() > MOST_IDS {
        shown.push(format!("and {} more", ids.len() - MOST_IDS));
    }
    shown.join(", ")
}

/// What mends a key in the config; `None` when nothing is wrong with it.
pub fn config_key_fix(config_key: &ConfigCredential<'_>) -> Option<Fix> {
    match &config_key.standing {
        ConfigStanding::Broken(broken) => Some(reference_fix(broken)),
        ConfigStanding::CannotSend(_) => {
            Some(Fix::advise(format!("put an API key at {} of the config", config_key.key.place)))
        }
        ConfigStanding::Used
        | ConfigStanding::Idle
        | ConfigStanding::InReserve
        | ConfigStanding::PayerHeldBack => None,
    }
}

/// What a key in the config is used for, in a few words.
pub fn config_key_standing(config_key: &ConfigCredential<'_>) -> String {
    match &config_key.standing {
        ConfigStanding::Used if config_key.known_on_use => "used, known on use".to_owned(),
        ConfigStanding::Used => "used".to_owned(),
        ConfigStanding::Idle => "idle (a profile is stored)".to_owned(),
        ConfigStanding::InReserve => "in reserve (auth.env puts the environment first)".to_owned(),
        ConfigStanding::PayerHeldBack => "held back (auth.crossBilling is stop)".to_owned(),
        ConfigStanding::Broken(broken) => broken.to_string(),
        ConfigStanding::CannotSend(kind) => format!("is {}, which cannot send messages", kind.described()),
    }
}

/// What a credential of the environment is used for, in a few words, and where it is set.
pub fn env_standing(env: &EnvCredential) -> String {
    let standing = match env.standing {
        EnvStanding::Used => "used",
        EnvStanding::InReserve => "in reserve (auth.env is overflow)",
        EnvStanding::BehindConfig => "idle (the config has a key)",
        EnvStanding::Idle => "idle (a profile is stored)",
        EnvStanding::HeldBack => "held back (auth.env is fallback)",
        EnvStanding::PayerHeldBack => "held back (auth.crossBilling is stop)",
        EnvStanding::Off => "off (auth.env is never)",
        EnvStanding::Refused => "refused (cannot send messages)",
    };
    let place = match env.origin {
        Origin::Process => "",
        Origin::DotEnv => ", set in .env",
        Origin::Config => ", set in the config",
    };
    format!("{standing}{place}")
}

/// The line that sets an order again with a profile at its end.
pub fn order_with(order: &[&ProfileId], id: &ProfileId, agent: Option<&AgentId>) -> String {
    set_order(id.provider(), order.iter().copied().chain([id]), agent)
}

/// The line that sets an order.
pub fn set_order<'a>(
    provider: &str,
    ids: impl Iterator<Item = &'a ProfileId>,
    agent: Option<&AgentId>,
) -> String {
    let ids: Vec<String> = ids.map(|id| shell_word(id.as_str())).collect();
    format!("fased models auth order set --provider {provider} {}{}", ids.join(" "), flag(agent))
}

/// The line that lets a profile be tried again at once.
pub fn clear_window(id: &ProfileId, agent: Option<&AgentId>) -> String {
    format!("fased models auth cooldown clear {}{}", shell_word(id.as_str()), flag(agent))
}

/// What names an agent on a command line, with a space before.
fn flag(agent: Option<&AgentId>) -> String {
    agent.map(|id| format!(" --agent {id}")).unwrap_or_default()
}

/// What gives a profile another secret, and no other profile: where it is kept, or here.
pub fn replacement(profile: &Profile, agent: Option<&AgentId>) -> Fix {
    if let Some(renewed) = profile.credential.material().reference().and_then(neighbours::renewal) {
        return renewed;
    }
    match profile.credential.material() {
        Material::Reference(reference) => Fix::advise(format!("put another secret where {reference} leads")),
        Material::Value(_) | Material::Missing => stored_anew(profile, agent),
    }
}

/// What stores another secret in a profile.
fn stored_anew(profile: &Profile, agent: Option<&AgentId>) -> Fix {
    let agent = flag(agent);
    let to_it = format!(" --profile-id {}", shell_word(profile.id.as_str()));
    let provider = profile.id.provider();
    if provider != form::ANTHROPIC {
        return match profile.credential.kind() {
            CredentialType::ApiKey => Fix::run([format!(
                "fased models auth login --provider {provider} --method api-key{to_it}{agent}"
            )]),
            CredentialType::Token => {
                Fix::run([format!("fased models auth paste-token --provider {provider}{to_it}{agent}")])
            }
            CredentialType::OAuth => Fix::advise("renew it with the program that stores it"),
        };
    }
    let login = "fased models auth login --provider anthropic --method";
    match profile.credential.kind() {
        CredentialType::ApiKey => Fix::run([format!("{login} api-key{to_it}{agent}")]),
        CredentialType::Token => Fix::run([
            "claude setup-token".to_owned(),
            format!("fased models auth paste-token --provider anthropic{to_it}{agent}"),
        ]),
        CredentialType::OAuth => {
            // A sign-in finds the profile of its account by itself.
            let finds_it = profile.email.as_deref() == Some(profile.id.name());
            let to_it = if finds_it { "" } else { &to_it };
            Fix::run([format!("{login} anthropic-oauth{to_it}{agent}")])
        }
    }
}
