//! One profile in a status: the TypeScript program's health entry, extended by the whole verdict.

use std::borrow::Cow;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use crate::auth::ProfileId;
use crate::auth::health::{Billing, Stored, Usable, Verdict};
use crate::auth::profile::{CredentialType, Material, Profile};
use crate::auth::resolve::{Judged, ProviderAuth};
use crate::auth::wording::{self, Fix};
use crate::config::{AgentId, SelectedAgent};

/// A profile with its verdict.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProfileReport<'a> {
    #[serde(flatten)]
    health: ProfileHealth<'a>,
    expires_estimated: bool,
    /// Masked form of the secret, or where it is.
    pub secret: String,
    stored: Stored,
    verified: Verified,
    usable: UsableReport,
    pub(super) billing: Billing,
    #[serde(serialize_with = "optional_millis")]
    last_used: Option<Timestamp>,
    /// The profile, for renderings.
    #[serde(skip)]
    pub profile: &'a Profile,
    /// The verdict, for renderings.
    #[serde(skip)]
    pub verdict: Verdict,
    /// What mends it.
    #[serde(skip)]
    pub fix: Option<Fix>,
    /// Whether a request would use it now.
    #[serde(skip)]
    pub is_next: bool,
}

/// A profile's health in the TypeScript program's terms.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileHealth<'a> {
    profile_id: &'a ProfileId,
    provider: &'a str,
    #[serde(rename = "type")]
    kind: CredentialType,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'static str>,
    #[serde(flatten)]
    expiry: ExpiryReport,
    source: &'static str,
    label: Cow<'a, str>,
}

/// When a credential ends.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExpiryReport {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_millis")]
    expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining_ms: Option<i64>,
}

#[derive(Debug, Clone, Serialize)]
struct Verified {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_millis")]
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    how: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct UsableReport {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_millis")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_millis")]
    trial_at: Option<Timestamp>,
    #[serde(flatten, skip_serializing_if = "Option::is_none", serialize_with = "wording::with_commands")]
    fix: Option<Fix>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnusableProfile<'a> {
    profile_id: &'a ProfileId,
    provider: &'a str,
    kind: &'static str,
    reason: String,
    model_class: Option<String>,
    #[serde(serialize_with = "optional_millis")]
    until: Option<Timestamp>,
    pub(super) remaining_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "optional_millis")]
    trial_at: Option<Timestamp>,
    #[serde(flatten, serialize_with = "wording::with_commands")]
    fix: Option<Fix>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderHealth<'a> {
    provider: String,
    status: &'static str,
    #[serde(flatten)]
    expiry: ExpiryReport,
    #[serde(serialize_with = "health_alone")]
    profiles: Rc<Rows<'a>>,
}

impl ProfileReport<'_> {
    /// When it last answered.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_used
    }
}

/// A provider's profiles in order of use. Their reports are made when they are asked for and not kept: of ten thousand
/// profiles they would be the larger part of all memory.
#[derive(Debug, Default)]
pub struct Rows<'a> {
    pub(super) judged: Vec<Judged<'a>>,
    pub(super) now: Timestamp,
    pub(super) agent: Option<&'a AgentId>,
    pub(super) next: Option<&'a ProfileId>,
    /// The explicit order, when it leaves profiles out.
    pub(super) order: Vec<&'a ProfileId>,
    /// Those it leaves out.
    pub(super) left_out: Vec<&'a ProfileId>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(
        judged: Vec<Judged<'a>>,
        now: Timestamp,
        agent: Option<&'a AgentId>,
        next: Option<&'a ProfileId>,
        order: Vec<&'a ProfileId>,
    ) -> Self {
        let excluded = judged.iter().filter(|judged| judged.is_left_out());
        let left_out = excluded.map(|judged| &judged.profile.id).collect();
        Self { judged, now, agent, next, order, left_out }
    }

    pub(super) fn of(provider: ProviderAuth<'a>, now: Timestamp, agent: &'a SelectedAgent) -> Self {
        let next = provider.next_profile().map(|judged| &judged.profile.id);
        Self::new(provider.profiles, now, agent.named(), next, provider.order)
    }

    /// The reports, one after the other.
    pub fn iter(&self) -> impl Iterator<Item = ProfileReport<'a>> {
        self.judged.iter().map(|judged| ProfileReport::make(judged, self))
    }

    /// What mends one of them. Profiles that the order leaves out are taken in together, by [`Self::inclusion`].
    pub(super) fn fix(&self, judged: &Judged<'_>) -> Option<Fix> {
        if judged.is_left_out() && self.left_out.len() > 1 {
            return None;
        }
        wording::fix(judged.profile, &judged.verdict, self.agent, &self.order)
    }

    /// What takes in all that the order leaves out.
    pub(super) fn inclusion(&self) -> Option<Fix> {
        wording::inclusion(&self.left_out, &self.order, self.agent)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.judged.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.judged.is_empty()
    }
}

