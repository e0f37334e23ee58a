//! The one verdict: whether a profile is stored well, was verified, can be used now, and why not. Command line, JSON,
//! HTTP and pages all render what [`judge`] says; nothing else decides.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::form::{self, Form};
use super::neighbours::{self, Owner};
use super::profile::{Credential, CredentialType, Expiry, Material, Profile};
use super::reference::{BrokenReference, Look, References};
use super::state::{ProfileState, RefreshRefused, Verification};
use crate::secret::SecretKind;

/// What ends sooner than this is called expiring.
pub const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(24);
/// Life of a setup-token, counted from when it was added; Anthropic documents one year.
const SETUP_TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(365 * 24);

/// Everything that is to be said about a profile at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What the store holds.
    pub stored: Stored,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// The end is our estimate, not a recorded fact.
    pub expires_estimated: bool,
    /// It is renewed by itself before it ends.
    pub renews: bool,
    /// The provider refused its refresh token, so that it ends for good.
    pub refresh_refused: bool,
    /// What it holds is known only when it is used.
    pub known_on_use: bool,
    /// What the provider last said.
    pub verified: Option<Box<Verification>>,
    /// Whether a request may use it now.
    pub usable: Usable,
    /// How it is sent, as far as that can be told before it is used.
    pub form: Option<Form>,
    /// Who pays for what it is used for.
    pub billing: Billing,
}

/// What the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stored {
    /// Good for more than a day.
    Ok,
    /// Ends within a day.
    Expiring,
    /// Ended.
    Expired,
    /// The access token ended; the refresh token can fetch another.
    Refreshable,
    /// No secret, or an expiry that is no date.
    Missing,
    /// Does not end by itself.
    Static,
}

/// Whether a request may use it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usable {
    /// It may.
    Yes,
    /// It may not. Boxed, because most may, and there may be very many.
    No(Box<Unusable>),
}

/// Why a profile cannot be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The reason.
    pub reason: UnusableReason,
    /// When it may be used again; `None` when time does not mend it.
    pub until: Option<Timestamp>,
    /// The class of models this is about; `None` for all.
    pub model_class: Option<String>,
    /// When one request may try it before that; in the past when it may now.
    pub trial_at: Option<Timestamp>,
}

/// Reasons, from the most lasting to the most passing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnusableReason {
    /// An explicit order leaves it out.
    Excluded,
    /// There is no secret in it.
    Missing,
    /// Its secret is of a kind that cannot send messages.
    CannotSend(SecretKind),
    /// Its reference leads nowhere.
    BrokenReference(BrokenReference),
    /// It ended.
    Expired,
    /// Its refresh token is not accepted any more.
    SignInAgain {
        /// When a refresh began whose reply never arrived, if that is how the token was lost.
        lost_reply: Option<Timestamp>,
    },
    /// Not used for anything, for this recorded reason.
    Disabled(String),
    /// Left alone for a while, for this recorded reason.
    Cooldown(String),
}

/// Who pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Billing {
    /// Per token, to the API account.
    Api,
    /// A Claude plan.
    Subscription,
    /// Cannot be told.
    Unknown,
}

impl Billing {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Subscription => "subscription",
            Self::Unknown => "unknown",
        }
    }
}

impl Billing {
    /// Whether another pays than there: between a plan and an account, one nobody can tell is no change.
    pub fn differs_from(self, other: Self) -> bool {
        self != other && self != Self::Unknown && other != Self::Unknown
    }
}

impl Usable {
    /// Whether it may be used.
    pub fn is_yes(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

impl Unusable {
    /// Whether a request may try it now, once it has claimed the trial. A spend limit seldom ends before its time, so
    /// it is tried only when nothing else can be used.
    pub fn may_try(&self, now: Timestamp, another_is_usable: bool) -> bool {
        let worth_it = !another_is_usable || self.reason.word() != "spend_limit";
        worth_it && self.trial_at.is_some_and(|at| at <= now)
    }
}

impl UnusableReason {
    /// The kind of unusability as the TypeScript program names it, or our own name where it has none.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Excluded => "excluded",
            Self::Missing | Self::CannotSend(_) | Self::BrokenReference(_) => "missing",
            Self::Expired => "expired",
            Self::Disabled(_) | Self::SignInAgain { .. } => "disabled",
            Self::Cooldown(_) => "cooldown",
        }
    }

