//! The embedded data file (`assets/anthropic.json5`): models, windows, prices, betas, where to sign in. What is compiled in is the
//! same as JSON (`assets/catalog`, made by `tests/generated.rs`), because every start that needs it reads it. What Anthropic
//! may change lives there; this module only gives it types. What the file does not say is `None`, never a guess.

use std::sync::OnceLock;

use indexmap::IndexMap;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

use super::refs::ModelRef;
use crate::config::unknown_keys::KeysByPlace;

static EMBEDDED: OnceLock<Catalog> = OnceLock::new();

/// What is known of the provider and its models.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Catalog {
    #[serde(deserialize_with = "model_ref")]
    default_model: ModelRef,
    api: Api,
    betas: Betas,
    oauth: OAuth,
    config: ForeignConfig,
    aliases: Aliases,
    models: IndexMap<String, Model>,
}

#[derive(Debug, Deserialize)]
struct Aliases {
    names: IndexMap<String, String>,
}

/// Where the API is and which version of it is spoken.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Api {
    /// Base URL without a path.
    pub base_url: String,
    /// Value of the `anthropic-version` header.
    pub anthropic_version: String,
    /// Other values that clients send and the API takes.
    pub other_versions: Vec<String>,
}

/// Values of the `anthropic-beta` header.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Betas {
    /// Required with bearer tokens of a Claude plan (OAuth sign-in, setup-token).
    pub plan_token: Vec<String>,
    /// Required with bearer tokens of the Console or of workload identity federation.
    pub bearer_token: Vec<String>,
    /// The one hour cache, on API-key requests.
    pub extended_cache_ttl: String,
    /// The 1M context window where it is still gated.
    pub context1m: String,
    /// How names begin that the API refuses together with any bearer token.
    pub refused_with_bearer: Vec<String>,
    /// Workload identity federation: on its token request beside [`Self::bearer_token`], and on no other.
    pub federation: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ForeignConfig {
    foreign_keys: KeysByPlace,
}

#[derive(Debug, Deserialize)]
struct OAuth {
    presets: OAuthPresets,
}

#[derive(Debug, Deserialize)]
struct OAuthPresets {
    anthropic: OAuthPreset,
}

/// Where people sign in, and as which client.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OAuthPreset {
    /// The page that asks for consent, without a query.
    pub authorize_url: String,
    /// Where codes and refresh tokens are traded for access tokens.
    pub token_url: String,
    /// Id of a public client: there is no client secret.
    pub client_id: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Port on this machine the browser is sent back to.
    pub redirect_port: u16,
    /// Path on that port.
    pub redirect_path: String,
    /// Redirect URI of the page that shows the code for pasting.
    pub code_page: String,
}

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Display name.
    pub name: String,
    /// Family whose rate limits the model shares (`opus`, `sonnet`, ...).
    pub class: String,
    /// Context window in tokens.
    pub context_window: Option<u64>,
    /// Longest answer in tokens.
    pub max_output: Option<u64>,
    /// Shortest prefix in tokens that the prompt cache keeps.
    pub cache_minimum: Option<u64>,
    /// What it reads: `text`, `image`.
    pub input: Vec<String>,
    /// Prices, as far as they are published.
    #[serde(default)]
    pub prices: Prices,
    /// What asking for the 1M context window does; `None` where it is not offered.
    pub context1m: Option<Context1m>,
    /// Whether the API takes a sampling temperature; `None` where nobody said so.
    pub temperature: Option<bool>,
    /// Other prices for requests with a long prompt.
    pub long_prompt: Option<LongPrompt>,
    /// Dated ids of the same model.
    #[serde(default)]
    pub snapshots: Vec<String>,
    /// Day the model is switched off.
    pub retires: Option<Date>,
    /// The model that is recommended in its place.
    pub successor: Option<String>,
}

