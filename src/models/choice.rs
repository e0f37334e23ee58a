//! Choosing models in the config, for all agents or for one: the model that is asked first, the one for images, the
//! fallbacks of either, models by the work they are for, aliases. A change touches the choice it is about and nothing
//! else; a choice that is written as a text stays one as long as it can.

use serde::Serialize;
use serde_json::Value;

use super::refs::ModelRef;
use super::roles::Role;
use super::selection::{self, AgentModels, ConfiguredModelError, resolve};
use crate::config::agent_list::{self, AgentListError};
use crate::config::edit::{Edit, EditError, Segment};
use crate::config::schema::ModelChoice;
use crate::config::{AgentId, Config};

/// A choice in the config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice<'a> {
    /// Whose it is; all agents' without one.
    pub agent: Option<&'a AgentId>,
    /// What it is for.
    pub purpose: Purpose,
}

/// What a model with its fallbacks is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Whatever nothing else is chosen for.
    Any,
    /// Requests with images.
    Images,
}

/// A choice was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// The model that is asked first was to be its own fallback.
    #[error("{model} is asked first; a fallback is another model.")]
    IsPrimary {
        /// The model.
        model: ModelRef,
    },
    /// A model that is no fallback was to be removed.
    #[error("Fallback not found: {model}.")]
    NoFallback {
        /// The model.
        model: ModelRef,
        /// Those there are.
        fallbacks: Vec<ModelRef>,
    },
    /// The alias stands for another model.
    #[error("Alias {alias} already points to {model}.")]
    AliasTaken {
        /// The alias.
        alias: String,
        /// What it stands for.
        model: String,
    },
    /// There is no such alias in the config.
    #[error("Alias not found: {alias}.")]
    NoAlias {
        /// The alias.
        alias: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// What the config chooses already cannot be understood.
    #[error(transparent)]
    Configured(#[from] ConfiguredModelError),
    /// There is no such agent.
    #[error(transparent)]
    Agents(#[from] AgentListError),
    /// The config could not be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl<'a> Choice<'a> {
    /// The models asked now: the first, and those after it.
    ///
    /// # Errors
    /// When what the config says is no reference.
    pub fn models(&self, config: &Config) -> Result<(Option<ModelRef>, Vec<ModelRef>), ConfiguredModelError> {
        let models = AgentModels::chosen(self.agent, config)?;
        Ok(match self.purpose {
            Purpose::Any => (Some(models.primary), models.fallbacks),
            Purpose::Images => (models.image, models.image_fallbacks),
        })
    }

    /// The choice as it is written at this place.
    fn written<'c>(&self, config: &'c Config) -> Option<&'c ModelChoice> {
        match (self.agent, self.purpose) {
            (None, Purpose::Any) => config.agents.defaults.model.as_ref(),
            (None, Purpose::Images) => config.agents.defaults.image_model.as_ref(),
            (Some(id), Purpose::Any) => config.agent(id)?.model.as_ref(),
            (Some(id), Purpose::Images) => config.agent(id)?.image_model.as_ref(),
        }
    }

    fn path(&self, edit: &mut Edit) -> Result<Vec<Segment>, AgentListError> {
        let mut path = settings(edit, self.agent)?;
        path.push(match self.purpose {
            Purpose::Any => "model".into(),
            Purpose::Images => "imageModel".into(),
        });
        Ok(path)
    }
}

/// Where an agent's settings stand, or those of all agents.
fn settings(edit: &mut Edit, agent: Option<&AgentId>) -> Result<Vec<Segment>, AgentListError> {
    match agent {
        None => Ok(Segment::keys(["agents", "defaults"])),
        Some(id) => agent_list::settings(edit, id),
    }
}

