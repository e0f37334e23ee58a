//! Streams that arrive, break off, fall silent or are dropped.

use super::*;

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
