//! The list of models: those an agent is configured with or all that are known, with their figures, prices and standing;
//! and, where the provider was asked, which of them an account really has. Its JSON is a superset of the TypeScript
//! program's `models list --json`.

use std::collections::HashMap;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::allowed::Allowed;
use super::catalog::{Catalog, LongPrompt, Prices};
use super::known::{KnownModel, KnownModels};
use super::refs::{ANTHROPIC, ModelRef};
use super::selection::{self, AgentModels, ConfiguredModelError};
use crate::SCHEMA_VERSION;
use crate::anthropic::ModelInfo;
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::config::{AgentId, SelectedAgent};

/// What a list is made from.
pub struct ListInputs<'a> {
    /// Credentials and what decides about them.
    pub auth: &'a Inputs<'a>,
    /// Whose list it is.
    pub agent: &'a SelectedAgent,
    /// Every known model, not only those the agent is configured with.
    pub all: bool,
    /// Models of this provider alone.
    pub provider: Option<&'a str>,
    /// Models served on this machine alone.
    pub local_only: bool,
    /// What the provider said, if it was asked.
    pub account: Option<Account>,
    /// Whether a provider is on this machine; `None` when nobody says where it is.
    pub is_local: &'a dyn Fn(&str) -> Option<bool>,
    /// For models that have been switched off.
    pub today: Date,
}

/// The models of an account, by the provider's word.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The provider that was asked.
    pub provider: String,
    /// The profile or variable whose account it is.
    pub credential: String,
    /// The organization, when the provider tells.
    pub organization_id: Option<String>,
    /// What it has.
    #[serde(rename = "count", serialize_with = "count")]
    pub models: Vec<ModelInfo>,
}

/// Models, one after the other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelsReport {
    schema_version: u32,
    /// The agent.
    pub agent_id: AgentId,
    /// What names it on a command line, for renderings.
    #[serde(skip)]
    pub agent_flag: String,
    /// Whether only the models the config names may be asked.
    pub restricted: bool,
    /// The account, when the provider was asked.
    pub account: Option<Account>,
    count: usize,
    /// The models.
    pub models: Vec<ListedModel>,
}

/// One model.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedModel {
    /// `provider/model`.
    pub key: ModelRef,
    name: String,
    #[serde(serialize_with = "joined")]
    input: Vec<String>,
    /// Context window in tokens.
    pub context_window: Option<u64>,
    features: Vec<&'static str>,
    local: Option<bool>,
    /// Whether the agent has a credential that could be used for it now.
    pub available: bool,
    /// What it is to the agent.
    pub tags: Vec<String>,
    /// Whether neither the data file nor the config knows it.
    pub missing: bool,
    /// Whether the account has it, when the provider was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_account: Option<bool>,
    /// Whether it may be asked.
    pub allowed: bool,
    /// Models of one class share their rate limits.
    pub class: String,
    max_output: Option<u64>,
    cache_minimum: Option<u64>,
    /// Prices in dollars per million tokens.
    #[serde(serialize_with = "dollars")]
    pub prices: Prices,
    /// The prices of long prompts.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "long_prompt")]
    pub long_prompt: Option<LongPrompt>,
    /// Day it is switched off.
    pub retires: Option<Date>,
    successor: Option<ModelRef>,
    /// Whether that day has come.
    #[serde(skip)]
    pub is_retired: bool,
}

