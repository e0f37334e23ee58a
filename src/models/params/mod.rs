//! Parameters of requests to a model: what each is set to for an agent, and by which layer. Layers are brought to one form
//! before they are put on top of each other, so that an older name in a later layer wins like the newer one would. What of
//! it a request really carries depends on the credential too, and is decided in [`request`].

pub mod layer;
pub mod request;

use std::fmt;
use std::num::NonZeroU64;

use serde::Serialize;

use super::refs::ModelRef;
use super::selection;
use crate::auth::wording::Fix;
use crate::config::agent_list;
use crate::config::edit::{Segment, shown};
use crate::config::schema::{BetaList, CacheRetention, Params, Temperature};
use crate::config::{AgentId, Config};
use crate::text::shell_word;

/// Most tokens an answer may have when nobody says so.
pub const DEFAULT_MAX_TOKENS: NonZeroU64 = NonZeroU64::new(8192).unwrap();

/// The layer a value comes from, the later ones winning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "layer", rename_all = "kebab-case")]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The model's entry in `agents.defaults.models`.
    Model {
        /// Where the value stands in the config.
        path: String,
    },
    /// The agent's entry in `agents.list`.
    Agent {
        /// Where the value stands in the config.
        path: String,
    },
    /// The command line.
    CommandLine,
}

impl Origin {
    /// Where the value stands in the config, when it does.
    fn path(&self) -> Option<&str> {
        match self {
            Self::Model { path } | Self::Agent { path } => Some(path),
            Self::Default | Self::CommandLine => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("built-in default"),
            Self::Model { path } | Self::Agent { path } => f.write_str(path),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// A parameter's value, and who set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param<T> {
    /// The value.
    pub value: T,
    /// Who set it.
    pub origin: Origin,
}

impl<T> Param<T> {
    fn default(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// Whether anybody set it.
    pub fn is_set(&self) -> bool {
        self.origin != Origin::Default
    }
}

/// A parameter under its older name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecated {
    /// Where it stands.
    pub origin: Origin,
    /// What it means under the newer name.
    pub retention: CacheRetention,
    /// Whether the newer name stands beside it, and alone counts.
    pub has_no_effect: bool,
    /// Where the newer name belongs.
    newer: Origin,
}

impl Deprecated {
    /// The lines that bring it to the newer name.
    pub fn fix(&self) -> Option<Fix> {
        let (old, new) = (shell_word(self.origin.path()?), shell_word(self.newer.path()?));
        let set = (!self.has_no_effect).then(|| format!("fased config set {new} {}", self.retention));
        Some(Fix::run(set.into_iter().chain([format!("fased config unset {old}")])))
    }
}

impl fmt::Display for Deprecated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, retention, has_no_effect, .. } = self;
        match has_no_effect {
            true => write!(f, "{origin} has no effect beside cacheRetention; remove it."),
            false => write!(
                f,
                "{origin} is the older name of cacheRetention; write cacheRetention: \"{retention}\" instead."
            ),
        }
    }
}

/// What every parameter is set to, for an agent and a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The model.
    pub model: ModelRef,
    /// How long the prompt cache is to keep what is sent.
    pub cache_retention: Param<CacheRetention>,
    /// Whether the 1M context window is asked for.
    pub context1m: Param<bool>,
    /// Sampling temperature; `None` leaves it to the API.
    pub temperature: Param<Option<Temperature>>,
    /// Most tokens an answer may have.
    pub max_tokens: Param<NonZeroU64>,
    /// Further values of `anthropic-beta`.
    pub anthropic_beta: Param<BetaList>,
    /// What stands in the config under an older name.
    pub deprecated: Vec<Deprecated>,
}

impl Effective {
    /// The parameters of an agent's requests to a model. `call` is what was said for this request alone.
    pub fn of(agent: &AgentId, model: &ModelRef, config: &Config, call: &Params) -> Self {
        // Others than Anthropic may not know the cache, so they get markers only when somebody says so.
        let retention = match model.provider() {
            "anthropic" => CacheRetention::Short,
            _ => CacheRetention::None,
        };
        let mut effective = Self {
            model: model.clone(),
            cache_retention: Param::default(retention),
            context1m: Param::default(false),
            temperature: Param::default(None),
            max_tokens: Param::default(DEFAULT_MAX_TOKENS),
            anthropic_beta: Param::default(BetaList::default()),
            deprecated: Vec::new(),
        };
        let means_it = |key: &str| selection::resolve(key, config).is_ok_and(|meant| meant == *model);
        for (key, entry) in config.agents.defaults.models.iter().filter(|(key, _)| means_it(key)) {
            effective.put(&entry.params, &Place::Model(key));
        }
        if let (Some(at), Some(entry)) = (agent_list::position(config, agent), config.agent(agent)) {
            effective.put(&entry.params, &Place::Agent(at));
        }
        effective.put(call, &Place::CommandLine);
        effective
    }

    /// Puts a layer on top: what it says replaces what was said, key by key.
    fn put(&mut self, params: &Params, place: &Place<'_>) {
        if let Some(ttl) = params.cache_control_ttl {
            let origin = place.origin("cacheControlTtl");
            self.deprecated.push(Deprecated {
                origin: origin.clone(),
                retention: ttl.into(),
                has_no_effect: params.cache_retention.is_some(),
                newer: place.origin("cacheRetention"),
            });
            self.cache_retention = Param { value: ttl.into(), origin };
        }
        if let Some(value) = params.cache_retention {
            self.cache_retention = Param { value, origin: place.origin("cacheRetention") };
        }
        if let Some(value) = params.context1m {
            self.context1m = Param { value, origin: place.origin("context1m") };
        }
        if let Some(value) = params.temperature {
            self.temperature = Param { value: Some(value), origin: place.origin("temperature") };
        }
        if let Some(value) = params.max_tokens {
            self.max_tokens = Param { value, origin: place.origin("maxTokens") };
        }
        if let Some(value) = &params.anthropic_beta {
            self.anthropic_beta = Param { value: value.clone(), origin: place.origin("anthropicBeta") };
        }
    }
}

/// Where a layer stands.
enum Place<'a> {
    /// At this key of `agents.defaults.models`.
    Model(&'a str),
    /// At this position of `agents.list`.
    Agent(usize),
    CommandLine,
}

impl Place<'_> {
    fn origin(&self, parameter: &str) -> Origin {
        let path = |mut path: Vec<Segment>| {
            path.extend(Segment::keys(["params", parameter]));
            shown(&path)
        };
        match self {
            Self::Model(key) => {
                Origin::Model { path: path(Segment::keys(["agents", "defaults", "models", key])) }
            }
            Self::Agent(at) => Origin::Agent { path: path(agent_list::entry(*at)) },
            Self::CommandLine => Origin::CommandLine,
        }
    }
}

#[cfg(test)]
mod tests;
