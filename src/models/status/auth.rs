//! The `auth` section of a status: providers with their credentials in order of use, and what `--check` makes of them.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::StatusInputs;
use super::profile::{ProviderHealth, Rows, UnusableProfile};
use crate::auth::ProfileId;
use crate::auth::configured::{ConfigCredential, ConfigKey};
use crate::auth::health::{self, Billing, Stored, Usable};
use crate::auth::probe::Probes;
use crate::auth::profile::CredentialType;
use crate::auth::resolve::{EnvCredential, EnvStanding, Judged, Next, ProviderAuth, billing_of_env};
use crate::auth::store::Snapshot;
use crate::auth::wording::{self, Fix};
use crate::config::{AgentId, Config};
use crate::env::Origin;
use crate::models::selection::AgentModels;
use crate::text;

/// The `auth` section.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthReport<'a> {
    /// The credential store.
    pub store_path: PathBuf,
    shell_env_fallback: ShellEnvFallback,
    /// The model class `usable` is judged for.
    pub model_class: String,
    providers_with_o_auth: Vec<String>,
    /// Providers of configured models without any credential.
    pub missing_providers_in_use: Vec<String>,
    /// Providers with credentials.
    pub providers: Vec<ProviderReport<'a>>,
    unusable_profiles: Vec<UnusableProfile<'a>>,
    oauth: OAuthSection<'a>,
    /// What asking the providers showed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probes: Option<&'a Probes>,
    #[serde(skip)]
    pub(super) check: Check,
}

/// Import of a login shell's environment, which this program does not do.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShellEnvFallback {
    enabled: bool,
    applied_keys: [&'static str; 0],
}

/// A provider's credentials.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderReport<'a> {
    /// The provider.
    pub provider: String,
    effective: Effective,
    profiles: ProfileCounts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<EnvReport>,
    /// The TypeScript program's name for the key in the config.
    #[serde(skip_serializing_if = "Option::is_none")]
    models_json: Option<ConfigKeyReport>,
    order: Vec<&'a ProfileId>,
    /// Who made that order, as in JSON.
    pub order_source: &'static str,
    /// What a request would use now.
    pub next: Option<NextReport>,
    /// In order of use, for renderings.
    #[serde(skip)]
    pub rows: Rc<Rows<'a>>,
    /// The environment's credential, for renderings.
    #[serde(skip)]
    pub env_credential: Option<EnvCredential>,
    /// The config's key, for renderings.
    #[serde(skip)]
    pub config_key: Option<ConfigCredential<'a>>,
}

#[derive(Debug, Serialize)]
struct Effective {
    kind: &'static str,
    detail: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileCounts<'a> {
    count: usize,
    oauth: usize,
    token: usize,
    api_key: usize,
    #[serde(serialize_with = "labels")]
    labels: Rc<Rows<'a>>,
}

#[derive(Debug, Serialize)]
struct EnvReport {
    value: String,
    source: String,
    /// Where the variable is set.
    origin: &'static str,
    standing: &'static str,
    policy: String,
    billing: Billing,
}

#[derive(Debug, Serialize)]
struct ConfigKeyReport {
    value: String,
    source: String,
    standing: &'static str,
    billing: Billing,
    #[serde(flatten, serialize_with = "wording::with_commands")]
    fix: Option<Fix>,
}

/// The credential a request would use now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "source", rename_all = "camelCase")]
pub enum NextReport {
    /// A stored profile.
    #[serde(rename_all = "camelCase")]
    Profile {
        /// Its id.
        profile_id: ProfileId,
        /// Who pays.
        billing: Billing,
    },
    /// The environment.
    Env {
        /// The variable.
        variable: &'static str,
        /// Who pays.
        billing: Billing,
    },
    /// The config.
    Config {
        /// Where the key stands.
        key: String,
        /// Who pays.
        billing: Billing,
    },
}

impl NextReport {
    /// Who pays.
    pub fn billing(&self) -> Billing {
        match self {
            Self::Profile { billing, .. } | Self::Env { billing, .. } | Self::Config { billing, .. } => {
                *billing
            }
        }
    }

    /// Its name, as tables show it.
    pub fn name(&self) -> String {
        match self {
            Self::Profile { profile_id, .. } => profile_id.to_string(),
            Self::Env { variable, .. } => format!("env {variable}"),
            Self::Config { .. } => "config apiKey".to_owned(),
        }
    }

