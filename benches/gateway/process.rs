//! Programs that are measured: started in a directory of their own, looked at through `/proc`, ended with the benchmark.

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A program and the processes it has started.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    /// The moment before it was started.
    pub(crate) started: Instant,
}

impl Program {
    /// Starts it with nothing to read, and what it says unheard.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let started = now();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self { child, started })
    }

    /// Starts one that announces its address as a JSON document with `url`.
    pub(crate) fn announced(command: &mut Command) -> Result<(Self, SocketAddr), Box<dyn Error>> {
        let started = now();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take().ok_or("a pipe was asked for")?;
        let program = Self { child, started };
        let mut text = String::new();
        for line in BufReader::new(stdout).lines() {
            text.push_str(&line?);
            if let Ok(document) = serde_json::from_str::<Value>(&text) {
                let url = document["url"].as_str().ok_or("it announced no address")?;
                let address = url.trim_start_matches("http://").trim_end_matches('/');
                return Ok((program, address.parse()?));
            }
        }
        Err(format!("it ended without an address: {command:?}").into())
    }

    /// CPU time of it and its children so far.
    pub(crate) fn cpu(&self) -> Result<Duration, Box<dyn Error>> {
        let mut ticks = 0;
        for pid in self.processes()? {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
            // The name, in brackets, may hold anything; user and system time are the 12th and 13th field behind it.
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
            let [user, system] =
                [fields.get(11), fields.get(12)].map(|field| field.map_or(Ok(0), |it| it.parse::<u64>()));
            ticks += user? + system?;
        }
        Ok(Duration::from_millis(ticks * 1_000 / rustix::param::clock_ticks_per_second()))
    }

    /// Resident memory of it and its children, in MiB.
    pub(crate) fn resident(&self) -> Result<f64, Box<dyn Error>> {
        let mut kib = 0_u32;
        for pid in self.processes()? {
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
            kib += line.trim().trim_end_matches(" kB").parse::<u32>()?;
        }
        Ok(f64::from(kib) / 1_024.0)
    }

    /// It and its children; grandchildren do not occur.
    fn processes(&self) -> Result<Vec<u32>, Box<dyn Error>> {
        let pid = self.child.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        let children = children.split_whitespace().map(str::parse).collect::<Result<Vec<u32>, _>>()?;
        Ok([vec![pid], children].concat())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // Asked first, so that it ends its children; one that is gone already needs no asking.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        for _ in 0..100 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port nobody listens at.
pub(crate) fn free_port() -> Result<SocketAddr, std::io::Error> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// Now.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
