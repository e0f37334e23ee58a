//! The answer of the browser: a listener on this machine that takes one reply of the sign-in it waits for, and turns
//! everything else away. Just enough HTTP for that: GET, a short head, no body.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::paste::{self, PasteError, Reply};
use super::sign_in::{Code, SignInError};

/// Longest head of a request, the line with the code included.
const LONGEST_HEAD: usize = 16 * 1024;
/// Longest time for one visit. Browsers open connections they may never use.
const VISIT: Duration = Duration::from_secs(10);
/// Most visits at a time.
const MOST_VISITS: usize = 32;
/// Pause after a connection that could not be accepted, like when no file descriptor is left.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Listens on this machine.
#[derive(Debug)]
pub(super) struct CallbackListener {
    listener: TcpListener,
    path: String,
    port: u16,
}

impl CallbackListener {
    /// Takes the port, or with 0 any that is free.
    pub(super) async fn bind(port: u16, path: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, path: path.to_owned(), port })
    }

    /// Where the browser is to be sent. By name, because that is what registrations hold.
    pub(super) fn redirect_uri(&self) -> String {
        format!("http://localhost:{}{}", self.port, self.path)
    }

    /// Waits for the reply to the sign-in with this state. Whoever sent it has seen a page by then.
    pub(super) async fn reply(&self, state: &str) -> Result<Code, SignInError> {
        let awaited: Arc<(String, String)> = Arc::new((self.path.clone(), state.to_owned()));
        let mut visits = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if visits.len() < MOST_VISITS => match accepted {
                    Ok((stream, _)) => drop(visits.spawn(visit(stream, Arc::clone(&awaited)))),
                    Err(_) => sleep(AFTER_FAILURE).await,
                },
                Some(visited) = visits.join_next() => {
                    if let Ok(Some(reply)) = visited {
                        return reply;
                    }
                }
            }
        }
    }
}

/// What a visit came to: `None` leaves the sign-in waiting.
type Visited = Option<Result<Code, SignInError>>;

async fn visit(mut stream: TcpStream, awaited: Arc<(String, String)>) -> Visited {
    let (path, state) = &*awaited;
    let head = timeout(VISIT, head(&mut stream)).await.ok()?.ok()?;
    let (page, reply) = match head {
        Head::Closed => return None,
        Head::TooLong => (TOO_LONG, None),
        Head::Whole(head) => answer(&head, path, state),
    };
    // A browser that is gone has still brought its reply.
    timeout(VISIT, async {
        stream.write_all(page.response().as_bytes()).await?;
        stream.shutdown().await
    })
    .await
    .ok();
    reply
}

enum Head {
    Whole(String),
    TooLong,
    Closed,
}

async fn head(stream: &mut TcpStream) -> io::Result<Head> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 2048];
    loop {
        let length = stream.read(&mut chunk).await?;
        if length == 0 {
            return Ok(Head::Closed);
        }
        bytes.extend_from_slice(&chunk[..length]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            bytes.truncate(end);
            return Ok(Head::Whole(String::from_utf8_lossy(&bytes).into_owned()));
        }
        if bytes.len() > LONGEST_HEAD {
            return Ok(Head::TooLong);
        }
    }
}

/// What a visitor sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Page {
    status: &'static str,
    title: &'static str,
    text: &'static str,
}

const ARRIVED: Page = Page {
    status: "200 OK",
    title: "Back to Fased",
    text: "The sign-in has arrived. You can close this page; the rest is shown where you started it.",
};
const REFUSED: Page = Page {
    status: "400 Bad Request",
    title: "Not signed in",
    text: "The sign-in was refused. You can close this page.",
};
const OTHER_SIGN_IN: Page = Page {
    status: "400 Bad Request",
    title: "Not signed in",
    text: "This belongs to another sign-in than the one that is waiting. Start again where you started it.",
};
const NO_CODE: Page = Page {
    status: "400 Bad Request",
    title: "Not signed in",
    text: "The code of the sign-in or its state is missing here. The sign-in still waits.",
};
const BAD_REQUEST: Page =
    Page { status: "400 Bad Request", title: "Not understood", text: "This is no request of a browser." };
const OTHER_HOST: Page = Page {
    status: "403 Forbidden",
    title: "Not for this name",
    text: "Only localhost and 127.0.0.1 are answered here.",
};
const NOT_FOUND: Page =
    Page { status: "404 Not Found", title: "Not found", text: "Nothing but the end of a sign-in is here." };
const ONLY_GET: Page =
    Page { status: "405 Method Not Allowed", title: "Method not allowed", text: "Only GET." };
