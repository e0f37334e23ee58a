//! The keys with what each may spend and has spent, as the ledger knows it.

use jiff::Timestamp;
use serde::Serialize;

use super::ClientKey;
use super::budget::Budget;
use super::caps::{CapPeriod, Caps};
use super::file::KeyFile;
use crate::SCHEMA_VERSION;
use crate::config::AgentId;
use crate::usage::ledger::{Ledger, LedgerError};
use crate::usage::price::MicroDollars;

/// All keys.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeysReport {
    schema_version: u32,
    /// The keys, in the order they were made.
    pub keys: Vec<KeyLine>,
    /// When what is spent is counted anew.
    pub resets_at: Resets,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyLine {
    /// Its name.
    pub name: String,
    /// The agent whose credentials it uses.
    pub agent_id: AgentId,
    /// Its last four characters.
    pub tail: String,
    /// Models it may ask; none named means all.
    pub models: Vec<String>,
    /// What it may spend.
    pub caps: CapsLine,
    /// What it has spent.
    pub spent: SpentLine,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a request with it last ended, as far as the ledger knows.
    pub last_used_at: Option<Timestamp>,
}

/// What a key may spend; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CapsLine {
    /// In a day.
    pub daily_micro_dollars: Option<MicroDollars>,
    /// In a week.
    pub weekly_micro_dollars: Option<MicroDollars>,
    /// In a month.
    pub monthly_micro_dollars: Option<MicroDollars>,
}

/// What a key has spent until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SpentLine {
    /// Today.
    pub daily_micro_dollars: MicroDollars,
    /// This week.
    pub weekly_micro_dollars: MicroDollars,
    /// This month.
    pub monthly_micro_dollars: MicroDollars,
}

/// When periods end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Resets {
    /// Days.
    pub daily: Timestamp,
    /// Weeks.
    pub weekly: Timestamp,
    /// Months.
    pub monthly: Timestamp,
}

impl From<Caps> for CapsLine {
    fn from(caps: Caps) -> Self {
        Self {
            daily_micro_dollars: caps.daily,
            weekly_micro_dollars: caps.weekly,
            monthly_micro_dollars: caps.monthly,
        }
    }
}

impl KeysReport {
    /// Puts the keys together with what the ledger knows of them; without a ledger nothing was spent.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn make(file: &KeyFile, ledger: Option<&Ledger>, now: Timestamp) -> Result<Self, LedgerError> {
        let budget = Budget::default();
        let mut last_uses = match ledger {
            Some(ledger) => {
                budget.load(ledger, now)?;
                ledger.last_uses()?
            }
            None => std::collections::HashMap::new(),
        };
        let keys = file.keys.iter().map(|key| {
            let (spent, _) = budget.of(&key.name);
            let ClientKey { name, agent, tail, models, caps, created_at, .. } = key.clone();
            KeyLine {
                last_used_at: last_uses.remove(&name),
                name,
                agent_id: agent,
                tail,
                models,
                caps: caps.into(),
                spent: SpentLine {
                    daily_micro_dollars: spent.of(CapPeriod::Day, now),
                    weekly_micro_dollars: spent.of(CapPeriod::Week, now),
                    monthly_micro_dollars: spent.of(CapPeriod::Month, now),
                },
                created_at,
            }
        });
        Ok(Self {
            schema_version: SCHEMA_VERSION,
            keys: keys.collect(),
            resets_at: Resets {
                daily: CapPeriod::Day.end(now),
                weekly: CapPeriod::Week.end(now),
                monthly: CapPeriod::Month.end(now),
            },
        })
    }
}
