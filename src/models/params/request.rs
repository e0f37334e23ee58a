//! What a request really carries: parameters, the model's abilities and the form of the credential joined. Whoever sends a
//! request and whoever explains one take it from here, so they cannot disagree. Which betas belong to a credential is
//! the client's knowledge; here are those that are asked for.

use std::num::NonZeroU64;

use jiff::Timestamp;

use super::Effective;
use crate::anthropic::{MessageRequest, cache};
use crate::auth::form::Form;
use crate::auth::wording::Fix;
use crate::config::Config;
use crate::config::edit::{Segment, shown};
use crate::config::schema::{CacheRetention, Temperature};
use crate::models::catalog::{Catalog, Context1m, Model};
use crate::models::refs::ModelRef;

/// What a request carries.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestParams {
    /// Retention of its cache markers.
    pub retention: cache::Retention,
    /// Betas it asks for, besides those that go with its credential.
    pub betas: Vec<String>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Most tokens the answer may have.
    pub max_tokens: NonZeroU64,
    /// What is otherwise than it was set, and why.
    pub remarks: Vec<Remark>,
}

/// Something is otherwise than it was set, or not needed. Where it is about one parameter, the words go on from its name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// A plan's credential has no use for cache markers.
    #[error("ignored: subscription credentials do not honour cache settings")]
    CacheIgnored,
    /// The beta of the 1M window never goes with a bearer token.
    #[error("ignored: the API refuses the 1M context beta with bearer tokens")]
    Context1mIgnored,
    /// The API refused the beta for this credential before.
    #[error("not sent until {until}: the API refused the 1M context beta for this credential")]
    Context1mRefused {
        /// When it is sent again.
        until: Timestamp,
    },
    /// The window is as wide without the beta.
    #[error("sent, and not needed: the window of this model is 1M tokens anyhow")]
    Context1mNotNeeded,
    /// The model has no such window, or nobody knows of one.
    #[error("not sent: {}", no_window(.model, *.window))]
    Context1mUnsupported {
        /// The model.
        model: ModelRef,
        /// Its window, where it is known.
        window: Option<u64>,
    },
    /// The model refuses requests with a temperature.
    #[error("not sent: {model} refuses it")]
    TemperatureRefused {
        /// The model.
        model: ModelRef,
    },
    /// A beta that was asked for by name never goes with a bearer token.
    #[error("without {beta}, which the API refuses with bearer tokens")]
    BetaRefused {
        /// Its name.
        beta: String,
    },
    /// A header override leaves out the beta of the one hour cache, which is in force.
    #[error("{path} replaces anthropic-beta and leaves out {beta}, while cacheRetention is long")]
    ExtendedCacheTtlDropped {
        /// The headers in the config.
        path: String,
        /// The beta's name.
        beta: &'static str,
    },
}

/// A setting that should be another, whatever the credential.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning {
    /// A stable name of what is wrong.
    pub id: &'static str,
    /// What is wrong, in a sentence that names the place.
    pub message: String,
    /// What mends it, where a command does.
    pub fix: Option<Fix>,
}

/// The parameter a remark is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// `cacheRetention`.
    CacheRetention,
    /// `context1m`.
    Context1m,
    /// `temperature`.
    Temperature,
    /// `anthropicBeta`.
    AnthropicBeta,
}

impl Remark {
    /// What it is about; `None` for what no parameter says.
    pub fn parameter(&self) -> Option<Parameter> {
        Some(match self {
            Self::CacheIgnored => Parameter::CacheRetention,
            Self::Context1mIgnored
            | Self::Context1mRefused { .. }
            | Self::Context1mNotNeeded
            | Self::Context1mUnsupported { .. } => Parameter::Context1m,
            Self::TemperatureRefused { .. } => Parameter::Temperature,
            Self::BetaRefused { .. } => Parameter::AnthropicBeta,
            Self::ExtendedCacheTtlDropped { .. } => return None,
        })
    }

    /// Whether the parameter is followed all the same.
    pub fn applies(&self) -> bool {
        matches!(self, Self::Context1mNotNeeded)
    }

    /// A stable name, when it tells of a setting that should be another. What only this credential has no use for is
    /// no mistake.
    pub fn warning_id(&self) -> Option<&'static str> {
        match self {
            Self::Context1mUnsupported { .. } => Some("context1m-unsupported"),
            Self::TemperatureRefused { .. } => Some("temperature-refused"),
            Self::ExtendedCacheTtlDropped { .. } => Some("extended-cache-ttl-dropped"),
            _ => None,
        }
    }
}

fn no_window(model: &ModelRef, window: Option<u64>) -> String {
    match window {
        Some(1_000_000..) => format!("the window of {model} is 1M tokens without it"),
        Some(_) => format!("{model} has no window of 1M tokens"),
        None => format!("{model} is not known to have a window of 1M tokens"),
    }
}

impl RequestParams {
    /// What a request carries when it is signed with a credential of this form.
    pub fn of(effective: &Effective, form: Form, config: &Config) -> Self {
        Self::for_model(effective, Catalog::embedded().of(&effective.model), form, config)
    }

