//! Why a request read less from the prompt cache than the one before it had left there. That it did, the provider's
//! counts say; why, the requests themselves.

use std::fmt;

use jiff::SignedDuration;
use serde::Serialize;

use super::prefix::{Difference, Prefix, Sent};
use super::turn::Asked;
use crate::anthropic::cache::Retention;
use crate::auth::health::Billing;
use crate::config::Config;
use crate::models::known::KnownModels;
use crate::sessions::Conversation;
use crate::text::duration;
use crate::usage::receipt::grouped;

/// A reason. Each of those that are told is enough by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Miss {
    /// Nothing of this session was in the cache.
    FirstWrite,
    /// The request carried no markers.
    CacheOff,
    /// A plan pays, and its requests carry no markers.
    Subscription,
    /// The provider caches no prompt that is as short as this one.
    BelowMinimum {
        /// The shortest it caches, in tokens.
        minimum: u64,
        /// The prompt, in tokens.
        tokens: u64,
    },
    /// Another model has another cache.
    ModelChanged {
        /// The one before.
        from: String,
        /// This one.
        to: String,
    },
    /// Another credential, and as far as is known not of the same workspace, has another cache.
    CredentialChanged {
        /// The one before.
        from: String,
        /// This one.
        to: String,
    },
    /// The credential was billed to another organization.
    OrganizationChanged {
        /// The one before.
        from: String,
        /// This one.
        to: String,
    },
    /// The credential was billed to another workspace.
    WorkspaceChanged {
        /// The one before.
        from: String,
        /// This one.
        to: String,
    },
    /// What was cached had gone.
    Lapsed {
        /// How long it stayed after each use: `5m` or `1h`.
        ttl: &'static str,
        /// From the start of the request before to that of this one, in milliseconds.
        idle_ms: i64,
        /// How much of it was too long, in milliseconds.
        late_by_ms: i64,
    },
    /// The request does not begin with the one before.
    PrefixChanged(Difference),
    /// Messages with images and messages without are cached apart.
    ImagesChanged {
        /// Whether there are any now.
        has_images: bool,
    },
    /// The transcript does not say what would have to be known.
    NotRecorded {
        /// What.
        what: &'static str,
    },
    /// Model, credential and prompt were the same and the time was not up.
    Unexplained,
}

impl Miss {
    /// Whether it is as it was meant to be.
    pub fn is_expected(&self) -> bool {
        matches!(self, Self::FirstWrite | Self::CacheOff | Self::Subscription)
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstWrite => f.write_str("nothing of this session was in the cache yet"),
            Self::CacheOff => f.write_str("sent without cache markers (cacheRetention is none)"),
            Self::Subscription => f.write_str("paid by a subscription: cache settings do not apply"),
            Self::BelowMinimum { minimum, tokens } => write!(
                f,
                "the prompt is below the model's minimum for caching: {} of {} tokens",
                grouped(*tokens),
                grouped(*minimum)
            ),
            Self::ModelChanged { from, to } => write!(f, "the model changed from {from} to {to}"),
            Self::CredentialChanged { from, to } => write!(f, "the credential changed from {from} to {to}"),
            Self::OrganizationChanged { from, to } => {
                write!(f, "the credential belongs to another organization: {to}, before {from}")
            }
            Self::WorkspaceChanged { from, to } => {
                write!(f, "the credential belongs to another workspace: {to}, before {from}")
            }
            Self::Lapsed { ttl, idle_ms, late_by_ms } => {
                let length = |ms: &i64| duration(SignedDuration::from_millis(*ms));
                write!(
                    f,
                    "the cache of {ttl} had lapsed: {} since its last use, {} too late",
                    length(idle_ms),
                    length(late_by_ms)
                )
            }
            Self::PrefixChanged(difference) => difference.fmt(f),
            Self::ImagesChanged { has_images: true } => {
                f.write_str("the first image came, and messages with images are cached apart")
            }
            Self::ImagesChanged { has_images: false } => {
                f.write_str("the last image went, and messages with images are cached apart")
            }
            Self::NotRecorded { what } => write!(f, "{what} was not recorded"),
            Self::Unexplained => {
                f.write_str("nothing here explains it: same model, credential and prompt, in time")
            }
        }
    }
}

