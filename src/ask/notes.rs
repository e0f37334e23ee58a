//! What is remembered of tries, whoever makes them: trials claimed before a request, and answers and failures noted in the
//! agent's state after it. What is sent and what becomes of the answer is for whoever tries. Nothing here waits for the
//! network, and trouble with the state is only logged: an answer or a failure counts without it.

use std::time::Duration;

use jiff::Timestamp;

use crate::auth::cooldown::{Effect, Sent};
use crate::auth::profile::Profile;
use crate::auth::reason::Failed;
use crate::auth::reference::{Look, References};
use crate::auth::resolve::{Candidate, Source};
use crate::auth::state::{AuthState, StateFile};
use crate::auth::store::AuthStore;
use crate::clock::Clock;
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::secret::Secret;

/// Notes what comes of tries with one agent's credentials. Only profiles are remembered: of a variable and of a key in the
/// config nothing is.
#[derive(Debug, Clone, Copy)]
pub struct Notes<'a> {
    /// The agent's credentials; the state lies beside them.
    pub store: &'a AuthStore,
    /// Where references lead, and the config with the lengths of windows.
    pub references: References<'a>,
    /// Time.
    pub clock: &'a dyn Clock,
    /// How long a note waits for another process that writes the state.
    pub lock_limit: Duration,
}

impl Notes<'_> {
    /// Takes the trial of a disabled credential that is due for one. `false` when another process has it, and the
    /// credential is to be left alone.
    pub fn claim_trial(&self, credential: &Candidate<'_>) -> bool {
        let Source::Profile(profile) = credential.source else { return true };
        let claimed = self.store.read().map_err(|error| error.to_string()).and_then(|snapshot| {
            let claimed = self.state_file().claim_trial(&snapshot, profile, self.clock);
            claimed.map_err(|error| error.to_string())
        });
        // A state that cannot be written must not keep the last credential from being tried.
        claimed.unwrap_or_else(|error| {
            tracing::warn!(%error, "a trial could not be claimed");
            true
        })
    }

    /// Notes that a request for a model, begun at `sent` and signed with `secret`, was answered.
    pub fn success(&self, credential: &Candidate<'_>, secret: &Secret, model: &ModelRef, sent: Timestamp) {
        self.note(credential, secret, model, |state, profile, class| {
            state.note_success_of(profile, secret, class, sent, self.clock.now())
        });
    }

    /// Notes that a request for a model, signed with `secret`, failed, and returns the failure with the end of the window
    /// it opened, if it opened one.
    pub fn failure(
        &self,
        credential: &Candidate<'_>,
        secret: &Secret,
        model: &ModelRef,
        failed: Failed,
    ) -> Failed {
        let rules = &self.references.config.auth.cooldowns;
        let now = self.clock.now();
        let mut until = None;
        self.note(credential, secret, model, |state, profile, class| {
            let known_on_use = profile
                .credential
                .material()
                .reference()
                .is_some_and(|reference| self.references.look(reference) == Look::OnUse);
            let sent = Sent { secret, known_on_use };
            let effect = state.note_failure_of(profile, sent, class, &failed, rules, now);
            until = effect.until();
            effect != Effect::None
        });
        Failed { until: until.or(failed.until), ..failed }
    }

    /// Notes that the API refused the beta of the 1M window, and returns until when it is left out; `None` where that is not
    /// remembered.
    pub fn context1m_refused(
        &self,
        credential: &Candidate<'_>,
        secret: &Secret,
        model: &ModelRef,
    ) -> Option<Timestamp> {
        let now = self.clock.now();
        let mut until = None;
        self.note(credential, secret, model, |state, profile, class| {
            until = Some(state.note_context1m_refused(profile, secret, class, now));
            true
        });
        until
    }

    /// Whether the beta of the 1M window is left out of a request for a model that is signed with `secret`, because the API
    /// refused it before.
    pub fn leaves_out_context1m(
        &self,
        credential: &Candidate<'_>,
        secret: &Secret,
        model: &ModelRef,
    ) -> bool {
        let Source::Profile(profile) = credential.source else { return false };
        let Ok(snapshot) = self.store.read() else { return false };
        let class = KnownModels::of(self.references.config).class_of(model);
        let (state, _) = self.state_file().read(&snapshot);
        let current = snapshot.profiles.get(&profile.id).unwrap_or(profile);
        state.context1m_left_out(current, Some(secret), class, self.clock.now()).is_some()
    }

    /// Changes what is remembered of a profile.
    fn note(
        &self,
        credential: &Candidate<'_>,
        sent: &Secret,
        model: &ModelRef,
        mut change: impl FnMut(&mut AuthState, &Profile, &str) -> bool,
    ) {
        let Source::Profile(profile) = credential.source else { return };
        let class = KnownModels::of(self.references.config).class_of(model);
        // A refresh may have put another secret in its place, and what is noted is about that one.
        let noted = self.store.read().map_err(|error| error.to_string()).and_then(|snapshot| {
            let Some(profile) = snapshot.profiles.get(&profile.id) else { return Ok(()) };
            // What was replaced while the request was under way says nothing about what took its place.
            if profile.credential.material().secret().is_some_and(|stored| stored != sent) {
                return Ok(());
            }
            let file = self.state_file();
            let (mut state, _) = file.read(&snapshot);
            if !change(&mut state, profile, class) {
                return Ok(());
            }
            let noted = file.update(&snapshot, self.clock, |state| change(state, profile, class));
            noted.map_err(|error| error.to_string())
        });
        if let Err(error) = noted {
            tracing::warn!(%error, "could not note what came of a request");
        }
    }

    fn state_file(&self) -> StateFile {
        StateFile::in_dir(self.store.dir()).waiting_for(self.lock_limit)
    }
}