    /// What is next of a provider's credentials.
    pub fn of(provider: &ProviderAuth<'_>) -> Option<Self> {
        match (&provider.next, provider.next_profile(), &provider.env) {
            (Some(Next::Profile(_)), Some(judged), _) => {
                Some(Self::Profile { profile_id: judged.profile.id.clone(), billing: judged.verdict.billing })
            }
            (Some(Next::Env(variable)), _, Some(env)) => {
                Some(Self::Env { variable, billing: billing_of_env(&env.secret) })
            }
            (Some(Next::Config), ..) => {
                let config_key = provider.config_key.as_ref()?;
                Some(Self::Config { key: config_key.key.place.clone(), billing: config_key.billing })
            }
            _ => None,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OAuthSection<'a> {
    warn_after_ms: i64,
    /// By provider; one list in JSON.
    #[serde(serialize_with = "one_list")]
    profiles: Vec<Rc<Rows<'a>>>,
    providers: Vec<ProviderHealth<'a>>,
}

/// The outcome of `--check`, over the credentials that would really be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// Every provider in use has a sound credential next.
    #[default]
    Healthy,
    /// One of them ends within a day.
    Expiring,
    /// A provider in use has none that can be used.
    MissingOrExpired,
}

impl<'a> AuthReport<'a> {
    pub(super) fn make(inputs: &StatusInputs<'a>, models: &AgentModels, model_class: String) -> Self {
        let auth = &inputs.auth;
        let in_use = models.providers();
        let names = provider_names(auth.snapshot, models, auth.config);

        let agent = inputs.agent.named();
        let mut report = Self {
            store_path: inputs.store_path.clone(),
            shell_env_fallback: ShellEnvFallback { enabled: false, applied_keys: [] },
            model_class,
            providers_with_o_auth: Vec::new(),
            missing_providers_in_use: Vec::new(),
            providers: Vec::new(),
            unusable_profiles: Vec::new(),
            oauth: OAuthSection {
                warn_after_ms: health::WARN_BEFORE.as_secs() * 1000,
                profiles: Vec::new(),
                providers: Vec::new(),
            },
            probes: inputs.probes,
            check: Check::Healthy,
        };
        for name in names {
            let provider = ProviderAuth::survey(&name, &report.model_class, auth);
            let is_in_use = in_use.contains(&name.as_str());
            if is_in_use {
                report.check = report.check.max(check(&provider, inputs.probes));
                if !provider.has_credentials() {
                    report.missing_providers_in_use.push(name);
                }
            }
            report.add(provider, inputs, agent);
        }
        report
            .unusable_profiles
            .sort_by_key(|profile| (profile.remaining_ms.is_none(), profile.remaining_ms));
        report
    }

