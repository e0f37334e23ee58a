//! A request as the prompt cache compares it with an earlier one: its blocks in their order, tools, system prompt,
//! messages, without markers. Two requests share a prefix as far as their blocks are the same.

use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::anthropic::{ContentBlock, MessageRequest, Role, attachment};
use crate::text::{one_line, without_credentials};

/// Longest excerpt of a text, in characters.
const LONGEST_EXCERPT: usize = 32;

/// Where a block stands, counted from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "level", rename_all = "lowercase")]
pub enum Place {
    /// A tool's definition.
    Tools {
        /// Which.
        block: usize,
    },
    /// A block of the system prompt.
    System {
        /// Which.
        block: usize,
    },
    /// A block of a message.
    Messages {
        /// Which message.
        message: usize,
        /// Which block of it.
        block: usize,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tools { block } => write!(f, "tool {block}"),
            Self::System { block } => write!(f, "system block {block}"),
            Self::Messages { message, block } => write!(f, "message {message} block {block}"),
        }
    }
}

/// Stands for a block: the first six bytes of its SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sessions) struct Digest([u8; 6]);

impl Digest {
    /// The digest of a block, and of who says it.
    pub(in crate::sessions) fn of(speaker: &str, block: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(speaker.as_bytes());
        hash.update([0]);
        hash.update(block.as_bytes());
        let mut first = [0; 6];
        first.copy_from_slice(&hash.finalize()[..6]);
        Self(first)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest")]
pub(in crate::sessions) struct DigestError;

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let number = u64::from_str_radix(text, 16).map_err(|_| DigestError)?;
        match number.to_be_bytes() {
            [0, 0, digest @ ..] if text.len() == 12 => Ok(Self(digest)),
            _ => Err(DigestError),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A request's blocks.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sessions) struct Prefix {
    blocks: Vec<Block>,
    has_images: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Block {
    place: Place,
    speaker: &'static str,
    /// The text of a block that is nothing else, otherwise its JSON.
    content: String,
    is_text: bool,
}

impl Block {
    fn digest(&self) -> Digest {
        Digest::of(self.speaker, &self.content)
    }

    /// Whether its words are those of whoever asks.
    fn is_own_text(&self) -> bool {
        self.is_text && self.speaker != "assistant"
    }
}

/// Where two requests begin to differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The first block that is another one.
    pub block: Place,
    /// What is about it.
    #[serde(flatten)]
    pub change: Change,
}

/// What became of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Change {
    /// It has other bytes.
    Edited {
        /// Which bytes of it, from zero, the end not included: of its text, or of its JSON when it is no text.
        bytes: ByteRange,
        /// The bytes of the earlier block that stood there.
        was: ByteRange,
        /// The words around them; only of texts of whoever asks, and of none that holds a credential.
        #[serde(skip_serializing_if = "Option::is_none")]
        excerpt: Option<Excerpt>,
    },
    /// There was none.
    Added,
    /// There is none any more.
    Removed,
    /// It is another one, and what it was is not in the transcript any more.
    Rewritten,
}

/// A range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ByteRange {
    /// The first one, counted from zero.
    pub start: usize,
    /// The first one behind it.
    pub end: usize,
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// The words in which two texts differ first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// In the earlier text.
    pub was: String,
    /// In the later one.
    pub now: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { block, change } = self;
        match change {
            Change::Edited { bytes, excerpt, .. } => {
                write!(f, "{block} is another one at bytes {bytes}")?;
                match excerpt {
                    Some(Excerpt { was, now }) => write!(f, ": \"{was}\" became \"{now}\""),
                    None => Ok(()),
                }
            }
            Change::Added => write!(f, "{block} is new"),
            Change::Removed => write!(f, "{block} is gone"),
            Change::Rewritten => {
                write!(f, "{block} is another one; the transcript was changed, and what it was is gone")
            }
        }
    }
}

