//! A sandbox in this process, on a thread of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use fased::clock::ManualClock;
use fased::sandbox::requests::RecordedRequest;
use fased::sandbox::{RunningSandbox, Sandbox, SandboxOptions};
use serde_json::Value;
use tokio::sync::oneshot;
use url::Url;

use super::NOW;

/// Runs until it is dropped.
pub(crate) struct TestSandbox {
    sandbox: Arc<RunningSandbox>,
    clock: Arc<ManualClock>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestSandbox {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// One with other options.
    pub(crate) fn start_with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let (report, started) = mpsc::channel();
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let mut options = SandboxOptions::new(clock.clone());
        // Whole herds are counted.
        options.kept_requests = 10_000;
        change(&mut options);
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let sandbox = Sandbox::start(options).await.unwrap();
                report.send(Arc::new(sandbox)).unwrap();
                stopped.await.ok();
            });
            // Answers that hang on purpose would never end.
            runtime.shutdown_background();
        });
        Self { sandbox: started.recv().unwrap(), clock, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        self.sandbox.url()
    }

    /// What arrived, credentials masked.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.sandbox.requests()
    }

    /// Moves the sandbox's clock forward, for what it minted to expire; the program's is `FASED_NOW`.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// How many requests to refresh a token arrived, whatever became of them; `RecordedRequest::outcome` says that.
    pub(crate) fn refreshes(&self) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.grant_type().as_deref() == Some("refresh_token"))
            .count()
    }

    /// Plays the browser and its user: opens a sign-in link, approves, and returns code and state. A
    /// `login_hint` in the link chooses the account.
    pub(crate) fn approve(&self, authorize_url: &str) -> (String, String) {
        let (status, page) = http("GET", authorize_url, None);
        let link = page.split_once("<a id=\"approve\" href=\"").and_then(|(_, rest)| rest.split_once('"'));
        let Some((link, _)) = link else { panic!("{status}, and nothing to approve on\n{page}") };
        let link = Url::parse(&link.replace("&amp;", "&")).unwrap();
        let parameter = |wanted: &str| {
            let (_, value) = link.query_pairs().find(|(name, _)| name == wanted).unwrap();
            value.into_owned()
        };
        (parameter("code"), parameter("state"))
    }

    /// Sends a document to the token endpoint; status and document of the answer.
    pub(crate) fn token_request(&self, body: &Value) -> (u16, Value) {
        token_request(&self.url(), body)
    }

    /// The last request for messages.
    pub(crate) fn last_message(&self) -> RecordedRequest {
        self.requests().into_iter().rfind(|request| request.path == "/v1/messages").unwrap()
    }
}

impl Drop for TestSandbox {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().map(JoinHandle::join);
    }
}

/// Opens a page; status and body of the answer.
pub(crate) fn open_page(url: &str) -> (u16, String) {
    http("GET", url, None)
}

/// Sends a document to the token endpoint of a sandbox; status and document of the answer.
pub(crate) fn token_request(sandbox_url: &str, body: &Value) -> (u16, Value) {
    let (status, text) = http("POST", &format!("{sandbox_url}/v1/oauth/token"), Some(body));
    (status, serde_json::from_str(&text).unwrap())
}

/// One request on a connection of its own; status and body of the answer.
fn http(method: &str, url: &str, body: Option<&Value>) -> (u16, String) {
    let url = Url::parse(url).unwrap();
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut connection = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}
