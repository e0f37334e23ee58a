//! Text that may come on standard input while something else is waited for: pasted by a person, who does not see it, or
//! written into a pipe. Waiting for it can be given up at any moment, and leaves the terminal as it was and every key
//! that comes later to whoever asks next.

use std::io::{self, PipeReader, PipeWriter, Write as _};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::{Terminal, choice};
use crate::error::{Exit, Failure};
use crate::secret::Secret;

/// Most that is kept of one text; what is longer is given as far as it goes, for the reader to refuse.
const LONGEST: usize = 64 * 1024;
/// A line end that nothing follows for so long ends the text. Within a paste the next line comes at once.
const QUIET: Timespec = Timespec { tv_sec: 0, tv_nsec: 150_000_000 };

/// Keys.
const ESCAPE: u8 = 0x1b;
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7f;
const KILL: u8 = 0x15;
const END: u8 = 0x04;

/// Listens on standard input as long as it lives.
#[derive(Debug)]
pub struct PasteBox {
    texts: mpsc::UnboundedReceiver<Secret>,
    /// Dropping the one end wakes the thread at the other.
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
    /// The terminal's modes before, where a person is asked.
    before: Option<Termios>,
    /// Whether the question stands there without a line end.
    is_asking: bool,
}

impl Terminal {
    /// Listens for texts; on a terminal the question stands before them, and what is typed is not shown. Call it where
    /// Ctrl-C is listened for already: a terminal without echo must not be left behind.
    ///
    /// # Errors
    /// When standard input cannot be used.
    pub fn paste_box(&self, question: &str) -> Result<PasteBox, Failure> {
        let failed = |error: io::Error| {
            Failure::new(Exit::Failed, "stdin", format!("Cannot read standard input: {error}."))
        };
        let (stopped, stop) = io::pipe().map_err(failed)?;
        let (sender, texts) = mpsc::unbounded_channel();
        let before = if self.can_prompt() {
            ask(*self, question);
            Some(hide_typing().map_err(|error| failed(error.into()))?)
        } else {
            None
        };
        let keys = before.is_some();
        let thread = std::thread::Builder::new()
            .name("paste".to_owned())
            .spawn(move || listen(&stopped, keys, &|text| sender.send(text).is_ok()));
        let mut paste_box = PasteBox { texts, stop: Some(stop), thread: None, before, is_asking: keys };
        // Should there be no thread, dropping the box gives the terminal back.
        paste_box.thread = Some(thread.map_err(failed)?);
        Ok(paste_box)
    }
}

fn ask(terminal: Terminal, question: &str) {
    let mut err = anstream::AutoStream::new(io::stderr().lock(), choice(terminal.stderr_colour));
    write!(err, "{question}").and_then(|()| err.flush()).ok();
}

impl PasteBox {
    /// The next text that is not empty; `None` when no more can come.
    pub async fn next(&mut self) -> Option<Secret> {
        let text = self.texts.recv().await;
        self.end_question();
        text
    }

    /// Whether a person is asked.
    pub fn is_a_person(&self) -> bool {
        self.before.is_some()
    }

    /// Asks once more.
    pub fn ask_again(&mut self, terminal: Terminal, question: &str) {
        ask(terminal, question);
        self.is_asking = true;
    }

    fn end_question(&mut self) {
        if std::mem::take(&mut self.is_asking) {
            writeln!(io::stderr()).ok();
        }
    }
}

impl Drop for PasteBox {
    fn drop(&mut self) {
        drop(self.stop.take());
        self.thread.take().map(JoinHandle::join);
        if let Some(before) = self.before.take() {
            tcsetattr(io::stdin(), OptionalActions::Now, &before).ok();
        }
        self.end_question();
    }
}

/// Turns off echo, and lines with it: a paste of several lines must not end at the first. Ctrl-C stays a signal. Returns
/// the modes before.
fn hide_typing() -> rustix::io::Result<Termios> {
    let before = tcgetattr(io::stdin())?;
    let mut modes = before.clone();
    modes.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
    // Ctrl-C empties the terminal's buffer, also of keys that were announced already: reading must not wait for them.
    modes.special_codes[SpecialCodeIndex::VMIN] = 0;
    modes.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
    Ok(before)
}

