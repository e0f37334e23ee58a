//! What a request to a provider is signed with: every profile judged and in order of use, the environment's key and the
//! config's with their standing, and the one that is next. Status shows this; a request takes [`ProviderAuth::candidates`] of it.

use jiff::Timestamp;

use super::configured::{ConfigCredential, ConfigKey, ConfigStanding};
use super::form::{self, Form};
use super::health::{self, Billing, Situation, UnusableReason, Usable, Verdict};
use super::neighbours::Owner;
use super::oauth;
use super::order::{self, OrderSource};
use super::profile::{CredentialType, Profile};
use super::profile_id::ProfileId;
use super::reference::References;
use super::state::AuthState;
use super::store::Snapshot;
use crate::config::schema::{CrossBilling, EnvPolicy};
use crate::config::{Config, Paths};
use crate::env::{Env, Origin};
use crate::secret::Secret;

/// Variables that may hold a credential for Anthropic, the first set one counts.
const ANTHROPIC_VARIABLES: [&str; 2] = ["ANTHROPIC_OAUTH_TOKEN", "ANTHROPIC_API_KEY"];

/// Everything a choice of credential depends on.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The agent's store.
    pub snapshot: &'a Snapshot,
    /// What is remembered of its use.
    pub state: &'a AuthState,
    /// Orders and policies.
    pub config: &'a Config,
    /// Credentials outside the store.
    pub env: &'a Env,
    /// Where references to files lead.
    pub paths: &'a Paths,
    /// The moment.
    pub now: Timestamp,
}

/// A provider's credentials at a moment, for one class of models.
#[derive(Debug, Clone)]
pub struct ProviderAuth<'a> {
    /// The provider.
    pub provider: String,
    /// In order of use: usable ones first, then by soonest recovery, excluded ones last.
    pub profiles: Vec<Judged<'a>>,
    /// Entries of the provider that cannot be read.
    pub unreadable: usize,
    /// What ordered them.
    pub source: OrderSource,
    /// The explicit order as it stands, when it leaves profiles out.
    pub order: Vec<&'a ProfileId>,
    /// The config's key, when there is one.
    pub config_key: Option<ConfigCredential<'a>>,
    /// The environment's credential, when one is set.
    pub env: Option<EnvCredential>,
    /// Who pays when every profile is well: whoever pays for the first in order that time, and nothing else, may keep
    /// from use.
    pub usual_payer: Option<Billing>,
    /// Who may pay.
    cross_billing: CrossBilling,
    /// What a request would use now.
    pub next: Option<Next>,
}

/// A profile with its verdict.
#[derive(Debug, Clone)]
pub struct Judged<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// What is to be said about it.
    pub verdict: Verdict,
    /// Whether it could be used if the order did not leave it out; `None` when it does not.
    pub otherwise: Option<Box<Usable>>,
    /// When it last answered.
    pub last_used: Option<Timestamp>,
}

/// A credential in an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvCredential {
    /// The variable.
    pub variable: &'static str,
    /// Where it is set.
    pub origin: Origin,
    /// Its value.
    pub secret: Secret,
    /// What it is used for.
    pub standing: EnvStanding,
}

/// What a credential in the environment is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvStanding {
    /// The next request uses it.
    Used,
    /// A stored profile is used instead.
    Idle,
    /// The key in the config is used instead.
    BehindConfig,
    /// A stored profile is used, and this one when all of them fail.
    InReserve,
    /// Every stored profile is unusable, and the policy still does not let it step in.
    HeldBack,
    /// It would be its turn, but somebody else would pay for it, and `auth.crossBilling` is `stop`.
    PayerHeldBack,
    /// The policy is `never`.
    Off,
    /// A client key of our own gateway, or one that cannot send messages.
    Refused,
}

/// What a request would use now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A stored profile.
    Profile(ProfileId),
    /// The environment.
    Env(&'static str),
    /// The key in the config.
    Config,
}

impl Judged<'_> {
    /// Whether an explicit order leaves it out.
    pub fn is_left_out(&self) -> bool {
        matches!(&self.verdict.usable, Usable::No(no) if no.reason == UnusableReason::Excluded)
    }
}

