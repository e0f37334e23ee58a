//! Every fault, as a client meets it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::sandbox::faults::{Fault, Place};

/// Faults that answer with an error, and what the error is.
const REFUSALS: [(&str, u16, &str, &str); 13] = [
    ("rate-limit", 429, "rate_limit_error", "rate limit"),
    ("spend-limit", 429, "rate_limit_error", "resumes on 2026-12-01 at 00:00 UTC"),
    ("usage-limit", 400, "invalid_request_error", "You have reached your specified API usage limits. "),
    ("billing", 402, "billing_error", "billing"),
    ("credit", 400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."),
    ("auth", 401, "authentication_error", "invalid x-api-key"),
    ("revoked", 401, "authentication_error", "API key has been revoked"),
    ("permission", 403, "permission_error", "permission"),
    ("not-found", 404, "not_found_error", "model: claude-sonnet-5"),
    ("too-large", 413, "request_too_large", "maximum allowed"),
    ("overloaded", 529, "overloaded_error", "Overloaded"),
    ("api-error", 500, "api_error", "Internal server error"),
    ("timeout-error", 504, "timeout_error", "timed out"),
];

/// Faults that break an answer.
const BREAKS: [&str; 9] = [
    "overloaded-in-stream",
    "error-after-text",
    "error-after-thinking",
    "error-after-tool-use",
    "cut-before",
    "cut-inside",
    "hang",
    "stall",
    "empty",
];

/// Faults that strike only requests with the beta of the 1M window, and what the error is.
const LONG_CONTEXT: [(&str, u16, &str, &str); 4] = [
    (
        "long-context-plan",
        400,
        "invalid_request_error",
        "The long context beta is not yet available for this subscription.",
    ),
    ("long-context-credits", 429, "rate_limit_error", "Usage credits are required for long context requests"),
    ("long-context-usage", 429, "rate_limit_error", "Usage credits required for 1M context"),
    ("long-context-beta", 400, "invalid_request_error", "`context-1m-2025-08-07`"),
];

/// How long nothing must come where nothing may come.
const SILENCE: Duration = Duration::from_millis(50);

#[test]
fn no_fault_goes_untested() {
    let here = |(_, fault): &(&str, Fault)| fault.strikes_at(Place::Api);
    let known: BTreeSet<_> = Fault::ALL.into_iter().filter(here).map(|(name, _)| name).collect();
    let tested: BTreeSet<_> =
        REFUSALS.iter().map(|(name, ..)| *name).chain(BREAKS).chain(LONG_CONTEXT.map(|it| it.0)).collect();
    assert_eq!(known, tested);
}

#[tokio::test]
async fn refusals_come_by_header_and_by_credential_for_plain_and_streamed_requests() {
    let stage = Stage::new().await;
    for (name, status, kind, message) in REFUSALS {
        let key = format!("sk-ant-api03-sandbox-fault-{name}-x3Qw");
        for request in [
            stage.faulty(name, &question("hi")),
            stage.faulty(name, &streamed("hi")),
            stage.messages_as(&key, &question("hi")),
        ] {
            let (found_status, found_kind, found) = error(request).await;
            assert_eq!((found_status, found_kind.as_str()), (status, kind), "{name}");
            assert!(found.contains(message), "{name}: {found}");
        }
    }
}

#[tokio::test]
async fn the_long_window_is_refused_only_to_those_who_ask_for_it() {
    let stage = Stage::new().await;
    for (name, status, kind, message) in LONG_CONTEXT {
        let asking = stage.faulty(name, &question("hi")).header("anthropic-beta", "a, context-1m-2025-08-07");
        let (found_status, found_kind, found) = error(asking).await;
        assert_eq!((found_status, found_kind.as_str()), (status, kind), "{name}");
        assert!(found.contains(message), "{name}: {found}");
        answer(stage.faulty(name, &question("hi"))).await;
    }
}

#[tokio::test]
async fn faults_strike_probes_too() {
    let stage = Stage::new().await;
    assert_eq!(error(stage.get("/v1/models?limit=1").header("x-sandbox-fault", "auth")).await.0, 401);
}

#[tokio::test]
async fn bearer_tokens_are_refused_in_their_own_words() {
    let stage = Stage::new().await;
    for (name, message) in [("auth", "Invalid bearer token"), ("revoked", "OAuth token has been revoked.")] {
        let request = stage
            .bare("POST", "/v1/messages")
            .header("anthropic-version", "2023-06-01")
            .header("anthropic-beta", "oauth-2025-04-20")
            .header("authorization", format!("Bearer sk-ant-oat01-sandbox-fault-{name}-y7Rk"));
        let (status, _, found) = error(request.json(&question("hi"))).await;
        assert_eq!(status, 401);
        assert!(found.starts_with(message), "{found}");
    }
}

#[tokio::test]
async fn a_rate_limit_says_when_to_come_back_unless_told_not_to() {
    let stage = Stage::new().await;
    for (fault, retry_after, reset) in [
        ("rate-limit", Some("30"), Some("2026-11-22T10:00:30Z")),
        ("rate-limit;retry-after=5", Some("5"), Some("2026-11-22T10:00:05Z")),
        ("rate-limit;retry-after=none", None, None),
        ("spend-limit", None, None),
    ] {
        let response = stage.faulty(fault, &question("hi")).send().await.unwrap();
        assert_eq!(header(&response, "retry-after"), retry_after, "{fault}");
        assert_eq!(header(&response, "anthropic-ratelimit-requests-reset"), reset, "{fault}");
    }
}

#[tokio::test]
async fn a_spend_limit_is_told_by_its_error_code() {
    let stage = Stage::new().await;
    let response = stage.faulty("spend-limit", &question("hi")).send().await.unwrap();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["error"]["details"]["error_code"], "enforced_spend_limit_reached");
}

