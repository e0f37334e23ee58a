//! How long a session's prompt stays in the cache, and whose credential its next request should go out with therefore.

use jiff::{SignedDuration, Timestamp};

use super::turn::Asked;
use crate::anthropic::cache::Marker;
use crate::auth::ProfileId;
use crate::config::schema::CacheRetention;
use crate::models::refs::ModelRef;
use crate::sessions::Conversation;

/// What the last request left in the cache. It is there for the same model and credential only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warmth {
    /// The first moment at which it is gone: its lifetime after the start of the request that wrote or last read it.
    pub until: Timestamp,
    /// How many tokens it is.
    pub tokens: u64,
    /// How long it stays after each use.
    pub marker: Marker,
    /// The model it belongs to.
    pub model: Option<ModelRef>,
    /// The credential it belongs to: a profile, a variable or a place in the config.
    pub credential: Option<String>,
}

impl Warmth {
    /// How much longer it is there; nothing once it is gone.
    pub fn remaining(&self, now: Timestamp) -> SignedDuration {
        self.until.duration_since(now).max(SignedDuration::ZERO)
    }
}

/// Until when a session's cache is warm, and how many tokens are in it. `None` when its requests left nothing there, or it is
/// not known when they began.
pub fn warmth(conversation: &Conversation) -> Option<Warmth> {
    let mut turns = conversation.turns().iter().rev().map(Asked::of);
    let last = turns.find(|asked| asked.held() > 0)?;
    Some(Warmth {
        until: last.expires_at()?,
        tokens: last.held(),
        marker: last.marker()?,
        model: last.model.cloned(),
        credential: last.credential.map(str::to_owned),
    })
}

/// The profile the next request of a session should go out with, because the prompt cache may be warm for it: the one that is
/// known to have left something there, else the one used last. Where the provider counted nothing, the request may have left
/// something for as long as `retention` says.
pub fn warm_profile(
    conversation: &Conversation,
    retention: CacheRetention,
    now: Timestamp,
) -> Option<ProfileId> {
    let credential = match warmth(conversation).filter(|warmth| warmth.until > now) {
        Some(warmth) => warmth.credential?,
        None => {
            let mut turns = conversation.turns().iter().rev().map(Asked::of);
            let last = turns.find(|asked| asked.credential.is_some())?;
            let lifetime = match retention {
                CacheRetention::Short if last.held() == 0 => Marker::FiveMinutes.lifetime(),
                CacheRetention::Long if last.held() == 0 => Marker::OneHour.lifetime(),
                // What it left was counted, and is gone.
                _ => return None,
            };
            let until = last.started_at?.checked_add(lifetime).ok()?;
            last.credential.filter(|_| until > now)?.to_owned()
        }
    };
    // A key of the environment or the config has no others beside it.
    credential.parse().ok()
}
