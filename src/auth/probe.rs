//! Trying stored credentials: each is obtained as for a request and the provider asked about it by the request that is free.
//! Every probe has a hard limit in time; what it shows is written to the state as a verification and as nothing else.

use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde::Serialize;

use super::configured::ConfigStanding;
use super::form::ANTHROPIC;
use super::oauth::refresh::RefreshError;
use super::obtain::{ObtainError, Obtainer};
use super::profile_id::ProfileId;
use super::resolve::{Candidate, EnvStanding, Judged, ProviderAuth, Source};
use super::state::{AuthState, Verification};
use super::verify;
use super::wording;
use crate::anthropic::{ApiErrorKind, Authorization, Client, Error};
use crate::auth::health::{UnusableReason, Usable};
use crate::clock::Clock;
use crate::text::one_line;

/// What to try, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeOptions {
    /// Only this provider's credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Only these profiles; all when empty.
    pub profile_ids: Vec<ProfileId>,
    /// Limit for each credential.
    #[serde(rename = "timeoutMs", serialize_with = "milliseconds")]
    pub timeout: Duration,
    /// How many are tried at a time.
    pub concurrency: usize,
    /// Taken for scripts of the TypeScript program, whose probes are real requests. Ours use no tokens.
    pub max_tokens: u64,
}

/// All probes of one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probes {
    #[serde(serialize_with = "millis")]
    started_at: Timestamp,
    #[serde(serialize_with = "millis")]
    finished_at: Timestamp,
    #[serde(rename = "durationMs", serialize_with = "milliseconds")]
    /// How long it took.
    pub duration: Duration,
    total_targets: usize,
    options: ProbeOptions,
    /// One for each credential, in order of use.
    pub results: Vec<Probe>,
}

/// What one probe showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Probe {
    /// Whose credential it is.
    pub provider: String,
    /// The model health is judged for.
    pub model: String,
    /// The profile; absent for a key of the environment or the config.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_id: Option<ProfileId>,
    /// How people know it.
    pub label: String,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<&'static str>,
    /// What came of it.
    pub status: ProbeStatus,
    /// The provider's words, or ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(
        rename = "latencyMs",
        skip_serializing_if = "Option::is_none",
        serialize_with = "optional_milliseconds"
    )]
    /// From the request to its answer.
    pub latency: Option<Duration>,
    /// Whether the provider was asked.
    #[serde(skip)]
    pub asked: bool,
    /// The HTTP status, when there was an answer about the credential.
    #[serde(skip)]
    pub(crate) http_status: Option<u16>,
}

/// The TypeScript program's words for what came of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeStatus {
    /// Accepted.
    Ok,
    /// Refused.
    Auth,
    /// Accepted, and out of requests for now.
    RateLimit,
    /// Accepted, and without credit.
    Billing,
    /// No answer in time.
    Timeout,
    /// No connection, or one that broke.
    Network,
    /// The request itself was refused.
    Format,
    /// It could not be tried, or the answer says nothing about it.
    Unknown,
}

impl ProbeStatus {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Auth => "auth",
            Self::RateLimit => "rate_limit",
            Self::Billing => "billing",
            Self::Timeout => "timeout",
            Self::Network => "network",
            Self::Format => "format",
            Self::Unknown => "unknown",
        }
    }

    fn of(error: &Error) -> Self {
        match error {
            Error::Api(api) => match api.kind {
                ApiErrorKind::Authentication | ApiErrorKind::Permission => Self::Auth,
                ApiErrorKind::RateLimit => Self::RateLimit,
                ApiErrorKind::Billing => Self::Billing,
                ApiErrorKind::Timeout => Self::Timeout,
                ApiErrorKind::InvalidRequest => Self::Format,
                _ => Self::Unknown,
            },
            Error::Timeout { .. } | Error::Idle { .. } => Self::Timeout,
            Error::Connect { .. } | Error::Cut { .. } => Self::Network,
            _ => Self::Unknown,
        }
    }
}

/// Builds the client of a provider, or says why there is none.
pub type Clients<'a> = dyn Fn(&str) -> Result<Client, String> + 'a;

