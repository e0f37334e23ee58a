//! Which models a question with images goes to.

use super::known::KnownModels;
use super::refs::ModelRef;
use super::selection::AgentModels;
use crate::config::Config;

/// No model that may be asked reads images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("model {model} does not read images, and the agent has no model for them")]
pub struct NoImageModel {
    /// The model that would be asked.
    pub model: ModelRef,
}

/// Whether a model reads images; `None` when nobody said so.
pub fn reads_images(model: &ModelRef, config: &Config) -> Option<bool> {
    let input = KnownModels::of(config).model(model)?.input?;
    Some(input.iter().any(|kind| kind == "image"))
}

/// The models to ask about images: those of the list that read them when its first one does, else the agent's models for
/// images. A model nobody knows is asked when there is no other: the provider will say.
///
/// # Errors
/// When no model is left.
pub fn for_images(
    models: Vec<ModelRef>,
    agent: &AgentModels,
    config: &Config,
) -> Result<Vec<ModelRef>, NoImageModel> {
    let Some(first) = models.first() else { return Ok(models) };
    match (reads_images(first, config), &agent.image) {
        (Some(true), _) | (None, None) => {
            Ok(models.into_iter().filter(|model| reads_images(model, config) != Some(false)).collect())
        }
        (_, Some(image)) => Ok(std::iter::once(image).chain(&agent.image_fallbacks).cloned().collect()),
        (Some(false), None) => Err(NoImageModel { model: first.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AgentId;

    const CUSTOM: &str =
        "models:{providers:{x:{models:[{id:'blind',input:['text']},{id:'sees',input:['text','image']}]}}}";

    fn asked(models: &[&str], agents: &str) -> Result<Vec<String>, NoImageModel> {
        let config = crate::config::load::parse(&format!("{{{CUSTOM},agents:{agents}}}")).unwrap();
        let agent = AgentModels::of(&AgentId::main(), &config).unwrap();
        let models = models.iter().map(|text| text.parse().unwrap()).collect();
        let models = for_images(models, &agent, &config)?;
        Ok(models.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_model_that_reads_images_is_asked_and_blind_fallbacks_are_not() {
        let all = ["anthropic/claude-sonnet-5", "x/blind", "x/unknown", "x/sees"];
        let sighted = ["anthropic/claude-sonnet-5", "x/unknown", "x/sees"];
        assert_eq!(asked(&all, "{}").unwrap(), sighted);
        assert_eq!(asked(&["x/unknown"], "{}").unwrap(), ["x/unknown"]);
    }

    #[test]
    fn otherwise_the_agents_models_for_images_are() {
        let agents = "{defaults:{imageModel:{primary:'x/sees',fallbacks:['anthropic/claude-opus-4-7']}}}";
        let image = ["x/sees", "anthropic/claude-opus-4-7"];
        assert_eq!(asked(&["x/blind"], agents).unwrap(), image);
        assert_eq!(asked(&["x/unknown"], agents).unwrap(), image);
        assert_eq!(asked(&["x/blind"], "{}").unwrap_err().model.to_string(), "x/blind");
    }
}