    /// The recorded or implied reason, one word of the schema.
    pub fn word(&self) -> &str {
        match self {
            Self::Disabled(reason) | Self::Cooldown(reason) => reason,
            Self::SignInAgain { .. } => "sign_in_again",
            other => other.kind(),
        }
    }
}

/// What a verdict depends on besides the profile.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The moment.
    pub now: Timestamp,
    /// The class of the model that would be asked.
    pub model_class: &'a str,
    /// Whether an explicit order leaves the profile out.
    pub excluded: bool,
    /// Whether this program can refresh the provider's OAuth pairs.
    pub renewable: bool,
    /// Where references lead.
    pub references: References<'a>,
}

/// Judges a profile. `state` must be about the secret the profile holds now.
pub fn judge(profile: &Profile, state: Option<&ProfileState>, situation: &Situation<'_>) -> Verdict {
    let look = match profile.credential.material() {
        Material::Reference(reference) => Some(situation.references.look(reference)),
        Material::Value(_) | Material::Missing => None,
    };
    let found = match &look {
        Some(Look::Found(secret, _)) => Some(secret),
        _ => None,
    };
    // What is remembered of a secret that was replaced where it is says nothing about the new one.
    let state = state.filter(|state| state.speaks_about(found));
    let refused = state.and_then(|state| state.refresh_refused.as_ref());
    let (stored, expires_at, expires_estimated) =
        judge_stored(profile, look.as_ref(), refused.is_some(), situation.now);
    let form = form_of(profile, look.as_ref());
    let obstacle = obstacle_in_itself(profile, look.as_ref(), stored, refused, situation)
        .or_else(|| state.and_then(|state| obstacle_in_state(state, situation)));
    Verdict {
        stored,
        expires_at,
        expires_estimated,
        renews: situation.renewable && refused.is_none() && is_pair(profile),
        refresh_refused: refused.is_some(),
        known_on_use: look == Some(Look::OnUse),
        verified: state.and_then(|state| state.verified.clone()).map(Box::new),
        usable: obstacle.map_or(Usable::Yes, |obstacle| Usable::No(obstacle.into())),
        form,
        billing: match (form, profile.id.provider()) {
            (None, form::ANTHROPIC) => Billing::Unknown,
            (form, provider) => {
                form::billing(provider, profile.credential.kind(), form.unwrap_or(Form::ApiKey))
            }
        },
    }
}

fn is_pair(profile: &Profile) -> bool {
    matches!(profile.credential, Credential::OAuth { refresh: Some(_), .. })
}

fn judge_stored(
    profile: &Profile,
    look: Option<&Look>,
    refresh_refused: bool,
    now: Timestamp,
) -> (Stored, Option<Timestamp>, bool) {
    let warn_before = || match Owner::of_profile(profile) {
        Some(_) => neighbours::WARN_BEFORE,
        None => WARN_BEFORE,
    };
    let by_time = |at: Timestamp| match () {
        () if at <= now => Stored::Expired,
        () if at.duration_since(now) <= warn_before() => Stored::Expiring,
        () => Stored::Ok,
    };
    if let Some(look) = look {
        return match (look, profile.credential.expires()) {
            (Look::Broken(_), _) => (Stored::Missing, None, false),
            (Look::Found(_, Some(at)), _) => (by_time(*at), Some(*at), false),
            (Look::Found(..) | Look::OnUse, Expiry::At(at)) => (by_time(at), Some(at), false),
            (Look::Found(..) | Look::OnUse, _) => (Stored::Static, None, false),
        };
    }
    let credential = &profile.credential;
    match (credential, credential.expires()) {
        (Credential::OAuth { access: Material::Missing, refresh: Some(_), .. }, _) if !refresh_refused => {
            (Stored::Refreshable, None, false)
        }
        _ if *credential.material() == Material::Missing => (Stored::Missing, None, false),
        (Credential::ApiKey { .. }, _) => (Stored::Static, None, false),
        (_, Expiry::Invalid) => (Stored::Missing, None, false),
        (Credential::OAuth { refresh: Some(_), .. }, Expiry::At(at)) if !refresh_refused => {
            (if at <= now { Stored::Refreshable } else { Stored::Ok }, Some(at), false)
        }
        (_, Expiry::At(at)) => (by_time(at), Some(at), false),
        // How long tokens of others live is not known.
        (Credential::Token { .. }, Expiry::Unknown) => match profile.added_at {
            Some(added) if profile.id.provider() == form::ANTHROPIC => {
                let at = added.saturating_add(SETUP_TOKEN_LIFE).unwrap_or(Timestamp::MAX);
                // An estimate may warn, but it never says that something ended.
                let stored = if by_time(at) == Stored::Ok { Stored::Ok } else { Stored::Expiring };
                (stored, Some(at), true)
            }
            _ => (Stored::Static, None, false),
        },
        (Credential::OAuth { .. }, Expiry::Unknown) => (Stored::Static, None, false),
    }
}

