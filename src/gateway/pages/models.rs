//! The credentials of all agents, by provider, and the way in: where a browser goes first.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;

use super::super::api;
use super::super::app::App;
use super::super::routes::Call;
use super::frame::{Frame, Room};
use super::rows::{ProviderCard, Tone};
use crate::auth::form::ANTHROPIC;
use crate::config::AgentId;
use crate::models::selection::AgentModels;

#[derive(Template)]
#[template(path = "models.html")]
struct ModelsPage {
    frame: Frame,
    providers: Vec<Provider>,
    /// Agents that cannot be looked at, and why.
    problems: Vec<(AgentId, String)>,
}

/// A provider with what each agent has of it.
struct Provider {
    title: String,
    id: String,
    verdict: String,
    tone: Tone,
    agents: Vec<(AgentId, ProviderCard)>,
}

/// `GET /models`
pub(super) async fn show(app: Arc<App>, call: Call) -> Response {
    super::blocking(move || super::shown(&page(&app, &call))).await
}

fn page(app: &App, call: &Call) -> ModelsPage {
    let (mut providers, mut problems): (Vec<Provider>, _) = (Vec::new(), Vec::new());
    for agent in app.live.agents() {
        let cards = api::view(app, agent.id.as_str()).and_then(|view| {
            let now = view.inputs().now;
            let report = api::report(app, &view)?;
            let mut cards: Vec<ProviderCard> =
                report.auth.providers.iter().map(|provider| ProviderCard::of(provider, now)).collect();
            let missing = report.auth.missing_providers_in_use.iter();
            let missing = missing.filter(|name| report.auth.providers.iter().all(|it| it.provider != **name));
            cards.extend(missing.map(|name| ProviderCard::empty(name)));
            Ok(cards)
        });
        match cards {
            Ok(cards) => {
                for card in cards {
                    match providers.iter_mut().find(|provider| provider.id == card.id) {
                        Some(provider) => provider.agents.push((agent.id.clone(), card)),
                        None => providers.push(Provider::new(agent.id.clone(), card)),
                    }
                }
            }
            Err(failure) => problems.push((agent.id, failure.message)),
        }
    }
    providers.sort_by_key(|provider| provider.id != ANTHROPIC);
    providers.iter_mut().for_each(Provider::judge);
    ModelsPage { frame: Frame::of_all(app, Room::Models, call), providers, problems }
}

impl Provider {
    fn new(agent: AgentId, card: ProviderCard) -> Self {
        Self {
            title: card.title.clone(),
            id: card.id.clone(),
            verdict: String::new(),
            tone: Tone::Quiet,
            agents: vec![(agent, card)],
        }
    }

    /// One line over all agents: how many have a credential that would be used now.
    fn judge(&mut self) {
        let ready = self.agents.iter().filter(|(_, card)| card.is_ready()).count();
        (self.verdict, self.tone) = match (ready, self.agents.len()) {
            (1, 1) => ("1 agent, ready".to_owned(), Tone::Good),
            (0, 1) => ("1 agent, without a usable credential".to_owned(), Tone::Bad),
            (ready, all) => {
                let tone = if ready == all { Tone::Good } else { Tone::Fair };
                (format!("{ready} of {all} agents ready"), tone)
            }
        };
    }
}

/// `GET /`: where somebody can go on. An agent that can answer is talked to; another one is set up.
pub(super) async fn home(app: Arc<App>, call: Call) -> Response {
    super::blocking(move || {
        let frame = Frame::of_all(&app, Room::Chat, &call);
        let can_answer = api::view(&app, frame.focus.as_str()).ok().is_some_and(|view| {
            let Ok(models) = AgentModels::of(&view.selected.id, &view.world.loaded.config) else {
                return false;
            };
            let Ok(report) = api::report(&app, &view) else { return false };
            let provider = report.auth.providers.iter().find(|it| it.provider == models.primary.provider());
            provider.is_some_and(|provider| provider.next.is_some())
        });
        let room = if can_answer { Room::Chat } else { Room::AgentModels };
        super::redirect(&room.path(&frame.focus))
    })
    .await
}