/// Prices of a request, all of its tokens included, whose prompt is longer than a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LongPrompt {
    /// The longest prompt, in tokens and with what is cached, that the usual prices are for.
    pub above: u64,
    /// The prices beyond.
    pub prices: Prices,
}

/// What asking for the 1M context window does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Context1m {
    /// The beta opens it.
    Beta,
    /// It is open anyhow; the beta is taken and changes nothing.
    Native,
}

/// Prices in micro-dollars per million tokens, by class of token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Prices {
    /// Plain input.
    #[serde(deserialize_with = "dollars")]
    pub input: Option<u64>,
    /// Output, thinking included.
    #[serde(deserialize_with = "dollars")]
    pub output: Option<u64>,
    /// Input written to the five minute cache.
    #[serde(deserialize_with = "dollars")]
    pub cache_write_5m: Option<u64>,
    /// Input written to the one hour cache.
    #[serde(deserialize_with = "dollars")]
    pub cache_write_1h: Option<u64>,
    /// Input read from the cache.
    #[serde(deserialize_with = "dollars")]
    pub cache_read: Option<u64>,
}

impl Catalog {
    /// The data file this binary was built with, parsed at first use.
    pub fn embedded() -> &'static Self {
        EMBEDDED.get_or_init(|| {
            // A test below parses the same bytes, so a build that passes its tests cannot fail here.
            #[expect(clippy::expect_used, reason = "the embedded file is checked by a test")]
            serde_json::from_str(include_str!("../../assets/catalog/anthropic.json"))
                .expect("the embedded data file is valid")
        })
    }

    /// The model used when none is configured.
    pub fn default_model(&self) -> &ModelRef {
        &self.default_model
    }

    /// Where the API is and which version of it is spoken.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Values of the `anthropic-beta` header.
    pub fn betas(&self) -> &Betas {
        &self.betas
    }

    /// Where people sign in to Anthropic.
    pub fn oauth(&self) -> &OAuthPreset {
        &self.oauth.presets.anthropic
    }

    /// Keys of the config that the TypeScript program reads and this one does not.
    pub fn foreign_config_keys(&self) -> &KeysByPlace {
        &self.config.foreign_keys
    }

    /// A model by its id or a dated one, Anthropic's only.
    pub fn model(&self, id: &str) -> Option<&Model> {
        self.models.get(id).or_else(|| {
            let is_snapshot = |model: &&Model| model.snapshots.iter().any(|snapshot| snapshot == id);
            self.models.values().find(is_snapshot)
        })
    }

    /// The short names every config knows, and the ids they stand for.
    pub fn aliases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.aliases.names.iter().map(|(alias, id)| (alias.as_str(), id.as_str()))
    }

    /// The id that is meant by a short one (`opus`, `opus-4.8`, `Claude-Opus-4.8`); `None` where no model is known for it.
    pub fn meant_by(&self, id: &str) -> Option<&str> {
        let wanted = id.to_ascii_lowercase().replace('.', "-");
        if let Some(id) = self.aliases.names.get(&wanted) {
            return Some(id);
        }
        let ids = self.models.iter().flat_map(|(id, model)| [id].into_iter().chain(&model.snapshots));
        let mut ids = ids.map(String::as_str);
        ids.find(|id| *id == wanted || id.strip_prefix("claude-") == Some(&wanted))
    }

    /// All models in the file's order, newest of each family first.
    pub fn models(&self) -> impl ExactSizeIterator<Item = (&str, &Model)> {
        self.models.iter().map(|(id, model)| (id.as_str(), model))
    }

    /// What is known of a model, by its reference; Anthropic's only.
    pub fn of(&self, model: &ModelRef) -> Option<&Model> {
        self.model(model.model()).filter(|_| model.provider() == "anthropic")
    }
}

