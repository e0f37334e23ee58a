//! A streamed answer: frames to [`StreamEvent`]s. Bounds what one event may take in memory and how long the stream may be
//! silent, and tells a complete answer from one that was cut off.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};

use super::error::{ApiError, Error};
use super::event::{StreamEvent, type_of};
use super::headers::ResponseMeta;
use super::http::words;
use super::sse::{Frame, FrameSplitter};
use crate::secret::Secret;

/// Largest event a stream may have, in bytes; beyond it the stream fails with [`Error::EventTooLarge`].
pub const EVENT_LIMIT: usize = 16 * 1024 * 1024;

type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, Error>> + Send>>;

/// An answer that is arriving. Dropping it closes the connection (over HTTP/2: resets the stream), which stops the
/// answer and its cost at Anthropic.
pub struct MessageStream {
    meta: ResponseMeta,
    chunks: ByteStream,
    /// What is not split yet of the chunk that came last.
    chunk: Bytes,
    splitter: FrameSplitter,
    secret: Secret,
    ended: bool,
}

impl MessageStream {
    pub(super) fn new(
        response: reqwest::Response,
        meta: ResponseMeta,
        idle: Duration,
        secret: Secret,
    ) -> Self {
        Self::from_chunks(bounded(response, idle), meta, secret)
    }

    /// An answer whose bytes do not come from a client's connection, like a recorded one.
    pub fn from_chunks(
        chunks: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
        meta: ResponseMeta,
        secret: Secret,
    ) -> Self {
        Self::limited(chunks, EVENT_LIMIT, meta, secret)
    }

    fn limited(
        chunks: impl Stream<Item = Result<Bytes, Error>> + Send + 'static,
        limit: usize,
        meta: ResponseMeta,
        secret: Secret,
    ) -> Self {
        let (chunks, splitter) = (Box::pin(chunks.fuse()), FrameSplitter::new(limit));
        Self { meta, chunks, chunk: Bytes::new(), splitter, secret, ended: false }
    }

    /// What the response's head said.
    pub fn meta(&self) -> &ResponseMeta {
        &self.meta
    }

    /// The next event, or `None` after `message_stop` or after an error. Dropping the returned future loses nothing.
    ///
    /// # Errors
    /// [`Error::Api`] for an `error` event, [`Error::Cut`], [`Error::Idle`], [`Error::EventTooLarge`],
    /// [`Error::Malformed`]. The stream ends with any of them.
    pub async fn next(&mut self) -> Option<Result<StreamEvent, Error>> {
        while !self.ended {
            let event = match self.next_frame().await {
                Ok(Some(frame)) => self.read(&frame).transpose(),
                Ok(None) => {
                    Some(Err(Error::Cut { reason: "the stream ended before the answer did".to_owned() }))
                }
                Err(error) => Some(Err(error)),
            };
            let Some(event) = event else { continue };
            self.ended = matches!(event, Err(_) | Ok(StreamEvent::MessageStop));
            return Some(event);
        }
        None
    }

    async fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(frame) = self.splitter.next_frame(&mut self.chunk)? {
                return Ok(Some(frame));
            }
            match self.chunks.next().await {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(self.splitter.finish().filter(Frame::is_complete)),
            }
        }
    }

    /// The event a frame is, if it is one.
    fn read(&self, frame: &Frame) -> Result<Option<StreamEvent>, Error> {
        let fields = frame.fields();
        let Some(data) = &fields.data else { return Ok(None) };
        let (name, data) = (utf8(fields.event.unwrap_or_default())?, utf8(data)?);
        let name = if name.is_empty() { type_of(data).unwrap_or_default() } else { name.into() };
        if name == "error" {
            return Err(Error::Api(Box::new(ApiError::read(data.as_bytes(), &self.meta, &self.secret))));
        }
        StreamEvent::read(&name, data).map(Some)
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(bytes).map_err(|_| Error::Malformed { what: "an event that is not UTF-8".to_owned() })
}

impl std::fmt::Debug for MessageStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageStream")
            .field("meta", &self.meta)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// The body's bytes, with every wait bounded by `idle`. Comments count as signs of life.
