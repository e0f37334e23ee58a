//! What is known of models: the data file's figures, single ones replaced and whole models added by
//! `models.providers.<id>.models` of the config. What neither says is unknown.

use jiff::civil::Date;

use super::catalog::{Catalog, LongPrompt, Model, Prices};
use super::refs::{ANTHROPIC, ModelRef};
use super::selection;
use crate::anthropic::ModelInfo;
use crate::config::Config;
use crate::config::schema::{Cost, Dollars, ProviderModel};

/// The data file and a config, looked at as one.
#[derive(Debug, Clone, Copy)]
pub struct KnownModels<'a> {
    config: &'a Config,
}

/// What is known of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownModel<'a> {
    /// Display name.
    pub name: Option<&'a str>,
    /// Models of one class share their rate limits; a model of no known class is its own.
    pub class: Option<&'a str>,
    /// Context window in tokens.
    pub context_window: Option<u64>,
    /// Longest answer in tokens.
    pub max_output: Option<u64>,
    /// Shortest prefix in tokens that the prompt cache keeps.
    pub cache_minimum: Option<u64>,
    /// What it reads: `text`, `image`.
    pub input: Option<&'a [String]>,
    /// Prices.
    pub prices: Prices,
    /// Other prices for requests with a long prompt.
    pub long_prompt: Option<LongPrompt>,
    /// Day it is switched off.
    pub retires: Option<Date>,
    /// The model that is recommended in its place.
    pub successor: Option<ModelRef>,
}

/// More letters that differ are another name.
const MOST_SLIPS: usize = 2;

impl<'a> KnownModels<'a> {
    /// What the data file and this config know.
    pub fn of(config: &'a Config) -> Self {
        Self { config }
    }

    /// What is known of a model; `None` when nothing is.
    pub fn model(&self, model: &ModelRef) -> Option<KnownModel<'a>> {
        let known = in_data_file(model);
        let configured = self.configured(model);
        (known.is_some() || configured.is_some()).then(|| KnownModel::joined(known, configured))
    }

    /// The same of a model the provider told of: its word counts more than the data file's, and less than the config's.
    pub fn as_listed(&self, model: &ModelRef, info: &'a ModelInfo) -> KnownModel<'a> {
        let configured = self.configured(model);
        let known = KnownModel::joined(in_data_file(model), configured);
        let figure = |own: fn(&ProviderModel) -> Option<u64>, listed: Option<u64>, known: Option<u64>| {
            configured.and_then(own).or(listed).or(known)
        };
        let name = configured.and_then(|configured| configured.name.as_deref());
        KnownModel {
            name: name.or(info.display_name.as_deref()).or(known.name),
            context_window: figure(|own| own.context_window, info.max_input_tokens, known.context_window),
            max_output: figure(|own| own.max_tokens, info.max_tokens, known.max_output),
            ..known
        }
    }

    /// The class whose limits a model shares; an unknown model is its own class.
    pub fn class_of<'m>(&self, model: &'m ModelRef) -> &'m str
    where
        'a: 'm,
    {
        let configured = self.configured(model).and_then(|configured| configured.class.as_deref());
        let known = || in_data_file(model).map(|known| known.class.as_str());
        configured.or_else(known).unwrap_or_else(|| model.model())
    }

    /// All models: the data file's in its order, then what the config adds.
    pub fn all(&self) -> Vec<ModelRef> {
        let embedded = Catalog::embedded().models().map(|(id, _)| ModelRef::new(ANTHROPIC, id));
        let mut all: Vec<ModelRef> = embedded.collect();
        for (provider, entry) in &self.config.models.providers {
            for configured in &entry.models {
                let model = ModelRef::new(provider.trim(), configured.id.trim());
                // An id that could not be asked for is not offered.
                if model.to_string().parse() == Ok(model.clone()) && !all.contains(&model) {
                    all.push(model);
                }
            }
        }
        all
    }

    /// What somebody who typed a model that is not known may have meant: a model, or a short name of one.
    pub fn nearest(&self, model: &ModelRef) -> Option<String> {
        if self.model(model).is_some() {
            return None;
        }
        let of_provider = self.all().into_iter().filter(|known| known.provider() == model.provider());
        let ids: Vec<(String, String)> =
            of_provider.map(|known| (known.model().to_owned(), known.to_string())).collect();
        let configured = selection::aliases(self.config).into_keys();
        let short = Catalog::embedded().aliases().map(|(alias, _)| alias.to_owned());
        let short = short.filter(|_| model.provider() == ANTHROPIC);
        let names: Vec<(String, String)> =
            configured.chain(short).map(|alias| (alias.clone(), alias)).chain(ids).collect();
        // Names of models have much in common, so only a slip of the finger counts.
        let slips = |name: &str| strsim::osa_distance(&model.model().to_lowercase(), &name.to_lowercase());
        let nearest =
            names.into_iter().map(|(name, typed)| (slips(&name), typed)).min_by_key(|(slips, _)| *slips);
        nearest.filter(|(slips, _)| *slips <= MOST_SLIPS).map(|(_, typed)| typed)
    }

    fn configured(&self, model: &ModelRef) -> Option<&'a ProviderModel> {
        let providers = self.config.models.providers.iter();
        let mut of_provider = providers.filter(|(id, _)| id.trim().eq_ignore_ascii_case(model.provider()));
        of_provider.find_map(|(_, entry)| entry.models.iter().find(|entry| entry.id.trim() == model.model()))
    }
}

