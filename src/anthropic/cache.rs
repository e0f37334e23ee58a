//! Where the prompt cache is told to end. Markers go on the last system block, the last tool and the last block of the
//! user, never more than four; which retention applies, and that plan tokens get none, is the caller's decision.

use std::time::Duration;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::types::{ContentBlock, Message, MessageRequest, Role, TextBlock};

/// A marker looks back at most 20 blocks for what an earlier request wrote. When a turn appended more than this many,
/// the end of the previous turn is marked as well, because that is exactly where the earlier request wrote.
const LOOKBACK_MARGIN: usize = 15;

/// How long the prompt is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retention {
    /// Not at all: no markers.
    None,
    /// Five minutes since last use.
    Short,
    /// One hour since last use.
    Long,
}

/// A `cache_control` value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// The default lifetime, five minutes.
    FiveMinutes,
    /// `"ttl":"1h"`.
    OneHour,
}

impl Serialize for Marker {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "ephemeral")?;
        if *self == Self::OneHour {
            map.serialize_entry("ttl", "1h")?;
        }
        map.end()
    }
}

impl Marker {
    /// The time to live as the API names it.
    pub fn ttl(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
        }
    }

    /// How long what it writes lives after the start of the request that wrote or last read it.
    pub fn lifetime(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_secs(5 * 60),
            Self::OneHour => Duration::from_secs(60 * 60),
        }
    }

    fn to_json(self) -> Value {
        match self {
            Self::FiveMinutes => serde_json::json!({"type": "ephemeral"}),
            Self::OneHour => serde_json::json!({"type": "ephemeral", "ttl": "1h"}),
        }
    }
}

impl Retention {
    /// The marker it puts on every place; `None` for none.
    pub fn marker(self) -> Option<Marker> {
        match self {
            Self::None => None,
            Self::Short => Some(Marker::FiveMinutes),
            Self::Long => Some(Marker::OneHour),
        }
    }
}

/// Where [`mark`] puts markers, in the order of a prompt and as far as a request has these parts. In a turn of many blocks the end of the user's turn
/// before it is marked too.
pub const PLACES: [&str; 3] = ["last tool", "last system block", "last block of the user"];

/// Gives the request exactly the markers of this retention; those it carried before are removed, so a request may be
/// marked again after every turn.
pub fn mark(request: &mut MessageRequest, retention: Retention) {
    clear(request);
    let Some(marker) = retention.marker() else { return };
    if let Some(block) = request.system.iter_mut().rfind(|block| has_text(block)) {
        block.cache = Some(marker);
    }
    if let Some(tool) = request.tools.iter_mut().rfind(|tool| is_markable_tool(tool)) {
        tool["cache_control"] = marker.to_json();
    }
    for (message, block) in turn_ends(&request.messages) {
        set(&mut request.messages[message].content[block], marker);
    }
}

/// Index of a message, and of a block in it.
type Place = (usize, usize);

/// Where the user's last turn ends, and where the one before it does if a marker on the last could not see back to it.
fn turn_ends(messages: &[Message]) -> Vec<Place> {
    let mut ends = messages
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, message)| message.role == Role::User)
        .filter_map(|(index, message)| Some((index, message.content.iter().rposition(is_markable)?)));
    let Some(last) = ends.next() else { return Vec::new() };
    match ends.next() {
        Some(previous) if blocks_between(messages, previous, last) > LOOKBACK_MARGIN => vec![previous, last],
        _ => vec![last],
    }
}

fn blocks_between(messages: &[Message], from: Place, to: Place) -> usize {
    let before = |(message, block): Place| {
        messages[..message].iter().map(|message| message.content.len()).sum::<usize>() + block
    };
    before(to) - before(from)
}

fn has_text(block: &TextBlock) -> bool {
    !block.text.trim().is_empty()
}

/// Tools whose loading is deferred are not part of the prompt, and the API refuses a marker on them.
fn is_markable_tool(tool: &Value) -> bool {
    tool.is_object() && tool.get("defer_loading") != Some(&Value::Bool(true))
}

fn is_markable(block: &ContentBlock) -> bool {
    match block {
        ContentBlock::Text(block) => has_text(block),
        ContentBlock::Raw(value) => match value.get("type").and_then(Value::as_str) {
            Some("text") => {
                value.get("text").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty())
            }
            Some("thinking" | "redacted_thinking") | None => false,
            Some(_) => true,
        },
    }
}

fn set(block: &mut ContentBlock, marker: Marker) {
    match block {
        ContentBlock::Text(block) => block.cache = Some(marker),
        ContentBlock::Raw(value) => value["cache_control"] = marker.to_json(),
    }
}

fn clear(request: &mut MessageRequest) {
    for block in &mut request.system {
        block.cache = None;
    }
    request.tools.iter_mut().for_each(unmark);
    for block in request.messages.iter_mut().flat_map(|message| &mut message.content) {
        match block {
            ContentBlock::Text(block) => block.cache = None,
            ContentBlock::Raw(value) => {
                unmark(value);
                // A tool result holds blocks of its own, and a marker on one of those counts too.
                if let Some(inner) = value.get_mut("content").and_then(Value::as_array_mut) {
                    inner.iter_mut().for_each(unmark);
                }
            }
        }
    }
}

