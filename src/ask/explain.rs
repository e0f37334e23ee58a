//! What a question would carry, without asking it: parameters with their origins, the credential that would be used, the
//! headers and the cache markers. It joins the same parts as a request does, and opens no connection.

use std::num::NonZeroU64;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::anthropic::{ClientOptions, Endpoint, Error, NetworkPolicy, cache};
use crate::auth::form::Form;
use crate::auth::health::Usable;
use crate::auth::resolve::{Candidate, Inputs, Judged, NoCredential, ProviderAuth, Source};
use crate::auth::wording;
use crate::config::SelectedAgent;
use crate::config::edit::{Segment, shown};
use crate::config::schema::{CacheRetention, Params, Temperature};
use crate::models::catalog::Catalog;
use crate::models::known::KnownModels;
use crate::models::params::request::{Parameter, Remark, RequestParams};
use crate::models::params::{Effective, Origin, Param};
use crate::models::refs::ModelRef;
use crate::models::selection::TypedRef;
use crate::models::status::{Finding, NO_CREDENTIAL, NextReport};
use crate::provider::{self, ProviderError};
use crate::secret::Secret;

/// What an explanation is made from.
#[derive(Debug)]
pub struct ExplainInputs<'a> {
    /// Credentials and what decides about them.
    pub auth: Inputs<'a>,
    /// The agent.
    pub agent: &'a SelectedAgent,
    /// The model, and the profile that was named with it.
    pub asked: TypedRef,
}

/// Nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The profile that was named is not stored.
    #[error("no such profile")]
    NoCredential(NoCredential),
    /// There could be no client for the provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl From<Error> for ExplainError {
    fn from(error: Error) -> Self {
        Self::Provider(error.into())
    }
}

/// What a question would carry.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation<'a> {
    schema_version: u32,
    /// The agent.
    pub agent_id: &'a str,
    /// Where the config is, or would be.
    pub config_path: PathBuf,
    /// The model.
    pub model: ModelRef,
    /// Whether the data file knows it.
    pub known_model: bool,
    /// The one that was perhaps meant, when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_model: Option<String>,
    /// What each parameter is set to.
    pub parameters: Parameters,
    /// What would sign the request; `None` when there is nothing.
    pub credential: Option<CredentialReport>,
    /// What would be sent.
    pub request: RequestReport,
    /// What should be looked at, each with its fix.
    pub findings: Vec<Finding>,
}

/// The parameters.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameters {
    /// How long the prompt cache is to keep what is sent.
    pub cache_retention: ParameterReport<CacheRetention>,
    /// Whether the 1M context window is asked for.
    pub context1m: ParameterReport<bool>,
    /// Sampling temperature; `None` leaves it to the API.
    pub temperature: ParameterReport<Option<f64>>,
    /// Most tokens an answer may have.
    pub max_tokens: ParameterReport<u64>,
    /// Further values of `anthropic-beta`.
    pub anthropic_beta: ParameterReport<Vec<String>>,
}

/// One parameter.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParameterReport<T> {
    /// What it is set to.
    pub value: T,
    /// Who set it.
    pub origin: Origin,
    /// Whether requests follow it.
    pub applies: bool,
    /// What else is to be known about it.
    pub note: Option<String>,
    /// Whether a finding says the same.
    #[serde(skip)]
    pub is_finding: bool,
}

/// What would sign a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialReport {
    /// The profile or the variable, and who pays.
    #[serde(flatten)]
    pub source: NextReport,
    /// Masked form of the secret, or where it is.
    pub secret: String,
    /// How it is sent; `None` when that is known on use.
    pub form: Option<Form>,
    /// Whether it may be used now.
    pub usable: bool,
}

/// What would be sent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestReport {
    /// Where it goes.
    pub host: String,
    /// The form the rest is told for: the credential's, an API key's where there is no credential, a plan's where it is
    /// known on use.
    pub form: Form,
    /// Its headers by name, without those of the connection.
    pub headers: Vec<Header>,
    max_tokens: NonZeroU64,
    temperature: Option<f64>,
    /// Its cache markers.
    pub cache: CacheReport,
}

/// A header.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value; of the credential only kind and end; `None` for what the config sets and may be a secret.
    pub value: Option<String>,
    /// Where the config sets it.
    pub set_in: Option<String>,
}

/// Cache markers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheReport {
    /// Where they stand, and for how long what is before them is kept; as far as a request has these parts.
    pub markers: Vec<MarkerReport>,
    /// Why there are none.
    pub none_because: Option<&'static str>,
    /// What is shorter is not kept, where that is known.
    pub minimum_tokens: Option<u64>,
}

