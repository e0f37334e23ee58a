//! The gateway: one door for browsers and for every Anthropic client. It serves the Control UI to its owner, and the Messages
//! API to clients that have a key, with the credentials, the rotation and the ledger of an agent behind it.
//!
//! * [`settings`] says where it listens; one runs for each state directory ([`instance`]).
//! * A request passes the table of routes and the doors before anything is done for it.
//! * [`check`] tests any gateway, this one or another, from outside.
//! * Nothing is kept in memory that a command could change on disk: config, credentials and keys are compared at every use.
//!
//! Starting it for a person, and what is said then, is left to the command line.

mod api;
mod app;
mod chat;
pub mod check;
mod client_api;
mod doors;
pub mod instance;
pub mod keys;
mod ledger;
mod live;
mod login;
mod metrics;
pub mod owner;
mod pages;
mod random;
mod refusal;
mod removed;
mod routes;
mod server;
pub mod service;
pub mod settings;
mod sign_ins;
mod spending;
pub mod token;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use self::app::App;
use self::client_api::affinity::Affinity;
use self::client_api::noting::Unfinished;
use self::instance::{Claim, Instance, InstanceError};
use self::keys::Keys;
use self::keys::budget::Budget;
use self::keys::file::KeyFileError;
use self::ledger::LedgerWriter;
use self::live::Live;
use self::login::Logins;
use self::metrics::Metrics;
use self::random::NoRandomness;
use self::removed::Removed;
use self::settings::{Asked, BadPort, Settings, UnheededBind};
use self::sign_ins::SignIns;
use self::token::TokenError;
use crate::anthropic::NetworkPolicy;
use crate::auth::oauth::refresh::InFlight;
use crate::auth::reference::Programs;
use crate::clock::Clock;
use crate::config::load::Loaded;
use crate::config::{ConfigError, Paths};
use crate::env::Env;
use crate::models::refs::ANTHROPIC;
use crate::provider;
use crate::storage::FileError;

/// Random bytes in the name of a process.
const INSTANCE_BYTES: usize = 6;

/// What a gateway is started with.
#[derive(Debug, Clone)]
pub struct GatewayOptions {
    /// Port and address, where a flag names them.
    pub asked: Asked,
    /// The process's environment.
    pub env: Env,
    /// Where things are.
    pub paths: Paths,
    /// Which hosts may be reached.
    pub network: NetworkPolicy,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Refreshes of this process.
    pub in_flight: InFlight,
    /// What programs that keep secrets gave to this process.
    pub programs: Programs,
}

/// The gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The config is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The variable of the port holds none.
    #[error(transparent)]
    Port(#[from] BadPort),
    /// Another one runs.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// There is no token it could ask for.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Keys of clients cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {}", crate::storage::describe(source))]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Requests would come back to it.
    #[error(
        "the address in {place} leads to this gateway itself ({url}), so every request would come back to it"
    )]
    Loop {
        /// What names the address: a variable, or a key of the config.
        place: &'static str,
        /// The address.
        url: String,
    },
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The system gave no random numbers.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The system gave no thread.
    #[error("cannot start a thread: {}", crate::storage::describe(.0))]
    Thread(std::io::Error),
}

/// A gateway that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Gateway {
    instance: Instance,
    unheeded: Option<UnheededBind>,
    app: Arc<App>,
    close: watch::Sender<bool>,
    cut: oneshot::Sender<()>,
    server: JoinHandle<bool>,
    ledger: LedgerWriter,
    claim: Claim,
}

