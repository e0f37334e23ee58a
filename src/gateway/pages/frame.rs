//! What surrounds every page: the rooms there are, the agent in focus, and whether the gateway is well.

use super::super::app::App;
use super::super::routes::Call;
use crate::config::{AgentId, SelectedAgent};

/// A kind of page, as far as the frame knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Room {
    /// Talking to an agent.
    Chat,
    /// All agents.
    Agents,
    /// An agent's credentials and models.
    AgentModels,
    /// The credentials of all agents.
    Models,
    /// What was used.
    Usage,
}

/// The rooms of the rail.
const RAIL: [Room; 4] = [Room::Chat, Room::Agents, Room::Models, Room::Usage];

impl Room {
    /// Where it is for an agent.
    pub(in crate::gateway) fn path(self, agent: &AgentId) -> String {
        match self {
            Self::Chat => format!("/agents/{agent}/chat"),
            Self::AgentModels => format!("/agents/{agent}/models"),
            Self::Agents => format!("/agents?agent={agent}"),
            Self::Models => format!("/models?agent={agent}"),
            Self::Usage => format!("/usage?agent={agent}"),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Chat => "Chat",
            Self::Agents | Self::AgentModels => "Agents",
            Self::Models => "Models",
            Self::Usage => "Usage",
        }
    }
}

/// What surrounds a page.
#[derive(Debug)]
pub(super) struct Frame {
    room: Room,
    /// The agent in focus.
    pub(super) focus: AgentId,
    /// All agents, with this page of each.
    pub(super) agents: Vec<AgentLink>,
    /// What is wrong with the config.
    pub(super) problem: Option<String>,
    /// Port or address changed in it.
    pub(super) needs_restart: bool,
    /// Ours.
    pub(super) version: &'static str,
}

/// An agent that can be brought into focus.
#[derive(Debug)]
pub(super) struct AgentLink {
    pub(super) id: AgentId,
    pub(super) is_default: bool,
    pub(super) href: String,
}

/// A room that can be entered.
#[derive(Debug)]
pub(super) struct RoomLink {
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) is_current: bool,
}

impl Frame {
    /// Around a page of one agent.
    pub(super) fn of(app: &App, room: Room, focus: &AgentId) -> Self {
        let link = |agent: SelectedAgent| AgentLink {
            href: room.path(&agent.id),
            is_default: agent.is_default,
            id: agent.id,
        };
        Self {
            room,
            focus: focus.clone(),
            agents: app.live.agents().into_iter().map(link).collect(),
            problem: app.live.world().problem.clone(),
            needs_restart: app.live.needs_restart(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Around a page of all agents, where the one in focus stands in the query: `?agent=work`.
    pub(super) fn of_all(app: &App, room: Room, call: &Call) -> Self {
        let named = call.parameter("agent").and_then(|text| text.parse::<AgentId>().ok());
        let agents = app.live.agents();
        let known = named.filter(|id| agents.iter().any(|agent| agent.id == *id));
        let focus = known.or_else(|| agents.first().map(|agent| agent.id.clone()));
        Self::of(app, room, &focus.unwrap_or_else(AgentId::main))
    }

    /// The links of the rail.
    pub(super) fn links(&self) -> impl Iterator<Item = RoomLink> {
        RAIL.into_iter().map(|room| RoomLink {
            label: room.label(),
            href: room.path(&self.focus),
            is_current: room.label() == self.room.label(),
        })
    }
}
