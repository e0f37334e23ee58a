//! An answer put together from the events of a stream, or read whole. It keeps the blocks as the API needs them back in
//! the next turn; showing them is left to others.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::event::{Delta, StreamEvent};
use super::types::ContentBlock;
use super::usage::{Usage, UsageUpdate};

/// An answer, complete or as far as it got.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    head: AnswerHead,
    blocks: Vec<Block>,
}

/// What an answer says of itself, without its content. It stays small however long the answer is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnswerHead {
    id: String,
    model: String,
    stop_reason: Option<String>,
    usage: Usage,
    complete: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Block {
    index: u64,
    fields: Map<String, Value>,
    /// A tool's input while it arrives.
    input: String,
    complete: bool,
}

impl AnswerHead {
    /// Takes in the next event.
    pub fn apply(&mut self, event: &StreamEvent) {
        match event {
            StreamEvent::MessageStart { id, model, usage } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
                self.usage.merge(usage);
            }
            StreamEvent::MessageDelta { stop_reason, usage } => {
                if stop_reason.is_some() {
                    self.stop_reason.clone_from(stop_reason);
                }
                self.usage.merge(usage);
            }
            StreamEvent::MessageStop => self.complete = true,
            _ => {}
        }
    }

    /// Id of the answer; empty before the stream began.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The model that served it; empty before the stream began.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Why it ended, once it did.
    pub fn stop_reason(&self) -> Option<&str> {
        self.stop_reason.as_deref()
    }

    /// Token counts so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Whether it arrived to the end.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl Answer {
    /// Takes in the next event.
    pub fn apply(&mut self, event: &StreamEvent) {
        self.head.apply(event);
        match event {
            StreamEvent::ContentBlockStart { index, block } => {
                let fields = block.as_object().cloned().unwrap_or_default();
                self.blocks.push(Block { index: *index, fields, input: String::new(), complete: false });
            }
            StreamEvent::ContentDelta { index, delta } => {
                if let Some(block) = self.block(*index) {
                    block.append(delta);
                }
            }
            StreamEvent::ContentBlockStop { index } => {
                if let Some(block) = self.block(*index) {
                    block.finish();
                }
            }
            _ => {}
        }
    }

    /// Id of the answer; empty before the stream began.
    pub fn id(&self) -> &str {
        self.head.id()
    }

    /// The model that served it; empty before the stream began.
    pub fn model(&self) -> &str {
        self.head.model()
    }

    /// Why it ended, once it did.
    pub fn stop_reason(&self) -> Option<&str> {
        self.head.stop_reason()
    }

    /// Token counts so far.
    pub fn usage(&self) -> Usage {
        self.head.usage()
    }

    /// Whether it arrived to the end.
    pub fn is_complete(&self) -> bool {
        self.head.is_complete()
    }

    /// The text of all text blocks, one after the other.
    pub fn text(&self) -> String {
        self.blocks.iter().filter_map(Block::text).collect()
    }

    /// The blocks as a later request sends them back. Empty text, which the API refuses, is left out; so is a block
    /// other than text that is not complete, because half a tool call or thinking without its signature is refused.
    pub fn into_content(self) -> Vec<ContentBlock> {
        self.blocks
            .into_iter()
            .filter(|block| match block.text() {
                Some(text) => !text.is_empty(),
                None => block.complete,
            })
            .map(|block| ContentBlock::from(Value::Object(block.fields)))
            .collect()
    }

    /// Reads an answer that came as one JSON document.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Whole {
            id: String,
            model: String,
            content: Vec<Map<String, Value>>,
            stop_reason: Option<String>,
            #[serde(default)]
            usage: UsageUpdate,
        }
        let whole: Whole = serde_json::from_slice(body)?;
        let blocks = (0..)
            .zip(whole.content)
            .map(|(index, fields)| Block { index, fields, input: String::new(), complete: true })
            .collect();
        let Whole { id, model, stop_reason, usage, .. } = whole;
        let head = AnswerHead { id, model, stop_reason, usage: usage.into(), complete: true };
        Ok(Self { head, blocks })
    }

    fn block(&mut self, index: u64) -> Option<&mut Block> {
        // The block in progress is the last one, so the search is short however long the answer is.
        self.blocks.iter_mut().rev().find(|block| block.index == index)
    }
}

impl Block {
    fn text(&self) -> Option<&str> {
        let is_text = self.fields.get("type").is_some_and(|kind| kind == "text");
        if is_text { Some(self.fields.get("text").and_then(Value::as_str).unwrap_or_default()) } else { None }
    }

    fn append(&mut self, delta: &Delta) {
        match delta {
            Delta::Text(text) => self.extend("text", text),
            Delta::Thinking(text) => self.extend("thinking", text),
            Delta::Signature(text) => self.extend("signature", text),
            Delta::InputJson(piece) => self.input.push_str(piece),
            Delta::Other(value) => {
                if let Some(citation) = value.get("citation") {
                    self.cite(citation.clone());
                }
            }
        }
    }

