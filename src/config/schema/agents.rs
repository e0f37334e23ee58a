//! `agents`: the agents, the models they ask and what goes with their requests.

use std::fmt;
use std::num::NonZeroU64;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::agents::AgentId;

/// `agents`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Agents {
    /// What holds for every agent that says nothing else.
    pub defaults: AgentDefaults,
    /// The agents.
    pub list: Vec<Agent>,
}

/// `agents.defaults`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct AgentDefaults {
    /// Primary model and fallbacks.
    pub model: Option<ModelChoice>,
    /// The same for requests with images.
    pub image_model: Option<ModelChoice>,
    /// Models by the work they are for.
    pub task_models: TaskModels,
    /// Known models by reference. When there are any, only these and the models chosen above may be asked.
    pub models: IndexMap<String, ConfiguredModel>,
}

/// An entry of `agents.defaults.models`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfiguredModel {
    /// Short name.
    pub alias: Option<String>,
    /// What goes with its requests.
    pub params: Params,
}

/// An entry of `agents.list`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whether commands without `--agent` mean this one.
    #[serde(default)]
    pub default: bool,
    /// Where its credentials are, when not below the state directory.
    pub agent_dir: Option<String>,
    /// Its own model and fallbacks.
    pub model: Option<ModelChoice>,
    /// The same for requests with images.
    pub image_model: Option<ModelChoice>,
    /// Its own models by the work they are for.
    #[serde(default)]
    pub task_models: TaskModels,
    /// What goes with its requests, whatever the model; wins over what the model's entry says.
    #[serde(default)]
    pub params: Params,
}

/// Models by the work they are for; what is absent is done by the primary model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct TaskModels {
    /// Quick checks that should cost little.
    pub cheap_check: Option<String>,
    /// Hard questions.
    pub strong: Option<String>,
    /// What the others could not do.
    pub escalation: Option<String>,
    /// Programming.
    pub coding: Option<String>,
    /// Summaries.
    pub summarizer: Option<String>,
}

/// What goes with requests to a model: `agents.defaults.models["provider/model"].params` and, winning over it,
/// `agents.list[].params`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Params {
    /// How long the prompt cache is to keep what is sent.
    pub cache_retention: Option<CacheRetention>,
    /// The older name of `cacheRetention`: `5m` is `short`, `1h` is `long`.
    #[schemars(extend("deprecated" = true))]
    pub cache_control_ttl: Option<CacheControlTtl>,
    /// Whether the beta of the 1M context window is asked for.
    pub context1m: Option<bool>,
    /// Sampling temperature.
    pub temperature: Option<Temperature>,
    /// Most tokens an answer may have.
    pub max_tokens: Option<NonZeroU64>,
    /// Further values of the `anthropic-beta` header.
    pub anthropic_beta: Option<BetaList>,
}

/// How long the prompt cache is to keep what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CacheRetention {
    /// Not at all.
    None,
    /// Five minutes since the last use.
    Short,
    /// One hour since the last use.
    Long,
}

impl fmt::Display for CacheRetention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Short => "short",
            Self::Long => "long",
        })
    }
}

/// The older way to say how long the prompt cache is to keep what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum CacheControlTtl {
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// One hour.
    #[serde(rename = "1h")]
    OneHour,
}

impl From<CacheControlTtl> for CacheRetention {
    fn from(ttl: CacheControlTtl) -> Self {
        match ttl {
            CacheControlTtl::FiveMinutes => Self::Short,
            CacheControlTtl::OneHour => Self::Long,
        }
    }
}

/// A sampling temperature, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
pub struct Temperature(#[schemars(range(min = 0.0, max = 1.0))] f64);

/// It is never NaN.
impl Eq for Temperature {}

impl Temperature {
    /// As the API takes it.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Temperature {
    type Error = &'static str;

    fn try_from(number: f64) -> Result<Self, Self::Error> {
        (0.0..=1.0).contains(&number).then_some(Self(number)).ok_or("a temperature is between 0 and 1")
    }
}

/// Values of the `anthropic-beta` header, written as one text with commas or as a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BetaList(pub Vec<String>);

/// A model, written as a string or as `{ primary, fallbacks }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// The model asked first.
    pub primary: Option<String>,
    /// Those asked when it cannot answer; `None` when the key is absent, which is not the same as an empty list.
    pub fallbacks: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrObject;

        #[derive(Deserialize, JsonSchema)]
        struct Object {
            primary: Option<String>,
            fallbacks: Option<Vec<String>>,
        }

        impl<'de> Visitor<'de> for TextOrObject {
            type Value = ModelChoice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a model like \"anthropic/claude-sonnet-5\" or { primary, fallbacks }")
            }

            fn visit_str<E>(self, text: &str) -> Result<ModelChoice, E> {
                Ok(ModelChoice { primary: Some(text.to_owned()), fallbacks: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ModelChoice, A::Error> {
                let Object { primary, fallbacks } = Object::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ModelChoice { primary, fallbacks })
            }
        }

        deserializer.deserialize_any(TextOrObject)
    }
}

impl JsonSchema for ModelChoice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ModelChoice".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A model, written as a string or as `{ primary, fallbacks }`.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": {
                        "primary": { "type": "string", "description": "The model asked first." },
                        "fallbacks": {
                            "type": "array",
                            "items": { "type": "string" },
                            "description": "Those asked when it cannot answer; an empty list for none.",
                        },
                    },
                },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for BetaList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList;

        impl<'de> Visitor<'de> for TextOrList {
            type Value = Vec<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("names of betas: a text with commas, or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
                Ok(vec![text.to_owned()])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Vec<String>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list))
            }
        }

        let texts = deserializer.deserialize_any(TextOrList)?;
        let names =
            texts.iter().flat_map(|text| text.split(',')).map(str::trim).filter(|name| !name.is_empty());
        Ok(Self(names.map(str::to_owned).collect()))
    }
}

impl JsonSchema for BetaList {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BetaList".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Values of the `anthropic-beta` header, written as one text with commas or as a list.",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
        })
    }
}
