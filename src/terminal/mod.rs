//! The only code that touches a terminal. Answers go to stdout, talk to stderr; colour, prompts and progress appear only
//! where a person looks. Commands decide what is said, this room how it looks.

pub mod agents;
pub mod browser;
pub mod cache;
pub mod chat;
mod credentials;
pub mod doctor;
pub mod explain;
mod failure;
pub mod gateway_check;
pub mod gateway_keys;
mod json;
mod line_editor;
pub mod listing;
pub mod logging;
pub mod models;
mod paste_box;
mod progress;
mod prompt;
mod signals;
pub mod signs;
pub mod status;
pub mod style;
pub mod table;
pub mod usage;
pub mod wrap;

pub use line_editor::{Line, LineEditor};
pub use paste_box::PasteBox;
pub use prompt::Choice;
pub use signals::{AskedToEnd, asked_to_end};

use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::os::fd::AsFd;

use anstream::{AutoStream, ColorChoice};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Serialize;

use signs::Signs;

use crate::env::Env;
use crate::error::{Exit, Failure};
use crate::secret::Secret;

/// Most that is read from standard input.
const LONGEST_INPUT: u64 = 32 * 1024 * 1024;

/// The standard streams, and what they can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    stdin_is_terminal: bool,
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    /// The same, whatever is shown to people as if it were one.
    talks_to_terminal: bool,
    stdout_colour: bool,
    stderr_colour: bool,
    width: Option<usize>,
    talk_width: Option<usize>,
    signs: Signs,
    is_dumb: bool,
}

impl Terminal {
    /// The streams of this process. `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb` and `COLUMNS` are honoured.
    pub fn of_this_process(env: &Env) -> Self {
        let stdout_is_terminal = io::stdout().is_terminal();
        let stderr_is_terminal = io::stderr().is_terminal();
        let forced = env.get("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let plain = env.get("NO_COLOR").is_some() || env.get("TERM") == Some("dumb");
        let colour = |is_terminal: bool| env.get("NO_COLOR").is_none() && (forced || (is_terminal && !plain));
        let told = env.get("COLUMNS").and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        Self {
            stdin_is_terminal: io::stdin().is_terminal(),
            stdout_is_terminal,
            stderr_is_terminal,
            talks_to_terminal: stderr_is_terminal,
            stdout_colour: colour(stdout_is_terminal),
            stderr_colour: colour(stderr_is_terminal),
            signs: Signs::of(env),
            is_dumb: env.get("TERM") == Some("dumb"),
            width: told.or_else(|| measured_width(&io::stdout())),
            // What is said to a file or a program is read by lines.
            talk_width: told.filter(|_| stderr_is_terminal).or_else(|| measured_width(&io::stderr())),
        }
    }

    /// The same streams for commands run as a show: nobody is asked anything, and all that a person would be told is
    /// told.
    #[must_use]
    pub fn for_show(self) -> Self {
        Self { stdin_is_terminal: false, stderr_is_terminal: true, ..self }
    }

    /// Columns to fit into; `None` when nothing limits them.
    pub fn width(&self) -> Option<usize> {
        self.width
    }

    /// What it can show beside ASCII.
    pub fn signs(&self) -> Signs {
        self.signs
    }

    /// Whether a person can be asked: both ends of a conversation are a terminal.
    pub fn can_prompt(&self) -> bool {
        self.stdin_is_terminal && self.stderr_is_terminal
    }

    /// Whether a person can hold a conversation: all three streams are a terminal.
    pub fn can_converse(&self) -> bool {
        self.can_prompt() && self.stdout_is_terminal
    }

    /// Whether standard input is a pipe or file.
    pub fn stdin_is_piped(&self) -> bool {
        !self.stdin_is_terminal
    }

    /// Whether it is known already that nothing comes on standard input: a closed pipe, or a device like `/dev/null`.
    pub fn stdin_gives_nothing(&self) -> bool {
        let stdin = io::stdin();
        if self.stdin_is_terminal {
            return false;
        }
        let is_device = rustix::fs::fstat(&stdin).is_ok_and(|found| {
            rustix::fs::FileType::from_raw_mode(found.st_mode) == rustix::fs::FileType::CharacterDevice
        });
        let mut waits = [PollFd::new(&stdin, PollFlags::IN)];
        let closed = poll(&mut waits, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok()
            && waits[0].revents().contains(PollFlags::HUP)
            && !waits[0].revents().contains(PollFlags::IN);
        is_device || closed
    }

    /// Whether a person watches stderr.
    pub fn is_watched(&self) -> bool {
        self.stderr_is_terminal
    }

    /// Writes text that came from a model, and flushes it: to a pipe byte for byte, to a terminal without the control
    /// characters by which text could take it over.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn pass_on(&self, text: &str) -> Result<(), Failure> {
        let tamed: String;
        let shown = if self.stdout_is_terminal {
            tamed = tame(text);
            &tamed
        } else {
            text
        };
        let mut out = io::stdout().lock();
        out.write_all(shown.as_bytes()).and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
    }

    /// Writes a piece of an answer of our own, in colour where colour is shown, and flushes it.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn answer(&self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        let text = &*self.signs.of_text(text, self.stdout_is_terminal);
        // To look for styles in a long answer can take as long as making it, and most have none.
        let written = if is_plain(text) {
            out.write_all(text.as_bytes())
        } else {
            AutoStream::new(&mut out, choice(self.stdout_colour)).write_all(text.as_bytes())
        };
        written.and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
    }

