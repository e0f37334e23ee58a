//! Notes of what came of clients' requests, made where they may wait. The state they go into may be locked by another
//! process, and the threads that serve have streams to pass on meanwhile; so each note has a thread that may block, a few
//! seconds to get the lock, and whoever needs what comes of it waits without holding up others. What is noted is [`Notes`]'
//! business.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::ask::Notes;
use crate::auth::health::Billing;
use crate::auth::profile_id::ProfileId;
use crate::auth::reason::Failed;
use crate::auth::reference::References;
use crate::auth::resolve::{Candidate, Source};
use crate::gateway::app::App;
use crate::gateway::live::AgentView;
use crate::models::refs::ModelRef;
use crate::secret::Secret;

/// How long a note waits for another process. A client may be waiting for it, and what it says the next request shows again.
const LOCK_LIMIT: Duration = Duration::from_secs(2);

/// How many notes are being made. The end of the gateway waits for them.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Unfinished(watch::Sender<usize>);

impl Unfinished {
    /// Returns when none is being made.
    pub(in crate::gateway) async fn ended(&self) {
        // Nobody being left who could make one means the same.
        self.0.subscribe().wait_for(|notes| *notes == 0).await.ok();
    }
}

/// A note that is being made; it is over when this is dropped.
struct Note(Arc<App>);

impl Note {
    fn begin(app: &Arc<App>) -> Self {
        app.notes.0.send_modify(|notes| *notes += 1);
        Self(Arc::clone(app))
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.0.notes.0.send_modify(|notes| *notes -= 1);
    }
}

/// Makes notes of requests for one model to one agent.
#[derive(Debug, Clone)]
pub(super) struct Noting {
    pub(super) app: Arc<App>,
    pub(super) view: Arc<AgentView>,
    pub(super) model: ModelRef,
}

impl Noting {
    /// As [`Notes::claim_trial`].
    pub(super) async fn claim_trial(&self, credential: &Candidate<'_>) -> bool {
        self.waited_for(credential, |notes, credential, _| notes.claim_trial(credential))
            .await
            .unwrap_or(true)
    }

    /// As [`Notes::failure`].
    pub(super) async fn failure(
        &self,
        credential: &Candidate<'_>,
        secret: &Secret,
        failed: Failed,
    ) -> Failed {
        let secret = secret.clone();
        let noted = self.waited_for(credential, move |notes, credential, model| {
            notes.failure(credential, &secret, model, failed)
        });
        noted.await.unwrap_or(failed)
    }

    /// Makes a note nobody waits for.
    pub(super) fn begin(
        self,
        id: ProfileId,
        billing: Billing,
        note: impl FnOnce(&Notes<'_>, &Candidate<'_>, &ModelRef) + Send + 'static,
    ) {
        let begun = Note::begin(&self.app);
        let make = move || {
            self.make(&id, billing, note);
            drop(begun);
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(make)),
            // Without a runtime nothing is served any more.
            Err(_) => make(),
        }
    }

    /// Makes a note, also when whoever waits for it goes away; `None` when it is about nothing that is remembered.
    async fn waited_for<T: Send + 'static>(
        &self,
        credential: &Candidate<'_>,
        note: impl FnOnce(&Notes<'_>, &Candidate<'_>, &ModelRef) -> T + Send + 'static,
    ) -> Option<T> {
        let Source::Profile(profile) = &credential.source else { return None };
        let (this, begun) = (self.clone(), Note::begin(&self.app));
        let (id, billing) = (profile.id.clone(), credential.billing);
        let made = tokio::task::spawn_blocking(move || {
            let made = this.make(&id, billing, note);
            drop(begun);
            made
        });
        made.await.ok().flatten()
    }

    fn make<T>(
        &self,
        id: &ProfileId,
        billing: Billing,
        note: impl FnOnce(&Notes<'_>, &Candidate<'_>, &ModelRef) -> T,
    ) -> Option<T> {
        let Self { app, view, model } = self;
        let profile = view.snapshot.profiles.get(id)?;
        let loaded = &view.world.loaded;
        let references = References { env: &loaded.env, config: &loaded.config, paths: &app.paths };
        let clock = app.clock.as_ref();
        let notes = Notes { store: &view.store, references, clock, lock_limit: LOCK_LIMIT };
        let source = Source::Profile(profile);
        let credential = Candidate { source, form: None, billing, ends: None };
        Some(note(&notes, &credential, model))
    }
}

#[cfg(test)]
mod tests;