fn unmark(value: &mut Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.shift_remove("cache_control");
    }
}

#[cfg(test)]
mod rules;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn marked(request: &MessageRequest) -> String {
        String::from_utf8(request.body(true)).unwrap()
    }

    fn count(request: &MessageRequest) -> usize {
        marked(request).matches("cache_control").count()
    }

    fn conversation() -> MessageRequest {
        let mut request = MessageRequest::new("claude-sonnet-5", 64);
        request.system = vec![TextBlock::new("first"), TextBlock::new("second")];
        request.tools = vec![json!({"name": "a"}), json!({"name": "b"})];
        request.push_user("one");
        request.messages.push(Message { role: Role::Assistant, content: vec![ContentBlock::text("two")] });
        request.push_user("three");
        request
    }

    #[test]
    fn short_marks_the_last_system_block_tool_and_user_block() {
        let mut request = conversation();
        mark(&mut request, Retention::Short);
        let text = marked(&request);
        for expected in [
            r#"{"type":"text","text":"second","cache_control":{"type":"ephemeral"}}"#,
            r#"{"name":"b","cache_control":{"type":"ephemeral"}}"#,
            r#"{"type":"text","text":"three","cache_control":{"type":"ephemeral"}}"#,
        ] {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert_eq!(count(&request), 3);
    }

    #[test]
    fn long_adds_the_hour_everywhere() {
        let mut request = conversation();
        mark(&mut request, Retention::Long);
        let text = marked(&request);
        assert_eq!(text.matches(r#""ttl":"1h""#).count(), 3, "{text}");
        assert!(text.contains(r#""text":"three","cache_control":{"type":"ephemeral","ttl":"1h"}"#), "{text}");
    }

    #[test]
    fn none_removes_every_marker_and_marking_again_moves_them() {
        let mut request = conversation();
        let plain = marked(&request);
        mark(&mut request, Retention::Long);
        request.push_user("four");
        mark(&mut request, Retention::Short);
        assert_eq!(count(&request), 3);
        assert!(!marked(&request).contains("1h"));
        request.messages.pop();
        mark(&mut request, Retention::None);
        assert_eq!(marked(&request), plain);
    }

    #[test]
    fn empty_text_and_thinking_are_never_marked() {
        let mut request = MessageRequest::new("claude-sonnet-5", 64);
        request.system = vec![TextBlock::new("real"), TextBlock::new("  \n")];
        request.tools = vec![json!({"name": "a"}), json!({"name": "late", "defer_loading": true})];
        request.messages.push(Message {
            role: Role::User,
            content: vec![
                ContentBlock::Raw(json!({"type": "tool_result", "tool_use_id": "t", "content": "ok"})),
                ContentBlock::Raw(json!({"type": "thinking", "thinking": "x"})),
                ContentBlock::Raw(json!({"type": "redacted_thinking", "data": "x"})),
                ContentBlock::Raw(json!({"type": "text", "text": ""})),
                ContentBlock::Raw(json!("not an object")),
                ContentBlock::text(""),
            ],
        });
        mark(&mut request, Retention::Short);
        assert!(request.system[0].cache.is_some() && request.system[1].cache.is_none());
        assert!(request.tools[0].get("cache_control").is_some());
        assert!(request.tools[1].get("cache_control").is_none());
        let ContentBlock::Raw(result) = &request.messages[0].content[0] else { panic!() };
        assert!(result.get("cache_control").is_some());
        assert_eq!(count(&request), 3);
    }

    #[test]
    fn a_turn_of_many_blocks_keeps_the_end_of_the_previous_one_within_reach() {
        let mut request = conversation();
        request.messages.push(Message {
            role: Role::Assistant,
            content: (0..16).map(|n| ContentBlock::text(format!("block {n}"))).collect(),
        });
        request.push_user("four");
        mark(&mut request, Retention::Short);
        let text = marked(&request);
        assert_eq!(count(&request), 4);
        assert!(text.contains(r#""text":"three","cache_control""#), "{text}");
        assert!(text.contains(r#""text":"four","cache_control""#), "{text}");
    }

    #[test]
    fn markers_inside_a_tool_result_are_cleared_too() {
        let mut request = MessageRequest::new("claude-sonnet-5", 64);
        let inner = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
        request.messages.push(Message {
            role: Role::User,
            content: vec![ContentBlock::Raw(json!({"type": "tool_result", "content": [inner]}))],
        });
        mark(&mut request, Retention::None);
        assert_eq!(count(&request), 0);
    }

    #[test]
    fn an_empty_request_needs_no_marker() {
        let mut request = MessageRequest::new("claude-sonnet-5", 64);
        mark(&mut request, Retention::Long);
        assert_eq!(count(&request), 0);
    }
}
