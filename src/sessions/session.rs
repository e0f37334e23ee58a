//! One conversation while it is held: its turns are written as they happen. Nothing is on disk before the first answer
//! begins, so that a question nobody answered leaves no trace.

use std::path::PathBuf;

use jiff::Timestamp;

use super::cache::prefix::Prefix;
use super::conversation::{Conversation, ModelChoice};
use super::entry::{Entry, VERSION};
use super::sent::{SentBlocks, SentRequest};
use super::transcript::Transcript;
use super::{SessionError, SessionId};
use crate::anthropic::ContentBlock;
use crate::usage::receipt::Receipt;

/// Most text of a coming answer that waits in memory for its time to be written.
const MOST_UNKEPT: usize = 256 * 1024;

/// A session that this process writes.
#[derive(Debug)]
pub struct Session {
    directory: PathBuf,
    id: SessionId,
    conversation: Conversation,
    /// `None` as long as nobody else can know of the session.
    transcript: Option<Transcript>,
    /// Lines that are written with the next turn.
    waiting: Vec<u8>,
    /// Text of the coming answer that is not on disk yet.
    unkept: String,
}

impl Session {
    pub(super) fn new(directory: PathBuf, id: SessionId) -> Self {
        Self {
            directory,
            id,
            conversation: Conversation::default(),
            transcript: None,
            waiting: Vec::new(),
            unkept: String::new(),
        }
    }

    pub(super) fn opened(
        directory: PathBuf,
        id: SessionId,
        transcript: Transcript,
        conversation: Conversation,
    ) -> Self {
        Self { conversation, transcript: Some(transcript), ..Self::new(directory, id) }
    }

    /// Its id.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// What was said so far.
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Whether anything of it is on disk.
    pub fn is_kept(&self) -> bool {
        self.transcript.as_ref().is_some_and(Transcript::has_lines)
    }

    /// From now on this model, and with a profile only this profile, is asked. It is written with the next turn, so that a
    /// model nobody knows does not stay; [`Self::keep`] writes it at once.
    pub fn choose(&mut self, choice: ModelChoice, now: Timestamp) {
        if *self.conversation.choice() != choice {
            let ModelChoice { model, profile } = choice;
            self.begin(now);
            self.take_in(Entry::Model { at: now, model, profile_id: profile });
        }
    }

    /// From now on this is the system prompt. It is written with the next turn.
    pub fn set_system(&mut self, text: &str, now: Timestamp) {
        if self.conversation.system().unwrap_or_default() != text {
            self.begin(now);
            self.take_in(Entry::System { at: now, text: text.to_owned() });
        }
    }

    /// Writes what waits for the next turn, if there was one before.
    ///
    /// # Errors
    /// When it cannot be written; it holds for this process all the same.
    pub fn keep(&mut self) -> Result<(), SessionError> {
        if self.is_kept() { self.write_waiting() } else { Ok(()) }
    }

    /// A question is being answered, and this is the request it went out with.
    ///
    /// # Errors
    /// When it cannot be written; the turn goes on in this process all the same. So with all that follow.
    pub fn begin_turn(
        &mut self,
        question: Vec<ContentBlock>,
        request: Option<SentRequest>,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        self.begin(now);
        self.unkept.clear();
        let before = self.conversation.blocks_through(self.conversation.turns().len());
        let sent = Prefix::of(&self.conversation.request(&question)).digests();
        let blocks = Some(SentBlocks::after(&before, &sent));
        self.write(Entry::User { at: now, content: question, request, blocks })
    }

    /// More text of the answer came.
    ///
    /// # Errors
    /// When so much had come since the last time that it was to be written, and could not be.
    pub fn receive(&mut self, text: &str) -> Result<(), SessionError> {
        self.unkept.push_str(text);
        if self.unkept.len() < MOST_UNKEPT { Ok(()) } else { self.keep_partial() }
    }

    /// Writes the text that came since the last time. Called once a second, it keeps a crash from losing more than that.
    /// The conversation gets the answer when it has ended; until then the text is whoever's takes it in.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_partial(&mut self) -> Result<(), SessionError> {
        if self.unkept.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.unkept);
        Entry::Partial { text }.write_line(&mut self.waiting);
        self.write_waiting()
    }

    /// The answer is complete. It survives a power cut from now on.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn complete(
        &mut self,
        content: Vec<ContentBlock>,
        stop_reason: Option<&str>,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        let receipt = serde_json::to_value(receipt).unwrap_or_default();
        let stop_reason = stop_reason.map(str::to_owned);
        self.end_turn(Entry::Assistant { at: now, content, stop_reason, receipt })
    }

    /// The answer ended early; `content` is what can be sent back of it, the receipt what it took as far as told.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn interrupt(
        &mut self,
        content: Vec<ContentBlock>,
        receipt: Option<&Receipt>,
        now: Timestamp,
    ) -> Result<(), SessionError> {
        let receipt = receipt.and_then(|receipt| serde_json::to_value(receipt).ok());
        self.end_turn(Entry::Interrupted { at: now, content, receipt })
    }

    fn end_turn(&mut self, entry: Entry) -> Result<(), SessionError> {
        self.unkept.clear();
        self.write(entry)?;
        self.open()?.sync()
    }

    /// Every transcript begins with its head.
    fn begin(&mut self, now: Timestamp) {
        if self.conversation.created_at().is_none() {
            self.take_in(Entry::Session { version: VERSION, id: self.id.to_string(), created_at: now });
        }
    }

    fn write(&mut self, entry: Entry) -> Result<(), SessionError> {
        self.take_in(entry);
        self.write_waiting()
    }

    fn write_waiting(&mut self) -> Result<(), SessionError> {
        // What could not be written before comes first, so that the file stays in order.
        let lines = std::mem::take(&mut self.waiting);
        let written = self.open().and_then(|transcript| transcript.append(&lines));
        if written.is_err() {
            self.waiting = lines;
        }
        written
    }

    fn take_in(&mut self, entry: Entry) {
        entry.write_line(&mut self.waiting);
        // The order of calls makes every line fit.
        self.conversation.apply(entry).ok();
    }

    fn open(&mut self) -> Result<&mut Transcript, SessionError> {
        let transcript = match self.transcript.take() {
            Some(transcript) => transcript,
            None => {
                let (transcript, _) = Transcript::open(&self.directory, &self.id)?;
                // A name that was made up just now is somebody else's already.
                if transcript.has_lines() {
                    return Err(SessionError::InUse { id: self.id.clone(), pid: None });
                }
                transcript
            }
        };
        Ok(self.transcript.insert(transcript))
    }
}