impl<'a> Inputs<'a> {
    /// Where references lead.
    pub fn references(&self) -> References<'a> {
        References { env: self.env, config: self.config, paths: self.paths }
    }
}

impl<'a> ProviderAuth<'a> {
    /// Surveys the credentials of a provider for models of a class.
    pub fn survey(provider: &str, model_class: &str, inputs: &Inputs<'a>) -> Self {
        let ordered = order::order(provider, inputs.snapshot, inputs.config, inputs.state);
        let renewable = oauth::is_renewable(provider);
        let references = inputs.references();
        let judge = |profile: &'a Profile, excluded: bool| {
            let state = inputs.state.of(profile);
            let situation = Situation { now: inputs.now, model_class, excluded, renewable, references };
            let verdict = health::judge(profile, state, &situation);
            let included = Situation { excluded: false, ..situation };
            let otherwise = excluded.then(|| Box::new(health::judge(profile, state, &included).usable));
            Judged { profile, verdict, otherwise, last_used: state.and_then(|state| state.last_used) }
        };
        let order = match ordered.excluded.as_slice() {
            [] => Vec::new(),
            _ => ordered.profiles.iter().map(|profile| &profile.id).collect(),
        };
        let mut profiles: Vec<Judged<'a>> = ordered.profiles.into_iter().map(|p| judge(p, false)).collect();
        let recovers = |judged: &&Judged<'a>| match &judged.verdict.usable {
            Usable::Yes => true,
            Usable::No(unusable) => unusable.until.is_some(),
        };
        let usual = profiles.iter().find(recovers).map(|judged| judged.verdict.billing);
        let cross_billing = inputs.config.auth.cross_billing;
        let mut this = Self {
            provider: provider.to_owned(),
            profiles: Vec::new(),
            unreadable: 0,
            source: ordered.source,
            order,
            config_key: None,
            env: None,
            usual_payer: usual,
            cross_billing,
            next: None,
        };
        profiles.sort_by_key(|judged| match &judged.verdict.usable {
            Usable::Yes => (0, None),
            Usable::No(obstacle) => (if obstacle.until.is_some() { 1 } else { 2 }, obstacle.until),
        });
        profiles.extend(ordered.excluded.into_iter().map(|p| judge(p, true)));

        let usable = profiles.iter().filter(|judged| judged.verdict.usable.is_yes());
        let any_usable = usable.clone().next().is_some();
        // An entry that cannot be read is stored all the same: it must not change who pays.
        let unreadable = inputs.snapshot.ignored.iter().filter(|entry| entry.is_of(provider)).count();
        let any_stored = unreadable > 0 || !profiles.is_empty();
        let mut config_key = ConfigCredential::survey(provider, inputs.config, &references, any_stored);
        let is_config_used = config_key.as_ref().is_some_and(|key| key.standing == ConfigStanding::Used);
        let env = env_credential(provider, inputs.env).map(|(variable, secret)| {
            // A key in the config is put there on purpose, so like a profile it keeps the environment from use.
            let (held, usable) = (any_stored || config_key.is_some(), any_usable || is_config_used);
            let standing = match standing(&secret, inputs.config.auth.env, held, usable) {
                EnvStanding::Idle if !any_stored => EnvStanding::BehindConfig,
                standing => standing,
            };
            let origin = inputs.env.origin(variable).unwrap_or(Origin::Process);
            EnvCredential { variable, origin, secret, standing }
        });
        if let Some(key) = config_key.as_mut().filter(|_| is_config_used) {
            this.usual_payer = this.usual_payer.or(Some(key.billing));
            if env.as_ref().is_some_and(|env| env.standing == EnvStanding::Used) {
                key.standing = ConfigStanding::InReserve;
            }
        }
        if inputs.config.auth.env == EnvPolicy::Prefer
            && let Some(env) = env.as_ref().filter(|env| env.standing == EnvStanding::Used)
        {
            this.usual_payer = Some(billing_of_env(&env.secret));
        }
        let env = env.map(|env| match env.standing {
            EnvStanding::Used | EnvStanding::InReserve if !this.admits(billing_of_env(&env.secret)) => {
                EnvCredential { standing: EnvStanding::PayerHeldBack, ..env }
            }
            _ => env,
        });
        if let Some(key) = config_key.as_mut().filter(|key| key.is_eligible() && !this.admits(key.billing)) {
            key.standing = ConfigStanding::PayerHeldBack;
        }
        let mut admitted = usable.filter(|judged| this.admits(judged.verdict.billing));
        let first = admitted.next().map(|judged| &judged.profile.id);
        let next = match &env {
            Some(EnvCredential { variable, standing: EnvStanding::Used, .. }) => Some(Next::Env(variable)),
            _ => {
                let key = config_key.as_ref().filter(|key| key.standing == ConfigStanding::Used);
                first.cloned().map(Next::Profile).or(key.map(|_| Next::Config))
            }
        };
        Self { profiles, unreadable, config_key, env, next, ..this }
    }

    /// Whether a credential with this billing may be used.
    pub(super) fn admits(&self, billing: Billing) -> bool {
        let changes = self.usual_payer.is_some_and(|usual| usual.differs_from(billing));
        self.cross_billing != CrossBilling::Stop || !changes
    }

    /// What could be used now, but is not, because somebody else would pay.
    pub fn held_back(&self) -> Vec<&str> {
        let usable = self.profiles.iter().filter(|judged| judged.verdict.usable.is_yes());
        let held_back = usable.filter(|judged| !self.admits(judged.verdict.billing));
        let env = self.env.as_ref().filter(|env| env.standing == EnvStanding::PayerHeldBack);
        let key = self.config_key.as_ref().filter(|key| key.standing == ConfigStanding::PayerHeldBack);
        let others = key.map(|it| it.key.place.as_str()).into_iter().chain(env.map(|env| env.variable));
        held_back.map(|it| it.profile.id.as_str()).chain(others).collect()
    }

    /// The stored profile that is next, when it is one.
    pub fn next_profile(&self) -> Option<&Judged<'a>> {
        match &self.next {
            Some(Next::Profile(id)) => self.judged(id),
            _ => None,
        }
    }

    /// Whether anything could be used or become usable here.
    pub fn has_credentials(&self) -> bool {
        let by_env = self.env.as_ref().is_some_and(|env| env.standing == EnvStanding::Used);
        !self.profiles.is_empty() || self.config_key.is_some() || by_env
    }

    /// The first credential for a request: the next one, or the pinned one.
    ///
    /// # Errors
    /// When there is none, none is usable, or the pinned one is missing or unusable; a pin never moves.
    pub fn choose(&self, pinned: Option<&ProfileId>) -> Result<Candidate<'a>, NoCredential> {
        if let Some(id) = pinned {
            let judged = self.judged(id).ok_or_else(|| NoCredential::MissingProfile { id: id.clone() })?;
            return match judged.usable_when_named() {
                Usable::Yes => Ok(Candidate::of(judged)),
                Usable::No(_) => Err(NoCredential::PinnedUnusable { id: id.clone() }),
            };
        }
        match (&self.next, &self.config_key, &self.env) {
            (Some(Next::Config), Some(key), _) => Ok(Candidate::of_config(key)),
            (Some(Next::Profile(id)), ..) => {
                let judged =
                    self.judged(id).ok_or_else(|| NoCredential::MissingProfile { id: id.clone() })?;
                Ok(Candidate::of(judged))
            }
            (Some(Next::Env(_)), _, Some(credential)) => Ok(Candidate::of_env(credential)),
            _ if self.profiles.is_empty() && self.unreadable == 0 && self.config_key.is_none() => {
                Err(NoCredential::NothingStored)
            }
            _ if !self.held_back().is_empty() => Err(NoCredential::HeldBack),
            _ => Err(NoCredential::AllUnusable),
        }
    }

    /// A stored profile, when it is one of these.
    pub fn judged(&self, id: &ProfileId) -> Option<&Judged<'a>> {
        self.profiles.iter().find(|judged| judged.profile.id == *id)
    }
}

