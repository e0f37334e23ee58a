//! All that is chosen at one place of the config, for all agents or for one, as a whole that can be read and written: the
//! model that is asked first, its fallbacks, the one for images, and those for kinds of work. What is not chosen there is
//! taken from elsewhere, and writing it again as "not chosen" leaves it so.

use super::choice::{self, Choice, ChoiceError, Purpose};
use super::refs::ModelRef;
use super::roles::Role;
use super::selection::{AgentModels, ChoiceSource, ConfiguredModelError};
use crate::config::edit::Edit;
use crate::config::{AgentId, Config};

/// What is chosen at one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// The model that is asked first.
    pub primary: Option<ModelRef>,
    /// Those asked when it cannot answer; an empty list is a choice, too.
    pub fallbacks: Option<Vec<ModelRef>>,
    /// The model for images.
    pub image: Option<ModelRef>,
    /// Those for kinds of work.
    pub roles: Vec<(Role, ModelRef)>,
}

impl Choices {
    /// What is written for an agent itself, or without one for all.
    ///
    /// # Errors
    /// When what the config says is no reference.
    pub fn written(agent: Option<&AgentId>, config: &Config) -> Result<Self, ConfiguredModelError> {
        let models = AgentModels::chosen(agent, config)?;
        let here = if agent.is_some() { ChoiceSource::Agent } else { ChoiceSource::Defaults };
        let roles = models.roles.into_iter().filter(|chosen| chosen.source == here);
        Ok(Self {
            primary: Some(models.primary).filter(|_| models.primary_source == here),
            fallbacks: Some(models.fallbacks).filter(|_| models.fallbacks_source == here),
            image: models.image.filter(|_| models.image_source == here),
            roles: roles.map(|chosen| (chosen.role, chosen.model)).collect(),
        })
    }

    /// The model for a kind of work.
    pub fn role(&self, role: Role) -> Option<&ModelRef> {
        self.roles.iter().find(|(known, _)| *known == role).map(|(_, model)| model)
    }

    /// Every model in it.
    pub fn models(&self) -> impl Iterator<Item = &ModelRef> {
        let fallbacks = self.fallbacks.iter().flatten();
        let roles = self.roles.iter().map(|(_, model)| model);
        self.primary.iter().chain(fallbacks).chain(&self.image).chain(roles)
    }

    /// Writes what is different from what stands there.
    ///
    /// # Errors
    /// When the model that is asked first is among its fallbacks, or the config cannot be changed.
    pub fn write(&self, edit: &mut Edit, agent: Option<&AgentId>) -> Result<(), ChoiceError> {
        let before = Self::written(agent, edit.config())?;
        let (first, images) =
            (Choice { agent, purpose: Purpose::Any }, Choice { agent, purpose: Purpose::Images });
        for (choice, old, new) in
            [(first, &before.primary, &self.primary), (images, &before.image, &self.image)]
        {
            match new {
                _ if old == new => {}
                Some(model) => choice::set_model(edit, choice, model)?,
                None => choice::clear_model(edit, choice)?,
            }
        }
        match &self.fallbacks {
            _ if before.fallbacks == self.fallbacks => {}
            Some(fallbacks) => choice::set_fallbacks(edit, first, fallbacks)?,
            None => choice::inherit_fallbacks(edit, first)?,
        }
        for role in Role::ALL {
            match self.role(role) {
                new if before.role(role) == new => {}
                Some(model) => choice::set_role(edit, agent, role, model)?,
                None => choice::clear_role(edit, agent, role)?,
            }
        }
        let (primary, _) = first.models(edit.config())?;
        match primary.filter(|primary| self.fallbacks.iter().flatten().any(|fallback| fallback == primary)) {
            Some(model) => Err(ChoiceError::IsPrimary { model }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(text: &str) -> Edit {
        Edit::of(std::path::Path::new("fased.json"), text).unwrap()
    }

    fn model(text: &str) -> ModelRef {
        text.parse().unwrap()
    }

    fn work() -> AgentId {
        "work".parse().unwrap()
    }

    #[test]
    fn what_is_written_can_be_read_and_written_again_without_a_change() {
        for text in [
            "{}",
            "{agents:{defaults:{model:'a/b'}}}",
            "{agents:{defaults:{model:{primary:'a/b',fallbacks:[]},imageModel:'a/i',taskModels:{coding:'a/c'}},
              list:[{id:'work',model:{fallbacks:['a/f']},taskModels:{strong:'a/s'}}]}}",
        ] {
            let agents = [None, Some(work())];
            for agent in agents.iter().filter(|agent| agent.is_none() || text.contains("work")) {
                let mut edit = edit(text);
                let choices = Choices::written(agent.as_ref(), edit.config()).unwrap();
                choices.write(&mut edit, agent.as_ref()).unwrap();
                assert_eq!(edit.to_text().trim(), text);
            }
        }
    }

    #[test]
    fn choices_are_written_at_their_place_and_taken_back_from_it() {
        let mut edit = edit("{agents:{list:[{id:'work'}]}}");
        let choices = Choices {
            primary: Some(model("a/one")),
            fallbacks: Some(vec![model("a/two")]),
            image: Some(model("a/image")),
            roles: vec![(Role::Strong, model("a/strong"))],
        };
        choices.write(&mut edit, Some(&work())).unwrap();
        assert_eq!(Choices::written(Some(&work()), edit.config()).unwrap(), choices);
        assert_eq!(Choices::written(None, edit.config()).unwrap(), Choices::default());
        Choices::default().write(&mut edit, Some(&work())).unwrap();
        assert_eq!(Choices::written(Some(&work()), edit.config()).unwrap(), Choices::default());
    }

    #[test]
    fn a_model_written_as_a_text_is_taken_back_with_its_key() {
        let mut edit = edit("{agents:{defaults:{model:'a/b',imageModel:'a/i'}}}");
        Choices::default().write(&mut edit, None).unwrap();
        assert_eq!(edit.to_text().trim(), "{agents:{defaults:{}}}");
    }

    #[test]
    fn the_model_that_is_asked_first_is_not_its_own_fallback() {
        let mut edit = edit("{}");
        let choices = Choices {
            primary: Some(model("a/one")),
            fallbacks: Some(vec![model("a/one")]),
            ..Choices::default()
        };
        assert!(matches!(choices.write(&mut edit, None), Err(ChoiceError::IsPrimary { .. })));
    }
}
