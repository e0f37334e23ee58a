//! An Anthropic-compatible endpoint of somebody else, in this process: it serves messages below a path of its own, takes
//! any key, and like most of its kind lists no models.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// Where it serves.
const PREFIX: &str = "/anthropic";

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Arrived {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Runs until it is dropped.
pub(crate) struct Endpoint {
    host: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let log = arrived.clone();
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                match read(connection.unwrap()) {
                    Some((request, connection)) => {
                        answer(&request, connection);
                        log.lock().unwrap().push(request);
                    }
                    None => return,
                }
            }
        });
        Self { host, arrived, thread: Some(thread) }
    }

    /// Its base URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{PREFIX}", self.host)
    }

    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // A connection without a request ends it.
        drop(TcpStream::connect(&self.host));
        self.thread.take().map(JoinHandle::join);
    }
}

/// One request; `None` when the other side left without one.
fn read(connection: TcpStream) -> Option<(Arrived, TcpStream)> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
    let mut headers = Vec::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    let body = String::from_utf8(body).unwrap();
    Some((Arrived { line, headers, body }, reader.into_inner()))
}

fn answer(request: &Arrived, mut connection: TcpStream) {
    let (status, kind, body) = match request.line.as_str() {
        "POST /anthropic/v1/messages" => {
            let asked: Value = serde_json::from_str(&request.body).unwrap();
            if asked["stream"] == true {
                ("200 OK", "text/event-stream", streamed(&asked["model"]))
            } else {
                let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"],
                    "content": [{"type": "text", "text": "Hi"}], "stop_reason": "max_tokens",
                    "usage": {"input_tokens": 1, "output_tokens": 1}});
                ("200 OK", "application/json", message.to_string())
            }
        }
        _ => ("404 Not Found", "text/plain", "no such page".to_owned()),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    // Whoever left does not want it.
    connection.write_all((head + &body).as_bytes()).ok();
}

fn streamed(model: &Value) -> String {
    let thoughts = [
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Let me see."}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}),
        json!({"type": "content_block_stop", "index": 0}),
    ];
    let mut events = vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
            "model": model, "content": [], "stop_reason": null, "usage": {"input_tokens": 7, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello from elsewhere."}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}),
        json!({"type": "message_stop"}),
    ];
    // A model of this name thinks first.
    if model == "thinker" {
        for event in &mut events {
            if let Some(index) = event.get_mut("index") {
                *index = json!(1);
            }
        }
        events.splice(1..1, thoughts);
    }
    events
        .iter()
        .map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()))
        .collect()
}