fn in_data_file(model: &ModelRef) -> Option<&'static Model> {
    (model.provider() == ANTHROPIC).then(|| Catalog::embedded().model(model.model())).flatten()
}

impl<'a> KnownModel<'a> {
    fn joined(known: Option<&'static Model>, configured: Option<&'a ProviderModel>) -> Self {
        let cost = configured.and_then(|configured| configured.cost).unwrap_or_default();
        let name = configured.and_then(|configured| configured.name.as_deref());
        let class = configured.and_then(|configured| configured.class.as_deref());
        let input = configured.and_then(|configured| configured.input.as_deref());
        let figure = |own: fn(&ProviderModel) -> Option<u64>, embedded: fn(&Model) -> Option<u64>| {
            configured.and_then(own).or_else(|| known.and_then(embedded))
        };
        Self {
            name: name.or_else(|| known.map(|known| known.name.as_str())),
            class: class.or_else(|| known.map(|known| known.class.as_str())),
            context_window: figure(|own| own.context_window, |known| known.context_window),
            max_output: figure(|own| own.max_tokens, |known| known.max_output),
            cache_minimum: figure(|own| own.cache_minimum, |known| known.cache_minimum),
            input: input.or_else(|| known.map(|known| known.input.as_slice())),
            prices: known.map(|known| known.prices).unwrap_or_default().replaced_by(&cost),
            long_prompt: known
                .and_then(|known| known.long_prompt)
                .map(|long| LongPrompt { prices: long.prices.replaced_by(&cost), ..long }),
            retires: known.and_then(|known| known.retires),
            successor: known
                .and_then(|known| known.successor.as_deref())
                .map(|successor| ModelRef::new(ANTHROPIC, successor)),
        }
    }

    /// The prices of a request with a prompt of so many tokens, with what is cached.
    pub fn prices_for(&self, prompt: u64) -> &Prices {
        match &self.long_prompt {
            Some(long) if prompt > long.above => &long.prices,
            _ => &self.prices,
        }
    }
}