/// A cache marker.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkerReport {
    /// Where it stands.
    pub place: &'static str,
    /// Time to live.
    pub ttl: &'static str,
}

impl<'a> Explanation<'a> {
    /// Makes the explanation.
    ///
    /// # Errors
    /// When the profile that was named is not stored, or the provider's settings cannot be used.
    pub fn make(inputs: &ExplainInputs<'a>) -> Result<Self, ExplainError> {
        let ExplainInputs { auth, agent, asked } = inputs;
        let TypedRef { model, profile } = asked;
        let options = provider::options(model.provider(), auth.config, auth.env, NetworkPolicy::default())?;
        let catalog = Catalog::embedded();
        let survey =
            ProviderAuth::survey(model.provider(), KnownModels::of(auth.config).class_of(model), auth);
        let choice = survey.choose(profile.as_ref());
        if let Err(why @ NoCredential::MissingProfile { .. }) = choice {
            return Err(ExplainError::NoCredential(why));
        }
        // Also a credential that must wait says how it will be sent.
        let waiting = || match profile {
            Some(id) => survey.judged(id),
            None => survey.profiles.iter().find(|judged| !judged.is_left_out()),
        };
        let credential = choice.as_ref().ok().cloned().or_else(|| waiting().map(Candidate::of));
        let usable = choice.is_ok();
        let form = match &credential {
            None => Form::ApiKey,
            // Unknown counts as a plan.
            Some(candidate) => candidate.form.unwrap_or(Form::PlanToken),
        };
        let effective = Effective::of(&agent.id, model, auth.config, &Params::default());
        let params = RequestParams::of(&effective, form, auth.config);
        let params = match context1m_left_out(credential.as_ref(), inputs) {
            Some(until) => params.without_context1m(until),
            None => params,
        };
        let mut findings: Vec<Finding> = params.warnings(&effective).into_iter().map(Finding::from).collect();
        if !usable {
            findings.push(unusable(inputs, &survey, waiting()));
        }
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            agent_id: agent.id.as_str(),
            config_path: auth.paths.config().to_owned(),
            known_model: catalog.of(model).is_some(),
            nearest_model: KnownModels::of(auth.config).nearest(model),
            request: RequestReport::of(&options, &params, form, credential.as_ref(), inputs)?,
            credential: credential.map(|candidate| CredentialReport::of(&candidate, usable)),
            parameters: Parameters::of(effective, &params.remarks),
            model: model.clone(),
            findings,
        })
    }
}

/// Until when requests with this credential leave out the beta of the 1M window.
fn context1m_left_out(credential: Option<&Candidate<'_>>, inputs: &ExplainInputs<'_>) -> Option<Timestamp> {
    let Source::Profile(profile) = &credential?.source else { return None };
    let class = KnownModels::of(inputs.auth.config).class_of(&inputs.asked.model);
    inputs.auth.state.context1m_left_out(profile, None, class, inputs.auth.now)
}

/// Says that nothing could be sent now.
fn unusable(inputs: &ExplainInputs<'_>, survey: &ProviderAuth<'_>, waiting: Option<&Judged<'_>>) -> Finding {
    let agent = inputs.agent;
    let provider = &survey.provider;
    match waiting {
        Some(judged) => Finding {
            id: "credential-unusable",
            message: match judged.usable_when_named() {
                Usable::Yes => format!("{} is held back: somebody else would pay.", judged.profile.id),
                Usable::No(_) => {
                    let health = wording::health(&judged.verdict, inputs.auth.now);
                    format!("{} cannot be used now: {health}.", judged.profile.id)
                }
            },
            fix: wording::fix(judged.profile, &judged.verdict, agent.named(), &survey.order),
        },
        None => Finding {
            id: NO_CREDENTIAL,
            message: format!("No credential for {provider} can be used; this is what an API key would send."),
            fix: Some(wording::first_credential(provider, inputs.auth.config, agent.named())),
        },
    }
}

impl Parameters {
    fn of(effective: Effective, remarks: &[Remark]) -> Self {
        let about = |parameter| -> Vec<&Remark> {
            remarks.iter().filter(|remark| remark.parameter() == Some(parameter)).collect()
        };
        Self {
            cache_retention: ParameterReport::of(
                effective.cache_retention,
                &about(Parameter::CacheRetention),
                |retention| retention,
            ),
            context1m: ParameterReport::of(effective.context1m, &about(Parameter::Context1m), |asked| asked),
            temperature: ParameterReport::of(
                effective.temperature,
                &about(Parameter::Temperature),
                |temperature| temperature.map(Temperature::get),
            ),
            max_tokens: ParameterReport::of(effective.max_tokens, &[], NonZeroU64::get),
            anthropic_beta: ParameterReport::of(
                effective.anthropic_beta,
                &about(Parameter::AnthropicBeta),
                |betas| betas.0,
            ),
        }
    }
}

