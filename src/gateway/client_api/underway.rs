//! A request for an answer between the moment it may be sent and the moment its answer begins. Whoever loses sight of it there -
//! the client leaves, every credential fails, the gateway ends - has it recorded and charged all the same; an answer that
//! begins is accounted for by [`super::answer`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::answer::Account;
use super::attempt::{Fallen, Signed};
use super::tally::{Circumstances, Ending, Tally};
use crate::anthropic::ResponseMeta;
use crate::auth::reason::Reason;
use crate::gateway::app::App;
use crate::gateway::keys::ClientKey;
use crate::gateway::keys::budget::Reservation;
use crate::gateway::live::AgentView;
use crate::models::refs::ModelRef;

/// What is known of it so far.
pub(super) struct Underway {
    app: Arc<App>,
    view: Arc<AgentView>,
    key: Arc<ClientKey>,
    model: ModelRef,
    /// Its place among what the key may spend; `None` for what costs nothing, and is not recorded.
    reservation: Option<Reservation>,
    tries: Mutex<Tries>,
}

/// What was sent by now.
#[derive(Default)]
struct Tries {
    last: Option<Last>,
    /// Tries that gave no answer.
    failed: u32,
}

/// The last of it.
enum Last {
    /// It is not known yet what came of it.
    Sent(Signed),
    /// It gave no answer.
    Fell(Signed, ResponseMeta, Ending),
}

impl Underway {
    /// Nothing was sent yet.
    pub(super) fn new(
        app: &Arc<App>,
        view: &Arc<AgentView>,
        key: &Arc<ClientKey>,
        model: &ModelRef,
        reservation: Option<Reservation>,
    ) -> Self {
        let (app, view, key, model) = (Arc::clone(app), Arc::clone(view), Arc::clone(key), model.clone());
        Self { app, view, key, model, reservation, tries: Mutex::default() }
    }

    /// This is sent now.
    pub(super) fn sends(&self, signed: &Signed) {
        self.tries().last = Some(Last::Sent(signed.clone()));
    }

    /// What was sent last gave no answer.
    pub(super) fn fell(&self, Fallen { why, signed, meta }: &Fallen, reason: Reason) {
        // Where the provider did not refuse, it may have answered, and somebody pays for that.
        let is_lost = why.error().is_some_and(|error| error.may_be_billed());
        let ending = if is_lost { Ending::Lost(reason.as_str()) } else { Ending::Failed(reason.as_str()) };
        let mut tries = self.tries();
        tries.last = Some(Last::Fell(signed.clone(), meta.clone(), ending));
        tries.failed += 1;
    }

    /// The answer begins: from here on it is accounted for there.
    pub(super) fn answered(mut self, signed: Signed, meta: ResponseMeta) -> Option<Account> {
        let failed = self.tries().failed;
        self.account(signed, meta, failed, Ending::Left)
    }

    fn account(
        &mut self,
        signed: Signed,
        meta: ResponseMeta,
        failed: u32,
        ending: Ending,
    ) -> Option<Account> {
        let reservation = Some(self.reservation.take()?);
        let (agent, client_key, model) = (self.key.agent.clone(), self.key.name.clone(), self.model.clone());
        let of = Circumstances { agent, client_key, model, signed, meta, failed_attempts: failed };
        let (app, view) = (Arc::clone(&self.app), Arc::clone(&self.view));
        Some(Account { app, view, of, reservation, tally: Tally::default(), ending })
    }

    fn tries(&self) -> MutexGuard<'_, Tries> {
        // Each change is one assignment.
        self.tries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let Tries { last, failed } = std::mem::take(&mut *self.tries());
        // What was never sent gives its place back by being dropped.
        drop(match last {
            None => None,
            Some(Last::Sent(signed)) => self.account(signed, ResponseMeta::default(), failed, Ending::Left),
            Some(Last::Fell(signed, meta, ending)) => {
                self.account(signed, meta, failed.saturating_sub(1), ending)
            }
        });
    }
}
