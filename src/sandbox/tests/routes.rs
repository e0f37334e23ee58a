//! Plain answers, models, counting, the headers of every answer, and the sandbox's own routes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::{Clock as _, SystemClock};

#[tokio::test]
async fn a_question_is_answered() {
    let stage = Stage::new().await;
    let response = stage.messages(&question("Why is the sky blue?")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), Some("application/json"));
    let message: Value = response.json().await.unwrap();
    assert_eq!(message["type"], "message");
    assert_eq!(message["role"], "assistant");
    assert_eq!(message["model"], "claude-sonnet-5");
    assert_eq!(message["stop_reason"], "end_turn");
    assert!(message["content"][0]["text"].as_str().unwrap().contains("“Why is the sky blue?”"));
    assert_eq!(message["usage"]["input_tokens"], 5);
    assert_eq!(message["usage"]["service_tier"], "standard");
}

#[tokio::test]
async fn a_path_with_a_query_is_the_same_route() {
    let stage = Stage::new().await;
    let request = stage.bare("POST", "/v1/messages?beta=true");
    let request = request.header("anthropic-version", "2023-06-01").header("x-api-key", KEY);
    assert_eq!(answer(request.json(&question("hi"))).await["type"], "message");
    assert_eq!(stage.sandbox.requests()[0].query.as_deref(), Some("beta=true"));
}

#[tokio::test]
async fn max_tokens_cuts_the_answer_and_zero_only_warms_the_cache() {
    let stage = Stage::new().await;
    let mut body = question("hi");
    body["max_tokens"] = 3.into();
    let message = answer(stage.messages(&body)).await;
    assert_eq!(message["stop_reason"], "max_tokens");
    assert_eq!(message["usage"]["output_tokens"], 3);
    body["max_tokens"] = 0.into();
    let message = answer(stage.messages(&body)).await;
    assert_eq!(message["content"], json!([]));
    assert_eq!(message["stop_reason"], "max_tokens");
    assert_eq!(message["usage"]["output_tokens"], 0);
}

#[tokio::test]
async fn a_bearer_token_is_accepted_with_its_beta() {
    let stage = Stage::new().await;
    let request = stage
        .bare("POST", "/v1/messages")
        .header("anthropic-version", "2023-06-01")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("anthropic-beta", "claude-code-20250219,oauth-2025-04-20");
    assert_eq!(answer(request.json(&question("hi"))).await["type"], "message");
}

#[tokio::test]
async fn every_answer_names_request_organization_workspace_and_limits() {
    let stage = Stage::new().await;
    let (good, bad) = (question("hi"), json!({}));
    for request in [stage.messages(&good), stage.messages(&bad), stage.get("/v1/models")] {
        let response = request.send().await.unwrap();
        assert!(header(&response, "request-id").unwrap().starts_with("req_sandbox_"));
        assert_eq!(header(&response, "anthropic-organization-id").unwrap().len(), 36);
        assert!(header(&response, "anthropic-workspace-id").unwrap().starts_with("wrkspc_"));
        for kind in ["requests", "input-tokens", "output-tokens"] {
            for part in ["limit", "remaining"] {
                let name = format!("anthropic-ratelimit-{kind}-{part}");
                assert!(header(&response, &name).unwrap().parse::<u64>().is_ok(), "{name}");
            }
            let reset = header(&response, &format!("anthropic-ratelimit-{kind}-reset"));
            assert_eq!(reset, Some("2026-11-22T10:01:00Z"));
        }
    }
}

#[tokio::test]
async fn answers_count_against_the_limits_of_their_class() {
    let stage = Stage::new().await;
    let left = |response: reqwest::Response| {
        header(&response, "anthropic-ratelimit-requests-remaining").unwrap().to_owned()
    };
    assert_eq!(left(stage.messages(&question("hi")).send().await.unwrap()), "3999");
    assert_eq!(left(stage.messages(&question("hi")).send().await.unwrap()), "3998");
    let mut other = question("hi");
    other["model"] = "claude-opus-5".into();
    assert_eq!(left(stage.messages(&other).send().await.unwrap()), "3999");
}

#[tokio::test]
async fn tokens_are_counted_without_max_tokens() {
    let stage = Stage::new().await;
    let request = stage.bare("POST", "/v1/messages/count_tokens");
    let request = request.header("anthropic-version", "2023-06-01").header("x-api-key", KEY);
    let body = json!({ "model": "claude-sonnet-5", "messages": [{ "role": "user", "content": "12345678" }] });
    assert_eq!(answer(request.json(&body)).await, json!({ "input_tokens": 2 }));
}

