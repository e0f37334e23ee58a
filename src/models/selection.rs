//! Which model an agent uses: its own choice, else the defaults, else the data file's; and what a reference typed by a
//! person means, aliases and pinned profiles included.

use indexmap::IndexMap;

use super::catalog::Catalog;
use super::refs::{ModelRef, ModelRefError};
use crate::auth::ProfileId;
use crate::config::{AgentId, Config};

/// Where a choice was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceSource {
    /// The agent's own entry.
    Agent,
    /// `agents.defaults`.
    Defaults,
    /// Nowhere: the data file's default.
    Builtin,
}

/// Where the model for images stands in the config.
const IMAGE_KEY: &str = "agents.defaults.imageModel";

impl ChoiceSource {
    /// Where the choice stands in the config.
    fn key(self) -> &'static str {
        match self {
            Self::Agent => "agents.list[].model",
            Self::Defaults => "agents.defaults.model",
            Self::Builtin => "defaultModel of the data file",
        }
    }

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Defaults => "defaults",
            Self::Builtin => "builtin",
        }
    }
}

/// The models of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentModels {
    /// The model asked first.
    pub primary: ModelRef,
    /// As it stands in the config, before aliases.
    pub primary_text: String,
    /// Where the primary comes from.
    pub primary_source: ChoiceSource,
    /// Models asked when it cannot answer.
    pub fallbacks: Vec<ModelRef>,
    /// Where the fallbacks come from.
    pub fallbacks_source: ChoiceSource,
    /// The model for images, when one is set.
    pub image: Option<ModelRef>,
    /// Its fallbacks.
    pub image_fallbacks: Vec<ModelRef>,
}

/// A model in the config is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the config's {key}: {source}")]
pub struct ConfiguredModelError {
    /// Where it stands.
    pub key: &'static str,
    /// What is wrong with it.
    pub source: ModelRefError,
}

/// A reference as typed, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypedRef {
    /// The model.
    pub model: ModelRef,
    /// The profile it is pinned to.
    pub profile: Option<ProfileId>,
}

impl AgentModels {
    /// The models of an agent by the config.
    ///
    /// # Errors
    /// When a configured reference is no reference.
    pub fn of(agent: &AgentId, config: &Config) -> Result<Self, ConfiguredModelError> {
        let own = (config.agent(agent).and_then(|agent| agent.model.as_ref()), ChoiceSource::Agent);
        let defaults = (config.agents.defaults.model.as_ref(), ChoiceSource::Defaults);
        let primary =
            [own, defaults].into_iter().find_map(|(choice, source)| Some((choice?.primary.clone()?, source)));
        let (primary_text, primary_source) = primary
            .unwrap_or_else(|| (Catalog::embedded().default_model().to_string(), ChoiceSource::Builtin));
        let fallbacks = [own, defaults]
            .into_iter()
            .find_map(|(choice, source)| Some((choice?.fallbacks.clone()?, source)));
        let (fallbacks, fallbacks_source) = fallbacks.unwrap_or((Vec::new(), ChoiceSource::Builtin));
        let image = config.agents.defaults.image_model.clone().unwrap_or_default();
        let resolve = |text: &String, key| {
            resolve_alias(text, config).map_err(|source| ConfiguredModelError { key, source })
        };
        let primary = resolve(&primary_text, primary_source.key())?;
        let list =
            |texts: &[String], key, but: Option<&ModelRef>| -> Result<Vec<ModelRef>, ConfiguredModelError> {
                let mut models: Vec<ModelRef> = Vec::new();
                for text in texts {
                    let model = resolve(text, key)?;
                    // A model that was asked already is no fallback.
                    if but != Some(&model) && !models.contains(&model) {
                        models.push(model);
                    }
                }
                Ok(models)
            };
        let image_primary = image.primary.as_ref().map(|text| resolve(text, IMAGE_KEY)).transpose()?;
        Ok(Self {
            fallbacks: list(&fallbacks, fallbacks_source.key(), Some(&primary))?,
            fallbacks_source,
            image_fallbacks: list(&image.fallbacks.unwrap_or_default(), IMAGE_KEY, image_primary.as_ref())?,
            image: image_primary,
            primary,
            primary_text,
            primary_source,
        })
    }

    /// The providers these models need, each once.
    pub fn providers(&self) -> Vec<&str> {
        let all = [&self.primary]
            .into_iter()
            .chain(&self.fallbacks)
            .chain(&self.image)
            .chain(&self.image_fallbacks);
        let mut providers: Vec<&str> = all.map(ModelRef::provider).collect();
        providers.sort_unstable();
        providers.dedup();
        providers
    }
}

