//! The parts of `fased.json` that have a use. Keys it does not name are passed over: a config may hold sections of other
//! programs. What a key means beyond its type (orders, policies, aliases) is decided where it is used.

use std::fmt;

use indexmap::IndexMap;
use jiff::SignedDuration;
use serde::de::{IgnoredAny, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

use super::agents::AgentId;
use super::secrets::Secrets;
use crate::secret::Secret;
use crate::text::one_line;

/// `fased.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Agents and their defaults.
    pub agents: Agents,
    /// Routing of credentials; no secrets.
    pub auth: Auth,
    /// Providers.
    pub models: Models,
    /// Places references to secrets lead to.
    pub secrets: Secrets,
    /// Set when the file includes others, which this version does not follow.
    #[serde(rename = "$include", deserialize_with = "is_there")]
    pub has_includes: bool,
    /// Set when the file sets variables, which this version does not apply.
    #[serde(rename = "env", deserialize_with = "is_there")]
    pub has_env: bool,
}

/// Whether a key is there, whatever it holds.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// `agents`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Agents {
    /// What holds for every agent that says nothing else.
    pub defaults: AgentDefaults,
    /// The agents.
    pub list: Vec<Agent>,
}

/// `agents.defaults`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AgentDefaults {
    /// Primary model and fallbacks.
    pub model: Option<ModelChoice>,
    /// The same for requests with images.
    pub image_model: Option<ModelChoice>,
    /// Known models by reference, with their aliases.
    pub models: IndexMap<String, ConfiguredModel>,
}

/// An entry of `agents.defaults.models`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ConfiguredModel {
    /// Short name.
    pub alias: Option<String>,
}

/// An entry of `agents.list`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
}

/// A model, written as a string or as `{ primary, fallbacks }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// The model asked first.
    pub primary: Option<String>,
    /// Those asked when it cannot answer; `None` when the key is absent, which is not the same as an empty list.
    pub fallbacks: Option<Vec<String>>,
}

/// `auth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Auth {
    /// Profiles in order of preference; the TypeScript program writes it, we only read it.
    pub profiles: IndexMap<String, ProfileMetadata>,
    /// Explicit order by provider.
    pub order: IndexMap<String, Vec<String>>,
    /// What a key in the environment is used for.
    pub env: EnvPolicy,
    /// What happens when rotation would change who pays.
    pub cross_billing: CrossBilling,
    /// How long a profile is left alone after a failure.
    pub cooldowns: Cooldowns,
}

/// An entry of `auth.profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProfileMetadata {
    /// Whose credential it is.
    pub provider: String,
}

/// `auth.env`: when a credential in the environment is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvPolicy {
    /// Not at all.
    Never,
    /// Only while the agent stores no profile for the provider, whatever its health.
    #[default]
    Fallback,
    /// Also when every stored profile is unusable.
    Overflow,
    /// Before the stored profiles.
    Prefer,
}

impl fmt::Display for EnvPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "never",
            Self::Fallback => "fallback",
            Self::Overflow => "overflow",
            Self::Prefer => "prefer",
        })
    }
}

/// `auth.crossBilling`: what happens when rotation would move from a plan to the API account, or back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrossBilling {
    /// It moves, and says who pays now.
    #[default]
    Notice,
    /// It does not move.
    Stop,
    /// It moves without a word.
    Allow,
}

impl fmt::Display for CrossBilling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notice => "notice",
            Self::Stop => "stop",
            Self::Allow => "allow",
        })
    }
}

/// `auth.cooldowns`. What is absent has the default of [`crate::auth::cooldown`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cooldowns {
    /// The first window after a billing failure; each further one is twice as long.
    pub billing_backoff_hours: Option<Hours>,
    /// The same by provider.
    pub billing_backoff_hours_by_provider: IndexMap<String, Hours>,
    /// The longest such window.
    pub billing_max_hours: Option<Hours>,
    /// Failures that are older than this are forgotten.
    pub failure_window_hours: Option<Hours>,
}

/// A length of time, written as a positive number of hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Hours(SignedDuration);

impl Hours {
    /// As a length of time.
    pub fn duration(self) -> SignedDuration {
        self.0
    }
}

impl TryFrom<f64> for Hours {
    type Error = &'static str;

    fn try_from(hours: f64) -> Result<Self, Self::Error> {
        let positive = SignedDuration::try_from_secs_f64(hours * 3600.0).ok().filter(|it| it.is_positive());
        positive.map(Self).ok_or("hours must be a number greater than zero")
    }
}

/// `models`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Models {
    /// Providers by id.
    pub providers: IndexMap<String, Provider>,
}

/// An entry of `models.providers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Provider {
    /// Base URL without the API's own path.
    pub base_url: Option<String>,
    /// Extra request headers; they may override ours.
    pub headers: IndexMap<String, Secret>,
    /// An OAuth registration other than the preset.
    pub oauth: OAuthOverrides,
}

