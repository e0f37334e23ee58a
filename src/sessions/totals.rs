//! What the answers of a session took, added up from their receipts.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conversation::{Conversation, Reply};
use super::entry::parsed;
use crate::auth::ProfileId;
use crate::auth::health::Billing;
use crate::models::refs::ModelRef;
use crate::usage::price::MicroDollars;
use crate::usage::receipt::{InShort, TokenCounts};

/// What a transcript's receipt says, as far as a session needs it. What it does not say is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spent {
    /// The profile that answered.
    #[serde(deserialize_with = "parsed")]
    pub profile_id: Option<ProfileId>,
    /// `profile`, or the variable or place of another credential.
    pub source: Option<String>,
    /// Who pays.
    pub billing: Option<Billing>,
    /// The model asked.
    #[serde(deserialize_with = "parsed")]
    pub requested_model: Option<ModelRef>,
    /// The model that served it, in the provider's words.
    pub model: Option<String>,
    /// The organization that was billed.
    pub organization_id: Option<String>,
    /// The workspace that was billed.
    pub workspace_id: Option<String>,
    /// From sending to the last event, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Tokens by class.
    pub usage: TokenCounts,
    /// Cost, where it is known.
    pub cost_micro_dollars: Option<MicroDollars>,
}

impl Spent {
    /// What a receipt says.
    pub fn of(receipt: &Value) -> Self {
        Self::deserialize(receipt).unwrap_or_default()
    }

    /// The receipt in one line, as it was told when the answer came.
    pub fn line(&self, is_interrupted: bool) -> String {
        let source = self.source.as_deref().unwrap_or("unknown credential");
        let short = InShort {
            model: self.model.as_deref().unwrap_or("unknown model"),
            credential: self.profile_id.as_ref().map_or(source, ProfileId::as_str),
            duration: Duration::from_millis(self.duration_ms.unwrap_or_default()),
            usage: self.usage,
            billing: self.billing.unwrap_or(Billing::Unknown),
            cost: self.cost_micro_dollars,
            is_interrupted,
        };
        short.to_string()
    }
}

/// What all answers of a session took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Complete answers.
    pub answers: usize,
    /// Answers that ended early; what they took is counted as far as it was told by then.
    pub interrupted: usize,
    /// Those of them of which nothing is known.
    pub untold: usize,
    /// Tokens by class.
    pub usage: TokenCounts,
    /// Cost of all answers whose cost is known, at least: more than told may have been billed for interrupted ones.
    pub cost_micro_dollars: MicroDollars,
    /// Answers a plan paid for.
    pub by_subscription: usize,
    /// Answers whose cost is not known.
    pub unpriced: usize,
}

impl Totals {
    /// Adds up a conversation.
    pub fn of(conversation: &Conversation) -> Self {
        let mut totals = Self::default();
        for turn in conversation.turns() {
            let spent = match &turn.reply {
                Reply::Complete { spent, .. } => {
                    totals.answers += 1;
                    spent
                }
                Reply::Interrupted { spent, .. } => {
                    totals.interrupted += 1;
                    let Some(spent) = spent else {
                        totals.untold += 1;
                        continue;
                    };
                    spent
                }
            };
            totals.usage = totals.usage.plus(spent.usage);
            match (spent.billing, spent.cost_micro_dollars) {
                (_, Some(MicroDollars(cost))) => {
                    totals.cost_micro_dollars.0 = totals.cost_micro_dollars.0.saturating_add(cost);
                }
                (Some(Billing::Subscription), None) => totals.by_subscription += 1,
                (_, None) => totals.unpriced += 1,
            }
        }
        totals
    }

    /// What a session took so far, in a line.
    pub fn in_words(&self) -> String {
        let many = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let mut parts = vec![many(self.answers, "answer"), self.usage.in_words()];
        let told = self.answers + self.interrupted - self.untold;
        let priced = told - self.by_subscription - self.unpriced;
        if priced > 0 {
            parts.push(self.cost_micro_dollars.to_string());
        }
        if self.by_subscription > 0 {
            parts.push(format!("{} by subscription", self.by_subscription));
        }
        if self.unpriced > 0 {
            parts.push(format!("{} of unknown cost", self.unpriced));
        }
        let counted = self.interrupted - self.untold;
        if counted > 0 {
            parts.push(format!("{counted} interrupted, counted as far as told"));
        }
        if self.untold > 0 {
            parts.push(format!("{} interrupted, cost unknown", self.untold));
        }
        parts.join(" · ")
    }
}
