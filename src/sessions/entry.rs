//! The lines of a transcript.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::sent::{SentBlocks, SentRequest};
use crate::anthropic::ContentBlock;
use crate::auth::ProfileId;
use crate::models::refs::ModelRef;

/// Version of the lines this program writes.
pub(super) const VERSION: u32 = 1;

/// One line. What it does not know a program passes over, so that later kinds of lines do no harm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(super) enum Entry {
    /// The first line.
    Session { version: u32, id: String, created_at: Timestamp },
    /// From here on this is the system prompt.
    System { at: Timestamp, text: String },
    /// From here on this model is asked; without one, the agent's.
    Model {
        at: Timestamp,
        #[serde(default, deserialize_with = "parsed")]
        model: Option<ModelRef>,
        #[serde(default, deserialize_with = "parsed")]
        profile_id: Option<ProfileId>,
    },
    /// A question the API began to answer, and the request it went out with.
    User {
        at: Timestamp,
        content: Vec<ContentBlock>,
        #[serde(default, deserialize_with = "readable", skip_serializing_if = "Option::is_none")]
        request: Option<SentRequest>,
        #[serde(default, deserialize_with = "readable", skip_serializing_if = "Option::is_none")]
        blocks: Option<SentBlocks>,
    },
    /// More of the text of the answer that is coming. Void once the answer itself follows.
    Partial { text: String },
    /// The answer, block by block as the API gave it.
    Assistant { at: Timestamp, content: Vec<ContentBlock>, stop_reason: Option<String>, receipt: Value },
    /// The answer ended early; this is what can be sent back of it. The receipt has what was told by then.
    Interrupted {
        at: Timestamp,
        content: Vec<ContentBlock>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<Value>,
    },
    /// A kind of a later version.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// Reads what is written as a text, or nothing.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// Reads what only explains a line; what a later version writes there does no harm.
fn readable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    Ok(serde_json::from_value(Value::deserialize(deserializer)?).ok())
}

impl Entry {
    /// Puts the line, with its end, behind others.
    pub(super) fn write_line(&self, lines: &mut Vec<u8>) {
        #[expect(clippy::expect_used, reason = "string keys and plain values into memory: nothing can fail")]
        serde_json::to_writer(&mut *lines, self).expect("an entry serialises");
        lines.push(b'\n');
    }

    /// Reads a line, with or without its end.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn blocks_are_read_back_as_they_were() {
        let blocks = json!([
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "text", "text": "a \u{1F980} \"b\"\n\u{2028}"},
            {"type": "tool_use", "id": "t", "name": "n", "input": {"z": 1.0, "a": [null, 3]}},
        ]);
        let content: Vec<ContentBlock> = serde_json::from_value(blocks.clone()).unwrap();
        let at = Timestamp::UNIX_EPOCH;
        let entry = Entry::Assistant { at, content, stop_reason: None, receipt: json!({"b": 1, "a": 2}) };
        let mut line = Vec::new();
        entry.write_line(&mut line);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(Entry::read(&line), Some(entry));
        let text = String::from_utf8(line).unwrap();
        assert!(text.contains(&blocks.to_string()), "{text}");
    }

    #[test]
    fn a_kind_of_a_later_version_is_passed_over() {
        assert_eq!(Entry::read(br#"{"type":"summary","text":"later"}"#), Some(Entry::Unknown));
        for line in [&b"{}"[..], b"", b"nothing", br#"{"type":"user"}"#] {
            assert_eq!(Entry::read(line), None, "{line:?}");
        }
    }

    #[test]
    fn what_only_explains_a_question_may_be_anything() {
        let line = br#"{"type":"user","at":"2026-06-01T12:00:00Z","content":[],"request":{"retention":"forever"},"blocks":7}"#;
        let at = "2026-06-01T12:00:00Z".parse().unwrap();
        let user = Entry::User { at, content: Vec::new(), request: None, blocks: None };
        assert_eq!(Entry::read(line), Some(user.clone()));
        let mut line = Vec::new();
        user.write_line(&mut line);
        assert!(!String::from_utf8(line).unwrap().contains("request"));
    }
}
