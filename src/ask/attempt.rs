//! One try: the secret, the request, the stream, and the note of what came of it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Asker, AttemptError, Happening, Notes, Observe, Question, long_context};
use crate::anthropic::{
    AnswerHead, Client, CommitPoint, Error, HOLD_LIMIT, MessageRequest, MessageStream, ResponseMeta,
    StreamEvent,
};
use crate::auth::candidates::Eligible;
use crate::auth::health::Billing;
use crate::auth::obtain::{ObtainError, Obtained, Obtainer};
use crate::auth::reason::{Failed, Reason};
use crate::auth::resolve::Candidate;
use crate::failover::{Event, Outcome, Route, Try, classify};
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::provider::{self, ProviderError};
use crate::storage::Jitter;

/// What tries of one question share.
pub(super) struct Trying<'t, 'a> {
    pub(super) asker: &'t Asker<'a>,
    pub(super) question: &'t Question<'t>,
    pub(super) notes: Notes<'t>,
    pub(super) obtainer: Obtainer<'t>,
    pub(super) clients: RefCell<HashMap<String, Client>>,
    /// Which model the last try was for.
    pub(super) asked: Cell<usize>,
    pub(super) observe: RefCell<&'t mut Observe<'t>>,
}

/// What an answered try gives.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: AnswerHead,
    pub(super) meta: ResponseMeta,
    pub(super) billing: Billing,
    pub(super) duration: Duration,
    pub(super) context1m_left_out: bool,
}

type Tried = Outcome<Answer, AttemptError>;

/// A try that broke off, and whether it had passed its commit point by then.
struct Broken {
    error: AttemptError,
    committed: bool,
}

impl From<AttemptError> for Broken {
    fn from(error: AttemptError) -> Self {
        Self { error, committed: false }
    }
}

