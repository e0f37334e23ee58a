//! What there is to record of a question: watched while it is asked, made into a row when it has ended, however it ended.
//! Writing the row is the ledger's work.

use std::time::Duration;

use super::ledger::{CredentialSource, Outcome, Row, Tokens};
use super::price;
use super::receipt::{self, FailedTry, Receipt};
use super::said::Said;
use crate::anthropic::{ResponseMeta, StreamEvent};
use crate::ask::{AskError, Asked, AttemptError, FailedAttempt, Happening};
use crate::auth::ProfileId;
use crate::auth::health::Billing;
use crate::auth::reason::Reason;
use crate::auth::resolve::Source;
use crate::clock::Clock;
use crate::config::{AgentId, Config};
use crate::failover::Event;
use crate::models::catalog::Prices;
use crate::models::refs::ModelRef;

/// Watches one question.
#[derive(Debug)]
pub struct Recording<'a> {
    clock: &'a dyn Clock,
    config: &'a Config,
    agent: &'a AgentId,
    session: Option<&'a str>,
    retries: u32,
    failed: Vec<FailedTry>,
    sent: Option<Sent>,
}

/// How a question ended.
#[derive(Debug, Clone, Copy)]
pub enum Ended<'e> {
    /// With an answer.
    Answered(&'e Asked<'e>),
    /// Without one, or without a whole one.
    GaveUp(&'e AskError),
    /// By whoever asked.
    Cancelled,
}

/// The try under way, or the last one.
#[derive(Debug)]
struct Sent {
    source: CredentialSource,
    /// As a receipt tells it.
    origin: (Option<ProfileId>, String),
    credential: String,
    billing: Billing,
    model: ModelRef,
    started: Duration,
    first_content: Option<Duration>,
    meta: Option<ResponseMeta>,
    served: Option<String>,
    stop_reason: Option<String>,
    said: Said,
    /// Something else takes over from it, or nothing does; it gave no answer.
    is_over: bool,
    context1m_left_out: bool,
}

impl<'a> Recording<'a> {
    /// Begins to watch a question of an agent, which may belong to a session.
    pub fn new(
        clock: &'a dyn Clock,
        config: &'a Config,
        agent: &'a AgentId,
        session: Option<&'a str>,
    ) -> Self {
        Self { clock, config, agent, session, retries: 0, failed: Vec::new(), sent: None }
    }

    /// Takes note of what happens.
    pub fn observe(&mut self, happening: &Happening<'_>) {
        match (happening, &mut self.sent) {
            (Happening::Using { credential, model, billing, context1m_left_out, .. }, sent) => {
                *sent = Some(Sent {
                    source: match &credential.source {
                        Source::Profile(_) => CredentialSource::Profile,
                        Source::Env(..) => CredentialSource::Env,
                        Source::Config(_) => CredentialSource::Config,
                    },
                    origin: receipt::origin(&credential.source),
                    credential: credential.source.name().to_owned(),
                    billing: *billing,
                    model: (*model).clone(),
                    started: self.clock.steady(),
                    first_content: None,
                    meta: None,
                    served: None,
                    stop_reason: None,
                    said: Said::default(),
                    is_over: false,
                    context1m_left_out: *context1m_left_out,
                });
            }
            (Happening::Context1mRefused { .. }, Some(sent)) => sent.context1m_left_out = true,
            (Happening::Begins { meta }, Some(sent)) => sent.meta = Some((*meta).clone()),
            (Happening::Piece(event), Some(sent)) => sent.observe(event, self.clock),
            (Happening::Failed { interrupted: true, .. }, _) => {}
            (Happening::Failed { credential, model, failed, .. }, sent) => {
                let tried = FailedTry::new(credential, model, failed);
                self.failed.retain(|it| it.credential != tried.credential || it.model != tried.model);
                self.failed.push(tried);
                if let Some(sent) = sent {
                    sent.is_over = true;
                }
            }
            (Happening::Failover { event: Event::Retrying { .. }, .. }, _) => self.retries += 1,
            _ => {}
        }
    }

    /// The receipt of an answer that ended early: what was told of it by then. `None` when none had begun.
    pub fn interrupted(&self) -> Option<Receipt> {
        let sent = self.sent.as_ref().filter(|sent| !sent.is_over)?;
        let meta = sent.meta.as_ref()?;
        let (profile_id, source) = sent.origin.clone();
        let told = self.told(sent);
        Some(Receipt {
            profile_id,
            source,
            billing: sent.billing,
            requested_model: sent.model.clone(),
            model: sent.served.clone().unwrap_or_else(|| sent.model.model().to_owned()),
            interrupted: true,
            usage: (*sent.said.usage()).into(),
            cost_micro_dollars: told.and_then(|prices| price::cost(sent.said.usage(), &prices)),
            organization_id: meta.organization_id.clone(),
            workspace_id: meta.workspace_id.clone(),
            request_id: meta.request_id.clone(),
            retries: self.retries,
            context1m_left_out: sent.context1m_left_out,
            failed_attempts: self.failed.clone(),
            duration: self.clock.steady().saturating_sub(sent.started),
        })
    }

    /// The prices of what was told, where enough of it was.
    fn told(&self, sent: &Sent) -> Option<Prices> {
        let tokens = sent.said.tokens();
        let served = sent.served.as_deref().unwrap_or_default();
        let prices = price::prices_of(&sent.model, served, sent.billing, sent.said.usage(), self.config);
        prices.filter(|_| tokens.input.is_some() && tokens.output.is_some())
    }

