//! Which models a question goes to, by what was chosen for it, for its session and for its agent.

use std::collections::HashSet;

use crate::anthropic::ContentBlock;
use crate::auth::ProfileId;
use crate::auth::store::Snapshot;
use crate::config::{AgentId, Config, SelectedAgent};
use crate::error::{Exit, Failure, typed_model};
use crate::models::allowed::Allowed;
use crate::models::images::{self, NoImageModel};
use crate::models::refs::ModelRef;
use crate::models::roles::Role;
use crate::models::selection::{AgentModels, TypedRef};
use crate::provider;
use crate::sessions::{Conversation, ModelChoice};
use crate::text::capitalised;

/// The models to ask in turn, and the profile that was asked for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The model that is asked first.
    pub first: ModelRef,
    /// Those that are asked when it cannot answer.
    pub fallbacks: Vec<ModelRef>,
    /// The profile that is used and no other.
    pub pinned: Option<ProfileId>,
    /// Why the first one is.
    pub why: Why,
}

/// Why a model is asked first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It was chosen for the session.
    Chosen,
    /// The agent has it for the work the question is about.
    Role(Role),
    /// It is the agent's primary model.
    Primary,
    /// The session holds an image.
    Image {
        /// The model it is asked instead of.
        instead_of: ModelRef,
    },
}

/// A choice as it was typed: a model, one with its profile, or `default` for the agent's. `what` names where it was typed:
/// `value of --model`.
///
/// # Errors
/// When it is no reference, or the config does not allow the model.
pub fn typed(text: &str, what: &str, config: &Config) -> Result<ModelChoice, Failure> {
    if text.trim() == "default" {
        return Ok(ModelChoice::default());
    }
    let TypedRef { model, profile } = typed_model::parse(text, what, config)?;
    // What the config itself chooses is allowed by it.
    Allowed::by(config).check(&model)?;
    Ok(ModelChoice { model: Some(model), profile })
}

/// Whether a choice can be asked at all, before a session holds to it.
///
/// # Errors
/// When the provider speaks another protocol, or the profile is not stored.
pub fn check(
    choice: &ModelChoice,
    agent: &SelectedAgent,
    config: &Config,
    stored: &Snapshot,
) -> Result<(), Failure> {
    if let Some(model) = &choice.model {
        provider::check_api(model.provider(), config)?;
    }
    match &choice.profile {
        Some(profile) if !stored.profiles.contains_key(profile) => {
            let message = format!("No credentials found for profile \"{profile}\".");
            Err(Failure::new(Exit::NoUsableCredential, "no_such_profile", message)
                .hint("see what is stored")
                .command(format!("fased models auth list{}", agent.flag())))
        }
        _ => Ok(()),
    }
}

impl Wanted {
    /// The role's model or the session's or the agent's primary, then the agent's fallbacks. A profile that was named goes
    /// with its model alone.
    ///
    /// # Errors
    /// When a model in the config is no reference, or images go with the question and none of the models takes them.
    pub fn by(
        agent: &AgentId,
        config: &Config,
        conversation: &Conversation,
        role: Option<Role>,
        question: &[ContentBlock],
    ) -> Result<Self, Failure> {
        let configured = AgentModels::of(agent, config)?;
        let ModelChoice { model, profile: pinned } = conversation.choice().clone();
        let primary = configured.primary.clone();
        let (asked, pinned, why) = match (role, model) {
            (Some(role), _) => {
                let why = configured.role(role).map_or(Why::Primary, |_| Why::Role(role));
                (configured.for_role(role).clone(), None, why)
            }
            (None, Some(model)) => (model, pinned, Why::Chosen),
            (None, None) => (primary.clone(), pinned, Why::Primary),
        };
        let mut models = vec![asked.clone()];
        if pinned.is_none() {
            models.extend(configured.fallbacks.iter().cloned());
        }
        if conversation.has_images_with(question) {
            models =
                images::for_images(models, &configured, config).map_err(|error| no_image_model(&error))?;
        }
        let mut seen = HashSet::new();
        models.retain(|model| seen.insert(model.clone()));
        let mut models = models.into_iter();
        // There is always one; the primary stands in for the type.
        let first = models.next().unwrap_or(primary);
        let why = if first == asked { why } else { Why::Image { instead_of: asked } };
        Ok(Self { first, fallbacks: models.collect(), pinned, why })
    }

    /// All of them, in the order they are asked.
    pub fn models(&self) -> Vec<ModelRef> {
        [&self.first].into_iter().chain(&self.fallbacks).cloned().collect()
    }

    /// Which model is asked, and why, in words.
    pub fn in_words(&self) -> String {
        let first = &self.first;
        let with = self.pinned.as_ref().map(|profile| format!(" with {profile}")).unwrap_or_default();
        match &self.why {
            Why::Image { instead_of } => format!(
                "This session holds an image, so it asks {first}{with}, the agent's model for images, instead of {instead_of}."
            ),
            _ if self.pinned.is_some() => {
                format!("This session asks {first}{with} and nothing else; /model default ends that.")
            }
            Why::Chosen => format!("This session asks {first}; /model default returns to the agent's."),
            Why::Role(role) => format!(
                "This conversation asks {first}, the agent's model for {role}; /model default returns to its primary."
            ),
            Why::Primary => format!("This session asks {first}, the agent's primary model."),
        }
    }
}

fn no_image_model(error: &NoImageModel) -> Failure {
    Failure::new(Exit::Usage, "no_image_model", format!("{}.", capitalised(&error.to_string())))
        .hint("ask a model that does, or name one for images in the config (agents.defaults.imageModel)")
        .command("fased config set agents.defaults.imageModel anthropic/claude-sonnet-5")
}

#[cfg(test)]
mod tests;
