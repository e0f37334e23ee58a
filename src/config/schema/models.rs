//! `models`: the providers and, for those the data file does not know, their models.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::secret_ref::Material;
use crate::secret::Secret;

/// `models`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Models {
    /// Providers by id.
    pub providers: IndexMap<String, Provider>,
}

/// An entry of `models.providers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Provider {
    /// Base URL without the API's own path.
    pub base_url: Option<String>,
    /// The protocol it speaks; only `anthropic-messages` can be used.
    pub api: Option<String>,
    /// Its key: a text, `${VARIABLE}`, or a reference `{ source, provider, id }`. Used while no profile is stored.
    pub api_key: Option<Material>,
    /// Extra request headers; they may override ours.
    #[schemars(with = "IndexMap<String, String>")]
    pub headers: IndexMap<String, Secret>,
    /// Its models, and other figures for those the data file knows.
    pub models: Vec<ProviderModel>,
    /// An OAuth registration other than the preset.
    pub oauth: OAuthOverrides,
}

/// An entry of `models.providers.<id>.models`. What is absent is as the data file has it, or unknown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProviderModel {
    /// Its id as the provider knows it.
    pub id: String,
    /// Name for people.
    pub name: Option<String>,
    /// What it reads: `text`, `image`.
    pub input: Option<Vec<String>>,
    /// Context window in tokens.
    pub context_window: Option<u64>,
    /// Longest answer in tokens.
    pub max_tokens: Option<u64>,
    /// Shortest prefix in tokens that its prompt cache keeps.
    pub cache_minimum: Option<u64>,
    /// Models of one class share their rate limits.
    pub class: Option<String>,
    /// Its prices.
    pub cost: Option<Cost>,
}

/// Prices in dollars per million tokens, by class of token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct Cost {
    /// Plain input.
    pub input: Option<Dollars>,
    /// Output, thinking included.
    pub output: Option<Dollars>,
    /// Input read from the cache.
    pub cache_read: Option<Dollars>,
    /// Input written to the five minute cache.
    pub cache_write: Option<Dollars>,
    /// Input written to the one hour cache.
    #[serde(rename = "cacheWrite1h")]
    pub cache_write_1h: Option<Dollars>,
}

/// A price: dollars per million tokens in the file, whole micro-dollars per million tokens here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
pub struct Dollars(#[schemars(with = "f64", range(min = 0.0))] u64);

impl Dollars {
    /// Micro-dollars per million tokens.
    pub fn micros(self) -> u64 {
        self.0
    }
}

impl TryFrom<f64> for Dollars {
    type Error = &'static str;

    fn try_from(dollars: f64) -> Result<Self, Self::Error> {
        let micros = (dollars * 1e6).round();
        if !(0.0..=1e12).contains(&micros) {
            return Err("a price is between 0 and 1,000,000 dollars");
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "range checked above")]
        Ok(Self(micros as u64))
    }
}

/// `models.providers.<id>.oauth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
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
