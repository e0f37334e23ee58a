//! What is written down and charged when an answer does not come to its end, or comes in an odd way: whoever hangs up pays for
//! what passed, and what the provider may have answered costs something although nobody saw it.

use std::time::Duration;

use serde_json::json;

use crate::inside::{CLIENT_KEY, Inside, Recorded};
use crate::support::wire::{Answer, Asked, Provider, Sent, send, within};

const HEADERS: [(&str, &str); 3] =
    [("x-api-key", CLIENT_KEY), ("content-type", "application/json"), ("anthropic-version", "2023-06-01")];

/// Sonnet 5 costs 10 dollars a million of output, and 2 of plain input.
const MAX_TOKENS: i64 = 1_000;

fn body(streams: bool) -> String {
    let messages = json!([{ "role": "user", "content": "hi" }]);
    json!({ "model": "claude-sonnet-5", "max_tokens": MAX_TOKENS, "stream": streams, "messages": messages })
        .to_string()
}

async fn asked(gateway: &Inside, provider: &Provider, streams: bool) -> (Asked, Sent) {
    let sent = send(&gateway.url, "POST /v1/messages", &HEADERS, body(streams).as_bytes()).await;
    (within(provider.request()).await, sent)
}

fn start() -> String {
    let usage = json!({ "input_tokens": 7, "output_tokens": 1 });
    let message = json!({ "id": "msg_1", "model": "claude-sonnet-5", "content": [], "usage": usage });
    format!("event: message_start\ndata: {}\n\n", json!({ "type": "message_start", "message": message }))
}

fn text(text: &str) -> String {
    let delta = json!({ "type": "text_delta", "text": text });
    let data = json!({ "type": "content_block_delta", "index": 0, "delta": delta });
    format!("event: content_block_delta\ndata: {data}\n\n")
}

