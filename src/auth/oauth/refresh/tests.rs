use std::collections::HashSet;
use std::sync::Mutex;
use std::thread::ThreadId;

use jiff::SignedDuration;

use super::*;
use crate::anthropic::{NetworkPolicy, ProxySettings, Transport, TrustSettings};
use crate::auth::oauth::settings::{OAuthSettings, parse};
use crate::auth::profile::Material;
use crate::auth::state::AuthState;
use crate::clock::ManualClock;
use crate::config::{AgentId, SelectedAgent};
use crate::sandbox::requests::RecordedRequest;
use crate::sandbox::{RunningSandbox, Sandbox, SandboxOptions};

const ID: &str = "anthropic:a";

struct World {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    sandbox: RunningSandbox,
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()));
        let sandbox = Sandbox::start(SandboxOptions::new(clock.clone())).await.unwrap();
        Self { dir: tempfile::tempdir().unwrap(), clock, sandbox }
    }

    fn store(&self, agent: &str) -> AuthStore {
        let dir = self.dir.path().join(agent);
        let agent = SelectedAgent { id: AgentId::main(), dir, is_default: true };
        AuthStore::of(&agent, &Paths::below(self.dir.path()))
    }

    fn refresher(&self) -> Refresher {
        let url = |path: &str| parse(&format!("{}{path}", self.sandbox.url())).unwrap();
        let settings = OAuthSettings {
            authorize_url: url("/oauth/authorize"),
            token_url: url("/v1/oauth/token"),
            client_id: "client".to_owned(),
            scopes: Vec::new(),
            betas: "oauth-2025-04-20".to_owned(),
            redirect_port: 0,
            redirect_path: "/callback".to_owned(),
            code_page: url("/oauth/code/callback"),
            federation_url: Some(url("/v1/oauth/token")),
            federation_betas: "oauth-2025-04-20,oidc-federation-2026-04-01".to_owned(),
        };
        let transport = Transport {
            network: NetworkPolicy::LoopbackOnly,
            proxy: ProxySettings::default(),
            trust: TrustSettings::default(),
            user_agent: "fased/test".to_owned(),
        };
        Refresher {
            access: OAuthAccess { settings, transport },
            paths: Paths::below(self.dir.path()),
            store: self.store("main"),
            siblings: vec![self.store("work")],
            clock: self.clock.clone(),
            in_flight: InFlight::default(),
        }
    }

    /// Stores a pair whose access token has this long left.
    fn put(&self, agent: &str, pair: &Pair) {
        let credential = Credential::OAuth {
            access: Material::Value(pair.access.clone()),
            refresh: Some(pair.refresh.clone()),
            expires: Expiry::At(pair.expires),
        };
        let id = ID.parse().unwrap();
        let profile = Profile { id, credential, email: None, added_at: None, issuer: None };
        let put = self.store(agent).update(self.clock.as_ref(), |document| {
            document.put(&profile);
            Ok::<_, StoreError>((Edited::Yes, ()))
        });
        put.unwrap();
    }

    fn pair(&self, part: &str, minutes_left: i64) -> Pair {
        Pair {
            access: Secret::new(format!("sk-ant-oat01-sandbox-{part}-{}", "0".repeat(70))),
            refresh: Secret::new(format!("sk-ant-ort01-sandbox-{part}-{}", "0".repeat(70))),
            expires: self.clock.now() + SignedDuration::from_mins(minutes_left),
        }
    }

    fn held(&self, agent: &str) -> Pair {
        let snapshot = self.store(agent).read().unwrap();
        let Credential::OAuth { access, refresh, expires: Expiry::At(expires) } =
            &snapshot.profiles[0].credential
        else {
            panic!("no pair");
        };
        Pair {
            access: access.secret().unwrap().clone(),
            refresh: refresh.clone().unwrap(),
            expires: *expires,
        }
    }

    fn journal(&self, agent: &str, pair: &Pair) -> Journal {
        Journal::in_dir(self.store(agent).dir(), &pair.refresh.lock_key())
    }

    fn intent(&self, pair: &Pair) -> Intent {
        Intent {
            profile_id: ID.to_owned(),
            old_fingerprint: pair.refresh.fingerprint(),
            started_at: self.clock.now() - SignedDuration::from_mins(1),
            pid: 1,
        }
    }

    fn refreshes(&self) -> Vec<RecordedRequest> {
        let requests = self.sandbox.requests().into_iter();
        requests.filter(|request| request.path == "/v1/oauth/token").collect()
    }

    async fn fresh(&self) -> Result<Secret, RefreshError> {
        self.refresher().fresh(&ID.parse().unwrap(), Reason::Use).await
    }

    /// The same for the other agent.
    async fn fresh_of_work(&self) -> Result<Secret, RefreshError> {
        let (store, siblings) = (self.store("work"), vec![self.store("main")]);
        let refresher = Refresher { store, siblings, ..self.refresher() };
        refresher.fresh(&ID.parse().unwrap(), Reason::Use).await
    }

    /// Gives the other agent's store a version; it is read, and only this program's own can be written.
    fn set_version_of_work(&self, version: u64) {
        let path = self.store("work").path();
        let mut store: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        store["version"] = version.into();
        storage::replace(&path, store.to_string().as_bytes(), storage::Durability::Cached).unwrap();
    }

    fn outcomes(&self) -> Vec<&'static str> {
        self.refreshes().iter().filter_map(|request| request.outcome).collect()
    }
}