/// Tries the credentials of these providers.
pub async fn probe(
    providers: &[ProviderAuth<'_>],
    model: &str,
    options: ProbeOptions,
    obtainer: &Obtainer<'_>,
    clients: &Clients<'_>,
    sign: fn(super::obtain::Obtained) -> Authorization,
    clock: &dyn Clock,
) -> Probes {
    let started_at = clock.now();
    let begun = clock.steady();
    let tries = providers.iter().filter(|provider| options.includes(provider)).map(|provider| {
        let profiles = provider.profiles.iter().filter(|judged| options.includes_profile(judged));
        let mut tries: Vec<Try<'_>> = profiles.map(|judged| Try::of(judged, started_at)).collect();
        // A key of the config or the environment is tried where it is what would be used.
        if options.profile_ids.is_empty() {
            let from_env = provider.env.iter().filter(|env| env.standing == EnvStanding::Used);
            let from_config = provider.config_key.iter().filter(|key| key.standing == ConfigStanding::Used);
            tries.extend(from_config.map(|key| Try { candidate: Candidate::of_config(key), obstacle: None }));
            tries.extend(from_env.map(|env| Try { candidate: Candidate::of_env(env), obstacle: None }));
        }
        (provider, tries)
    });
    let tries: Vec<_> = tries
        .flat_map(|(provider, tries)| tries.into_iter().map(move |attempt| (provider, attempt)))
        .collect();
    let total_targets = tries.len();
    let running = tries.into_iter().map(|(provider, attempt)| {
        let options = &options;
        async move {
            let blank = Probe::blank(&provider.provider, model, &attempt.candidate);
            if let Some(obstacle) = attempt.obstacle {
                return Probe { error: Some(obstacle), ..blank };
            }
            let begun = clock.steady();
            let tried = ask(&provider.provider, &attempt.candidate, obtainer, clients, sign);
            let (status, error, http_status) = match tokio::time::timeout(options.timeout, tried).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let error = format!("no answer within {} ms", options.timeout.as_millis());
                    (ProbeStatus::Timeout, Some(error), None)
                }
            };
            let latency = Some(clock.steady().saturating_sub(begun));
            Probe { status, error, latency, asked: true, http_status, ..blank }
        }
    });
    let results = futures_util::stream::iter(running).buffered(options.concurrency.max(1)).collect().await;
    Probes {
        started_at,
        finished_at: clock.now(),
        duration: clock.steady().saturating_sub(begun),
        total_targets,
        options,
        results,
    }
}

/// One credential to try.
struct Try<'a> {
    candidate: Candidate<'a>,
    /// Why it is not worth trying.
    obstacle: Option<String>,
}

impl<'a> Try<'a> {
    fn of(judged: &Judged<'a>, now: Timestamp) -> Self {
        let obstacle = match &judged.verdict.usable {
            Usable::Yes => None,
            Usable::No(unusable) => match &unusable.reason {
                // A window of waiting says nothing about the credential.
                UnusableReason::Disabled(_) | UnusableReason::Cooldown(_) => None,
                _ => Some(format!("not asked: {}", wording::health(&judged.verdict, now))),
            },
        };
        Self { candidate: Candidate::of(judged), obstacle }
    }
}

async fn ask(
    provider: &str,
    candidate: &Candidate<'_>,
    obtainer: &Obtainer<'_>,
    clients: &Clients<'_>,
    sign: fn(super::obtain::Obtained) -> Authorization,
) -> (ProbeStatus, Option<String>, Option<u16>) {
    let client = match clients(provider) {
        Ok(client) => client,
        Err(why) => return (ProbeStatus::Unknown, Some(why), None),
    };
    let obtained = match obtainer.obtain(candidate).await {
        Ok(obtained) => obtained,
        Err(error) => {
            let status = match &error {
                ObtainError::Refresh(RefreshError::SignInAgain { .. }) => ProbeStatus::Auth,
                ObtainError::Refresh(RefreshError::Endpoint { .. }) => ProbeStatus::Timeout,
                _ => ProbeStatus::Unknown,
            };
            return (status, Some(error.to_string()), None);
        }
    };
    match verify::accepts(&client, &sign(obtained)).await {
        Ok(status) => (ProbeStatus::Ok, None, Some(status)),
        // Most endpoints beside Anthropic's serve messages alone.
        Err(error) if provider != ANTHROPIC && has_no_list(&error) => (
            ProbeStatus::Unknown,
            Some("it lists no models, which is what is asked for free".to_owned()),
            None,
        ),
        Err(error) => {
            let status = error.api().map(|api| api.status);
            (ProbeStatus::of(&error), Some(error.to_string()), status)
        }
    }
}

