//! The models a session can ask: those this agent's credentials open now, and the others with the reason. A change while the
//! prompt cache is warm says what it costs.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;

use super::super::live::AgentView;
use crate::SCHEMA_VERSION;
use crate::anthropic::Usage;
use crate::anthropic::cache::Marker;
use crate::auth::ProfileId;
use crate::auth::health::Usable;
use crate::auth::resolve::{Inputs, Judged, ProviderAuth};
use crate::auth::wording;
use crate::converse::choice::Wanted;
use crate::error::Failure;
use crate::models::known::KnownModels;
use crate::models::offer;
use crate::models::refs::ModelRef;
use crate::models::selection::AgentModels;
use crate::provider;
use crate::sessions::cache::{Warmth, warmth};
use crate::sessions::{Conversation, ModelChoice};
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
    /// The profile that is used with it and no other.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_id: Option<ProfileId>,
    /// Window and price, as far as they are known.
    pub(in crate::gateway) note: String,
    /// Why it cannot be asked now.
    pub(in crate::gateway) reason: Option<String>,
    /// What a change to it costs while the cache is warm for another one.
    pub(in crate::gateway) rereads: Option<String>,
}

impl Choice {
    /// As it is typed.
    pub(in crate::gateway) fn value(&self) -> String {
        match &self.profile_id {
            Some(profile) => format!("{}@{profile}", self.model),
            None => self.model.to_string(),
        }
    }

    /// As it is called in a list.
    pub(in crate::gateway) fn label(&self) -> String {
        let mut short = match self.model.provider() {
            "anthropic" => self.model.model().to_owned(),
            _ => self.model.to_string(),
        };
        if let Some(profile) = &self.profile_id {
            short.push_str(&format!(" with {profile}"));
        }
        match &self.reason {
            Some(reason) => format!("{short} ({reason})"),
            None => short,
        }
    }
}

impl Picker {
    /// Whether the session chose this one.
    pub(in crate::gateway) fn is_chosen(&self, choice: &Choice) -> bool {
        self.chosen.as_deref().is_some_and(|chosen| chosen == choice.value())
    }

    pub(super) fn of(
        agent: &AgentView,
        conversation: &Conversation,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let config = &agent.world.loaded.config;
        let inputs = agent.inputs();
        let primary = AgentModels::of(&agent.selected.id, config)?.primary;
        // A session nobody can be asked about, because it holds an image, can be looked at and given another model.
        let words = match Wanted::by(&agent.selected.id, config, conversation, None, &[]) {
            Ok(wanted) => wanted.in_words(),
            Err(failure) => failure.message,
        };
        let warmth = warmth(conversation).filter(|warmth| warmth.until > now);
        let mut standing = Standing { known: KnownModels::of(config), inputs, surveyed: HashMap::new() };
        let mut choice = |model: ModelRef, note: String, profile_id: Option<ProfileId>| Choice {
            reason: standing.reason(&model, profile_id.as_ref()),
            rereads: warmth.as_ref().and_then(|warmth| rereads(&model, warmth, &inputs)),
            model,
            profile_id,
            note,
        };
        let offers = offer::known_offers(config, &primary).into_iter();
        let mut choices: Vec<Choice> = offers.map(|offer| choice(offer.model, offer.note, None)).collect();
        // What was chosen is in the list as it was chosen, whatever became of it.
        let ModelChoice { model, profile } = conversation.choice().clone();
        let chosen = model.map(|model| {
            let known = choices.iter().find(|choice| choice.model == model);
            choice(model, known.map(|known| known.note.clone()).unwrap_or_default(), profile)
        });
        let default = choices.remove(0);
        let chosen_text = chosen.as_ref().map(Choice::value);
        if let Some(chosen) = chosen
            && !choices.iter().any(|choice| choice.value() == chosen.value())
        {
            choices.insert(0, chosen);
        }
        choices.sort_by_key(|choice| choice.reason.is_some());
        Ok(Self { schema_version: SCHEMA_VERSION, default, chosen: chosen_text, words, choices })
    }
}

/// Whether models can be asked now; many are of one class.
struct Standing<'a> {
    known: KnownModels<'a>,
    inputs: Inputs<'a>,
    surveyed: HashMap<(String, String, Option<ProfileId>), Option<String>>,
}

impl Standing<'_> {
    fn reason(&mut self, model: &ModelRef, pinned: Option<&ProfileId>) -> Option<String> {
        let key = (model.provider().to_owned(), self.known.class_of(model).to_owned(), pinned.cloned());
        if let Some(reason) = self.surveyed.get(&key) {
            return reason.clone();
        }
        let reason = reason(model.provider(), &key.1, pinned, &self.inputs);
        self.surveyed.insert(key, reason.clone());
        reason
    }
}

fn reason(provider: &str, class: &str, pinned: Option<&ProfileId>, inputs: &Inputs<'_>) -> Option<String> {
    if provider::check_api(provider, inputs.config).is_err() {
        return Some("speaks another protocol".to_owned());
    }
    let auth = ProviderAuth::survey(provider, class, inputs);
    let is_unusable = |judged: &&Judged<'_>| matches!(judged.verdict.usable, Usable::No(_));
    let unusable = match pinned {
        Some(pinned) => match auth.profiles.iter().find(|judged| judged.profile.id == *pinned) {
            Some(judged) if !is_unusable(&judged) => return None,
            judged => judged,
        },
        None if auth.next.is_some() => return None,
        None => auth.profiles.iter().find(is_unusable),
    };
    Some(match unusable {
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