#[tokio::test]
async fn models_are_listed_and_shown() {
    let stage = Stage::new().await;
    let page = answer(stage.get("/v1/models?limit=1")).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
    assert_eq!(page["has_more"], true);
    let model = answer(stage.get("/v1/models/claude-sonnet-5")).await;
    assert_eq!(model["type"], "model");
    assert_eq!(model["display_name"], "Claude Sonnet 5");
    assert_eq!(error(stage.get("/v1/models/claude-nosuch")).await.2, "model: claude-nosuch");
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_answer_in_anthropics_shape() {
    let stage = Stage::new().await;
    for path in ["/", "/v1/complete", "/api/hello"] {
        assert_eq!(
            error(stage.get(path)).await,
            (404, "not_found_error".into(), "Not Found".into()),
            "{path}"
        );
    }
    assert_eq!(error(stage.get("/v1/messages")).await.0, 405);
    assert_eq!(error(stage.bare("DELETE", "/v1/models")).await.0, 405);
}

#[tokio::test]
async fn what_arrived_can_be_looked_at_without_seeing_a_credential() {
    let stage = Stage::new().await;
    answer(stage.messages(&question("hi")).header("x-custom", "kept")).await;
    error(stage.bare("POST", "/v1/messages").body("no json")).await;
    let shown = stage.bare("GET", "/sandbox/requests").send().await.unwrap().text().await.unwrap();
    assert!(!shown.contains("tests-not-a-real-key"), "{shown}");
    let log: Value = serde_json::from_str(&shown).unwrap();
    let [first, second] = log["requests"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(
        (&first["method"], &first["path"], &first["status"]),
        (&json!("POST"), &json!("/v1/messages"), &json!(200))
    );
    assert_eq!(first["at"], "2026-11-22T10:00:00Z");
    assert_eq!(first["body"], question("hi"));
    let headers = first["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["x-api-key", "sk-ant-api03 …x3Qw"])), "{log}");
    assert!(headers.contains(&json!(["x-custom", "kept"])), "{log}");
    assert_eq!((&second["body"], &second["status"]), (&json!("no json"), &json!(401)));
}

#[tokio::test]
async fn it_says_that_it_is_well_and_keeps_its_own_routes_out_of_the_log() {
    let stage = Stage::new().await;
    assert_eq!(answer(stage.bare("GET", "/healthz")).await["status"], "ok");
    assert_eq!(stage.bare("POST", "/healthz").send().await.unwrap().status(), 405);
    assert!(stage.sandbox.requests().is_empty());
}

#[tokio::test]
async fn requests_under_another_name_are_refused_before_anything_else() {
    let stage = Stage::new().await;
    for path in ["/v1/models", "/healthz", "/sandbox/requests"] {
        let (status, kind, _) = error(stage.get(path).header("host", "rebound.example:80")).await;
        assert_eq!((status, kind.as_str()), (403, "permission_error"), "{path}");
        let local = stage.get(path).header("host", "localhost:9999").send().await.unwrap();
        assert_eq!(local.status(), 200, "{path}");
    }
    assert_eq!(stage.sandbox.requests().len(), 1);
}

#[tokio::test]
async fn requests_without_a_name_or_with_two_are_refused() {
    let stage = Stage::new().await;
    let port = stage.sandbox.address().port();
    for (head, status) in [
        ("GET /healthz HTTP/1.0\r\n".to_owned(), "400"),
        (format!("GET /healthz HTTP/1.1\r\nhost: localhost:{port}\r\nhost: rebound.example\r\n"), "403"),
        ("GET http://rebound.example/healthz HTTP/1.1\r\nhost: localhost\r\n".to_owned(), "403"),
    ] {
        let mut connection = TcpStream::connect(stage.sandbox.address()).await.unwrap();
        connection.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
        let mut reply = String::new();
        connection.read_to_string(&mut reply).await.unwrap();
        assert_eq!(reply.split(' ').nth(1), Some(status), "{head}{reply}");
    }
}

#[tokio::test]
async fn an_answer_comes_no_earlier_than_its_delay() {
    let (stage, clock) = (Stage::new().await, SystemClock::new());
    let slow = "sk-ant-api03-sandbox-delay-40ms-x3Qw";
    for (request, delay) in [
        (stage.messages(&question("hi")).header("x-sandbox-delay-ms", "30"), 30),
        (stage.messages_as(slow, &question("hi")), 40),
        // The header wins over the credential.
        (stage.messages_as(slow, &question("hi")).header("x-sandbox-delay-ms", "60"), 60),
    ] {
        let start = clock.steady();
        answer(request).await;
        assert!(clock.steady() - start >= Duration::from_millis(delay));
    }
    let refused = stage.messages(&question("hi")).header("x-sandbox-delay-ms", "soon");
    assert_eq!(error(refused).await.0, 400);
}

#[tokio::test]
async fn it_serves_only_on_loopback() {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let options = SandboxOptions::new(std::sync::Arc::new(SystemClock::new()));
    let refused = Sandbox::serve(listener, options, std::future::pending()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn it_serves_on_a_given_listener_until_it_is_told_to_stop() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/healthz", listener.local_addr().unwrap());
    let options = SandboxOptions::new(std::sync::Arc::new(SystemClock::new()));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(Sandbox::serve(listener, options, async { drop(stopped.await) }));
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(client().get(&url).send().await.is_err());
}

#[tokio::test]
async fn shutting_down_ends_what_waits_and_frees_the_port() {
    let stage = Stage::new().await;
    let address = stage.sandbox.address();
    let waiting = tokio::spawn(stage.faulty("hang", &question("hi")).send());
    stage.arrived(1).await;
    stage.sandbox.shutdown().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 503);
    TcpListener::bind(address).await.unwrap();
}

#[tokio::test]
async fn a_dropped_sandbox_stops_too() {
    let stage = Stage::new().await;
    let address = stage.sandbox.address();
    drop(stage);
    let port_is_free = async {
        while TcpListener::bind(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), port_is_free).await.unwrap();
}
