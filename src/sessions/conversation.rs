//! What a transcript says: who said what, which model and profile the session wants, and what of it the next request
//! carries. Pure; reading and writing lines is [`super::transcript`]'s.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::cache::prefix::Digest;
use super::entry::Entry;
use super::sent::{SentBlocks, SentRequest};
use super::totals::Spent;
use crate::anthropic::{ContentBlock, Message, MessageRequest, Role, TextBlock, attachment};
use crate::auth::ProfileId;
use crate::models::refs::ModelRef;
use crate::text::{one_line, without_credentials};

/// Longest title, in characters.
const LONGEST_TITLE: usize = 60;

/// A conversation so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversation {
    created_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    /// System prompts, each with the turn from which on it holds.
    systems: Vec<(usize, String)>,
    choice: ModelChoice,
    turns: Vec<Turn>,
    /// The last answer has no end, neither a whole one nor an early one.
    is_unanswered: bool,
}

/// What a session wants instead of the agent's models.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelChoice {
    /// The model; `None` leaves it to the agent.
    pub model: Option<ModelRef>,
    /// The profile it is pinned to; it is never exchanged for another.
    pub profile: Option<ProfileId>,
}

/// A question, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// When it was asked.
    pub asked_at: Timestamp,
    /// The question, block by block.
    pub question: Vec<ContentBlock>,
    /// The request it went out with, where that was written down.
    pub request: Option<SentRequest>,
    pub(super) blocks: Option<SentBlocks>,
    /// The answer as far as it came.
    pub reply: Reply,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// It ended early.
    Interrupted {
        /// What arrived of it.
        content: Vec<ContentBlock>,
        /// What it took as far as told; `None` where nobody wrote that down.
        spent: Option<Spent>,
        /// The whole receipt of that.
        receipt: Option<Value>,
    },
    /// It is complete.
    Complete {
        /// When.
        at: Timestamp,
        /// Block by block as the API gave it.
        content: Vec<ContentBlock>,
        /// Why it ended.
        stop_reason: Option<String>,
        /// What it took.
        spent: Spent,
        /// The whole receipt.
        receipt: Value,
    },
}

/// A line stands where it makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OutOfPlace;

impl Reply {
    /// Its blocks.
    pub fn content(&self) -> &[ContentBlock] {
        match self {
            Self::Interrupted { content, .. } | Self::Complete { content, .. } => content,
        }
    }

    /// Whether the next request carries it. The API refuses an answer without content, text that is only white space, and
    /// thinking that leads to nothing; such a turn is left out with its question.
    pub fn can_be_sent(&self) -> bool {
        self.content().iter().any(|block| match block {
            ContentBlock::Text(block) => !block.text.trim().is_empty(),
            ContentBlock::Raw(value) => {
                let kind = value.get("type").and_then(Value::as_str);
                !matches!(kind, Some("thinking" | "redacted_thinking"))
            }
        })
    }

    /// The text of all its text blocks, one after the other.
    pub fn text(&self) -> Cow<'_, str> {
        let mut texts = self.content().iter().filter_map(ContentBlock::as_text);
        let first = texts.next().unwrap_or_default();
        texts.fold(Cow::Borrowed(first), |so_far, text| so_far + text)
    }
}

