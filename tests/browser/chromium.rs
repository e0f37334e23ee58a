//! The browser of all tests: one process, spoken to in the DevTools protocol over a pair of pipes. It ends with the tests,
//! because then its pipe is closed. Every visitor has cookies and storage of its own.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};

use super::support::installed;

/// Far above what anything here takes: it ends waits for something that never comes.
pub(crate) const HANGS: Duration = Duration::from_secs(60);

/// How it is started, but for its directory and its pipes.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// Pipes of the protocol are file descriptors 3 and 4, which a shell moves there.
const IN_A_SHELL: &str = r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#;

type Answer = Result<Value, String>;

/// Something that happened in a tab, or to the browser.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// The running browser.
pub(crate) struct Chromium {
    pipe: Mutex<ChildStdin>,
    serial: AtomicU64,
    heard: Mutex<Heard>,
}

/// Who waits for what.
#[derive(Default)]
struct Heard {
    answers: HashMap<u64, Sender<Answer>>,
    /// By session; what has none is the browser's own, and goes to everybody who asked.
    events: HashMap<String, Sender<Event>>,
    of_browser: Vec<Sender<Event>>,
}

impl Chromium {
    /// The one of this process.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Chromium> = OnceLock::new();
        let mut started = None;
        let shared = SHARED.get_or_init(|| {
            let (chromium, process) = Self::start();
            started = Some(process);
            chromium
        });
        // Whoever comes in between waits for answers, which come as soon as somebody listens.
        if let Some(process) = started {
            std::thread::spawn(move || shared.listen(process));
            shared.call(None, "Target.setDiscoverTargets", json!({ "discover": true }));
        }
        shared
    }

    fn start() -> (Self, Child) {
        installed("chromium", "chromium");
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("chromium");
        // That of an earlier run.
        std::fs::remove_dir_all(&directory).ok();
        std::fs::create_dir_all(&directory).unwrap();
        let log = std::fs::File::create(directory.join("log")).unwrap();
        let mut process = Command::new("sh")
            .args(["-c", IN_A_SHELL, "chromium"])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", directory.join("profile").display()))
            .arg("--remote-debugging-pipe")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let pipe = Mutex::new(process.stdin.take().unwrap());
        (Self { pipe, serial: AtomicU64::new(1), heard: Mutex::default() }, process)
    }

    /// Hands what arrives to those who wait for it, until the browser is gone; then nobody's wait ends well.
    fn listen(&self, mut process: Child) {
        let mut answers = BufReader::new(process.stdout.take().unwrap());
        loop {
            let mut text = Vec::new();
            if answers.read_until(0, &mut text).unwrap_or(0) == 0 {
                break;
            }
            text.pop();
            let mut message: Value = serde_json::from_slice(&text).unwrap();
            let mut heard = self.heard.lock().unwrap();
            if let Some(id) = message["id"].as_u64() {
                let answer = match message.get("error") {
                    Some(error) => Err(error["message"].as_str().unwrap_or_default().to_owned()),
                    None => Ok(message["result"].take()),
                };
                // Whoever gave up waiting does not want it.
                heard.answers.remove(&id).map(|waits| waits.send(answer));
                continue;
            }
            let event = Event {
                method: message["method"].as_str().unwrap().to_owned(),
                params: message["params"].take(),
            };
            match message["sessionId"].as_str() {
                Some(session) => {
                    heard.events.get(session).map(|waits| waits.send(event));
                }
                None => heard.of_browser.retain(|waits| waits.send(event.clone()).is_ok()),
            }
        }
        *self.heard.lock().unwrap() = Heard::default();
        process.wait().unwrap();
    }

    /// Asks for something, of a tab or of the browser, and waits for the answer.
    pub(crate) fn ask(&self, session: Option<&str>, method: &str, params: Value) -> Answer {
        let id = self.serial.fetch_add(1, Ordering::Relaxed);
        let (answer, waits) = mpsc::channel();
        self.heard.lock().unwrap().answers.insert(id, answer);
        let mut message = json!({ "id": id, "method": method });
        message["params"] = params;
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.pipe.lock().unwrap().write_all(&bytes).expect("the browser has ended");
        waits.recv_timeout(HANGS).unwrap_or_else(|_| Err(format!("{method} has no answer")))
    }

    /// The same for what cannot fail.
    #[track_caller]
    pub(crate) fn call(&self, session: Option<&str>, method: &str, params: Value) -> Value {
        self.ask(session, method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// What happens to the browser from now on.
    pub(crate) fn events(&self) -> Receiver<Event> {
        let (sender, events) = mpsc::channel();
        self.heard.lock().unwrap().of_browser.push(sender);
        events
    }

    /// Takes hold of a tab; its session and what happens in it.
    pub(crate) fn attach(&self, target: &str) -> (String, Receiver<Event>) {
        let attached =
            self.call(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let (sender, events) = mpsc::channel();
        self.heard.lock().unwrap().events.insert(session.clone(), sender);
        (session, events)
    }
}