fn obstacle_in_itself(
    profile: &Profile,
    look: Option<&Look>,
    stored: Stored,
    refused: Option<&RefreshRefused>,
    situation: &Situation<'_>,
) -> Option<Unusable> {
    let lasting = |reason| Some(Unusable { reason, until: None, model_class: None, trial_at: None });
    if situation.excluded {
        return lasting(UnusableReason::Excluded);
    }
    if let Some(Look::Broken(broken)) = look {
        return lasting(UnusableReason::BrokenReference(broken.clone()));
    }
    match (stored, refused) {
        (Stored::Expired | Stored::Missing, Some(refused)) => {
            return lasting(UnusableReason::SignInAgain { lost_reply: refused.lost_reply_at });
        }
        (Stored::Missing, None) => return lasting(UnusableReason::Missing),
        (Stored::Expired, None) => return lasting(UnusableReason::Expired),
        (Stored::Refreshable, _) if !situation.renewable => return lasting(UnusableReason::Expired),
        (Stored::Refreshable | Stored::Ok | Stored::Expiring | Stored::Static, _) => {}
    }
    let ((Material::Value(secret), _) | (_, Some(Look::Found(secret, _)))) =
        (profile.credential.material(), look)
    else {
        return None;
    };
    let kind = secret.kind();
    if form::is_useless(kind) { lasting(UnusableReason::CannotSend(kind)) } else { None }
}

fn obstacle_in_state(state: &ProfileState, situation: &Situation<'_>) -> Option<Unusable> {
    let now = situation.now;
    if let Some(disabled) =
        state.disabled.as_ref().filter(|disabled| disabled.until.is_none_or(|until| until > now))
    {
        let reason = UnusableReason::Disabled(disabled.reason.clone());
        let trial_at = disabled.trial_at(now);
        return Some(Unusable { reason, until: disabled.until, model_class: None, trial_at });
    }
    let concerns_us = |class: Option<&str>| class.is_none_or(|class| class == situation.model_class);
    let latest = state
        .cooldowns
        .iter()
        .filter(|cooldown| cooldown.until > now && concerns_us(cooldown.model_class.as_deref()))
        .max_by_key(|cooldown| cooldown.until)?;
    Some(Unusable {
        reason: UnusableReason::Cooldown(latest.reason.clone()),
        until: Some(latest.until),
        model_class: latest.model_class.clone(),
        trial_at: None,
    })
}

