//! Everything the sandbox refuses, as it is refused over HTTP. The many rules for bodies are tested in
//! [`crate::sandbox::request`] and `markers`; here is one of each place they can come from.

use serde_json::{Value, json};

use super::*;

/// A request with these headers and a good body.
fn with(stage: &Stage, headers: &[(&str, &str)]) -> RequestBuilder {
    let request = stage.bare("POST", "/v1/messages").json(&question("hi"));
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

const VERSION: (&str, &str) = ("anthropic-version", "2023-06-01");

#[tokio::test]
async fn credentials_that_are_missing_real_or_of_the_wrong_kind_are_refused() {
    let stage = Stage::new().await;
    let bearer_as_key = TOKEN;
    let real = "sk-ant-api03-FAKE-but-not-marked-as-made-up-0000";
    let bearer = |token: &str| format!("Bearer {token}");
    for (header, value, message) in [
        ("x-other", String::new(), "x-api-key header is required"),
        ("x-api-key", String::new(), "invalid x-api-key"),
        ("x-api-key", real.to_owned(), "invalid x-api-key"),
        ("x-api-key", bearer_as_key.to_owned(), "invalid x-api-key"),
        ("x-api-key", "fased-ck-sandbox-x".to_owned(), "invalid x-api-key"),
        ("x-api-key", "sk-ant-admin01-sandbox-x".to_owned(), "invalid x-api-key"),
        ("authorization", TOKEN.to_owned(), "Invalid bearer token"),
        ("authorization", bearer(KEY), "Invalid bearer token"),
        ("authorization", bearer(real), "Invalid bearer token"),
        ("authorization", bearer("sk-ant-ort01-sandbox-x"), "Invalid bearer token"),
        ("authorization", "Basic dXNlcjpwYXNz".to_owned(), "Invalid bearer token"),
        ("authorization", bearer(TOKEN), "OAuth authentication is currently not supported."),
    ] {
        let (status, kind, found) = error(with(&stage, &[VERSION, (header, &value)])).await;
        assert_eq!(
            (status, kind.as_str(), found.as_str()),
            (401, "authentication_error", message),
            "{value}"
        );
    }
}

#[tokio::test]
async fn a_refused_caller_is_told_no_organization() {
    let stage = Stage::new().await;
    let response = with(&stage, &[VERSION]).send().await.unwrap();
    assert_eq!(header(&response, "anthropic-organization-id"), None);
}

#[tokio::test]
async fn the_version_header_is_required_and_must_be_known() {
    let stage = Stage::new().await;
    let key = ("x-api-key", KEY);
    assert_eq!(
        error(with(&stage, &[key])).await,
        (400, "invalid_request_error".into(), "anthropic-version: header is required".into())
    );
    let (status, _, message) = error(with(&stage, &[key, ("anthropic-version", "2020-01-01")])).await;
    assert_eq!((status, message.as_str()), (400, "anthropic-version: \"2020-01-01\" is not a valid version"));
}

#[tokio::test]
async fn the_long_context_beta_is_refused_with_a_bearer_token_only() {
    let stage = Stage::new().await;
    let bearer = format!("Bearer {TOKEN}");
    let betas = ("anthropic-beta", "oauth-2025-04-20,context-1m-2025-08-07");
    let (status, kind, message) = error(with(&stage, &[VERSION, ("authorization", &bearer), betas])).await;
    assert_eq!((status, kind.as_str()), (400, "invalid_request_error"));
    assert_eq!(message, "The long context beta is not yet available for this subscription.");
    answer(with(&stage, &[VERSION, ("x-api-key", KEY), betas])).await;
}

#[tokio::test]
async fn bodies_that_break_a_rule_are_invalid_requests() {
    let stage = Stage::new().await;
    let marker = json!({ "type": "ephemeral" });
    let five: Vec<_> =
        (0..5).map(|_| json!({ "type": "text", "text": "x", "cache_control": marker })).collect();
    let mut marked = question("hi");
    marked["system"] = five.into();
    let mut hot = question("hi");
    hot["temperature"] = 2.into();
    let mut warm = streamed("hi");
    warm["max_tokens"] = 0.into();
    for (body, message) in [
        (json!([]), "The request body should be a JSON object"),
        (json!({}), "model: Field required"),
        (
            json!({ "model": "claude-sonnet-5", "max_tokens": 1, "messages": [] }),
            "messages: at least one message is required",
        ),
        (marked, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        (hot, "temperature: range: 0..1"),
        (warm, "max_tokens: must be greater than 0 when `stream` is true"),
    ] {
        let (status, kind, found) = error(stage.messages(&body)).await;
        assert_eq!((status, kind.as_str(), found.as_str()), (400, "invalid_request_error", message));
    }
    let no_json = stage.messages(&Value::Null).body("{\"model\":");
    assert!(error(no_json).await.2.starts_with("The request body is not valid JSON"));
}

#[tokio::test]
async fn counting_is_as_strict_as_asking() {
    let stage = Stage::new().await;
    let count = |body: &Value| {
        let request = stage.bare("POST", "/v1/messages/count_tokens").header("x-api-key", KEY);
        request.header("anthropic-version", "2023-06-01").json(body)
    };
    let body = json!({ "model": "claude-sonnet-5", "messages": [] });
    assert_eq!(error(count(&body)).await.2, "messages: at least one message is required");
    let body = json!({ "model": "claude-nosuch", "messages": [{ "role": "user", "content": "hi" }] });
    assert_eq!(error(count(&body)).await.0, 404);
}

#[tokio::test]
async fn an_unknown_model_is_not_found() {
    let stage = Stage::new().await;
    let mut body = question("hi");
    body["model"] = "claude-nosuch".into();
    assert_eq!(
        error(stage.messages(&body)).await,
        (404, "not_found_error".into(), "model: claude-nosuch".into())
    );
}

#[tokio::test]
async fn a_prompt_longer_than_the_window_is_refused() {
    let stage = Stage::new().await;
    let mut body = question(&"x".repeat(800_004));
    body["model"] = "claude-haiku-4-5".into();
    assert_eq!(error(stage.messages(&body)).await.2, "prompt is too long: 200001 tokens > 200000 maximum");
}

#[tokio::test]
async fn a_body_over_32_mib_is_too_large() {
    let stage = Stage::new().await;
    let request = stage.messages(&Value::Null).body(vec![b' '; 32 * 1024 * 1024 + 1]);
    let (status, kind, _) = error(request).await;
    assert_eq!((status, kind.as_str()), (413, "request_too_large"));
    assert!(stage.sandbox.requests()[0].body.is_empty());
    let request = stage.messages(&Value::Null).body(vec![b' '; 32 * 1024 * 1024]);
    assert_eq!(error(request).await.0, 400);
}