#[tokio::test]
async fn recovery_can_be_rehearsed() {
    let stage = Stage::new().await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let key = "sk-ant-api03-sandbox-fault-overloaded-after-1-times-2-x3Qw";
        let response = stage.messages_as(key, &question("hi")).send().await.unwrap();
        statuses.push(response.status().as_u16());
    }
    assert_eq!(statuses, [200, 529, 529, 200]);
}

#[tokio::test]
async fn unknown_faults_are_refused_naming_the_known_ones() {
    let stage = Stage::new().await;
    let by_header = stage.faulty("flood", &question("hi"));
    let by_key = stage.messages_as("sk-ant-api03-sandbox-fault-flood-x3Qw", &question("hi"));
    for request in [by_header, by_key] {
        let (status, _, message) = error(request).await;
        assert_eq!(status, 400);
        for (name, fault) in Fault::ALL {
            assert_eq!(message.contains(name), fault.strikes_at(Place::Api), "{name}: {message}");
        }
    }
}

#[tokio::test]
async fn faults_never_reach_a_caller_that_is_not_let_in() {
    let stage = Stage::new().await;
    for key in ["sk-ant-api03-fault-billing-x", "fault"] {
        let request = stage.messages_as(key, &question("hi")).header("x-sandbox-fault", "billing");
        assert_eq!(error(request).await.0, 401);
    }
}

#[tokio::test]
async fn errors_inside_of_a_stream_come_after_200() {
    let stage = Stage::new().await;
    for (name, kind, texts) in
        [("overloaded-in-stream", "overloaded_error", false), ("error-after-text", "api_error", true)]
    {
        let response = stage.faulty(name, &streamed("hi")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let events = events(&response.text().await.unwrap());
        let (last, data) = events.last().unwrap();
        assert_eq!((last.as_str(), &data["error"]["type"]), ("error", &Value::from(kind)));
        let has_text = events.iter().any(|(name, _)| name == "content_block_delta");
        assert_eq!(has_text, texts, "{name}");
    }
}

#[tokio::test]
async fn without_a_stream_an_error_inside_of_it_is_a_plain_error() {
    let stage = Stage::new().await;
    assert_eq!(error(stage.faulty("overloaded-in-stream", &question("hi"))).await.0, 529);
    assert_eq!(error(stage.faulty("error-after-text", &question("hi"))).await.0, 500);
}

#[tokio::test]
async fn a_cut_before_comes_after_the_headers_and_before_any_byte() {
    let stage = Stage::new().await;
    for body in [question("hi"), streamed("hi")] {
        let mut response = stage.faulty("cut-before", &body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert!(response.chunk().await.is_err());
    }
}

#[tokio::test]
async fn a_cut_inside_comes_after_some_of_the_answer() {
    let stage = Stage::new().await;
    for (body, part) in [(question("hi"), "{"), (streamed("hi"), "text_delta")] {
        let mut response = stage.faulty("cut-inside", &body).send().await.unwrap();
        let mut text = String::new();
        while let Ok(chunk) = response.chunk().await {
            text.push_str(std::str::from_utf8(&chunk.expect("the end is no proper one")).unwrap());
        }
        assert!(text.contains(part), "{text}");
        assert!(!text.contains("message_stop"), "{text}");
    }
}

#[tokio::test]
async fn a_hanging_request_is_never_answered() {
    let stage = Stage::new().await;
    let mut waiting = tokio::spawn(stage.faulty("hang", &question("hi")).send());
    stage.arrived(1).await;
    assert!(tokio::time::timeout(SILENCE, &mut waiting).await.is_err());
    assert_eq!(stage.sandbox.requests()[0].status, None);
    waiting.abort();
}

#[tokio::test]
async fn a_stalled_stream_stays_open_and_says_nothing_more() {
    let stage = Stage::new().await;
    // Two pieces, of which the first comes.
    let body = streamed("[sandbox:say one two three four]");
    let mut response = stage.faulty("stall", &body).send().await.unwrap();
    let mut text = String::new();
    while !text.contains("text_delta") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(tokio::time::timeout(SILENCE, response.chunk()).await.is_err());
    stage.sandbox.shutdown().await.unwrap();
    assert!(response.chunk().await.is_err());
}

#[tokio::test]
async fn an_empty_answer_has_no_content() {
    let stage = Stage::new().await;
    let message = answer(stage.faulty("empty", &question("hi"))).await;
    assert_eq!(
        (&message["content"], &message["stop_reason"]),
        (&serde_json::json!([]), &Value::from("end_turn"))
    );
    assert_eq!(message["usage"]["output_tokens"], 0);
    let text = stage.faulty("empty", &streamed("hi")).send().await.unwrap().text().await.unwrap();
    let names: Vec<_> = events(&text).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["message_start", "ping", "message_delta", "message_stop"]);
}
