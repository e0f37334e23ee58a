//! Both ends of the gateway on bare connections: a client that sees every byte as it comes, and a provider that sends one
//! event after another when the test says so.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Head of a request or an answer.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    async fn read(stream: &mut BufReader<TcpStream>) -> Self {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(stream.read_line(&mut line).await.unwrap() > 0, "the connection ended after {lines:?}");
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let headers = lines.split_off(1).into_iter().map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self { headers: headers.collect(), line: lines.remove(0) }
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A provider that does only what the test says.
pub(crate) struct Provider(TcpListener);

impl Provider {
    pub(crate) async fn listen() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// The next request.
    pub(crate) async fn request(&self) -> Asked {
        let mut stream = BufReader::new(self.0.accept().await.unwrap().0);
        let head = Head::read(&mut stream).await;
        let length = head.header("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        Asked { head, body, stream }
    }
}

/// A request that waits for its answer.
pub(crate) struct Asked {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    stream: BufReader<TcpStream>,
}

impl Asked {
    /// The whole answer.
    pub(crate) async fn answer(mut self, status: &str, headers: &[(&str, &str)], body: &[u8]) {
        let length = body.len().to_string();
        let head = head(status, headers, &[("content-length", &length), ("connection", "close")]);
        self.stream.write_all(head.as_bytes()).await.unwrap();
        self.stream.write_all(body).await.unwrap();
        self.stream.shutdown().await.unwrap();
    }

    /// The head of an answer and its beginning, where more was said to come.
    pub(crate) async fn begin_cut(&mut self, begins: &str) {
        let length = (begins.len() + 100).to_string();
        let head = head("200 OK", &[("content-type", "application/json")], &[("content-length", &length)]);
        self.stream.write_all((head + begins).as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The head of an answer that comes in events.
    pub(crate) async fn begin_stream(&mut self) {
        let head =
            head("200 OK", &[("content-type", "text/event-stream")], &[("transfer-encoding", "chunked")]);
        self.stream.write_all(head.as_bytes()).await.unwrap();
    }

    /// A piece of it.
    pub(crate) async fn send(&mut self, piece: &str) {
        let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
        self.stream.write_all(chunk.as_bytes()).await.unwrap();
    }

    /// Its end.
    pub(crate) async fn end_stream(mut self) {
        self.stream.write_all(b"0\r\n\r\n").await.unwrap();
        self.stream.shutdown().await.unwrap();
    }

    /// Waits until the other side has left.
    pub(crate) async fn left(mut self) {
        self.stream.read_to_end(&mut Vec::new()).await.ok();
    }
}

fn head(status: &str, headers: &[(&str, &str)], further: &[(&str, &str)]) -> String {
    let headers: String =
        headers.iter().chain(further).map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{headers}\r\n")
}

/// An answer as the client gets it.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: Head,
    stream: BufReader<TcpStream>,
}

/// Sends a request; the head of the answer is waited for by [`Sent::answer`].
pub(crate) async fn send(url: &str, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Sent {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let length = body.len().to_string();
    let headers: String = [("host", host), ("content-length", &length)]
        .iter()
        .chain(headers)
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    stream.write_all(format!("{line} HTTP/1.1\r\n{headers}\r\n").as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    Sent(BufReader::new(stream))
}

/// A request that was sent.
pub(crate) struct Sent(BufReader<TcpStream>);

impl Sent {
    pub(crate) async fn answer(self) -> Answer {
        let mut stream = self.0;
        let head = Head::read(&mut stream).await;
        let status = head.line.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, stream }
    }
}

impl Answer {
    /// The next piece of a body that comes in chunks; `None` at its end.
    pub(crate) async fn piece(&mut self) -> Option<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut piece = vec![0; length + 2];
        self.stream.read_exact(&mut piece).await.unwrap();
        piece.truncate(length);
        (length > 0).then(|| String::from_utf8(piece).unwrap())
    }

    /// The whole body.
    pub(crate) async fn body(mut self) -> Vec<u8> {
        match self.head.header("content-length") {
            Some(length) => {
                let mut body = vec![0; length.parse().unwrap()];
                self.stream.read_exact(&mut body).await.unwrap();
                body
            }
            None => {
                let mut body = String::new();
                while let Some(piece) = self.piece().await {
                    body.push_str(&piece);
                }
                body.into_bytes()
            }
        }
    }
}

/// Far above what anything here takes: it ends waits for something that never comes.
pub(crate) async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("what is waited for never comes")
}
