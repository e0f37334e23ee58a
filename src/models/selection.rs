//! Which model an agent uses: its own choice, else the defaults, else the data file's; and what a reference typed by a
//! person means, aliases and pinned profiles included.

use indexmap::IndexMap;

use super::catalog::Catalog;
use super::known::KnownModels;
use super::refs::{ANTHROPIC, ModelRef, ModelRefError};
use super::roles::Role;
use crate::auth::ProfileId;
use crate::config::schema::{Agent, ModelChoice, TaskModels};
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

impl ChoiceSource {
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
    /// Where it comes from; without a model of their own images are the primary's.
    pub image_source: ChoiceSource,
    /// Its fallbacks.
    pub image_fallbacks: Vec<ModelRef>,
    /// Where they come from.
    pub image_fallbacks_source: ChoiceSource,
    /// The models chosen for a kind of work; the primary does the rest.
    pub roles: Vec<RoleModel>,
}

/// A model that is chosen for a kind of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleModel {
    /// The work.
    pub role: Role,
    /// The model.
    pub model: ModelRef,
    /// Where it was chosen.
    pub source: ChoiceSource,
}

/// A model in the config is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the config's {key}: {source}")]
pub struct ConfiguredModelError {
    /// Where it stands.
    pub key: String,
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

/// The part of a config that chooses models: an agent's entry, or the defaults.
#[derive(Clone, Copy)]
struct Level<'a> {
    source: ChoiceSource,
    at: Option<usize>,
    model: Option<&'a ModelChoice>,
    image_model: Option<&'a ModelChoice>,
    task_models: &'a TaskModels,
}

impl Level<'_> {
    /// Where a choice of this level stands in the config.
    fn key(&self, key: &str) -> String {
        match self.at {
            Some(at) => format!("agents.list[{at}].{key}"),
            None => format!("agents.defaults.{key}"),
        }
    }
}

/// A model with what is asked when it cannot answer.
struct Chain {
    primary: Option<(ModelRef, String, ChoiceSource)>,
    fallbacks: (Vec<ModelRef>, ChoiceSource),
}

impl AgentModels {
    /// The models of an agent by the config.
    ///
    /// # Errors
    /// When a configured reference is no reference.
    pub fn of(agent: &AgentId, config: &Config) -> Result<Self, ConfiguredModelError> {
        Self::chosen(Some(agent), config)
    }

    /// The models of an agent, or those of every agent that says nothing else. Each part of a choice is the agent's own,
    /// else that of the defaults.
    ///
    /// # Errors
    /// When a configured reference is no reference.
    pub fn chosen(agent: Option<&AgentId>, config: &Config) -> Result<Self, ConfiguredModelError> {
        let defaults = &config.agents.defaults;
        let own = agent.and_then(|id| config.agents.list.iter().position(|entry| entry.id == *id));
        let own = own.map(|at| {
            let Agent { model, image_model, task_models, .. } = &config.agents.list[at];
            let (model, image_model) = (model.as_ref(), image_model.as_ref());
            Level { source: ChoiceSource::Agent, at: Some(at), model, image_model, task_models }
        });
        let defaults = Level {
            source: ChoiceSource::Defaults,
            at: None,
            model: defaults.model.as_ref(),
            image_model: defaults.image_model.as_ref(),
            task_models: &defaults.task_models,
        };
        let levels: Vec<Level<'_>> = own.into_iter().chain([defaults]).collect();
        let model = chain(&levels, "model", |level| level.model, config)?;
        let image = chain(&levels, "imageModel", |level| level.image_model, config)?;
        let (primary, primary_text, primary_source) = model.primary.unwrap_or_else(|| {
            let builtin = Catalog::embedded().default_model();
            (builtin.clone(), builtin.to_string(), ChoiceSource::Builtin)
        });
        let (mut fallbacks, fallbacks_source) = model.fallbacks;
        fallbacks.retain(|fallback| *fallback != primary);
        let mut roles = Vec::new();
        for role in Role::ALL {
            let chosen = levels.iter().find_map(|level| Some((role.of(level.task_models)?, level)));
            if let Some((text, level)) = chosen {
                let key = || level.key(&format!("taskModels.{}", role.as_key()));
                roles.push(RoleModel { role, model: resolve_at(text, config, key)?, source: level.source });
            }
        }
        let (image_model, image_source) = match image.primary {
            Some((model, _, source)) => (Some(model), source),
            None => (None, ChoiceSource::Builtin),
        };
        let (image_fallbacks, image_fallbacks_source) = image.fallbacks;
        Ok(Self {
            primary,
            primary_text,
            primary_source,
            fallbacks,
            fallbacks_source,
            image: image_model,
            image_source,
            image_fallbacks,
            image_fallbacks_source,
            roles,
        })
    }

