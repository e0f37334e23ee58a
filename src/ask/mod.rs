//! One question put to an agent's models: credentials in order, refreshed or looked up when their turn comes, the request
//! sent, and what came of each try noted where the next process finds it. Commands and servers ask through here; what is
//! asked and what becomes of the answer is theirs. What a question would carry is told by [`explain`] without asking it.

mod attempt;
pub mod explain;
mod long_context;
mod notes;
mod routes;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;

pub use notes::Notes;
pub use routes::{Surveyed, survey};

use crate::anthropic::{AnswerHead, Client, Error, MessageRequest, NetworkPolicy, ResponseMeta, StreamEvent};
use crate::auth::ProfileId;
use crate::auth::candidates::Eligible;
use crate::auth::form::Form;
use crate::auth::health::Billing;
use crate::auth::oauth::refresh::Refresher;
use crate::auth::obtain::{ObtainError, Obtainer};
use crate::auth::reason::{Failed, Reason};
use crate::auth::reference::{Programs, References};
use crate::auth::resolve::{Candidate, Inputs, NoCredential};
use crate::auth::state::LOCK_LIMIT;
use crate::auth::store::AuthStore;
use crate::clock::Clock;
use crate::config::{Config, Paths};
use crate::env::Env;
use crate::failover::{self, End, Event, Options, Route};
use crate::models::refs::ModelRef;
use crate::provider::ProviderError;
use crate::storage::Jitter;

/// Asks for one agent.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// Orders, policies, providers.
    pub config: &'a Config,
    /// Credentials outside the store.
    pub env: &'a Env,
    /// Where things are.
    pub paths: &'a Paths,
    /// Its credentials.
    pub store: &'a AuthStore,
    /// Refreshes its pairs.
    pub refresher: &'a Refresher,
    /// What programs that keep secrets gave to this process.
    pub programs: &'a Programs,
    /// Which hosts may be reached.
    pub network: NetworkPolicy,
    /// Time.
    pub clock: &'a dyn Clock,
}

/// What is asked.
pub struct Question<'a> {
    /// The model, and those that are asked when it cannot answer.
    pub models: &'a [ModelRef],
    /// The profile that was asked for by name; it is never exchanged for another.
    pub pinned: Option<&'a ProfileId>,
    /// The profile that comes first as long as it can be used: its prompt cache may be warm.
    pub preferred: Option<&'a ProfileId>,
    /// How often the same is tried again after a failure that passes by itself.
    pub retries: u32,
    /// Makes the request for a model and the form of a credential.
    pub request: &'a dyn Fn(&ModelRef, Form) -> MessageRequest,
}

/// What happens while a question is asked.
#[derive(Debug)]
pub enum Happening<'a> {
    /// A credential is about to be used.
    Using {
        /// The credential.
        credential: &'a Candidate<'a>,
        /// The model that is asked with it.
        model: &'a ModelRef,
        /// How it is sent.
        form: Form,
        /// Who pays, now that its secret is known.
        billing: Billing,
        /// Whether the request goes without the beta of the 1M window it was to carry, because the API refused it before.
        context1m_left_out: bool,
    },
    /// The API refused the beta of the 1M window; the same is sent without it.
    Context1mRefused {
        /// The credential.
        credential: &'a Candidate<'a>,
        /// The class of the model.
        model_class: &'a str,
        /// Until when later requests leave it out; `None` when only this one does.
        until: Option<Timestamp>,
    },
    /// A credential's secret could not be had; another credential may take over.
    Unobtainable {
        /// The credential.
        credential: &'a Candidate<'a>,
        /// Why.
        error: &'a ObtainError,
    },
    /// A try failed. What takes over, if anything does, is told next.
    Failed {
        /// The credential.
        credential: &'a Candidate<'a>,
        /// The model.
        model: &'a ModelRef,
        /// Why.
        failed: &'a Failed,
        /// Whether the answer had passed its commit point: it ends as it is, and nothing takes over.
        interrupted: bool,
    },
    /// The answer of a try begins; what an earlier one gave before it failed is void.
    Begins {
        /// The head of its response.
        meta: &'a ResponseMeta,
    },
    /// A piece of the answer; [`Answer`](crate::anthropic::Answer) puts it together.
    Piece(&'a StreamEvent),
    /// A model is passed over because no credential may be used for it now.
    PassedOver {
        /// The model.
        model: &'a ModelRef,
        /// The one that is asked instead.
        next: &'a ModelRef,
    },
    /// Something went another way than planned.
    Failover {
        /// What.
        event: &'a Event<'a, Eligible<'a>>,
        /// The class of the model that was asked last.
        model_class: &'a str,
    },
}

/// Takes what happens, and may end it.
pub type Observe<'o> = dyn FnMut(Happening<'_>) -> ControlFlow<()> + 'o;

/// A try that gave no answer.
#[derive(Debug)]
pub struct FailedAttempt {
    /// The profile, the variable or the place in the config.
    pub credential: String,
    /// The profile, when it was one.
    pub profile_id: Option<ProfileId>,
    /// Who would have paid.
    pub billing: Billing,
    /// The model.
    pub model: ModelRef,
    /// Why.
    pub reason: Reason,
    /// Until when the credential is left alone for it.
    pub until: Option<Timestamp>,
    /// What happened.
    pub error: AttemptError,
}

