//! A stand-in of the Anthropic API on loopback, for tests, rehearsals and `fased demo`: messages with streaming, token
//! counting, the list of models, prompt caching accounted as documented, sign-in with refresh and workload identity
//! federation, and every failure on request. It asks no model and opens no connection; answers depend on the request alone.
//!
//! * Credentials are made up and contain `-sandbox-`; any other is refused with 401. Two keys are two organizations
//!   unless they name one (`-org-NAME-`); `-workspace-NAME-` divides an organization.
//! * [`request`] says what is accepted, [`cache`] what is billed, [`faults`] what can be made to fail.
//! * Sign-in begins at `GET /oauth/authorize`, and tokens come from `POST /v1/oauth/token`. Access tokens that were minted
//!   here expire and can be revoked; tokens written by hand are good for ever.
//! * `GET /sandbox/requests` shows what arrived, `GET /healthz` that it runs.
//! * It listens on 127.0.0.1 and answers only to loopback names.
//!
//! The commands that start it and show where it listens are left to the command line.
//!
//! ```
//! use std::sync::Arc;
//! use fased::clock::SystemClock;
//! use fased::sandbox::{Sandbox, SandboxOptions};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let sandbox = Sandbox::start(SandboxOptions::new(Arc::new(SystemClock::new()))).await?;
//! assert!(sandbox.url().starts_with("http://127.0.0.1:"));
//! sandbox.shutdown().await
//! # }).unwrap();
//! ```

mod answer;
mod auth;
mod blocks;
pub mod cache;
mod content;
mod error;
pub mod faults;
pub mod json;
mod limits;
mod markers;
mod messages;
mod models;
mod oauth;
pub mod prompt;
pub mod request;
pub mod requests;
mod server;
mod stream;
pub mod tokens;

#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::requests::RecordedRequest;
use self::server::App;
use self::stream::Closing;
use crate::clock::Clock;

/// How long answers under way may take to notice that the sandbox closes.
const CLOSING_TIME: Duration = Duration::from_secs(5);

/// How a sandbox behaves when a request does not say otherwise. There is no address to choose: it is always 127.0.0.1.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SandboxOptions {
    /// The time of day, for cache entries, limits and tokens. Delays are real ones.
    pub clock: Arc<dyn Clock>,
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Time between a request and its answer.
    pub delay: Duration,
    /// Time between two events of a stream.
    pub event_delay: Duration,
    /// How long an access token is good that was minted here.
    pub token_lifetime: Duration,
    /// How many of the last requests the log keeps.
    pub kept_requests: usize,
}

impl SandboxOptions {
    /// A free port, no delays, access tokens for eight hours, and a log of the last 256 requests.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            port: 0,
            delay: Duration::ZERO,
            event_delay: Duration::ZERO,
            token_lifetime: Duration::from_secs(28_800),
            kept_requests: 256,
        }
    }
}

/// The stand-in; see the module's documentation.
#[derive(Debug)]
pub struct Sandbox;

impl Sandbox {
    /// Serves on a listener that is there already, until `shutdown` is over. Answers under way are cut then.
    ///
    /// # Errors
    /// When the listener is not on loopback.
    pub async fn serve(
        listener: TcpListener,
        options: SandboxOptions,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let (close, closing) = watch::channel(false);
        let app = Arc::new(App::new(options, Closing::new(closing.clone())));
        let closing = Closing::new(closing);
        let served = run(listener, app, async move { closing.closed().await });
        let told = async move {
            shutdown.await;
            // Nobody listening means that it is over already.
            let _told = close.send(true).is_ok();
            // Longer than this only a client takes that neither reads nor leaves.
            tokio::time::sleep(CLOSING_TIME).await;
        };
        tokio::select! {
            result = served => result,
            () = told => Ok(()),
        }
    }

    /// Starts a sandbox on 127.0.0.1, as a task of the current runtime.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start(options: SandboxOptions) -> io::Result<RunningSandbox> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let (close, closing) = watch::channel(false);
        let closing = Closing::new(closing);
        let app = Arc::new(App::new(options, closing.clone()));
        let server = tokio::spawn(run(listener, app.clone(), async move { closing.closed().await }));
        Ok(RunningSandbox { address, app, close, server })
    }
}

async fn run(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the sandbox serves on loopback only, not on {address}"),
        ));
    }
    // Events leave one by one, without waiting for the client to confirm the one before.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small packets may be held back");
        }
    });
    let router = Router::new().fallback(server::handle).with_state(app);
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

/// A sandbox that runs until it is shut down or dropped.
#[derive(Debug)]
pub struct RunningSandbox {
    address: SocketAddr,
    app: Arc<App>,
    close: watch::Sender<bool>,
    server: JoinHandle<io::Result<()>>,
}

impl RunningSandbox {
    /// Where it listens, as a base URL without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The last requests that arrived, oldest first, credentials masked.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.app.requests()
    }

    /// Ends it; answers under way are cut.
    ///
    /// # Errors
    /// When serving had failed.
    pub async fn shutdown(self) -> io::Result<()> {
        let Self { close, mut server, .. } = self;
        // Nobody listening means that it is over already.
        let _told = close.send(true).is_ok();
        match tokio::time::timeout(CLOSING_TIME, &mut server).await {
            Ok(Ok(result)) => result,
            Ok(Err(failure)) => Err(io::Error::other(failure)),
            Err(_) => {
                // A client that neither reads nor leaves.
                server.abort();
                Ok(())
            }
        }
    }
}
