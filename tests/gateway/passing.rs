//! What passes through the gateway passes as it is: request and error bodies byte for byte, headers nobody here knows,
//! events at the moment they are sent, silence, and the news that somebody left.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::inside::{CLIENT_KEY, Inside};
use crate::support::wire::{Answer, Asked, Provider, Sent, send, within};

const MESSAGES: &str = "POST /v1/messages";
/// JSON no program would write the same way again.
const BODY: &str = "{ \"stream\":true,\n\t\"max_tokens\" : 16, \"model\":\"claude-sonnet-5\", \"messages\":[{\"role\":\"user\",\
                    \"content\":\"\\u00fc \u{fc} \\/ 1e2\"}], \"unknown_field\": {\"n\": 1.0e0, \"n\": 00e-0}}\r\n ";
/// The same, read by a stricter parser.
const TIDY_BODY: &str = "{ \"stream\":true,\n\t\"max_tokens\" : 16, \"model\":\"claude-sonnet-5\", \"messages\":[{\"role\":\"user\",\
                    \"content\":\"\\u00fc \u{fc} \\/ 1e2\"}], \"unknown_field\": {\"n\": 1.0e0, \"n\": 2}}\r\n ";

fn hash(bytes: &[u8]) -> String {
    format!("{:x?}", Sha256::digest(bytes).as_slice())
}

fn headers() -> Vec<(&'static str, &'static str)> {
    vec![
        ("x-api-key", CLIENT_KEY),
        ("content-type", "application/json"),
        ("anthropic-version", "2023-06-01"),
        ("anthropic-beta", "one-2026-01-01,two-2026-01-01"),
        ("anthropic-never-heard-of", "Kept As It Is"),
        ("x-claude-code-session-id", "session-1"),
        ("user-agent", "client/1.2"),
    ]
}

/// A request that arrived at the provider, and the client that waits for its answer.
async fn asked(gateway: &Inside, provider: &Provider, body: &str) -> (Asked, Sent) {
    let sent = send(&gateway.url, MESSAGES, &headers(), body.as_bytes()).await;
    (within(provider.request()).await, sent)
}