const TOO_LONG: Page =
    Page { status: "431 Request Header Fields Too Large", title: "Too long", text: "Only short requests." };

impl Page {
    fn response(self) -> String {
        let Self { status, title, text } = self;
        let body = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n</html>\n"
        );
        let allow = if self == ONLY_GET { "allow: GET\r\n" } else { "" };
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n{allow}\
             cache-control: no-store\r\ncontent-security-policy: default-src 'none'; frame-ancestors 'none'\r\n\
             referrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

/// What a request is answered with, and what it means for the sign-in.
fn answer(head: &str, path: &str, state: &str) -> (Page, Visited) {
    let mut lines = head.split("\r\n");
    let mut line = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (line.next(), line.next(), line.next(), line.next())
    else {
        return (BAD_REQUEST, None);
    };
    if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return (BAD_REQUEST, None);
    }
    let headers = || lines.clone().filter_map(|line| line.split_once(':'));
    let named = |wanted: &'static str| {
        headers().filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
    };
    let mut hosts = named("host");
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_this_machine(host) => {}
        (Some(_), None) => return (OTHER_HOST, None),
        _ => return (BAD_REQUEST, None),
    }
    let (asked, query) = target.split_once('?').unwrap_or((target, ""));
    if asked != path {
        return (NOT_FOUND, None);
    }
    if method != "GET" {
        return (ONLY_GET, None);
    }
    // Any page can have a browser fetch this address, as an image for example. Only going there is a reply.
    if named("sec-fetch-mode").any(|mode| !mode.eq_ignore_ascii_case("navigate")) {
        return (BAD_REQUEST, None);
    }
    match paste::of_query(query) {
        // What has no state can be made up by anybody, and ends nothing.
        Ok(Reply::Code { state: None, .. } | Reply::Error { state: None, .. }) => (NO_CODE, None),
        Ok(Reply::Code { state: got, .. } | Reply::Error { state: got, .. })
            if !got.as_deref().is_some_and(|got| is_same(got, state)) =>
        {
            (OTHER_SIGN_IN, Some(Err(SignInError::WrongState)))
        }
        Ok(Reply::Code { code, .. }) => (ARRIVED, Some(Ok(Code::of(code)))),
        Ok(Reply::Error { error, .. }) => (REFUSED, Some(Err(SignInError::Denied { error }))),
        Err(PasteError::Empty | PasteError::NotACode | PasteError::Link | PasteError::TooLong) => {
            (NO_CODE, None)
        }
        Err(PasteError::Credential(_)) => (NO_CODE, None),
    }
}