/// `models.providers.<id>.oauth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct OAuthOverrides {
    /// Where a person consents.
    pub authorize_url: Option<String>,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Option<String>,
    /// The registration.
    pub client_id: Option<String>,
    /// What is asked for.
    pub scopes: Option<Vec<String>>,
    /// Port of the loopback redirect; 0 takes any that is free.
    pub redirect_port: Option<u16>,
    /// The page that shows the code where no redirect can arrive.
    pub code_page: Option<String>,
}

impl Config {
    /// The ids a command may name: the configured ones, and always `main`.
    pub fn agent_ids(&self) -> Vec<AgentId> {
        let mut ids: Vec<AgentId> = self.agents.list.iter().map(|agent| agent.id.clone()).collect();
        if !ids.contains(&AgentId::main()) {
            ids.push(AgentId::main());
        }
        ids
    }

    /// A configured agent.
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.agents.list.iter().find(|agent| agent.id == *id)
    }

    /// The first agent marked as default, else the first one, else `main`.
    pub fn default_agent(&self) -> AgentId {
        let list = &self.agents.list;
        let chosen = list.iter().find(|agent| agent.default).or_else(|| list.first());
        chosen.map_or_else(AgentId::main, |agent| agent.id.clone())
    }

    /// A provider's entry.
    pub fn provider(&self, id: &str) -> Option<&Provider> {
        self.models.providers.get(id)
    }

    /// The explicit order of a provider's profiles, keys compared as ids are: trimmed and in lower case.
    pub fn auth_order(&self, provider: &str) -> Option<&[String]> {
        let matching = self.auth.order.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(provider));
        matching.map(|(_, ids)| ids.as_slice())
    }

    /// Where a profile is named, as keys like `auth.order.anthropic`.
    pub fn places_of(&self, profile: &str) -> Vec<String> {
        let orders = self.auth.order.iter().filter(|(_, ids)| ids.iter().any(|id| id.trim() == profile));
        let mut places: Vec<String> =
            orders.map(|(provider, _)| format!("auth.order.{}", one_line(provider.trim()))).collect();
        if self.auth.profiles.contains_key(profile) {
            places.push("auth.profiles".to_owned());
        }
        places
    }
}

impl<'de> Deserialize<'de> for ModelChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrObject;

        #[derive(Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::super::load::parse;

    #[test]
    fn a_model_is_a_text_or_an_object() {
        let config =
            parse("{agents:{defaults:{model:'anthropic/a'},list:[{id:'x',model:{fallbacks:[]}}]}}").unwrap();
        assert_eq!(config.agents.defaults.model.unwrap().primary.as_deref(), Some("anthropic/a"));
        let own = config.agents.list[0].model.clone().unwrap();
        assert_eq!((own.primary, own.fallbacks), (None, Some(vec![])));
        let error = parse("{agents:{defaults:{model:7}}}").unwrap_err().to_string();
        assert!(error.contains("{ primary, fallbacks }"), "{error}");
    }

    #[test]
    fn sections_of_other_programs_are_passed_over() {
        parse("{channels:{telegram:{botToken:'x'}},wallets:[1,{a:null}],$schema:'y'}").unwrap();
    }

    #[test]
    fn a_profile_is_found_wherever_it_is_named() {
        let config = parse(
            "{auth:{order:{anthropic:['anthropic:a',' anthropic:b '],other:['other:x']},
                profiles:{'anthropic:b':{provider:'anthropic'}}}}",
        )
        .unwrap();
        assert_eq!(config.places_of("anthropic:b"), ["auth.order.anthropic", "auth.profiles"]);
        assert_eq!(config.places_of("anthropic:a"), ["auth.order.anthropic"]);
        assert!(config.places_of("anthropic:c").is_empty());
    }

    #[test]
    fn an_unknown_policy_is_refused_with_the_known_ones() {
        let error = parse("{auth:{env:'sometimes'}}").unwrap_err().to_string();
        assert!(error.contains("`never`, `fallback`, `overflow`, `prefer`"), "{error}");
    }
    #[test]
    fn cooldowns_are_positive_hours() {
        let parsed = parse(
            "{auth:{crossBilling:'stop',cooldowns:{billingBackoffHours:0.5,billingBackoffHoursByProvider:{anthropic:2}}}}",
        );
        let auth = parsed.unwrap().auth;
        assert_eq!(auth.cross_billing, super::CrossBilling::Stop);
        assert_eq!(auth.cooldowns.billing_backoff_hours.unwrap().duration().as_secs(), 1800);
        assert_eq!(auth.cooldowns.billing_backoff_hours_by_provider["anthropic"].duration().as_hours(), 2);
        for wrong in ["0", "-1", "NaN", "1e300"] {
            let error = parse(&format!("{{auth:{{cooldowns:{{billingMaxHours:{wrong}}}}}}}")).unwrap_err();
            assert!(error.to_string().contains("greater than zero"), "{wrong}: {error}");
        }
    }
}