impl<T> ParameterReport<T> {
    fn of<S>(param: Param<S>, remarks: &[&Remark], value: impl FnOnce(S) -> T) -> Self {
        let notes: Vec<String> = remarks.iter().map(ToString::to_string).collect();
        Self {
            value: value(param.value),
            origin: param.origin,
            applies: remarks.iter().all(|remark| remark.applies()),
            is_finding: remarks.iter().any(|remark| remark.warning_id().is_some()),
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        }
    }
}

impl CredentialReport {
    fn of(candidate: &Candidate<'_>, usable: bool) -> Self {
        Self {
            source: match &candidate.source {
                Source::Profile(profile) => {
                    NextReport::Profile { profile_id: profile.id.clone(), billing: candidate.billing }
                }
                Source::Env(variable, _) => NextReport::Env { variable, billing: candidate.billing },
                Source::Config(key) => {
                    NextReport::Config { key: key.place.clone(), billing: candidate.billing }
                }
            },
            secret: shown_secret(candidate),
            form: candidate.form,
            usable,
        }
    }
}

/// Kind and end of the secret, or where it is kept.
fn shown_secret(candidate: &Candidate<'_>) -> String {
    match &candidate.source {
        Source::Profile(profile) => profile.credential.material().shown(),
        Source::Env(_, secret) => secret.masked(),
        Source::Config(key) => key.shown(),
    }
}

impl RequestReport {
    fn of(
        options: &ClientOptions,
        params: &RequestParams,
        form: Form,
        credential: Option<&Candidate<'_>>,
        inputs: &ExplainInputs<'_>,
    ) -> Result<Self, Error> {
        let model = &inputs.asked.model;
        // The addresses a client would refuse are refused here too, and never shown.
        let endpoint = Endpoint::new(&options.base_url, options.network)?;
        let known = KnownModels::of(inputs.auth.config).model(model);
        Ok(Self {
            host: endpoint.host().to_owned(),
            form,
            headers: headers(options, params, form, credential, inputs)?,
            max_tokens: params.max_tokens,
            temperature: params.temperature,
            cache: CacheReport::of(params, known.and_then(|model| model.cache_minimum)),
        })
    }
}

/// The headers as the client makes them. What it marks as sensitive is not shown.
fn headers(
    options: &ClientOptions,
    params: &RequestParams,
    form: Form,
    credential: Option<&Candidate<'_>>,
    inputs: &ExplainInputs<'_>,
) -> Result<Vec<Header>, Error> {
    let provider = inputs.asked.model.provider();
    // Whatever the secret is, the headers beside it are the same.
    let sent = options.headers(&provider::sign_with(form, Secret::new("not-needed")), &params.betas)?;
    let credentials_own = match form {
        Form::ApiKey => "x-api-key",
        Form::PlanToken | Form::ConsoleToken => "authorization",
    };
    let path = shown(&Segment::keys(["models", "providers", provider, "headers"]));
    let is_configured =
        |name: &str| options.extra_headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let mut headers: Vec<Header> = sent
        .iter()
        .map(|(name, value)| {
            let name = name.as_str();
            let is_credential = name == credentials_own;
            let text = match (is_credential, form) {
                (true, Form::ApiKey) => credential.map(shown_secret),
                (true, _) => credential.map(|candidate| format!("Bearer {}", shown_secret(candidate))),
                (false, _) => value.to_str().ok().filter(|_| !value.is_sensitive()).map(str::to_owned),
            };
            Header {
                name: name.to_owned(),
                value: text,
                set_in: (is_configured(name) && !is_credential).then(|| path.clone()),
            }
        })
        .collect();
    headers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(headers)
}

impl CacheReport {
    fn of(params: &RequestParams, minimum_tokens: Option<u64>) -> Self {
        let marker = params.retention.marker();
        let markers = marker.into_iter().flat_map(|marker| {
            cache::PLACES.iter().map(move |place| MarkerReport { place, ttl: marker.ttl() })
        });
        let none_because = match marker {
            Some(_) => None,
            None if params.remarks.contains(&Remark::CacheIgnored) => {
                Some("subscription credentials do not honour cache settings")
            }
            None => Some("cacheRetention is none"),
        };
        Self { markers: markers.collect(), none_because, minimum_tokens }
    }
}