const END: &str = concat!(
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

const OVERLOADED: &str = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";

async fn rest(mut answer: Answer) -> String {
    let mut text = String::new();
    while let Some(piece) = within(answer.piece()).await {
        text.push_str(&piece);
    }
    text
}

fn only(mut rows: Vec<Recorded>) -> Recorded {
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

#[tokio::test]
async fn whoever_leaves_before_the_answer_begins_is_written_down_with_the_estimate() {
    let provider = Provider::listen().await;
    for (keys, streams) in [(1, false), (2, false), (1, true), (2, true)] {
        let gateway = Inside::start_capped(&provider.url(), keys).await;
        let (waits, sent) = asked(&gateway, &provider, streams).await;
        drop(sent);
        within(waits.left()).await;
        let row = only(gateway.recorded().await);
        assert_eq!(
            (row.outcome.as_str(), row.error.as_deref()),
            ("interrupted", Some("cancelled")),
            "{row:?}"
        );
        assert_eq!((row.cost, row.failed_attempts), (None, 0));
        assert!(row.charged.unwrap() > MAX_TOKENS * 10, "{row:?}");
    }
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_pays_for_what_passed() {
    let provider = Provider::listen().await;
    let gateway = Inside::start_capped(&provider.url(), 1).await;
    let (mut asked, sent) = asked(&gateway, &provider, true).await;
    asked.begin_stream().await;
    let mut answer = within(sent.answer()).await;
    asked.send(&start()).await;
    let sentence = "Thirty bytes are ten tokens. ..";
    for _ in 0..50 {
        asked.send(&text(sentence)).await;
    }
    let mut passed = String::new();
    while passed.matches(sentence).count() < 50 {
        passed.push_str(&within(answer.piece()).await.unwrap());
    }
    drop(answer);
    within(asked.left()).await;
    let row = only(gateway.recorded().await);
    assert_eq!((row.outcome.as_str(), row.error.as_deref()), ("interrupted", Some("cancelled")));
    // The provider had told one token by then; the price of the others is charged, and stands apart.
    assert_eq!((row.output, row.cost), (Some(1), Some(7 * 2 + 10)));
    let charged = row.charged.unwrap();
    assert!((500 * 10..700 * 10).contains(&charged), "{charged}");
}

#[tokio::test]
async fn an_answer_that_comes_all_at_once_ends_as_it_should() {
    let provider = Provider::listen().await;
    for content in [text("All."), String::new()] {
        let gateway = Inside::start_capped(&provider.url(), 2).await;
        let (mut asked, sent) = asked(&gateway, &provider, true).await;
        let whole = format!("{}{content}{END}", start());
        asked.begin_stream().await;
        asked.send(&whole).await;
        asked.end_stream().await;
        assert_eq!(rest(within(sent.answer()).await).await, whole);
        let row = only(gateway.recorded().await);
        assert_eq!((row.outcome.as_str(), row.error, row.output), ("complete", None, Some(9)));
        assert_eq!((row.cost, row.charged), (Some(7 * 2 + 90), None));
    }
}

#[tokio::test]
async fn an_error_right_behind_the_first_content_is_told_once() {
    let provider = Provider::listen().await;
    let gateway = Inside::start_capped(&provider.url(), 2).await;
    let (mut asked, sent) = asked(&gateway, &provider, true).await;
    let all = format!("{}{}{OVERLOADED}", start(), text("Be"));
    asked.begin_stream().await;
    asked.send(&all).await;
    asked.end_stream().await;
    assert_eq!(rest(within(sent.answer()).await).await, all);
    let row = only(gateway.recorded().await);
    assert_eq!((row.outcome.as_str(), row.error.as_deref()), ("interrupted", Some("overloaded")));
}

#[tokio::test]
async fn an_answer_that_got_lost_on_its_way_may_have_cost_the_estimate() {
    let provider = Provider::listen().await;
    let gateway = Inside::start_capped(&provider.url(), 1).await;
    let (mut asked, sent) = asked(&gateway, &provider, false).await;
    asked.begin_cut(&json!({ "type": "message" }).to_string()).await;
    drop(asked);
    assert_eq!(within(sent.answer()).await.status, 502);
    let row = only(gateway.recorded().await);
    assert_eq!((row.outcome.as_str(), row.error.as_deref()), ("interrupted", Some("timeout")));
    assert_eq!(row.cost, None);
    assert!(row.charged.unwrap() > MAX_TOKENS * 10, "{row:?}");
}

#[tokio::test]
async fn what_was_refused_costs_nothing() {
    let provider = Provider::listen().await;
    let gateway = Inside::start_capped(&provider.url(), 1).await;
    let (asked, sent) = asked(&gateway, &provider, false).await;
    asked.answer("500 Internal Server Error", &[], b"{}").await;
    assert_eq!(within(sent.answer()).await.status, 500);
    let row = only(gateway.recorded().await);
    assert_eq!((row.outcome.as_str(), row.cost, row.charged), ("failed", None, None));
}

#[tokio::test]
async fn of_a_limit_and_a_refused_credential_the_client_is_told_the_limit() {
    let provider = Provider::listen().await;
    let limit = ("429 Too Many Requests", "rate_limit_error");
    let refused = ("401 Unauthorized", "authentication_error");
    for failures in [[limit, refused], [refused, limit]] {
        let gateway = Inside::start_capped(&provider.url(), 2).await;
        let sent = send(&gateway.url, "POST /v1/messages", &HEADERS, body(true).as_bytes()).await;
        for (status, kind) in failures {
            let asked = within(provider.request()).await;
            let error = json!({ "type": "error", "error": { "type": kind, "message": "no" } }).to_string();
            let headers = [("content-type", "application/json"), ("retry-after", "40")];
            asked.answer(status, &headers, error.as_bytes()).await;
        }
        let answer = within(sent.answer()).await;
        assert_eq!((answer.status, answer.head.header("retry-after")), (429, Some("40")));
        let row = only(gateway.recorded().await);
        assert_eq!((row.outcome.as_str(), row.failed_attempts), ("failed", 1));
    }
}

#[tokio::test(start_paused = true)]
async fn behind_the_error_that_ends_a_silent_answer_comes_nothing() {
    let provider = Provider::listen().await;
    let gateway = Inside::start_capped(&provider.url(), 1).await;
    let sent = send(&gateway.url, "POST /v1/messages", &HEADERS, body(true).as_bytes()).await;
    let mut asked = provider.request().await;
    asked.begin_stream().await;
    let mut answer = sent.answer().await;
    asked.send(&(start() + &text("Hm"))).await;
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(905)).await;
        asked.send(END).await;
        asked.left().await;
    });
    let mut all = String::new();
    while let Some(piece) = answer.piece().await {
        all.push_str(&piece);
    }
    let (_, last) = all.trim_end().rsplit_once("\n\n").unwrap();
    assert!(last.starts_with("event: error\n"), "{all}");
    assert!(!all.contains("message_stop"), "{all}");
}

#[tokio::test]
async fn a_name_as_long_as_a_book_is_kept_nowhere() {
    let provider = Provider::listen().await;
    let gateway = Inside::start_capped(&provider.url(), 1).await;
    let body = json!({ "model": "x".repeat(1_000_000), "max_tokens": 1, "messages": [] }).to_string();
    let sent = send(&gateway.url, "POST /v1/messages", &HEADERS, body.as_bytes()).await;
    // A key with a cap asks what has a price.
    assert_eq!(within(sent.answer()).await.status, 400);
    assert_eq!(gateway.recorded().await, []);
}