    /// Writes the one JSON document of a command.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn answer_json(&self, document: &impl Serialize) -> Result<(), Failure> {
        let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
        let mut json = serde_json::Serializer::with_formatter(&mut out, json::Indented::default());
        document.serialize(&mut json).map_err(|error| stdout_failure(&error.into()))?;
        out.write_all(b"\n").and_then(|()| out.flush()).map_err(|error| stdout_failure(&error))
    }

    /// Says something on stderr. Nobody hears a failure to do so.
    pub fn say(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), choice(self.stderr_colour));
        writeln!(err, "{}", self.signs.of_text(text, self.talks_to_terminal)).ok();
    }

    /// Says prose on stderr, with lines that fit the terminal.
    pub fn say_prose(&self, text: &str) {
        self.say(&wrap::all(text, 0, self.talk_width));
    }

    /// Shows a piece of what a model thinks, dimmed, on stderr and without ending the line.
    pub fn murmur(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), choice(self.stderr_colour));
        write!(err, "{}", style::dim(&tame(text))).and_then(|()| err.flush()).ok();
    }

    /// Tells a failure: as text on stderr, or as a JSON document on stdout.
    pub fn tell(&self, failure: &Failure, json: bool) {
        if json {
            // When stdout cannot take the document either, stderr is all that is left.
            if self.answer_json(&failure.to_document()).is_ok() {
                return;
            }
        }
        self.say(&failure::text(failure, self.talk_width));
    }

    /// Reads all of standard input as text.
    ///
    /// # Errors
    /// When it cannot be read, is too long or is no text.
    pub fn read_stdin(&self) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        io::stdin().lock().take(LONGEST_INPUT + 1).read_to_end(&mut bytes).map_err(|error| {
            Failure::new(Exit::Failed, "stdin", format!("Cannot read standard input: {error}."))
        })?;
        if bytes.len() as u64 > LONGEST_INPUT {
            return Err(Failure::usage("Standard input is longer than 32 MiB."));
        }
        String::from_utf8(bytes).map_err(|_| Failure::usage("Standard input is not UTF-8 text."))
    }

    /// Reads a secret from standard input: a pipe to its end, or, where asking is allowed, a person by a prompt that
    /// does not show it.
    ///
    /// # Errors
    /// When it cannot be read, the prompt is left, or standard input is a terminal and nobody may be asked: reading it
    /// like a pipe would show the secret.
    pub fn read_secret(&self, what: &str, may_ask: bool) -> Result<Secret, Failure> {
        match (self.stdin_is_terminal, may_ask && self.can_prompt()) {
            (false, _) => self.read_stdin().map(Secret::new),
            (true, true) => self.ask_secret(what),
            (true, false) => Err(Failure::usage("Standard input is a terminal, and nobody may be asked.")
                .hint("pipe the credential, or leave --json and --non-interactive out")),
        }
    }
}

/// Without the control characters by which a text could take over a terminal.
fn tame(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Whether there is nothing in it that could style or move anything.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| !byte.is_ascii_control() || matches!(byte, b'\n' | b'\t'))
}

fn choice(colour: bool) -> ColorChoice {
    if colour { ColorChoice::Always } else { ColorChoice::Never }
}

/// A reader that went away (`| head`) is no failure worth a word.
fn stdout_failure(error: &io::Error) -> Failure {
    let kind = if error.kind() == io::ErrorKind::BrokenPipe { BROKEN_PIPE } else { "stdout" };
    Failure::new(Exit::Failed, kind, format!("Cannot write to standard output: {error}."))
}

/// Kind of the failure of writing to a reader that went away.
pub const BROKEN_PIPE: &str = "broken_pipe";

/// Columns of a stream that is a terminal.
fn measured_width(stream: &impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}