/// Reads until it is stopped or nothing more can come.
fn listen(stopped: &PipeReader, keys: bool, send: &dyn Fn(Secret) -> bool) {
    let stdin = io::stdin();
    let mut typed = Typed::default();
    let mut chunk = Zeroizing::new([0; 4096]);
    loop {
        let mut waits = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut waits, typed.ends_a_line().then_some(&QUIET)) {
            Err(Errno::INTR) => continue,
            Err(_) => return,
            Ok(0) => {
                if !typed.give(send) {
                    return;
                }
                continue;
            }
            Ok(_) => {}
        }
        if !waits[1].revents().is_empty() {
            return;
        }
        let is_gone = waits[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
        let ended = match rustix::io::read(&stdin, &mut *chunk) {
            Err(Errno::INTR | Errno::AGAIN) => continue,
            Ok(0) if keys && !is_gone => continue,
            Ok(0) | Err(_) => true,
            Ok(length) => chunk[..length].iter().any(|byte| typed.press(*byte, keys)),
        };
        if ended {
            typed.give(send);
            return;
        }
    }
}

/// What has come of one text.
#[derive(Default)]
struct Typed {
    text: Zeroizing<Vec<u8>>,
    /// Inside of what a key like an arrow sends.
    in_escape: bool,
}

impl Typed {
    /// Takes one byte; says whether it means the end. From a pipe every byte is text.
    fn press(&mut self, byte: u8, keys: bool) -> bool {
        match byte {
            _ if !keys => self.push(byte),
            _ if self.in_escape => self.in_escape = !(byte.is_ascii_alphabetic() || byte == b'~'),
            ESCAPE => self.in_escape = true,
            BACKSPACE | DELETE => drop(self.text.pop()),
            KILL => self.text.clear(),
            END => return self.text.is_empty(),
            _ => self.push(byte),
        }
        false
    }

    fn push(&mut self, byte: u8) {
        if self.text.len() < LONGEST {
            self.text.push(byte);
        }
    }

    fn ends_a_line(&self) -> bool {
        matches!(self.text.last(), Some(b'\n' | b'\r'))
    }

    /// Hands over what there is; says whether anybody still takes it.
    fn give(&mut self, send: &dyn Fn(Secret) -> bool) -> bool {
        let text = Zeroizing::new(String::from_utf8_lossy(&self.text).into_owned());
        self.text.clear();
        text.trim().is_empty() || send(Secret::new(text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &[u8], keys: bool) -> (String, bool) {
        let mut typed = Typed::default();
        let ended = bytes.iter().any(|byte| typed.press(*byte, keys));
        (String::from_utf8(typed.text.to_vec()).unwrap(), ended)
    }

    #[test]
    fn keys_that_are_no_text_leave_none() {
        assert_eq!(typed(b"ab\x7fc\x1b[A\x1b[3~d\x08e", true), ("ace".to_owned(), false));
        assert_eq!(typed(b"ab\x15c", true), ("c".to_owned(), false));
        assert_eq!(typed(b"ab\x04", true), ("ab".to_owned(), false));
        assert_eq!(typed(b"\x04", true), (String::new(), true));
        assert_eq!(typed(b"a\x7f\x04", false), ("a\x7f\x04".to_owned(), false));
    }

    #[test]
    fn a_text_goes_on_until_a_line_end() {
        let mut typed = Typed::default();
        for (byte, ends) in [(b'a', false), (b'\n', true), (b'b', false), (b'\r', true)] {
            typed.press(byte, true);
            assert_eq!(typed.ends_a_line(), ends);
        }
        assert!(typed.give(&|text| text == Secret::new("a\nb\r")));
        assert!(typed.text.is_empty() && typed.give(&|_| false));
    }
}
