//! A shell that is given one command after another, as a person gives them: what one sets, the next one sees.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// Far above what any command takes: it ends those that hang.
const HANGS: Duration = Duration::from_secs(120);

/// Runs what comes between two zero bytes, writes what that says to a file, and tells the exit code.
const LOOP: &str =
    r#"while IFS= read -r -d '' command; do eval "$command" </dev/null >"$SAID" 2>&1; echo "$?"; done"#;

/// The shell, and servers that were started from it.
pub(crate) struct Shell {
    bash: Child,
    input: Option<ChildStdin>,
    codes: Receiver<String>,
    said: PathBuf,
    home: PathBuf,
    variables: BTreeMap<String, String>,
    servers: Vec<Child>,
}

impl Shell {
    /// Starts in `home`; `room` is a directory for what the shell itself keeps.
    pub(crate) fn start(home: &Path, room: &Path, variables: BTreeMap<String, String>) -> Self {
        let said = room.join("said");
        let mut bash = Command::new("bash")
            .args(["--noprofile", "--norc", "-c", LOOP])
            .env_clear()
            .envs(&variables)
            .env("SAID", &said)
            .current_dir(home)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (tell, codes) = channel();
        let lines = BufReader::new(bash.stdout.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let (input, home) = (bash.stdin.take(), home.to_owned());
        Self { bash, input, codes, said, home, variables, servers: Vec::new() }
    }

    /// Runs a command: its exit code and all it said.
    pub(crate) fn run(&mut self, command: &str) -> (i32, String) {
        let input = self.input.as_mut().unwrap();
        input.write_all(command.as_bytes()).and_then(|()| input.write_all(&[0])).unwrap();
        let Ok(code) = self.codes.recv_timeout(HANGS) else { panic!("this did not end: {command}") };
        (code.parse().unwrap(), String::from_utf8_lossy(&std::fs::read(&self.said).unwrap()).into_owned())
    }

    /// Starts a server and returns its address, which is its first line.
    pub(crate) fn serve(&mut self, command: &str) -> String {
        let log = std::fs::File::create(self.said.with_extension("log")).unwrap();
        let mut server = Command::new("bash")
            .args(["--noprofile", "--norc", "-c", &format!("exec {command}")])
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.home)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut url).unwrap();
        self.servers.push(server);
        assert!(url.starts_with("http://"), "{command} does not say where it serves: {url:?}");
        url.trim_end().to_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for server in &mut self.servers {
            server.kill().ok();
            server.wait().ok();
        }
        drop(self.input.take());
        // What a command left running in the background ends with it.
        rustix::process::kill_process_group(Pid::from_child(&self.bash), Signal::KILL).ok();
        self.bash.wait().ok();
    }
}
