//! The events of a streamed answer as types. Unknown events and unknown fields pass; only an event that is known and
//! cannot be read is an error.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::error::Error;
use super::usage::UsageUpdate;

/// One event of a streamed answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StreamEvent {
    /// The answer begins.
    MessageStart {
        /// Id of the answer.
        id: String,
        /// The model that serves it.
        model: String,
        /// Input counts, and output so far.
        usage: UsageUpdate,
    },
    /// A block begins.
    ContentBlockStart {
        /// Place of the block in the answer.
        index: u64,
        /// The block as far as it is known, with its `type`.
        block: Value,
    },
    /// A block goes on.
    ContentDelta {
        /// Place of the block in the answer.
        index: u64,
        /// What is appended.
        delta: Delta,
    },
    /// A block is complete.
    ContentBlockStop {
        /// Place of the block in the answer.
        index: u64,
    },
    /// Why the answer ends, and the counts so far.
    MessageDelta {
        /// `end_turn`, `max_tokens`, `tool_use`, `refusal`, ...
        stop_reason: Option<String>,
        /// Counts so far.
        usage: UsageUpdate,
    },
    /// The answer is complete.
    MessageStop,
    /// A sign of life.
    Ping,
    /// An event this version does not know.
    Other {
        /// Its name.
        name: String,
        /// Its data.
        data: String,
    },
}

/// What is appended to a block.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// Text.
    Text(String),
    /// Thinking.
    Thinking(String),
    /// The signature of a thinking block.
    Signature(String),
    /// A piece of a tool's input, which is JSON only when complete.
    InputJson(String),
    /// Anything else, with its `type`.
    Other(Value),
}

impl StreamEvent {
    /// Whether the event passes the answer's commit point: any delta, the end, or the start of a block that is more than
    /// empty text or thinking. From then on the answer cannot be begun anew without anyone noticing.
    pub fn commits(&self) -> bool {
        match self {
            Self::ContentDelta { .. } | Self::MessageDelta { .. } => true,
            Self::ContentBlockStart { block, .. } => start_commits(block),
            Self::MessageStart { .. }
            | Self::ContentBlockStop { .. }
            | Self::MessageStop
            | Self::Ping
            | Self::Other { .. } => false,
        }
    }

    /// Reads an event from its name and its data. An `error` event is not for this function.
    pub(super) fn read(name: &str, data: &str) -> Result<Self, Error> {
        Ok(match name {
            "message_start" => {
                let message = parse::<StartData>(name, data)?.message;
                Self::MessageStart { id: message.id, model: message.model, usage: message.usage }
            }
            "content_block_start" => {
                let data: BlockData = parse(name, data)?;
                Self::ContentBlockStart { index: data.index, block: data.content_block }
            }
            "content_block_delta" => match known_delta(data) {
                Some((index, delta)) => Self::ContentDelta { index, delta },
                None => {
                    let data: DeltaData = parse(name, data)?;
                    Self::ContentDelta { index: data.index, delta: Delta::Other(data.delta) }
                }
            },
            "content_block_stop" => Self::ContentBlockStop { index: parse::<StopData>(name, data)?.index },
            "message_delta" => {
                let data: EndData = parse(name, data)?;
                Self::MessageDelta {
                    stop_reason: data.delta.stop_reason,
                    usage: data.usage.unwrap_or_default(),
                }
            }
            "message_stop" => Self::MessageStop,
            "ping" => Self::Ping,
            _ => Self::Other { name: name.to_owned(), data: data.to_owned() },
        })
    }
}

/// Whether a frame as it was sent, with its name, if it has one, and its data, passes the answer's commit point, like
/// [`StreamEvent::commits`]. A start that cannot be understood does: what it begins is not known to be empty.
pub fn frame_commits(name: Option<&str>, data: &str) -> bool {
    let typed = || type_of(data).unwrap_or_default();
    let name = name.filter(|name| !name.is_empty()).map_or_else(typed, Cow::Borrowed);
    match &*name {
        "content_block_delta" | "message_delta" => true,
        "content_block_start" => serde_json::from_str(data)
            .map_or(true, |BlockData { content_block, .. }| start_commits(&content_block)),
        _ => false,
    }
}

fn start_commits(block: &Value) -> bool {
    let empty = |field: &str| block.get(field).and_then(Value::as_str).is_none_or(str::is_empty);
    match block.get("type").and_then(Value::as_str) {
        Some("text") => !empty("text"),
        Some("thinking") => !empty("thinking"),
        _ => true,
    }
}

/// The `type` field of an event's data, which names the event where the stream does not.
pub(super) fn type_of(data: &str) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }
    serde_json::from_str::<Typed<'_>>(data).ok().map(|typed| typed.kind)
}

