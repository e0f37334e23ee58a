//! Rows of the ledger added up: by day, model, agent, credential or session, and in all. What is unknown stays so: a sum
//! says whether everything it should hold is known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use super::ledger::{CredentialSource, Ledger, LedgerError, Outcome, Row, Selection};
use super::price::{MicroDollars, SignedMicroDollars};
use crate::SCHEMA_VERSION;
use crate::auth::health::Billing;
use crate::config::AgentId;

/// What requests are put together by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grouping {
    /// The day they ended.
    Day,
    /// The model that served them, or was asked.
    Model,
    /// The agent.
    Agent,
    /// The profile, or the variable or place of another credential.
    Profile,
    /// The session.
    Session,
    /// The key of a client of the gateway.
    Key,
}

impl Grouping {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Day, Self::Model, Self::Agent, Self::Profile, Self::Session, Self::Key];

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grouping| grouping.as_str() == name)
    }

    /// Its name in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Model => "model",
            Self::Agent => "agent",
            Self::Profile => "profile",
            Self::Session => "session",
            Self::Key => "key",
        }
    }
}

/// The requests of a period, added up.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageReport {
    schema_version: u32,
    /// The first moment of the period.
    pub since: Timestamp,
    /// The first moment after it.
    pub until: Timestamp,
    /// The time zone its days are those of.
    pub time_zone: String,
    /// The agent it is about; `None` for all of them.
    pub agent_id: Option<AgentId>,
    /// What the buckets are.
    pub by: Grouping,
    /// Days in their order, anything else with what cost most first.
    pub buckets: Vec<Bucket>,
    /// All of them together.
    pub totals: Totals,
    /// Whether nothing was ever recorded.
    #[serde(skip)]
    pub never_used: bool,
}

/// Requests that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// What: a day like `2026-11-01`, a model as `provider/model`, a profile's id, ... `None` for requests outside of a
    /// session, or that no client of the gateway asked.
    pub key: Option<String>,
    /// Whose it is, where it is a profile's or a session's name: agents share neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// What they took.
    #[serde(flatten)]
    pub totals: Totals,
}

/// What requests took, added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// All of them.
    pub requests: u64,
    /// Those without an answer.
    pub failures: u64,
    /// Those whose answer ended early.
    pub interrupted: u64,
    /// Those a subscription pays for.
    pub subscription_requests: u64,
    /// Answers that cost something nobody here can tell.
    pub unpriced_requests: u64,
    /// Answers that ended early, and have cost more than was told by then.
    pub partly_priced_requests: u64,
    /// Those that have a cost.
    pub priced_requests: u64,
    /// Those whose tokens were not told in every class.
    pub uncounted_requests: u64,
    /// Plain input.
    pub input: u64,
    /// Output.
    pub output: u64,
    /// Input written to the five minute cache.
    pub cache_write_5m: u64,
    /// Input written to the one hour cache.
    pub cache_write_1h: u64,
    /// Input read from the cache.
    pub cache_read: u64,
    /// The costs that are known.
    pub cost: MicroDollars,
    /// What the prompt cache saved of that.
    pub cache_savings: SignedMicroDollars,
}

impl Totals {
    fn add(&mut self, row: &Row) {
        self.requests += 1;
        if row.outcome == Outcome::Failed {
            self.failures += 1;
            return;
        }
        self.interrupted += u64::from(row.outcome == Outcome::Interrupted);
        let tokens = row.tokens;
        let classes = [
            (&mut self.input, tokens.input),
            (&mut self.output, tokens.output),
            (&mut self.cache_write_5m, tokens.cache_write_5m),
            (&mut self.cache_write_1h, tokens.cache_write_1h),
            (&mut self.cache_read, tokens.cache_read),
        ];
        let mut is_counted = true;
        for (sum, tokens) in classes {
            is_counted &= tokens.is_some();
            *sum = sum.saturating_add(tokens.unwrap_or(0));
        }
        self.uncounted_requests += u64::from(!is_counted);
        if row.billing == Billing::Subscription {
            self.subscription_requests += 1;
            return;
        }
        let Some(cost) = row.cost else {
            self.unpriced_requests += 1;
            return;
        };
        self.priced_requests += 1;
        self.partly_priced_requests += u64::from(row.outcome == Outcome::Interrupted);
        self.cost = MicroDollars(self.cost.0.saturating_add(cost.0));
        self.cache_savings = self.cache_savings.saturating_add(row.cache_savings.unwrap_or(0));
    }

    /// All input, cached or not.
    pub fn total_input(&self) -> u64 {
        [self.input, self.cache_write_5m, self.cache_write_1h, self.cache_read]
            .into_iter()
            .fold(0, u64::saturating_add)
    }

    /// All tokens.
    pub fn tokens(&self) -> u64 {
        self.total_input().saturating_add(self.output)
    }