    fn add(&mut self, provider: ProviderAuth<'a>, inputs: &StatusInputs<'a>, agent: Option<&'a AgentId>) {
        let now = inputs.auth.now;
        let effective = Effective::of(&provider, inputs);
        let next_report = NextReport::of(&provider);
        let next = provider.next_profile().map(|judged| &judged.profile.id);
        let ProviderAuth { provider, profiles, source, order, config_key, env, .. } = provider;
        let rows = Rc::new(Rows::new(profiles, now, agent, next, order));
        self.unusable_profiles
            .extend(rows.judged.iter().filter_map(|judged| UnusableProfile::of(judged, &rows)));
        if rows.is_empty() && env.is_none() && config_key.is_none() {
            self.oauth.providers.push(ProviderHealth::missing(&provider));
            return;
        }
        let counts = ProfileCounts::of(&rows);
        if counts.oauth + counts.token > 0 {
            self.providers_with_o_auth.push(format!("{provider} ({})", counts.oauth + counts.token));
        }
        self.oauth.providers.push(ProviderHealth::of(&provider, &rows));
        self.oauth.profiles.push(Rc::clone(&rows));
        let order =
            rows.judged.iter().filter(|judged| !judged.is_left_out()).map(|judged| &judged.profile.id);
        self.providers.push(ProviderReport {
            effective,
            profiles: counts,
            env: env.as_ref().map(|env| EnvReport::of(env, inputs)),
            models_json: config_key.as_ref().map(ConfigKeyReport::of),
            order: order.collect(),
            order_source: source.as_str(),
            next: next_report,
            rows,
            env_credential: env,
            config_key,
            provider,
        });
    }
}

fn labels<S: Serializer>(rows: &Rc<Rows<'_>>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.judged.iter().map(|judged| label(judged, rows.now)))
}

fn one_list<S: Serializer>(rows: &[Rc<Rows<'_>>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.iter().flat_map(|rows| rows.iter()))
}

/// The providers with credentials, stored or in the config, and those that configured models need, each once.
pub fn provider_names(snapshot: &Snapshot, models: &AgentModels, config: &Config) -> Vec<String> {
    let stored = snapshot.profiles.keys().map(ProfileId::provider);
    let named: BTreeSet<&str> = stored.chain(models.providers()).collect();
    let configured = config.models.providers.keys().map(|id| id.trim().to_ascii_lowercase());
    let configured = configured.filter(|id| ConfigKey::of(id, config).is_some());
    named.into_iter().map(str::to_owned).chain(configured).collect::<BTreeSet<_>>().into_iter().collect()
}

fn check(provider: &ProviderAuth<'_>, probes: Option<&Probes>) -> Check {
    let is_rejected = |id| probes.is_some_and(|probes| probes.rejects(id));
    match (&provider.next, provider.next_profile()) {
        (None, _) => Check::MissingOrExpired,
        (Some(_), Some(judged)) if is_rejected(&judged.profile.id) => Check::MissingOrExpired,
        (Some(_), Some(judged)) if judged.verdict.refresh_refused => Check::MissingOrExpired,
        (Some(_), Some(judged)) if judged.verdict.stored == Stored::Expiring => Check::Expiring,
        (Some(_), _) => Check::Healthy,
    }
}

impl Effective {
    fn of(provider: &ProviderAuth<'_>, inputs: &StatusInputs<'_>) -> Self {
        match (&provider.next, &provider.env) {
            (Some(Next::Env(_)), Some(env)) => Self { kind: "env", detail: env.secret.masked() },
            (Some(Next::Config), _) => Self {
                // The TypeScript program's word for a key in the config.
                kind: "models.json",
                detail: provider.config_key.as_ref().map(|it| it.key.shown()).unwrap_or_default(),
            },
            _ if provider.profiles.is_empty() => Self { kind: "missing", detail: "missing".to_owned() },
            _ => Self { kind: "profiles", detail: inputs.paths.shown(&inputs.store_path) },
        }
    }
}

impl EnvReport {
    fn of(env: &EnvCredential, inputs: &StatusInputs<'_>) -> Self {
        Self {
            value: env.secret.masked(),
            source: format!("env: {}", env.variable),
            origin: match env.origin {
                Origin::Process => "process",
                Origin::DotEnv => "dotenv",
                Origin::Config => "config",
            },
            standing: match env.standing {
                EnvStanding::Used => "used",
                EnvStanding::Idle | EnvStanding::BehindConfig => "idle",
                EnvStanding::InReserve => "in-reserve",
                EnvStanding::HeldBack | EnvStanding::PayerHeldBack => "held-back",
                EnvStanding::Off => "off",
                EnvStanding::Refused => "refused",
            },
            policy: inputs.auth.config.auth.env.to_string(),
            billing: billing_of_env(&env.secret),
        }
    }
}

impl ConfigKeyReport {
    fn of(config_key: &ConfigCredential<'_>) -> Self {
        Self {
            value: config_key.key.shown(),
            source: format!("config: {}", config_key.key.place),
            standing: config_key.standing.as_str(),
            billing: config_key.billing,
            fix: wording::config_key_fix(config_key),
        }
    }
}

impl<'a> ProfileCounts<'a> {
    fn of(rows: &Rc<Rows<'a>>) -> Self {
        let count =
            |kind| rows.judged.iter().filter(|judged| judged.profile.credential.kind() == kind).count();
        Self {
            count: rows.len(),
            oauth: count(CredentialType::OAuth),
            token: count(CredentialType::Token),
            api_key: count(CredentialType::ApiKey),
            labels: Rc::clone(rows),
        }
    }
}

/// The TypeScript program's label: id, kind, masked secret, and what keeps the profile from use.
fn label(judged: &Judged<'_>, now: Timestamp) -> String {
    let profile = judged.profile;
    let (id, shown) = (profile.id.as_str(), || profile.credential.material().shown());
    let mut label = match profile.credential.kind() {
        CredentialType::ApiKey => [id, "=", &shown()].concat(),
        CredentialType::Token => [id, "=token:", &shown()].concat(),
        CredentialType::OAuth => match &profile.email {
            Some(email) => [id, "=OAuth (", email, ")"].concat(),
            None => [id, "=OAuth"].concat(),
        },
    };
    if let Usable::No(unusable) = &judged.verdict.usable {
        let left = unusable.until.map(|until| format!(" {}", text::wait(until.duration_since(now))));
        let left = left.unwrap_or_default();
        match unusable.reason.kind() {
            "cooldown" => label.push_str(&format!(" [cooldown{left}]")),
            "disabled" => label.push_str(&format!(" [disabled:{}{left}]", unusable.reason.word())),
            _ => {}
        }
    }
    label
}
