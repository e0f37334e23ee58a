//! The models that agents would ask, looked at over all agents: those that end, those nothing is known of, and those of a
//! provider that cannot be asked. A model is one finding, however many agents it is chosen for.

use indexmap::IndexMap;
use jiff::civil::Date;

use super::{Finding, Patient, Severity};
use crate::auth::configured::other_api;
use crate::auth::form::ANTHROPIC;
use crate::auth::wording::{self, Fix};
use crate::config::edit::{Segment, shown};
use crate::config::load::Loaded;
use crate::config::{AgentId, Config, SelectedAgent};
use crate::models::advice::{self, Doubt};
use crate::models::catalog::Catalog;
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::models::roles::Role;
use crate::models::selection::{AgentModels, ChoiceSource};
use crate::provider::{self, ProviderError};
use crate::text::{one_line, shell_word, without_credentials};

/// Most agents and commands that a finding names.
const MOST_NAMED: usize = 20;

/// A model, for whom it is chosen, and where.
#[derive(Default)]
struct Chosen<'a> {
    agents: Vec<&'a SelectedAgent>,
    places: Vec<Place<'a>>,
}

/// A choice in the config.
#[derive(PartialEq, Eq)]
struct Place<'a> {
    task: Task,
    /// The agent whose own choice it is; all agents' without one.
    of: Option<&'a AgentId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Primary,
    Fallback,
    Image,
    ImageFallback,
    Role(Role),
}

pub(super) fn look(
    patient: &Patient<'_>,
    loaded: &Loaded,
    agents: &[SelectedAgent],
    findings: &mut Vec<Finding>,
) {
    let Loaded { config, env } = loaded;
    let today = patient.now.to_zoned(jiff::tz::TimeZone::UTC).date();
    for (model, chosen) in all(agents, config) {
        findings.extend(match provider::check(model.provider(), config, env) {
            Err(error) => Some(unusable(&model, &chosen, &error, config)),
            Ok(()) => doubtful(&model, &chosen, config, today),
        });
    }
}

/// Every model that some agent would ask.
fn all<'a>(agents: &'a [SelectedAgent], config: &Config) -> IndexMap<ModelRef, Chosen<'a>> {
    let mut all: IndexMap<ModelRef, Chosen<'a>> = IndexMap::new();
    for agent in agents {
        // A choice that is no reference has its finding by the agent's status.
        let Ok(models) = AgentModels::of(&agent.id, config) else { continue };
        for (model, task, source) in tasks(&models) {
            let chosen = all.entry(model.clone()).or_default();
            if chosen.agents.last().is_none_or(|last| last.id != agent.id) {
                chosen.agents.push(agent);
            }
            let place = Place { task, of: (source == ChoiceSource::Agent).then_some(&agent.id) };
            if !chosen.places.contains(&place) {
                chosen.places.push(place);
            }
        }
    }
    all
}

fn tasks(models: &AgentModels) -> impl Iterator<Item = (&ModelRef, Task, ChoiceSource)> {
    let fallbacks = models.fallbacks.iter().map(|model| (model, Task::Fallback, models.fallbacks_source));
    let image = models.image.iter().map(|model| (model, Task::Image, models.image_source));
    let image_fallbacks = models.image_fallbacks.iter();
    let image_fallbacks =
        image_fallbacks.map(|model| (model, Task::ImageFallback, models.image_fallbacks_source));
    let roles = models.roles.iter().map(|chosen| (&chosen.model, Task::Role(chosen.role), chosen.source));
    let primary = (&models.primary, Task::Primary, models.primary_source);
    [primary].into_iter().chain(fallbacks).chain(image).chain(image_fallbacks).chain(roles)
}

/// A model of a provider that cannot be asked.
fn unusable(model: &ModelRef, chosen: &Chosen<'_>, error: &ProviderError, config: &Config) -> Finding {
    let provider = model.provider();
    let elsewhere = chosen.replaced(model, Catalog::embedded().default_model());
    let fix = match error {
        ProviderError::NoBaseUrl { .. } => {
            let agent = chosen.agents.first().and_then(|agent| agent.named());
            let setup = wording::endpoint_setup(provider, Some(model.model()), agent);
            Fix {
                advice: Some("set up its endpoint, or have another model asked".to_owned()),
                commands: [setup].into_iter().chain(elsewhere).collect(),
            }
        }
        // Whatever is asked in its place is Anthropic's too.
        _ if provider == ANTHROPIC && other_api(provider, config).is_some() => {
            let written = config.provider_entry(provider).map_or(provider, |(written, _)| written);
            let path = Segment::keys(["models", "providers", written, "api"]);
            Fix::run([format!("fased config unset {}", shell_word(&shown(&path)))])
        }
        _ => Fix::run(elsewhere),
    };
    let message =
        format!("{model} cannot be asked: {}", error.to_string().replacen("Provider", "provider", 1));
    chosen.finding("provider-unusable", Severity::Problem, &message, fix)
}

/// A model that ends, or that nothing is known of.
fn doubtful(model: &ModelRef, chosen: &Chosen<'_>, config: &Config, today: Date) -> Option<Finding> {
    let known = KnownModels::of(config);
    let (id, severity) = match advice::doubt(model, &known, today)? {
        Doubt::Unknown => ("model-unknown", Severity::Note),
        Doubt::Ends(_) => ("model-ends", Severity::Warning),
        Doubt::Ended(_) => ("model-ended", Severity::Problem),
    };
    let fix = match id {
        "model-unknown" => Fix {
            advice: Some("see whether it is spelled so".to_owned()),
            commands: vec!["fased models list --all".to_owned()],
        },
        _ => {
            let successor = known.model(model).and_then(|known| known.successor);
            let instead = successor.as_ref().unwrap_or_else(|| Catalog::embedded().default_model());
            Fix::run(chosen.replaced(model, instead))
        }
    };
    Some(chosen.finding(id, severity, &advice::about(model, &known, today)?, fix))
}

impl Chosen<'_> {
    /// The lines that put another model in the place of this one, wherever it is chosen.
    fn replaced(&self, model: &ModelRef, instead: &ModelRef) -> Vec<String> {
        let word = |model: &ModelRef| shell_word(&without_credentials(&model.to_string()));
        let (old, new) = (word(model), word(instead));
        let line = |Place { task, of }: &Place<'_>| {
            let flag = of.map(|id| format!(" --agent {id}")).unwrap_or_default();
            match task {
                Task::Primary => format!("fased models set {new}{flag}"),
                Task::Image => format!("fased models set-image {new}{flag}"),
                Task::Role(role) => format!("fased models roles set {role} {new}{flag}"),
                // Which model is asked at that place of the list is for people to say.
                Task::Fallback => format!("fased models fallbacks remove {old}{flag}"),
                Task::ImageFallback => format!("fased models image-fallbacks remove {old}{flag}"),
            }
        };
        self.places.iter().take(MOST_NAMED).map(line).collect()
    }

    /// A finding about the model; several agents are named.
    fn finding(&self, id: &'static str, severity: Severity, message: &str, fix: Fix) -> Finding {
        let message = without_credentials(&one_line(message));
        match self.agents.as_slice() {
            [agent] => Finding::new(id, severity, message, fix).of(agent),
            agents => {
                let mut names: Vec<String> =
                    agents.iter().take(MOST_NAMED).map(|agent| agent.id.to_string()).collect();
                if agents.len() > MOST_NAMED {
                    names.push(format!("and {} more", agents.len() - MOST_NAMED));
                }
                Finding::new(id, severity, format!("{message} Agents: {}.", names.join(", ")), fix)
            }
        }
    }
}