    fn for_model(effective: &Effective, known: Option<&Model>, form: Form, config: &Config) -> Self {
        let mut remarks = Vec::new();
        let retention = retention(effective, form, &mut remarks);
        let mut betas = asked_by_name(effective, form, &mut remarks);
        if opens_window(effective, known, form, &mut remarks) {
            let beta = &Catalog::embedded().betas().context1m;
            if !betas.contains(beta) {
                betas.push(beta.clone());
            }
        }
        remarks.extend(dropped(effective, retention, form, &betas, config));
        let refuses_temperature = known.is_some_and(|model| model.temperature == Some(false));
        let temperature = effective.temperature.value.filter(|_| !refuses_temperature);
        if effective.temperature.value.is_some() && temperature.is_none() {
            remarks.push(Remark::TemperatureRefused { model: effective.model.clone() });
        }
        Self {
            retention,
            betas,
            temperature: temperature.map(Temperature::get),
            max_tokens: effective.max_tokens.value,
            remarks,
        }
    }

    /// What should be set otherwise, older names included.
    pub fn warnings(&self, effective: &Effective) -> Vec<Warning> {
        let deprecated = effective.deprecated.iter().map(|deprecated| Warning {
            id: "deprecated-parameter",
            message: deprecated.to_string(),
            fix: deprecated.fix(),
        });
        let remarks = self.remarks.iter().filter_map(|remark| {
            let origin = match remark.parameter() {
                Some(Parameter::CacheRetention) => Some(&effective.cache_retention.origin),
                Some(Parameter::Context1m) => Some(&effective.context1m.origin),
                Some(Parameter::Temperature) => Some(&effective.temperature.origin),
                Some(Parameter::AnthropicBeta) => Some(&effective.anthropic_beta.origin),
                None => None,
            };
            let message = match origin {
                Some(origin) => format!("{origin} is {remark}."),
                None => format!("{remark}."),
            };
            Some(Warning { id: remark.warning_id()?, message, fix: None })
        });
        deprecated.chain(remarks).collect()
    }

    /// The same without the beta of the 1M window, which the API refused for the credential.
    #[must_use]
    pub fn without_context1m(mut self, until: Timestamp) -> Self {
        let beta = &Catalog::embedded().betas().context1m;
        if self.betas.contains(beta) {
            self.betas.retain(|name| name != beta);
            self.remarks.retain(|remark| *remark != Remark::Context1mNotNeeded);
            self.remarks.push(Remark::Context1mRefused { until });
        }
        self
    }

    /// Gives them to a request that is complete otherwise.
    pub fn apply(&self, request: &mut MessageRequest) {
        request.max_tokens = self.max_tokens.get();
        request.temperature = self.temperature;
        request.betas.clone_from(&self.betas);
        cache::mark(request, self.retention);
    }
}

fn retention(effective: &Effective, form: Form, remarks: &mut Vec<Remark>) -> cache::Retention {
    match (effective.cache_retention.value, form) {
        (CacheRetention::None, _) => cache::Retention::None,
        (_, Form::PlanToken) => {
            remarks.push(Remark::CacheIgnored);
            cache::Retention::None
        }
        (CacheRetention::Short, _) => cache::Retention::Short,
        (CacheRetention::Long, _) => cache::Retention::Long,
    }
}

/// The client leaves out what bearer tokens are refused with; that it does is said here.
fn asked_by_name(effective: &Effective, form: Form, remarks: &mut Vec<Remark>) -> Vec<String> {
    let refused = &Catalog::embedded().betas().refused_with_bearer;
    let is_refused = |beta: &&String| {
        form != Form::ApiKey && refused.iter().any(|prefix| beta.starts_with(prefix.as_str()))
    };
    let (out, sent): (Vec<&String>, Vec<&String>) =
        effective.anthropic_beta.value.0.iter().partition(is_refused);
    remarks.extend(out.into_iter().map(|beta| Remark::BetaRefused { beta: beta.clone() }));
    sent.into_iter().cloned().collect()
}

/// Whether the beta of the 1M window is asked for.
fn opens_window(effective: &Effective, known: Option<&Model>, form: Form, remarks: &mut Vec<Remark>) -> bool {
    if !effective.context1m.value {
        return false;
    }
    let window = known.and_then(|model| model.context1m);
    let is_sent = form == Form::ApiKey && window.is_some();
    match window {
        None => remarks.push(Remark::Context1mUnsupported {
            model: effective.model.clone(),
            window: known.and_then(|model| model.context_window),
        }),
        Some(_) if !is_sent => remarks.push(Remark::Context1mIgnored),
        Some(Context1m::Native) => remarks.push(Remark::Context1mNotNeeded),
        Some(Context1m::Beta) => {}
    }
    is_sent
}

/// Tells of a header override that leaves out the beta of the one hour cache.
fn dropped(
    effective: &Effective,
    retention: cache::Retention,
    form: Form,
    betas: &[String],
    config: &Config,
) -> Option<Remark> {
    if retention != cache::Retention::Long || form != Form::ApiKey {
        return None;
    }
    let provider = effective.model.provider();
    let headers = &config.provider(provider)?.headers;
    // Of several with one name the last counts.
    let (_, names) = headers.iter().rfind(|(name, _)| name.eq_ignore_ascii_case("anthropic-beta"))?;
    let beta = Catalog::embedded().betas().extended_cache_ttl.as_str();
    let is_kept = names.expose().split(',').any(|name| name.trim() == beta);
    let path = shown(&Segment::keys(["models", "providers", provider, "headers"]));
    (!is_kept && !betas.iter().any(|name| name == beta))
        .then_some(Remark::ExtendedCacheTtlDropped { path, beta })
}
