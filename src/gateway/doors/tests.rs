//! Every route against everything that must not come in, over a real connection, and every credential against every route.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;
use crate::anthropic::NetworkPolicy;
use crate::auth::oauth::refresh::InFlight;
use crate::auth::reference::Programs;
use crate::clock::ManualClock;
use crate::config::Paths;
use crate::env::Env;
use crate::gateway::random::Digest;
use crate::gateway::settings::Asked;
use crate::gateway::{Gateway, GatewayOptions};
use crate::storage::{self, Durability};

const TOKEN: &str = "gateway-token-sandbox-of-these-tests";
const OWN_KEY: &str = "fased-ck-sandbox-of-main";
const OTHER_KEY: &str = "fased-ck-sandbox-of-work";

/// A gateway with one key for each of two agents, a token, and a browser that is signed in.
struct House {
    gateway: Gateway,
    cookie: String,
    _dir: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        Self::open_with("").await
    }

    async fn open_with(gateway_config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        storage::create_private_dir(paths.state()).unwrap();
        let write = |path: &std::path::Path, text: &str| {
            storage::replace(path, text.as_bytes(), Durability::Cached).unwrap();
        };
        write(&paths.gateway_token(), TOKEN);
        let keys = [("one", "main", OWN_KEY), ("two", "work", OTHER_KEY)].map(|(name, agent, key)| {
            serde_json::json!({"name": name, "agent": agent, "createdAt": "2026-06-01T12:00:00Z", "tail": "xxxx",
                "sha256": Digest::of(key).to_hex()})
        });
        write(&paths.gateway_keys(), &serde_json::json!({"version": 1, "keys": keys}).to_string());
        let agents = "agents: { list: [{ id: 'main', default: true }, { id: 'work' }] }";
        write(paths.config(), &format!("{{ {agents}, gateway: {{ {gateway_config} }} }}"));
        let gateway = Gateway::start(GatewayOptions {
            asked: Asked { port: Some(0), bind: None },
            env: Env::default(),
            paths,
            network: NetworkPolicy::LoopbackOnly,
            clock: Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap())),
            in_flight: InFlight::default(),
            programs: Programs::default(),
        })
        .await
        .unwrap();
        let mut house = Self { gateway, cookie: String::new(), _dir: dir };
        let code = house.app().logins.new_code(house.app().now()).unwrap();
        let body = serde_json::json!({ "code": code }).to_string();
        let answer = house
            .send(&house.request("POST", "/login", &[("content-type", "application/json")], &body))
            .await;
        let cookie = answer.header("set-cookie").unwrap();
        house.cookie = cookie.split(';').next().unwrap().to_owned();
        house
    }

    fn app(&self) -> &App {
        &self.gateway.app
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::new(self.app().ip, self.app().port)
    }

    /// A request as it goes over the wire; a header that names the host or the length replaces the usual one.
    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let has = |wanted: &str| headers.iter().any(|(name, _)| *name == wanted);
        let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !has("host") {
            text.push_str(&format!("host: {}\r\n", self.address()));
        }
        if !body.is_empty() && !has("content-length") && !has("transfer-encoding") {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        for (name, value) in headers {
            // What is to be left out altogether.
            if *value != ABSENT {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        text + "\r\n" + body
    }

    async fn send(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        // Whoever is refused half way through may find the connection closed.
        stream.write_all(request.as_bytes()).await.ok();
        Answer::read(&mut stream).await
    }

    /// What the door says to a head, before anything else is done.
    fn admit(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<Caller, (u16, String)> {
        let mut request = http::Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", self.address().to_string());
        }
        for (name, value) in headers.iter().filter(|(_, value)| *value != ABSENT) {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        match admit(self.app(), &head) {
            Ok((_, _, caller)) => Ok(caller),
            Err(refusal) => Err((refusal.status.as_u16(), refusal.failure.message)),
        }
    }
}

/// Name and value.
type Header<'h> = (&'h str, &'h str);

/// Stands for a header that is not sent.
const ABSENT: &str = "\0";

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A connection that is reset behind the answer has given it all the same.
        stream.read_to_end(&mut bytes).await.ok();
        let text = String::from_utf8_lossy(&bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Something that is presented at a door.
struct Credential {
    name: &'static str,
    headers: Vec<(&'static str, String)>,
    opens: fn(&Route) -> bool,
}

fn credentials(house: &House) -> Vec<Credential> {
    fn never(_: &Route) -> bool {
        false
    }
    fn owner(route: &Route) -> bool {
        route.door == Door::Owner
    }
    /// The routes of a key of agent main, all paths being filled in for main.
    fn client(route: &Route) -> bool {
        route.door == Door::Client
    }
    fn client_of_no_agent(route: &Route) -> bool {
        route.door == Door::Client && !route.path.starts_with("/agents/")
    }
    let cookie_name = house.app().cookie_name();
    let bearer = |text: &str| ("authorization", format!("Bearer {text}"));
    let key = |text: &str| ("x-api-key", text.to_owned());
    let cookie = |text: String| ("cookie", text);
    let credential = |name, headers, opens| Credential { name, headers, opens };
    vec![
        credential("nothing", vec![], never as fn(&Route) -> bool),
        credential("a client key", vec![key(OWN_KEY)], client),
        credential("a client key as bearer", vec![bearer(OWN_KEY)], client),
        credential("a client key of another agent", vec![key(OTHER_KEY)], client_of_no_agent),
        credential("a client key nobody made", vec![key("fased-ck-sandbox-of-nobody")], never),
        credential("a client key as cookie", vec![cookie(format!("{cookie_name}={OWN_KEY}"))], never),
        credential("the token", vec![bearer(TOKEN)], owner),
        credential("the token as key", vec![key(TOKEN)], never),
        credential("the token as cookie", vec![cookie(format!("{cookie_name}={TOKEN}"))], never),
        credential("the token by another scheme", vec![("authorization", format!("Basic {TOKEN}"))], never),
        credential("a wrong token", vec![bearer("gateway-token-sandbox-of-nobody")], never),
        credential("an empty token", vec![bearer("")], never),
        credential(
            "the cookie",
            vec![cookie(house.cookie.clone()), ("sec-fetch-site", "same-origin".into())],
            owner,
        ),
        credential(
            "the cookie's value as bearer",
            vec![bearer(house.cookie.split_once('=').unwrap().1)],
            never,
        ),
        credential("a wrong cookie", vec![cookie(format!("{cookie_name}=sandbox"))], never),
        credential(
            "the cookie of another gateway",
            vec![cookie(house.cookie.replace(&cookie_name, "fased-1"))],
            never,
        ),
        credential(
            "a wrong token beside the cookie",
            vec![bearer("wrong-sandbox-token"), cookie(house.cookie.clone())],
            never,
        ),
        credential("a provider's key", vec![key("sk-ant-api03-sandbox-0000")], never),
    ]
}

/// A path of a route, its braces filled in for agent main.
fn path_of(route: &Route) -> String {
    let segments = route.path.split('/').map(|segment| match segment {
        "{agent}" => "main",
        braces if braces.starts_with('{') => "x",
        plain => plain,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// The headers of a credential, and the kind of a body where one is sent.
fn headers_of<'h>(credential: &'h Credential, route: &Route) -> Vec<(&'h str, &'h str)> {
    let mut headers: Vec<(&str, &str)> =
        credential.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if matches!(route.body, BodyRule::Json(_)) {
        headers.push(("content-type", "application/json"));
    }
    headers
}

/// What a request is refused with, whatever it asks for, and the headers that make it so.
const SPOILED: [(&str, u16, &str, &[Header<'_>]); 13] = [
    ("a wrong host", 403, "does not answer to the name", &[("host", "evil.example")]),
    (
        "a host made to look like ours",
        403,
        "does not answer to the name",
        &[("host", "127.0.0.1.evil.example:18789")],
    ),
    ("a host with a user", 403, "does not answer to the name", &[("host", "127.0.0.1@evil.example")]),
    ("an empty host", 403, "does not answer to the name", &[("host", "")]),
    ("no host", 400, "names no host", &[("host", ABSENT)]),
    ("two hosts", 400, "names more than one host", &[("host", "127.0.0.1"), ("host", "evil.example")]),
    ("a foreign origin", 403, "from a page of another site", &[("origin", "http://evil.example")]),
    ("a page of another port", 403, "from a page of another site", &[("origin", "http://127.0.0.1:1")]),
    (
        "our name over TLS",
        403,
        "from a page of another site",
        &[("host", "localhost"), ("origin", "https://localhost")],
    ),
    ("no origin to speak of", 403, "from a page of another site", &[("origin", "null")]),
    (
        "two origins",
        403,
        "from a page of another site",
        &[("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example")],
    ),
    ("another site", 403, "from a page of another site", &[("sec-fetch-site", "cross-site")]),
    ("another port of this machine", 403, "from a page of another site", &[("sec-fetch-site", "same-site")]),
];

/// Not met where a credential is refused: it comes first.
const UNAUTHORIZED: [&str; 5] = [
    "is not the gateway&#39;s token",
    "is not the gateway's token",
    "is not signed in",
    "brings no client key",
    "not a client key of this gateway",
];

fn says_unauthorized(answer: &Answer) -> bool {
    let others = ["is not known here, or was revoked", "does not open the Messages API"];
    answer.status == 401 && UNAUTHORIZED.iter().chain(&others).any(|sentence| answer.body.contains(sentence))
}

#[tokio::test]
async fn nothing_foreign_reaches_a_handler_whatever_it_brings() {
    let house = House::open().await;
    for route in routes::all() {
        for credential in credentials(&house) {
            for (name, status, sentence, spoiling) in SPOILED {
                let mut headers = headers_of(&credential, route);
                headers.retain(|(name, _)| !spoiling.iter().any(|(spoilt, _)| spoilt == name));
                headers.extend_from_slice(spoiling);
                let request = house.request(route.method.as_str(), &path_of(route), &headers, "{}");
                let answer = house.send(&request).await;
                let case = format!(
                    "{} {} with {} and {name}: {answer:?}",
                    route.method, route.path, credential.name
                );
                assert_eq!(answer.status, status, "{case}");
                assert!(answer.body.contains(sentence), "{case}");
                assert_eq!(answer.header("set-cookie"), None, "{case}");
                assert!(!answer.head.contains("access-control-"), "{case}");
            }
        }
    }
}

#[tokio::test]
async fn no_body_of_another_kind_or_size_reaches_a_handler() {
    let house = House::open().await;
    for route in routes::all() {
        let BodyRule::Json(limit) = route.body else { continue };
        let too_long = (limit + 1).to_string();
        let cases: [(&str, u16, &str, Vec<Header<'_>>); 6] = [
            ("text", 415, "must be sent as application/json", vec![("content-type", "text/plain")]),
            (
                "a form",
                415,
                "must be sent as application/json",
                vec![("content-type", "application/x-www-form-urlencoded")],
            ),
            (
                "files",
                415,
                "must be sent as application/json",
                vec![("content-type", "multipart/form-data; boundary=x")],
            ),
            (
                "almost JSON",
                415,
                "must be sent as application/json",
                vec![("content-type", "application/jsonx")],
            ),
            ("no kind", 415, "must be sent as application/json", vec![]),
            (
                "too much",
                413,
                "The body is larger than",
                vec![("content-type", "application/json"), ("content-length", &too_long)],
            ),
        ];
        for credential in credentials(&house) {
            let opens = route.door == Door::Anyone || (credential.opens)(route);
            for (name, status, sentence, spoiling) in &cases {
                let mut headers = headers_of(&credential, route);
                headers.retain(|(name, _)| *name != "content-type");
                headers.extend_from_slice(spoiling);
                let request = house.request(route.method.as_str(), &path_of(route), &headers, "{}");
                let answer = house.send(&request).await;
                let case = format!(
                    "{} {} with {} and {name}: {answer:?}",
                    route.method, route.path, credential.name
                );
                if opens {
                    assert_eq!(answer.status, *status, "{case}");
                    assert!(answer.body.contains(sentence), "{case}");
                } else if answer.status == 403 {
                    assert!(answer.body.contains("is for agent work"), "{case}");
                } else {
                    assert!(says_unauthorized(&answer), "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_grows_too_long_is_refused_without_an_announced_length() {
    let house = House::open().await;
    for route in routes::all() {
        let BodyRule::Json(limit) = route.body else { continue };
        for credential in credentials(&house) {
            if route.door != Door::Anyone && !(credential.opens)(route) {
                continue;
            }
            let mut headers = headers_of(&credential, route);
            headers.push(("transfer-encoding", "chunked"));
            let head = house.request(route.method.as_str(), &path_of(route), &headers, "");
            let mut stream = TcpStream::connect(house.address()).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let chunk = format!("{:x}\r\n{}\r\n", 1 << 20, " ".repeat(1 << 20));
            for _ in 0..=limit >> 20 {
                // It may have been refused by now.
                if stream.write_all(chunk.as_bytes()).await.is_err() {
                    break;
                }
            }
            let answer = Answer::read(&mut stream).await;
            let case = format!("{} {} with {}: {answer:?}", route.method, route.path, credential.name);
            // A connection that is closed while more arrives may lose the answer, and never gives another.
            assert!(answer.status == 413 || answer.head.is_empty(), "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_or_head_that_does_not_come_is_not_waited_for() {
    let house = House::open().await;
    for route in routes::all() {
        let BodyRule::Json(_) = route.body else { continue };
        for credential in credentials(&house) {
            if route.door != Door::Anyone && !(credential.opens)(route) {
                continue;
            }
            let mut headers = headers_of(&credential, route);
            headers.push(("content-length", "100"));
            let request = house.request(route.method.as_str(), &path_of(route), &headers, "{");
            let answer = house.send(&request).await;
            let case = format!("{} {} with {}: {answer:?}", route.method, route.path, credential.name);
            assert_eq!(answer.status, 408, "{case}");
            assert!(answer.body.contains("took too long"), "{case}");
        }
    }
    let mut stream = TcpStream::connect(house.address()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: local").await.unwrap();
    let answer = Answer::read(&mut stream).await;
    assert!(matches!(answer.status, 0 | 408), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_byte_by_byte_is_not_waited_for_either() {
    let house = House::open().await;
    let headers = [("content-type", "application/json"), ("content-length", "1000")];
    let head = house.request("POST", "/login", &headers, "");
    let (mut reads, mut writes) = TcpStream::connect(house.address()).await.unwrap().into_split();
    writes.write_all(head.as_bytes()).await.unwrap();
    let drips = tokio::spawn(async move {
        while writes.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    });
    let mut bytes = Vec::new();
    reads.read_to_end(&mut bytes).await.ok();
    drips.abort();
    assert!(String::from_utf8_lossy(&bytes).starts_with("HTTP/1.1 408 "), "{bytes:?}");
}

#[tokio::test]
async fn each_credential_opens_its_own_routes_and_no_others() {
    let house = House::open().await;
    for route in routes::all() {
        for credential in credentials(&house) {
            let headers = headers_of(&credential, route);
            let admitted = house.admit(route.method.as_str(), &path_of(route), &headers);
            let case = format!("{} {} with {}: {admitted:?}", route.method, route.path, credential.name);
            match (&admitted, route.door) {
                (Ok(Caller::Anyone), Door::Anyone) => {}
                (Ok(Caller::OwnerByToken | Caller::OwnerByCookie(_)), Door::Owner)
                | (Ok(Caller::Client(_)), Door::Client) => assert!((credential.opens)(route), "{case}"),
                (Ok(_), _) => panic!("{case}"),
                (Err((status, message)), _) => {
                    assert!(route.door != Door::Anyone && !(credential.opens)(route), "{case}");
                    let is_for_another = *status == 403 && message.contains("is for agent work");
                    assert!(*status == 401 || is_for_another, "{case}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cookie_writes_nothing_unless_the_browser_says_which_page_it_comes_from() {
    let house = House::open().await;
    let (own, tunnel) = (format!("http://{}", house.address()), "http://localhost:9000");
    for route in routes::all().filter(|route| route.door == Door::Owner) {
        let admits = |further: &[(&str, &str)]| {
            let mut headers = vec![("cookie", house.cookie.as_str()), ("content-type", "application/json")];
            headers.extend_from_slice(further);
            house.admit(route.method.as_str(), &path_of(route), &headers)
        };
        let is_read = route.method == Method::GET;
        let case = format!("{} {}", route.method, route.path);
        match admits(&[]) {
            Ok(_) => assert!(is_read, "{case}"),
            Err(refusal) => {
                assert_eq!(
                    refusal,
                    (403, "The request does not say which page it comes from.".to_owned()),
                    "{case}"
                );
                assert!(!is_read, "{case}");
            }
        }
        for further in [
            &[("sec-fetch-site", "same-origin")][..],
            &[("sec-fetch-site", "none")],
            &[("origin", own.as_str())],
            &[("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
            &[("host", "localhost:9000"), ("origin", tunnel)],
        ] {
            assert!(admits(further).is_ok(), "{case} with {further:?}");
        }
    }
}

#[tokio::test]
async fn every_name_of_this_machine_is_ours_at_any_port_and_others_only_when_named() {
    let house = House::open_with("allowedHosts: ['box.example']").await;
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "127.0.0.1:9000",
        "[::1]",
        "[::1]:9000",
        "box.example",
        "Box.example:444",
    ] {
        assert!(house.admit("GET", "/healthz", &[("host", host)]).is_ok(), "{host}");
    }
    for host in [
        "localhost.evil.example",
        "evil.example",
        "localhost.",
        "0.0.0.0",
        "[::]",
        "127.0.0.1.",
        "2130706433",
        "127.1",
        "0x7f000001",
        "[::ffff:127.0.0.1]",
        "box.example.evil.example",
        "http://localhost",
        "localhost, evil.example",
    ] {
        let refused = house.admit("GET", "/healthz", &[("host", host)]);
        assert_eq!(refused.map_err(|(status, _)| status).err(), Some(403), "{host}");
    }
    for (host, origin, is_ours) in [
        ("box.example", "https://box.example", true),
        ("box.example", "http://box.example", true),
        ("box.example", "https://box.example:444", false),
        ("box.example", "https://box.example.evil.example", false),
        ("localhost", "https://localhost", false),
        ("localhost:9000", "http://localhost", false),
    ] {
        let admitted = house.admit("GET", "/healthz", &[("host", host), ("origin", origin)]);
        assert_eq!(admitted.is_ok(), is_ours, "{host} {origin}");
    }
}

#[tokio::test]
async fn a_path_is_taken_as_it_is_written() {
    let house = House::open().await;
    let bearer = format!("Bearer {TOKEN}");
    for path in [
        "/metrics/",
        "//metrics",
        "/./metrics",
        "/x/../metrics",
        "/%6detrics",
        "/metrics%00",
        "/metrics;x",
        "/METRICS",
        "/login/../metrics",
        "/login/%2e%2e/metrics",
        "/login%2fstyle.css",
        "/login\\style.css",
        "/v1/../metrics",
        "/v1/messages/..",
        "/v1//messages",
        "/v1%2fmessages",
        "/agents/main/../main/v1/messages",
        "/agents/main/v1/%2e%2e/v1/messages",
    ] {
        for method in ["GET", "POST"] {
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let request = house.request(method, path, &headers, "{}");
            let answer = house.send(&request).await;
            assert!(matches!(answer.status, 400 | 404 | 405), "{method} {path}: {answer:?}");
        }
    }
    // An address in the request line leads to the same checks.
    let own = house.address();
    for (line, host, status) in [
        (format!("GET http://{own}/healthz"), own.to_string(), 200),
        ("GET http://evil.example/healthz".to_owned(), "evil.example".to_owned(), 403),
        ("GET http://evil.example/healthz".to_owned(), own.to_string(), 400),
        (format!("GET http://{own}/metrics"), own.to_string(), 401),
        (format!("CONNECT {own}"), own.to_string(), 404),
        ("OPTIONS *".to_owned(), own.to_string(), 404),
        ("TRACE /healthz".to_owned(), own.to_string(), 405),
    ] {
        let answer =
            house.send(&format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await;
        assert_eq!(answer.status, status, "{line}: {answer:?}");
    }
}

#[tokio::test]
async fn no_agents_name_in_an_address_is_another_way_to_an_agent() {
    let house = House::open().await;
    for route in
        routes::all().filter(|route| route.door == Door::Client && route.path.starts_with("/agents/"))
    {
        for (agent, is_own) in [
            ("main", true),
            ("MAIN", true),
            ("%6dain", true),
            ("work", false),
            ("%77ork", false),
            ("main%2f..%2fwork", false),
            ("..", false),
            ("main%00", false),
        ] {
            let path = path_of(route).replace("/main/", &format!("/{agent}/"));
            let headers = [("x-api-key", OWN_KEY), ("content-type", "application/json")];
            let admitted = house.admit(route.method.as_str(), &path, &headers);
            assert_eq!(admitted.is_ok(), is_own, "{} {path}: {admitted:?}", route.method);
        }
    }
}

#[tokio::test]
async fn one_request_is_one_request() {
    let house = House::open().await;
    let smuggled = format!(
        "GET /metrics HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {TOKEN}\r\n\r\n",
        house.address()
    );
    let length = smuggled.len();
    for head in [
        // The body of a request that needs none.
        format!("GET /healthz HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\n\r\n", house.address()),
        // Two lengths, and a length beside chunks.
        format!(
            "POST /login HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\ncontent-length: {length}\r\n\r\n",
            house.address()
        ),
        format!(
            "POST /login HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\
             transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            house.address()
        ),
        format!("POST /login HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: xchunked\r\n\r\n", house.address()),
        format!("POST /login HTTP/1.1\r\nhost: {}\r\ncontent-length: +{length}\r\n\r\n", house.address()),
        format!("GET /healthz HTTP/1.1\r\nhost : {}\r\n\r\n", house.address()),
        format!("GET /healthz HTTP/1.1\r\nhost: {}\r\nx: y\r\n folded: z\r\n\r\n", house.address()),
    ] {
        let mut stream = TcpStream::connect(house.address()).await.unwrap();
        stream.write_all(format!("{head}{smuggled}").as_bytes()).await.unwrap();
        stream.shutdown().await.ok();
        let answer = Answer::read(&mut stream).await;
        assert!(!answer.body.contains("fased_answers_total"), "{head}{answer:?}");
    }
}

#[tokio::test]
async fn every_answer_to_a_browser_forbids_what_it_does_not_need() {
    let house = House::open().await;
    let paths = routes::all().filter(|route| route.method == Method::GET && route.door == Door::Anyone);
    let paths: Vec<String> =
        paths.map(path_of).chain(["/nothing".to_owned(), "/metrics".to_owned()]).collect();
    for path in paths {
        let answer = house.send(&house.request("GET", &path, &[], "")).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}: {answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}: {answer:?}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}: {answer:?}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}: {answer:?}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{path}: {policy}");
        assert!(
            matches!(answer.header("cache-control"), Some("no-store" | "no-cache")),
            "{path}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn the_cookie_is_for_this_gateway_and_for_no_script() {
    let house = House::open().await;
    let code = house.app().logins.new_code(house.app().now()).unwrap();
    let body = serde_json::json!({ "code": code }).to_string();
    let request = house.request("POST", "/login", &[("content-type", "application/json")], &body);
    let answer = house.send(&request).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with(&format!("{}=", house.app().cookie_name())), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Strict", "; Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.to_ascii_lowercase().contains("domain"), "{cookie}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    assert!(!answer.body.contains(cookie.split(['=', ';']).nth(1).unwrap()), "{answer:?}");
    // It works once.
    let again = house.send(&request).await;
    assert_eq!((again.status, again.header("set-cookie")), (403, None));
}
