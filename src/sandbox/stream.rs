//! How answers travel: server-sent events in the real API's order, one chunk each, or a whole document; and how they
//! break off where a fault wants that.

use std::future::ready;
use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::Answer;
use super::error::ApiError;
use super::faults::Fault;

/// Tells those who wait that the sandbox is closing.
#[derive(Debug, Clone)]
pub(super) struct Closing(watch::Receiver<bool>);

impl Closing {
    pub(super) fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    /// Returns when the sandbox closes.
    pub(super) async fn closed(&self) {
        // An error means that the sender is gone, and with it the sandbox.
        let _closed = self.0.clone().wait_for(|closing| *closing).await.is_err();
    }

    /// Waits; false if the sandbox closed meanwhile.
    pub(super) async fn pause(&self, time: Duration) -> bool {
        if time.is_zero() {
            return true;
        }
        tokio::select! {
            () = tokio::time::sleep(time) => true,
            () = self.closed() => false,
        }
    }
}

/// One step of sending an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Send(Bytes),
    /// The connection closes without a proper end.
    Cut,
    /// Nothing more comes, but the connection stays.
    Stall,
}

/// Sends the steps, each as its own chunk, `pause` apart.
pub(super) fn body(steps: Vec<Step>, pause: Duration, closing: Closing) -> Body {
    let start = (steps.into_iter(), closing, true);
    Body::from_stream(stream::unfold(start, move |(mut steps, closing, first)| async move {
        let step = steps.next()?;
        // Giving way once lets the server send what it has before the next step, so that events leave one by one and
        // a cut comes after everything before it.
        tokio::task::yield_now().await;
        let open = first || closing.pause(pause).await;
        let item = match step {
            Step::Send(bytes) if open => Ok(bytes),
            Step::Stall => {
                closing.closed().await;
                Err(cut())
            }
            Step::Send(_) | Step::Cut => Err(cut()),
        };
        if item.is_err() {
            steps = Vec::new().into_iter();
        }
        Some((item, (steps, closing, false)))
    }))
}

/// A body that fails before the headers are sent, so that the connection closes without a byte: asked for the body
/// right away, the server has not written them out yet.
pub(super) fn silence() -> Body {
    Body::from_stream(stream::once(ready(Err::<Bytes, _>(cut()))))
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the sandbox cut this answer")
}

/// A whole document, broken as the fault says.
pub(super) fn document(document: &Value, fault: Option<Fault>) -> Vec<Step> {
    let text = Bytes::from(document.to_string());
    let half = Step::Send(text.slice(..text.len() / 2));
    match fault {
        Some(Fault::CutBefore) => vec![Step::Cut],
        Some(Fault::CutInside) => vec![half, Step::Cut],
        Some(Fault::Stall) => vec![half, Step::Stall],
        _ => vec![Step::Send(text)],
    }
}

