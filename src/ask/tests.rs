//! What others build on: a try that sends something else than a question, noted like one, in a run that may move between
//! threads.

use std::sync::Arc;

use jiff::ToSpan;

use super::*;
use crate::auth::profile::{Credential, Material, Profile};
use crate::auth::reason::Failed;
use crate::auth::state::{AuthState, StateFile};
use crate::auth::store::{Edited, Snapshot, StoreError};
use crate::clock::ManualClock;
use crate::config::SelectedAgent;
use crate::config::agents::AgentId;
use crate::failover::Outcome;
use crate::secret::Secret;

/// An agent with keys of these names, in this order.
struct World {
    _dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    config: Config,
    env: Env,
    paths: Paths,
    store: AuthStore,
    refresher: Refresher,
    programs: Programs,
}

impl World {
    fn new(names: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()));
        let (config, env, paths) = (Config::default(), Env::default(), Paths::below(dir.path()));
        let agent = SelectedAgent { id: AgentId::main(), dir: dir.path().join("agent"), is_default: true };
        let store = AuthStore::of(&agent, &paths);
        let stored = store.update(clock.as_ref(), |document| {
            for name in names {
                let key = Secret::new(format!("sk-ant-api03-sandbox-{name}-x3Qw"));
                document.put(&Profile {
                    id: format!("anthropic:{name}").parse().unwrap(),
                    credential: Credential::ApiKey { key: Material::Value(key) },
                    email: None,
                    added_at: None,
                    issuer: None,
                });
            }
            Ok::<_, StoreError>((Edited::Yes, ()))
        });
        stored.unwrap();
        let refresher = Refresher {
            access: crate::provider::oauth(&config, &env, NetworkPolicy::LoopbackOnly).unwrap(),
            paths: paths.clone(),
            store: store.clone(),
            siblings: Vec::new(),
            clock: clock.clone(),
            in_flight: crate::auth::oauth::refresh::InFlight::default(),
        };
        Self { _dir: dir, clock, config, env, paths, store, refresher, programs: Programs::default() }
    }

    fn references(&self) -> References<'_> {
        References { env: &self.env, config: &self.config, paths: &self.paths }
    }

    fn read(&self) -> (Snapshot, AuthState) {
        let snapshot = self.store.read().unwrap();
        let (state, _) = StateFile::in_dir(self.store.dir()).read(&snapshot);
        (snapshot, state)
    }

    /// Who answers for this model when the credentials of `refused` are refused for this reason.
    async fn who_answers(&self, refused: &[&str], reason: Reason) -> Result<String, End> {
        let (snapshot, state) = self.read();
        let Self { config, env, paths, .. } = self;
        let (snapshot, state, now) = (&snapshot, &state, self.clock.now());
        let inputs = Inputs { snapshot, state, config, env, paths, now };
        let model: &ModelRef = &"anthropic/claude-opus-4-8".parse().unwrap();
        let Surveyed { route, usual_payer } =
            survey(model, None, None, &inputs).map_err(|_| End::Exhausted)?;
        let notes = Notes { store: &self.store, references: self.references(), clock: self.clock.as_ref() };
        let obtainer =
            Obtainer { references: self.references(), refresher: &self.refresher, programs: &self.programs };
        let options = Options { payer: usual_payer, retries: 0, ..Options::default() };
        let routes = [route];
        let run = failover::run(
            &routes,
            &options,
            |this| async move {
                let Eligible { credential, is_trial, .. } = &this.candidate.credential;
                if *is_trial && !notes.claim_trial(credential) {
                    return Outcome::NotTried;
                }
                let secret = obtainer.obtain(credential).await.unwrap().secret;
                if refused.contains(&this.candidate.id.as_str()) {
                    let failed = notes.failure(credential, &secret, model, Failed::because(reason));
                    return Outcome::Failed { error: (), failed, committed: false };
                }
                notes.success(credential, &secret, model, now);
                Outcome::Answered(this.candidate.id.clone())
            },
            |_| {},
            |_| std::future::ready(()),
            || 0.0,
        );
        let answered = moves_between_threads(run).await;
        answered.map(|answered| answered.value).map_err(|gave_up| gave_up.end)
    }
}

fn moves_between_threads<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::test]
async fn tries_of_another_kind_are_noted_like_those_of_a_question() {
    let world = World::new(&["first", "second"]);
    let limited = world.who_answers(&["anthropic:first"], Reason::RateLimit).await;
    assert_eq!(limited, Ok("anthropic:second".to_owned()));
    let (snapshot, state) = world.read();
    let first = state.of(&snapshot.profiles[0]).unwrap();
    let until = world.clock.now() + 1.minute();
    assert_eq!(first.cooldowns.first().map(|it| (it.reason.as_str(), it.until)), Some(("rate_limit", until)));
    assert_eq!(state.last_good.get("anthropic").map(String::as_str), Some("anthropic:second"));
    // What was noted decides about the next one.
    assert_eq!(world.who_answers(&["anthropic:second"], Reason::Billing).await, Err(End::Exhausted));
    assert_eq!(world.who_answers(&[], Reason::Billing).await, Err(End::Exhausted));
}