fn form_of(profile: &Profile, look: Option<&Look>) -> Option<Form> {
    let kind = profile.credential.kind();
    let issuer = profile.issuer.as_deref();
    match (profile.credential.material(), look) {
        (Material::Value(secret), _) | (_, Some(Look::Found(secret, _))) => {
            Some(Form::for_provider(profile.id.provider(), secret, kind, issuer))
        }
        (Material::Reference(_), _) if kind == CredentialType::ApiKey => Some(Form::ApiKey),
        (Material::Reference(_), _) if issuer == Some("console") => Some(Form::ConsoleToken),
        // The kind of what a refresh will give is known beforehand.
        (Material::Missing, _) if kind == CredentialType::OAuth => Some(match issuer {
            Some("console") => Form::ConsoleToken,
            _ => Form::PlanToken,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::profile::SecretRef;
    use crate::auth::state::{AuthState, Cooldown, Disabled};
    use crate::config::{Config, Paths};
    use crate::env::Env;
    use crate::secret::Secret;
    use proptest::prelude::*;

    const NOW: &str = "2026-06-01T00:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn hours(hours: i64) -> Timestamp {
        now() + SignedDuration::from_hours(hours)
    }

    fn profile(credential: Credential) -> Profile {
        Profile { id: "anthropic:a".parse().unwrap(), credential, email: None, added_at: None, issuer: None }
    }

    fn value(text: &str) -> Material {
        Material::Value(Secret::new(text))
    }

    fn api_key() -> Profile {
        profile(Credential::ApiKey { key: value("sk-ant-api03-x") })
    }

    fn token(expires: Expiry) -> Profile {
        profile(Credential::Token { token: value("sk-ant-oat01-x"), expires })
    }

    fn oauth(refresh: bool, at: Timestamp) -> Profile {
        profile(Credential::OAuth {
            access: value("sk-ant-oat01-x"),
            refresh: refresh.then(|| Secret::new("sk-ant-ort01-x")),
            expires: Expiry::At(at),
        })
    }

    fn verdict_with(profile: &Profile, state: Option<&ProfileState>, env: &Env) -> Verdict {
        let (config, paths) = (Config::default(), Paths::below("/home/u"));
        let references = References { env, config: &config, paths: &paths };
        let situation =
            Situation { now: now(), model_class: "opus", excluded: false, renewable: true, references };
        judge(profile, state, &situation)
    }

    fn verdict(profile: &Profile) -> Verdict {
        verdict_with(profile, None, &Env::default())
    }

    fn reason(verdict: &Verdict) -> Option<&UnusableReason> {
        match &verdict.usable {
            Usable::Yes => None,
            Usable::No(unusable) => Some(&unusable.reason),
        }
    }

    #[test]
    fn what_is_stored_follows_type_and_time() {
        let table = [
            (api_key(), Stored::Static),
            (profile(Credential::ApiKey { key: Material::Missing }), Stored::Missing),
            (token(Expiry::Unknown), Stored::Static),
            (token(Expiry::Invalid), Stored::Missing),
            (token(Expiry::At(hours(0))), Stored::Expired),
            (token(Expiry::At(hours(24))), Stored::Expiring),
            (token(Expiry::At(hours(25))), Stored::Ok),
            (oauth(true, hours(-1)), Stored::Refreshable),
            (oauth(true, hours(1)), Stored::Ok),
            (oauth(false, hours(-1)), Stored::Expired),
            (oauth(false, hours(1)), Stored::Expiring),
        ];
        for (profile, stored) in table {
            assert_eq!(verdict(&profile).stored, stored, "{profile:?}");
        }
    }

    #[test]
    fn an_ended_access_token_is_never_called_ok() {
        for profile in [oauth(true, hours(-1)), oauth(false, hours(-1)), token(Expiry::At(hours(-1)))] {
            assert_ne!(verdict(&profile).stored, Stored::Ok);
        }
        for profile in [oauth(false, hours(-1)), token(Expiry::At(hours(-1)))] {
            assert_eq!(reason(&verdict(&profile)), Some(&UnusableReason::Expired));
        }
    }

    #[test]
    fn a_pair_that_can_be_refreshed_is_usable_after_its_end() {
        let verdict = verdict(&oauth(true, hours(-1)));
        assert_eq!((verdict.stored, verdict.renews), (Stored::Refreshable, true));
        assert!(verdict.usable.is_yes());
        let without_access = profile(Credential::OAuth {
            access: Material::Missing,
            refresh: Some(Secret::new("sk-ant-ort01-x")),
            expires: Expiry::Unknown,
        });
        assert_eq!(super::tests::verdict(&without_access).stored, Stored::Refreshable);
    }

    #[test]
    fn a_pair_whose_refresh_was_refused_ends_for_good() {
        let mut state = ProfileState::default();
        let lost = Some(hours(-2));
        state.refresh_refused = Some(RefreshRefused { at: hours(-1), status: 400, lost_reply_at: lost });
        let judged = |at| verdict_with(&oauth(true, at), Some(&state), &Env::default());
        let ended = judged(hours(-1));
        assert_eq!(reason(&ended), Some(&UnusableReason::SignInAgain { lost_reply: lost }));
        let lasting = judged(hours(2));
        assert!(lasting.usable.is_yes() && lasting.refresh_refused && !lasting.renews);
    }

    #[test]
    fn an_estimated_end_warns_but_never_excludes() {
        let mut old = token(Expiry::Unknown);
        for (age_in_days, stored) in
            [(0, Stored::Ok), (363, Stored::Ok), (364, Stored::Expiring), (800, Stored::Expiring)]
        {
            old.added_at = Some(hours(-24 * age_in_days));
            let verdict = verdict(&old);
            assert_eq!((verdict.stored, verdict.expires_estimated), (stored, true), "{age_in_days}");
            assert!(verdict.usable.is_yes());
        }
    }

    #[test]
    fn a_cooldown_holds_for_its_class_until_its_end() {
        let state = |class: Option<&str>, until| {
            let mut state = ProfileState::default();
            let model_class = class.map(str::to_owned);
            state.cooldowns.push(Cooldown { model_class, reason: "rate_limit".into(), until });
            state
        };
        let judged = |state: &ProfileState| verdict_with(&api_key(), Some(state), &Env::default()).usable;
        assert!(!judged(&state(Some("opus"), hours(1))).is_yes());
        assert!(!judged(&state(None, hours(1))).is_yes());
        assert!(judged(&state(Some("haiku"), hours(1))).is_yes());
        assert!(judged(&state(Some("opus"), hours(0))).is_yes());
    }

    #[test]
    fn a_disabled_profile_comes_back_by_time_or_not_at_all() {
        let state = |until| {
            let mut state = ProfileState::default();
            state.disabled = Some(Disabled { reason: "billing".into(), until, next_trial_at: None });
            state
        };
        let judged = |state: &ProfileState| verdict_with(&api_key(), Some(state), &Env::default()).usable;
        assert!(judged(&state(Some(hours(0)))).is_yes());
        assert!(!judged(&state(Some(hours(1)))).is_yes());
        assert!(!judged(&state(None)).is_yes());
    }

    #[test]
    fn a_reference_is_usable_when_its_variable_is_set() {
        let reference = SecretRef { source: "env".into(), provider: "default".into(), id: "WORK_KEY".into() };
        let mut by_reference = profile(Credential::ApiKey { key: Material::Reference(Box::new(reference)) });
        assert_eq!(
            reason(&verdict(&by_reference)),
            Some(&UnusableReason::BrokenReference(BrokenReference::VariableUnset("WORK_KEY".into())))
        );
        let env = Env::from_pairs([("WORK_KEY", "sk-ant-oat01-x")]);
        let set = verdict_with(&by_reference, None, &env);
        assert_eq!((set.usable, set.billing), (Usable::Yes, Billing::Subscription));
        by_reference.credential = Credential::ApiKey {
            key: Material::Reference(Box::new(SecretRef {
                source: "magic".into(),
                provider: "default".into(),
                id: "x".into(),
            })),
        };
        assert_eq!(
            reason(&verdict(&by_reference)),
            Some(&UnusableReason::BrokenReference(BrokenReference::UnknownSource("magic".into())))
        );
    }

    #[test]
    fn who_pays_follows_what_the_secret_is() {
        assert_eq!(verdict(&api_key()).billing, Billing::Api);
        let mislabelled = profile(Credential::ApiKey { key: value("sk-ant-oat01-x") });
        assert_eq!(verdict(&mislabelled).billing, Billing::Subscription);
        let mut console = token(Expiry::Unknown);
        assert_eq!(verdict(&console).billing, Billing::Subscription);
        console.issuer = Some("console".into());
        assert_eq!(verdict(&console).billing, Billing::Api);
        let mut foreign = api_key();
        foreign.id = "openrouter:a".parse().unwrap();
        assert_eq!(verdict(&foreign).billing, Billing::Api);
        foreign.credential = token(Expiry::Unknown).credential;
        assert_eq!(verdict(&foreign).billing, Billing::Unknown);
    }

    proptest! {
        #[test]
        fn no_window_keeps_a_sound_profile_unusable_past_its_end(ends in proptest::collection::vec((0_i64..100, 0_usize..3), 0..6)) {
            let mut state = AuthState::default();
            let entry = state.entry(&api_key());
            let class = |n: usize| [None, Some("opus".to_owned()), Some("haiku".to_owned())][n].clone();
            entry.cooldowns = ends
                .iter()
                .map(|(hour, n)| Cooldown { model_class: class(*n), reason: "x".into(), until: hours(*hour) })
                .collect();
            let last = ends.iter().filter(|(_, n)| *n < 2).map(|(hour, _)| *hour).max().unwrap_or(0);
            let env = Env::default();
            for hour in 0..=100 {
                let (config, paths) = (Config::default(), Paths::below("/home/u"));
                let references = References { env: &env, config: &config, paths: &paths };
                let situation =
                    Situation { now: hours(hour), model_class: "opus", excluded: false, renewable: true, references };
                let usable = judge(&api_key(), state.of(&api_key()), &situation).usable;
                prop_assert_eq!(usable.is_yes(), hour >= last, "hour {}", hour);
            }
        }
    }
}