#[tokio::test]
async fn a_token_is_refreshed_in_its_last_minutes_and_not_before() {
    for (minutes, refreshes) in [(60, 0), (6, 0), (3, 1), (-5, 1)] {
        let world = World::new().await;
        let old = world.pair("one", minutes);
        world.put("main", &old);
        let access = world.fresh().await.unwrap();
        assert_eq!(world.refreshes().len(), refreshes, "{minutes}");
        assert_eq!(access == old.access, refreshes == 0, "{minutes}");
    }
}

#[tokio::test]
async fn a_token_that_still_lasts_is_used_when_the_endpoint_fails() {
    let world = World::new().await;
    let old = world.pair("fault-overloaded", 3);
    world.put("main", &old);
    assert_eq!(world.fresh().await.unwrap(), old.access);
    assert_eq!((world.refreshes().len(), world.held("main")), (1, old));
}

#[tokio::test]
async fn tasks_of_one_process_share_one_refresh() {
    let world = World::new().await;
    world.put("main", &world.pair("delay-100ms", -1));
    let refresher = world.refresher();
    let id: ProfileId = ID.parse().unwrap();
    let all = futures_util::future::join_all((0..20).map(|_| refresher.fresh(&id, Reason::Use))).await;
    let tokens: HashSet<String> = all.into_iter().map(|token| token.unwrap().expose().to_owned()).collect();
    assert_eq!((tokens.len(), world.refreshes().len()), (1, 1));
    assert!(refresher.in_flight.wait(Duration::from_secs(10)));
}

/// Time that knows which threads measure it: those that refresh, once each.
#[derive(Debug)]
struct Watched {
    clock: Arc<ManualClock>,
    threads: Mutex<HashSet<ThreadId>>,
}

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn steady(&self) -> Duration {
        self.threads.lock().unwrap().insert(std::thread::current().id());
        self.clock.steady()
    }

    fn sleep(&self, duration: Duration) {
        self.clock.sleep(duration);
    }
}

#[tokio::test]
async fn whoever_waits_for_one_pair_waits_for_one_thread_and_for_one_failure() {
    for (part, answers) in [("delay-100ms", true), ("fault-overloaded", false)] {
        let world = World::new().await;
        world.put("main", &world.pair(part, -1));
        let clock = Arc::new(Watched { clock: world.clock.clone(), threads: Mutex::default() });
        let refresher = Refresher { clock: clock.clone(), ..world.refresher() };
        let id: ProfileId = ID.parse().unwrap();
        let all = futures_util::future::join_all((0..300).map(|_| refresher.fresh(&id, Reason::Use))).await;
        assert!(all.iter().all(|fresh| fresh.is_ok() == answers), "{part}");
        assert_eq!(world.refreshes().len(), 1, "{part}");
        assert_eq!(clock.threads.lock().unwrap().len(), 1, "{part}");
    }
}

