//! The models a session can ask: those this agent's credentials open now, and the others with the reason. A change while the
//! prompt cache is warm says what it costs.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::super::live::AgentView;
use crate::SCHEMA_VERSION;
use crate::anthropic::Usage;
use crate::anthropic::cache::Marker;
use crate::auth::health::Usable;
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::auth::wording;
use crate::converse::choice::Wanted;
use crate::error::Failure;
use crate::models::known::KnownModels;
use crate::models::offer;
use crate::models::refs::ModelRef;
use crate::models::selection::AgentModels;
use crate::provider;
use crate::sessions::Conversation;
use crate::sessions::cache::{Warmth, warmth};
use crate::text::capitalised;
use crate::usage::price;
use crate::usage::receipt::grouped;

/// What can be chosen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct Picker {
    schema_version: u32,
    /// The agent's own model, which is asked where nothing is chosen.
    pub(in crate::gateway) default: Choice,
    /// What the session chose; `null` for the agent's model.
    pub(in crate::gateway) chosen: Option<String>,
    /// Which model is asked next, in words.
    pub(in crate::gateway) words: String,
    /// Models to choose.
    pub(in crate::gateway) choices: Vec<Choice>,
}

/// A model that can be chosen, or why it cannot.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gateway) struct Choice {
    pub(in crate::gateway) model: ModelRef,
    /// Window and price, as far as they are known.
    pub(in crate::gateway) note: String,
    /// Why it cannot be asked now.
    pub(in crate::gateway) reason: Option<String>,
    /// What a change to it costs while the cache is warm for another one.
    pub(in crate::gateway) rereads: Option<String>,
}

impl Choice {
    /// As it is called in a list.
    pub(in crate::gateway) fn label(&self) -> String {
        let short = match self.model.provider() {
            "anthropic" => self.model.model().to_owned(),
            _ => self.model.to_string(),
        };
        match &self.reason {
            Some(reason) => format!("{short} ({reason})"),
            None => short,
        }
    }
}

impl Picker {
    /// Whether the session chose this one.
    pub(in crate::gateway) fn is_chosen(&self, choice: &Choice) -> bool {
        let chosen = self.chosen.as_deref().and_then(|text| text.split('@').next());
        chosen.is_some_and(|chosen| chosen == choice.model.to_string())
    }

    pub(super) fn of(
        agent: &AgentView,
        conversation: &Conversation,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let config = &agent.world.loaded.config;
        let inputs = agent.inputs();
        let primary = AgentModels::of(&agent.selected.id, config)?.primary;
        let wanted = Wanted::by(&agent.selected.id, config, conversation, None, &[])?;
        let warmth = warmth(conversation).filter(|warmth| warmth.until > now);
        let mut standing = Standing { known: KnownModels::of(config), inputs, surveyed: HashMap::new() };
        let mut choice = |offer: offer::Offer| Choice {
            reason: standing.reason(&offer.model),
            rereads: warmth.as_ref().and_then(|warmth| rereads(&offer.model, warmth, &inputs)),
            model: offer.model,
            note: offer.note,
        };
        let mut choices: Vec<Choice> =
            offer::known_offers(config, &primary).into_iter().map(&mut choice).collect();
        let default = choices.remove(0);
        // What was chosen once is in the list, whatever became of it.
        let chosen = conversation.choice();
        if let Some(model) = &chosen.model
            && *model != primary
            && !choices.iter().any(|choice| choice.model == *model)
        {
            choices.insert(0, choice(offer::Offer { model: model.clone(), note: String::new() }));
        }
        choices.sort_by_key(|choice| choice.reason.is_some());
        let chosen_text = chosen.model.as_ref().map(|model| match &chosen.profile {
            Some(profile) => format!("{model}@{profile}"),
            None => model.to_string(),
        });
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            default,
            chosen: chosen_text,
            words: wanted.in_words(chosen),
            choices,
        })
    }
}

/// Whether models can be asked now; many are of one class.
struct Standing<'a> {
    known: KnownModels<'a>,
    inputs: Inputs<'a>,
    surveyed: HashMap<(String, String), Option<String>>,
}

impl Standing<'_> {
    fn reason(&mut self, model: &ModelRef) -> Option<String> {
        let key = (model.provider().to_owned(), self.known.class_of(model).to_owned());
        if let Some(reason) = self.surveyed.get(&key) {
            return reason.clone();
        }
        let reason = reason(model.provider(), &key.1, &self.inputs);
        self.surveyed.insert(key, reason.clone());
        reason
    }
}

fn reason(provider: &str, class: &str, inputs: &Inputs<'_>) -> Option<String> {
    if provider::check_api(provider, inputs.config).is_err() {
        return Some("speaks another protocol".to_owned());
    }
    let auth = ProviderAuth::survey(provider, class, inputs);
    if auth.next.is_some() {
        return None;
    }
    let first = auth.profiles.iter().find(|judged| matches!(judged.verdict.usable, Usable::No(_)));
    Some(match first {
        Some(judged) => wording::health(&judged.verdict, inputs.now),
        None => format!("no credential for {provider}"),
    })
}

/// What it costs to read again what the cache holds for another model.
fn rereads(model: &ModelRef, warmth: &Warmth, inputs: &Inputs<'_>) -> Option<String> {
    if warmth.model.as_ref() == Some(model) {
        return None;
    }
    let usage = match warmth.marker {
        Marker::FiveMinutes => Usage { cache_write_5m: warmth.tokens, ..Usage::default() },
        Marker::OneHour => Usage { cache_write_1h: warmth.tokens, ..Usage::default() },
    };
    let prices = KnownModels::of(inputs.config).model(model).map(|known| *known.prices_for(warmth.tokens));
    let cost = prices.and_then(|prices| price::cost(&usage, &prices));
    let cost = cost.map(|cost| format!(", about {cost}")).unwrap_or_default();
    let tokens = grouped(warmth.tokens);
    Some(capitalised(&format!("{} would read {tokens} tokens again{cost}.", model.model())))
}