impl Gateway {
    /// Starts it as a task of the current runtime.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(options: GatewayOptions) -> Result<Self, StartError> {
        let GatewayOptions { asked, env, paths, network, clock, in_flight, programs } = options;
        let live = Live::begin(paths.clone(), env, network, Arc::clone(&clock), in_flight)?;
        let world = live.world();
        let Loaded { config, env } = &world.loaded;
        let Settings { address, unheeded } = Settings::resolve(asked, &config.gateway, env)?;
        let claim = Claim::take(&paths, clock.as_ref())?;
        token::ensure(config, env, &paths)?;
        let listener =
            TcpListener::bind(address).await.map_err(|source| StartError::Bind { address, source })?;
        let address = listener.local_addr().map_err(|source| StartError::Bind { address, source })?;
        check_loop(&world.loaded, address)?;
        let instance = Instance {
            url: url_of(address),
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: clock.now(),
        };
        let (metrics, budget) = (Arc::new(Metrics::default()), Arc::new(Budget::default()));
        let (for_rows, for_charges) = (Arc::clone(&metrics), Arc::clone(&budget));
        let ledger = LedgerWriter::start(paths.clone(), Arc::clone(&clock), for_rows, for_charges)
            .await
            .map_err(StartError::Thread)?;
        let (close, closing) = watch::channel(false);
        let app = Arc::new(App {
            keys: Keys::read(paths.gateway_keys())?,
            logins: Logins::read(paths.gateway_logins()),
            metrics,
            affinity: Affinity::default(),
            budget,
            ledger: ledger.queue(),
            notes: Unfinished::default(),
            removed: Removed::default(),
            sign_ins: SignIns::default(),
            turns: chat::Turns::default(),
            ip: address.ip(),
            port: address.port(),
            instance: random::hex_name(INSTANCE_BYTES)?,
            closing: closing.clone(),
            clock,
            paths,
            network,
            programs,
            live,
        });
        let (cut, is_cut) = oneshot::channel();
        let is_cut = async { drop(is_cut.await) };
        let server = tokio::spawn(server::serve(listener, Arc::clone(&app), closed(closing), is_cut));
        claim.publish(&instance)?;
        Ok(Self { instance, unheeded, app, close, cut, server, ledger, claim })
    }

    /// Where it is.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// An address in the config that it does not listen on, because only a flag opens it to other machines.
    pub fn unheeded_bind(&self) -> Option<&UnheededBind> {
        self.unheeded.as_ref()
    }

    /// How many answers are being streamed.
    pub fn streams(&self) -> u64 {
        let turns = u64::try_from(self.app.turns.count()).unwrap_or(u64::MAX);
        self.app.metrics.streams.get().unsigned_abs().saturating_add(turns)
    }

    /// How many sign-ins have a code that is spent unless they come to their end.
    pub fn sign_ins(&self) -> usize {
        self.app.sign_ins.count()
    }

    /// Takes no more connections, and lets answers and sign-ins under way end, for as long as `limit`. Says whether all did.
    pub async fn stop(self, limit: Duration) -> bool {
        self.stop_within(tokio::time::sleep(limit)).await
    }

    /// The same for as long as `patience` is not over. Answers that are cut then are written down, too.
    pub async fn stop_within(self, patience: impl Future<Output = ()>) -> bool {
        let Self { app, close, cut, mut server, ledger, claim, .. } = self;
        // Nobody listening means that it is over already, here and below.
        let _told = close.send(true).is_ok();
        let mut served = None;
        let all = async {
            served = Some((&mut server).await);
            tokio::join!(app.turns.ended(), app.sign_ins.ended());
        };
        let in_time = tokio::select! {
            () = all => true,
            () = patience => false,
        };
        if !in_time {
            let _told = cut.send(()).is_ok();
        }
        let served = async {
            match served {
                Some(served) => served,
                None => server.await,
            }
        };
        let (served, no_turn_was_cut, no_sign_in_was_cut) =
            tokio::join!(served, app.turns.stop(), app.sign_ins.stop());
        app.notes.ended().await;
        // The last rows are written before another gateway may start.
        tokio::task::spawn_blocking(move || drop((ledger, claim))).await.ok();
        no_turn_was_cut && no_sign_in_was_cut && served.unwrap_or(false)
    }
}

/// Every way in: a method and a path, what varies in braces.
pub fn routes() -> impl Iterator<Item = (&'static Method, &'static str)> {
    routes::all().map(|route| (&route.method, route.path))
}

async fn closed(mut closing: watch::Receiver<bool>) {
    // Whoever could say so is gone: it is over, too.
    closing.wait_for(|closing| *closing).await.ok();
}

/// The address people use: for one that stands for all addresses of the machine, that of this machine alone.
fn url_of(address: SocketAddr) -> String {
    let ip = address.ip();
    let ip = match (ip.is_unspecified(), ip.is_ipv4()) {
        (true, true) => std::net::Ipv4Addr::LOCALHOST.into(),
        (true, false) => std::net::Ipv6Addr::LOCALHOST.into(),
        (false, _) => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Refuses a provider's address that is our own.
fn check_loop(loaded: &Loaded, own: SocketAddr) -> Result<(), StartError> {
    let Loaded { config, env } = loaded;
    let Some(url) = provider::base_url(ANTHROPIC, config, env).and_then(|text| url::Url::parse(text).ok())
    else {
        return Ok(());
    };
    let is_this_machine = match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback() || own.ip() == ip,
        Some(url::Host::Ipv6(ip)) => ip.is_loopback() || own.ip() == ip,
        None => false,
    };
    if !is_this_machine || url.port_or_known_default() != Some(own.port()) {
        return Ok(());
    }
    let in_config = config.provider(ANTHROPIC).is_some_and(|provider| provider.base_url.is_some());
    let place = if in_config { "models.providers.anthropic.baseUrl" } else { "ANTHROPIC_BASE_URL" };
    Err(StartError::Loop { place, url: url.to_string() })
}