impl Prices {
    /// These prices, but for those a config names.
    fn replaced_by(self, cost: &Cost) -> Self {
        let price = |own: Option<Dollars>, known: Option<u64>| own.map(Dollars::micros).or(known);
        Self {
            input: price(cost.input, self.input),
            output: price(cost.output, self.output),
            cache_write_5m: price(cost.cache_write, self.cache_write_5m),
            cache_write_1h: price(cost.cache_write_1h, self.cache_write_1h),
            cache_read: price(cost.cache_read, self.cache_read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_seen_and_a_new_model_is_not_taken_for_one() {
        let config = crate::config::load::parse(
            "{agents:{defaults:{models:{'anthropic/claude-haiku-4-5':{alias:'quick'}}}}}",
        );
        let config = config.unwrap();
        let nearest = |model: &str| KnownModels::of(&config).nearest(&model.parse().unwrap());
        assert_eq!(nearest("anthropic/sonet").as_deref(), Some("sonnet"));
        assert_eq!(nearest("anthropic/qiuck").as_deref(), Some("quick"));
        assert_eq!(nearest("anthropic/claude-hiaku-4-5").as_deref(), Some("anthropic/claude-haiku-4-5"));
        assert_eq!(nearest("anthropic/claude-novel-9"), None);
        assert_eq!(nearest("anthropic/claude-haiku-4-5"), None);
        assert_eq!(nearest("another/sonet"), None);
    }

    const CONFIG: &str = "{models:{providers:{
        anthropic:{models:[{id:'claude-opus-5',contextWindow:5,cost:{output:1.5}},{id:'claude-haiku-5-5',cost:{input:7}}]},
        local:{models:[{id:'m/1',name:'Mine',class:'fast',maxTokens:9,cost:{input:0,cacheWrite:2}},{id:''}]},
    }}}";

    fn known(model: &str) -> Option<KnownModel<'static>> {
        let config = Box::leak(Box::new(crate::config::load::parse(CONFIG).unwrap()));
        KnownModels::of(config).model(&model.parse().unwrap())
    }

    #[test]
    fn a_config_replaces_single_figures_and_the_others_stay() {
        let opus = known("anthropic/claude-opus-5").unwrap();
        assert_eq!(
            (opus.context_window, opus.max_output, opus.class),
            (Some(5), Some(128_000), Some("opus"))
        );
        assert_eq!((opus.prices.input, opus.prices.output), (Some(5_000_000), Some(1_500_000)));
        let haiku = known("anthropic/claude-haiku-5-5").unwrap();
        assert_eq!(haiku.prices_for(100_000).input, Some(7_000_000));
        assert_eq!(
            (haiku.prices_for(100_001).input, haiku.prices_for(100_001).output),
            (Some(7_000_000), Some(2_500_000))
        );
    }

    #[test]
    fn a_model_of_another_provider_is_what_the_config_says_and_nothing_more() {
        let mine = known("local/m/1").unwrap();
        assert_eq!((mine.name, mine.max_output, mine.context_window), (Some("Mine"), Some(9), None));
        let prices = Prices { input: Some(0), cache_write_5m: Some(2_000_000), ..Prices::default() };
        assert_eq!((mine.prices, mine.input), (prices, None));
        assert_eq!(known("local/claude-opus-5"), None);
        assert_eq!(known("anthropic/claude-nosuch"), None);
    }

    #[test]
    fn a_class_is_the_configs_then_the_data_files_then_the_models_own() {
        let config = crate::config::load::parse(CONFIG).unwrap();
        let class = |model: &str| KnownModels::of(&config).class_of(&model.parse().unwrap()).to_owned();
        assert_eq!(class("local/m/1"), "fast");
        assert_eq!(class("anthropic/claude-opus-4-7"), "opus");
        assert_eq!(class("other/claude-opus-4-7"), "claude-opus-4-7");
    }

    #[test]
    fn all_models_are_the_data_files_and_the_configs_each_once() {
        let config = crate::config::load::parse(CONFIG).unwrap();
        let all = KnownModels::of(&config).all();
        assert_eq!(all.len(), Catalog::embedded().models().len() + 1);
        assert_eq!(all.last().unwrap().to_string(), "local/m/1");
    }
}
