//! The log of what arrived, for tests and for `GET /sandbox/requests`. Bounded in number and in bytes, oldest out
//! first. Credentials are masked before anything is kept.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::oauth::masking;
use crate::secret::Secret;

/// Most bytes of bodies that are kept.
const MOST_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Headers whose values are credentials.
const CREDENTIAL_HEADERS: [&str; 4] = ["authorization", "x-api-key", "cookie", "proxy-authorization"];

/// One request as it arrived, credentials masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRequest {
    /// The `request-id` it was answered with.
    pub id: String,
    /// When it arrived, by the sandbox's clock.
    pub at: Timestamp,
    /// The method, upper case.
    pub method: String,
    /// The path without the query.
    pub path: String,
    /// The query without its question mark.
    pub query: Option<String>,
    /// Headers in order of arrival; names lower case, credentials in their masked form.
    pub headers: Vec<(String, String)>,
    /// The body as it came, that of a sign-in or token request with its secrets masked; empty if it was too large to be
    /// read.
    pub body: Bytes,
    /// Status it was answered with, once it was. The `lost-reply` fault leaves none.
    pub status: Option<u16>,
    /// What the token endpoint decided: `granted`, or the error's code. None where it decided nothing.
    pub outcome: Option<&'static str>,
}

impl RecordedRequest {
    pub(super) fn new(id: &str, at: Timestamp, method: &Method, uri: &Uri, headers: &HeaderMap) -> Self {
        let headers = headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), masked(name.as_str(), &value))
        });
        Self {
            id: id.to_owned(),
            at,
            method: method.as_str().to_owned(),
            path: masked("", uri.path()),
            query: uri.query().map(|query| {
                if masking::applies_to(uri.path()) { masking::query(query) } else { masked("", query) }
            }),
            headers: headers.collect(),
            body: Bytes::new(),
            status: None,
            outcome: None,
        }
    }

    /// Keeps the body that came to this address, as far as it may be kept.
    pub(super) fn keep(&mut self, uri: &Uri, body: &Bytes) {
        self.body = if masking::applies_to(uri.path()) { masking::body(body) } else { body.clone() };
    }

    /// The first value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// SHA-256 of the body as it was kept, in hex: what arrived is what was sent when both have the same.
    pub fn body_sha256(&self) -> String {
        Sha256::digest(&self.body).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The `grant_type` of a token request: `authorization_code`, `refresh_token`, ...
    pub fn grant_type(&self) -> Option<String> {
        if self.path != "/v1/oauth/token" {
            return None;
        }
        self.json()?.get("grant_type")?.as_str().map(str::to_owned)
    }

    fn document(&self) -> serde_json::Value {
        let body = self.json().unwrap_or_else(|| String::from_utf8_lossy(&self.body).into());
        let mut document = json!({
            "id": self.id,
            "at": self.at.to_string(),
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "headers": self.headers,
            "body": body,
            "bodyBytes": self.body.len(),
            "bodySha256": self.body_sha256(),
            "status": self.status,
        });
        if let Some(outcome) = self.outcome {
            document["outcome"] = outcome.into();
        }
        document
    }
}

/// A header's value as it may be kept.
fn masked(name: &str, value: &str) -> String {
    if CREDENTIAL_HEADERS.contains(&name) {
        return match value.split_once(' ') {
            Some((scheme, credential)) if scheme.eq_ignore_ascii_case("bearer") => {
                format!("{scheme} {}", Secret::new(credential.trim()))
            }
            _ => Secret::new(value).masked(),
        };
    }
    // A credential in a place where none belongs.
    if value.contains("sk-ant-") { Secret::new(value).tail() } else { value.to_owned() }
}

/// The last requests.
#[derive(Debug)]
pub(super) struct RequestLog {
    kept: VecDeque<RecordedRequest>,
    most: usize,
    body_bytes: usize,
}

impl RequestLog {
    pub(super) fn new(most: usize) -> Self {
        Self { kept: VecDeque::new(), most, body_bytes: 0 }
    }

    pub(super) fn push(&mut self, request: RecordedRequest) {
        self.body_bytes += request.body.len();
        self.kept.push_back(request);
        while self.kept.len() > self.most || self.body_bytes > MOST_BODY_BYTES {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.body_bytes -= oldest.body.len();
        }
    }

    pub(super) fn answered(&mut self, id: &str, status: Option<u16>, outcome: Option<&'static str>) {
        if let Some(request) = self.kept.iter_mut().rev().find(|request| request.id == id) {
            (request.status, request.outcome) = (status, outcome);
        }
    }

    pub(super) fn all(&self) -> Vec<RecordedRequest> {
        self.kept.iter().cloned().collect()
    }

    pub(super) fn document(&self) -> serde_json::Value {
        json!({ "requests": self.kept.iter().map(RecordedRequest::document).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn recorded(id: &str, body: usize) -> RecordedRequest {
        let uri = Uri::from_static("/v1/messages?beta=true");
        let mut request =
            RecordedRequest::new(id, Timestamp::UNIX_EPOCH, &Method::POST, &uri, &HeaderMap::new());
        request.body = vec![b'x'; body].into();
        request
    }

    #[test]
    fn credentials_are_masked_wherever_they_stand() {
        let key = "sk-ant-api03-sandbox-hidden-part-of-it-x3Qw";
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-api-key", key.to_owned()),
            ("authorization", format!("Bearer {key}")),
            ("cookie", format!("session={key}")),
            ("x-other", format!("see {key}")),
            ("x-plain", "kept".to_owned()),
        ] {
            headers.insert(name, HeaderValue::from_str(&value).unwrap());
        }
        let uri = format!("/v1/{key}?key={key}").parse().unwrap();
        let request = RecordedRequest::new("1", Timestamp::UNIX_EPOCH, &Method::GET, &uri, &headers);
        assert_eq!(request.header("x-api-key"), Some("sk-ant-api03 …x3Qw"));
        assert_eq!(request.header("authorization"), Some("Bearer sk-ant-api03 …x3Qw"));
        assert_eq!(request.header("x-plain"), Some("kept"));
        assert!(!format!("{request:?}").contains("hidden"), "{request:?}");
    }

    #[test]
    fn the_oldest_leave_first_by_number_and_by_bytes() {
        let mut log = RequestLog::new(2);
        for id in ["1", "2", "3"] {
            log.push(recorded(id, 1));
        }
        let ids = |log: &RequestLog| log.all().into_iter().map(|request| request.id).collect::<Vec<_>>();
        assert_eq!(ids(&log), ["2", "3"]);
        log.push(recorded("4", MOST_BODY_BYTES));
        assert_eq!(ids(&log), ["4"]);
        log.answered("4", Some(200), None);
        log.answered("gone", Some(200), None);
        assert_eq!(log.all()[0].status, Some(200));
    }

    #[test]
    fn a_body_is_shown_as_json_when_it_is_json() {
        let mut log = RequestLog::new(2);
        let mut request = recorded("1", 0);
        request.body = Bytes::from_static(br#"{"a":1}"#);
        log.push(request);
        log.push(recorded("2", 2));
        let document = log.document();
        assert_eq!(document["requests"][0]["body"], json!({"a": 1}));
        assert_eq!(document["requests"][0]["bodyBytes"], 7);
        let hash = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862";
        assert_eq!(document["requests"][0]["bodySha256"], hash);
        assert_eq!(document["requests"][1]["body"], "xx");
        assert_eq!(document["requests"][1]["query"], "beta=true");
    }
}
