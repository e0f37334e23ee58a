//! What an agent uses its credentials for, as forms: models by their work, and what goes with requests to them.

use jiff::civil::Date;

use crate::auth::resolve::Inputs;
use crate::config::schema::CacheRetention;
use crate::config::{AgentId, Config, SelectedAgent};
use crate::error::Failure;
use crate::models::choices::Choices;
use crate::models::known::KnownModels;
use crate::models::list::{ListInputs, ListedModel, ModelsReport};
use crate::models::offer::{dollars, price_words, token_count};
use crate::models::params::Origin;
use crate::models::params::layer::{Chosen, Layer};
use crate::models::refs::ModelRef;
use crate::models::roles::Role;
use crate::models::selection::AgentModels;

/// The form of the models.
#[derive(Debug)]
pub(super) struct RolesCard {
    /// Whose choices it shows, as the API calls it.
    pub(super) whose: &'static str,
    /// Each with a picker.
    pub(super) pickers: Vec<Picker>,
    pub(super) fallbacks: Fallbacks,
}

/// A choice of one model.
#[derive(Debug)]
pub(super) struct Picker {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// What it is for.
    pub(super) purpose: &'static str,
    /// What holds when nothing is chosen here.
    pub(super) unset: String,
    pub(super) offers: Vec<Offer>,
}

/// Models asked one after the other.
#[derive(Debug)]
pub(super) struct Fallbacks {
    /// Whether the list is written here, and not taken from elsewhere.
    pub(super) is_own: bool,
    pub(super) models: Vec<ModelRef>,
    pub(super) offers: Vec<Offer>,
}

/// A model that may be chosen, or why not.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    pub(super) model: ModelRef,
    pub(super) note: String,
    /// Why it cannot be used now.
    pub(super) obstacle: Option<&'static str>,
    pub(super) is_chosen: bool,
}

impl Offer {
    fn of(model: &ListedModel) -> Self {
        let window = model.context_window.map(|tokens| format!("{} context", token_count(tokens)));
        let price = price_words(&model.prices).map(|(input, output)| format!("{input} in / {output} out"));
        let obstacle = match () {
            () if !model.allowed => Some("not allowed by the config"),
            () if model.is_retired => Some("switched off by the provider"),
            () if !model.available => Some("no usable credential"),
            () => None,
        };
        Self {
            model: model.key.clone(),
            note: window.into_iter().chain(price).collect::<Vec<_>>().join(", "),
            obstacle,
            is_chosen: false,
        }
    }

    /// Whether it can be chosen anew. What is chosen stays in sight whatever became of it.
    pub(super) fn is_greyed(&self) -> bool {
        self.obstacle.is_some() && !self.is_chosen
    }

    /// The line of the picker.
    pub(super) fn line(&self) -> String {
        let note = match (self.obstacle, self.note.as_str()) {
            (Some(obstacle), _) => obstacle,
            (None, note) => note,
        };
        if note.is_empty() { self.model.to_string() } else { format!("{} ({note})", self.model) }
    }
}

impl RolesCard {
    /// The choices of an agent, or of all agents that say nothing else.
    pub(super) fn of(
        agent: &SelectedAgent,
        for_all: bool,
        inputs: &Inputs<'_>,
        today: Date,
    ) -> Result<Self, Failure> {
        let config = inputs.config;
        let whose = (!for_all).then_some(&agent.id);
        let written = Choices::written(whose, config)?;
        // What holds where nothing is chosen here.
        let below = AgentModels::chosen(None, config)?;
        let here = AgentModels::chosen(whose, config)?;
        let list = ModelsReport::make(ListInputs {
            auth: inputs,
            agent,
            all: true,
            provider: None,
            local_only: false,
            account: None,
            is_local: &|_| None,
            today,
        })?;
        let offers: Vec<Offer> = list.models.iter().map(Offer::of).collect();
        let among = |chosen: Option<&ModelRef>| marked(&offers, chosen);
        let from = if for_all { "built in" } else { "as for all agents" };
        let builtin = crate::models::catalog::Catalog::embedded().default_model();
        let primary_below = if for_all { builtin } else { &below.primary };
        let mut pickers = vec![
            Picker {
                name: "primary",
                label: "Primary",
                purpose: "asked first, for whatever nothing else is chosen for",
                unset: format!("Not chosen here: {primary_below} ({from})"),
                offers: among(written.primary.as_ref()),
            },
            Picker {
                name: "image",
                label: "Image",
                purpose: "for requests with images",
                unset: match below.image.as_ref().filter(|_| !for_all) {
                    Some(image) => format!("Not chosen here: {image} ({from})"),
                    None => "As the primary".to_owned(),
                },
                offers: among(written.image.as_ref()),
            },
        ];
        pickers.extend(Role::ALL.into_iter().map(|role| {
            let (label, purpose) = in_words(role);
            Picker {
                name: role.as_key(),
                label,
                purpose,
                unset: match below.role(role).filter(|_| !for_all) {
                    Some(chosen) => format!("Not chosen here: {} ({from})", chosen.model),
                    None => "As the primary".to_owned(),
                },
                offers: among(written.role(role)),
            }
        }));
        Ok(Self {
            whose: if for_all { "all" } else { "agent" },
            pickers,
            fallbacks: Fallbacks {
                is_own: written.fallbacks.is_some(),
                models: written.fallbacks.unwrap_or(here.fallbacks),
                offers,
            },
        })
    }
}