impl Judged<'_> {
    /// Whether it may be used by whoever names it, and so means it whatever an order leaves out.
    pub fn usable_when_named(&self) -> &Usable {
        self.otherwise.as_deref().unwrap_or(&self.verdict.usable)
    }
}

/// A credential that may sign a request. Its secret is obtained when it is its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Where it comes from.
    pub source: Source<'a>,
    /// How it is sent, as far as that can be told before it is used.
    pub form: Option<Form>,
    /// Who pays.
    pub billing: Billing,
    /// When it ends for good; `None` when it does not, is renewed by itself or by its owner, or nobody knows.
    pub ends: Option<Timestamp>,
}

/// Where a credential comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source<'a> {
    /// A stored profile.
    Profile(&'a Profile),
    /// An environment variable and its value.
    Env(&'static str, Secret),
    /// The config.
    Config(ConfigKey<'a>),
}

impl Source<'_> {
    /// The profile's id, the variable's name or the key's place in the config.
    pub fn name(&self) -> &str {
        match self {
            Self::Profile(profile) => profile.id.as_str(),
            Self::Env(variable, _) => variable,
            Self::Config(key) => &key.place,
        }
    }
}

impl<'a> Candidate<'a> {
    /// A profile as a candidate, whatever its verdict.
    pub fn of(judged: &Judged<'a>) -> Self {
        let is_renewed = judged.verdict.renews || Owner::of_profile(judged.profile).is_some();
        let ends = judged.verdict.expires_at.filter(|_| !is_renewed);
        let verdict = &judged.verdict;
        Self { source: Source::Profile(judged.profile), form: verdict.form, billing: verdict.billing, ends }
    }

    pub(super) fn of_env(env: &EnvCredential) -> Self {
        let source = Source::Env(env.variable, env.secret.clone());
        let form = Some(env_form(&env.secret));
        Self { source, form, billing: billing_of_env(&env.secret), ends: None }
    }

    pub(super) fn of_config(config_key: &ConfigCredential<'a>) -> Self {
        let source = Source::Config(config_key.key.clone());
        Self { source, form: config_key.form, billing: config_key.billing, ends: None }
    }
}

/// There is no credential to send a request with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoCredential {
    /// The agent stores none for the provider, and neither config nor environment lend one.
    NothingStored,
    /// There are some, and none can be used now.
    AllUnusable,
    /// There are some, but somebody else would pay for them, and `auth.crossBilling` is `stop`.
    HeldBack,
    /// The profile asked for is not stored.
    MissingProfile {
        /// Its id.
        id: ProfileId,
    },
    /// The profile asked for cannot be used now.
    PinnedUnusable {
        /// Its id.
        id: ProfileId,
    },
}