impl Prefix {
    /// The blocks of a request.
    pub(in crate::sessions) fn of(request: &MessageRequest) -> Self {
        let tools = request.tools.iter().zip(1..).map(|(tool, block)| Block {
            place: Place::Tools { block },
            speaker: "tool",
            content: tool.to_string(),
            is_text: false,
        });
        let system = request.system.iter().zip(1..).map(|(text, block)| Block {
            place: Place::System { block },
            speaker: "system",
            content: text.text.clone(),
            is_text: true,
        });
        let messages = request.messages.iter().zip(1..).flat_map(|(said, message)| {
            let speaker = match said.role {
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            said.content.iter().zip(1..).map(move |(content, block)| {
                let (content, is_text) = match content {
                    ContentBlock::Text(text) => (text.text.clone(), true),
                    ContentBlock::Raw(value) => (value.to_string(), false),
                };
                Block { place: Place::Messages { message, block }, speaker, content, is_text }
            })
        });
        let has_images = request.messages.iter().flat_map(|said| &said.content).any(attachment::is_image);
        Self { blocks: tools.chain(system).chain(messages).collect(), has_images }
    }

    /// Its blocks by their digests.
    pub(in crate::sessions) fn digests(&self) -> Vec<Digest> {
        self.blocks.iter().map(Block::digest).collect()
    }

    /// Whether a message holds an image. The cache keeps messages with and without images apart.
    pub(in crate::sessions) fn has_images(&self) -> bool {
        self.has_images
    }
}

/// A request as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sessions) struct Sent {
    /// Its blocks as the transcript gives them now.
    pub(in crate::sessions) prefix: Prefix,
    /// Its blocks as they were, where that was written down: a transcript may have been changed since.
    pub(in crate::sessions) digests: Vec<Digest>,
}

impl Sent {
    /// Where this request stops to begin with the whole of an earlier one; `None` when it does not.
    pub(in crate::sessions) fn first_difference(&self, earlier: &Self) -> Option<Difference> {
        let pairs = earlier.digests.iter().zip(&self.digests);
        let at = pairs.take_while(|(was, now)| was == now).count();
        if at == earlier.digests.len() {
            return None;
        }
        let (block, change) = match (earlier.block(at), self.block(at)) {
            (Some(was), Some(now)) => match now.place.cmp(&was.place) {
                Ordering::Equal => (now.place, was.edited_to(now)),
                Ordering::Less => (now.place, Change::Added),
                Ordering::Greater => (was.place, Change::Removed),
            },
            (Some(was), None) if at == self.digests.len() => (was.place, Change::Removed),
            _ => {
                let there_now = self.prefix.blocks.get(at).or_else(|| earlier.prefix.blocks.get(at))?;
                (there_now.place, Change::Rewritten)
            }
        };
        Some(Difference { block, change })
    }

    /// A block, if the transcript still has it as it was sent.
    fn block(&self, at: usize) -> Option<&Block> {
        self.prefix.blocks.get(at).filter(|block| self.digests.get(at) == Some(&block.digest()))
    }
}

impl Block {
    fn edited_to(&self, now: &Self) -> Change {
        let (was, is) = (self.content.as_str(), now.content.as_str());
        let (bytes, was_bytes) = differing(was, is);
        let is_shown =
            self.is_own_text() && now.is_own_text() && ![was, is].into_iter().any(holds_credential);
        let excerpt =
            is_shown.then(|| Excerpt { was: words_around(was, &was_bytes), now: words_around(is, &bytes) });
        Change::Edited { bytes: bytes.into(), was: was_bytes.into(), excerpt }
    }
}

impl From<Range<usize>> for ByteRange {
    fn from(Range { start, end }: Range<usize>) -> Self {
        Self { start, end }
    }
}

fn holds_credential(text: &str) -> bool {
    without_credentials(text) != text
}

/// Which bytes of the second text, and of the first, are between what both begin and end with; whole characters.
fn differing(was: &str, now: &str) -> (Range<usize>, Range<usize>) {
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        pairs.take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum::<usize>()
    };
    let start = same(&mut was.chars().zip(now.chars()));
    let (was_rest, now_rest) = (&was[start..], &now[start..]);
    let end = same(&mut was_rest.chars().rev().zip(now_rest.chars().rev()));
    (start..now.len() - end, start..was.len() - end)
}

/// The bytes with the rest of the words they stand in, on one line.
fn words_around(text: &str, bytes: &Range<usize>) -> String {
    let start = text[..bytes.start].rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let end = text[bytes.end..].find(char::is_whitespace).map_or(text.len(), |at| bytes.end + at);
    // The white space found may be wider than a byte.
    let start = (start..=bytes.start).find(|at| text.is_char_boundary(*at)).unwrap_or(bytes.start);
    let line = one_line(&text[start..end]);
    if line.chars().count() <= LONGEST_EXCERPT {
        return line;
    }
    let beginning: String = line.chars().take(LONGEST_EXCERPT - 1).collect();
    format!("{beginning}…")
}
