//! The parser of streamed answers: whatever arrives, in whatever pieces, is the same frames with every byte of it, and
//! events and then an end, told once. The first line of an input is the lengths of the pieces, the rest what arrives.

use bytes::Bytes;
use fased::anthropic::{EVENT_LIMIT, Error, Frame, FrameSplitter, MessageStream, ResponseMeta, StreamEvent};
use fased::secret::Secret;
use futures_util::{FutureExt as _, stream};

use super::{Outcome, messages};

/// Reads a stream.
pub fn run(input: &[u8]) -> Outcome {
    let line = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (lengths, arriving) = (&input[..line], input.get(line + 1..).unwrap_or_default());
    check_frames(arriving, lengths);
    let whole = read(vec![Bytes::copy_from_slice(arriving)], ResponseMeta::default());
    let in_pieces = read(pieces(arriving, lengths), ResponseMeta::default());
    assert_eq!(told(&whole), told(&in_pieces), "the pieces make a difference");
    for (place, event) in whole.iter().enumerate() {
        let is_last = place + 1 == whole.len();
        match event {
            Ok(event) => assert_eq!(*event == StreamEvent::MessageStop, is_last, "{event:?} at {place}"),
            Err(error) => {
                assert!(is_last, "an event behind an error");
                check_error(error);
            }
        }
    }
    if whole.len() > 1 { Outcome::Taken } else { Outcome::Refused }
}

/// The pieces make no difference to the frames, and no byte is lost or comes twice.
fn check_frames(arriving: &[u8], lengths: &[u8]) {
    let whole = frames(vec![Bytes::copy_from_slice(arriving)]);
    assert_eq!(whole, frames(pieces(arriving, lengths)), "the pieces make a difference");
    let every: Vec<u8> = whole.iter().flat_map(|frame| frame.raw()).copied().collect();
    assert_eq!(every, arriving, "the frames are not what arrived");
    for (place, frame) in whole.iter().enumerate() {
        assert!(frame.is_complete() || place + 1 == whole.len(), "a frame behind one that was cut off");
        let said = frame.fields();
        let length = said.data.map_or(0, |data| data.len()) + said.event.map_or(0, <[u8]>::len);
        assert!(length <= frame.raw().len(), "a frame says more than it has");
    }
}

fn frames(pieces: Vec<Bytes>) -> Vec<Frame> {
    let mut splitter = FrameSplitter::new(EVENT_LIMIT);
    let mut frames = Vec::new();
    for mut piece in pieces {
        loop {
            match splitter.next_frame(&mut piece) {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => panic!("every input is shorter than the limit: {error}"),
            }
        }
        assert!(piece.is_empty(), "a piece that is not taken");
    }
    frames.extend(splitter.finish());
    frames
}

/// Everything a stream says, to its end.
pub fn read(pieces: Vec<Bytes>, meta: ResponseMeta) -> Vec<Result<StreamEvent, Error>> {
    // An event needs an empty line, and the end is one more.
    let most = pieces.iter().map(Bytes::len).sum::<usize>() + 1;
    let chunks = stream::iter(pieces.into_iter().map(Ok));
    let mut stream = MessageStream::from_chunks(chunks, meta, Secret::new(messages::SECRET));
    let mut events = Vec::new();
    loop {
        match stream.next().now_or_never() {
            None => panic!("the stream waits for what is there"),
            Some(None) => return events,
            Some(Some(event)) => events.push(event),
        }
        assert!(events.len() <= most, "the stream does not end");
    }
}

/// No error tells the secret of its request, even when the API does.
pub fn check_error(error: &Error) {
    let message = error.to_string();
    messages::check_form(&message);
    let names_event = matches!(error, Error::Malformed { .. });
    assert!(names_event || !message.contains(messages::SECRET), "an error tells a secret: {message}");
}

fn told(events: &[Result<StreamEvent, Error>]) -> Vec<String> {
    events
        .iter()
        .map(|event| event.as_ref().map_or_else(ToString::to_string, |it| format!("{it:?}")))
        .collect()
}

fn pieces(mut rest: &[u8], lengths: &[u8]) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    let mut lengths = lengths.iter().cycle();
    while !rest.is_empty() {
        let length = lengths.next().map_or(1, |length| usize::from(*length)).clamp(1, rest.len());
        let (piece, behind) = rest.split_at(length);
        pieces.push(Bytes::copy_from_slice(piece));
        rest = behind;
    }
    pieces
}
