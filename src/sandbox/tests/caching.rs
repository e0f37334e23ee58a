//! The cache as a client sees it: usage figures, isolation between credentials, and time.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

/// A question behind a system prompt of 2,000 tokens with a marker.
fn cached(model: &str) -> Value {
    let mut body = question("12345678");
    body["model"] = model.into();
    body["system"] =
        json!([{ "type": "text", "text": "x".repeat(8_000), "cache_control": { "type": "ephemeral" } }]);
    body
}

/// Read, written, plain.
async fn usage(request: RequestBuilder) -> [u64; 3] {
    let usage = answer(request).await["usage"].clone();
    ["cache_read_input_tokens", "cache_creation_input_tokens", "input_tokens"]
        .map(|name| usage[name].as_u64().unwrap())
}

#[tokio::test]
async fn the_second_request_reads_what_the_first_wrote_until_it_expires() {
    let stage = Stage::new().await;
    let body = cached("claude-sonnet-5");
    assert_eq!(usage(stage.messages(&body)).await, [0, 2_000, 2]);
    assert_eq!(usage(stage.messages(&body)).await, [2_000, 0, 2]);
    stage.clock.advance(Duration::from_secs(300));
    assert_eq!(usage(stage.messages(&body)).await, [0, 2_000, 2]);
}

#[tokio::test]
async fn usage_splits_the_writes_by_time_to_live() {
    let stage = Stage::new().await;
    let mut body = cached("claude-sonnet-5");
    body["system"][0]["cache_control"]["ttl"] = "1h".into();
    body["cache_control"] = json!({ "type": "ephemeral" });
    let usage = answer(stage.messages(&body)).await["usage"].clone();
    assert_eq!(usage["cache_creation_input_tokens"], 2_002);
    let split = json!({ "ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 2_000 });
    assert_eq!(usage["cache_creation"], split);
    assert_eq!(usage["input_tokens"], 0);
}

#[tokio::test]
async fn the_minimum_is_the_models_and_1024_where_it_is_unknown() {
    let stage = Stage::new().await;
    for (model, written) in [
        ("claude-opus-5", 2_000),
        ("claude-sonnet-5", 2_000),
        ("claude-fable-5-1", 2_000),
        ("claude-opus-4-7", 0),
        ("claude-haiku-4-5", 0),
    ] {
        assert_eq!(usage(stage.messages(&cached(model))).await, [0, written, 2_002 - written], "{model}");
    }
}

#[tokio::test]
async fn two_credentials_share_a_cache_only_within_an_organization_and_workspace() {
    let stage = Stage::new().await;
    let body = cached("claude-sonnet-5");
    for (key, read) in [
        ("sk-ant-api03-sandbox-one-x", 0),
        ("sk-ant-api03-sandbox-two-x", 0),
        ("sk-ant-api03-sandbox-org-acme-one-x", 0),
        ("sk-ant-api03-sandbox-org-acme-two-x", 2_000),
        ("sk-ant-api03-sandbox-org-acme-workspace-lab-x", 0),
        ("sk-ant-api03-sandbox-org-acme-workspace-lab-y", 2_000),
    ] {
        assert_eq!(usage(stage.messages_as(key, &body)).await[0], read, "{key}");
    }
}

#[tokio::test]
async fn streaming_reports_the_cache_at_the_start_and_shares_it() {
    let stage = Stage::new().await;
    let mut body = cached("claude-sonnet-5");
    answer(stage.messages(&body)).await;
    body["stream"] = true.into();
    let text = stage.messages(&body).send().await.unwrap().text().await.unwrap();
    let (name, start) = events(&text).remove(0);
    assert_eq!(name, "message_start");
    assert_eq!(start["message"]["usage"]["cache_read_input_tokens"], 2_000);
}

#[tokio::test]
async fn warming_writes_the_cache() {
    let stage = Stage::new().await;
    let mut body = cached("claude-sonnet-5");
    body["max_tokens"] = 0.into();
    assert_eq!(usage(stage.messages(&body)).await, [0, 2_000, 2]);
    assert_eq!(usage(stage.messages(&cached("claude-sonnet-5"))).await, [2_000, 0, 2]);
}

#[tokio::test]
async fn a_request_that_is_refused_or_not_answered_yet_writes_nothing() {
    let stage = Stage::new().await;
    let body = cached("claude-sonnet-5");
    error(stage.faulty("overloaded", &body)).await;
    let hanging = tokio::spawn(stage.faulty("hang", &body).send());
    stage.arrived(2).await;
    assert_eq!(usage(stage.messages(&body)).await, [0, 2_000, 2]);
    hanging.abort();
}

#[tokio::test]
async fn counting_tokens_leaves_the_cache_alone() {
    let stage = Stage::new().await;
    let mut body = cached("claude-sonnet-5");
    let request = stage.bare("POST", "/v1/messages/count_tokens").header("x-api-key", KEY);
    let request = request.header("anthropic-version", "2023-06-01").json(&body);
    assert_eq!(answer(request).await, json!({ "input_tokens": 2_002 }));
    body["max_tokens"] = 5.into();
    assert_eq!(usage(stage.messages(&body)).await[0], 0);
}