/// Events of an answer; the second one is its first content.
fn events(words: usize) -> Vec<String> {
    let start = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5","content":[],"stop_reason":null,"usage":{"input_tokens":7,"output_tokens":1}}}"#;
    let mut events = vec![
        format!("event: message_start\ndata: {start}\n\n"),
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n".to_owned(),
    ];
    events.extend((0..words).map(|n| {
        format!("event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{n} \"}}}}\n\n")
    }));
    events.push("event: ping\ndata: {\"type\": \"ping\"}\n\n".to_owned());
    events.push(": a comment of the provider's\n\n".to_owned());
    events.push("event: never_heard_of\ndata: {\"type\":\"never_heard_of\",\"x\":1}\n\n".to_owned());
    events.push(
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n".to_owned(),
    );
    events.push("event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n".to_owned());
    events.push("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned());
    events
}

/// Waits until so much of a stream has arrived.
async fn arrives(answer: &mut Answer, wanted: &str) {
    let mut text = String::new();
    while text.len() < wanted.len() {
        text.push_str(&within(answer.piece()).await.expect("the stream ended"));
    }
    assert_eq!(text, wanted);
}

#[tokio::test]
async fn a_request_arrives_byte_for_byte_with_headers_nobody_knows() {
    let provider = Provider::listen().await;
    let gateway = Inside::start(&provider.url(), 1).await;
    for body in [BODY, TIDY_BODY, "{}", "{\"model\":7}", "[not json", ""] {
        let (asked, sent) = asked(&gateway, &provider, body).await;
        assert_eq!(hash(&asked.body), hash(body.as_bytes()), "{body}");
        assert_eq!(asked.head.line, "POST /v1/messages HTTP/1.1");
        for (name, value) in headers().into_iter().skip(1) {
            assert_eq!(asked.head.header(name), Some(value), "{name}");
        }
        assert!(asked.head.headers.iter().all(|(_, value)| !value.contains(CLIENT_KEY)), "{:?}", asked.head);
        asked.answer("200 OK", &[("content-type", "application/json")], b"{}").await;
        assert_eq!(within(sent.answer()).await.status, 200);
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_told_in_its_own_words() {
    let provider = Provider::listen().await;
    for (status, kind) in [
        ("400 Bad Request", "invalid_request_error"),
        ("404 Not Found", "not_found_error"),
        ("413 Payload Too Large", "request_too_large"),
        ("429 Too Many Requests", "rate_limit_error"),
        ("500 Internal Server Error", "api_error"),
        ("529 Overloaded", "overloaded_error"),
    ] {
        // A credential that failed is remembered, so each refusal meets one that is fresh.
        let gateway = Inside::start(&provider.url(), 1).await;
        let body = format!(
            "{{\"type\":\"error\" , \"error\":{{\"type\":\"{kind}\",\"message\":\"odd \\u00fc\", \"more\":[1,]}}}}\r\n\t"
        );
        let (asked, sent) = asked(&gateway, &provider, TIDY_BODY).await;
        let kept = [
            ("content-type", "application/json"),
            ("request-id", "req_of_the_provider"),
            ("retry-after", "7"),
            ("anthropic-ratelimit-never-heard-of", "9"),
            ("x-should-retry", "true"),
        ];
        asked.answer(status, &kept, body.as_bytes()).await;
        let answer = within(sent.answer()).await;
        assert_eq!(answer.status.to_string(), status[..3]);
        for (name, value) in kept {
            assert_eq!(answer.head.header(name), Some(value), "{status} {name}");
        }
        assert_eq!(hash(&within(answer.body()).await), hash(body.as_bytes()), "{status}");
    }
}

#[tokio::test]
async fn every_event_is_with_the_client_before_the_provider_sends_the_next() {
    let provider = Provider::listen().await;
    let gateway = Inside::start(&provider.url(), 1).await;
    let (mut asked, sent) = asked(&gateway, &provider, TIDY_BODY).await;
    asked.begin_stream().await;
    // With one credential nothing is held: even the head comes alone.
    let mut answer = within(sent.answer()).await;
    assert_eq!(answer.head.header("content-type"), Some("text/event-stream"));
    for event in events(50) {
        asked.send(&event).await;
        arrives(&mut answer, &event).await;
    }
    asked.end_stream().await;
    assert_eq!(within(answer.piece()).await, None);
}

#[tokio::test]
async fn where_another_credential_could_take_over_events_are_held_until_the_first_content_and_not_after() {
    let provider = Provider::listen().await;
    let gateway = Inside::start(&provider.url(), 2).await;
    let (mut asked, sent) = asked(&gateway, &provider, TIDY_BODY).await;
    asked.begin_stream().await;
    let events = events(20);
    let (held, lock_step) = events.split_at(3);
    for event in held {
        asked.send(event).await;
    }
    let mut answer = within(sent.answer()).await;
    arrives(&mut answer, &held.concat()).await;
    for event in lock_step {
        asked.send(event).await;
        arrives(&mut answer, event).await;
    }
    asked.end_stream().await;
    assert_eq!(within(answer.piece()).await, None);
}

#[tokio::test]
async fn an_event_in_pieces_is_not_waited_for_to_be_whole() {
    let provider = Provider::listen().await;
    let gateway = Inside::start(&provider.url(), 1).await;
    let (mut asked, sent) = asked(&gateway, &provider, TIDY_BODY).await;
    asked.begin_stream().await;
    let mut answer = within(sent.answer()).await;
    let events = events(1);
    let whole = events.concat();
    for piece in whole.as_bytes().chunks(7) {
        let piece = std::str::from_utf8(piece).unwrap();
        asked.send(piece).await;
        arrives(&mut answer, piece).await;
    }
    asked.end_stream().await;
    assert_eq!(within(answer.piece()).await, None);
}

#[tokio::test(start_paused = true)]
async fn six_minutes_of_silence_end_no_stream() {
    let provider = Provider::listen().await;
    let gateway = Inside::start(&provider.url(), 1).await;
    let sent = send(&gateway.url, MESSAGES, &headers(), TIDY_BODY.as_bytes()).await;
    let mut asked = provider.request().await;
    asked.begin_stream().await;
    let mut answer = sent.answer().await;
    let events = events(3);
    let (before, after) = events.split_at(3);
    asked.send(&before.concat()).await;
    let silent = tokio::spawn({
        let after = after.concat();
        async move {
            tokio::time::sleep(Duration::from_secs(360)).await;
            asked.send(&after).await;
            asked.end_stream().await;
        }
    });
    let begun = tokio::time::Instant::now();
    let (mut text, mut longest, mut last) = (String::new(), Duration::ZERO, begun);
    while let Some(piece) = answer.piece().await {
        longest = longest.max(last.elapsed());
        last = tokio::time::Instant::now();
        text.push_str(&piece);
    }
    assert!(begun.elapsed() >= Duration::from_secs(360));
    // Clients give up after less than a minute at the earliest, so there were signs of life, and no client sees them.
    assert!(longest <= Duration::from_secs(30), "{longest:?}");
    let without: String =
        text.split_inclusive("\n\n").filter(|part| !part.starts_with(": still waiting")).collect();
    assert_eq!(without, events.concat());
    drop(answer);
    silent.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn silence_within_an_event_is_not_filled() {
    let provider = Provider::listen().await;
    let gateway = Inside::start(&provider.url(), 1).await;
    let sent = send(&gateway.url, MESSAGES, &headers(), TIDY_BODY.as_bytes()).await;
    let mut asked = provider.request().await;
    asked.begin_stream().await;
    let mut answer = sent.answer().await;
    let whole = events(1).concat();
    let (before, after) = whole.split_at(whole.find("text_delta").unwrap());
    let (before, after) = (before.to_owned(), after.to_owned());
    tokio::spawn(async move {
        asked.send(&before).await;
        tokio::time::sleep(Duration::from_secs(100)).await;
        asked.send(&after).await;
        asked.end_stream().await;
    });
    let mut text = String::new();
    while let Some(piece) = answer.piece().await {
        text.push_str(&piece);
    }
    assert_eq!(text, whole);
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_request_at_the_provider() {
    let provider = Provider::listen().await;
    for keys in [1, 2] {
        let gateway = Inside::start(&provider.url(), keys).await;
        // In the middle of an answer.
        let (mut asked, sent) = asked(&gateway, &provider, TIDY_BODY).await;
        asked.begin_stream().await;
        for event in events(5).iter().take(4) {
            asked.send(event).await;
        }
        let mut answer = within(sent.answer()).await;
        within(answer.piece()).await.unwrap();
        drop(answer);
        within(asked.left()).await;
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_begins_ends_the_request_too() {
    let provider = Provider::listen().await;
    for keys in [1, 2] {
        let gateway = Inside::start(&provider.url(), keys).await;
        let (waits, sent) = asked(&gateway, &provider, TIDY_BODY).await;
        drop(sent);
        within(waits.left()).await;
        // While events are held.
        let (mut asked, sent) = asked(&gateway, &provider, TIDY_BODY).await;
        asked.begin_stream().await;
        asked.send(&events(1)[0]).await;
        drop(sent);
        within(asked.left()).await;
    }
}

#[tokio::test]
async fn no_name_of_a_model_leads_anywhere_else() {
    let provider = Provider::listen().await;
    let gateway = Inside::start(&provider.url(), 1).await;
    for name in [
        "..",
        "%2e%2e",
        ".",
        "..\\..\\v1\\files",
        "..%5c..%5cv1%5cfiles",
        "%2e%2e%2ffiles",
        "a%2f..%2f..%2ffiles",
        "x%00",
        "x%0d%0ay",
        "a?b",
        "a\\b",
    ] {
        let line = format!("GET /v1/models/{name}");
        let sent = send(&gateway.url, &line, &[("x-api-key", CLIENT_KEY)], b"").await;
        tokio::select! {
            asked = provider.request() => {
                let path = asked.head.line.split(' ').nth(1).unwrap().to_owned();
                let rest = path.strip_prefix("/v1/models/").unwrap_or_else(|| panic!("{name} leads to {path}"));
                assert!(!rest.contains(['/', '\\']) && !rest.is_empty() && rest != ".", "{name} leads to {path}");
                assert!(!rest.to_ascii_lowercase().contains("%2f") && !rest.to_ascii_lowercase().contains("%5c"), "{name} leads to {path}");
            }
            answer = sent.answer() => assert!(matches!(answer.status, 400 | 404), "{name}: {:?}", answer.head),
        }
    }
}
