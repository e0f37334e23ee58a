//! The parts together, as a command joins them: the verdict gives the candidates, a run tries them against the sandbox,
//! and the state file remembers what came of it.

use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::*;
use crate::anthropic::{
    Answer, Authorization, BetaNames, Client, ClientOptions, Error, MessageRequest, NetworkPolicy,
};
use crate::auth::cooldown::Effect;
use crate::auth::profile::{Credential, Material, Profile};
use crate::auth::resolve::{Inputs, ProviderAuth, Source};
use crate::auth::state::{AuthState, StateFile};
use crate::auth::store::Snapshot;
use crate::clock::{Clock, ManualClock};
use crate::config::{Config, Paths};
use crate::env::Env;
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::sandbox::{RunningSandbox, Sandbox, SandboxOptions};
use crate::secret::Secret;

struct World {
    _dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    sandbox: RunningSandbox,
    state: StateFile,
    snapshot: Snapshot,
    config: Config,
}

impl World {
    /// Profiles by name, each with what its key does in the sandbox.
    async fn new(profiles: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()));
        let sandbox = Sandbox::start(SandboxOptions::new(clock.clone())).await.unwrap();
        let ids: Vec<String> = profiles.iter().map(|(name, _)| format!("anthropic:{name}")).collect();
        let mut snapshot = Snapshot::default();
        snapshot.order.insert("anthropic".into(), ids);
        for (name, does) in profiles {
            let key = Secret::new(format!("sk-ant-api03-sandbox-{name}-{does}-x3Qw"));
            let profile = Profile {
                id: format!("anthropic:{name}").parse().unwrap(),
                credential: Credential::ApiKey { key: Material::Value(key) },
                email: None,
                added_at: None,
                issuer: None,
            };
            snapshot.profiles.insert(profile.id.clone(), profile);
        }
        let state = StateFile::in_dir(dir.path());
        Self { _dir: dir, clock, sandbox, state, snapshot, config: Config::default() }
    }

    /// Who answers a question to this model, or how it ended; and who was asked.
    async fn ask(&self, model: &str) -> (Result<String, End>, Vec<String>) {
        let (state, _) = self.state.read(&self.snapshot);
        let (env, now) = (Env::default(), self.clock.now());
        let reference: ModelRef = format!("anthropic/{model}").parse().unwrap();
        let class = KnownModels::of(&self.config).class_of(&reference);
        let paths = Paths::below("/home/u");
        let (snapshot, config) = (&self.snapshot, &self.config);
        let inputs = Inputs { snapshot, state: &state, config, env: &env, paths: &paths, now };
        let auth = ProviderAuth::survey("anthropic", class, &inputs);
        let candidates = auth.candidates(None, &inputs).unwrap();
        let options = Options { payer: candidates.usual_payer, ..Options::default() };
        let candidates = candidates.eligible.into_iter().map(Candidate::from).collect();
        let routes = [Route { model: model.to_owned(), class: "opus".to_owned(), candidates }];
        let asked = RefCell::new(Vec::new());
        let pause = async |wait| self.clock.advance(wait);
        let attempt = |this| self.attempt(this, model, class, &asked);
        let result = run(&routes, &options, attempt, |_| {}, pause, || 0.0).await;
        (result.map(|answered| answered.value).map_err(|gave_up| gave_up.end), asked.into_inner())
    }

    async fn attempt(
        &self,
        this: Try<'_, Eligible<'_>>,
        model: &str,
        class: &str,
        asked: &RefCell<Vec<String>>,
    ) -> Outcome<String, Error> {
        let Eligible { credential, is_trial, .. } = &this.candidate.credential;
        let Source::Profile(profile) = credential.source else { panic!("{}", this.candidate.id) };
        if *is_trial && !self.state.claim_trial(&self.snapshot, profile, self.clock.as_ref()).unwrap() {
            return Outcome::NotTried;
        }
        asked.borrow_mut().push(profile.id.name().to_owned());
        match self.send(profile, model, class).await {
            Ok(()) => Outcome::Answered(profile.id.name().to_owned()),
            Err((error, failed)) => Outcome::Failed { error, failed, committed: false },
        }
    }

    async fn send(&self, profile: &Profile, model: &str, class: &str) -> Result<(), (Error, Failed)> {
        let sent = self.clock.now();
        let answer = self.message(profile, model).await;
        let now = self.clock.now();
        let note = |change: &dyn Fn(&mut AuthState) -> bool| {
            self.state.update(&self.snapshot, self.clock.as_ref(), change).unwrap();
        };
        match answer {
            Ok(answer) => {
                assert!(!answer.text().is_empty());
                note(&|state| state.note_success(profile, class, sent, now));
                Ok(())
            }
            Err(error) => {
                let failed = classify(&error, now);
                let rules = &self.config.auth.cooldowns;
                note(&|state| state.note_failure(profile, class, &failed, rules, now) != Effect::None);
                Err((error, failed))
            }
        }
    }

    async fn message(&self, profile: &Profile, model: &str) -> Result<Answer, Error> {
        let url = Url::parse(&self.sandbox.url()).unwrap();
        let mut options = ClientOptions::new(url, "2023-06-01", "fased/0.0.0", BetaNames::default());
        options.network = NetworkPolicy::LoopbackOnly;
        let mut request = MessageRequest::new(model, 100);
        request.push_user("Hi");
        let key = Authorization::ApiKey(profile.credential.material().secret().unwrap().clone());
        let mut stream = Client::new(options)?.stream_message(&key, &request).await?;
        let mut answer = Answer::default();
        while let Some(event) = stream.next().await {
            answer.apply(&event?);
        }
        Ok(answer)
    }

    fn later(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

const OPUS: &str = "claude-opus-4-7";

#[tokio::test]
async fn the_third_answers_at_once_when_two_are_limited_and_they_are_left_alone_meanwhile() {
    let world = World::new(&[("a", "fault-rate-limit-times-1"), ("b", "fault-rate-limit"), ("c", "")]).await;
    let before = world.now();
    assert_eq!(world.ask(OPUS).await, (Ok("c".into()), vec!["a".into(), "b".into(), "c".into()]));
    assert_eq!(world.now(), before, "nobody waited");
    assert_eq!(world.ask(OPUS).await.1, ["c"]);
    // Another class of models has limits of its own.
    assert_eq!(world.ask("claude-haiku-4-5").await.1, ["a"]);
    world.later(1);
    assert_eq!(world.ask(OPUS).await.1, ["a"]);
}

#[tokio::test]
async fn a_topped_up_account_is_found_within_five_minutes() {
    let world = World::new(&[("a", "fault-credit-times-2"), ("b", "")]).await;
    assert_eq!(world.ask(OPUS).await.1, ["a", "b"]);
    world.later(4);
    assert_eq!(world.ask(OPUS).await.1, ["b"]);
    world.later(1);
    // A trial that fails costs the asker nothing but a moment.
    assert_eq!(world.ask(OPUS).await, (Ok("b".into()), vec!["a".into(), "b".into()]));
    assert_eq!(world.ask(OPUS).await.1, ["b"]);
    world.later(5);
    assert_eq!(world.ask(OPUS).await, (Ok("a".into()), vec!["a".into()]));
    assert_eq!(world.ask(OPUS).await.1, ["a"]);
}

#[tokio::test]
async fn a_short_limit_is_waited_for_when_there_is_nothing_else() {
    let world = World::new(&[("a", "fault-rate-limit-retry-after-5-times-1")]).await;
    let before = world.now();
    assert_eq!(world.ask(OPUS).await, (Ok("a".into()), vec!["a".into(), "a".into()]));
    assert_eq!(world.now().duration_since(before).as_secs(), 5);
}

#[tokio::test]
async fn a_wrong_request_and_an_overloaded_provider_leave_no_trace() {
    for fault in ["overloaded", "api-error", "cut-inside", "not-found"] {
        let world = World::new(&[("a", &format!("fault-{fault}"))]).await;
        assert!(world.ask(OPUS).await.0.is_err(), "{fault}");
        assert!(!world.state.path().exists(), "{fault}");
    }
}