/// Offers with the chosen one marked; one that is not among them comes first.
fn marked(offers: &[Offer], chosen: Option<&ModelRef>) -> Vec<Offer> {
    let mut offers = offers.to_vec();
    let Some(chosen) = chosen else { return offers };
    match offers.iter_mut().find(|offer| offer.model == *chosen) {
        Some(offer) => offer.is_chosen = true,
        None => {
            let (model, note) = (chosen.clone(), "as now".to_owned());
            offers.insert(0, Offer { model, note, obstacle: None, is_chosen: true });
        }
    }
    offers
}

fn in_words(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::CheapCheck => ("Cheap check", "quick, low-cost checks"),
        Role::Strong => ("Strong", "hard questions"),
        Role::Escalation => ("Escalation", "what the others could not do"),
        Role::Coding => ("Coding", "programming"),
        Role::Summarizer => ("Summarizer", "summaries"),
    }
}

/// The form of the parameters.
#[derive(Debug)]
pub(super) struct ParametersCard {
    pub(super) model: ModelRef,
    /// What holds now, each with who set it.
    pub(super) now: Vec<Parameter>,
    /// What is written for the model, for all agents; and for this agent, whatever the model.
    pub(super) layers: [LayerForm; 2],
    /// What caching costs and saves.
    pub(super) prices: Option<String>,
}

/// A parameter as it holds.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) label: &'static str,
    pub(super) value: String,
    pub(super) from: String,
    /// What else is to be known.
    pub(super) note: Option<String>,
}

/// What is written at one layer.
#[derive(Debug)]
pub(super) struct LayerForm {
    pub(super) whose: &'static str,
    pub(super) title: String,
    pub(super) retention: Vec<Setting>,
    pub(super) context1m: Vec<Setting>,
}

/// A value that may be chosen.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) is_chosen: bool,
}

impl ParametersCard {
    pub(super) fn of(
        agent: &AgentId,
        explained: &crate::ask::explain::Explanation<'_>,
        config: &Config,
    ) -> Self {
        let (model, parameters) = (&explained.model, &explained.parameters);
        let retention = match parameters.cache_retention.value {
            CacheRetention::None => "none",
            CacheRetention::Short => "5 minutes",
            CacheRetention::Long => "1 hour",
        };
        let temperature = parameters.temperature.value;
        let now = vec![
            Parameter {
                label: "Cache retention",
                value: retention.to_owned(),
                from: from(&parameters.cache_retention.origin),
                note: parameters.cache_retention.note.clone(),
            },
            Parameter {
                label: "1M context",
                value: if parameters.context1m.value { "on" } else { "off" }.to_owned(),
                from: from(&parameters.context1m.origin),
                note: parameters.context1m.note.clone(),
            },
            Parameter {
                label: "Most tokens of an answer",
                value: parameters.max_tokens.value.to_string(),
                from: from(&parameters.max_tokens.origin),
                note: parameters.max_tokens.note.clone(),
            },
            Parameter {
                label: "Temperature",
                value: temperature.map_or_else(|| "left to the API".to_owned(), |it| it.to_string()),
                from: from(&parameters.temperature.origin),
                note: parameters.temperature.note.clone(),
            },
        ];
        Self {
            now,
            layers: [
                LayerForm::of("all", format!("For {model}, all agents"), Layer::Model(model).chosen(config)),
                LayerForm::of(
                    "agent",
                    format!("Only for agent {agent}, whatever the model"),
                    Layer::Agent(agent).chosen(config),
                ),
            ],
            prices: prices(model, config),
            model: model.clone(),
        }
    }
}

fn from(origin: &Origin) -> String {
    origin.to_string()
}

/// What keeping a prompt costs and reading it again saves.
fn prices(model: &ModelRef, config: &Config) -> Option<String> {
    let known = KnownModels::of(config).model(model)?;
    let prices = &known.prices;
    let (plain, short) = (dollars(prices.input?), dollars(prices.cache_write_5m?));
    let (long, read) = (dollars(prices.cache_write_1h?), dollars(prices.cache_read?));
    Some(format!(
        "A million tokens of prompt cost {plain} plain, {short} when kept for 5 minutes, {long} when kept for 1 hour, \
         and {read} each time they are read again."
    ))
}

impl LayerForm {
    fn of(whose: &'static str, title: String, chosen: Chosen) -> Self {
        let retention = chosen.cache_retention;
        let retentions = [
            ("", "Not set here", None),
            ("none", "None", Some(CacheRetention::None)),
            ("short", "5 minutes", Some(CacheRetention::Short)),
            ("long", "1 hour", Some(CacheRetention::Long)),
        ];
        let contexts =
            [("", "Not set here", None), ("true", "On", Some(true)), ("false", "Off", Some(false))];
        Self {
            whose,
            title,
            retention: retentions
                .into_iter()
                .map(|(value, label, of)| Setting { value, label, is_chosen: of == retention })
                .collect(),
            context1m: contexts
                .into_iter()
                .map(|(value, label, of)| Setting { value, label, is_chosen: of == chosen.context1m })
                .collect(),
        }
    }
}