/// Writes the model that is asked first. Its fallbacks, aliases and the list of allowed models stay as they are.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn set_model(edit: &mut Edit, choice: Choice<'_>, model: &ModelRef) -> Result<(), AgentListError> {
    let mut path = choice.path(edit)?;
    // A choice may be a text or an object with fallbacks; it stays what it is.
    let is_object = match edit.get(&path) {
        Some(written) => written.is_object(),
        None => choice.agent.is_none(),
    };
    if is_object {
        path.push("primary".into());
    }
    Ok(edit.set(&path, model)?)
}

/// Takes back the model that is asked first; its fallbacks stay. What is chosen elsewhere counts then.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn clear_model(edit: &mut Edit, choice: Choice<'_>) -> Result<(), AgentListError> {
    if choice.written(edit.config()).is_none() {
        return Ok(());
    }
    let mut path = choice.path(edit)?;
    if edit.get(&path).is_some_and(Value::is_object) {
        path.push("primary".into());
    }
    edit.remove(&path)?;
    Ok(())
}

/// Takes back the list of fallbacks, an empty one too. What is chosen elsewhere counts then.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn inherit_fallbacks(edit: &mut Edit, choice: Choice<'_>) -> Result<(), AgentListError> {
    if choice.written(edit.config()).is_none() {
        return Ok(());
    }
    let path = fallbacks_path(choice.path(edit)?);
    edit.remove(&path)?;
    Ok(())
}

/// Adds a fallback behind those there are. An agent without a list of its own gets one that begins with the fallbacks it
/// had until now.
///
/// # Errors
/// When the model is the one that is asked first, or the config cannot be changed.
pub fn add_fallback(edit: &mut Edit, choice: Choice<'_>, model: &ModelRef) -> Result<(), ChoiceError> {
    let (primary, mut fallbacks) = choice.models(edit.config())?;
    if primary.as_ref() == Some(model) {
        return Err(ChoiceError::IsPrimary { model: model.clone() });
    }
    if fallbacks.contains(model) {
        return Ok(());
    }
    if choice.written(edit.config()).is_some_and(|written| written.fallbacks.is_some()) {
        let path = fallbacks_path(choice.path(edit)?);
        return Ok(edit.append(&path, model)?);
    }
    fallbacks.push(model.clone());
    set_fallbacks(edit, choice, &fallbacks)
}

/// Removes a fallback.
///
/// # Errors
/// When it is none, or the config cannot be changed.
pub fn remove_fallback(edit: &mut Edit, choice: Choice<'_>, model: &ModelRef) -> Result<(), ChoiceError> {
    let (_, fallbacks) = choice.models(edit.config())?;
    let own = choice.written(edit.config()).and_then(|written| written.fallbacks.as_ref());
    let at = |texts: &Vec<String>| -> Vec<usize> {
        let is_meant = |text: &String| resolve(text, edit.config()).as_ref() == Ok(model);
        texts.iter().enumerate().filter(|(_, text)| is_meant(text)).map(|(at, _)| at).collect()
    };
    match own.map(at) {
        Some(found) if !found.is_empty() => {
            let path = fallbacks_path(choice.path(edit)?);
            // From the last to the first, so that the others keep their numbers.
            for at in found.into_iter().rev() {
                let mut path = path.clone();
                path.push(at.into());
                edit.remove(&path)?;
            }
            Ok(())
        }
        None if fallbacks.contains(model) => {
            let rest: Vec<ModelRef> = fallbacks.into_iter().filter(|fallback| fallback != model).collect();
            set_fallbacks(edit, choice, &rest)
        }
        _ => Err(ChoiceError::NoFallback { model: model.clone(), fallbacks }),
    }
}

/// Removes all fallbacks. An agent then has an empty list of its own, which is not that of the defaults.
///
/// # Errors
/// When the config cannot be changed.
pub fn clear_fallbacks(edit: &mut Edit, choice: Choice<'_>) -> Result<(), ChoiceError> {
    let own = choice.written(edit.config()).and_then(|written| written.fallbacks.as_ref());
    let (_, fallbacks) = choice.models(edit.config())?;
    if fallbacks.is_empty() && own.is_none_or(Vec::is_empty) {
        return Ok(());
    }
    set_fallbacks(edit, choice, &[])
}

