//! The parts of `fased.json` that have a use. Keys it does not name are passed over: a config may hold sections of other
//! programs. What a key means beyond its type (orders, policies, aliases) is decided where it is used.

mod agents;
mod auth;
mod gateway;
mod models;
mod variables;

pub use agents::{
    Agent, AgentDefaults, Agents, BetaList, CacheControlTtl, CacheRetention, ConfiguredModel, ModelChoice,
    Params, TaskModels, Temperature,
};
pub use auth::{Auth, Cooldowns, CrossBilling, EnvPolicy, Hours, ProfileMetadata};
pub use gateway::{Gateway, GatewayAuth};
pub use models::{Cost, Dollars, Models, OAuthOverrides, Provider, ProviderModel};
pub use variables::Variables;

use schemars::JsonSchema;
use serde::Deserialize;

use super::agents::AgentId;
use super::secrets::Secrets;
use crate::text::one_line;

/// `fased.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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
    /// Variables for requests and references, where the process has none of the name.
    pub env: Variables,
    /// The gateway.
    pub gateway: Gateway,
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
        self.provider_entry(id).map(|(_, provider)| provider)
    }

    /// A provider's entry with its id as it is written there; ids are compared in lower case.
    pub fn provider_entry(&self, id: &str) -> Option<(&str, &Provider)> {
        let providers = &self.models.providers;
        let written = || providers.iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(id));
        providers.get_key_value(id).or_else(written).map(|(key, provider)| (key.as_str(), provider))
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
        for wrong in ["0", "-1", "1e300"] {
            let error = parse(&format!("{{auth:{{cooldowns:{{billingMaxHours:{wrong}}}}}}}")).unwrap_err();
            assert!(error.to_string().contains("greater than zero"), "{wrong}: {error}");
        }
    }
}