#[tokio::test]
async fn who_was_refused_a_token_is_not_content_with_it() {
    let world = World::new().await;
    let old = world.pair("fault-overloaded", 3);
    world.put("main", &old);
    let refresher = world.refresher();
    let id: ProfileId = ID.parse().unwrap();
    let refused = Reason::Rejected(old.access.clone());
    let (used, renewed) = tokio::join!(refresher.fresh(&id, Reason::Use), refresher.fresh(&id, refused));
    assert_eq!(used.unwrap(), old.access);
    assert!(matches!(renewed, Err(RefreshError::Endpoint { .. })), "{renewed:?}");
}

#[tokio::test]
async fn a_refused_token_is_renewed_before_its_end_once() {
    let world = World::new().await;
    let old = world.pair("one", 60);
    world.put("main", &old);
    let refresher = world.refresher();
    let id: ProfileId = ID.parse().unwrap();
    let renewed = refresher.fresh(&id, Reason::Rejected(old.access.clone())).await.unwrap();
    assert_ne!(renewed, old.access);
    // Whoever was refused with the same old token finds the new one.
    assert_eq!(refresher.fresh(&id, Reason::Rejected(old.access)).await.unwrap(), renewed);
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test]
async fn a_pair_in_the_journal_is_put_where_it_belongs_without_asking_again() {
    for beside in ["main", "work"] {
        let world = World::new().await;
        let (old, new) = (world.pair("old", -1), world.pair("new", 60));
        world.put("main", &old);
        world.put("work", &old);
        world.journal(beside, &old).begin(&world.intent(&old)).unwrap();
        world.journal(beside, &old).arrived(&new).unwrap();
        assert_eq!(world.fresh().await.unwrap(), new.access);
        assert_eq!((world.held("main"), world.held("work")), (new.clone(), new));
        assert_eq!(world.journal(beside, &old).read().unwrap(), None);
        assert_eq!(world.refreshes().len(), 0);
    }
}

#[tokio::test]
async fn a_pair_in_the_journal_that_has_ended_is_refreshed_in_turn() {
    let world = World::new().await;
    let (old, new) = (world.pair("old", -600), world.pair("new", -60));
    world.put("main", &old);
    world.journal("main", &old).begin(&world.intent(&old)).unwrap();
    world.journal("main", &old).arrived(&new).unwrap();
    world.fresh().await.unwrap();
    let requests = world.refreshes();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].outcome, Some("granted"));
    assert_ne!(world.held("main"), new);
}

#[tokio::test]
async fn a_refresh_that_never_left_is_begun_again() {
    let world = World::new().await;
    let old = world.pair("old", -1);
    world.put("main", &old);
    world.journal("work", &old).begin(&world.intent(&old)).unwrap_err();
    world.journal("main", &old).begin(&world.intent(&old)).unwrap();
    world.fresh().await.unwrap();
    assert_eq!(world.journal("main", &old).read().unwrap(), None);
}

#[tokio::test]
async fn a_reply_that_was_lost_is_named_with_its_time_and_every_agent_knows() {
    let world = World::new().await;
    let old = world.pair("fault-invalid-grant", -1);
    world.put("main", &old);
    world.put("work", &old);
    world.journal("main", &old).begin(&world.intent(&old)).unwrap();
    let error = world.fresh().await.unwrap_err();
    assert!(
        error.to_string().contains("the reply to a refresh at 2026-06-01 11:59:00 UTC was lost"),
        "{error}"
    );
    for agent in ["main", "work"] {
        let snapshot = world.store(agent).read().unwrap();
        let (state, _) = StateFile::in_dir(world.store(agent).dir()).read(&snapshot);
        assert!(state.of(&snapshot.profiles[0]).unwrap().refresh_refused.is_some(), "{agent}");
        assert_eq!(world.held(agent), old);
    }
    assert!(matches!(world.fresh().await, Err(RefreshError::SignInAgain { .. })));
    assert_eq!(world.refreshes().len(), 1);
}

#[tokio::test]
async fn a_token_that_was_rotated_elsewhere_meanwhile_is_no_failure() {
    let world = World::new().await;
    let old = world.pair("fault-invalid-grant-delay-300ms", -1);
    let elsewhere = world.pair("elsewhere", 60);
    world.put("main", &old);
    let (refreshed, ()) = tokio::join!(world.fresh(), async {
        while world.refreshes().is_empty() {
            tokio::task::yield_now().await;
        }
        world.put("main", &elsewhere);
    });
    assert_eq!(refreshed.unwrap(), elsewhere.access);
}

