//! The client against servers that speak raw bytes, so that they can cut, stall and lie.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::*;
use crate::secret::Secret;

const KEY: &str = "sk-ant-api03-sandbox-not-a-real-key-0000000000-x3Qw";
const TOKEN: &str = "sk-ant-oat01-sandbox-not-a-real-token-000000000-y4Rz";
const SHORT: Duration = Duration::from_millis(50);
/// Only reached when a test fails.
const LONG: Duration = Duration::from_secs(20);

fn key() -> Authorization {
    Authorization::ApiKey(Secret::new(KEY))
}

fn options(base_url: &Url) -> ClientOptions {
    let betas = BetaNames {
        plan_token: vec!["plan-1".into(), "oauth-1".into()],
        bearer_token: vec!["oauth-1".into()],
        extended_cache_ttl: "ttl-1".into(),
    };
    let mut options = ClientOptions::new(base_url.clone(), "2023-06-01", "fased/0.0.0", betas);
    options.network = NetworkPolicy::LoopbackOnly;
    options
}

fn client(base_url: &Url) -> Client {
    Client::new(options(base_url)).unwrap()
}

fn hello() -> MessageRequest {
    let mut request = MessageRequest::new("claude-sonnet-5", 16);
    request.push_user("Hi");
    request
}

/// Answers one connection by `handle`, which gets the socket and the request as it came.
async fn serve<F, R>(handle: F) -> (Url, JoinHandle<R::Output>)
where
    F: FnOnce(TcpStream, String) -> R + Send + 'static,
    R: Future<Output: Send + 'static> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = read_request(&mut socket).await;
        handle(socket, request).await
    });
    (url, server)
}

/// Answers one connection with these bytes, closes it, and gives back the request.
async fn reply(bytes: impl Into<Vec<u8>>) -> (Url, JoinHandle<String>) {
    let bytes = bytes.into();
    serve(|mut socket, request| async move {
        // A client that has read enough may be gone by now.
        socket.write_all(&bytes).await.ok();
        request
    })
    .await
}

async fn read_request(socket: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text;
            }
        }
        if socket.read_buf(&mut request).await.unwrap() == 0 {
            return text;
        }
    }
}

fn json(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

fn events(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n{body}"
    )
}

/// The headers of a request, sorted, without those that name the connection.
fn header_lines(request: &str) -> Vec<&str> {
    let head = request.split_once("\r\n\r\n").unwrap().0;
    let connection = ["host:", "content-length:"];
    let mut lines: Vec<_> =
        head.lines().skip(1).filter(|line| !connection.iter().any(|name| line.starts_with(name))).collect();
    lines.sort_unstable();
    lines
}

/// A listener and whether anyone connected to it.
struct Silent(std::net::TcpListener);

impl Silent {
    fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    fn assert_untouched(&self) {
        assert_eq!(self.0.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "someone connected");
    }
}

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
async fn a_streamed_answer_arrives_event_by_event() {
    let (url, server) = reply(events(concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"model\":\"served\"}}\n\n",
        "event: content_block_start\ndata: {\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hi\"}}\n\n",
        "event: content_block_stop\ndata: {\"index\":0}\n\n",
        "event: message_delta\ndata: {\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":2}}\n\n",
        "event: message_stop\ndata: {}\n\n",
    )))
    .await;
    let mut stream = client(&url).stream_message(&key(), &hello()).await.unwrap();
    assert_eq!(stream.meta().status, 200);
    let mut answer = Answer::default();
    while let Some(event) = stream.next().await {
        answer.apply(&event.unwrap());
    }
    assert_eq!((answer.text().as_str(), answer.model(), answer.usage().output), ("Hi", "served", 2));
    assert!(answer.is_complete());
    assert!(server.await.unwrap().contains(r#""stream":true"#));
}

#[tokio::test]
async fn a_sandbox_key_for_another_machine_is_refused_without_a_connection() {
    // The proxy is where a request to another machine would show up.
    let proxy = Silent::new();
    let mut options = options(&Url::parse("https://api.anthropic.com").unwrap());
    options.network = NetworkPolicy::Any;
    options.proxy.https_proxy = Some(Secret::new(format!("http://{}", proxy.address())));
    let client = Client::new(options).unwrap();
    for error in [
        client.list_models(&key(), 1).await.unwrap_err(),
        client.stream_message(&key(), &hello()).await.unwrap_err(),
        client.create_message(&key(), &hello()).await.unwrap_err(),
        client.count_tokens(&key(), &hello()).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::SandboxCredential { host } if host == "api.anthropic.com"));
    }
    proxy.assert_untouched();
}

