//! The status report: an agent's models and the verdict on each of its credentials, as one serialisable value. Text, JSON
//! and pages are renderings of it. Its JSON is a superset of the TypeScript program's `models status --json`.

use std::path::PathBuf;

use indexmap::IndexMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::catalog::Catalog;
use super::refs::{ModelRef, ModelRefError};
use super::selection::{self, AgentModels, ChoiceSource};
use crate::auth::health::{self, Billing, Stored, Usable, Verdict};
use crate::auth::profile::{CredentialType, Material, Profile};
use crate::auth::resolve::{EnvCredential, EnvStanding, Inputs, Judged, Next, ProviderAuth, billing_of_env};
use crate::auth::state::StateFinding;
use crate::auth::store::StoreFinding;
use crate::auth::{ProfileId, wording};
use crate::config::{Paths, SelectedAgent};

/// Version of every JSON document this program prints.
pub const SCHEMA_VERSION: u32 = 1;

/// What a status is made from.
#[derive(Debug)]
pub struct StatusInputs<'a> {
    /// Credentials and what decides about them.
    pub auth: Inputs<'a>,
    /// Whose status it is.
    pub agent: &'a SelectedAgent,
    /// Where things are.
    pub paths: &'a Paths,
    /// The store's path.
    pub store_path: PathBuf,
    /// The model `usable` is judged for; the agent's primary when none is asked.
    pub model: Option<ModelRef>,
    /// What reading the state showed.
    pub state_findings: Vec<StateFinding>,
}

/// The whole report.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport<'a> {
    schema_version: u32,
    /// Where the config is, or would be.
    pub config_path: PathBuf,
    /// The agent.
    pub agent_id: &'a str,
    /// Whether commands without `--agent` mean it.
    pub agent_is_default: bool,
    /// Its directory.
    pub agent_dir: PathBuf,
    /// The primary model as configured.
    pub default_model: String,
    /// The primary model after aliases.
    pub resolved_default: ModelRef,
    /// Models asked when it cannot answer.
    pub fallbacks: Vec<ModelRef>,
    /// The model for images.
    pub image_model: Option<ModelRef>,
    /// Its fallbacks.
    pub image_fallbacks: Vec<ModelRef>,
    /// Where primary and fallbacks come from.
    pub model_config: ModelConfig,
    /// Configured aliases.
    pub aliases: IndexMap<String, String>,
    /// Configured models.
    pub allowed: Vec<&'a str>,
    /// What the data file knows.
    pub catalog: CatalogOverview,
    /// Credentials.
    pub auth: AuthReport<'a>,
    /// What should be looked at, each with its fix.
    pub findings: Vec<Finding>,
}

/// Where primary and fallbacks come from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelConfig {
    default_source: &'static str,
    fallbacks_source: &'static str,
}

/// Counts of known models.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CatalogOverview {
    total_models: usize,
    total_providers: usize,
    source_counts: IndexMap<&'static str, usize>,
}

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
    #[serde(skip)]
    check: Check,
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
    profiles: ProfileCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<EnvReport>,
    order: Vec<&'a ProfileId>,
    order_source: &'static str,
    next: Option<NextReport<'a>>,
    /// In order of use, for renderings.
    #[serde(skip)]
    pub rows: Vec<ProfileReport<'a>>,
    /// The environment's credential, for renderings.
    #[serde(skip)]
    pub env_credential: Option<EnvCredential>,
}

#[derive(Debug, Serialize)]
struct Effective {
    kind: &'static str,
    detail: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProfileCounts {
    count: usize,
    oauth: usize,
    token: usize,
    api_key: usize,
    labels: Vec<String>,
}

#[derive(Debug, Serialize)]
struct EnvReport {
    value: String,
    source: String,
    standing: &'static str,
    policy: String,
    billing: Billing,
}

#[derive(Debug, Serialize)]
#[serde(tag = "source", rename_all = "camelCase")]
enum NextReport<'a> {
    #[serde(rename_all = "camelCase")]
    Profile {
        profile_id: &'a ProfileId,
        billing: Billing,
    },
    Env {
        variable: &'static str,
        billing: Billing,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UnusableProfile<'a> {
    profile_id: &'a ProfileId,
    provider: &'a str,
    kind: &'static str,
    reason: String,
    model_class: Option<String>,
    #[serde(serialize_with = "optional_millis")]
    until: Option<Timestamp>,
    remaining_ms: Option<i64>,
    fix: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct OAuthSection<'a> {
    warn_after_ms: i64,
    profiles: Vec<ProfileReport<'a>>,
    providers: Vec<ProviderHealth<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProviderHealth<'a> {
    provider: String,
    status: &'static str,
    #[serde(flatten)]
    expiry: ExpiryReport,
    profiles: Vec<ProfileHealth<'a>>,
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
    label: String,
}

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
    billing: Billing,
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
    pub fix: Option<String>,
    /// Whether a request would use it now.
    #[serde(skip)]
    pub is_next: bool,
}