#[tokio::test]
async fn journals_nobody_will_finish_are_swept() {
    let world = World::new().await;
    let (gone, old) = (world.pair("gone", -60), world.pair("old", -1));
    world.put("main", &old);
    world.journal("main", &gone).begin(&world.intent(&gone)).unwrap();
    world.journal("main", &gone).arrived(&old).unwrap();
    world.fresh().await.unwrap();
    assert_eq!(Journal::all_in(world.store("main").dir()), []);
}

#[tokio::test]
async fn a_store_that_could_not_be_written_for_several_refreshes_gets_the_last_pair() {
    let world = World::new().await;
    let shared = world.pair("shared", -1);
    world.put("main", &shared);
    world.put("work", &shared);
    world.set_version_of_work(2);
    for _ in 0..3 {
        world.fresh().await.unwrap();
        // It is not shut out meanwhile.
        assert_eq!(world.fresh_of_work().await.unwrap(), world.held("main").access);
        assert_eq!(world.held("work"), shared);
        world.clock.advance(Duration::from_secs(24 * 3600));
    }
    world.set_version_of_work(1);
    world.fresh_of_work().await.unwrap();
    assert_eq!(world.held("work"), world.held("main"));
    assert_eq!(world.outcomes(), ["granted"; 4]);
    assert_eq!(Journal::all_in(world.store("main").dir()), []);
}

#[tokio::test]
async fn a_journal_that_somebody_else_is_finishing_leads_to_the_next_one() {
    let world = World::new().await;
    let shared = world.pair("shared", -1);
    world.put("main", &shared);
    world.put("work", &shared);
    world.set_version_of_work(2);
    world.fresh().await.unwrap();
    world.clock.advance(Duration::from_secs(24 * 3600));
    let lock = world.refresher().lock_path(&shared.refresh.lock_key()).unwrap();
    let finishing = FileLock::try_acquire(&lock).unwrap().unwrap();
    world.fresh().await.unwrap();
    drop(finishing);
    world.set_version_of_work(1);
    world.fresh_of_work().await.unwrap();
    assert_eq!(world.held("work"), world.held("main"));
    assert_eq!(world.outcomes(), ["granted"; 2]);
    world.clock.advance(Duration::from_secs(24 * 3600));
    world.fresh().await.unwrap();
    assert_eq!(Journal::all_in(world.store("main").dir()), []);
}

#[tokio::test]
async fn what_is_remembered_of_a_profile_follows_its_refresh() {
    let world = World::new().await;
    world.put("main", &world.pair("one", -1));
    let file = StateFile::in_dir(world.store("main").dir());
    let count = |state: &AuthState| {
        let snapshot = world.store("main").read().unwrap();
        state.of(&snapshot.profiles[0]).map(|state| state.error_count)
    };
    let snapshot = world.store("main").read().unwrap();
    let note = |state: &mut AuthState| {
        state.entry(&snapshot.profiles[0]).error_count = 2;
        true
    };
    file.update(&snapshot, world.clock.as_ref(), note).unwrap();
    world.fresh().await.unwrap();
    assert_eq!(count(&file.read(&world.store("main").read().unwrap()).0), Some(2));
}

#[tokio::test]
async fn the_registration_of_the_pair_is_used() {
    let world = World::new().await;
    world.put("main", &world.pair("one", -1));
    let noted = world.store("main").update(world.clock.as_ref(), |document| {
        document.note(&ID.parse().unwrap(), "clientId", "our-own-registration");
        Ok::<_, StoreError>((Edited::Yes, ()))
    });
    noted.unwrap();
    world.fresh().await.unwrap();
    let body = String::from_utf8_lossy(&world.refreshes()[0].body).into_owned();
    assert!(body.contains("our-own-registration"), "{body}");
    world.clock.advance(Duration::from_secs(24 * 3600));
    world.fresh().await.unwrap();
    let body = String::from_utf8_lossy(&world.refreshes()[1].body).into_owned();
    assert!(body.contains("our-own-registration"), "{body}");
}
