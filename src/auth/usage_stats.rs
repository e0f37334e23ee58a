//! The counters the TypeScript program keeps inside the store. They are only read: what they say is where our own state
//! begins, and the store keeps them as they are.

use jiff::Timestamp;
use serde::Deserialize;

/// Counters of one profile as the TypeScript program keeps them inside the store. Anything of a wrong type is absent.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UsageStats {
    pub(super) last_used: Lenient,
    pub(super) cooldown_until: Lenient,
    pub(super) disabled_until: Lenient,
    pub(super) disabled_reason: serde_json::Value,
    pub(super) cooldown_reason: serde_json::Value,
    pub(super) cooldown_model: serde_json::Value,
    pub(super) error_count: serde_json::Value,
    pub(super) failure_counts: serde_json::Value,
    pub(super) last_failure_at: Lenient,
}

/// Milliseconds since 1970, where zero and nonsense mean nothing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "serde_json::Value")]
pub(super) struct Lenient(pub(super) Option<Timestamp>);

impl From<serde_json::Value> for Lenient {
    fn from(value: serde_json::Value) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a float saturates, and then is no valid time")]
        let millis = value.as_i64().or_else(|| value.as_f64().map(|float| float as i64));
        Self(millis.filter(|millis| *millis > 0).and_then(|millis| Timestamp::from_millisecond(millis).ok()))
    }
}
