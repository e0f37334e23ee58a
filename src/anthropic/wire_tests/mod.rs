//! The client against servers that speak raw bytes, so that they can cut, stall and lie.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

use super::*;
use crate::secret::Secret;

mod network;
mod requests;
mod streams;

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
        refused_with_bearer: Vec::new(),
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
