//! What must hold for the markers of every conversation, whatever its blocks, its tools and the markers it came with.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![2 => "[a-zé\"\\\\ ]{1,8}", 1 => Just(String::new()), 1 => Just(" \n".to_owned())]
}

/// A block, maybe with a marker somebody else has put on it.
fn block() -> impl Strategy<Value = ContentBlock> {
    let raw = prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text})),
        text().prop_map(|text| json!({"type": "thinking", "thinking": text, "signature": "s"})),
        text().prop_map(|data| json!({"type": "redacted_thinking", "data": data})),
        text().prop_map(|z| json!({"type": "tool_use", "id": "t", "name": "n", "input": {"z": z, "a": 1}})),
        text().prop_map(|text| json!({"type": "tool_result", "tool_use_id": "t", "content": text})),
        (text(), client_marker()).prop_map(|(text, marker)| {
            let inner = marked(json!({"type": "text", "text": text}), marker);
            json!({"type": "tool_result", "tool_use_id": "t", "content": [inner]})
        }),
        text().prop_map(|data| json!({"type": "image", "source": {"type": "base64", "data": data}})),
    ];
    prop_oneof![
        1 => text().prop_map(ContentBlock::text),
        3 => (raw, client_marker()).prop_map(|(value, marker)| ContentBlock::Raw(marked(value, marker))),
    ]
}

fn client_marker() -> impl Strategy<Value = Option<Marker>> {
    prop::option::of(prop::sample::select(vec![Marker::FiveMinutes, Marker::OneHour]))
}

fn marked(mut value: Value, marker: Option<Marker>) -> Value {
    if let Some(marker) = marker {
        value["cache_control"] = marker.to_json();
    }
    value
}

fn tool() -> impl Strategy<Value = Value> {
    (text(), any::<bool>(), client_marker()).prop_map(|(name, deferred, marker)| {
        let tool = json!({"name": name, "input_schema": {"type": "object"}});
        marked(if deferred { json!({"name": name, "defer_loading": true}) } else { tool }, marker)
    })
}

/// Questions and answers: a request for each question, carrying what was said before.
fn requests() -> impl Strategy<Value = Vec<MessageRequest>> {
    let system = vec((text(), client_marker()), 0..3);
    let turn = (vec(block(), 1..6), vec(block(), 1..24));
    (system, vec(tool(), 0..4), vec(turn, 2..6)).prop_map(|(system, tools, turns)| {
        let mut request = MessageRequest::new("m", 64);
        let block = |(text, cache): (String, _)| TextBlock { cache, ..TextBlock::new(text) };
        request.system = system.into_iter().map(block).collect();
        request.tools = tools;
        let mut requests = Vec::new();
        for (question, answer) in turns {
            request.messages.push(Message { role: Role::User, content: question });
            requests.push(request.clone());
            request.messages.push(Message { role: Role::Assistant, content: answer });
        }
        requests
    })
}

/// The blocks of a request as sent, in the order of the prompt, each with where it belongs.
fn prompt(request: &MessageRequest) -> Vec<(String, Value)> {
    let body: Value = serde_json::from_slice(&request.body(true)).unwrap();
    let blocks = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut prompt: Vec<(String, Value)> = Vec::new();
    for level in ["tools", "system"] {
        prompt.extend(blocks(&body[level]).into_iter().map(|block| (level.to_owned(), block)));
    }
    for (at, message) in blocks(&body["messages"]).into_iter().enumerate() {
        let place = format!("{at} {}", message["role"]);
        let content = match &message["content"] {
            Value::String(text) => vec![json!({"type": "text", "text": text})],
            content => blocks(content),
        };
        prompt.extend(content.into_iter().map(|block| (place.clone(), block)));
    }
    prompt
}

/// The bytes of these blocks without their markers.
fn bytes(prompt: &[(String, Value)]) -> String {
    let mut bytes = String::new();
    for (place, block) in prompt {
        let mut block = block.clone();
        unmark(&mut block);
        bytes += &format!("{place} {block}\n");
    }
    bytes
}

proptest! {
    #[test]
    fn at_most_four_markers_none_where_the_api_refuses_one_and_the_longer_first(
        requests in requests(),
        retention in prop::sample::select(vec![Retention::None, Retention::Short, Retention::Long]),
    ) {
        for mut request in requests {
            mark(&mut request, retention);
            let sent = String::from_utf8(request.body(true)).unwrap();
            let prompt = prompt(&request);
            let markers: Vec<&Value> = prompt.iter().filter_map(|(_, block)| block.get("cache_control")).collect();
            // None is hidden deeper, where it would count all the same.
            prop_assert_eq!(markers.len(), sent.matches(r#""cache_control":"#).count());
            let most = if retention == Retention::None { 0 } else { 4 };
            prop_assert!(markers.len() <= most);
            for (_, block) in prompt.iter().filter(|(_, block)| block.get("cache_control").is_some()) {
                let kind = block.get("type").and_then(Value::as_str);
                prop_assert!(!matches!(kind, Some("thinking" | "redacted_thinking")), "{}", block);
                let is_empty = |text: &Value| text.as_str().is_some_and(|text| text.trim().is_empty());
                prop_assert!(kind != Some("text") || !is_empty(&block["text"]), "{}", block);
                prop_assert!(block.get("defer_loading").is_none(), "{}", block);
            }
            let is_long: Vec<bool> = markers.iter().map(|marker| marker["ttl"] == "1h").collect();
            prop_assert!(is_long.is_sorted_by(|before, after| before >= after));
        }
    }

    #[test]
    fn a_turn_up_to_its_last_marker_is_how_the_next_one_begins(
        requests in requests(),
        retention in prop::sample::select(vec![Retention::Short, Retention::Long]),
    ) {
        let marked = requests.into_iter().map(|mut request| {
            mark(&mut request, retention);
            prompt(&request)
        });
        let turns: Vec<_> = marked.collect();
        for pair in turns.windows(2) {
            let [turn, next] = pair else { unreachable!() };
            let Some(last) = turn.iter().rposition(|(_, block)| block.get("cache_control").is_some()) else { continue };
            prop_assert!(bytes(next).starts_with(&bytes(&turn[..=last])));
        }
    }
}