    /// The model for a kind of work: the one chosen for it, else the primary.
    pub fn for_role(&self, role: Role) -> &ModelRef {
        self.role(role).map_or(&self.primary, |chosen| &chosen.model)
    }

    /// What is chosen for a kind of work.
    pub fn role(&self, role: Role) -> Option<&RoleModel> {
        self.roles.iter().find(|chosen| chosen.role == role)
    }

    /// All models, each once, in the order they are asked.
    pub fn all(&self) -> Vec<&ModelRef> {
        let mut all: Vec<&ModelRef> = Vec::new();
        let chosen = [&self.primary].into_iter().chain(&self.fallbacks);
        let chosen = chosen.chain(&self.image).chain(&self.image_fallbacks);
        for model in chosen.chain(self.roles.iter().map(|chosen| &chosen.model)) {
            if !all.contains(&model) {
                all.push(model);
            }
        }
        all
    }

    /// The providers these models need, each once.
    pub fn providers(&self) -> Vec<&str> {
        let mut providers: Vec<&str> = self.all().into_iter().map(ModelRef::provider).collect();
        providers.sort_unstable();
        providers.dedup();
        providers
    }
}

fn chain<'a>(
    levels: &[Level<'a>],
    key: &str,
    choice: impl Fn(&Level<'a>) -> Option<&'a ModelChoice>,
    config: &Config,
) -> Result<Chain, ConfiguredModelError> {
    let primary = levels.iter().find_map(|level| Some((choice(level)?.primary.as_ref()?, level)));
    let primary = match primary {
        Some((text, level)) => {
            Some((resolve_at(text, config, || level.key(key))?, text.clone(), level.source))
        }
        None => None,
    };
    let listed = levels.iter().find_map(|level| Some((choice(level)?.fallbacks.as_ref()?, level)));
    let mut fallbacks = (Vec::new(), ChoiceSource::Builtin);
    if let Some((texts, level)) = listed {
        fallbacks.1 = level.source;
        for text in texts {
            let model = resolve_at(text, config, || level.key(key))?;
            // A model that was asked already is no fallback.
            let is_primary = primary.as_ref().is_some_and(|(primary, ..)| *primary == model);
            if !is_primary && !fallbacks.0.contains(&model) {
                fallbacks.0.push(model);
            }
        }
    }
    Ok(Chain { primary, fallbacks })
}

fn resolve_at(
    text: &str,
    config: &Config,
    key: impl Fn() -> String,
) -> Result<ModelRef, ConfiguredModelError> {
    resolve(text, config).map_err(|source| ConfiguredModelError { key: key(), source })
}

/// The configured aliases and what they stand for.
pub fn aliases(config: &Config) -> IndexMap<String, String> {
    let models = config.agents.defaults.models.iter();
    models.filter_map(|(target, model)| Some((model.alias.clone()?, target.clone()))).collect()
}

/// The known model that a text means until it becomes the alias of another one.
pub fn hidden_by(alias: &str, model: &ModelRef, config: &Config) -> Option<ModelRef> {
    let meant = resolve(alias, config).ok().filter(|meant| meant != model)?;
    KnownModels::of(config).model(&meant).is_some().then_some(meant)
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
        let (Ok(model), Ok(profile)) = (resolve(left, config), right.parse::<ProfileId>()) else {
            continue;
        };
        if profile.provider() == model.provider() {
            return Ok(TypedRef { model, profile: Some(profile) });
        }
    }
    Ok(TypedRef { model: resolve(text, config)?, profile: None })
}

