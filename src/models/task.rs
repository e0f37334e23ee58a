//! Models by the work they are for.

use super::refs::ModelRef;
use super::selection::{ConfiguredModelError, resolve_alias};
use crate::config::schema::TaskModels;
use crate::config::{AgentId, Config};

/// Work that a model of its own may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Quick checks that should cost little.
    CheapCheck,
    /// Hard questions.
    Strong,
    /// What the others could not do.
    Escalation,
    /// Programming.
    Coding,
    /// Summaries.
    Summarizer,
}

impl Task {
    fn of(self, models: &TaskModels) -> Option<&str> {
        match self {
            Self::CheapCheck => models.cheap_check.as_deref(),
            Self::Strong => models.strong.as_deref(),
            Self::Escalation => models.escalation.as_deref(),
            Self::Coding => models.coding.as_deref(),
            Self::Summarizer => models.summarizer.as_deref(),
        }
    }

    /// The model an agent does this work with: its own choice, else that of the defaults; without either its primary
    /// model does it, and this is `None`.
    ///
    /// # Errors
    /// When the configured reference is no reference.
    pub fn model(self, agent: &AgentId, config: &Config) -> Result<Option<ModelRef>, ConfiguredModelError> {
        let own = config.agent(agent).and_then(|agent| self.of(&agent.task_models));
        let own = own.map(|text| (text, "agents.list[].taskModels"));
        let defaults = self.of(&config.agents.defaults.task_models);
        let Some((text, key)) = own.or(defaults.map(|text| (text, "agents.defaults.taskModels"))) else {
            return Ok(None);
        };
        resolve_alias(text, config).map(Some).map_err(|source| ConfiguredModelError { key, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_own_model_for_a_task_wins_over_the_defaults() {
        let config = crate::config::load::parse(
            "{agents:{defaults:{taskModels:{strong:'Big',coding:'anthropic/c'},models:{'anthropic/b':{alias:'Big'}}},
              list:[{id:'a',taskModels:{coding:'anthropic/own'}}]}}",
        )
        .unwrap();
        let model = |agent: &str, task: Task| {
            let model = task.model(&agent.parse().unwrap(), &config).unwrap();
            model.map(|model| model.to_string())
        };
        assert_eq!(model("a", Task::Coding).as_deref(), Some("anthropic/own"));
        assert_eq!(model("a", Task::Strong).as_deref(), Some("anthropic/b"));
        assert_eq!(model("main", Task::Coding).as_deref(), Some("anthropic/c"));
        assert_eq!(model("a", Task::Summarizer), None);
    }
}
