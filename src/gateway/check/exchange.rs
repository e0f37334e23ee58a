//! One request and what came back, piece by piece with the time of each. Redirects are not followed and nothing is sent
//! twice.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::Value;

use super::CheckError;
use crate::anthropic::{Endpoint, Transport, http as transport};
use crate::clock::Clock;

/// Longest answer that is read.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);

/// A request as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) method: Method,
    /// Path and query below the base URL, without a slash at the beginning.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// How long the whole answer may take.
    pub(super) limit: Duration,
}

impl Sent {
    /// A header's value as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Where each piece of the body ended, and when it came, counted from the moment of sending.
    pub(super) pieces: Vec<(usize, Duration)>,
    /// From sending to the end of the body.
    pub(super) took: Duration,
    /// What ended the body before its end.
    pub(super) cut: Option<String>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The type and message of an error in Anthropic's shape.
    pub(super) fn api_error(&self) -> Option<(String, String)> {
        let body = self.json();
        let text = |field: &str| body["error"][field].as_str().map(str::to_owned);
        (body["type"] == "error").then_some(())?;
        Some((text("type")?, text("message")?))
    }

    /// The body as what a server sends event by event.
    pub(super) fn events(&self) -> Vec<Event> {
        let text = String::from_utf8_lossy(&self.body);
        let mut events = Vec::new();
        let mut end = 0;
        for block in text.split_inclusive("\n\n") {
            end += block.len();
            let at = self.pieces.iter().find(|(piece_end, _)| *piece_end >= end).map(|(_, at)| *at);
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            let data: Value = field("data:").and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
            events.push(Event {
                name: field("event:").map_or("", str::trim).to_owned(),
                data,
                comments: block
                    .lines()
                    .filter_map(|line| line.strip_prefix(':'))
                    .map(str::to_owned)
                    .collect(),
                at: at.unwrap_or(self.took),
            });
        }
        events
    }
}

/// One event of a stream.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// Empty for a block without one, which may hold comments.
    pub(super) name: String,
    pub(super) data: Value,
    pub(super) comments: Vec<String>,
    /// When its last byte came.
    pub(super) at: Duration,
}

/// No answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Not within the time that was given.
    TimedOut(Duration),
    /// Nobody took the connection.
    Unreachable(String),
    /// The connection failed after it was made.
    Failed(String),
}

impl NoAnswer {
    pub(super) fn words(&self) -> String {
        match self {
            Self::TimedOut(limit) => format!("no answer within {} s", limit.as_secs()),
            Self::Unreachable(reason) | Self::Failed(reason) => format!("no answer: {reason}"),
        }
    }
}

/// A client of one endpoint.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    client: reqwest::Client,
    endpoint: &'a Endpoint,
    clock: &'a dyn Clock,
    user_agent: HeaderValue,
}

impl<'a> Caller<'a> {
    pub(super) fn new(
        endpoint: &'a Endpoint,
        how: &Transport,
        clock: &'a dyn Clock,
    ) -> Result<Self, CheckError> {
        let client = transport::client(endpoint, &how.proxy, &how.trust, CONNECTING)?;
        let user_agent = HeaderValue::from_str(&how.user_agent).map_err(|_| {
            crate::anthropic::Error::Setup { reason: "the user agent is no header".to_owned() }
        })?;
        Ok(Self { client, endpoint, clock, user_agent })
    }

    /// Sends a request and waits for the whole answer.
    pub(super) async fn send(&self, sent: &Sent) -> Result<Answer, NoAnswer> {
        let started = self.clock.steady();
        match tokio::time::timeout(sent.limit, self.exchange(sent, started)).await {
            Ok(answer) => answer,
            Err(_) => Err(NoAnswer::TimedOut(sent.limit)),
        }
    }

    async fn exchange(&self, sent: &Sent, started: Duration) -> Result<Answer, NoAnswer> {
        let (path, query) = match sent.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (sent.target.as_str(), None),
        };
        let mut url = self.endpoint.join(path);
        url.set_query(query);
        let mut headers = sent.headers.clone();
        headers.entry(HeaderName::from_static("user-agent")).or_insert_with(|| self.user_agent.clone());
        let request = self.client.request(sent.method.clone(), url).headers(headers).body(sent.body.clone());
        let mut response = request.send().await.map_err(|error| {
            let reason = transport::words(&error);
            if error.is_connect() { NoAnswer::Unreachable(reason) } else { NoAnswer::Failed(reason) }
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let (mut body, mut pieces, mut cut) = (Vec::new(), Vec::new(), None);
        while body.len() < LONGEST_ANSWER {
            match response.chunk().await {
                Ok(Some(piece)) => {
                    body.extend_from_slice(&piece);
                    pieces.push((body.len(), self.since(started)));
                }
                Ok(None) => break,
                Err(error) => {
                    cut = Some(transport::words(&error));
                    break;
                }
            }
        }
        Ok(Answer { status, headers, body, pieces, took: self.since(started), cut })
    }

    fn since(&self, started: Duration) -> Duration {
        self.clock.steady().saturating_sub(started)
    }
}