/// The configured aliases and what they stand for.
pub fn aliases(config: &Config) -> IndexMap<String, String> {
    let models = config.agents.defaults.models.iter();
    models.filter_map(|(target, model)| Some((model.alias.clone()?, target.clone()))).collect()
}

/// Takes apart `provider/model`, an alias, or either with `@profile` behind it. The profile begins at the first `@`
/// after the first slash whose right side is a profile of the model's provider, so e-mail addresses need no quoting.
///
/// # Errors
/// When what is left of the profile is no reference.
pub fn parse_typed(text: &str, config: &Config) -> Result<TypedRef, ModelRefError> {
    let text = text.trim();
    let from = text.find('/').map_or(0, |slash| slash + 1);
    for (at, _) in text.match_indices('@').filter(|(at, _)| *at >= from) {
        let (left, right) = (&text[..at], &text[at + 1..]);
        let (Ok(model), Ok(profile)) = (resolve_alias(left, config), right.parse::<ProfileId>()) else {
            continue;
        };
        if profile.provider() == model.provider() {
            return Ok(TypedRef { model, profile: Some(profile) });
        }
    }
    Ok(TypedRef { model: resolve_alias(text, config)?, profile: None })
}

/// The model a text without a profile means: what an alias stands for, or itself.
pub(super) fn resolve_alias(text: &str, config: &Config) -> Result<ModelRef, ModelRefError> {
    let wanted = text.trim();
    let models = config.agents.defaults.models.iter();
    let target = models
        .filter_map(|(target, model)| Some((model.alias.as_deref()?, target)))
        .find(|(alias, _)| alias.eq_ignore_ascii_case(wanted))
        .map(|(_, target)| target.as_str());
    target.unwrap_or(wanted).parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "{agents:{defaults:{model:{primary:'Opus',fallbacks:['anthropic/claude-haiku-4-5']},
        models:{'anthropic/claude-opus-4-7':{alias:'Opus'}}},
        list:[{id:'a'},{id:'b',model:'anthropic/claude-sonnet-5'},{id:'c',model:{fallbacks:[]}}]}}";

    fn config() -> Config {
        crate::config::load::parse(CONFIG).unwrap()
    }

    fn of(agent: &str) -> AgentModels {
        AgentModels::of(&agent.parse().unwrap(), &config()).unwrap()
    }

    #[test]
    fn the_agents_own_choice_wins_over_the_defaults_part_by_part() {
        assert_eq!(of("a").primary.to_string(), "anthropic/claude-opus-4-7");
        assert_eq!((of("a").primary_source, of("a").fallbacks.len()), (ChoiceSource::Defaults, 1));
        assert_eq!(of("b").primary.to_string(), "anthropic/claude-sonnet-5");
        assert_eq!(
            (of("b").primary_source, of("b").fallbacks_source),
            (ChoiceSource::Agent, ChoiceSource::Defaults)
        );
        assert_eq!((of("c").fallbacks.len(), of("c").fallbacks_source), (0, ChoiceSource::Agent));
    }

    #[test]
    fn without_a_choice_the_data_files_default_is_used() {
        let models = AgentModels::of(&AgentId::main(), &Config::default()).unwrap();
        assert_eq!(
            (models.primary.model(), models.primary_source),
            ("claude-sonnet-5", ChoiceSource::Builtin)
        );
        assert_eq!(models.providers(), ["anthropic"]);
    }

    #[test]
    fn a_profile_is_split_off_at_the_first_at_sign_that_begins_one() {
        for (text, model, profile) in [
            ("opus@anthropic:me@example.com", "anthropic/claude-opus-4-7", Some("anthropic:me@example.com")),
            ("anthropic/claude-x@anthropic:work", "anthropic/claude-x", Some("anthropic:work")),
            ("anthropic/x@2026@anthropic:work", "anthropic/x@2026", Some("anthropic:work")),
            ("anthropic/x@2026", "anthropic/x@2026", None),
            ("anthropic/x@other:work", "anthropic/x@other:work", None),
            ("OPUS", "anthropic/claude-opus-4-7", None),
        ] {
            let typed = parse_typed(text, &config()).unwrap();
            assert_eq!(typed.model.to_string(), model, "{text}");
            assert_eq!(typed.profile.map(|id| id.to_string()).as_deref(), profile, "{text}");
        }
    }
}