impl Conversation {
    /// When it began; `None` before the first line.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.created_at
    }

    /// When somebody last said something in it.
    pub fn last_used_at(&self) -> Option<Timestamp> {
        self.last_used_at
    }

    /// The system prompt.
    pub fn system(&self) -> Option<&str> {
        self.systems.last().map(|(_, text)| text.as_str())
    }

    /// The model and profile it wants.
    pub fn choice(&self) -> &ModelChoice {
        &self.choice
    }

    /// Its turns, the first one first.
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// Whether the last answer has no end: it is coming, or whoever wrote it was killed.
    pub fn is_unanswered(&self) -> bool {
        self.is_unanswered
    }

    /// The first words of the first question; empty before it. What looks like a credential is masked.
    pub fn title(&self) -> String {
        // The text somebody typed comes behind the files that went with it.
        let text =
            self.turns.first().and_then(|turn| turn.question.iter().rev().find_map(ContentBlock::as_text));
        let line = text.unwrap_or_default().lines().map(str::trim).find(|line| !line.is_empty());
        let line = without_credentials(&one_line(line.unwrap_or_default()));
        if line.chars().count() <= LONGEST_TITLE {
            return line;
        }
        let beginning: String = line.chars().take(LONGEST_TITLE - 1).collect();
        format!("{}…", beginning.trim_end())
    }

    /// A request that goes on from here with this question: system prompt, everything said so far, the question. Model and
    /// parameters are the caller's. As long as nothing was interrupted, its text begins with the text of the request before.
    pub fn request(&self, question: &[ContentBlock]) -> MessageRequest {
        self.request_after(self.turns.len(), question)
    }

    /// The request a turn went out with, by what is written here now.
    pub(super) fn request_of(&self, turn: usize) -> MessageRequest {
        self.request_after(turn, &self.turns[turn].question)
    }

    fn request_after(&self, turns: usize, question: &[ContentBlock]) -> MessageRequest {
        let mut request = MessageRequest::default();
        let system = self.systems.iter().rfind(|(from, _)| *from <= turns).map(|(_, text)| text);
        request.system.extend(system.filter(|text| !text.trim().is_empty()).map(TextBlock::new));
        for turn in self.turns[..turns].iter().filter(|turn| turn.reply.can_be_sent()) {
            let user = Message { role: Role::User, content: turn.question.clone() };
            let assistant = Message { role: Role::Assistant, content: turn.reply.content().to_vec() };
            request.messages.extend([user, assistant]);
        }
        request.messages.push(Message { role: Role::User, content: question.to_vec() });
        request
    }

    /// The blocks a turn was sent with by their digests; `None` when they were not written down.
    pub(super) fn blocks_of(&self, turn: usize) -> Option<Vec<Digest>> {
        self.turns[turn].blocks.as_ref()?;
        Some(self.blocks_through(turn))
    }

    /// The blocks of the last request up to this turn whose blocks were written down.
    pub(super) fn blocks_through(&self, turn: usize) -> Vec<Digest> {
        let mut digests = Vec::new();
        for blocks in self.turns.iter().take(turn + 1).filter_map(|turn| turn.blocks.as_ref()) {
            blocks.follow(&mut digests);
        }
        digests
    }

    /// Whether a request that goes on from here with this question carries an image.
    pub fn has_images_with(&self, question: &[ContentBlock]) -> bool {
        let said = self.turns.iter().flat_map(|turn| &turn.question);
        said.chain(question).any(attachment::is_image)
    }

    /// The profile that answered last and its use, when it is one of this provider.
    pub fn last_profile(&self) -> Option<(&ProfileId, Timestamp)> {
        self.turns.iter().rev().find_map(|turn| match &turn.reply {
            Reply::Complete { at, spent, .. } => Some(spent.profile_id.as_ref().map(|id| (id, *at))),
            Reply::Interrupted { .. } => None,
        })?
    }

    /// Takes in the next line.
    pub(super) fn apply(&mut self, entry: Entry) -> Result<(), OutOfPlace> {
        match entry {
            Entry::Session { created_at, .. } if self.created_at.is_none() => {
                self.created_at = Some(created_at);
                self.last_used_at = Some(created_at);
            }
            _ if self.created_at.is_none() => return Err(OutOfPlace),
            Entry::Session { .. } => return Err(OutOfPlace),
            Entry::System { text, .. } => self.systems.push((self.turns.len(), text)),
            Entry::Model { model, profile_id, .. } => {
                self.choice = ModelChoice { model, profile: profile_id };
            }
            Entry::User { at, content, request, blocks } => {
                self.last_used_at = Some(at);
                let reply = Reply::Interrupted { content: Vec::new(), spent: None, receipt: None };
                self.turns.push(Turn { asked_at: at, question: content, request, blocks, reply });
                self.is_unanswered = true;
            }
            Entry::Partial { text } => {
                let content = self.coming()?;
                match content.last_mut() {
                    Some(ContentBlock::Text(block)) => block.text.push_str(&text),
                    _ => content.push(ContentBlock::text(text)),
                }
            }
            Entry::Interrupted { at, content, receipt } => {
                *self.coming()? = content;
                self.is_unanswered = false;
                self.last_used_at = Some(at);
                if let Some(Reply::Interrupted { spent, receipt: kept, .. }) =
                    self.turns.last_mut().map(|turn| &mut turn.reply)
                {
                    *spent = receipt.as_ref().map(Spent::of);
                    *kept = receipt;
                }
            }
            Entry::Assistant { at, content, stop_reason, receipt } => {
                self.coming()?;
                self.is_unanswered = false;
                self.last_used_at = Some(at);
                let spent = Spent::of(&receipt);
                if let Some(turn) = self.turns.last_mut() {
                    turn.reply = Reply::Complete { at, content, stop_reason, spent, receipt };
                }
            }
            Entry::Unknown => {}
        }
        Ok(())
    }

    /// The blocks of the answer that is still coming.
    fn coming(&mut self) -> Result<&mut Vec<ContentBlock>, OutOfPlace> {
        match self.turns.last_mut().map(|turn| &mut turn.reply) {
            Some(Reply::Interrupted { content, .. }) => Ok(content),
            _ => Err(OutOfPlace),
        }
    }
}

#[cfg(test)]
mod tests;