#[tokio::test]
async fn another_machine_is_reached_through_the_proxy_only() {
    let (proxy, server) = reply("HTTP/1.1 407 No\r\n\r\n").await;
    let mut options = options(&Url::parse("https://api.example.invalid").unwrap());
    options.network = NetworkPolicy::Any;
    let with_password = proxy.as_str().replace("http://", "http://me:hunter2@");
    options.proxy.https_proxy = Some(Secret::new(with_password));
    let plain = Authorization::ApiKey(Secret::new("FAKE"));
    let error = Client::new(options).unwrap().list_models(&plain, 1).await.unwrap_err();
    let request = server.await.unwrap();
    assert!(request.starts_with("CONNECT api.example.invalid:443 HTTP/1.1\r\n"), "{request}");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("cannot connect to api.example.invalid (HTTPS proxy 127.0.0.1:"), "{shown}");
    assert!(shown.contains("proxy authorization required"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn the_policy_and_plain_http_are_settled_before_a_client_exists() {
    let refused = Client::new(options(&Url::parse("https://api.anthropic.com").unwrap())).unwrap_err();
    assert!(matches!(refused, Error::RefusedHost { .. }));
    let mut options = options(&Url::parse("http://api.anthropic.com").unwrap());
    options.network = NetworkPolicy::Any;
    assert!(matches!(Client::new(options).unwrap_err(), Error::InsecureBaseUrl { .. }));
}

#[tokio::test]
async fn this_machine_is_reached_directly_and_by_name() {
    let proxy = Silent::new();
    let (mut url, server) = reply(json("200 OK", "", r#"{"data":[{"id":"m"}]}"#)).await;
    url.set_host(Some("localhost")).unwrap();
    let mut options = options(&url);
    options.proxy.https_proxy = Some(Secret::new(format!("http://{}", proxy.address())));
    let page = Client::new(options).unwrap().list_models(&key(), 5).await.unwrap();
    assert_eq!(page.value.data[0].id, "m");
    server.await.unwrap();
    proxy.assert_untouched();
}

#[tokio::test]
async fn a_redirect_is_an_error_and_not_followed() {
    let target = Silent::new();
    let location = format!("location: http://{}/v1/models\r\n", target.address());
    let (url, _server) = reply(json("307 Temporary Redirect", &location, "")).await;
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 307);
    assert_eq!(error.to_string(), "HTTP 307 Temporary Redirect");
    target.assert_untouched();
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
async fn an_error_inside_a_stream_keeps_what_came_before() {
    let (url, _server) = reply(events(concat!(
        "event: ping\ndata: {}\n\n",
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Busy\"}}\n\n",
    )))
    .await;
    let mut stream = client(&url).stream_message(&key(), &hello()).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), StreamEvent::Ping);
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.api().unwrap().kind, ApiErrorKind::Overloaded);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_cut() {
    let chunked = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let ping = "event: ping\ndata: {}\n\n";
    let half_a_chunk = format!("{chunked}{:x}\r\n{ping}\r\n50\r\nevent: mess", ping.len());
    for bytes in [events(ping), half_a_chunk] {
        let (url, _server) = reply(bytes).await;
        let mut stream = client(&url).stream_message(&key(), &hello()).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), StreamEvent::Ping);
        let error = stream.next().await.unwrap().unwrap_err();
        assert!(matches!(error, Error::Cut { .. }), "{error}");
        assert!(stream.next().await.is_none());
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
async fn a_stream_that_falls_silent_is_idle() {
    let (url, _server) = serve(|mut socket, _| async move {
        socket.write_all(events(": hello\n\n").as_bytes()).await.unwrap();
        tokio::time::sleep(LONG).await;
    })
    .await;
    let mut options = options(&url);
    options.timeouts.idle = SHORT;
    let mut stream = Client::new(options).unwrap().stream_message(&key(), &hello()).await.unwrap();
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Idle { after } if after == SHORT), "{error}");
    assert!(stream.next().await.is_none());
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

#[tokio::test]
async fn a_failed_connection_says_the_host_and_what_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = Url::parse(&format!("http://{address}")).unwrap();
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot connect to {address}: connection refused"));
}

#[tokio::test]
async fn a_server_without_tls_is_named_as_such() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let _server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        tokio::time::sleep(LONG).await;
    });
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert!(matches!(&error, Error::Connect { reason, .. } if reason.starts_with("TLS failed: ")), "{error}");
}

