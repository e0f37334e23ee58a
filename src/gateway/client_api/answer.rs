//! An answer on its way to the client: piece by piece as it comes, with a sign of life where it is silent for long. When it
//! ends, however it ends, what it took goes into the ledger and what it says of the credential into the agent's state.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::LONGEST_SILENCE;
use super::attempt::{Begins, Begun, Signed, Told};
use super::noting::Noting;
use super::tally::{Circumstances, Ending, Seen, Tally, Tap};
use crate::anthropic::{self, RelayedAnswer, ResponseMeta};
use crate::ask::Notes;
use crate::auth::resolve::Candidate;
use crate::failover::classify;
use crate::gateway::app::App;
use crate::gateway::keys::budget::Reservation;
use crate::gateway::live::AgentView;
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;

/// Silence after which a comment is sent: clients give up after five minutes of it, and what is between sooner.
const SIGN_OF_LIFE_AFTER: Duration = Duration::from_secs(15);
/// The comment. No client takes it for an event.
const SIGN_OF_LIFE: &[u8] = b": still waiting for the provider\n\n";

/// What has to be done when an answer has ended. It is done however that happens, also when nobody waits any more.
pub(super) struct Account {
    pub(super) app: Arc<App>,
    pub(super) view: Arc<AgentView>,
    pub(super) of: Circumstances,
    /// The request's place among what its key may spend; taken when it is charged.
    pub(super) reservation: Option<Reservation>,
    pub(super) tally: Tally,
    pub(super) ending: Ending,
}

/// The response to a request that was answered.
pub(super) fn respond(
    begun: Begun,
    account: impl FnOnce(Signed, ResponseMeta) -> Option<Account>,
) -> Response {
    let Begun { answer, signed, body } = begun;
    let (status, headers) = (answer.status, answer.headers.clone());
    let account = account(signed, answer.meta.clone());
    let body = match body {
        Begins::Whole(body, tally) => {
            if let Some(mut account) = account {
                (account.tally, account.ending) = (tally, Ending::Complete);
            }
            Body::from(body)
        }
        Begins::Stream(begins, tap, told) => {
            let mut account = account;
            if let Some(account) = &mut account {
                account.told(told);
            }
            let begins = begins.into_iter();
            let passing = Passing { begins, answer, tap, account, silent: Duration::ZERO, is_broken: false };
            passing.counted(1);
            Body::from_stream(stream::unfold(passing, Passing::next))
        }
    };
    with_head(status, headers, body)
}

