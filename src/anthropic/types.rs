//! Requests and short answers of the API. A request always becomes the same bytes, and what changes from turn to turn
//! (the messages) comes last, so that a conversation's prefix stays the same and the prompt cache can find it.

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cache::Marker;
use super::headers::ResponseMeta;

/// Fields of a request that have a place of their own; they are ignored in [`MessageRequest::extra`].
const OWN_FIELDS: [&str; 7] = ["model", "max_tokens", "stream", "temperature", "tools", "system", "messages"];
/// Fields of [`MessageRequest::extra`] that also change how many tokens a request is.
const COUNTED_FIELDS: [&str; 2] = ["thinking", "tool_choice"];

/// A request for an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageRequest {
    /// Model id as the API knows it.
    pub model: String,
    /// Most tokens the answer may have.
    pub max_tokens: u64,
    /// System prompt, block by block.
    pub system: Vec<TextBlock>,
    /// The conversation.
    pub messages: Vec<Message>,
    /// Tools as the API describes them.
    pub tools: Vec<Value>,
    /// Sampling temperature; newer models refuse it.
    pub temperature: Option<f64>,
    /// Other fields of the body (`thinking`, `tool_choice`, `metadata`, ...), sent as they are.
    pub extra: Map<String, Value>,
    /// Values of `anthropic-beta` this request needs besides those of the client; not part of the body.
    pub betas: Vec<String>,
}

impl MessageRequest {
    /// An empty request.
    pub fn new(model: impl Into<String>, max_tokens: u64) -> Self {
        Self { model: model.into(), max_tokens, ..Self::default() }
    }

    /// Appends a user message of one text block.
    pub fn push_user(&mut self, text: impl Into<String>) {
        self.messages.push(Message { role: Role::User, content: vec![ContentBlock::text(text)] });
    }

    /// The body of a request for an answer, as one JSON document or as a stream.
    pub fn body(&self, stream: bool) -> Vec<u8> {
        to_bytes(&Body { request: self, purpose: Purpose::Answer { stream } })
    }

    /// The body of a streamed request as text.
    #[cfg(test)]
    pub(crate) fn streamed_text(&self) -> String {
        String::from_utf8(self.body(true)).unwrap()
    }

    /// The body of a request to count tokens, which takes fewer fields.
    pub(super) fn count_body(&self) -> Vec<u8> {
        to_bytes(&Body { request: self, purpose: Purpose::Count })
    }
}

fn to_bytes(body: &Body<'_>) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "string keys and plain values into memory: nothing can fail")]
    serde_json::to_vec(body).expect("a request serialises")
}

struct Body<'a> {
    request: &'a MessageRequest,
    purpose: Purpose,
}

#[derive(Clone, Copy)]
enum Purpose {
    Answer { stream: bool },
    Count,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = self.request;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &request.model)?;
        if let Purpose::Answer { stream } = self.purpose {
            map.serialize_entry("max_tokens", &request.max_tokens)?;
            map.serialize_entry("stream", &stream)?;
            if let Some(temperature) = request.temperature {
                map.serialize_entry("temperature", &temperature)?;
            }
        }
        for (name, value) in &request.extra {
            let sent = match self.purpose {
                Purpose::Answer { .. } => !OWN_FIELDS.contains(&name.as_str()),
                Purpose::Count => COUNTED_FIELDS.contains(&name.as_str()),
            };
            if sent {
                map.serialize_entry(name, value)?;
            }
        }
        if !request.tools.is_empty() {
            map.serialize_entry("tools", &request.tools)?;
        }
        if !request.system.is_empty() {
            map.serialize_entry("system", &request.system)?;
        }
        map.serialize_entry("messages", &request.messages)?;
        map.end()
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user; tool results are theirs too.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What they say.
    pub content: Vec<ContentBlock>,
}

/// A block of text, with a cache marker if the cache is to end at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "text")]
pub struct TextBlock {
    /// The text.
    pub text: String,
    /// Set by [`super::cache::mark`].
    #[serde(rename = "cache_control", skip_serializing_if = "Option::is_none")]
    pub cache: Option<Marker>,
}

impl TextBlock {
    /// A block without a marker.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), cache: None }
    }
}

/// One block of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, from = "Value")]
pub enum ContentBlock {
    /// Plain text.
    Text(TextBlock),
    /// Anything else (images, tools, thinking, text with citations), exactly as the API has it.
    Raw(Value),
}

impl ContentBlock {
    /// A text block without a marker.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(TextBlock::new(text))
    }

    /// Its text, with or without citations; `None` for any other block.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(block) => Some(&block.text),
            Self::Raw(value) if value.get("type").is_some_and(|kind| kind == "text") => {
                value.get("text").and_then(Value::as_str)
            }
            Self::Raw(_) => None,
        }
    }
}

