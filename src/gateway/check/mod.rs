//! Tests any gateway against what Anthropic's clients demand of one, by asking it as they do. Everything it finds out
//! is visible to a client; only with a `fased sandbox` as the gateway's upstream can it also see what arrives there.
//!
//! * [`rules`] is the table of what a gateway must do; every rule judges what was seen and asks nothing itself.
//! * `probes` says what is asked, `exchange` asks it and keeps what came, event by event with its time.
//! * `arrivals` reads the sandbox's log.
//!
//! How a report looks is left to the command line.

mod arrivals;
mod evidence;
mod exchange;
mod probes;
mod report;
pub mod rules;
mod verdict;

pub use report::{CheckReport, Outcome, RuleReport};
pub use rules::Severity;

use url::Url;

use self::evidence::Evidence;
use crate::anthropic::{Endpoint, Error, Transport};
use crate::clock::Clock;
use crate::secret::Secret;

/// What is to be tested, and with what.
#[derive(Debug)]
pub struct Target<'a> {
    /// Base URL of the gateway, the one its clients are given.
    pub url: &'a Url,
    /// What clients show it; `None` where it asks for nothing.
    pub key: Option<&'a Secret>,
    /// The model to ask; `None` takes the cheapest one the gateway lists.
    pub model: Option<&'a str>,
    /// Base URL of the sandbox that is the gateway's upstream, where it is one.
    pub sandbox: Option<&'a Url>,
    /// How requests leave this process.
    pub transport: &'a Transport,
}

/// A gateway could not be tested.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Nobody answers there.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The gateway's host, or the sandbox's.
        host: String,
        /// What happened to the connection.
        reason: String,
    },
    /// It asks for a key, and there is none.
    #[error("{host} asks for a key")]
    KeyNeeded {
        /// Its host.
        host: String,
    },
    /// What is said to be the sandbox is none.
    #[error("{host} is no sandbox: it has no log of requests")]
    NoSandbox {
        /// Its host.
        host: String,
    },
    /// An address or the key cannot be used.
    #[error(transparent)]
    Client(#[from] Error),
}

/// Asks a gateway everything, one request after the other, and judges it.
///
/// # Errors
/// [`CheckError`]; whatever the gateway answers is no error but part of the report.
pub async fn run(target: &Target<'_>, clock: &dyn Clock) -> Result<CheckReport, CheckError> {
    let endpoint = Endpoint::new(target.url, target.transport.network)?;
    if let Some(key) = target.key {
        endpoint.admit(key)?;
    }
    let evidence = Evidence::gather(target, &endpoint, clock).await?;
    Ok(CheckReport::make(target, &evidence))
}
