//! What a command is given: environment, places, clock, terminal, network policy. `main` builds it once from the process;
//! `demo` and tests build it from nothing. No command looks anywhere else.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::anthropic::NetworkPolicy;
use crate::auth::oauth::refresh::InFlight;
use crate::auth::reference::Programs;
use crate::clock::{Clock, SystemClock};
use crate::config::load::Loaded;
use crate::config::{self, Config, Paths};
use crate::env::Env;
use crate::error::{Exit, Failure};
use crate::terminal::{AskedToEnd, Terminal};

/// How long the end of the process waits for a refresh that has begun: its reply exists only once.
const LONGEST_REFRESH: Duration = Duration::from_secs(35);

/// Everything a command may use.
#[derive(Debug, Clone)]
pub struct Ctx {
    /// The environment the process was started with.
    pub env: Env,
    /// Where things are on disk.
    pub paths: Paths,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Standard streams.
    pub terminal: Terminal,
    /// Which hosts may be reached.
    pub network: NetworkPolicy,
    /// Refreshes this process has begun.
    pub in_flight: InFlight,
    /// What programs that print secrets gave to this process.
    pub programs: Programs,
}

impl Ctx {
    /// A context from an environment and a home directory. `FASED_NOW` (RFC 3339) makes the time of day stand still, for
    /// tests and reproducible pictures; `FASED_NETWORK=loopback` keeps every request on this machine.
    ///
    /// # Errors
    /// Without a home or state directory, or when one of those variables has a value it cannot have.
    pub fn new(env: Env, home: Option<PathBuf>, terminal: Terminal) -> Result<Self, Failure> {
        let paths = Paths::resolve(&env, home).ok_or_else(|| {
            Failure::new(Exit::Failed, "no_home", "There is no home directory to keep the state in.")
                .hint("name a directory for it")
                .command("export FASED_STATE_DIR=/path/to/state")
        })?;
        let now = match env.get("FASED_NOW").map(str::parse::<Timestamp>) {
            None => None,
            Some(Ok(now)) => Some(now),
            Some(Err(_)) => return Err(Failure::usage("FASED_NOW is not a time like 2026-01-31T12:00:00Z.")),
        };
        let network = match env.get("FASED_NETWORK") {
            None | Some("any") => NetworkPolicy::Any,
            Some("loopback") => NetworkPolicy::LoopbackOnly,
            Some(_) => return Err(Failure::usage("FASED_NETWORK is neither \"any\" nor \"loopback\".")),
        };
        let clock: Arc<dyn Clock> = match now {
            Some(now) => Arc::new(SystemClock::standing_at(now)),
            None => Arc::new(SystemClock::new()),
        };
        let (in_flight, programs) = (InFlight::default(), Programs::default());
        Ok(Self { env, paths, clock, terminal, network, in_flight, programs })
    }

    /// Reads the config and the environment it is used with.
    ///
    /// # Errors
    /// When it cannot be read or is invalid.
    pub fn load(&self) -> Result<Loaded, Failure> {
        Ok(config::load::load(&self.paths, &self.env)?)
    }

    /// Reads the config, for what needs no variables.
    ///
    /// # Errors
    /// When it cannot be read or is invalid.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(self.load()?.config)
    }

    /// Runs asynchronous work to its end on a runtime of its own; commands that need none never start one. Ctrl-C ends
    /// it, dropping the work and with it every open connection.
    ///
    /// # Errors
    /// What the work returns, or cancellation.
    pub fn block_on<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime = runtime()?;
        let result = runtime.block_on(async {
            tokio::select! {
                result = work => result,
                ended = asked_to_end() => Err(ended),
            }
        });
        // Whatever a cancelled request left running ends with the process, not before it.
        runtime.shutdown_background();
        result
    }

    /// Runs work that ends by itself when the end is asked for, on a runtime of its own.
    ///
    /// # Errors
    /// When there can be no runtime.
    pub fn run<T>(&self, work: impl Future<Output = T>) -> Result<T, Failure> {
        let runtime = runtime()?;
        let result = runtime.block_on(work);
        // As in `block_on`.
        runtime.shutdown_background();
        Ok(result)
    }

    /// Waits for refreshes that have begun: their replies exist only once. Called before the process ends.
    pub fn finish(&self) {
        if !self.in_flight.is_idle() {
            if self.terminal.is_watched() {
                self.terminal.say("Finishing a refresh that has begun …");
            }
            self.in_flight.wait(LONGEST_REFRESH);
        }
    }

    /// Runs work that must not be left half done: Ctrl-C is heard, and told with the result.
    ///
    /// # Errors
    /// What the work returns.
    pub fn see_through<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<(T, Interrupted), Failure> {
        let runtime = runtime()?;
        let (result, interrupted) = runtime.block_on(async {
            let mut work = std::pin::pin!(work);
            tokio::select! {
                result = &mut work => (result, Interrupted::No),
                _ = crate::terminal::asked_to_end() => {
                    self.terminal.say(&format!("Finishing {what} …"));
                    (work.await, Interrupted::Yes)
                }
            }
        });
        runtime.shutdown_background();
        Ok((result?, interrupted))
    }
}

/// Whether the end was asked for meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupted {
    /// It was.
    Yes,
    /// It was not.
    No,
}

/// Listens from now on, and waits until the end is asked for. The failure is that of what is being done, or of the whole
/// process. Must be called within a runtime.
pub fn asked_to_end() -> impl Future<Output = Failure> {
    // Not within the future, which may be looked at only when the work beside it has begun.
    let asked = crate::terminal::asked_to_end();
    async move {
        match asked.await {
            AskedToEnd::Interrupt => Failure::cancelled("Cancelled."),
            AskedToEnd::Terminate => Failure::terminated(),
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.context("cannot start the runtime")?)
}
