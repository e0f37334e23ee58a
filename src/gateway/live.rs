//! Config, credentials and state as they are now. Files are compared at every use and read again when they changed, so that
//! what a command wrote holds for the next request; a config that became invalid leaves the last good one in force.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::client_api::LONGEST_SILENCE;
use crate::anthropic::{Client, Error, NetworkPolicy};
use crate::auth::oauth::refresh::{InFlight, Refresher};
use crate::auth::resolve::Inputs;
use crate::auth::state::{AuthState, StateFile, StateFinding};
use crate::auth::store::{AuthStore, Snapshot, StoreError};
use crate::clock::Clock;
use crate::config::document::Document;
use crate::config::load::{self, Loaded};
use crate::config::{AgentId, ConfigError, Paths, SelectedAgent};
use crate::credentials::Holder;
use crate::env::Env;
use crate::models::refs::ANTHROPIC;
use crate::provider::{self, ProviderError};
use crate::storage::Stamp;

/// Where the files are, and what else decides about them.
#[derive(Debug)]
pub(crate) struct Live {
    paths: Paths,
    process: Env,
    network: NetworkPolicy,
    clock: Arc<dyn Clock>,
    in_flight: InFlight,
    /// Port and address as they were configured at the start, and hold until the end.
    begun: Bound,
    known: Mutex<Known>,
}

/// What the config says of port and address.
type Bound = (Option<u16>, Option<String>);

/// Files with the stamps they had when they were read.
type Stamps = Vec<(PathBuf, Stamp)>;

#[derive(Debug)]
struct Known {
    world: Arc<World>,
    /// The config's files with the stamps they had when they were read.
    config: Stamps,
    agents: HashMap<AgentId, (Stamps, Arc<AgentView>)>,
}

/// The config in force.
#[derive(Debug)]
pub(crate) struct World {
    /// What it says, and the environment it is used with.
    pub(crate) loaded: Loaded,
    /// What is wrong with the files since then.
    pub(crate) problem: Option<String>,
    /// What clients' requests are sent on with.
    client: OnceLock<Client>,
}

impl World {
    fn new(loaded: Loaded, problem: Option<String>) -> Self {
        Self { loaded, problem, client: OnceLock::new() }
    }

    /// What requests of clients are sent on with: one for as long as this config is in force, so that connections are used
    /// again. A model may think for longer than our own questions wait.
    ///
    /// # Errors
    /// When the configured address cannot be used.
    pub(crate) fn client(&self, network: NetworkPolicy) -> Result<&Client, ProviderError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let Loaded { config, env } = &self.loaded;
        let mut options = provider::options(ANTHROPIC, config, env, network)?;
        options.timeouts.idle = LONGEST_SILENCE;
        let client = Client::new(options).map_err(ProviderError::Client)?;
        Ok(self.client.get_or_init(|| client))
    }
}

/// An agent with what is stored for it.
#[derive(Debug)]
pub(crate) struct AgentView {
    /// The config.
    pub(crate) world: Arc<World>,
    /// The agent.
    pub(crate) selected: SelectedAgent,
    /// Its credentials' file.
    pub(crate) store: AuthStore,
    /// Its credentials.
    pub(crate) snapshot: Snapshot,
    /// What is remembered of them.
    pub(crate) state: AuthState,
    /// What reading that showed.
    pub(crate) state_findings: Vec<StateFinding>,
    /// Refreshes its pairs.
    pub(crate) refresher: Refresher,
    paths: Paths,
    clock: Arc<dyn Clock>,
}

/// An agent cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ViewError {
    /// There is none of this name.
    #[error("there is no agent \"{}\"", .0.as_str())]
    Unknown(AgentId),
    /// Its credentials cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address tokens are refreshed at cannot be used.
    #[error(transparent)]
    Setup(#[from] Error),
}

impl Live {
    /// Reads the config for the first time.
    ///
    /// # Errors
    /// When it is invalid: a gateway does not begin with half of a config.
    pub(crate) fn begin(
        paths: Paths,
        process: Env,
        network: NetworkPolicy,
        clock: Arc<dyn Clock>,
        in_flight: InFlight,
    ) -> Result<Self, ConfigError> {
        let stamps = stamps(config_files(&paths));
        let loaded = load::load(&paths, &process)?;
        let begun = bound(&loaded);
        let world = Arc::new(World::new(loaded, None));
        let known = Mutex::new(Known { world, config: stamps, agents: HashMap::new() });
        Ok(Self { paths, process, network, clock, in_flight, begun, known })
    }

    /// The config as it is now.
    pub(crate) fn world(&self) -> Arc<World> {
        self.known(|known| Arc::clone(&known.world))
    }

    /// The environment this process was started with.
    pub(crate) fn process(&self) -> &Env {
        &self.process
    }

