//! The receipt of an answer: which credential, who pays, which model served it, tokens by class, cost, and how the
//! provider names the request.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::price::{self, MicroDollars};
use crate::anthropic::Usage;
use crate::ask::{Asked, FailedAttempt};
use crate::auth::ProfileId;
use crate::auth::health::Billing;
use crate::auth::reason::Failed;
use crate::auth::resolve::{Candidate, Source};
use crate::config::Config;
use crate::models::refs::ModelRef;

/// The circumstances of one answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The profile; `None` for a key of the environment or the config.
    pub profile_id: Option<ProfileId>,
    /// `profile`, `env: NAME` or `config: PLACE`.
    pub source: String,
    /// Who pays.
    pub billing: Billing,
    /// The model asked.
    pub requested_model: ModelRef,
    /// The model that served the answer, in the provider's words.
    pub model: String,
    /// Whether the answer ended early: tokens and cost are those told by then, and more may have been billed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub interrupted: bool,
    /// Tokens by class.
    pub usage: TokenCounts,
    /// Cost in micro-dollars; `None` when it is not known, or a subscription pays.
    pub cost_micro_dollars: Option<MicroDollars>,
    /// The organization that was billed.
    pub organization_id: Option<String>,
    /// The workspace that was billed.
    pub workspace_id: Option<String>,
    /// The provider's name of the request.
    pub request_id: Option<String>,
    /// How often the same was tried again.
    pub retries: u32,
    /// Whether the request went without the beta of the 1M window it was to carry, because the API refuses it.
    #[serde(rename = "context1mLeftOut", skip_serializing_if = "std::ops::Not::not")]
    pub context1m_left_out: bool,
    /// Credentials and models that failed before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed_attempts: Vec<FailedTry>,
    /// From sending to the last event.
    #[serde(rename = "durationMs", serialize_with = "milliseconds")]
    pub duration: Duration,
}

/// A credential and model that gave no answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedTry {
    /// The profile, the variable or the place in the config.
    pub credential: String,
    /// Who would have paid.
    pub billing: Billing,
    /// The model.
    pub model: ModelRef,
    /// Why, by the names of `auth-state.json`.
    pub reason: &'static str,
    /// Until when the credential is left alone for it, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

impl FailedTry {
    pub(super) fn new(credential: &Candidate<'_>, model: &ModelRef, failed: &Failed) -> Self {
        Self {
            credential: credential.source.name().to_owned(),
            billing: credential.billing,
            model: model.clone(),
            reason: failed.reason.as_str(),
            until: failed.until.map(jiff::Timestamp::as_millisecond),
        }
    }

    /// What there is to say about a failed try.
    pub fn of(failed: &FailedAttempt) -> Self {
        Self {
            credential: failed.credential.clone(),
            billing: failed.billing,
            model: failed.model.clone(),
            reason: failed.reason.as_str(),
            until: failed.until.map(jiff::Timestamp::as_millisecond),
        }
    }
}

/// Tokens of an answer by class, by their names in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TokenCounts {
    input_tokens: u64,
    output_tokens: u64,
    cache_write_5m_tokens: u64,
    cache_write_1h_tokens: u64,
    cache_read_tokens: u64,
}

impl TokenCounts {
    /// The counts of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cache_write_5m_tokens: self.cache_write_5m_tokens.saturating_add(other.cache_write_5m_tokens),
            cache_write_1h_tokens: self.cache_write_1h_tokens.saturating_add(other.cache_write_1h_tokens),
            cache_read_tokens: self.cache_read_tokens.saturating_add(other.cache_read_tokens),
        }
    }

    /// Input and output in words: `1,204 in (1,100 cached) · 212 out`.
    pub fn in_words(self) -> String {
        let written = self.cache_write_5m_tokens.saturating_add(self.cache_write_1h_tokens);
        let input = self.input_tokens.saturating_add(written).saturating_add(self.cache_read_tokens);
        let cached = match (self.cache_read_tokens, written) {
            (0, 0) => String::new(),
            (0, written) => format!(" ({} to cache)", grouped(written)),
            (read, _) => format!(" ({} cached)", grouped(read)),
        };
        format!("{} in{cached} · {} out", grouped(input), grouped(self.output_tokens))
    }
}