fn bounded(response: reqwest::Response, idle: Duration) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    stream::try_unfold(response, move |mut response| async move {
        match tokio::time::timeout(idle, response.chunk()).await {
            Err(_) => Err(Error::Idle { after: idle }),
            Ok(Err(error)) => Err(Error::Cut { reason: words(&error) }),
            Ok(Ok(chunk)) => Ok(chunk.map(|chunk| (chunk, response))),
        }
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::super::error::ApiErrorKind;
    use super::super::event::Delta;
    use super::*;

    const KEY: &str = "sk-ant-api03-sandbox-not-a-real-key-0000000000-x3Qw";

    const ANSWER: &str = concat!(
        "event: message_start\n",
        "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"claude-sonnet-5\",",
        "\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "event: content_block_start\n",
        "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,",
        "\"delta\":{\"type\":\"text_delta\",\"text\":\"Grüße 🌍\"}}\n\n",
        "event: brand_new\ndata: {}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: message_delta\n",
        "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":4}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    );

    /// Every event of a stream that arrives in these pieces, with errors as text.
    fn decode(pieces: Vec<Bytes>, limit: usize) -> Vec<Result<StreamEvent, String>> {
        let chunks = stream::iter(pieces.into_iter().map(Ok));
        let meta = ResponseMeta { status: 200, ..ResponseMeta::default() };
        let mut stream = MessageStream::limited(chunks, limit, meta, Secret::new(KEY));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut events = Vec::new();
            while let Some(event) = stream.next().await {
                events.push(event.map_err(|error| error.to_string()));
            }
            events
        })
    }

    fn whole(text: &str) -> Vec<Result<StreamEvent, String>> {
        decode(vec![Bytes::copy_from_slice(text.as_bytes())], EVENT_LIMIT)
    }

    #[test]
    fn an_answer_becomes_its_events_and_ends() {
        let events = whole(ANSWER);
        assert_eq!(events.len(), 8);
        assert!(
            matches!(&events[0], Ok(StreamEvent::MessageStart { model, .. }) if model == "claude-sonnet-5")
        );
        assert_eq!(events[1], Ok(StreamEvent::Ping));
        let text = Delta::Text("Grüße 🌍".to_owned());
        assert_eq!(events[3], Ok(StreamEvent::ContentDelta { index: 0, delta: text }));
        assert!(matches!(&events[4], Ok(StreamEvent::Other { name, .. }) if name == "brand_new"));
        assert_eq!(events[7], Ok(StreamEvent::MessageStop));
    }

    #[test]
    fn line_ends_a_bom_and_comments_make_no_difference() {
        let expected = whole(ANSWER);
        assert_eq!(whole(&ANSWER.replace('\n', "\r\n")), expected);
        assert_eq!(whole(&ANSWER.replace('\n', "\r")), expected);
        assert_eq!(whole(&format!("\u{feff}{ANSWER}")), expected);
        assert_eq!(
            whole(&format!(": hello\n\n{}", ANSWER.replace("\n\n", "\n: comment\n\n:\n\n"))),
            expected
        );
    }

    #[test]
    fn byte_by_byte_makes_no_difference() {
        for text in [ANSWER.to_owned(), ANSWER.replace('\n', "\r\n"), format!("\u{feff}{ANSWER}")] {
            let bytes = text.into_bytes().into_iter().map(|byte| Bytes::from(vec![byte])).collect();
            assert_eq!(decode(bytes, EVENT_LIMIT), whole(ANSWER));
        }
    }

    proptest! {
        #[test]
        fn splitting_anywhere_makes_no_difference(cuts in prop::collection::vec(0..ANSWER.len(), 0..12), crlf: bool) {
            let text = if crlf { ANSWER.replace('\n', "\r\n") } else { ANSWER.to_owned() };
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut rest = Bytes::from(text.into_bytes());
            for cut in cuts.into_iter().rev() {
                pieces.push(rest.split_off(cut.min(rest.len())));
            }
            pieces.push(rest);
            pieces.reverse();
            prop_assert_eq!(decode(pieces, EVENT_LIMIT), whole(ANSWER));
        }
    }

    #[test]
    fn a_stream_without_its_end_is_cut() {
        for end in ["", "event: message_stop\n", "event: message_stop\ndata: {\"type\":\"message_stop\"}\n"] {
            let text = ANSWER.replace("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", end);
            let events = whole(&text);
            assert_eq!(
                events.last().unwrap().as_ref().unwrap_err(),
                "the answer was cut off: the stream ended before the answer did"
            );
            assert_eq!(events.len(), 8);
        }
    }

    #[test]
    fn nothing_is_read_after_the_end_of_the_answer() {
        assert_eq!(whole(&format!("{ANSWER}event: error\ndata: {{}}\n\n")), whole(ANSWER));
    }

    #[test]
    fn an_error_event_is_an_error_of_the_api_with_or_without_a_name() {
        let data =
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#;
        for text in [format!("event: error\ndata: {data}\n\n"), format!("data: {data}\n\n")] {
            let events = whole(&text);
            assert_eq!(events, [Err("Overloaded (overloaded_error)".to_owned())]);
        }
        let chunk = Bytes::from(format!("event: error\ndata: {data}\n\n"));
        let meta = ResponseMeta { status: 200, ..ResponseMeta::default() };
        let mut stream = MessageStream::from_chunks(stream::iter([Ok(chunk)]), meta, Secret::new(KEY));
        let error = stream.next().now_or_never().flatten().unwrap().unwrap_err();
        let api = error.api().unwrap();
        assert_eq!((api.status, api.kind), (200, ApiErrorKind::Overloaded));
        assert_eq!(api.request_id.as_deref(), Some("r"));
    }

    #[test]
    fn an_event_larger_than_the_limit_fails_however_it_arrives() {
        let small = "data: {\"type\":\"ping\"}\n\n".repeat(50);
        assert_eq!(decode(vec![Bytes::from(small.clone())], 64).len(), 51, "many small events are fine");
        for large in ["data: ".to_owned() + &"x".repeat(100), "data: x\n".repeat(20), ":".repeat(100)] {
            let text = format!("{small}{large}");
            for size in [1, 7, text.len()] {
                let pieces = text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
                let last = decode(pieces, 64).pop().unwrap();
                assert_eq!(last, Err("an event of the stream is larger than 64 bytes".to_owned()));
            }
        }
    }

    #[test]
    fn one_line_of_two_megabytes_in_small_pieces_is_one_event() {
        let data = format!(
            "data: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{}\"}}}}\n\n",
            "x".repeat(2 << 20)
        );
        let pieces = data.as_bytes().chunks(1024).map(Bytes::copy_from_slice).collect();
        let events = decode(pieces, EVENT_LIMIT);
        let Ok(StreamEvent::ContentDelta { delta: Delta::Text(text), .. }) = &events[0] else { panic!() };
        assert_eq!(text.len(), 2 << 20);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_malformed() {
        let events = decode(vec![Bytes::from_static(b"data: \xff\xfe\n\n")], EVENT_LIMIT);
        assert_eq!(events, [Err("the response is not understood: an event that is not UTF-8".to_owned())]);
    }
}