/// What happened to a try.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// The provider or the way to it.
    #[error(transparent)]
    Api(#[from] Error),
    /// Its secret could not be had.
    #[error(transparent)]
    Obtain(#[from] ObtainError),
    /// The provider has no usable address.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// Whoever takes the answer wanted no more of it.
    #[error("the answer was not wanted to its end")]
    Unwanted,
}

/// A question that was answered, and what it took. The answer itself was passed on piece by piece.
#[derive(Debug)]
pub struct Asked<'a> {
    /// What the answer says of itself.
    pub head: AnswerHead,
    /// The head of its response.
    pub meta: ResponseMeta,
    /// The credential it was given for.
    pub credential: Candidate<'a>,
    /// The model that was asked for it.
    pub model: ModelRef,
    /// From sending to the last event.
    pub duration: Duration,
    /// Tries that failed before.
    pub failed: Vec<FailedAttempt>,
    /// How often the same was tried again.
    pub retries: u32,
    /// Whether the request went without the beta of the 1M window it was to carry, because the API refuses it.
    pub context1m_left_out: bool,
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// There was nothing to ask with.
    #[error("there is no credential for {model}")]
    NoCredential {
        /// The model.
        model: ModelRef,
        /// Why.
        why: NoCredential,
    },
    /// The model's provider cannot be asked at all.
    #[error(transparent)]
    Provider(ProviderError),
    /// Every try failed, or nothing else would have helped.
    #[error("no try gave an answer{}", last_error(failed))]
    GaveUp {
        /// What ended it.
        end: End,
        /// The tries, the last one last.
        failed: Vec<FailedAttempt>,
        /// Credentials that were not tried because they would have changed who pays.
        held_back: Vec<String>,
    },
}

fn last_error(failed: &[FailedAttempt]) -> String {
    failed
        .last()
        .map(|failed| format!("; the last one with {}: {}", failed.credential, failed.error))
        .unwrap_or_default()
}

impl<'a> Asker<'a> {
    /// Asks, passing on what happens. `inputs` is the agent's store and state at this moment; `observe` may end it.
    ///
    /// # Errors
    /// See [`AskError`].
    pub async fn ask(
        &self,
        question: &Question<'_>,
        inputs: &Inputs<'a>,
        observe: &mut Observe<'_>,
    ) -> Result<Asked<'a>, AskError> {
        let (routes, usual_payer) = routes::routes(question, inputs)?;
        let cross_billing = self.config.auth.cross_billing;
        let options = Options { cross_billing, payer: usual_payer, retries: question.retries };
        let trying = attempt::Trying {
            asker: self,
            question,
            notes: self.notes(),
            obtainer: Obtainer {
                references: self.references(),
                refresher: self.refresher,
                programs: self.programs,
            },
            clients: RefCell::new(HashMap::new()),
            asked: Cell::new(0),
            observe: RefCell::new(observe),
        };
        trying.passed_over(&routes);
        let mut jitter = Jitter::new();
        let ran = failover::run(
            &routes,
            &options,
            |this| trying.attempt(this),
            |event| trying.report(&event),
            tokio::time::sleep,
            || trying.fraction(&mut jitter),
        )
        .await;
        let told = |failures: Vec<failover::FailedTry<AttemptError>>| {
            failures.into_iter().map(|failure| told(failure, question, &routes)).collect()
        };
        match ran {
            Ok(answered) => {
                let place = answered.place;
                let attempt::Answer { head, meta, billing, duration, context1m_left_out } = answered.value;
                let credential = &routes[place.route].candidates[place.candidate].credential.credential;
                Ok(Asked {
                    head,
                    meta,
                    credential: Candidate { billing, ..credential.clone() },
                    model: question.models[place.route].clone(),
                    duration,
                    failed: told(answered.failures),
                    retries: answered.retries,
                    context1m_left_out,
                })
            }
            Err(gave_up) => {
                let name =
                    |place: &failover::Place| routes[place.route].candidates[place.candidate].id.clone();
                let mut held_back: Vec<String> = gave_up.held_back.iter().map(name).collect();
                held_back.dedup();
                Err(AskError::GaveUp { end: gave_up.end, failed: told(gave_up.failures), held_back })
            }
        }
    }

    fn notes(&self) -> Notes<'_> {
        Notes { store: self.store, references: self.references(), clock: self.clock, lock_limit: LOCK_LIMIT }
    }

    fn references(&self) -> References<'_> {
        References { env: self.env, config: self.config, paths: self.paths }
    }

    fn client(&self, provider: &str) -> Result<Client, ProviderError> {
        crate::provider::client(provider, self.config, self.env, self.network)
    }
}

fn told(
    failure: failover::FailedTry<AttemptError>,
    question: &Question<'_>,
    routes: &[Route<Eligible<'_>>],
) -> FailedAttempt {
    let failover::FailedTry { place, failed, error } = failure;
    let candidate = &routes[place.route].candidates[place.candidate];
    FailedAttempt {
        credential: candidate.id.clone(),
        profile_id: match &candidate.credential.credential.source {
            crate::auth::resolve::Source::Profile(profile) => Some(profile.id.clone()),
            crate::auth::resolve::Source::Env(..) | crate::auth::resolve::Source::Config(_) => None,
        },
        billing: candidate.billing,
        model: question.models[place.route].clone(),
        reason: failed.reason,
        until: failed.until,
        error,
    }
}

#[cfg(test)]
mod tests;