/// The model that is meant by a text without a profile: a configured alias, then a reference as it stands where the config
/// describes that model, then a short name (`opus`, `opus-4.8`) of one of Anthropic's.
///
/// # Errors
/// When it is no reference.
pub fn resolve(text: &str, config: &Config) -> Result<ModelRef, ModelRefError> {
    let wanted = text.trim();
    let models = config.agents.defaults.models.iter();
    let target = models
        .filter_map(|(target, model)| Some((model.alias.as_deref()?, target)))
        .find(|(alias, _)| alias.trim().eq_ignore_ascii_case(wanted))
        .map(|(_, target)| target.as_str());
    let model: ModelRef = target.unwrap_or(wanted).parse()?;
    if model.provider() != ANTHROPIC || KnownModels::of(config).model(&model).is_some() {
        return Ok(model);
    }
    Ok(match Catalog::embedded().meant_by(model.model()) {
        Some(id) => ModelRef::new(ANTHROPIC, id),
        None => model,
    })
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
    fn models_for_images_and_for_work_are_the_agents_own_part_by_part_then_the_defaults() {
        let config = crate::config::load::parse(
            "{agents:{defaults:{imageModel:{primary:'haiku',fallbacks:['sonnet','haiku']},taskModels:{coding:'opus',strong:'a/b'}},
                list:[{id:'x',imageModel:'opus',taskModels:{coding:'sonnet-4.6'}},{id:'y'}]}}",
        )
        .unwrap();
        let of = |agent: &str| AgentModels::of(&agent.parse().unwrap(), &config).unwrap();
        let (x, y) = (of("x"), of("y"));
        assert_eq!(x.image.as_ref().unwrap().to_string(), "anthropic/claude-opus-4-8");
        assert_eq!((x.image_source, x.image_fallbacks_source), (ChoiceSource::Agent, ChoiceSource::Defaults));
        assert_eq!(x.image_fallbacks.len(), 2);
        assert_eq!((y.image_source, y.image_fallbacks.len()), (ChoiceSource::Defaults, 1));
        let chosen = |models: &AgentModels, role| {
            models.role(role).map(|chosen| (chosen.model.to_string(), chosen.source))
        };
        assert_eq!(
            chosen(&x, Role::Coding),
            Some(("anthropic/claude-sonnet-4-6".to_owned(), ChoiceSource::Agent))
        );
        assert_eq!(chosen(&x, Role::Strong), Some(("a/b".to_owned(), ChoiceSource::Defaults)));
        assert_eq!(x.for_role(Role::Summarizer), &x.primary);
        assert_eq!(x.providers(), ["a", "anthropic"]);
    }

    #[test]
    fn a_wrong_reference_is_named_with_its_place() {
        for (config, key) in [
            ("{agents:{defaults:{model:'/'}}}", "agents.defaults.model"),
            ("{agents:{list:[{id:'a',imageModel:'/'}]}}", "agents.list[0].imageModel"),
            (
                "{agents:{list:[{id:'b'},{id:'a',taskModels:{cheapCheck:''}}]}}",
                "agents.list[1].taskModels.cheapCheck",
            ),
        ] {
            let config = crate::config::load::parse(config).unwrap();
            assert_eq!(AgentModels::of(&"a".parse().unwrap(), &config).unwrap_err().key, key);
        }
    }

    #[test]
    fn an_alias_hides_a_model_that_was_named_so() {
        let config = Config::default();
        let hidden = |alias: &str, model: &str| {
            hidden_by(alias, &model.parse().unwrap(), &config).map(|hidden| hidden.to_string())
        };
        assert_eq!(hidden("Opus", "anthropic/claude-sonnet-5").unwrap(), "anthropic/claude-opus-4-8");
        assert_eq!(hidden("opus", "anthropic/claude-opus-4-8"), None);
        assert_eq!(hidden("fast", "anthropic/claude-haiku-4-5"), None);
    }

    #[test]
    fn configured_names_come_before_the_built_in_ones() {
        let config = crate::config::load::parse(
            "{agents:{defaults:{models:{'Local/M.1':{alias:' Opus '},'Anthropic/opus-4.6':{alias:'old'}}}},
                models:{providers:{anthropic:{models:[{id:'sonnet'}]}}}}",
        )
        .unwrap();
        for (text, model) in [
            ("opus", "local/M.1"),
            ("anthropic/opus", "anthropic/claude-opus-4-8"),
            ("old", "anthropic/claude-opus-4-6"),
            ("sonnet", "anthropic/sonnet"),
            (" haiku ", "anthropic/claude-haiku-4-5"),
            ("Sonnet-4.5", "anthropic/claude-sonnet-4-5"),
            ("local/opus-4.8", "local/opus-4.8"),
            ("claude-novel-9", "anthropic/claude-novel-9"),
        ] {
            assert_eq!(resolve(text, &config).unwrap().to_string(), model);
        }
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
