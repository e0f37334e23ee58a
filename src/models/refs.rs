//! Names of models: `provider/model`, optionally pinned to a profile (`provider/model@profile`).

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// The provider whose models are known, and whose a bare model id is.
pub const ANTHROPIC: &str = "anthropic";

/// A model of a provider. The provider is everything before the first slash, so model ids may contain slashes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRef {
    provider: String,
    model: String,
}

/// Why a text is not a model reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelRefError {
    /// Nothing was given, or nothing on one side of the slash.
    #[error("invalid model reference: `{0}` (expected `provider/model`, like `anthropic/claude-sonnet-5`)")]
    Incomplete(String),
    /// Control characters or white space inside.
    #[error("invalid model reference: it contains white space or control characters")]
    Unprintable,
}

impl ModelRef {
    /// A model of a provider.
    pub(super) fn new(provider: &str, model: &str) -> Self {
        Self { provider: provider.to_ascii_lowercase(), model: model.to_owned() }
    }

    /// The provider's id, lower case.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The model's id as the provider knows it.
    pub fn model(&self) -> &str {
        &self.model
    }
}

impl FromStr for ModelRef {
    type Err = ModelRefError;

    /// Parses `provider/model`; a bare model id is one of Anthropic's.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(ModelRefError::Unprintable);
        }
        let (provider, model) = text.split_once('/').unwrap_or((ANTHROPIC, text));
        if provider.is_empty() || model.is_empty() {
            return Err(ModelRefError::Incomplete(text.to_owned()));
        }
        Ok(Self::new(provider, model))
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

impl Serialize for ModelRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slash_divides_provider_and_model() {
        let parsed: ModelRef = "OpenRouter/anthropic/claude-x".parse().unwrap();
        assert_eq!((parsed.provider(), parsed.model()), ("openrouter", "anthropic/claude-x"));
        assert_eq!(parsed.to_string(), "openrouter/anthropic/claude-x");
    }

    #[test]
    fn a_bare_model_is_anthropics() {
        let parsed: ModelRef = "claude-sonnet-5".parse().unwrap();
        assert_eq!(parsed.to_string(), "anthropic/claude-sonnet-5");
    }

    #[test]
    fn half_a_reference_is_refused() {
        for text in ["", " ", "/x", "anthropic/", "/"] {
            assert!(text.parse::<ModelRef>().is_err(), "{text:?}");
        }
        assert_eq!("a/b c".parse::<ModelRef>(), Err(ModelRefError::Unprintable));
    }
}