impl From<Usage> for TokenCounts {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input,
            output_tokens: usage.output,
            cache_write_5m_tokens: usage.cache_write_5m,
            cache_write_1h_tokens: usage.cache_write_1h,
            cache_read_tokens: usage.cache_read,
        }
    }
}

impl From<TokenCounts> for Usage {
    fn from(counts: TokenCounts) -> Self {
        Self {
            input: counts.input_tokens,
            output: counts.output_tokens,
            cache_write_5m: counts.cache_write_5m_tokens,
            cache_write_1h: counts.cache_write_1h_tokens,
            cache_read: counts.cache_read_tokens,
            ..Self::default()
        }
    }
}

impl Receipt {
    /// The receipt of an answer, with the prices of data file and config.
    pub fn of(asked: &Asked<'_>, config: &Config) -> Self {
        let Asked { head, meta, credential, model: requested, .. } = asked;
        let (profile_id, source) = origin(&credential.source);
        let usage = head.usage();
        let prices = price::prices_of(requested, head.model(), credential.billing, &usage, config);
        let cost = prices.and_then(|prices| price::cost(&usage, &prices));
        Self {
            profile_id,
            source,
            billing: credential.billing,
            requested_model: requested.clone(),
            model: head.model().to_owned(),
            interrupted: false,
            usage: usage.into(),
            cost_micro_dollars: cost,
            organization_id: meta.organization_id.clone(),
            workspace_id: meta.workspace_id.clone(),
            request_id: meta.request_id.clone(),
            retries: asked.retries,
            context1m_left_out: asked.context1m_left_out,
            failed_attempts: asked.failed.iter().map(FailedTry::of).collect(),
            duration: asked.duration,
        }
    }

    /// The receipt in one line: model, credential, time, tokens, cost. That of an interrupted answer says so.
    pub fn line(&self) -> String {
        let short = InShort {
            model: &self.model,
            credential: self.profile_id.as_ref().map_or(self.source.as_str(), ProfileId::as_str),
            duration: self.duration,
            usage: self.usage,
            billing: self.billing,
            cost: self.cost_micro_dollars,
            is_interrupted: self.interrupted,
        };
        short.to_string()
    }
}

/// What of a receipt fits into a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InShort<'a> {
    pub(crate) model: &'a str,
    pub(crate) credential: &'a str,
    pub(crate) duration: Duration,
    pub(crate) usage: TokenCounts,
    pub(crate) billing: Billing,
    pub(crate) cost: Option<MicroDollars>,
    pub(crate) is_interrupted: bool,
}

impl fmt::Display for InShort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { model, credential, duration, usage, billing, cost, is_interrupted } = self;
        if *is_interrupted {
            f.write_str("interrupted · ")?;
        }
        write!(f, "{model} · {credential} · {:.1}s · {} · ", duration.as_secs_f64(), usage.in_words())?;
        match (billing, cost) {
            (Billing::Subscription, _) => f.write_str("subscription"),
            (_, Some(cost)) if *is_interrupted => write!(f, "at least {cost}"),
            (_, Some(cost)) => write!(f, "{cost}"),
            (_, None) => f.write_str("cost unknown"),
        }
    }
}

/// A credential in a receipt: its profile, if it is one, and where it is.
pub(super) fn origin(source: &Source<'_>) -> (Option<ProfileId>, String) {
    match source {
        Source::Profile(profile) => (Some(profile.id.clone()), "profile".to_owned()),
        Source::Env(variable, _) => (None, format!("env: {variable}")),
        Source::Config(key) => (None, format!("config: {}", key.place)),
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// A count with a comma between thousands.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (count, text) in [(0, "0"), (999, "999"), (1_204, "1,204"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(count), text);
        }
    }
}
