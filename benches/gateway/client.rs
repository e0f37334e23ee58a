//! A client that costs next to nothing: requests are bytes made beforehand, and of answers only the end is looked for. What
//! it takes itself is the same for whoever is measured.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::process::now;

/// Room for what is read at once.
const ROOM: usize = 16 * 1024;

/// A request, ready to be sent to one server.
#[derive(Debug, Clone)]
pub(crate) struct Request(Vec<u8>);

impl Request {
    /// `POST /v1/messages` with this body; `more` are further headers, each with its line end.
    pub(crate) fn message(address: SocketAddr, key: &str, more: &str, body: &str) -> Self {
        let head = format!(
            "POST /v1/messages HTTP/1.1\r\nhost: {address}\r\nx-api-key: {key}\r\nanthropic-version: 2023-06-01\r\n\
             content-type: application/json\r\n{more}content-length: {}\r\n\r\n",
            body.len()
        );
        Self([head.as_bytes(), body.as_bytes()].concat())
    }
}

/// How an answer came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// From sending to the first piece of an answer's text, where it is a stream.
    pub(crate) first_content: Option<Duration>,
    /// From sending to the end.
    pub(crate) total: Duration,
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, std::io::Error> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::with_capacity(ROOM) })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn exchange(&mut self, request: &Request) -> Result<Timing, Box<dyn Error>> {
        let started = now();
        self.stream.write_all(&request.0).await?;
        self.answer.clear();
        let (mut first_content, mut end, mut looked) = (None, End::default(), 0_usize);
        loop {
            self.answer.reserve(ROOM);
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err("a server closed the connection within an answer".into());
            }
            let is_whole = end.reached(&self.answer)?;
            if first_content.is_none() && end.is_stream {
                // Where the mark may begin in what is new.
                let from = looked.saturating_sub(CONTENT.len());
                first_content = find(&self.answer[from..], CONTENT).map(|_| started.elapsed());
                looked = self.answer.len();
            }
            if is_whole {
                return Ok(Timing { first_content, total: started.elapsed() });
            }
        }
    }
}

const CONTENT: &[u8] = b"content_block_delta";

/// Where an answer ends.
#[derive(Default)]
struct End {
    head: Option<usize>,
    length: Option<usize>,
    is_stream: bool,
}

impl End {
    fn reached(&mut self, answer: &[u8]) -> Result<bool, Box<dyn Error>> {
        if self.head.is_none() {
            let Some(at) = find(answer, b"\r\n\r\n") else { return Ok(false) };
            let head = String::from_utf8_lossy(&answer[..at]).to_ascii_lowercase();
            if !head.starts_with("http/1.1 200") {
                return Err(format!("an answer was {:?}", head.lines().next().unwrap_or_default()).into());
            }
            let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
            self.length = header("content-length: ").map(str::parse).transpose()?;
            self.is_stream =
                header("content-type: ").is_some_and(|kind| kind.starts_with("text/event-stream"));
            self.head = Some(at + 4);
        }
        let Some(head) = self.head else { return Ok(false) };
        Ok(match self.length {
            Some(length) => answer.len() >= head + length,
            None => answer.ends_with(b"\r\n0\r\n\r\n"),
        })
    }
}

fn find(text: &[u8], mark: &[u8]) -> Option<usize> {
    text.windows(mark.len()).position(|window| window == mark)
}