/// The events of an answer, broken as the fault says. `opening` is the message as it stands before its first content,
/// `closing_usage` its usage at the end.
pub(super) fn events(
    opening: &Value,
    answer: &Answer,
    closing_usage: &Value,
    request_id: &str,
    fault: Option<Fault>,
) -> Vec<Step> {
    let start = event("message_start", json!({ "message": opening }));
    let failed = |error: ApiError| event("error", error.body(request_id));
    match fault {
        Some(Fault::CutBefore) => return vec![Step::Cut],
        Some(Fault::OverloadedInStream) => return vec![start, failed(ApiError::overloaded())],
        Some(Fault::ErrorAfterThinking) => {
            let block = json!({ "type": "thinking", "thinking": "", "signature": "" });
            let delta = json!({ "type": "thinking_delta", "thinking": "The question is" });
            return vec![
                start,
                event("content_block_start", json!({ "index": 0, "content_block": block })),
                event("content_block_delta", json!({ "index": 0, "delta": delta })),
                failed(ApiError::api()),
            ];
        }
        Some(Fault::ErrorAfterToolUse) => {
            let block = json!({ "type": "tool_use", "id": "toolu_sandbox", "name": "lookup", "input": {} });
            let begun = event("content_block_start", json!({ "index": 0, "content_block": block }));
            return vec![start, begun, failed(ApiError::api())];
        }
        _ => {}
    }
    let mut steps = vec![start];
    let deltas = answer.pieces.iter().map(|text| {
        event("content_block_delta", json!({ "index": 0, "delta": { "type": "text_delta", "text": text } }))
    });
    if !answer.pieces.is_empty() {
        let block = json!({ "type": "text", "text": "" });
        steps.push(event("content_block_start", json!({ "index": 0, "content_block": block })));
    }
    steps.push(event("ping", json!({})));
    steps.extend(answer.comment.iter().map(|text| Step::Send(Bytes::from(format!(": {text}\n\n")))));
    let breaks_with = match fault {
        Some(Fault::ErrorAfterText) => Some(failed(ApiError::api())),
        Some(Fault::CutInside) => Some(Step::Cut),
        Some(Fault::Stall) => Some(Step::Stall),
        _ => None,
    };
    if let Some(end) = breaks_with {
        steps.extend(deltas.take(answer.pieces.len().div_ceil(2)));
        steps.push(end);
        return steps;
    }
    steps.extend(deltas);
    if !answer.pieces.is_empty() {
        steps.push(event("content_block_stop", json!({ "index": 0 })));
    }
    let delta = json!({ "stop_reason": answer.stop_reason, "stop_sequence": null });
    steps.push(event("message_delta", json!({ "delta": delta, "usage": closing_usage })));
    steps.push(event("message_stop", json!({})));
    steps
}

fn event(name: &str, mut data: Value) -> Step {
    data["type"] = name.into();
    Step::Send(Bytes::from(format!("event: {name}\ndata: {data}\n\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fault: Option<Fault>) -> Vec<String> {
        let answer = Answer {
            pieces: vec!["a ".into(), "b ".into(), "c".into()],
            comment: None,
            output_tokens: 2,
            stop_reason: "end_turn",
        };
        let steps = events(&json!({}), &answer, &json!({}), "req_1", fault);
        let name = |step| match step {
            Step::Send(bytes) => {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                text.lines().next().unwrap().trim_start_matches("event: ").to_owned()
            }
            Step::Cut => "cut".to_owned(),
            Step::Stall => "stall".to_owned(),
        };
        steps.into_iter().map(name).collect()
    }

    #[test]
    fn events_come_in_the_real_order() {
        let delta = "content_block_delta";
        let opened = ["message_start", "content_block_start", "ping"];
        let closed = ["content_block_stop", "message_delta", "message_stop"];
        assert_eq!(shown(None), [&opened[..], &[delta; 3], &closed].concat());
        for (fault, end) in
            [(Fault::ErrorAfterText, "error"), (Fault::CutInside, "cut"), (Fault::Stall, "stall")]
        {
            assert_eq!(shown(Some(fault)), [&opened[..], &[delta; 2], &[end]].concat(), "{fault:?}");
        }
        assert_eq!(shown(Some(Fault::OverloadedInStream)), ["message_start", "error"]);
        assert_eq!(
            shown(Some(Fault::ErrorAfterThinking)),
            ["message_start", "content_block_start", delta, "error"]
        );
        assert_eq!(shown(Some(Fault::ErrorAfterToolUse)), ["message_start", "content_block_start", "error"]);
        assert_eq!(shown(Some(Fault::CutBefore)), ["cut"]);
    }

    #[test]
    fn a_document_breaks_in_the_middle_or_not_at_all() {
        let whole = json!({"a": 1});
        let half = Step::Send(Bytes::from_static(br#"{"a"#));
        assert_eq!(document(&whole, None), [Step::Send(Bytes::from_static(br#"{"a":1}"#))]);
        assert_eq!(document(&whole, Some(Fault::CutInside)), [half.clone(), Step::Cut]);
        assert_eq!(document(&whole, Some(Fault::Stall)), [half, Step::Stall]);
        assert_eq!(document(&whole, Some(Fault::CutBefore)), [Step::Cut]);
    }
}