/// Reads a delta of a kind that is known; answers are made of these, so nothing is made but the text of it.
fn known_delta(data: &str) -> Option<(u64, Delta)> {
    #[derive(Deserialize)]
    struct Data<'a> {
        index: u64,
        #[serde(borrow)]
        delta: Known<'a>,
    }
    #[derive(Deserialize)]
    struct Known<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
        text: Option<String>,
        thinking: Option<String>,
        signature: Option<String>,
        partial_json: Option<String>,
    }
    let Data { index, delta } = serde_json::from_str(data).ok()?;
    let delta = match &*delta.kind {
        "text_delta" => Delta::Text(delta.text?),
        "thinking_delta" => Delta::Thinking(delta.thinking?),
        "signature_delta" => Delta::Signature(delta.signature?),
        "input_json_delta" => Delta::InputJson(delta.partial_json?),
        _ => return None,
    };
    Some((index, delta))
}

fn parse<'a, T: Deserialize<'a>>(name: &str, data: &'a str) -> Result<T, Error> {
    // The parser's own message can quote the content, so only its place is told.
    serde_json::from_str(data)
        .map_err(|error| Error::Malformed { what: format!("event `{name}` at column {}", error.column()) })
}

#[derive(Deserialize)]
struct StartData {
    message: StartMessage,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct StartMessage {
    id: String,
    model: String,
    usage: UsageUpdate,
}

#[derive(Deserialize)]
struct BlockData {
    index: u64,
    content_block: Value,
}

#[derive(Deserialize)]
struct DeltaData {
    index: u64,
    delta: Value,
}

#[derive(Deserialize)]
struct StopData {
    index: u64,
}

#[derive(Deserialize)]
struct EndData {
    delta: End,
    usage: Option<UsageUpdate>,
}

#[derive(Deserialize)]
struct End {
    stop_reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(data: &Value) -> StreamEvent {
        StreamEvent::read(data["type"].as_str().unwrap(), &data.to_string()).unwrap()
    }

    #[test]
    fn unknown_events_deltas_and_fields_pass() {
        let unknown = StreamEvent::read("brand_new", "not even json").unwrap();
        assert_eq!(unknown, StreamEvent::Other { name: "brand_new".into(), data: "not even json".into() });
        let delta = json!({"type": "brand_new_delta", "x": 1});
        assert_eq!(
            read(&json!({"type": "content_block_delta", "index": 0, "delta": delta, "new": 1})),
            StreamEvent::ContentDelta { index: 0, delta: Delta::Other(delta) }
        );
    }

    #[test]
    fn a_known_event_that_cannot_be_read_is_an_error_without_its_content() {
        for data in ["sk-live-secret", r#"{"index":"sk-live-secret"}"#, "{}"] {
            let error = StreamEvent::read("content_block_stop", data).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }));
            assert!(!error.to_string().contains("sk-live"), "{error}");
        }
    }

    #[test]
    fn an_answer_is_committed_to_by_its_first_content_and_by_nothing_before() {
        let start = |block: Value| json!({"type": "content_block_start", "index": 0, "content_block": block});
        let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
        for (event, commits) in [
            (json!({"type": "message_start", "message": {"id": "m"}}), false),
            (json!({"type": "ping"}), false),
            (json!({"type": "brand_new"}), false),
            (json!({"type": "content_block_stop", "index": 0}), false),
            (start(json!({"type": "text", "text": ""})), false),
            (start(json!({"type": "thinking", "thinking": "", "signature": ""})), false),
            (start(json!({"type": "text", "text": "x"})), true),
            (start(json!({"type": "thinking", "thinking": "x"})), true),
            (start(json!({"type": "redacted_thinking", "data": "x"})), true),
            (start(json!({"type": "tool_use", "name": "n", "input": {}})), true),
            (start(json!({"type": "brand_new"})), true),
            (delta(json!({"type": "text_delta", "text": ""})), true),
            (delta(json!({"type": "thinking_delta", "thinking": "x"})), true),
            (delta(json!({"type": "signature_delta", "signature": "s"})), true),
            (delta(json!({"type": "input_json_delta", "partial_json": ""})), true),
            (delta(json!({"type": "brand_new_delta"})), true),
            (json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}), true),
            (json!({"type": "message_stop"}), false),
        ] {
            assert_eq!(read(&event).commits(), commits, "{event}");
            let (data, name) = (event.to_string(), event["type"].as_str());
            for name in [None, Some(""), name] {
                assert_eq!(frame_commits(name, &data), commits, "{event}");
            }
        }
    }

    #[test]
    fn a_frame_that_cannot_be_understood_commits_only_where_content_may_begin() {
        for (name, data, commits) in [
            (Some("content_block_start"), "{", true),
            (Some("content_block_delta"), "{", true),
            (Some("message_start"), "{", false),
            (Some("error"), r#"{"type":"error"}"#, false),
            (None, "not even json", false),
        ] {
            assert_eq!(frame_commits(name, data), commits, "{name:?} {data}");
        }
    }
}