    /// An agent as it is now.
    ///
    /// # Errors
    /// See [`ViewError`].
    pub(crate) fn agent(&self, id: &AgentId) -> Result<Arc<AgentView>, ViewError> {
        self.known(|known| {
            if let Some((stamps, view)) = known.agents.get(id)
                && is_current(stamps)
            {
                return Ok(Arc::clone(view));
            }
            let (stamps, view) = self.look(id, &known.world)?;
            let view = Arc::new(view);
            known.agents.insert(id.clone(), (stamps, Arc::clone(&view)));
            Ok(view)
        })
    }

    /// Whether port or address are configured otherwise than they were at the start: that holds from the next one.
    pub(crate) fn needs_restart(&self) -> bool {
        bound(&self.world().loaded) != self.begun
    }

    /// Agents there are now, the one that is meant without a name first.
    pub(crate) fn agents(&self) -> Vec<SelectedAgent> {
        let mut agents = SelectedAgent::all(&self.world().loaded.config, &self.paths);
        agents.sort_by_key(|agent| !agent.is_default);
        agents
    }

    /// Hands over what is known, the config brought up to date.
    fn known<T>(&self, ask: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.lock();
        if !is_current(&known.config) {
            self.reload(&mut known);
        }
        ask(&mut known)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // What is known is replaced as a whole, so whoever panicked left something good.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reload(&self, known: &mut Known) {
        // Stamps first: what changes while it is read is read again.
        known.config = stamps(config_files(&self.paths));
        match load::load(&self.paths, &self.process) {
            Ok(loaded) => {
                tracing::info!("the config changed and was read again");
                if bound(&loaded) != self.begun {
                    tracing::warn!("gateway.port or gateway.bind changed; they hold from the next start");
                }
                known.world = Arc::new(World::new(loaded, None));
                known.agents.clear();
            }
            Err(error) => {
                tracing::warn!(%error, "the config is invalid; the last good one stays in force");
                let loaded = known.world.loaded.clone();
                known.world = Arc::new(World::new(loaded, Some(error.to_string())));
                known.agents.clear();
            }
        }
    }

    fn look(&self, id: &AgentId, world: &Arc<World>) -> Result<(Stamps, AgentView), ViewError> {
        let Loaded { config, env } = &world.loaded;
        // The agent that is meant without a name may have another directory by the environment.
        let named = (*id != config.default_agent()).then_some(id);
        let selected =
            SelectedAgent::choose(named, config, &self.paths).map_err(|_| ViewError::Unknown(id.clone()))?;
        let store = AuthStore::of(&selected, &self.paths);
        let state_file = StateFile::in_dir(&selected.dir);
        // A pair that was refreshed may be in a journal beside the store; its coming and going changes the directory.
        let files = vec![selected.dir.clone(), store.path(), state_file.path()];
        let stamps = stamps(files);
        let snapshot = store.read()?;
        let (state, state_findings) = state_file.read(&snapshot);
        let others = SelectedAgent::everywhere(config, &self.paths);
        let siblings = others.iter().filter(|agent| agent.dir != selected.dir);
        let refresher = Refresher {
            access: provider::oauth(config, env, self.network)?,
            paths: self.paths.clone(),
            store: store.clone(),
            siblings: siblings.map(|agent| AuthStore::of(agent, &self.paths)).collect(),
            clock: Arc::clone(&self.clock),
            in_flight: self.in_flight.clone(),
        };
        let (world, paths, clock) = (Arc::clone(world), self.paths.clone(), Arc::clone(&self.clock));
        let view =
            AgentView { world, selected, store, snapshot, state, state_findings, refresher, paths, clock };
        Ok((stamps, view))
    }
}

impl AgentView {
    /// For what is done to its credentials.
    pub(crate) fn holder(&self, network: NetworkPolicy) -> Holder<'_> {
        Holder {
            config: &self.world.loaded.config,
            env: &self.world.loaded.env,
            selected: &self.selected,
            store: &self.store,
            paths: &self.paths,
            network,
            clock: self.clock.as_ref(),
        }
    }

    /// What a choice of credential depends on, now.
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            snapshot: &self.snapshot,
            state: &self.state,
            config: &self.world.loaded.config,
            env: &self.world.loaded.env,
            paths: &self.paths,
            now: self.clock.now(),
        }
    }
}

fn bound(loaded: &Loaded) -> Bound {
    let gateway = &loaded.config.gateway;
    (gateway.port, gateway.bind.clone())
}

/// The files a config is made of. While one of them is broken or missing that one is among them, for its mending to be seen.
fn config_files(paths: &Paths) -> Vec<PathBuf> {
    let mut files = vec![paths.config().to_owned(), paths.dotenv()];
    files.extend(Document::included(paths));
    files
}