impl<'a> Trying<'_, 'a> {
    pub(super) async fn attempt(&self, this: Try<'_, Eligible<'a>>) -> Tried {
        let Eligible { credential, is_trial, .. } = &this.candidate.credential;
        self.asked.set(this.place.route);
        let model = &self.question.models[this.place.route];
        if *is_trial && !self.notes.claim_trial(credential) {
            return Outcome::NotTried;
        }
        let sent = self.asker.clock.now();
        let obtained = match self.obtainer.obtain(credential).await {
            Ok(obtained) => obtained,
            // What could not be had says nothing about how the provider would have liked it.
            Err(error) => return self.unobtainable(credential, model, error),
        };
        let mut tried = self.send(credential, &obtained, model, this.alone).await;
        let mut secret = obtained.secret;
        if let Err(Broken { error: AttemptError::Api(Error::Api(api)), committed: false }) = &tried
            && Obtainer::renews_after(credential, api.kind)
        {
            match self.obtainer.renew(credential, &secret).await {
                Ok(Some(renewed)) => {
                    tried = self.send(credential, &renewed, model, this.alone).await;
                    secret = renewed.secret;
                }
                Ok(None) => {}
                Err(error) => return self.unobtainable(credential, model, error),
            }
        }
        match tried {
            Ok(answer) => {
                self.notes.success(credential, &secret, model, sent);
                Outcome::Answered(answer)
            }
            Err(Broken { error, committed }) => {
                let failed = match &error {
                    AttemptError::Api(error) => classify(error, self.asker.clock.now()),
                    _ => Failed::because(Reason::Local),
                };
                let failed = self.notes.failure(credential, &secret, model, failed);
                self.tell_failed(credential, model, &failed, committed);
                Outcome::Failed { error, failed, committed }
            }
        }
    }

    fn unobtainable(&self, credential: &Candidate<'_>, model: &ModelRef, error: ObtainError) -> Tried {
        // Nothing can be stopped between two tries.
        let _ = (self.observe.borrow_mut())(Happening::Unobtainable { credential, error: &error });
        let failed = Failed::because(Reason::Unobtainable);
        self.tell_failed(credential, model, &failed, false);
        Outcome::Failed { error: error.into(), failed, committed: false }
    }

    fn tell_failed(&self, credential: &Candidate<'_>, model: &ModelRef, failed: &Failed, interrupted: bool) {
        // There is nothing left to stop.
        let _ = (self.observe.borrow_mut())(Happening::Failed { credential, model, failed, interrupted });
    }

    /// Tells of models that cannot be asked at all before one that can.
    pub(super) fn passed_over(&self, routes: &[Route<Eligible<'a>>]) {
        let Some(first) = routes.iter().position(|route| !route.candidates.is_empty()) else { return };
        let models = &self.question.models;
        for model in &models[..first] {
            // Nothing can be stopped before the first try.
            let _ = (self.observe.borrow_mut())(Happening::PassedOver { model, next: &models[first] });
        }
    }

    /// Passes on what a run reports.
    pub(super) fn report(&self, event: &Event<'_, Eligible<'a>>) {
        let model = &self.question.models[self.asked.get()];
        let model_class = KnownModels::of(self.asker.config).class_of(model);
        // Nothing can be stopped between two tries.
        let _ = (self.observe.borrow_mut())(Happening::Failover { event, model_class });
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&self, jitter: &mut Jitter) -> f64 {
        const PARTS: u32 = 1000;
        u32::try_from(jitter.below(u64::from(PARTS))).map_or(0.0, |part| f64::from(part) / f64::from(PARTS))
    }

    /// Sends the question, and once more without the beta of the 1M window where the API refuses that.
    async fn send(
        &self,
        credential: &Candidate<'_>,
        obtained: &Obtained,
        model: &ModelRef,
        alone: bool,
    ) -> Result<Answer, Broken> {
        let client = self.client(model.provider()).map_err(AttemptError::from)?;
        let Obtained { secret, form, billing, .. } = obtained;
        let mut request = (self.question.request)(model, *form);
        let asks = long_context::is_asked_by(&request);
        let context1m_left_out = asks && self.notes.leaves_out_context1m(credential, secret, model);
        let (form, billing) = (*form, *billing);
        self.tell(Happening::Using { credential, model, form, billing, context1m_left_out })?;
        if context1m_left_out {
            long_context::leave_out(&mut request);
        }
        let sent = self.send_request(&client, obtained, &request, alone).await;
        match sent {
            Err(Broken { error: AttemptError::Api(Error::Api(refusal)), committed: false })
                if asks && !context1m_left_out && long_context::is_refused_by(&refusal) =>
            {
                let until = self.notes.context1m_refused(credential, secret, model);
                let model_class = KnownModels::of(self.asker.config).class_of(model);
                self.tell(Happening::Context1mRefused { credential, model_class, until })?;
                long_context::leave_out(&mut request);
                let answer = self.send_request(&client, obtained, &request, alone).await?;
                Ok(Answer { context1m_left_out: true, ..answer })
            }
            sent => Ok(Answer { context1m_left_out, ..sent? }),
        }
    }

    async fn send_request(
        &self,
        client: &Client,
        obtained: &Obtained,
        request: &MessageRequest,
        alone: bool,
    ) -> Result<Answer, Broken> {
        let clock = self.asker.clock;
        let started = clock.steady();
        let mut stream = client
            .stream_message(&provider::authorization(obtained.clone()), request)
            .await
            .map_err(AttemptError::from)?;
        self.tell(Happening::Begins { meta: stream.meta() })?;
        let mut head = AnswerHead::default();
        let mut point = CommitPoint::new(!alone);
        let passed = self.receive(&mut stream, &mut head, &mut point).await;
        passed.map_err(|error| Broken { error, committed: point.is_passed() })?;
        let duration = clock.steady().saturating_sub(started);
        let meta = stream.meta().clone();
        Ok(Answer { head, meta, billing: obtained.billing, duration, context1m_left_out: false })
    }

    /// Takes in an answer to its end, and passes its events on from the commit point.
    async fn receive(
        &self,
        stream: &mut MessageStream,
        head: &mut AnswerHead,
        point: &mut CommitPoint<StreamEvent>,
    ) -> Result<(), AttemptError> {
        let piece = |event: StreamEvent| self.tell(Happening::Piece(&event));
        let limit = Instant::now() + HOLD_LIMIT;
        loop {
            let event = if point.is_passed() {
                stream.next().await
            } else if let Ok(event) = timeout_at(limit, stream.next()).await {
                event
            } else {
                point.pass().into_iter().try_for_each(piece)?;
                continue;
            };
            let Some(event) = event else { break };
            let event = event?;
            head.apply(&event);
            let commits = event.commits();
            point.take(event, commits).try_for_each(piece)?;
        }
        point.pass().into_iter().try_for_each(piece)
    }

    fn tell(&self, happening: Happening<'_>) -> Result<(), AttemptError> {
        match (self.observe.borrow_mut())(happening) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(AttemptError::Unwanted),
        }
    }

    fn client(&self, provider: &str) -> Result<Client, ProviderError> {
        if let Some(client) = self.clients.borrow().get(provider) {
            return Ok(client.clone());
        }
        let client = self.asker.client(provider)?;
        self.clients.borrow_mut().insert(provider.to_owned(), client.clone());
        Ok(client)
    }
}
