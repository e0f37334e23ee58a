//! What the ledger keeps of one request, and how that is written down.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Statement, params};

use crate::auth::health::Billing;
use crate::config::AgentId;
use crate::models::refs::ModelRef;
use crate::usage::price::{MicroDollars, SignedMicroDollars};

/// One request: who asked which model with which credential, what came of it, and what it took. Retries and credentials
/// that failed before are counted, not kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// When it ended.
    pub at: Timestamp,
    /// The agent it was asked for.
    pub agent: AgentId,
    /// The session it belongs to.
    pub session: Option<String>,
    /// Where the credential comes from.
    pub source: CredentialSource,
    /// The profile's id, the variable's name or the place in the config.
    pub credential: String,
    /// Who pays.
    pub billing: Billing,
    /// The model that was asked.
    pub requested_model: ModelRef,
    /// The model that served it, in the provider's words.
    pub served_model: Option<String>,
    /// The provider's name of the request.
    pub request_id: Option<String>,
    /// The organization that was billed.
    pub organization_id: Option<String>,
    /// The workspace that was billed.
    pub workspace_id: Option<String>,
    /// Tokens by class.
    pub tokens: Tokens,
    /// What it cost; `None` when that is not known, or a subscription pays.
    pub cost: Option<MicroDollars>,
    /// What the prompt cache saved, less what it cost; `None` where the prices are not known.
    pub cache_savings: Option<SignedMicroDollars>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why the answer ended, in the provider's words.
    pub stop_reason: Option<String>,
    /// Why there is no answer, or no whole one: a name of `auth-state.json`, or `cancelled`.
    pub error: Option<String>,
    /// How often the same was tried again.
    pub retries: u32,
    /// Credentials and models that failed before.
    pub failed_attempts: u32,
    /// How long the try took that gave the answer, or the last one.
    pub duration: Duration,
    /// How long its first content took.
    pub first_content: Option<Duration>,
    /// The client key it was asked with, where a client of the gateway asked.
    pub client_key: Option<String>,
    /// What that key was charged, where it is not [`Self::cost`]: an estimate, of what nobody told the price of.
    pub charged: Option<MicroDollars>,
}

/// Tokens of a request by class; `None` where the provider did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Plain input.
    pub input: Option<u64>,
    /// Output, thinking included.
    pub output: Option<u64>,
    /// Input written to the five minute cache.
    pub cache_write_5m: Option<u64>,
    /// Input written to the one hour cache.
    pub cache_write_1h: Option<u64>,
    /// Input read from the cache.
    pub cache_read: Option<u64>,
}

/// Where a credential comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialSource {
    /// A stored profile.
    Profile,
    /// An environment variable.
    Env,
    /// The config.
    Config,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A whole answer.
    Complete,
    /// A whole answer that is a refusal of the model.
    Refused,
    /// The answer ended early; tokens and cost are those known by then.
    Interrupted,
    /// No answer.
    Failed,
}

const SOURCES: [(CredentialSource, &str); 3] = [
    (CredentialSource::Profile, "profile"),
    (CredentialSource::Env, "env"),
    (CredentialSource::Config, "config"),
];

const OUTCOMES: [(Outcome, &str); 4] = [
    (Outcome::Complete, "complete"),
    (Outcome::Refused, "refused"),
    (Outcome::Interrupted, "interrupted"),
    (Outcome::Failed, "failed"),
];

const BILLINGS: [Billing; 3] = [Billing::Api, Billing::Subscription, Billing::Unknown];