/// The first variable that holds a credential for messages, else the first that holds anything.
fn env_credential(provider: &str, env: &Env) -> Option<(&'static str, Secret)> {
    let variables = if provider == "anthropic" { ANTHROPIC_VARIABLES.as_slice() } else { &[] };
    let held = |name: &&'static str| {
        let value = env.get(name)?.trim();
        (!value.is_empty()).then(|| (*name, Secret::new(value)))
    };
    let useful = variables.iter().filter_map(held).find(|(_, secret)| !form::is_useless(secret.kind()));
    useful.or_else(|| variables.iter().find_map(held))
}

fn standing(secret: &Secret, policy: EnvPolicy, any_stored: bool, any_usable: bool) -> EnvStanding {
    if form::is_useless(secret.kind()) {
        return EnvStanding::Refused;
    }
    match (policy, any_stored, any_usable) {
        (EnvPolicy::Never, ..) => EnvStanding::Off,
        (EnvPolicy::Prefer, ..) | (_, false, _) | (EnvPolicy::Overflow, _, false) => EnvStanding::Used,
        (EnvPolicy::Fallback, true, false) => EnvStanding::HeldBack,
        (EnvPolicy::Fallback, true, true) => EnvStanding::Idle,
        (EnvPolicy::Overflow, true, true) => EnvStanding::InReserve,
    }
}

/// How a credential of the environment is sent.
pub fn env_form(secret: &Secret) -> Form {
    Form::of(secret, CredentialType::ApiKey, None)
}

/// Who pays for a credential of the environment.
pub fn billing_of_env(secret: &Secret) -> Billing {
    if form::is_useless(secret.kind()) { Billing::Unknown } else { env_form(secret).billing() }
}

#[cfg(test)]
mod tests;