fn model_ref<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ModelRef, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// Reads dollars per million tokens as whole micro-dollars per million tokens.
fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(dollars) = Option::<f64>::deserialize(deserializer)? else { return Ok(None) };
    let micros = (dollars * 1e6).round();
    if !(0.0..=1e12).contains(&micros) {
        return Err(serde::de::Error::custom(format!("price out of range: {dollars}")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked above")]
    Ok(Some(micros as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_file_parses_and_knows_its_own_default() {
        let catalog = Catalog::embedded();
        let default = catalog.model(catalog.default_model().model()).unwrap();
        assert_eq!(default.class, "sonnet");
        assert_eq!(catalog.betas().plan_token, ["claude-code-20250219", "oauth-2025-04-20"]);
    }

    #[test]
    fn sign_in_has_https_addresses_and_scopes_that_can_be_joined() {
        let preset = Catalog::embedded().oauth();
        for address in [&preset.authorize_url, &preset.token_url, &preset.code_page] {
            let address = url::Url::parse(address).unwrap();
            assert_eq!((address.scheme(), address.query()), ("https", None), "{address}");
        }
        assert_eq!(preset.client_id.len(), 36);
        assert_eq!(preset.scopes.len(), 6);
        assert!(preset.scopes.iter().all(|scope| !scope.is_empty() && !scope.contains(char::is_whitespace)));
        assert!(preset.redirect_port > 1024);
        assert_eq!(preset.redirect_path, "/callback");
    }

    #[test]
    fn the_federation_beta_is_none_of_those_that_go_with_every_bearer_token() {
        let betas = Catalog::embedded().betas();
        assert_eq!(betas.federation, "oidc-federation-2026-04-01");
        assert!(!betas.plan_token.contains(&betas.federation));
        assert!(!betas.bearer_token.contains(&betas.federation));
    }

    #[test]
    fn prices_are_exact_micro_dollars() {
        let opus = Catalog::embedded().model("claude-opus-5-5").unwrap().prices;
        assert_eq!(opus.cache_read, Some(200_000));
        assert_eq!(opus.cache_write_5m, Some(5_000_000));
    }

    #[test]
    fn what_nobody_published_is_unknown() {
        let catalog = Catalog::embedded();
        assert_eq!(catalog.model("claude-mythos-5").unwrap().max_output, None);
        assert_eq!(catalog.model("claude-fable-5-1").unwrap().cache_minimum, None);
        assert!(catalog.model("claude-nosuch").is_none());
    }

    #[test]
    fn every_name_in_the_file_leads_to_a_model_in_it() {
        let catalog = Catalog::embedded();
        let successors = catalog.models().filter_map(|(_, model)| model.successor.as_deref());
        for id in catalog.aliases().map(|(_, id)| id).chain(successors) {
            assert!(catalog.model(id).is_some(), "{id}");
        }
        for (id, model) in catalog.models() {
            assert!(model.snapshots.iter().all(|snapshot| snapshot.starts_with(id)), "{id}");
            assert!(model.long_prompt.is_none_or(|long| long.above > 0), "{id}");
        }
    }

    #[test]
    fn short_and_dotted_names_lead_to_ids() {
        for (name, id) in [
            ("opus", Some("claude-opus-4-8")),
            ("Haiku", Some("claude-haiku-4-5")),
            ("opus-4.6", Some("claude-opus-4-6")),
            ("opus-4-6", Some("claude-opus-4-6")),
            ("sonnet-5", Some("claude-sonnet-5")),
            ("Claude-Sonnet-4.5", Some("claude-sonnet-4-5")),
            ("claude-haiku-4-5-20251001", Some("claude-haiku-4-5-20251001")),
            ("claude-opus-9.9", None),
            ("gpt-5", None),
        ] {
            assert_eq!(Catalog::embedded().meant_by(name), id, "{name}");
        }
    }

    #[test]
    fn a_dated_id_is_the_same_model() {
        let catalog = Catalog::embedded();
        assert_eq!(catalog.model("claude-sonnet-4-5-20250929").unwrap().name, "Claude Sonnet 4.5");
    }
}