impl ModelsReport {
    /// Makes the list.
    ///
    /// # Errors
    /// When a configured model is no reference.
    pub fn make(inputs: ListInputs<'_>) -> Result<Self, ConfiguredModelError> {
        let config = inputs.auth.config;
        let known = KnownModels::of(config);
        let chosen = AgentModels::of(&inputs.agent.id, config)?;
        let tags = Tags::of(&chosen, inputs.auth);
        let allowed = Allowed::by(config);
        let mut models: Vec<ModelRef> = chosen.all().into_iter().cloned().collect();
        models.extend(tags.configured.iter().cloned());
        let account = inputs.account.as_ref();
        models.extend(account.into_iter().flat_map(Account::refs));
        if inputs.all {
            models.extend(known.all());
        }
        let provider = inputs.provider.or(account.map(|account| account.provider.as_str()));
        models.retain(|model| provider.is_none_or(|provider| model.provider() == provider));
        let mut seen = std::collections::HashSet::new();
        models.retain(|model| seen.insert(model.clone()));
        models.retain(|model| !inputs.local_only || (inputs.is_local)(model.provider()) == Some(true));
        let mut standing = HashMap::new();
        let models: Vec<ListedModel> = models
            .into_iter()
            .map(|key| {
                let info = account.and_then(|account| account.info(&key));
                let class = known.class_of(&key).to_owned();
                let by_class = (key.provider().to_owned(), class.clone());
                let available = *standing.entry(by_class).or_insert_with(|| {
                    ProviderAuth::survey(key.provider(), &class, inputs.auth).next.is_some()
                });
                let figures = match info {
                    Some(info) => Some(known.as_listed(&key, info)),
                    None => known.model(&key),
                };
                ListedModel::of(Row {
                    missing: known.model(&key).is_none(),
                    in_account: account.map(|account| account.has(&key)),
                    allowed: allowed.check(&key).is_ok(),
                    local: (inputs.is_local)(key.provider()),
                    tags: tags.about(&key),
                    today: inputs.today,
                    key,
                    class,
                    available,
                    figures,
                })
            })
            .collect();
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            agent_id: inputs.agent.id.clone(),
            agent_flag: inputs.agent.flag(),
            restricted: allowed != Allowed::All,
            account: inputs.account,
            count: models.len(),
            models,
        })
    }
}

impl Account {
    fn refs(&self) -> impl Iterator<Item = ModelRef> {
        self.models.iter().filter_map(|info| format!("{}/{}", self.provider, info.id).parse().ok())
    }

    fn info(&self, model: &ModelRef) -> Option<&ModelInfo> {
        self.models.iter().filter(|_| model.provider() == self.provider).find(|info| info.id == model.model())
    }

    /// Whether the account has a model, be it by a dated id.
    fn has(&self, model: &ModelRef) -> bool {
        let embedded = (model.provider() == ANTHROPIC).then(|| Catalog::embedded().model(model.model()));
        let snapshots = embedded.flatten().into_iter().flat_map(|known| &known.snapshots);
        let mut snapshots = snapshots.map(|id| ModelRef::new(ANTHROPIC, id));
        self.info(model).is_some() || snapshots.any(|dated| self.info(&dated).is_some())
    }
}

/// What models are to an agent.
struct Tags<'a> {
    chosen: &'a AgentModels,
    /// The entries of `agents.defaults.models`.
    configured: Vec<ModelRef>,
    aliases: Vec<(String, ModelRef)>,
}

impl<'a> Tags<'a> {
    fn of(chosen: &'a AgentModels, auth: &Inputs<'_>) -> Self {
        let config = auth.config;
        let resolve = |text: &str| selection::resolve(text, config).ok();
        let configured = config.agents.defaults.models.keys().filter_map(|target| resolve(target)).collect();
        let aliases = selection::aliases(config).into_iter();
        let aliases = aliases.filter_map(|(alias, target)| Some((alias, resolve(&target)?))).collect();
        Self { chosen, configured, aliases }
    }

    /// The TypeScript program's words, and roles by their names.
    fn about(&self, model: &ModelRef) -> Vec<String> {
        let mut tags = Vec::new();
        let place = |list: &[ModelRef]| list.iter().position(|listed| listed == model).map(|at| at + 1);
        if self.chosen.primary == *model {
            tags.push("default".to_owned());
        }
        tags.extend(place(&self.chosen.fallbacks).map(|at| format!("fallback#{at}")));
        if self.chosen.image.as_ref() == Some(model) {
            tags.push("image".to_owned());
        }
        tags.extend(place(&self.chosen.image_fallbacks).map(|at| format!("img-fallback#{at}")));
        let roles = self.chosen.roles.iter().filter(|chosen| chosen.model == *model);
        tags.extend(roles.map(|chosen| chosen.role.as_flag().to_owned()));
        if self.configured.contains(model) {
            tags.push("configured".to_owned());
        }
        let aliases = self.aliases.iter().filter(|(_, target)| target == model);
        tags.extend(aliases.map(|(alias, _)| format!("alias:{alias}")));
        tags
    }
}

