//! Asking as a whole: streams and their commit point, every fault, and what others build on - a try that sends something
//! else than a question, noted like one, in a run that may move between threads.

mod matrix;
mod streaming;

use std::sync::Arc;

use jiff::ToSpan;

use super::*;
use crate::anthropic::Answer;
use crate::auth::profile::{Credential, Material, Profile};
use crate::auth::state::{AuthState, StateFile};
use crate::auth::store::{Edited, Snapshot, StoreError};
use crate::clock::ManualClock;
use crate::config::SelectedAgent;
use crate::config::agents::AgentId;
use crate::failover::Outcome;
use crate::secret::Secret;

const NOW: &str = "2026-11-22T10:00:00Z";
const MODEL: &str = "anthropic/claude-opus-4-8";

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
    /// Where the provider is, and the keys: a name, and what it does in the sandbox.
    fn new(url: &str, keys: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let env = Env::from_pairs([("ANTHROPIC_BASE_URL", url)]);
        let (config, paths) = (Config::default(), Paths::below(dir.path()));
        let agent = SelectedAgent { id: AgentId::main(), dir: dir.path().join("agent"), is_default: true };
        let store = AuthStore::of(&agent, &paths);
        let stored = store.update(clock.as_ref(), |document| {
            for (name, does) in keys {
                let key = Secret::new(format!("sk-ant-api03-sandbox-{name}-{does}-x3Qw"));
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

    fn asker(&self) -> Asker<'_> {
        Asker {
            config: &self.config,
            env: &self.env,
            paths: &self.paths,
            store: &self.store,
            refresher: &self.refresher,
            programs: &self.programs,
            network: NetworkPolicy::LoopbackOnly,
            clock: self.clock.as_ref(),
        }
    }

    /// Asks these models: the text, and who gave it.
    async fn ask(
        &self,
        models: &[&str],
        retries: u32,
        mut observe: impl FnMut(&Happening<'_>),
    ) -> Result<(String, String), AskError> {
        let (snapshot, state) = self.read();
        let Self { config, env, paths, .. } = self;
        let inputs = Inputs { snapshot: &snapshot, state: &state, config, env, paths, now: self.clock.now() };
        let models: Vec<ModelRef> = models.iter().map(|model| model.parse().unwrap()).collect();
        let request = |model: &ModelRef, _| {
            let mut request = MessageRequest::new(model.model(), 1024);
            request.push_user("hi");
            request
        };
        let question =
            Question { models: &models, pinned: None, preferred: None, retries, request: &request };
        let mut answer = Answer::default();
        let mut observe = |happening: Happening<'_>| {
            match &happening {
                Happening::Begins { .. } => answer = Answer::default(),
                Happening::Piece(event) => answer.apply(event),
                _ => {}
            }
            observe(&happening);
            ControlFlow::Continue(())
        };
        let asked = self.asker().ask(&question, &inputs, &mut observe).await?;
        Ok((answer.text(), format!("{} by {}", asked.model, asked.credential.source.name())))
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
        let model: &ModelRef = &MODEL.parse().unwrap();
        let Surveyed { route, usual_payer } =
            survey(model, None, None, &inputs).map_err(|_| End::Exhausted)?;
        let notes = Notes {
            store: &self.store,
            references: self.references(),
            clock: self.clock.as_ref(),
            lock_limit: LOCK_LIMIT,
        };
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
    let world = World::new("http://127.0.0.1:9", &[("first", ""), ("second", "")]);
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