/// The name a value has in the ledger. Every value stands in its table.
fn name_in<T: PartialEq>(table: &[(T, &'static str)], value: &T) -> &'static str {
    table.iter().find(|(known, _)| known == value).map_or("", |(_, name)| name)
}

fn value_of<T: Copy>(table: &[(T, &'static str)], text: ValueRef<'_>) -> FromSqlResult<T> {
    let text = text.as_str()?;
    table.iter().find(|(_, name)| *name == text).map(|(value, _)| *value).ok_or(FromSqlError::InvalidType)
}

impl ToSql for CredentialSource {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(name_in(&SOURCES, self).into())
    }
}

impl FromSql for CredentialSource {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value_of(&SOURCES, value)
    }
}

impl ToSql for Outcome {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(name_in(&OUTCOMES, self).into())
    }
}

impl FromSql for Outcome {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value_of(&OUTCOMES, value)
    }
}

pub(super) const INSERT: &str = "
    INSERT INTO requests (
        at_ms, agent, session, source, credential, billing, provider, requested_model, served_model, request_id,
        organization_id, workspace_id, input_tokens, output_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
        cache_read_tokens, cost_micro_dollars, cache_savings_micro_dollars, outcome, stop_reason, error, retries,
        failed_attempts, duration_ms, first_content_ms, client_key, charged_micro_dollars
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

pub(super) const SELECT: &str = "
    SELECT at_ms, agent, session, source, credential, billing, provider, requested_model, served_model, request_id,
        organization_id, workspace_id, input_tokens, output_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
        cache_read_tokens, cost_micro_dollars, cache_savings_micro_dollars, outcome, stop_reason, error, retries,
        failed_attempts, duration_ms, first_content_ms, client_key, charged_micro_dollars
    FROM requests WHERE at_ms >= ?1 AND at_ms < ?2 AND (?3 IS NULL OR agent = ?3) ORDER BY at_ms, id";

/// What client keys were charged from a moment on.
pub(super) const SELECT_CHARGES: &str = "
    SELECT client_key, at_ms, COALESCE(charged_micro_dollars, cost_micro_dollars, 0)
    FROM requests WHERE client_key IS NOT NULL AND at_ms >= ?1";

/// When each client key was last used.
pub(super) const SELECT_LAST_USES: &str = "
    SELECT client_key, MAX(at_ms) FROM requests WHERE client_key IS NOT NULL GROUP BY client_key";

impl Row {
    /// What the client key is charged.
    pub fn charge(&self) -> MicroDollars {
        self.charged.or(self.cost).unwrap_or_default()
    }

    pub(super) fn insert(&self, statement: &mut Statement<'_>) -> rusqlite::Result<()> {
        let Tokens { input, output, cache_write_5m, cache_write_1h, cache_read } = self.tokens;
        statement.execute(params![
            self.at.as_millisecond(),
            self.agent.as_str(),
            self.session,
            self.source,
            self.credential,
            self.billing.as_str(),
            self.requested_model.provider(),
            self.requested_model.model(),
            self.served_model,
            self.request_id,
            self.organization_id,
            self.workspace_id,
            input.map(stored),
            output.map(stored),
            cache_write_5m.map(stored),
            cache_write_1h.map(stored),
            cache_read.map(stored),
            self.cost.map(|cost| stored(cost.0)),
            self.cache_savings,
            self.outcome,
            self.stop_reason,
            self.error,
            self.retries,
            self.failed_attempts,
            milliseconds(self.duration),
            self.first_content.map(milliseconds),
            self.client_key,
            self.charged.map(|charged| stored(charged.0)),
        ])?;
        Ok(())
    }

    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let unreadable = |column, what: &str| {
            let source = format!("it has {what} that is none").into();
            rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, source)
        };
        let billing: String = row.get(5)?;
        let (provider, model): (String, String) = (row.get(6)?, row.get(7)?);
        let count = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(counted));
        Ok(Self {
            at: Timestamp::from_millisecond(row.get(0)?).map_err(|_| unreadable(0, "a time"))?,
            agent: row.get::<_, String>(1)?.parse().map_err(|_| unreadable(1, "an agent"))?,
            session: row.get(2)?,
            source: row.get(3)?,
            credential: row.get(4)?,
            billing: BILLINGS
                .into_iter()
                .find(|known| known.as_str() == billing)
                .ok_or_else(|| unreadable(5, "a way to pay"))?,
            requested_model: format!("{provider}/{model}").parse().map_err(|_| unreadable(7, "a model"))?,
            served_model: row.get(8)?,
            request_id: row.get(9)?,
            organization_id: row.get(10)?,
            workspace_id: row.get(11)?,
            tokens: Tokens {
                input: count(12)?,
                output: count(13)?,
                cache_write_5m: count(14)?,
                cache_write_1h: count(15)?,
                cache_read: count(16)?,
            },
            cost: count(17)?.map(MicroDollars),
            cache_savings: row.get(18)?,
            outcome: row.get(19)?,
            stop_reason: row.get(20)?,
            error: row.get(21)?,
            retries: row.get(22)?,
            failed_attempts: row.get(23)?,
            duration: Duration::from_millis(counted(row.get(24)?)),
            first_content: count(25)?.map(Duration::from_millis),
            client_key: row.get(26)?,
            charged: count(27)?.map(MicroDollars),
        })
    }
}

/// SQLite's integers end at half of ours; no count comes near.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn counted(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
