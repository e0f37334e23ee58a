//! What a request looks like on the wire, and what its answer or refusal becomes.

use super::*;

#[tokio::test]
async fn an_api_key_request_has_exactly_these_headers() {
    let (url, server) = reply(json("200 OK", "", r#"{"input_tokens":7}"#)).await;
    let counted = client(&url).count_tokens(&key(), &hello()).await.unwrap();
    assert_eq!(counted.value, 7);
    let request = server.await.unwrap();
    assert!(request.starts_with("POST /v1/messages/count_tokens HTTP/1.1\r\n"), "{request}");
    assert!(request.ends_with(concat!(
        r#"{"model":"claude-sonnet-5","messages":"#,
        r#"[{"role":"user","content":[{"type":"text","text":"Hi"}]}]}"#
    )));
    assert_eq!(
        header_lines(&request),
        [
            "accept: */*",
            "anthropic-beta: ttl-1",
            "anthropic-version: 2023-06-01",
            "content-type: application/json",
            "user-agent: fased/0.0.0",
            &format!("x-api-key: {KEY}"),
        ]
    );
}

#[tokio::test]
async fn bearer_tokens_carry_their_betas_even_after_an_override() {
    for (authorization, betas) in [
        (Authorization::PlanToken(Secret::new(TOKEN)), "mine-1,plan-1,oauth-1"),
        (Authorization::BearerToken(Secret::new(TOKEN)), "mine-1,oauth-1"),
    ] {
        let (url, server) = reply(json("200 OK", "", r#"{"data":[]}"#)).await;
        let mut options = options(&url);
        options.extra_headers = vec![("Anthropic-Beta".into(), Secret::new("mine-1"))];
        Client::new(options).unwrap().list_models(&authorization, 1).await.unwrap();
        let request = server.await.unwrap();
        assert!(request.starts_with("GET /v1/models?limit=1 HTTP/1.1\r\n"), "{request}");
        assert_eq!(
            header_lines(&request),
            [
                "accept: */*",
                &format!("anthropic-beta: {betas}"),
                "anthropic-version: 2023-06-01",
                &format!("authorization: Bearer {TOKEN}"),
                "user-agent: fased/0.0.0",
            ]
        );
    }
}

#[tokio::test]
async fn a_whole_answer_and_the_head_of_its_response_are_read() {
    let body = r#"{"id":"msg_1","type":"message","model":"served","content":[{"type":"text","text":"Hello"}],
        "stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#;
    let head = concat!(
        "request-id: req_1\r\nanthropic-organization-id: org_1\r\n",
        "anthropic-ratelimit-tokens-reset: 2026-01-01T00:00:00Z\r\n"
    );
    let (url, server) = reply(json("200 OK", head, body)).await;
    let reply = client(&url).create_message(&key(), &hello()).await.unwrap();
    assert_eq!(reply.value.text(), "Hello");
    assert_eq!(reply.meta.request_id.as_deref(), Some("req_1"));
    assert_eq!(reply.meta.organization_id.as_deref(), Some("org_1"));
    assert!(reply.meta.rate_limits.resets.contains_key("tokens-reset"));
    assert!(server.await.unwrap().contains(r#""stream":false"#));
}

#[tokio::test]
async fn a_refusal_is_typed_and_repeats_no_secret() {
    let body = format!(
        r#"{{"type":"error","error":{{"type":"rate_limit_error","message":"No {KEY} and {TOKEN}\u001b[2J"}}}}"#
    );
    let head = format!("retry-after: 17\r\nrequest-id: req_9\r\nanthropic-workspace-id: {KEY}\r\n");
    let (url, _server) = reply(json("429 Too Many Requests", &head, &body)).await;
    let error = client(&url).stream_message(&key(), &hello()).await.unwrap_err();
    let api = error.api().unwrap();
    assert_eq!((api.status, api.kind), (429, ApiErrorKind::RateLimit));
    assert_eq!(api.message, "No sk-ant-api03 …x3Qw and sk-ant-oat01 …y4Rz[2J");
    assert_eq!(api.retry_after, Some(Duration::from_secs(17)));
    assert_eq!(api.request_id.as_deref(), Some("req_9"));
    assert!(!format!("{error:?}").contains("not-a-real"));
}

#[tokio::test]
async fn the_status_survives_a_body_that_is_too_long_stalls_or_is_cut() {
    let head = "HTTP/1.1 503 Busy\r\ncontent-length: 200000\r\n\r\n";
    let (long, _server) = reply(format!("{head}{}", "x".repeat(200_000))).await;
    let (cut, _server) = reply(format!("{head}x")).await;
    let (stalled, _server) = serve(move |mut socket, _| async move {
        socket.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(LONG).await;
    })
    .await;
    for url in [long, cut, stalled] {
        let mut options = options(&url);
        options.timeouts.idle = Duration::from_millis(500);
        let error = Client::new(options).unwrap().list_models(&key(), 1).await.unwrap_err();
        assert_eq!(error.to_string(), "HTTP 503 Service Unavailable");
    }
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_cut() {
    let (url, _server) = reply("").await;
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert!(matches!(error, Error::Cut { .. }), "{error}");
    assert!(!error.to_string().contains("http://"), "{error}");
}

#[tokio::test]
async fn waiting_for_a_response_is_limited() {
    let silent = || {
        serve(|socket, _| async move {
            tokio::time::sleep(LONG).await;
            drop(socket);
        })
    };
    let (url, _server) = silent().await;
    let mut options = options(&url);
    options.timeouts.first_byte = SHORT;
    let error = Client::new(options.clone()).unwrap().stream_message(&key(), &hello()).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: TimeoutPhase::FirstByte, .. }), "{error}");

    (options.base_url, _) = silent().await;
    options.timeouts.call = SHORT;
    let error = Client::new(options).unwrap().list_models(&key(), 1).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { phase: TimeoutPhase::Call, .. }), "{error}");
    assert!(error.to_string().ends_with(" did not answer within 50ms"), "{error}");
}

#[test]
fn nothing_a_client_is_made_of_shows_a_secret() {
    let mut options = options(&Url::parse("http://127.0.0.1:9").unwrap());
    options.extra_headers = vec![("x-team".into(), Secret::new(KEY))];
    options.proxy.https_proxy = Some(Secret::new("http://me:hunter2-and-more@proxy.example"));
    let client = Client::new(options.clone()).unwrap();
    let shown = format!("{options:?} {client:?} {:?}", key());
    assert!(!shown.contains("not-a-real") && !shown.contains("hunter2"), "{shown}");
}

/// Answers the pages of a list, a connection each, and gives back what was asked for.
async fn serve_pages(pages: &'static [&'static str]) -> (Url, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = tokio::spawn(async move {
        let mut asked = Vec::new();
        for page in pages {
            let (mut socket, _) = listener.accept().await.unwrap();
            let request = read_request(&mut socket).await;
            asked.push(request.split(' ').nth(1).unwrap().to_owned());
            socket.write_all(json("200 OK", "connection: close\r\n", page).as_bytes()).await.unwrap();
        }
        asked
    });
    (url, server)
}

#[tokio::test]
async fn a_list_of_models_is_read_to_its_last_page() {
    let (url, server) = serve_pages(&[
        r#"{"data":[{"id":"a"},{"id":"b&c"}],"has_more":true,"last_id":"b&c"}"#,
        r#"{"data":[{"id":"d"}],"has_more":false,"last_id":"d"}"#,
    ])
    .await;
    let models = client(&url).list_all_models(&key()).await.unwrap().value;
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["a", "b&c", "d"]);
    assert_eq!(server.await.unwrap(), ["/v1/models?limit=1000", "/v1/models?limit=1000&after_id=b%26c"]);
}

#[tokio::test]
async fn a_list_that_repeats_itself_ends() {
    for pages in [
        &[r#"{"data":[{"id":"a"}],"has_more":true}"#] as &'static [&'static str],
        &[r#"{"data":[],"has_more":true,"last_id":"a"}"#],
        &[
            r#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#,
            r#"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#,
        ],
    ] {
        let (url, server) = serve_pages(pages).await;
        assert!(client(&url).list_all_models(&key()).await.unwrap().value.len() <= 2);
        assert_eq!(server.await.unwrap().len(), pages.len());
    }
}