impl From<Value> for ContentBlock {
    /// Only a text block without any other field becomes [`Self::Text`], so that no field is lost.
    fn from(mut value: Value) -> Self {
        let plain = value.get("type").is_some_and(|kind| kind == "text")
            && value.as_object().is_some_and(|fields| fields.len() == 2);
        match value.get_mut("text").map(Value::take) {
            Some(Value::String(text)) if plain => Self::text(text),
            Some(other) => {
                value["text"] = other;
                Self::Raw(value)
            }
            None => Self::Raw(value),
        }
    }
}

/// The value of a call together with what the response's head said.
#[derive(Debug, Clone)]
pub struct Reply<T> {
    /// What was asked for.
    pub value: T,
    /// Status, request id, who was billed, rate limits.
    pub meta: ResponseMeta,
}

/// One page of the models a credential may use, newest first.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ModelPage {
    /// The models.
    pub data: Vec<ModelInfo>,
    /// Whether more follow.
    #[serde(default)]
    pub has_more: bool,
    /// Where the next page starts (`after_id`).
    #[serde(default)]
    pub last_id: Option<String>,
}

/// What the API says about a model; absent means it did not say.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct ModelInfo {
    /// Model id.
    pub id: String,
    /// Name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// When it was released (RFC 3339).
    #[serde(default)]
    pub created_at: Option<String>,
    /// Context window in tokens.
    #[serde(default)]
    pub max_input_tokens: Option<u64>,
    /// Longest answer in tokens.
    #[serde(default)]
    pub max_tokens: Option<u64>,
    /// Capabilities as the API lists them.
    #[serde(default)]
    pub capabilities: Option<Value>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_request_has_one_exact_form_with_the_messages_last() {
        let mut request = MessageRequest::new("claude-sonnet-5", 64);
        request.system.push(TextBlock::new("Be brief."));
        request.tools.push(json!({"name": "clock", "input_schema": {"type": "object"}}));
        request.temperature = Some(0.5);
        request.extra.insert("tool_choice".into(), json!({"type": "auto"}));
        request.extra.insert("metadata".into(), json!({"user_id": "u"}));
        request.betas.push("never-in-the-body".into());
        request.push_user("Hi");
        assert_eq!(
            text(request.body(true)),
            concat!(
                r#"{"model":"claude-sonnet-5","max_tokens":64,"stream":true,"temperature":0.5,"#,
                r#""tool_choice":{"type":"auto"},"metadata":{"user_id":"u"},"#,
                r#""tools":[{"name":"clock","input_schema":{"type":"object"}}],"#,
                r#""system":[{"type":"text","text":"Be brief."}],"#,
                r#""messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#,
            )
        );
        assert_eq!(
            text(request.count_body()),
            concat!(
                r#"{"model":"claude-sonnet-5","tool_choice":{"type":"auto"},"#,
                r#""tools":[{"name":"clock","input_schema":{"type":"object"}}],"#,
                r#""system":[{"type":"text","text":"Be brief."}],"#,
                r#""messages":[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#,
            )
        );
    }

    #[test]
    fn extra_fields_never_double_an_own_field() {
        let mut request = MessageRequest::new("claude-sonnet-5", 1);
        for name in OWN_FIELDS {
            request.extra.insert(name.into(), json!("other"));
        }
        assert_eq!(
            text(request.body(false)),
            r#"{"model":"claude-sonnet-5","max_tokens":1,"stream":false,"messages":[]}"#
        );
    }

    #[test]
    fn the_next_turn_begins_with_the_bytes_of_this_one() {
        let mut request = MessageRequest::new("claude-sonnet-5", 64);
        request.push_user("one");
        let first = text(request.body(true));
        request.messages.push(Message { role: Role::Assistant, content: vec![ContentBlock::text("two")] });
        request.push_user("three");
        assert!(text(request.body(true)).starts_with(first.strip_suffix("]}").unwrap()));
    }

    #[test]
    fn blocks_read_back_are_written_out_the_same() {
        for block in [
            json!({"type": "text", "text": "plain"}),
            json!({"type": "text", "text": "cited", "citations": [{"url": "u"}]}),
            json!({"type": "thinking", "thinking": "hm", "signature": "s"}),
            json!({"type": "text", "text": 5}),
            json!({"type": "image", "source": {}}),
        ] {
            let read: ContentBlock = serde_json::from_value(block.clone()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), block);
        }
        let plain: ContentBlock = serde_json::from_value(json!({"type": "text", "text": "a"})).unwrap();
        assert_eq!(plain, ContentBlock::text("a"));
    }

    #[test]
    fn a_model_page_needs_nothing_but_ids() {
        let page: ModelPage =
            serde_json::from_value(json!({"data": [{"id": "m", "type": "model"}]})).unwrap();
        assert_eq!(page.data[0].id, "m");
        assert_eq!(page.data[0].max_input_tokens, None);
    }
}
