//! Failures of naming and choosing models.

use super::{Exit, Failure, capitalised};
use crate::config::unknown_keys::nearest;
use crate::models::allowed::NotAllowed;
use crate::models::choice::ChoiceError;
use crate::models::refs::ModelRef;
use crate::text::{one_line, shell_word, without_credentials};

/// Most models that a refusal names.
const MOST_NAMED: usize = 20;

impl From<NotAllowed> for Failure {
    fn from(error: NotAllowed) -> Self {
        let path = format!("agents.defaults.models[{}]", serde_json::Value::from(error.model.to_string()));
        let message = format!("{}.", capitalised(&error.to_string()));
        Self::new(Exit::Usage, "model_not_allowed", without_credentials(&message))
            .fact(format!("allowed by the config: {}", some(&error.allowed)))
            .hint("name one of those, or allow it")
            .command(without_credentials(&format!("fased config set {} '{{}}'", shell_word(&path))))
    }
}

impl From<ChoiceError> for Failure {
    fn from(error: ChoiceError) -> Self {
        let message = without_credentials(&one_line(&error.to_string()));
        let usage = |kind| Self::new(Exit::Usage, kind, message.clone());
        match error {
            ChoiceError::IsPrimary { .. } => {
                usage("fallback_is_primary").hint("name another model").command("fased models list --all")
            }
            ChoiceError::NoFallback { fallbacks, .. } if fallbacks.is_empty() => {
                usage("no_such_fallback").fact("there are no fallbacks")
            }
            ChoiceError::NoFallback { fallbacks, .. } => {
                usage("no_such_fallback").fact(format!("fallbacks: {}", some(&fallbacks)))
            }
            ChoiceError::AliasTaken { alias, .. } => usage("alias_taken")
                .hint("choose another alias, or remove that one first")
                .command(format!("fased models aliases remove {}", shell_word(&alias))),
            ChoiceError::NoAlias { alias, known } => {
                let meant = nearest(&alias, known.iter().map(String::as_str));
                let hint = meant.map(|name| format!("did you mean {}?", one_line(&name)));
                usage("no_such_alias")
                    .hint(hint.unwrap_or_else(|| "see those there are".to_owned()))
                    .command("fased models aliases list")
            }
            ChoiceError::Configured(error) => error.into(),
            ChoiceError::Agents(error) => error.into(),
            ChoiceError::Edit(error) => error.into(),
        }
    }
}

/// The first of many models.
fn some(models: &[ModelRef]) -> String {
    let mut shown: Vec<String> = models.iter().take(MOST_NAMED).map(|it| one_line(&it.to_string())).collect();
    if models.len() > MOST_NAMED {
        shown.push(format!("and {} more", models.len() - MOST_NAMED));
    }
    shown.join(", ")
}