/// A response whose head came from the provider.
pub(super) fn with_head(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A stream that is passing.
struct Passing {
    begins: std::vec::IntoIter<Bytes>,
    answer: RelayedAnswer,
    tap: Box<Tap>,
    account: Option<Account>,
    silent: Duration,
    /// It was ended here, whatever may still come.
    is_broken: bool,
}

impl Passing {
    /// The next piece for the client.
    async fn next(mut self) -> Option<(Result<Bytes, anthropic::Error>, Self)> {
        if let Some(chunk) = self.begins.next() {
            return Some((Ok(chunk), self));
        }
        if self.is_broken {
            return None;
        }
        loop {
            match self.answer.chunk_within(SIGN_OF_LIFE_AFTER).await {
                Ok(Some(chunk)) => {
                    self.silent = Duration::ZERO;
                    self.look(&chunk);
                    return Some((Ok(chunk), self));
                }
                Ok(None) => {
                    if self.is_over() {
                        return None;
                    }
                    let reason = "the stream ended before the answer did".to_owned();
                    return self.break_off(anthropic::Error::Cut { reason });
                }
                Err(anthropic::Error::Idle { .. }) => {
                    self.silent += SIGN_OF_LIFE_AFTER;
                    if self.silent >= LONGEST_SILENCE {
                        return self.break_off(anthropic::Error::Idle { after: LONGEST_SILENCE });
                    }
                    if self.tap.is_at_boundary() {
                        return Some((Ok(Bytes::from_static(SIGN_OF_LIFE)), self));
                    }
                }
                Err(error) => return self.break_off(error),
            }
        }
    }

    fn look(&mut self, chunk: &Bytes) {
        let Self { answer, tap, account, .. } = self;
        let Some(account) = account else { return };
        let took = account.app.clock.steady().saturating_sub(account.of.signed.started);
        tap.look(chunk, took, |seen| match seen {
            Seen::Stops => account.told(Told::Stops),
            Seen::Error(data) => account.told(Told::Failed(answer.refusal(&data))),
            Seen::Passing | Seen::Commits => {}
        });
    }

    /// Whether the end of the body is the end of the answer.
    fn is_over(&self) -> bool {
        self.account.as_ref().is_none_or(|account| account.ending != Ending::Left)
    }

    /// Ends the answer with an error: as an event where one can be put, else by breaking the connection.
    fn break_off(mut self, error: anthropic::Error) -> Option<(Result<Bytes, anthropic::Error>, Self)> {
        if self.is_over() {
            // It was complete, or said itself why it is not.
            return None;
        }
        self.is_broken = true;
        if let Some(account) = &mut self.account {
            account.failed(&error);
        }
        if !self.tap.is_at_boundary() {
            return Some((Err(error), self));
        }
        let message = format!("{}.", crate::text::capitalised(&error.to_string()));
        let event = json!({ "type": "error", "error": { "type": "api_error", "message": message } });
        Some((Ok(Bytes::from(format!("event: error\ndata: {event}\n\n"))), self))
    }

    fn counted(&self, change: i64) {
        if let Some(account) = &self.account {
            account.app.metrics.streams.add(change);
        }
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.counted(-1);
        if let Some(account) = &mut self.account {
            account.tally = std::mem::take(&mut self.tap.tally);
        }
    }
}

impl Account {
    /// What the stream said of its end; the first word counts.
    fn told(&mut self, told: Told) {
        if self.ending != Ending::Left {
            return;
        }
        match told {
            Told::Nothing => {}
            Told::Stops => self.ending = Ending::Complete,
            Told::Failed(error) => self.failed(&error),
        }
    }

    /// The answer failed after it had begun; what that says of the credential is remembered.
    fn failed(&mut self, error: &anthropic::Error) {
        let failed = classify(error, self.app.now());
        self.ending = Ending::Failed(failed.reason.as_str());
        let secret = self.of.signed.secret.clone();
        self.note(move |notes, credential, model| {
            notes.failure(credential, &secret, model, failed);
        });
    }

    /// The credential answered: that is written down where it says something new.
    fn succeeded(&self) {
        let Self { app, view, of, .. } = self;
        let Signed { profile: Some(id), secret, at, .. } = &of.signed else { return };
        let Some(profile) = view.snapshot.profiles.get(id) else { return };
        let class = KnownModels::of(&view.world.loaded.config).class_of(&of.model);
        if view.state.would_note_success(profile, secret, class, *at, app.now()) {
            let (secret, at) = (secret.clone(), *at);
            self.note(move |notes, credential, model| notes.success(credential, &secret, model, at));
        }
    }

    fn note(&self, note: impl FnOnce(&Notes<'_>, &Candidate<'_>, &ModelRef) + Send + 'static) {
        let Self { app, view, of, .. } = self;
        let Some(id) = of.signed.profile.clone() else { return };
        let noting = Noting { app: Arc::clone(app), view: Arc::clone(view), model: of.model.clone() };
        noting.begin(id, of.signed.billing, note);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if self.ending == Ending::Complete {
            self.succeeded();
        }
        let Self { app, view, of, tally, ending, reservation } = self;
        let took = app.clock.steady().saturating_sub(of.signed.started);
        let mut row = tally.row(of, *ending, took, app.now(), &view.world.loaded.config);
        app.metrics.recorded(&row);
        if let Some(reservation) = reservation.take() {
            reservation.settle(&mut row);
        }
        app.ledger.record(row);
    }
}