fn stamps(files: Vec<PathBuf>) -> Stamps {
    files
        .into_iter()
        .map(|file| {
            let stamp = Stamp::of(&file);
            (file, stamp)
        })
        .collect()
}

fn is_current(stamps: &[(PathBuf, Stamp)]) -> bool {
    stamps.iter().all(|(file, stamp)| Stamp::of(file) == *stamp)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::ManualClock;
    use crate::storage::{Durability, replace};

    fn live(paths: &Paths) -> Live {
        let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()));
        let network = NetworkPolicy::LoopbackOnly;
        Live::begin(paths.clone(), Env::default(), network, clock, InFlight::default()).unwrap()
    }

    fn write(path: &std::path::Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        replace(path, text.as_bytes(), Durability::Cached).unwrap();
    }

    #[test]
    fn what_a_command_writes_holds_for_the_next_look() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let live = live(&paths);
        assert!(!live.world().loaded.config.gateway.allow_subscription);
        write(paths.config(), "{gateway:{allowSubscription:true}}");
        assert!(live.world().loaded.config.gateway.allow_subscription);
        let main = live.agent(&AgentId::main()).unwrap();
        assert!(main.snapshot.profiles.is_empty());
        assert!(Arc::ptr_eq(&main, &live.agent(&AgentId::main()).unwrap()));
        write(
            &main.store.path(),
            r#"{"version":1,"profiles":{"anthropic:default":{"type":"api_key","provider":"anthropic","key":"sk-ant-api03-sandbox-x"}}}"#,
        );
        assert_eq!(live.agent(&AgentId::main()).unwrap().snapshot.profiles.len(), 1);
        assert_eq!(live.clock.steady(), Duration::ZERO);
    }

    #[test]
    fn a_config_that_became_invalid_leaves_the_last_good_one_in_force_and_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        write(paths.config(), "{gateway:{allowedHosts:['a.example']}}");
        let live = live(&paths);
        write(paths.config(), "{gateway:{allowedHosts:7}}");
        let world = live.world();
        assert_eq!(world.loaded.config.gateway.allowed_hosts, ["a.example"]);
        assert!(world.problem.as_ref().unwrap().contains("allowedHosts"), "{:?}", world.problem);
        write(paths.config(), "{}");
        let world = live.world();
        assert_eq!((world.problem.clone(), world.loaded.config.gateway.allowed_hosts.len()), (None, 0));
    }

    #[test]
    fn a_port_that_changed_waits_for_the_next_start_and_is_told_until_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        write(paths.config(), "{gateway:{port:1}}");
        let live = live(&paths);
        assert!(!live.needs_restart());
        for (config, needs) in [
            ("{gateway:{port:2}}", true),
            ("{gateway:{port:1}}", false),
            ("{gateway:{port:1,bind:'::1'}}", true),
            ("{gateway:{port:1,allowedHosts:['a']}}", false),
        ] {
            write(paths.config(), config);
            assert_eq!(live.needs_restart(), needs, "{config}");
        }
    }

    #[test]
    fn an_included_file_counts_too() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let part = paths.state().join("part.json5");
        write(&part, "{gateway:{port:1}}");
        write(paths.config(), "{$include:'./part.json5'}");
        let live = live(&paths);
        assert_eq!(live.world().loaded.config.gateway.port, Some(1));
        write(&part, "{gateway:{port:2}}");
        assert_eq!(live.world().loaded.config.gateway.port, Some(2));
    }

    #[test]
    fn a_broken_or_missing_include_is_noticed_as_soon_as_it_is_mended() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let (first, second) = (paths.state().join("first.json5"), paths.state().join("second.json5"));
        let set_up = || {
            write(&second, "{gateway:{allowedHosts:['b.example']}}");
            write(&first, "{$include:'./second.json5',gateway:{allowedHosts:['a.example']}}");
        };
        set_up();
        write(paths.config(), "{$include:['./first.json5']}");
        let live = live(&paths);
        let breaks: [&dyn Fn(); 4] = [
            &|| write(&first, "{gateway:{"),
            &|| write(&second, "{gateway:{port:'x'}}"),
            &|| write(&second, "\u{0}"),
            &|| std::fs::remove_file(&second).unwrap(),
        ];
        for (number, break_it) in breaks.iter().enumerate() {
            assert_eq!(live.world().problem, None, "{number}");
            break_it();
            let world = live.world();
            assert!(world.problem.is_some(), "{number}");
            assert_eq!(world.loaded.config.gateway.allowed_hosts.len(), 2, "{number}");
            set_up();
            assert_eq!(live.world().problem, None, "{number}");
        }
    }

    #[test]
    fn an_agent_nobody_made_is_unknown() {
        let dir = tempfile::tempdir().unwrap();
        let live = live(&Paths::below(dir.path()));
        let error = live.agent(&"nobody".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "there is no agent \"nobody\"");
    }
}