    /// How many of a hundred input tokens came from the cache, rounded down; `None` without input.
    pub fn cached_percent(&self) -> Option<u64> {
        let share = u128::from(self.cache_read) * 100;
        share.checked_div(u128::from(self.total_input())).and_then(|percent| u64::try_from(percent).ok())
    }

    /// Whether [`Self::cost`] is all that these requests cost per token.
    pub fn is_cost_known(&self) -> bool {
        self.unpriced_requests == 0 && self.partly_priced_requests == 0
    }

    /// The cost, at least as far as it is known; `None` when there are answers and none of them has a price.
    pub fn known_cost(&self) -> Option<MicroDollars> {
        let is_silent = self.priced_requests == 0 && self.unpriced_requests + self.subscription_requests > 0;
        (!is_silent).then_some(self.cost)
    }
}

/// Totals by their names in JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TotalsDocument {
    requests: u64,
    failures: u64,
    interrupted: u64,
    subscription_requests: u64,
    unpriced_requests: u64,
    input_tokens: u64,
    output_tokens: u64,
    #[serde(rename = "cacheWrite5mTokens")]
    cache_write_5m_tokens: u64,
    #[serde(rename = "cacheWrite1hTokens")]
    cache_write_1h_tokens: u64,
    cache_read_tokens: u64,
    tokens_known: bool,
    cache_read_percent: Option<u64>,
    cost_micro_dollars: Option<MicroDollars>,
    cost_known: bool,
    cache_savings_micro_dollars: SignedMicroDollars,
}

impl Serialize for Totals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = TotalsDocument {
            requests: self.requests,
            failures: self.failures,
            interrupted: self.interrupted,
            subscription_requests: self.subscription_requests,
            unpriced_requests: self.unpriced_requests,
            input_tokens: self.input,
            output_tokens: self.output,
            cache_write_5m_tokens: self.cache_write_5m,
            cache_write_1h_tokens: self.cache_write_1h,
            cache_read_tokens: self.cache_read,
            tokens_known: self.uncounted_requests == 0,
            cache_read_percent: self.cached_percent(),
            cost_micro_dollars: self.known_cost(),
            cost_known: self.is_cost_known(),
            cache_savings_micro_dollars: self.cache_savings,
        };
        document.serialize(serializer)
    }
}

impl UsageReport {
    /// Adds up what the ledger has of a selection; without a ledger there is nothing.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn make(
        ledger: Option<&Ledger>,
        selection: Selection,
        by: Grouping,
        zone: &TimeZone,
    ) -> Result<Self, LedgerError> {
        let mut groups: BTreeMap<(Option<String>, Option<AgentId>), Totals> = BTreeMap::new();
        let has_owner = matches!(by, Grouping::Profile | Grouping::Session);
        let mut totals = Totals::default();
        let mut never_used = true;
        if let Some(ledger) = ledger {
            ledger.query(&selection, |row| {
                let owner = has_owner.then(|| row.agent.clone());
                groups.entry((key(row, by, zone), owner)).or_default().add(row);
                totals.add(row);
            })?;
            never_used = totals.requests == 0 && ledger.is_empty(selection.agent.as_ref())?;
        }
        let mut buckets: Vec<Bucket> =
            groups.into_iter().map(|((key, agent_id), totals)| Bucket { key, agent_id, totals }).collect();
        if by != Grouping::Day {
            // The sort is stable, so equals stay in the order of their names.
            buckets.sort_by_key(|Bucket { totals, .. }| {
                std::cmp::Reverse((totals.cost, totals.tokens(), totals.requests))
            });
        }
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            since: selection.period.since,
            until: selection.period.until,
            time_zone: name_of(zone, selection.period.since),
            agent_id: selection.agent,
            by,
            buckets,
            totals,
            never_used,
        })
    }
}

fn key(row: &Row, by: Grouping, zone: &TimeZone) -> Option<String> {
    Some(match by {
        Grouping::Day => zone.to_datetime(row.at).date().to_string(),
        Grouping::Model => {
            let model = row.served_model.as_deref().unwrap_or_else(|| row.requested_model.model());
            format!("{}/{model}", row.requested_model.provider())
        }
        Grouping::Agent => row.agent.to_string(),
        Grouping::Profile => match row.source {
            CredentialSource::Profile => row.credential.clone(),
            CredentialSource::Env => format!("env: {}", row.credential),
            CredentialSource::Config => format!("config: {}", row.credential),
        },
        Grouping::Session => return row.session.clone(),
        Grouping::Key => return row.client_key.clone(),
    })
}

/// A time zone's name, or what it differs from UTC by.
fn name_of(zone: &TimeZone, at: Timestamp) -> String {
    zone.iana_name().map_or_else(|| format!("UTC{}", zone.to_offset(at)), str::to_owned)
}

#[cfg(test)]
mod tests;