/// What a line is made from.
struct Row<'a> {
    key: ModelRef,
    class: String,
    figures: Option<KnownModel<'a>>,
    missing: bool,
    in_account: Option<bool>,
    allowed: bool,
    available: bool,
    local: Option<bool>,
    tags: Vec<String>,
    today: Date,
}

impl ListedModel {
    fn of(row: Row<'_>) -> Self {
        let figures = row.figures.unwrap_or_default();
        let is_retired = figures.retires.is_some_and(|day| day <= row.today);
        let mut tags = row.tags;
        tags.extend(row.missing.then(|| "missing".to_owned()));
        Self {
            name: figures.name.unwrap_or_else(|| row.key.model()).to_owned(),
            input: figures.input.unwrap_or_default().to_vec(),
            context_window: figures.context_window,
            features: features(&figures),
            local: row.local,
            available: row.available,
            tags,
            missing: row.missing,
            in_account: row.in_account,
            allowed: row.allowed,
            class: row.class,
            max_output: figures.max_output,
            cache_minimum: figures.cache_minimum,
            prices: figures.prices,
            long_prompt: figures.long_prompt,
            retires: figures.retires,
            successor: figures.successor,
            is_retired,
            key: row.key,
        }
    }
}

/// What the figures say a model can do.
fn features(figures: &KnownModel<'_>) -> Vec<&'static str> {
    let has_cache = figures.cache_minimum.is_some() || figures.prices.cache_read.is_some();
    let has_images = figures.input.is_some_and(|input| input.iter().any(|kind| kind == "image"));
    let known = [("vision", has_images), ("prompt-cache", has_cache)];
    known.into_iter().filter(|(_, has)| *has).map(|(feature, _)| feature).collect()
}

fn count<S: Serializer>(models: &[ModelInfo], serializer: S) -> Result<S::Ok, S::Error> {
    models.len().serialize(serializer)
}

/// `text+image`, and `-` for what is not known, as the TypeScript program writes it.
fn joined<S: Serializer>(input: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    if input.is_empty() { serializer.serialize_str("-") } else { serializer.serialize_str(&input.join("+")) }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DollarPrices {
    input: Option<f64>,
    output: Option<f64>,
    #[serde(rename = "cacheWrite5m")]
    cache_write_5m: Option<f64>,
    #[serde(rename = "cacheWrite1h")]
    cache_write_1h: Option<f64>,
    cache_read: Option<f64>,
}

impl From<&Prices> for DollarPrices {
    fn from(prices: &Prices) -> Self {
        // By way of the decimal text, so that 0.1 stays 0.1.
        let dollars = |micros: Option<u64>| {
            let micros = micros?;
            format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000).parse().ok()
        };
        Self {
            input: dollars(prices.input),
            output: dollars(prices.output),
            cache_write_5m: dollars(prices.cache_write_5m),
            cache_write_1h: dollars(prices.cache_write_1h),
            cache_read: dollars(prices.cache_read),
        }
    }
}

fn dollars<S: Serializer>(prices: &Prices, serializer: S) -> Result<S::Ok, S::Error> {
    DollarPrices::from(prices).serialize(serializer)
}

fn long_prompt<S: Serializer>(long: &Option<LongPrompt>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown {
        above: u64,
        prices: DollarPrices,
    }
    let shown = long.as_ref().map(|long| Shown { above: long.above, prices: (&long.prices).into() });
    shown.serialize(serializer)
}
