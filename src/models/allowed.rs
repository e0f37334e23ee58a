//! Which models may be asked. A config that lists models under `agents.defaults.models` allows those, whatever models it
//! chooses itself, and the built-in default; one that lists none allows all.

use super::catalog::Catalog;
use super::refs::ModelRef;
use super::roles::Role;
use super::selection::resolve;
use crate::config::Config;
use crate::config::schema::{ModelChoice, TaskModels};

/// The models that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// Any.
    All,
    /// These alone.
    Only(Vec<ModelRef>),
}

/// A model that may not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model not allowed: {model}")]
pub struct NotAllowed {
    /// The model.
    pub model: ModelRef,
    /// Those that may.
    pub allowed: Vec<ModelRef>,
}

impl Allowed {
    /// What a config allows. What is no reference in it allows nothing.
    pub fn by(config: &Config) -> Self {
        let defaults = &config.agents.defaults;
        if defaults.models.is_empty() {
            return Self::All;
        }
        let mut texts: Vec<&str> = defaults.models.keys().map(String::as_str).collect();
        add(&mut texts, defaults.model.as_ref(), defaults.image_model.as_ref(), &defaults.task_models);
        for agent in &config.agents.list {
            add(&mut texts, agent.model.as_ref(), agent.image_model.as_ref(), &agent.task_models);
        }
        let chosen = texts.into_iter().filter_map(|text| resolve(text, config).ok());
        let mut models: Vec<ModelRef> = Vec::new();
        for model in chosen.chain([Catalog::embedded().default_model().clone()]) {
            if !models.contains(&model) {
                models.push(model);
            }
        }
        Self::Only(models)
    }

    /// Whether a model may be asked.
    ///
    /// # Errors
    /// When it may not, with those that may.
    pub fn check(&self, model: &ModelRef) -> Result<(), NotAllowed> {
        match self {
            Self::Only(allowed) if !allowed.contains(model) => {
                Err(NotAllowed { model: model.clone(), allowed: allowed.clone() })
            }
            _ => Ok(()),
        }
    }

    /// What must be said after a change of the config that made it allow only some models.
    pub fn restriction(before: &Config, after: &Config) -> Option<String> {
        let (Self::All, Self::Only(models)) = (Self::by(before), Self::by(after)) else { return None };
        let names: Vec<String> = models.iter().map(ToString::to_string).collect();
        Some(format!(
            "From now on only the models named in the config can be asked: {}. To have all of them again: fased config unset agents.defaults.models",
            names.join(", ")
        ))
    }
}

fn add<'a>(
    texts: &mut Vec<&'a str>,
    model: Option<&'a ModelChoice>,
    image_model: Option<&'a ModelChoice>,
    task_models: &'a TaskModels,
) {
    for choice in [model, image_model].into_iter().flatten() {
        let fallbacks = choice.fallbacks.iter().flatten();
        texts.extend(choice.primary.iter().chain(fallbacks).map(String::as_str));
    }
    texts.extend(Role::ALL.into_iter().filter_map(|role| role.of(task_models)).map(String::as_str));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        crate::config::load::parse(text).unwrap()
    }

    fn allows(config: &Config, model: &str) -> bool {
        Allowed::by(config).check(&model.parse().unwrap()).is_ok()
    }

    #[test]
    fn without_a_list_every_model_may_be_asked_whatever_is_chosen() {
        let free =
            config("{agents:{defaults:{model:{primary:'a/b',fallbacks:['c/d']},taskModels:{coding:'e/f'}}}}");
        assert_eq!(Allowed::by(&free), Allowed::All);
        assert!(allows(&free, "x/y"));
    }

    #[test]
    fn a_list_allows_its_models_and_whatever_the_config_chooses() {
        let listed = config(
            "{agents:{defaults:{models:{'Anthropic/opus-4.6':{},' ':{}},model:'a/primary',imageModel:{primary:'a/image',fallbacks:['a/image2']},
                taskModels:{strong:'a/strong'}},
              list:[{id:'x',model:{fallbacks:['a/own']},imageModel:'a/ownImage',taskModels:{cheapCheck:'haiku'}}]}}",
        );
        for model in [
            "anthropic/claude-opus-4-6",
            "a/primary",
            "a/image",
            "a/image2",
            "a/strong",
            "a/own",
            "a/ownImage",
            "anthropic/claude-haiku-4-5",
            "anthropic/claude-sonnet-5",
        ] {
            assert!(allows(&listed, model), "{model}");
        }
        let refused = Allowed::by(&listed).check(&"anthropic/claude-opus-5".parse().unwrap()).unwrap_err();
        assert_eq!(
            (refused.to_string().as_str(), refused.allowed.len()),
            ("model not allowed: anthropic/claude-opus-5", 9)
        );
    }

    #[test]
    fn a_change_that_makes_a_list_is_noticed_and_one_that_extends_it_is_not() {
        let (none, one) = (config("{}"), config("{agents:{defaults:{models:{'a/b':{}}}}}"));
        let two = config("{agents:{defaults:{models:{'a/b':{},'c/d':{}}}}}");
        let told = Allowed::restriction(&none, &one).unwrap();
        assert!(
            told.ends_with(": a/b, anthropic/claude-sonnet-5. To have all of them again: fased config unset agents.defaults.models"),
            "{told}"
        );
        assert_eq!(Allowed::restriction(&one, &two), None);
        assert_eq!(Allowed::restriction(&one, &none), None);
    }
}
