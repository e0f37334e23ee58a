//! Streams as a client reads them.

use std::time::Duration;

use super::*;
use crate::clock::{Clock as _, SystemClock};

#[tokio::test]
async fn a_stream_has_the_real_order_and_adds_up_to_the_plain_answer() {
    let stage = Stage::new().await;
    let plain = answer(stage.messages(&question("Why?"))).await;
    let response = stage.messages(&streamed("Why?")).send().await.unwrap();
    assert_eq!(header(&response, "content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(header(&response, "cache-control"), Some("no-cache"));
    let events = events(&response.text().await.unwrap());
    let mut names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    assert_eq!(
        names,
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let deltas = events.iter().filter_map(|(_, data)| data["delta"]["text"].as_str());
    assert_eq!(deltas.collect::<String>(), plain["content"][0]["text"].as_str().unwrap());
    let start = &events[0].1["message"];
    assert_eq!(start["content"], serde_json::json!([]));
    assert_eq!(start["stop_reason"], serde_json::Value::Null);
    let end = &events[events.len() - 2].1;
    assert_eq!(end["delta"]["stop_reason"], plain["stop_reason"]);
    assert_eq!(end["usage"], plain["usage"]);
}

#[tokio::test]
async fn every_event_travels_alone() {
    let stage = Stage::new().await;
    let mut response = stage.messages(&streamed("Why?")).send().await.unwrap();
    let (mut text, mut chunks) = (String::new(), 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        text.push_str(std::str::from_utf8(&chunk).unwrap());
        chunks += 1;
    }
    assert!(chunks >= events(&text).len(), "{chunks}");
}

#[tokio::test]
async fn events_come_no_faster_than_their_delay() {
    let (stage, clock) = (Stage::new().await, SystemClock::new());
    let slow = "sk-ant-api03-sandbox-event-delay-5ms-x3Qw";
    let body = streamed("[sandbox:say one]");
    for (request, delay) in [
        (stage.messages_as(slow, &body), 5),
        (stage.messages_as(slow, &body).header("x-sandbox-event-delay-ms", "10"), 10),
    ] {
        let start = clock.steady();
        let text = request.send().await.unwrap().text().await.unwrap();
        let gaps = u32::try_from(events(&text).len() - 1).unwrap();
        assert!(clock.steady() - start >= Duration::from_millis(delay) * gaps);
    }
}

#[tokio::test]
async fn a_long_answer_arrives_whole() {
    let stage = Stage::new().await;
    let mut body = streamed("[sandbox:repeat 5000]");
    body["max_tokens"] = 100_000.into();
    let text = stage.messages(&body).send().await.unwrap().text().await.unwrap();
    let words: String = events(&text).iter().filter_map(|(_, data)| data["delta"]["text"].as_str()).collect();
    assert_eq!(words.split(' ').count(), 5_000);
}