/// Any port: a tunnel may change it.
fn is_this_machine(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_port = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    is_port && (name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1")
}

/// Compares in a time that does not tell where two texts differ.
pub(super) fn is_same(one: &str, two: &str) -> bool {
    let difference = one.bytes().zip(two.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
    one.len() == two.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;
    use proptest::prelude::*;

    const PATH: &str = "/callback";
    const STATE: &str = "the-state";
    const CODE: &str = "sandbox-code-FAKE0123456789";

    fn get(target: &str) -> (Page, Visited) {
        answer(&format!("GET {target} HTTP/1.1\r\nHost: localhost:53692\r\naccept: */*"), PATH, STATE)
    }

    fn page(head: &str) -> Page {
        let (page, visited) = answer(head, PATH, STATE);
        assert!(visited.is_none());
        page
    }

    #[test]
    fn the_reply_with_its_state_is_taken() {
        let (page, visited) = get(&format!("/callback?code={CODE}&state={STATE}"));
        assert_eq!(page, ARRIVED);
        assert_eq!(visited.unwrap().unwrap(), Code::of(Secret::new(CODE)));
    }

    #[test]
    fn another_state_and_a_refusal_end_it() {
        for target in [
            format!("/callback?code={CODE}&state=the-stats"),
            format!("/callback?code={CODE}&state=the-state-"),
            "/callback?error=access_denied&state=x".to_owned(),
        ] {
            let (page, visited) = get(&target);
            assert_eq!(page, OTHER_SIGN_IN, "{target}");
            assert!(matches!(visited, Some(Err(SignInError::WrongState))), "{target}");
        }
        let (page, visited) = get(&format!("/callback?error=access_denied&state={STATE}"));
        assert_eq!(page, REFUSED);
        assert!(matches!(visited, Some(Err(SignInError::Denied { error })) if error == "access_denied"));
    }

    #[test]
    fn what_is_no_reply_leaves_the_sign_in_waiting() {
        for target in [
            "/callback",
            "/callback?",
            "/callback?x=1",
            "/callback?state=the-state",
            "/callback?code=",
            "/callback?error=x",
            "/callback?code=sandbox-code-FAKE0123456789",
        ] {
            let (page, visited) = get(target);
            assert_eq!(page, NO_CODE, "{target}");
            assert!(visited.is_none());
        }
        let whole = format!("/callback?code={CODE}&state={STATE}");
        for (head, expected) in [
            ("GET / HTTP/1.1\r\nhost: localhost".to_owned(), NOT_FOUND),
            ("GET /favicon.ico HTTP/1.1\r\nhost: 127.0.0.1:53692".to_owned(), NOT_FOUND),
            (format!("GET /x{whole} HTTP/1.1\r\nhost: localhost"), NOT_FOUND),
            (format!("POST {whole} HTTP/1.1\r\nhost: localhost"), ONLY_GET),
            (format!("GET {whole} HTTP/1.1"), BAD_REQUEST),
            (format!("GET {whole} HTTP/1.1\r\nhost: localhost\r\nhost: localhost"), BAD_REQUEST),
            (format!("GET {whole}"), BAD_REQUEST),
            (format!("GET http://localhost{whole} HTTP/1.1\r\nhost: localhost"), BAD_REQUEST),
            (format!("GET {whole} HTTP/1.1\r\nhost: rebound.example"), OTHER_HOST),
            (format!("GET {whole} HTTP/1.1\r\nhost: localhost.rebound.example:53692"), OTHER_HOST),
            (format!("GET {whole} HTTP/1.1\r\nhost: 127.0.0.1:"), OTHER_HOST),
            (format!("GET {whole} HTTP/1.1\r\nhost: 127.0.0.1:1@rebound.example"), OTHER_HOST),
            (String::new(), BAD_REQUEST),
        ] {
            assert_eq!(page(&head), expected, "{head}");
        }
    }

    #[test]
    fn only_a_browser_that_goes_there_ends_the_sign_in() {
        let reply = format!("GET /callback?code={CODE}&state=of-another HTTP/1.1\r\nhost: localhost");
        for mode in ["no-cors", "cors", "same-origin", "websocket"] {
            assert_eq!(page(&format!("{reply}\r\nSec-Fetch-Mode: {mode}")), BAD_REQUEST, "{mode}");
        }
        let (page, visited) = answer(&format!("{reply}\r\nSec-Fetch-Mode: navigate"), PATH, STATE);
        assert_eq!(page, OTHER_SIGN_IN);
        assert!(matches!(visited, Some(Err(SignInError::WrongState))));
    }

    #[test]
    fn pages_are_plain_and_never_kept() {
        for page in [ARRIVED, REFUSED, OTHER_SIGN_IN, NO_CODE, NOT_FOUND, ONLY_GET] {
            let response = page.response();
            let (head, body) = response.split_once("\r\n\r\n").unwrap();
            assert!(
                head.contains("cache-control: no-store") && head.contains("default-src 'none'"),
                "{head}"
            );
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        }
        assert!(ONLY_GET.response().contains("allow: GET"));
    }

    async fn fetch(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_connection_that_says_nothing_does_not_keep_the_reply_out() {
        let listener = CallbackListener::bind(0, PATH).await.unwrap();
        let port = listener.port;
        assert_eq!(listener.redirect_uri(), format!("http://localhost:{port}/callback"));
        let browser = async {
            let idle = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
            let icon = fetch(port, "GET /favicon.ico HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
            assert!(icon.starts_with("HTTP/1.1 404 "), "{icon}");
            let request =
                format!("GET /callback?code={CODE}&state={STATE} HTTP/1.1\r\nhost: localhost\r\n\r\n");
            let seen = fetch(port, &request).await;
            drop(idle);
            seen
        };
        let (reply, seen) = tokio::join!(listener.reply(STATE), browser);
        assert_eq!(reply.unwrap(), Code::of(Secret::new(CODE)));
        assert!(seen.starts_with("HTTP/1.1 200 OK") && seen.contains("You can close this page"), "{seen}");
        assert!(!seen.contains(CODE));
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_an_error() {
        let first = CallbackListener::bind(0, PATH).await.unwrap();
        let error = CallbackListener::bind(first.port, PATH).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }

    proptest! {
        #[test]
        fn no_request_makes_it_fail(head in "\\PC{0,200}|(GET|POST) /callback[?&=a-z#%]{0,20} HTTP/1.1\r\nhost: localhost") {
            let (_, visited) = answer(&head, PATH, STATE);
            prop_assert!(!matches!(visited, Some(Ok(_))));
        }
    }
}