/// Whether an endpoint does not know the request for the list of models.
fn has_no_list(error: &Error) -> bool {
    match error {
        Error::Api(api) => matches!(api.status, 404 | 405 | 501),
        Error::Malformed { .. } => true,
        _ => false,
    }
}

impl ProbeOptions {
    fn includes(&self, provider: &ProviderAuth<'_>) -> bool {
        self.provider.as_ref().is_none_or(|wanted| *wanted == provider.provider)
    }

    fn includes_profile(&self, judged: &Judged<'_>) -> bool {
        self.profile_ids.is_empty() || self.profile_ids.contains(&judged.profile.id)
    }
}

impl Probe {
    /// What came of it, in a few words: `accepted (12 ms)`.
    pub fn in_words(&self) -> String {
        let latency =
            self.latency.map(|latency| format!(" ({} ms)", latency.as_millis())).unwrap_or_default();
        match &self.error {
            None => format!("accepted{latency}"),
            Some(error) if !self.asked => one_line(error),
            Some(error) => {
                format!("{}: {}{latency}", self.status.as_str().replace('_', " "), one_line(error))
            }
        }
    }

    fn blank(provider: &str, model: &str, candidate: &Candidate<'_>) -> Self {
        let profile = match &candidate.source {
            Source::Profile(profile) => Some(*profile),
            Source::Env(..) | Source::Config(_) => None,
        };
        let source = match &candidate.source {
            Source::Profile(_) => "profile",
            Source::Env(..) => "env",
            // The TypeScript program's word for a key in the config.
            Source::Config(_) => "models.json",
        };
        Self {
            provider: provider.to_owned(),
            model: model.to_owned(),
            profile_id: profile.map(|profile| profile.id.clone()),
            label: candidate.source.name().to_owned(),
            source,
            mode: profile.map(|profile| profile.credential.kind().as_str()),
            status: ProbeStatus::Unknown,
            error: None,
            latency: None,
            asked: false,
            http_status: None,
        }
    }
}

impl Probes {
    /// What came of it, in a sentence.
    pub fn in_words(&self) -> String {
        let accepted = self.results.iter().filter(|probe| probe.status == ProbeStatus::Ok).count();
        match self.results.as_slice() {
            [] => "There is nothing to ask about.".to_owned(),
            [one] => format!("{}: {}.", one.label, one.in_words().trim_end_matches('.')),
            all if accepted == all.len() => format!("All {accepted} credentials are accepted."),
            all => format!("{accepted} of {} credentials are accepted.", all.len()),
        }
    }

    /// Whether a profile was refused.
    pub fn rejects(&self, id: &ProfileId) -> bool {
        self.of(id).is_some_and(|probe| probe.status == ProbeStatus::Auth)
    }

    /// The probe of a profile.
    pub fn of(&self, id: &ProfileId) -> Option<&Probe> {
        self.results.iter().find(|probe| probe.profile_id.as_ref() == Some(id))
    }

    /// Notes what the provider said; says whether there is anything to write. Silence is no verification.
    pub fn note(&self, providers: &[ProviderAuth<'_>], state: &mut AuthState, now: Timestamp) -> bool {
        let mut changed = false;
        for judged in providers.iter().flat_map(|provider| &provider.profiles) {
            let Some(probe) = self.of(&judged.profile.id) else { continue };
            let accepted = match (probe.status, probe.http_status) {
                (ProbeStatus::Ok | ProbeStatus::RateLimit | ProbeStatus::Billing, Some(_)) => true,
                (ProbeStatus::Auth, Some(_)) => false,
                _ => continue,
            };
            let verification =
                Verification { accepted, at: now, how: "probe".to_owned(), status: probe.http_status };
            state.entry(judged.profile).verified = Some(verification);
            changed = true;
        }
        changed
    }
}

fn as_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn milliseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(as_millis(*duration))
}

#[expect(clippy::ref_option, reason = "the signature serde asks for")]
fn optional_milliseconds<S: serde::Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_some(&duration.map(as_millis))
}

fn millis<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.as_millisecond())
}
