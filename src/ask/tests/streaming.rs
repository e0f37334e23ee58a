//! What is passed on of a stream, and when: until the commit point nothing, unless nobody else could take over.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Duration, Instant, sleep};

use super::*;
use crate::anthropic::Delta;

/// One answer, as parts of a stream with the time before each. Where it ends early, the connection closes.
type Script = &'static [(u64, &'static str)];

const START: &str =
    r#"{"type":"message_start","message":{"id":"m","model":"served","usage":{"input_tokens":3}}}"#;
const TEXT: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
const HALF: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half"}}"#;
const MORE: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" more"}}"#;
const SIGNATURE: &str =
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}"#;
const TOOL: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{}}}"#;
const THINKING: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#;
const STOP: &str = r#"{"type":"content_block_stop","index":0}"#;
const DELTA: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#;
const END: &str = r#"{"type":"message_stop"}"#;
const PING: &str = r#"{"type":"ping"}"#;
const ERROR: &str = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
const WHOLE: Script = &[(0, START), (0, TEXT), (0, HALF), (0, MORE), (0, STOP), (0, DELTA), (0, END)];

/// Gives the scripted answers, one to each connection, and returns its address.
async fn provider(answers: &'static [Script]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
            // The question is short, so its body ends with the first piece that closes it.
            while !request.ends_with(b"}") {
                let read = socket.read(&mut buffer).await.unwrap();
                request.extend_from_slice(&buffer[..read]);
            }
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            socket.write_all(head.as_bytes()).await.unwrap();
            for (wait, event) in *answer {
                sleep(Duration::from_secs(*wait)).await;
                if socket.write_all(format!("data: {event}\n\n").as_bytes()).await.is_err() {
                    break;
                }
            }
        }
    });
    url
}

/// What was passed on, with the second it was, and how it ended.
async fn ask(answers: &'static [Script], keys: &[(&str, &str)]) -> (Vec<String>, String) {
    let world = World::new(&provider(answers).await, keys);
    let begun = Instant::now();
    let mut passed_on = Vec::new();
    let ended = world.ask(&[MODEL], 0, |happening| {
        let what = match happening {
            Happening::Begins { .. } => "begins".to_owned(),
            Happening::Piece(StreamEvent::ContentDelta { delta: Delta::Text(text), .. }) => {
                format!("{text:?}")
            }
            Happening::Piece(StreamEvent::MessageStart { .. }) => "start".to_owned(),
            Happening::Piece(StreamEvent::MessageStop) => "end".to_owned(),
            Happening::Piece(_) => "event".to_owned(),
            Happening::Failed { failed, interrupted, .. } => {
                format!("{}{}", failed.reason, if *interrupted { ", interrupted" } else { "" })
            }
            _ => return,
        };
        passed_on.push(format!("{} {what}", begun.elapsed().as_secs()));
    });
    let ended = match ended.await {
        Ok((text, by)) => format!("{text} of {by}"),
        Err(AskError::GaveUp { end, .. }) => format!("{end:?}"),
        Err(error) => panic!("{error:?}"),
    };
    (passed_on, ended)
}

const TWO: &[(&str, &str)] = &[("a", ""), ("b", "")];
const ONE: &[(&str, &str)] = &[("a", "")];

#[tokio::test(start_paused = true)]
async fn an_error_before_the_first_content_leaves_no_trace_in_what_is_passed_on() {
    const FAILS: Script = &[(0, START), (0, TEXT), (0, PING), (3, ERROR)];
    let (passed_on, ended) = ask(&[FAILS, WHOLE], TWO).await;
    assert_eq!(ended, "half more of anthropic/claude-opus-4-8 by anthropic:b");
    assert_eq!(
        passed_on,
        [
            "0 begins",
            "3 overloaded",
            "3 begins",
            "3 start",
            "3 event",
            "3 \"half\"",
            "3 \" more\"",
            "3 event",
            "3 event",
            "3 end"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_first_content_of_any_kind_ends_the_chance_of_another_credential() {
    const AFTER_TEXT: Script = &[(0, START), (0, TEXT), (0, HALF), (0, ERROR)];
    const AFTER_TOOL: Script = &[(0, START), (0, TOOL), (0, ERROR)];
    const AFTER_SIGNATURE: Script = &[(0, START), (0, THINKING), (0, SIGNATURE), (0, ERROR)];
    const AFTER_DELTA: Script = &[(0, START), (0, DELTA), (0, ERROR)];
    for answers in [
        &[AFTER_TEXT, WHOLE] as &'static [Script],
        &[AFTER_TOOL, WHOLE],
        &[AFTER_SIGNATURE, WHOLE],
        &[AFTER_DELTA, WHOLE],
    ] {
        let (passed_on, ended) = ask(answers, TWO).await;
        assert_eq!(ended, "Interrupted", "{answers:?}");
        assert_eq!(passed_on.last().unwrap(), "0 overloaded, interrupted");
        assert!(passed_on.contains(&"0 start".to_owned()), "what was received is passed on: {passed_on:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn ten_seconds_after_the_head_everything_goes_out_and_nobody_takes_over() {
    const SLOW: Script = &[(4, START), (4, PING), (4, TEXT), (9, ERROR)];
    let (passed_on, ended) = ask(&[SLOW, WHOLE], TWO).await;
    assert_eq!(ended, "Interrupted");
    assert_eq!(passed_on, ["0 begins", "10 start", "10 event", "12 event", "21 overloaded, interrupted"]);
}

#[tokio::test(start_paused = true)]
async fn alone_nothing_is_held_and_the_commit_point_is_where_it_was() {
    const SLOW: Script = &[(1, START), (1, TEXT), (1, HALF), (1, ERROR)];
    let (passed_on, ended) = ask(&[SLOW], ONE).await;
    assert_eq!(ended, "Interrupted");
    assert_eq!(passed_on, ["0 begins", "1 start", "2 event", "3 \"half\"", "4 overloaded, interrupted"]);
    const EARLY: Script = &[(1, START), (1, ERROR)];
    let (passed_on, ended) = ask(&[EARLY], ONE).await;
    assert_eq!((ended.as_str(), passed_on.last().unwrap().as_str()), ("Exhausted", "2 overloaded"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_ends_without_content_is_passed_on_whole() {
    const EMPTY: Script = &[(0, START), (0, PING), (0, END)];
    let (passed_on, ended) = ask(&[EMPTY, WHOLE], TWO).await;
    assert_eq!(ended, " of anthropic/claude-opus-4-8 by anthropic:a");
    assert_eq!(passed_on, ["0 begins", "0 start", "0 event", "0 end"]);
}
