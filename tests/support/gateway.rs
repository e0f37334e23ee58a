//! A gateway as its users run it: the real binary in a process of its own, at a free port.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Signal};
use serde_json::Value;

use super::TestEnv;

/// Runs until it is stopped, killed or dropped.
pub(crate) struct TestGateway {
    child: Child,
    url: String,
    log: Arc<Mutex<Vec<u8>>>,
    listens: Option<JoinHandle<()>>,
}

impl TestGateway {
    pub(crate) fn start(env: &TestEnv) -> Self {
        Self::start_at(env, 0)
    }

    /// Starts it at a port, to be where an earlier one was.
    pub(crate) fn start_at(env: &TestEnv, port: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fased"))
            .args(["gateway", "--json", "--port", &port.to_string()])
            .env_clear()
            .envs(env.variables())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (mut stderr, heard) = (child.stderr.take().unwrap(), Arc::clone(&log));
        let listens = std::thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Ok(length @ 1..) = stderr.read(&mut piece) {
                heard.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        // It says where it is in one document, of one line or several, and is ready then.
        let (mut stdout, mut said) = (BufReader::new(child.stdout.take().unwrap()), String::new());
        let started: Value = loop {
            if stdout.read_line(&mut said).unwrap() == 0 {
                child.wait().unwrap();
                listens.join().unwrap();
                panic!("the gateway did not start: {said}{}", String::from_utf8_lossy(&log.lock().unwrap()));
            }
            if let Ok(document) = serde_json::from_str(&said) {
                break document;
            }
        };
        let url = started["url"].as_str().unwrap().to_owned();
        Self { child, url, log, listens: Some(listens) }
    }

    /// Its base URL, without a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Resident memory in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// What it wrote to standard error until now.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }

    /// Asks it to end and waits until it has; all of its log.
    pub(crate) fn stop(mut self) -> (ExitStatus, String) {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let status = self.child.wait().unwrap();
        self.listens.take().map(JoinHandle::join);
        (status, self.log())
    }

    /// Ends it without a word to it, as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        // It may have ended by now.
        self.child.kill().ok();
        self.child.wait().ok();
        self.listens.take().map(JoinHandle::join);
    }
}