#[tokio::test]
async fn something_other_than_an_event_stream_is_malformed() {
    let (url, _server) =
        reply("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\nhi").await;
    let error = client(&url).stream_message(&key(), &hello()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the response is not understood: `text/html` where an event stream was expected"
    );
    let (url, _server) = reply(json("200 OK", "", r#"{"data":"sk-live-secret"}"#)).await;
    let error = client(&url).list_models(&key(), 1).await.unwrap_err();
    assert!(matches!(&error, Error::Malformed { what } if !what.contains("sk-live")), "{error}");
}

#[tokio::test]
async fn dropping_a_stream_closes_the_connection() {
    let (url, server) = serve(|mut socket, _| async move {
        socket.write_all(events("event: ping\ndata: {}\n\n").as_bytes()).await.unwrap();
        let mut rest = [0; 1];
        // Either form of "gone" will do.
        matches!(socket.read(&mut rest).await, Ok(0) | Err(_))
    })
    .await;
    let mut stream = client(&url).stream_message(&key(), &hello()).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), StreamEvent::Ping);
    drop(stream);
    assert!(tokio::time::timeout(LONG, server).await.unwrap().unwrap());
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

/// Answers one TLS connection, which must agree on the protocol `offered`, with these bytes.
fn tls_server(offered: &str, reply: String) -> (Url, std::thread::JoinHandle<std::io::Result<String>>) {
    use std::io::{Read as _, Write as _};

    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let certificate =
        CertificateDer::from_pem_slice(include_bytes!("../../tests/fixtures/tls/localhost.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../tests/fixtures/tls/localhost.key"));
    let mut config =
        rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.unwrap()], key.unwrap())
            .unwrap();
    config.alpn_protocols = vec![offered.as_bytes().to_vec()];
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("https://localhost:{}", listener.local_addr().unwrap().port())).unwrap();
    let server = std::thread::spawn(move || {
        let session = rustls::ServerConnection::new(config.into()).unwrap();
        let mut stream = rustls::StreamOwned::new(session, listener.accept()?.0);
        let mut request = [0; 4096];
        let read = stream.read(&mut request)?;
        stream.write_all(reply.as_bytes())?;
        Ok(String::from_utf8_lossy(&request[..read]).into_owned())
    });
    (url, server)
}

#[tokio::test]
async fn an_authority_of_the_options_is_trusted_and_no_other() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let (url, server) = tls_server("http/1.1", json("200 OK", "", r#"{"data":[{"id":"m"}]}"#));
    let mut trusting = options(&url);
    trusting.trust.ssl_cert_file = Some(authority.into());
    let page = Client::new(trusting.clone()).unwrap().list_models(&key(), 1).await.unwrap();
    assert_eq!(page.value.data[0].id, "m");
    assert!(server.join().unwrap().unwrap().starts_with("GET /v1/models?limit=1 HTTP/1.1\r\n"));

    let (url, _server) = tls_server("http/1.1", String::new());
    trusting.base_url = url;
    trusting.trust.ssl_cert_file = Some("/dev/null".into());
    let error = Client::new(trusting).unwrap().list_models(&key(), 1).await.unwrap_err();
    assert!(error.to_string().ends_with("TLS failed: invalid peer certificate: UnknownIssuer"), "{error}");
}

#[tokio::test]
async fn http_2_is_offered_and_spoken() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls/authority.pem");
    let (url, server) = tls_server("h2", String::new());
    let mut options = options(&url);
    options.trust.ssl_cert_file = Some(authority.into());
    // The server hangs up after the first bytes, which are enough to know the protocol.
    let error = Client::new(options).unwrap().list_models(&key(), 1).await.unwrap_err();
    assert!(matches!(error, Error::Cut { .. } | Error::Connect { .. }), "{error}");
    assert!(server.join().unwrap().unwrap().starts_with("PRI * HTTP/2.0\r\n"));
}

#[tokio::test]
async fn calls_and_streams_can_move_between_threads() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let (url, _server) = reply(events("event: message_stop\ndata: {}\n\n")).await;
    let (client, authorization, request) = (client(&url), key(), hello());
    let mut stream = assert_send(client.stream_message(&authorization, &request)).await.unwrap();
    assert_eq!(assert_send(stream.next()).await.unwrap().unwrap(), StreamEvent::MessageStop);
}
