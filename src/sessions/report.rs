//! The list of sessions as scripts get it.

use jiff::Timestamp;
use serde::Serialize;

use super::index::Listed;
use super::{SessionId, Summary};
use crate::SCHEMA_VERSION;
use crate::auth::ProfileId;
use crate::config::AgentId;
use crate::models::refs::ModelRef;

/// The sessions of an agent.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionsReport {
    schema_version: u32,
    /// The agent.
    pub agent_id: AgentId,
    /// The session used last comes first.
    pub sessions: Vec<SessionLine>,
}

/// A session. Times are milliseconds since 1970.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionLine {
    /// Its id.
    pub session_id: SessionId,
    /// The first words of its first question.
    pub title: Option<String>,
    /// When it began.
    pub created_at: Option<i64>,
    /// When somebody last said something in it.
    pub last_used_at: Option<i64>,
    /// How many questions were asked.
    pub turns: usize,
    /// The model it asks instead of the agent's.
    pub model: Option<ModelRef>,
    /// The profile it is pinned to.
    pub pinned_profile_id: Option<ProfileId>,
    /// The profile that answered last.
    pub last_profile_id: Option<ProfileId>,
    /// When it did.
    pub last_profile_used_at: Option<i64>,
    /// Why nothing more is known of it.
    pub problem: Option<String>,
}

impl SessionsReport {
    /// The report over these sessions.
    pub fn make(agent_id: AgentId, listed: Vec<Listed>) -> Self {
        let sessions = listed.into_iter().map(SessionLine::from).collect();
        Self { schema_version: SCHEMA_VERSION, agent_id, sessions }
    }
}

impl From<Listed> for SessionLine {
    fn from(listed: Listed) -> Self {
        let (summary, problem) = match listed.summary {
            Ok(summary) => (Some(summary), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let ms = |time: fn(&Summary) -> Option<Timestamp>| {
            summary.as_ref().and_then(time).map(Timestamp::as_millisecond)
        };
        let of = summary.as_ref();
        Self {
            session_id: listed.id,
            title: of.map(|summary| summary.title.clone()),
            created_at: ms(|summary| summary.created_at),
            last_used_at: ms(|summary| summary.last_used_at),
            turns: of.map_or(0, |summary| summary.turns),
            model: of.and_then(|summary| summary.model.clone()),
            pinned_profile_id: of.and_then(|summary| summary.pinned_profile.clone()),
            last_profile_id: of.and_then(|summary| summary.last_profile.clone()),
            last_profile_used_at: ms(|summary| summary.last_profile_used_at),
            problem,
        }
    }
}