/// Why a turn read less than was there; empty when it read all of it.
pub(super) fn of(conversation: &Conversation, turn: usize, config: &Config) -> Vec<Miss> {
    let asked = |turn: usize| Asked::of(&conversation.turns()[turn]);
    let now = asked(turn);
    let Some(usage) = now.usage else { return vec![Miss::NotRecorded { what: "what was read" }] };
    if let Some(why) = uncached(&now, config) {
        return vec![why];
    }
    let Some(before) = (0..turn).rev().find(|turn| asked(*turn).held() > 0) else {
        // Another session may have left the same beginning.
        return if usage.cache_read > 0 { Vec::new() } else { vec![Miss::FirstWrite] };
    };
    let left = asked(before);
    let mut misses: Vec<Miss> = of_another_cache(&left, &now).into_iter().collect();
    if misses.is_empty() && usage.cache_read >= left.held() {
        return misses;
    }
    let unknown = [
        (left.started_at.is_none() || now.started_at.is_none(), "when it was sent"),
        (left.marker().is_none(), "how long the cache was to stay"),
    ];
    misses.extend(lapsed(&left, &now));
    let sent = |turn: usize| {
        let prefix = Prefix::of(&conversation.request_of(turn));
        let digests = conversation.blocks_of(turn).unwrap_or_else(|| prefix.digests());
        Sent { prefix, digests }
    };
    let (earlier, later) = (sent(before), sent(turn));
    misses.extend(later.first_difference(&earlier).map(Miss::PrefixChanged));
    let has_images = later.prefix.has_images();
    if has_images != earlier.prefix.has_images() {
        misses.push(Miss::ImagesChanged { has_images });
    }
    if misses.is_empty() {
        let not_recorded = unknown.into_iter().find(|(is_unknown, _)| *is_unknown);
        misses.push(not_recorded.map_or(Miss::Unexplained, |(_, what)| Miss::NotRecorded { what }));
    }
    misses
}

/// Why nothing of a request could be cached at all.
fn uncached(asked: &Asked<'_>, config: &Config) -> Option<Miss> {
    let usage = asked.usage?;
    if asked.held() > 0 {
        return None;
    }
    if asked.billing == Some(Billing::Subscription) {
        return Some(Miss::Subscription);
    }
    if asked.retention == Some(Retention::None) {
        return Some(Miss::CacheOff);
    }
    let known = asked.model.and_then(|model| KnownModels::of(config).model(model));
    let tokens = usage.total_input();
    match known.and_then(|known| known.cache_minimum) {
        Some(minimum) if tokens < minimum => Some(Miss::BelowMinimum { minimum, tokens }),
        Some(_) if asked.retention.is_some() => Some(Miss::Unexplained),
        Some(_) => Some(Miss::NotRecorded { what: "whether it carried cache markers" }),
        None => Some(Miss::NotRecorded { what: "how long a prompt the model caches" }),
    }
}

/// Whose cache it is: nothing is shared between models, organizations and workspaces.
fn of_another_cache(left: &Asked<'_>, now: &Asked<'_>) -> Option<Miss> {
    let changed = |from: Option<&str>, to: Option<&str>| {
        let (from, to) = (from?, to?);
        (from != to).then(|| (from.to_owned(), to.to_owned()))
    };
    if let (Some(from), Some(to)) = (left.model, now.model)
        && from != to
    {
        return Some(Miss::ModelChanged { from: from.to_string(), to: to.to_string() });
    }
    if let Some((from, to)) = changed(left.served, now.served) {
        return Some(Miss::ModelChanged { from, to });
    }
    let same = |from: Option<&str>, to: Option<&str>| from.is_some() && from == to;
    let same_organization = same(left.organization, now.organization);
    if same_organization && same(left.workspace, now.workspace) {
        return None;
    }
    if let Some((from, to)) = changed(left.credential, now.credential) {
        return Some(Miss::CredentialChanged { from, to });
    }
    if let Some((from, to)) = changed(left.organization, now.organization) {
        return Some(Miss::OrganizationChanged { from, to });
    }
    let (from, to) = changed(left.workspace, now.workspace)?;
    Some(Miss::WorkspaceChanged { from, to })
}

fn lapsed(left: &Asked<'_>, now: &Asked<'_>) -> Option<Miss> {
    let (started, marker) = (now.started_at?, left.marker()?);
    let late_by = started.duration_since(left.expires_at()?);
    let idle = started.duration_since(left.started_at?);
    let ms = |length: SignedDuration| i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    (late_by >= SignedDuration::ZERO).then(|| Miss::Lapsed {
        ttl: marker.ttl(),
        idle_ms: ms(idle),
        late_by_ms: ms(late_by),
    })
}
