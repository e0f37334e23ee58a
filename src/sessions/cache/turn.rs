//! What a transcript says of one turn that matters to the prompt cache: of the request and of the receipt, whichever is
//! there.

use jiff::{SignedDuration, Timestamp};

use crate::anthropic::Usage;
use crate::anthropic::cache::{Marker, Retention};
use crate::auth::health::Billing;
use crate::models::refs::ModelRef;
use crate::sessions::conversation::{Reply, Turn};

/// A request and what the provider counted for it. What is not written down is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Asked<'a> {
    pub(super) started_at: Option<Timestamp>,
    pub(super) model: Option<&'a ModelRef>,
    pub(super) served: Option<&'a str>,
    pub(super) credential: Option<&'a str>,
    pub(super) organization: Option<&'a str>,
    pub(super) workspace: Option<&'a str>,
    pub(super) billing: Option<Billing>,
    pub(super) retention: Option<Retention>,
    pub(super) usage: Option<Usage>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(turn: &'a Turn) -> Self {
        let request = turn.request.as_ref();
        let (ended_at, spent) = match &turn.reply {
            Reply::Complete { at, spent, .. } => (Some(*at), Some(spent)),
            Reply::Interrupted { spent, .. } => (None, spent.as_ref()),
        };
        // Before requests were written down, their begin was still the end less what they took.
        let began = || {
            let took = i64::try_from(spent?.duration_ms?).ok()?;
            ended_at?.checked_sub(SignedDuration::from_millis(took)).ok()
        };
        let credential = || {
            let spent = spent?;
            let source =
                spent.source.as_deref().map(|source| source.split_once(": ").map_or(source, |it| it.1));
            spent.profile_id.as_ref().map(|id| id.as_str()).or(source)
        };
        let usage = spent.map(|spent| Usage::from(spent.usage));
        Self {
            started_at: request.map(|request| request.started_at).or_else(began),
            model: request
                .and_then(|request| request.model.as_ref())
                .or_else(|| spent?.requested_model.as_ref()),
            served: spent.and_then(|spent| spent.model.as_deref()),
            credential: request.map(|request| request.credential.as_str()).or_else(credential),
            organization: spent.and_then(|spent| spent.organization_id.as_deref()),
            workspace: spent.and_then(|spent| spent.workspace_id.as_deref()),
            billing: spent.and_then(|spent| spent.billing).or_else(|| Some(request?.billing)),
            retention: request.map(|request| request.retention),
            usage: usage.filter(|usage| usage.total_input() > 0),
        }
    }

    /// Tokens it left in the cache, or found there.
    pub(super) fn held(&self) -> u64 {
        self.usage.map_or(0, |usage| usage.total_input() - usage.input)
    }

    /// How long they stay.
    pub(super) fn marker(&self) -> Option<Marker> {
        match self.usage {
            // Where both were written, the shorter life is that of the end.
            Some(Usage { cache_write_5m: 1.., .. }) => Some(Marker::FiveMinutes),
            Some(Usage { cache_write_1h: 1.., .. }) => Some(Marker::OneHour),
            _ => self.retention?.marker(),
        }
    }

    /// The first moment at which what it left is gone.
    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        self.started_at?.checked_add(self.marker()?.lifetime()).ok()
    }
}
