//! What an answer may take in memory: its text, a few times, and nothing else that grows with it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use crate::support::{TestEnv, key};

const MIB: usize = 1 << 20;
/// Length of the answer.
const ANSWER: usize = 32 * MIB;
/// What a program that answers a short question needs, generously.
const BASE: usize = 48 * MIB;
/// How many times the text may lie in memory: once as the answer and once as the line of the transcript that is written, which
/// grows and so has room for twice of it.
const TIMES: usize = 3;

/// Answers one request with this much text in small pieces, and keeps none of it.
fn serve(length: usize) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut body) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            request.read_line(&mut line).unwrap();
            if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                body = length.trim().parse().unwrap();
            }
        }
        request.read_exact(&mut vec![0; body]).unwrap();
        let event =
            |name: &str, fields: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\"{fields}}}\n\n");
        let piece = "word ".repeat(200);
        let delta = event(
            "content_block_delta",
            &format!(r#","index":0,"delta":{{"type":"text_delta","text":"{piece}"}}"#),
        );
        let begin = event(
            "message_start",
            r#","message":{"id":"m","model":"claude-sonnet-5","usage":{"input_tokens":1,"output_tokens":1}}"#,
        ) + &event(
            "content_block_start",
            r#","index":0,"content_block":{"type":"text","text":""}"#,
        );
        let end = event("content_block_stop", r#","index":0"#)
            + &event("message_delta", r#","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}"#)
            + &event("message_stop", "");
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let pieces = std::iter::repeat_n(delta, length / piece.len());
        // Whoever runs out of memory does not listen to the end.
        for part in [head.to_owned(), begin].into_iter().chain(pieces).chain([end]) {
            if stream.write_all(part.as_bytes()).is_err() {
                break;
            }
        }
    });
    (url, server)
}

/// Asks for the answer with this many bytes for everything that is neither program nor stack.
fn ask(length: usize, memory: usize) -> Output {
    let (url, server) = serve(length);
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", &url).set("ANTHROPIC_API_KEY", &key("memory", "x3Qw"));
    let fased = env.command(["chat", "a long answer"]).to_command();
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"ulimit -d "$0"; exec "$@""#, &(memory / 1024).to_string()]);
    limited.arg(fased.get_program()).args(fased.get_args()).env_clear();
    limited.envs(fased.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let asked = limited.stdin(Stdio::null()).process_group(0).output().unwrap();
    server.join().unwrap();
    asked
}

#[test]
fn a_long_answer_takes_its_text_and_nothing_that_grows_beyond_it() {
    let asked = ask(ANSWER, BASE + TIMES * ANSWER);
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    assert_eq!(asked.stdout.len(), ANSWER / 1000 * 1000 + 1);
}

/// The bound above would say nothing if the system did not keep it, or if the base alone were enough.
#[test]
fn the_memory_of_a_program_is_bounded_in_these_tests() {
    assert!(ask(MIB, BASE).status.success());
    assert!(!ask(ANSWER, BASE).status.success());
}