impl<'a> ProfileReport<'a> {
    fn make(judged: &Judged<'a>, rows: &Rows<'a>) -> Self {
        let (profile, verdict) = (judged.profile, &judged.verdict);
        let fix = rows.fix(judged);
        Self {
            health: ProfileHealth::of(profile, verdict, rows.now),
            expires_estimated: verdict.expires_estimated,
            secret: profile.credential.material().shown(),
            stored: verdict.stored,
            verified: Verified::of(verdict),
            usable: UsableReport::of(verdict, fix.as_ref()),
            billing: verdict.billing,
            last_used: judged.last_used,
            profile,
            verdict: verdict.clone(),
            fix,
            is_next: rows.next == Some(&profile.id),
        }
    }
}

impl<'a> ProfileHealth<'a> {
    fn of(profile: &'a Profile, verdict: &Verdict, now: Timestamp) -> Self {
        let id = profile.id.as_str();
        let label = match &profile.email {
            Some(email) => [id, " (", email, ")"].concat().into(),
            None => id.into(),
        };
        let reason_code =
            (verdict.stored == Stored::Missing).then_some(match profile.credential.material() {
                Material::Missing | Material::Reference(_) => "missing_token",
                Material::Value(_) => "invalid_expires",
            });
        Self {
            profile_id: &profile.id,
            provider: profile.id.provider(),
            kind: profile.credential.kind(),
            status: status_word(verdict.stored),
            reason_code,
            expiry: ExpiryReport::until(verdict.expires_at, now),
            source: "store",
            label,
        }
    }
}

impl ExpiryReport {
    fn until(expires_at: Option<Timestamp>, now: Timestamp) -> Self {
        Self { expires_at, remaining_ms: expires_at.map(|at| millis(at.duration_since(now))) }
    }
}

impl Verified {
    fn of(verdict: &Verdict) -> Self {
        match &verdict.verified {
            None => Self { state: "never", at: None, how: None, status: None },
            Some(verified) => Self {
                state: if verified.accepted { "ok" } else { "rejected" },
                at: Some(verified.at),
                how: Some(verified.how.clone()),
                status: verified.status,
            },
        }
    }
}

impl UsableReport {
    fn of(verdict: &Verdict, fix: Option<&Fix>) -> Self {
        match &verdict.usable {
            Usable::Yes => Self {
                state: "yes",
                kind: None,
                reason: None,
                model_class: None,
                until: None,
                trial_at: None,
                fix: fix.cloned(),
            },
            Usable::No(unusable) => Self {
                state: "no",
                kind: Some(unusable.reason.kind()),
                reason: Some(unusable.reason.word().to_owned()),
                model_class: unusable.model_class.clone(),
                until: unusable.until,
                trial_at: unusable.trial_at,
                fix: fix.cloned(),
            },
        }
    }
}

impl<'a> UnusableProfile<'a> {
    pub(super) fn of(judged: &Judged<'a>, rows: &Rows<'a>) -> Option<Self> {
        let Usable::No(unusable) = &judged.verdict.usable else { return None };
        Some(Self {
            profile_id: &judged.profile.id,
            provider: judged.profile.id.provider(),
            kind: unusable.reason.kind(),
            reason: unusable.reason.word().to_owned(),
            model_class: unusable.model_class.clone(),
            until: unusable.until,
            remaining_ms: unusable.until.map(|until| millis(until.duration_since(rows.now)).max(0)),
            trial_at: unusable.trial_at,
            fix: rows.fix(judged),
        })
    }
}

impl<'a> ProviderHealth<'a> {
    pub(super) fn missing(provider: &str) -> Self {
        let expiry = ExpiryReport { expires_at: None, remaining_ms: None };
        Self {
            provider: provider.to_owned(),
            status: status_word(Stored::Missing),
            expiry,
            profiles: Rc::default(),
        }
    }

    /// The best of its profiles, and the earliest end.
    pub(super) fn of(provider: &str, rows: &Rc<Rows<'a>>) -> Self {
        let rank = |stored: Stored| match stored {
            Stored::Ok => 0,
            Stored::Static => 1,
            Stored::Expiring => 2,
            Stored::Refreshable => 3,
            Stored::Expired => 4,
            Stored::Missing => 5,
        };
        let verdicts = || rows.judged.iter().map(|judged| &judged.verdict);
        let best = verdicts()
            .map(|verdict| verdict.stored)
            .min_by_key(|stored| rank(*stored))
            .unwrap_or(Stored::Missing);
        let earliest = verdicts().filter_map(|verdict| verdict.expires_at).min();
        Self {
            provider: provider.to_owned(),
            status: status_word(best),
            expiry: ExpiryReport::until(earliest, rows.now),
            profiles: Rc::clone(rows),
        }
    }
}

/// The TypeScript program's word for what is stored.
fn status_word(stored: Stored) -> &'static str {
    match stored {
        Stored::Ok => "ok",
        Stored::Expiring => "expiring",
        Stored::Expired => "expired",
        Stored::Refreshable => "refresh-required",
        Stored::Missing => "missing",
        Stored::Static => "static",
    }
}

fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Of each profile what the TypeScript program says.
fn health_alone<S: Serializer>(rows: &Rc<Rows<'_>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        rows.judged.iter().map(|judged| ProfileHealth::of(judged.profile, &judged.verdict, rows.now)),
    )
}

#[expect(clippy::ref_option, reason = "the signature serde asks for")]
pub(super) fn optional_millis<S: Serializer>(
    time: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_i64(time.as_millisecond()),
        None => serializer.serialize_none(),
    }
}
