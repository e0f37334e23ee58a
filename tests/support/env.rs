//! A home of its own for every test, and the program started in it with nothing else of this machine's environment.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use super::output::{Output, shown};
use super::{NOW, TestSandbox};

/// Far above what any run takes: it ends runs that hang, nothing else depends on it.
const HANGS: Duration = Duration::from_secs(120);

/// A home directory and the environment runs in it get.
pub(crate) struct TestEnv {
    home: TempDir,
    variables: BTreeMap<String, String>,
}

impl TestEnv {
    /// An empty home; time stands still, and no request leaves this machine.
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut env = Self { variables: BTreeMap::new(), home };
        let path = env.home().display().to_string();
        env.set("HOME", &path);
        env.set("FASED_NOW", NOW);
        env.set("FASED_NETWORK", "loopback");
        env
    }

    /// The same, asking this sandbox.
    pub(crate) fn with_sandbox(sandbox: &TestSandbox) -> Self {
        let mut env = Self::new();
        env.set("ANTHROPIC_BASE_URL", &sandbox.url());
        env
    }

    /// The same, with a config by which people sign in at this sandbox too; the browser comes back to any free port.
    pub(crate) fn with_sign_in(sandbox: &TestSandbox) -> Self {
        let env = Self::with_sandbox(sandbox);
        env.signs_in_at(&sandbox.url(), 0);
        env
    }

    /// Writes that config.
    pub(crate) fn signs_in_at(&self, sandbox: &str, port: u16) {
        self.write(
            "fased.json",
            &format!(
                "{{\n  models: {{ providers: {{ anthropic: {{ oauth: {{\n    authorizeUrl: '{sandbox}/oauth/authorize',\n    \
                 tokenUrl: '{sandbox}/v1/oauth/token',\n    codePage: '{sandbox}/oauth/code/callback',\n    \
                 redirectPort: {port},\n  }} }} }} }},\n}}\n"
            ),
        );
    }

    /// Sets a variable for all runs that follow.
    pub(crate) fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A path below `~/.fased`.
    pub(crate) fn state(&self, path: &str) -> PathBuf {
        self.home().join(".fased").join(path)
    }

    /// The credential store of an agent.
    pub(crate) fn store(&self, agent: &str) -> PathBuf {
        self.state(&format!("agents/{agent}/agent/auth-profiles.json"))
    }

    /// The credential store of an agent as JSON.
    pub(crate) fn store_json(&self, agent: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.store(agent)).unwrap()).unwrap()
    }

    /// Writes a file below `~/.fased`, as a person with an editor would.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.state(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        for directory in path.ancestors().skip(1).take_while(|directory| *directory != self.home()) {
            std::fs::set_permissions(directory, PermissionsExt::from_mode(0o700)).unwrap();
        }
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// Puts a copy of the TypeScript program's state directory in the place of ours.
    pub(crate) fn write_typescript_state(&self) {
        const STATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/typescript-state");
        walk(Path::new(STATE), &mut |path| {
            let name = path.strip_prefix(STATE).unwrap().to_str().unwrap();
            if path.is_file() && name != "README.md" {
                self.write(name, &std::fs::read_to_string(path).unwrap());
            }
        });
    }

    /// Everything in the home, a line each: mode and path.
    pub(crate) fn tree(&self) -> String {
        let mut lines = Vec::new();
        walk(self.home(), &mut |path| {
            let metadata = std::fs::symlink_metadata(path).unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            let slash = if metadata.is_dir() { "/" } else { "" };
            let path = path.strip_prefix(self.home()).unwrap().display();
            lines.push(format!("{mode:04o} {path}{slash}\n"));
        });
        lines.concat()
    }

    /// Contents of every file in the home, by path.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        walk(self.home(), &mut |path| {
            if path.is_file() {
                files.insert(path.to_owned(), std::fs::read(path).unwrap());
            }
        });
        files
    }

    /// Runs the program with nothing on standard input.
    pub(crate) fn fased<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        self.command(arguments).run()
    }

    /// A run that is yet to be started.
    pub(crate) fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Fased<'_> {
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Fased { env: self, arguments, variables: self.variables.clone(), stdin: None, stays_open: false }
    }

    /// The environment of all runs.
    pub(crate) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Everything in the home.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        walk(self.home(), &mut |path| paths.push(path.to_owned()));
        paths
    }

    /// Replaces what differs from run to run.
    pub(crate) fn clean(&self, text: &[u8]) -> String {
        let text = String::from_utf8_lossy(text).replace(&self.home().display().to_string(), "[HOME]");
        let mut cleaned = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("127.0.0.1:") {
            let after = at + "127.0.0.1:".len();
            cleaned.push_str(&rest[..after]);
            rest = &rest[after..];
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            cleaned.push_str(if digits > 1 { "[PORT]" } else { &rest[..digits] });
            rest = &rest[digits..];
        }
        cleaned + rest
    }
}

fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        visit(&path);
        if path.is_dir() && !path.is_symlink() {
            walk(&path, visit);
        }
    }
}

/// A run of the program.
#[derive(Clone)]
pub(crate) struct Fased<'a> {
    env: &'a TestEnv,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    stdin: Option<Vec<u8>>,
    stays_open: bool,
}

impl<'a> Fased<'a> {
    /// With one more variable.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With this on standard input, as a pipe.
    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    /// With a pipe on standard input that stays open until the end is waited for.
    pub(crate) fn open_stdin(self) -> Self {
        Self { stays_open: true, ..self.stdin("") }
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Output {
        self.start().finish()
    }

    /// The command, environment and all.
    pub(crate) fn to_command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fased"));
        command.args(&self.arguments).env_clear().envs(&self.variables).current_dir(self.env.home());
        command
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running<'a> {
        let mut command = self.to_command();
        let input = if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() };
        let mut child = command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take();
        if let (Some(pipe), Some(text)) = (&mut stdin, &self.stdin) {
            // A program that does not read to the end has its reasons; what it answers is what counts.
            pipe.write_all(text).ok();
        }
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running {
            env: self.env,
            line: shown(&self.arguments),
            child: Some(child),
            stdin: stdin.filter(|_| self.stays_open),
            stdout,
            stderr,
            read: Vec::new(),
            heard: Vec::new(),
        }
    }
}

/// The program while it runs.
pub(crate) struct Running<'a> {
    env: &'a TestEnv,
    line: String,
    child: Option<Child>,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    read: Vec<u8>,
    heard: Vec<u8>,
}

impl Running<'_> {
    /// Waits until something stands on stdout and returns it.
    pub(crate) fn some_stdout(&mut self) -> String {
        let piece = self.stdout.fill_buf().unwrap().to_vec();
        self.stdout.consume(piece.len());
        self.read.extend_from_slice(&piece);
        String::from_utf8_lossy(&piece).into_owned()
    }

    /// Reads stdout until this stands in it.
    pub(crate) fn stdout_until(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.read).contains(text) {
            assert!(!self.some_stdout().is_empty(), "stdout ended before {text:?}");
        }
    }

    /// Reads stderr until a line begins so, and returns it.
    pub(crate) fn stderr_line(&mut self, begins: &str) -> String {
        loop {
            let mut line = Vec::new();
            assert!(self.stderr.read_until(b'\n', &mut line).unwrap() > 0, "stderr ended before {begins:?}");
            self.heard.extend_from_slice(&line);
            let line = String::from_utf8_lossy(&line);
            if line.starts_with(begins) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Writes to the pipe on standard input, which stays open.
    pub(crate) fn give(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// What was read of stdout until now.
    pub(crate) fn stdout_so_far(&self) -> String {
        String::from_utf8_lossy(&self.read).into_owned()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(self.child.as_ref().unwrap())
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.as_mut().unwrap().try_wait().unwrap().is_some()
    }

    /// Sends a signal to this process alone.
    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Output {
        let (pid, mut child) = (self.pid(), self.child.take().unwrap());
        drop(self.stdin.take());
        let (report, ended) = mpsc::channel::<ExitStatus>();
        let watchdog = std::thread::spawn(move || {
            let hung = ended.recv_timeout(HANGS) == Err(mpsc::RecvTimeoutError::Timeout);
            if hung {
                rustix::process::kill_process(pid, Signal::KILL).ok();
            }
            hung
        });
        let (mut stderr, mut text) = (self.stderr, self.heard);
        let talk = std::thread::spawn(move || {
            stderr.read_to_end(&mut text).unwrap();
            text
        });
        self.stdout.read_to_end(&mut self.read).unwrap();
        let stderr = talk.join().unwrap();
        let status = child.wait().unwrap();
        report.send(status).ok();
        assert!(!watchdog.join().unwrap(), "{} did not end", self.line);
        Output {
            line: self.line,
            code: status.code(),
            stdout: self.env.clean(&self.read),
            stderr: self.env.clean(&stderr),
        }
    }
}
