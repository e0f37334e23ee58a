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
    /// The session's model or the role's or the agent's primary, then the agent's fallbacks. A profile that was named goes
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
        let (model, pinned) = match role {
            Some(role) => (Some(configured.for_role(role).clone()), None),
            None => (model, pinned),
        };
        let primary = configured.primary.clone();
        let mut models = vec![model.unwrap_or_else(|| primary.clone())];
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
        Ok(Self { first: models.next().unwrap_or(primary), fallbacks: models.collect(), pinned })
    }

    /// All of them, in the order they are asked.
    pub fn models(&self) -> Vec<ModelRef> {
        [&self.first].into_iter().chain(&self.fallbacks).cloned().collect()
    }

    /// Which model is asked, in words; `choice` is what the session says.
    pub fn in_words(&self, choice: &ModelChoice) -> String {
        let first = &self.first;
        match (&choice.model, &choice.profile) {
            (Some(_), Some(profile)) => {
                format!(
                    "This session asks {first} with {profile} and nothing else; /model default ends that."
                )
            }
            (Some(_), None) => format!("This session asks {first}; /model default returns to the agent's."),
            (None, _) => format!("This session asks {first}, the agent's primary model."),
        }
    }
}

fn no_image_model(error: &NoImageModel) -> Failure {
    Failure::new(Exit::Usage, "no_image_model", format!("{}.", capitalised(&error.to_string())))
        .hint("ask a model that does, or name one for images in the config (agents.defaults.imageModel)")
        .command("fased config set agents.defaults.imageModel anthropic/claude-sonnet-5")
}