impl ProfileReport<'_> {
    /// When it last answered.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_used
    }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable name.
    pub id: &'static str,
    /// What is the matter, in a sentence.
    pub message: String,
    /// What mends it.
    pub fix: Option<String>,
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

impl<'a> StatusReport<'a> {
    /// Makes the report.
    ///
    /// # Errors
    /// When a configured model is no reference.
    pub fn make(inputs: &StatusInputs<'a>) -> Result<Self, ModelRefError> {
        let auth = &inputs.auth;
        let config = auth.config;
        let models = AgentModels::of(&inputs.agent.id, config)?;
        let catalog = Catalog::embedded();
        let judged_model = inputs.model.as_ref().unwrap_or(&models.primary);
        let model_class = catalog.class_of(judged_model).to_owned();
        let report = AuthReport::make(inputs, &models, model_class);
        let findings = findings(inputs, &report);
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            config_path: inputs.paths.config().to_owned(),
            agent_id: inputs.agent.id.as_str(),
            agent_is_default: inputs.agent.id == config.default_agent(),
            agent_dir: inputs.agent.dir.clone(),
            default_model: models.primary_text,
            resolved_default: models.primary,
            fallbacks: models.fallbacks,
            image_model: models.image,
            image_fallbacks: models.image_fallbacks,
            model_config: ModelConfig {
                default_source: models.primary_source.as_str(),
                fallbacks_source: models.fallbacks_source.as_str(),
            },
            aliases: selection::aliases(config),
            allowed: config.agents.defaults.models.keys().map(String::as_str).collect(),
            catalog: CatalogOverview {
                total_models: catalog.models().len(),
                total_providers: 1,
                source_counts: [("embedded", catalog.models().len())].into(),
            },
            auth: report,
            findings,
        })
    }

    /// The outcome of `--check`.
    pub fn check(&self) -> Check {
        self.auth.check
    }

    /// Whether the primary model was chosen anywhere.
    pub fn primary_is_builtin(&self) -> bool {
        self.model_config.default_source == ChoiceSource::Builtin.as_str()
    }
}

impl<'a> AuthReport<'a> {
    fn make(inputs: &StatusInputs<'a>, models: &AgentModels, model_class: String) -> Self {
        let auth = &inputs.auth;
        let in_use = models.providers();
        let mut names: Vec<&str> =
            auth.snapshot.profiles.keys().map(ProfileId::provider).chain(in_use.clone()).collect();
        names.sort_unstable();
        names.dedup();

        let agent = (inputs.agent.id != auth.config.default_agent()).then_some(&inputs.agent.id);
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
            check: Check::Healthy,
        };
        for name in names {
            let provider = ProviderAuth::survey(name, &report.model_class, auth);
            let is_in_use = in_use.contains(&name);
            if is_in_use {
                report.check = report.check.max(check(&provider));
                if !provider.has_credentials() {
                    report.missing_providers_in_use.push(name.to_owned());
                }
            }
            report.add(provider, inputs, agent);
        }
        report
            .unusable_profiles
            .sort_by_key(|profile| (profile.remaining_ms.is_none(), profile.remaining_ms));
        report
    }

    fn add(
        &mut self,
        provider: ProviderAuth<'a>,
        inputs: &StatusInputs<'a>,
        agent: Option<&crate::config::AgentId>,
    ) {
        let now = inputs.auth.now;
        let next_id = provider.next_profile().map(|judged| &judged.profile.id);
        let rows: Vec<ProfileReport<'a>> = provider
            .profiles
            .iter()
            .map(|judged| ProfileReport::make(judged, now, agent, next_id == Some(&judged.profile.id)))
            .collect();
        for row in &rows {
            self.unusable_profiles.extend(UnusableProfile::of(row, now));
        }
        if provider.profiles.is_empty() && provider.env.is_none() {
            self.oauth.providers.push(ProviderHealth::missing(&provider.provider));
            return;
        }
        let counts = ProfileCounts::of(&provider.profiles, now);
        if counts.oauth + counts.token > 0 {
            self.providers_with_o_auth.push(format!(
                "{} ({})",
                provider.provider,
                counts.oauth + counts.token
            ));
        }
        self.oauth.providers.push(ProviderHealth::of(&provider.provider, &rows));
        self.oauth.profiles.extend(rows.iter().cloned());
        let excluded = |judged: &Judged<'_>| matches!(&judged.verdict.usable, Usable::No(no) if no.reason == health::UnusableReason::Excluded);
        let billing_of =
            |id: &ProfileId| rows.iter().find(|row| row.profile.id == *id).map(|row| row.billing);
        self.providers.push(ProviderReport {
            effective: Effective::of(&provider, inputs),
            profiles: counts,
            env: provider.env.as_ref().map(|env| EnvReport::of(env, inputs)),
            order: provider
                .profiles
                .iter()
                .filter(|judged| !excluded(judged))
                .map(|judged| &judged.profile.id)
                .collect(),
            order_source: provider.source.as_str(),
            next: match &provider.next {
                Some(Next::Profile(_)) => provider.next_profile().map(|judged| NextReport::Profile {
                    profile_id: &judged.profile.id,
                    billing: billing_of(&judged.profile.id).unwrap_or(Billing::Unknown),
                }),
                Some(Next::Env(variable)) => provider
                    .env
                    .as_ref()
                    .map(|env| NextReport::Env { variable, billing: billing_of_env(&env.secret) }),
                None => None,
            },
            rows,
            env_credential: provider.env,
            provider: provider.provider,
        });
    }
}