fn fallbacks_path(mut path: Vec<Segment>) -> Vec<Segment> {
    path.push("fallbacks".into());
    path
}

/// Writes the fallbacks, all of them at once.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn set_fallbacks(edit: &mut Edit, choice: Choice<'_>, fallbacks: &[ModelRef]) -> Result<(), ChoiceError> {
    #[derive(Serialize)]
    struct Written<'a> {
        primary: &'a str,
        fallbacks: &'a [ModelRef],
    }
    let path = choice.path(edit)?;
    // A model that is written as a text has no place for fallbacks.
    match edit.get(&path).and_then(Value::as_str).map(str::to_owned) {
        Some(primary) => edit.set(&path, &Written { primary: &primary, fallbacks })?,
        None => edit.set(&fallbacks_path(path), &fallbacks)?,
    }
    Ok(())
}

/// Chooses the model for a kind of work.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn set_role(
    edit: &mut Edit,
    agent: Option<&AgentId>,
    role: Role,
    model: &ModelRef,
) -> Result<(), AgentListError> {
    let mut path = settings(edit, agent)?;
    path.extend(Segment::keys(["taskModels", role.as_key()]));
    Ok(edit.set(&path, model)?)
}

/// Takes back what is chosen for a kind of work.
///
/// # Errors
/// When there is no such agent, or the config cannot be changed.
pub fn clear_role(edit: &mut Edit, agent: Option<&AgentId>, role: Role) -> Result<(), AgentListError> {
    if let Some(id) = agent {
        agent_list::check_known(edit.config(), id)?;
        // An agent without an entry has chosen nothing.
        if edit.config().agent(id).is_none() {
            return Ok(());
        }
    }
    let mut path = settings(edit, agent)?;
    path.extend(Segment::keys(["taskModels", role.as_key()]));
    edit.remove(&path)?;
    Ok(())
}

/// Gives a model a short name; it may have had another one. Naming the first model makes the list of those that may be
/// asked: see [`Allowed::restriction`](super::allowed::Allowed::restriction).
///
/// # Errors
/// When the name stands for another model, or the config cannot be changed.
pub fn add_alias(edit: &mut Edit, alias: &str, model: &ModelRef) -> Result<(), ChoiceError> {
    let entries = &edit.config().agents.defaults.models;
    for (target, entry) in entries {
        let is_taken = entry.alias.as_ref().is_some_and(|taken| taken.trim().eq_ignore_ascii_case(alias));
        if is_taken && resolve(target, edit.config()).as_ref() != Ok(model) {
            return Err(ChoiceError::AliasTaken { alias: alias.to_owned(), model: target.clone() });
        }
    }
    // An entry may name the model in another way than we would.
    let written = entries.keys().find(|target| resolve(target, edit.config()).as_ref() == Ok(model));
    let target = written.cloned().unwrap_or_else(|| model.to_string());
    edit.set(&Segment::keys(["agents", "defaults", "models", &target, "alias"]), &alias)?;
    Ok(())
}

/// Removes a short name; the model stays in the list of those that may be asked. Says which model it was.
///
/// # Errors
/// When there is no such name, or the config cannot be changed.
pub fn remove_alias(edit: &mut Edit, alias: &str) -> Result<String, ChoiceError> {
    let is_meant = |entry: &&String| entry.trim().eq_ignore_ascii_case(alias);
    let mut entries = edit.config().agents.defaults.models.iter();
    let target = entries.find(|(_, entry)| entry.alias.as_ref().filter(is_meant).is_some());
    let Some(target) = target.map(|(target, _)| target.clone()) else {
        let known = selection::aliases(edit.config()).into_keys().collect();
        return Err(ChoiceError::NoAlias { alias: alias.to_owned(), known });
    };
    edit.remove(&Segment::keys(["agents", "defaults", "models", &target, "alias"]))?;
    Ok(target)
}

#[cfg(test)]
mod tests;
