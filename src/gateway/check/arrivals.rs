//! What arrived at the sandbox behind a gateway, from its log. Looking at the log leaves no trace in it.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Deserialize;
use serde_json::Value;

use super::CheckError;
use super::exchange::{Caller, NoAnswer, Sent};
use crate::anthropic::{Endpoint, Transport};
use crate::clock::Clock;

/// How long the log may take.
const LIMIT: Duration = Duration::from_secs(10);

/// One request as it arrived, credentials masked.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Arrived {
    id: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    headers: Vec<(String, String)>,
    pub(super) body: Value,
    pub(super) body_bytes: usize,
    pub(super) body_sha256: String,
}

impl Arrived {
    /// All values of a header, by its lower-case name.
    pub(super) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Deserialize)]
struct Log {
    requests: Vec<Arrived>,
}

/// The log of a sandbox, read again and again.
#[derive(Debug)]
pub(super) struct Arrivals<'a> {
    caller: Caller<'a>,
    host: &'a str,
    seen: HashSet<String>,
}

impl<'a> Arrivals<'a> {
    /// Begins with what is there already, which belongs to nobody.
    pub(super) async fn watch(
        endpoint: &'a Endpoint,
        how: &Transport,
        clock: &'a dyn Clock,
    ) -> Result<Self, CheckError> {
        let caller = Caller::new(endpoint, how, clock)?;
        let mut arrivals = Self { caller, host: endpoint.host(), seen: HashSet::new() };
        arrivals.new_ones().await?;
        Ok(arrivals)
    }

    /// What arrived since the last time.
    pub(super) async fn new_ones(&mut self) -> Result<Vec<Arrived>, CheckError> {
        let sent = Sent {
            method: Method::GET,
            target: "sandbox/requests".to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            limit: LIMIT,
        };
        let host = || self.host.to_owned();
        let answer = self.caller.send(&sent).await.map_err(|error| match error {
            NoAnswer::Unreachable(reason) => CheckError::Unreachable { host: host(), reason },
            other => CheckError::Unreachable { host: host(), reason: other.words() },
        })?;
        let log: Log =
            serde_json::from_slice(&answer.body).map_err(|_| CheckError::NoSandbox { host: host() })?;
        Ok(log.requests.into_iter().filter(|request| self.seen.insert(request.id.clone())).collect())
    }
}