fn check(provider: &ProviderAuth<'_>) -> Check {
    match (&provider.next, provider.next_profile()) {
        (None, _) => Check::MissingOrExpired,
        (Some(_), Some(judged)) if judged.verdict.stored == Stored::Expiring => Check::Expiring,
        (Some(_), _) => Check::Healthy,
    }
}

impl Effective {
    fn of(provider: &ProviderAuth<'_>, inputs: &StatusInputs<'_>) -> Self {
        match (&provider.next, &provider.env) {
            (Some(Next::Env(_)), Some(env)) => Self { kind: "env", detail: env.secret.masked() },
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
            standing: match env.standing {
                EnvStanding::Used => "used",
                EnvStanding::Idle => "idle",
                EnvStanding::HeldBack => "held-back",
                EnvStanding::Off => "off",
                EnvStanding::Refused => "refused",
            },
            policy: inputs.auth.config.auth.env.to_string(),
            billing: billing_of_env(&env.secret),
        }
    }
}

impl ProfileCounts {
    fn of(profiles: &[Judged<'_>], now: Timestamp) -> Self {
        let count = |kind| profiles.iter().filter(|judged| judged.profile.credential.kind() == kind).count();
        Self {
            count: profiles.len(),
            oauth: count(CredentialType::OAuth),
            token: count(CredentialType::Token),
            api_key: count(CredentialType::ApiKey),
            labels: profiles.iter().map(|judged| label(judged, now)).collect(),
        }
    }
}

/// The TypeScript program's label: id, kind, masked secret, and what keeps the profile from use.
fn label(judged: &Judged<'_>, now: Timestamp) -> String {
    let profile = judged.profile;
    let shown = profile.credential.material().shown();
    let mut label = match profile.credential.kind() {
        CredentialType::ApiKey => format!("{}={shown}", profile.id),
        CredentialType::Token => format!("{}=token:{shown}", profile.id),
        CredentialType::OAuth => match &profile.email {
            Some(email) => format!("{}=OAuth ({email})", profile.id),
            None => format!("{}=OAuth", profile.id),
        },
    };
    if let Usable::No(unusable) = &judged.verdict.usable {
        let left = unusable.until.map(|until| format!(" {}", wording::duration(until.duration_since(now))));
        let left = left.unwrap_or_default();
        match unusable.reason.kind() {
            "cooldown" => label.push_str(&format!(" [cooldown{left}]")),
            "disabled" => label.push_str(&format!(" [disabled:{}{left}]", unusable.reason.word())),
            _ => {}
        }
    }
    label
}

impl<'a> ProfileReport<'a> {
    fn make(
        judged: &Judged<'a>,
        now: Timestamp,
        agent: Option<&crate::config::AgentId>,
        is_next: bool,
    ) -> Self {
        let (profile, verdict) = (judged.profile, &judged.verdict);
        let fix = wording::fix(profile, verdict, agent);
        Self {
            health: ProfileHealth::of(profile, verdict, now),
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
            is_next,
        }
    }
}

impl<'a> ProfileHealth<'a> {
    fn of(profile: &'a Profile, verdict: &Verdict, now: Timestamp) -> Self {
        let label = match &profile.email {
            Some(email) => format!("{} ({email})", profile.id),
            None => profile.id.to_string(),
        };
        let reason_code =
            (verdict.stored == Stored::Missing).then_some(match profile.credential.material() {
                Material::Missing => "missing_token",
                Material::Value(_) | Material::Reference(_) => "invalid_expires",
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

impl<'a> ProviderHealth<'a> {
    fn missing(provider: &str) -> Self {
        let expiry = ExpiryReport { expires_at: None, remaining_ms: None };
        Self {
            provider: provider.to_owned(),
            status: status_word(Stored::Missing),
            expiry,
            profiles: Vec::new(),
        }
    }

    /// The best of its profiles, and the earliest end.
    fn of(provider: &str, rows: &[ProfileReport<'a>]) -> Self {
        let rank = |stored: Stored| match stored {
            Stored::Ok => 0,
            Stored::Static => 1,
            Stored::Expiring => 2,
            Stored::Refreshable => 3,
            Stored::Expired => 4,
            Stored::Missing => 5,
        };
        let best =
            rows.iter().map(|row| row.stored).min_by_key(|stored| rank(*stored)).unwrap_or(Stored::Missing);
        let earliest = rows
            .iter()
            .filter_map(|row| Some((row.health.expiry.expires_at?, row.health.expiry)))
            .min_by_key(|(at, _)| *at);
        Self {
            provider: provider.to_owned(),
            status: status_word(best),
            expiry: earliest
                .map_or(ExpiryReport { expires_at: None, remaining_ms: None }, |(_, expiry)| expiry),
            profiles: rows.iter().map(|row| row.health.clone()).collect(),
        }
    }
}

impl<'a> UnusableProfile<'a> {
    fn of(row: &ProfileReport<'a>, now: Timestamp) -> Option<Self> {
        let Usable::No(unusable) = &row.verdict.usable else { return None };
        Some(Self {
            profile_id: &row.profile.id,
            provider: row.profile.id.provider(),
            kind: unusable.reason.kind(),
            reason: unusable.reason.word().to_owned(),
            model_class: unusable.model_class.clone(),
            until: unusable.until,
            remaining_ms: unusable.until.map(|until| millis(until.duration_since(now)).max(0)),
            fix: row.fix.clone(),
        })
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
    fn of(verdict: &Verdict, fix: Option<&String>) -> Self {
        match &verdict.usable {
            Usable::Yes => Self {
                state: "yes",
                kind: None,
                reason: None,
                model_class: None,
                until: None,
                fix: fix.cloned(),
            },
            Usable::No(unusable) => Self {
                state: "no",
                kind: Some(unusable.reason.kind()),
                reason: Some(unusable.reason.word().to_owned()),
                model_class: unusable.model_class.clone(),
                until: unusable.until,
                fix: fix.cloned(),
            },
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

fn findings(inputs: &StatusInputs<'_>, report: &AuthReport<'_>) -> Vec<Finding> {
    let shown = |path: &std::path::Path| inputs.paths.shown(path);
    let snapshot = inputs.auth.snapshot;
    let mut findings: Vec<Finding> = snapshot
        .findings
        .iter()
        .map(|finding| match finding {
            StoreFinding::OpenToOthers(path) => Finding {
                id: "store-open-to-others",
                message: format!("Other users can read {}; the next write makes it private.", shown(path)),
                fix: Some(format!("chmod 600 {}", wording::shell_word(&path.display().to_string()))),
            },
            StoreFinding::DirectoryOpenToOthers(path) => Finding {
                id: "directory-open-to-others",
                message: format!("Other users can enter {}.", shown(path)),
                fix: Some(format!("chmod 700 {}", wording::shell_word(&path.display().to_string()))),
            },
            StoreFinding::NewerVersion(version) => Finding {
                id: "store-newer-version",
                message: format!("The store has version {version}, written by a newer program; it is shown but never changed."),
                fix: None,
            },
            StoreFinding::Imported(path) => Finding {
                id: "store-imported",
                message: format!("Credentials are read from {} of an older program; the next change stores them here.", shown(path)),
                fix: None,
            },
            StoreFinding::UnusableSection(name) => Finding {
                id: "store-unusable-section",
                message: format!("`{name}` in {} has a form that cannot be used; it is left as it is.", shown(&inputs.store_path)),
                fix: None,
            },
        })
        .collect();
    findings.extend(snapshot.ignored.iter().map(|entry| Finding {
        id: "store-ignored-entry",
        message: format!(
            "Entry \"{}\" in {} is not a credential this program understands; it is kept and not used.",
            entry.id,
            shown(&inputs.store_path)
        ),
        fix: None,
    }));
    findings.extend(inputs.state_findings.iter().map(|StateFinding::Unreadable(path)| Finding {
        id: "state-unreadable",
        message: format!("{} cannot be read; cooldowns and last uses are not known.", shown(path)),
        fix: None,
    }));
    for row in report.providers.iter().flat_map(|provider| &provider.rows) {
        if let Some(fix) = &row.fix {
            findings.push(Finding {
                id: "profile-needs-attention",
                message: format!("{}: {}.", row.profile.id, wording::health(&row.verdict, inputs.auth.now)),
                fix: Some(fix.clone()),
            });
        }
    }
    findings
}

fn millis(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::ref_option, reason = "the signature serde asks for")]
fn optional_millis<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_i64(time.as_millisecond()),
        None => serializer.serialize_none(),
    }
}
