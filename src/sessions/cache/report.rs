//! What the prompt cache did for a session, as scripts and pages get it.

use jiff::Timestamp;
use serde::Serialize;

use super::miss::{self, Miss};
use super::turn::Asked;
use super::warmth::{Warmth, warmth};
use crate::SCHEMA_VERSION;
use crate::anthropic::Usage;
use crate::anthropic::cache::Retention;
use crate::auth::health::Billing;
use crate::config::{AgentId, Config};
use crate::models::refs::ModelRef;
use crate::sessions::conversation::{Reply, Turn};
use crate::sessions::{Conversation, SessionId};
use crate::usage::price::{self, SignedMicroDollars};
use crate::usage::receipt::TokenCounts;

/// What the prompt cache did for a session.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheReport {
    schema_version: u32,
    /// The agent.
    pub agent_id: AgentId,
    /// The session.
    pub session_id: SessionId,
    /// The first words of its first question.
    pub title: String,
    /// What is in the cache; `None` when its requests left nothing there.
    pub cache: Option<SessionCache>,
    /// Its last turns, the first one first.
    pub turns: Vec<TurnCache>,
    /// All turns of the session together.
    pub totals: SessionTotals,
}

/// What the last request left in the cache.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionCache {
    /// When it is gone, in milliseconds since 1970.
    pub expires_at: i64,
    /// How much longer it is there, in milliseconds; 0 once it is gone.
    pub remaining_ms: i64,
    /// How many tokens it is.
    pub tokens: u64,
    /// How long it stays after each use: `5m` or `1h`.
    pub ttl: &'static str,
    /// The model it belongs to.
    pub model: Option<ModelRef>,
    /// The credential it belongs to.
    pub credential: Option<String>,
}

/// What the prompt cache did for a turn. Times are milliseconds since 1970, and `null` is what the transcript does not say.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TurnCache {
    /// Which one, counted from one.
    pub turn: usize,
    /// When its request was sent.
    pub started_at: Option<i64>,
    /// Whether its answer ended early.
    pub interrupted: bool,
    /// The model asked.
    pub model: Option<ModelRef>,
    /// The profile, the variable or the place in the config.
    pub credential: Option<String>,
    /// Who pays.
    pub billing: Option<Billing>,
    /// Retention of its cache markers.
    pub cache_retention: Option<Retention>,
    /// Its tokens by class.
    pub usage: Option<TokenCounts>,
    /// Share of its input that came from the cache, in whole percent, rounded down.
    pub read_percent: Option<u64>,
    /// What the cache saved, below zero when writing cost more than reading brought; `None` when a price is not known, or a
    /// plan pays.
    pub saved_micro_dollars: Option<SignedMicroDollars>,
    /// Why it read less than was there; empty when it read all of it.
    pub misses: Vec<Miss>,
}

/// What the prompt cache did for all turns together.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionTotals {
    /// How many there are.
    pub turns: usize,
    /// Those of whose tokens nothing is known.
    pub uncounted_turns: usize,
    /// Those a plan pays for.
    pub subscription_turns: usize,
    /// Those of whose savings nothing is known, while no plan pays.
    pub unpriced_turns: usize,
    /// Their tokens by class.
    pub usage: TokenCounts,
    /// Share of the input that came from the cache, in whole percent, rounded down.
    pub read_percent: Option<u64>,
    /// What the cache saved, as far as that is known; `None` when nothing is.
    pub saved_micro_dollars: Option<SignedMicroDollars>,
}

impl CacheReport {
    /// The report on a session with its last `turns` turns, with the prices of data file and config.
    pub fn make(
        agent_id: AgentId,
        session_id: SessionId,
        conversation: &Conversation,
        config: &Config,
        turns: usize,
        now: Timestamp,
    ) -> Self {
        let all = conversation.turns();
        let mut totals = SessionTotals::default();
        all.iter().for_each(|turn| totals.add(turn, config));
        totals.read_percent = read_percent(&totals.usage.into());
        let shown = all.len().saturating_sub(turns)..all.len();
        Self {
            schema_version: SCHEMA_VERSION,
            agent_id,
            session_id,
            title: conversation.title(),
            cache: warmth(conversation).map(|warmth| SessionCache::of(warmth, now)),
            turns: shown.map(|turn| TurnCache::of(conversation, turn, config)).collect(),
            totals,
        }
    }
}

impl SessionCache {
    fn of(warmth: Warmth, now: Timestamp) -> Self {
        let remaining = warmth.remaining(now);
        Self {
            expires_at: warmth.until.as_millisecond(),
            remaining_ms: i64::try_from(remaining.as_millis()).unwrap_or(i64::MAX),
            tokens: warmth.tokens,
            ttl: warmth.marker.ttl(),
            model: warmth.model,
            credential: warmth.credential,
        }
    }
}

impl TurnCache {
    fn of(conversation: &Conversation, index: usize, config: &Config) -> Self {
        let turn = &conversation.turns()[index];
        let asked = Asked::of(turn);
        Self {
            turn: index + 1,
            started_at: asked.started_at.map(Timestamp::as_millisecond),
            interrupted: matches!(turn.reply, Reply::Interrupted { .. }),
            model: asked.model.cloned(),
            credential: asked.credential.map(str::to_owned),
            billing: asked.billing,
            cache_retention: asked.retention,
            usage: asked.usage.map(TokenCounts::from),
            read_percent: asked.usage.and_then(|usage| read_percent(&usage)),
            saved_micro_dollars: saved(&asked, config),
            misses: miss::of(conversation, index, config),
        }
    }
}

impl SessionTotals {
    fn add(&mut self, turn: &Turn, config: &Config) {
        let asked = Asked::of(turn);
        self.turns += 1;
        let Some(usage) = asked.usage else {
            self.uncounted_turns += 1;
            return;
        };
        self.usage = self.usage.plus(usage.into());
        match (saved(&asked, config), asked.billing) {
            (Some(saved), _) => {
                let sum = self.saved_micro_dollars.unwrap_or_default();
                self.saved_micro_dollars = Some(sum.saturating_add(saved));
            }
            (None, Some(Billing::Subscription)) => self.subscription_turns += 1,
            (None, _) => self.unpriced_turns += 1,
        }
    }
}

fn saved(asked: &Asked<'_>, config: &Config) -> Option<SignedMicroDollars> {
    let usage = asked.usage?;
    let prices = price::prices_of(asked.model?, asked.served?, asked.billing?, &usage, config)?;
    price::cache_savings(&usage, &prices)
}

fn read_percent(usage: &Usage) -> Option<u64> {
    usage.cache_read.saturating_mul(100).checked_div(usage.total_input())
}