    fn extend(&mut self, field: &str, text: &str) {
        match self.fields.get_mut(field) {
            Some(Value::String(so_far)) => so_far.push_str(text),
            _ => {
                self.fields.insert(field.to_owned(), Value::from(text));
            }
        }
    }

    fn cite(&mut self, citation: Value) {
        match self.fields.get_mut("citations") {
            Some(Value::Array(citations)) => citations.push(citation),
            _ => {
                self.fields.insert("citations".to_owned(), Value::Array(vec![citation]));
            }
        }
    }

    fn finish(&mut self) {
        // A text that grew piece by piece has room for up to twice of it.
        if let Some(Value::String(text)) = self.fields.get_mut("text") {
            text.shrink_to_fit();
        }
        if self.input.is_empty() {
            self.complete = true;
        } else if let Ok(input) = serde_json::from_str(&self.input) {
            self.fields.insert("input".to_owned(), input);
            self.complete = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(events: &[Value]) -> Answer {
        let mut answer = Answer::default();
        for event in events {
            let name = event["type"].as_str().unwrap();
            answer.apply(&StreamEvent::read(name, &event.to_string()).unwrap());
        }
        answer
    }

    fn start(index: u64, block: &Value) -> Value {
        json!({"type": "content_block_start", "index": index, "content_block": block})
    }

    fn delta(index: u64, delta: &Value) -> Value {
        json!({"type": "content_block_delta", "index": index, "delta": delta})
    }

    fn stop(index: u64) -> Value {
        json!({"type": "content_block_stop", "index": index})
    }

    fn content(answer: &Answer) -> Value {
        serde_json::to_value(answer.clone().into_content()).unwrap()
    }

    #[test]
    fn a_streamed_answer_equals_the_same_answer_read_whole() {
        let blocks = json!([
            {"type": "thinking", "thinking": "hmm", "signature": "sig"},
            {"type": "text", "text": "Hello", "citations": [{"url": "u"}]},
            {"type": "tool_use", "id": "t", "name": "clock", "input": {"zone": "UTC"}},
        ]);
        let streamed = answer(&[
            json!({"type": "message_start", "message": {"id": "m", "model": "served", "usage": {"input_tokens": 3}}}),
            start(0, &json!({"type": "thinking", "thinking": "", "signature": ""})),
            delta(0, &json!({"type": "thinking_delta", "thinking": "hmm"})),
            delta(0, &json!({"type": "signature_delta", "signature": "sig"})),
            stop(0),
            start(1, &json!({"type": "text", "text": ""})),
            delta(1, &json!({"type": "text_delta", "text": "Hel"})),
            delta(1, &json!({"type": "text_delta", "text": "lo"})),
            delta(1, &json!({"type": "citations_delta", "citation": {"url": "u"}})),
            stop(1),
            start(2, &json!({"type": "tool_use", "id": "t", "name": "clock", "input": {}})),
            delta(2, &json!({"type": "input_json_delta", "partial_json": "{\"zone\":"})),
            delta(2, &json!({"type": "input_json_delta", "partial_json": "\"UTC\"}"})),
            stop(2),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}}),
            json!({"type": "message_stop"}),
        ]);
        let whole = json!({"id": "m", "model": "served", "stop_reason": "tool_use", "content": blocks,
            "usage": {"input_tokens": 3, "output_tokens": 9}});
        let whole = Answer::read(whole.to_string().as_bytes()).unwrap();
        assert_eq!(content(&streamed), blocks);
        assert_eq!(content(&whole), blocks);
        for answer in [&streamed, &whole] {
            assert_eq!((answer.id(), answer.model(), answer.text().as_str()), ("m", "served", "Hello"));
            assert_eq!(answer.stop_reason(), Some("tool_use"));
            assert_eq!((answer.usage().input, answer.usage().output), (3, 9));
            assert!(answer.is_complete());
        }
    }

    #[test]
    fn of_an_interrupted_answer_only_what_can_be_sent_back_remains() {
        let answer = answer(&[
            start(0, &json!({"type": "thinking", "thinking": ""})),
            delta(0, &json!({"type": "thinking_delta", "thinking": "half a thou"})),
            start(1, &json!({"type": "text", "text": ""})),
            delta(1, &json!({"type": "text_delta", "text": "half a sen"})),
            start(2, &json!({"type": "text", "text": ""})),
            start(3, &json!({"type": "tool_use", "id": "t", "name": "n", "input": {}})),
            delta(3, &json!({"type": "input_json_delta", "partial_json": "{\"a"})),
            stop(3),
        ]);
        assert_eq!(content(&answer), json!([{"type": "text", "text": "half a sen"}]));
        assert!(!answer.is_complete());
    }

    #[test]
    fn events_for_blocks_that_never_began_are_passed_over() {
        let answer = answer(&[delta(7, &json!({"type": "text_delta", "text": "x"})), stop(u64::MAX)]);
        assert_eq!(answer, Answer::default());
    }
}
