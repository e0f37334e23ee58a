//! The program on a pseudo-terminal, as a person sees it.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::env::Fased;

/// Far above what any answer takes: it ends waits for something that never comes.
const HANGS_MS: u64 = 20_000;
/// Runs the program and then shows what it ended with and how it left the terminal.
const WRAPPER: &str = r#"stty echo; trap : INT TERM; "$0" "$@"; echo "exit=$?"; case "$(stty -a)" in *" -echo "*) echo "echo=off";; *) echo "echo=on";; esac"#;

/// A terminal the program runs in.
pub(crate) struct Screen {
    session: PtySession,
    seen: Vec<u8>,
}

impl Screen {
    /// Starts the program on a terminal.
    pub(crate) fn start(run: &Fased<'_>) -> Self {
        let program = run.to_command();
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(WRAPPER).arg(program.get_program()).args(program.get_args());
        command.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let own = program.get_envs().find_map(|(name, value)| value.filter(|_| name == "PATH"));
        let path = own.map(|own| format!("{}:", own.to_str().unwrap())).unwrap_or_default();
        command.env("PATH", format!("{path}/usr/bin:/bin")).env("TERM", "xterm").env("NO_COLOR", "1");
        if program.get_envs().all(|(name, _)| name != "LANG") {
            command.env("LANG", "C.UTF-8");
        }
        command.current_dir(program.get_current_dir().unwrap());
        Self { session: spawn_command(command, Some(HANGS_MS)).unwrap(), seen: Vec::new() }
    }

    /// Waits until this stands on the screen.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        // The bytes of the terminal come as characters, one each.
        let bytes: String = text.bytes().map(char::from).collect();
        match self.session.exp_string(&bytes) {
            Ok(before) => {
                self.seen.extend(before.chars().filter_map(|c| u8::try_from(c).ok()));
                self.seen.extend_from_slice(text.as_bytes());
            }
            Err(error) => panic!("{text:?} never came: {error}\nseen before: {}", plain(&self.seen)),
        }
    }

    /// Waits until typed keys are no longer shown.
    pub(crate) fn hides_typing(&mut self) {
        let terminal = self.session.process().get_file_handle().unwrap();
        while tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO) {
            std::thread::yield_now();
        }
    }

    /// Changes the size of the terminal, as a person who pulls at the window.
    pub(crate) fn resizes(&mut self, columns: u16, rows: u16) {
        let terminal = self.session.process().get_file_handle().unwrap();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
    }

    /// Waits for the next line that begins so, and returns it.
    pub(crate) fn line(&mut self, begins: &str) -> String {
        self.shows(begins);
        let rest = self.session.read_line().unwrap();
        self.seen.extend(rest.chars().filter_map(|c| u8::try_from(c).ok()));
        self.seen.push(b'\n');
        format!("{begins}{}", rest.trim_end())
    }

    /// Sends a signal to the program, as a system that shuts down does.
    pub(crate) fn signals(&mut self, signal: rustix::process::Signal) {
        let terminal = self.session.process().get_file_handle().unwrap();
        // The wrapper runs in the same group and passes over what it is not to hear.
        let group = rustix::termios::tcgetpgrp(&terminal).unwrap();
        rustix::process::kill_process_group(group, signal).unwrap();
    }

    /// Types keys.
    pub(crate) fn types(&mut self, keys: &str) {
        self.session.send(keys).unwrap();
        self.session.flush().unwrap();
    }

    /// Waits for the end; the exit code, and everything that was on the screen without control sequences.
    pub(crate) fn ends(mut self) -> (i32, String) {
        self.shows("exit=");
        let code = self.session.read_line().unwrap();
        self.shows("echo=");
        let echo = self.session.read_line().unwrap();
        assert_eq!(echo.trim(), "on", "the terminal was left without echo");
        self.session.exp_eof().unwrap();
        (code.trim().parse().unwrap(), plain(&self.seen))
    }
}

/// Without control sequences and carriage returns.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.next_if_eq(&'[').is_some() {
                    while chars.next().is_some_and(|c| !c.is_ascii_alphabetic()) {}
                }
            }
            '\r' => {}
            c => plain.push(c),
        }
    }
    plain
}
