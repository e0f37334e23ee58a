//! A provider that answers word by word, when the test says so.

use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::support::wire::{Asked, Provider, within};

pub(crate) struct SlowProvider {
    runtime: Runtime,
    provider: Provider,
}

/// A request that waits for the rest of its answer.
pub(crate) struct SlowRequest<'p> {
    runtime: &'p Runtime,
    asked: Asked,
}

impl SlowProvider {
    pub(crate) fn listen() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let provider = runtime.block_on(Provider::listen());
        Self { runtime, provider }
    }

    pub(crate) fn url(&self) -> String {
        self.provider.url()
    }

    /// The next request.
    #[track_caller]
    pub(crate) fn request(&self) -> SlowRequest<'_> {
        let asked = self.runtime.block_on(async { within(self.provider.request()).await });
        SlowRequest { runtime: &self.runtime, asked }
    }
}

impl SlowRequest<'_> {
    pub(crate) fn body(&self) -> Vec<u8> {
        self.asked.body.clone()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.asked.body).unwrap()
    }

    /// Everything before the first word.
    pub(crate) fn begin_answer(&mut self, model: &str) {
        let message = json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": null, "usage": { "input_tokens": 7, "output_tokens": 1 } });
        self.runtime.block_on(self.asked.begin_stream());
        self.event(&json!({ "type": "message_start", "message": message }));
        let block = json!({ "type": "text", "text": "" });
        self.event(&json!({ "type": "content_block_start", "index": 0, "content_block": block }));
    }

    pub(crate) fn text(&mut self, text: &str) {
        let delta = json!({ "type": "text_delta", "text": text });
        self.event(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }));
    }

    pub(crate) fn ping(&mut self) {
        self.event(&json!({ "type": "ping" }));
    }

    pub(crate) fn end_answer(mut self) {
        self.event(&json!({ "type": "content_block_stop", "index": 0 }));
        let delta = json!({ "stop_reason": "end_turn" });
        self.event(&json!({ "type": "message_delta", "delta": delta, "usage": { "output_tokens": 24 } }));
        self.event(&json!({ "type": "message_stop" }));
        self.runtime.block_on(self.asked.end_stream());
    }

    pub(crate) fn refuse(self, status: &str, kind: &str, message: &str) {
        let body = json!({ "type": "error", "error": { "type": kind, "message": message } }).to_string();
        let headers = [("content-type", "application/json")];
        self.runtime.block_on(self.asked.answer(status, &headers, body.as_bytes()));
    }

    /// Waits until nobody wants the answer any more.
    pub(crate) fn left(self) {
        self.runtime.block_on(async { within(self.asked.left()).await });
    }

    fn event(&mut self, event: &Value) {
        let text = format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
        self.runtime.block_on(self.asked.send(&text));
    }
}