    /// The row of a question that has ended; `None` when nothing was sent.
    pub fn row(&self, ended: Ended<'_>) -> Option<Row> {
        let sent = self.sent.as_ref()?;
        let has_begun = sent.first_content.is_some();
        let unanswered = if has_begun { Outcome::Interrupted } else { Outcome::Failed };
        let took = self.clock.steady().saturating_sub(sent.started);
        let (outcome, error, failed_attempts, duration) = match ended {
            Ended::Answered(asked) if asked.head.stop_reason() == Some("refusal") => {
                (Outcome::Refused, None, asked.failed.len(), asked.duration)
            }
            Ended::Answered(asked) => (Outcome::Complete, None, asked.failed.len(), asked.duration),
            Ended::GaveUp(AskError::GaveUp { failed, .. }) => {
                let last = failed.iter().rev().find(|failed| has_begun || was_sent(failed))?;
                let error = match last.error {
                    AttemptError::Unwanted => CANCELLED,
                    _ => last.reason.as_str(),
                };
                (unanswered, Some(error), failed.len() - 1, took)
            }
            Ended::GaveUp(AskError::NoCredential { .. } | AskError::Provider(_)) => return None,
            // Between two tries nothing was being answered.
            Ended::Cancelled if sent.is_over => {
                (Outcome::Failed, Some(CANCELLED), self.failed.len().saturating_sub(1), took)
            }
            Ended::Cancelled => (Outcome::Interrupted, Some(CANCELLED), self.failed.len(), took),
        };
        // What failed without an answer is not billed, whatever it began to count.
        let tokens = if outcome == Outcome::Failed { Tokens::default() } else { sent.said.tokens() };
        let prices = self.told(sent).filter(|_| outcome != Outcome::Failed);
        let meta = sent.meta.as_ref();
        Some(Row {
            at: self.clock.now(),
            agent: self.agent.clone(),
            session: self.session.map(str::to_owned),
            source: sent.source,
            credential: sent.credential.clone(),
            billing: sent.billing,
            requested_model: sent.model.clone(),
            served_model: sent.served.clone(),
            request_id: meta.and_then(|meta| meta.request_id.clone()),
            organization_id: meta.and_then(|meta| meta.organization_id.clone()),
            workspace_id: meta.and_then(|meta| meta.workspace_id.clone()),
            tokens,
            cost: prices.and_then(|prices| price::cost(sent.said.usage(), &prices)),
            cache_savings: prices.and_then(|prices| price::cache_savings(sent.said.usage(), &prices)),
            outcome,
            stop_reason: sent.stop_reason.clone(),
            error: error.map(str::to_owned),
            retries: self.retries,
            failed_attempts: u32::try_from(failed_attempts).unwrap_or(u32::MAX),
            duration,
            first_content: sent.first_content,
            client_key: None,
            charged: None,
        })
    }
}

/// The error of a question that whoever asked has ended.
const CANCELLED: &str = "cancelled";

/// Whether the provider, or the way to it, had a part in this failure.
fn was_sent(failed: &FailedAttempt) -> bool {
    !matches!(failed.reason, Reason::Local | Reason::Unobtainable)
}

impl Sent {
    fn observe(&mut self, event: &StreamEvent, clock: &dyn Clock) {
        if event.commits() && self.first_content.is_none() {
            self.first_content = Some(clock.steady().saturating_sub(self.started));
        }
        match event {
            StreamEvent::MessageStart { model, usage, .. } => {
                self.served = Some(model.clone()).filter(|model| !model.is_empty());
                self.said.take(usage);
            }
            StreamEvent::MessageDelta { stop_reason, usage } => {
                self.stop_reason = stop_reason.clone().or_else(|| self.stop_reason.take());
                self.said.take(usage);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::form::Form;
    use crate::auth::reason::Failed;
    use crate::auth::resolve::Candidate;
    use crate::clock::ManualClock;
    use crate::secret::Secret;

    #[test]
    fn a_question_cancelled_between_two_tries_failed_and_costs_nothing() {
        let (clock, config) = (ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()), Config::default());
        let (agent, model) = (AgentId::main(), "anthropic/claude-sonnet-5".parse().unwrap());
        let source = Source::Env("ANTHROPIC_API_KEY", Secret::new("sk-ant-api03-sandbox-one"));
        let credential = Candidate { source, form: None, billing: Billing::Api, ends: None };
        let using = Happening::Using {
            credential: &credential,
            model: &model,
            form: Form::ApiKey,
            billing: Billing::Api,
            context1m_left_out: false,
        };
        let failed = &Failed::because(Reason::Overloaded);
        let failed = Happening::Failed { credential: &credential, model: &model, failed, interrupted: false };
        let mut recording = Recording::new(&clock, &config, &agent, None);
        let ended = |recording: &Recording<'_>| {
            let row = recording.row(Ended::Cancelled).unwrap();
            (row.outcome, row.error, row.failed_attempts, recording.interrupted().is_some())
        };
        let cancelled = || Some("cancelled".to_owned());
        recording.observe(&using);
        assert_eq!(ended(&recording), (Outcome::Interrupted, cancelled(), 0, false));
        recording.observe(&failed);
        assert_eq!(ended(&recording), (Outcome::Failed, cancelled(), 0, false));
        recording.observe(&using);
        assert_eq!(ended(&recording), (Outcome::Interrupted, cancelled(), 1, false));
    }
}
