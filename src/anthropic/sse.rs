//! Server-sent events, frame by frame, as the bytes arrive: where each frame ends, and what its fields say to those who
//! ask. No byte is looked at twice to find the ends, whatever the pieces, and a frame nobody looks into is not copied.
//! What events mean is left to others.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::{memchr, memchr2};

use super::error::Error;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Splits a stream of bytes into frames. All frames together, [`finish`](Self::finish) included, are the bytes that
/// arrived, and the pieces they arrived in make no difference.
///
/// ```
/// use bytes::Bytes;
/// use fased::anthropic::FrameSplitter;
///
/// # fn main() -> Result<(), fased::anthropic::Error> {
/// let mut splitter = FrameSplitter::new(1024);
/// let mut seen = Vec::new();
/// for chunk in [&b"event: ping\nda"[..], b"ta: {}\n", b"\nevent: ping\n"] {
///     let mut chunk = Bytes::from_static(chunk);
///     while let Some(frame) = splitter.next_frame(&mut chunk)? {
///         assert_eq!(frame.fields().event, Some(&b"ping"[..]));
///         seen.extend_from_slice(frame.raw());
///     }
/// }
/// assert_eq!(seen, b"event: ping\ndata: {}\n\n");
/// let cut = splitter.finish().unwrap();
/// assert!(!cut.is_complete());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct FrameSplitter {
    limit: usize,
    place: Place,
    /// What earlier chunks brought of the frame that is arriving.
    begun: Vec<u8>,
    /// Whether no frame was complete yet, so that a byte order mark may be there.
    is_first: bool,
}

/// Where in a frame the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where a line begins; `crlf` if lines end in CR and LF here, so that one is waited for behind the other.
    LineStart { crlf: bool },
    /// In a line that is not empty.
    InLine,
    /// Behind a CR that ends a line; an LF would belong to it.
    BehindCr,
    /// Behind the CR of the empty line, where an LF is to follow.
    Closing,
}

impl FrameSplitter {
    /// A splitter at the start of a stream, for frames of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, place: Place::LineStart { crlf: true }, begun: Vec::new(), is_first: true }
    }

    /// Takes the rest of a frame from the front of `chunk`, or, where its end is still to come, all there is; `chunk` is
    /// empty then and `None` returned.
    ///
    /// A frame ends with its empty line. Of an empty line that ends in CR alone, the LF that might follow is waited for
    /// only where the line before ended in both: an event is never held back for a byte that need not come.
    ///
    /// # Errors
    /// [`Error::EventTooLarge`] for a frame beyond the limit, as soon as it is. Nothing can be read behind it.
    pub fn next_frame(&mut self, chunk: &mut Bytes) -> Result<Option<Frame>, Error> {
        let end = self.find_end(chunk);
        let arrived = self.begun.len() + end.unwrap_or(chunk.len());
        if arrived > self.limit {
            return Err(Error::EventTooLarge { limit: self.limit });
        }
        let Some(end) = end else {
            self.begun.extend_from_slice(chunk);
            chunk.clear();
            return Ok(None);
        };
        let last = chunk.split_to(end);
        if self.begun.is_empty() {
            return Ok(Some(self.frame(last, true)));
        }
        self.begun.extend_from_slice(&last);
        let raw = std::mem::take(&mut self.begun).into();
        Ok(Some(self.frame(raw, true)))
    }

    /// Whether all that came ended with the end of a frame.
    pub fn is_at_boundary(&self) -> bool {
        self.begun.is_empty()
    }

    /// What is left when the stream has ended: usually nothing, or a frame that was cut off.
    pub fn finish(&mut self) -> Option<Frame> {
        let raw = Bytes::from(std::mem::take(&mut self.begun));
        let is_complete = self.place == Place::Closing;
        (!raw.is_empty()).then(|| self.frame(raw, is_complete))
    }

    fn frame(&mut self, raw: Bytes, is_complete: bool) -> Frame {
        let is_first = std::mem::take(&mut self.is_first);
        let fields_at = if is_first && raw.starts_with(BOM) { BOM.len() } else { 0 };
        Frame { raw, fields_at, is_complete }
    }

    /// Goes through the bytes and tells where the frame ends that they are part of.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let next = *bytes.get(at)?;
            match self.place {
                Place::InLine => {
                    let length = memchr2(b'\n', b'\r', &bytes[at..])?;
                    at += length;
                    self.place = behind_line(bytes[at]);
                    at += 1;
                }
                Place::LineStart { .. } if next == b'\n' => {
                    self.place = Place::LineStart { crlf: false };
                    return Some(at + 1);
                }
                Place::LineStart { crlf } if next == b'\r' => {
                    at += 1;
                    if !crlf {
                        self.place = Place::BehindCr;
                        return Some(at);
                    }
                    self.place = Place::Closing;
                }
                Place::LineStart { .. } => self.place = Place::InLine,
                Place::BehindCr => {
                    let crlf = next == b'\n';
                    at += usize::from(crlf);
                    self.place = Place::LineStart { crlf };
                }
                Place::Closing => {
                    let crlf = next == b'\n';
                    self.place = Place::LineStart { crlf };
                    return Some(at + usize::from(crlf));
                }
            }
        }
    }
}

fn behind_line(end: u8) -> Place {
    if end == b'\n' { Place::LineStart { crlf: false } } else { Place::BehindCr }
}

/// One frame: the lines up to an empty one. It is an event if it has data, else comments or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    raw: Bytes,
    fields_at: usize,
    is_complete: bool,
}

/// What a frame says, as far as a client of this API needs it: `id` and `retry` are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    /// Its name, where it has one; it may be empty.
    pub event: Option<&'a [u8]>,
    /// Its data, lines joined by LF; `None` if the frame is no event.
    pub data: Option<Cow<'a, [u8]>>,
}

impl Frame {
    /// Every byte of it as it arrived, with the empty line that ends it.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Whether it has its end. Nothing is to be done about one that was cut off.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Reads its lines.
    pub fn fields(&self) -> Fields<'_> {
        let mut fields = Fields::default();
        let mut rest = &self.raw[self.fields_at..];
        while let Some(length) = memchr2(b'\n', b'\r', rest) {
            let (line, behind) = rest.split_at(length);
            // Between CR and LF there is one more line, which says nothing.
            rest = &behind[1..];
            let (name, value) = match memchr(b':', line) {
                Some(colon) => (&line[..colon], &line[colon + 1..]),
                None => (line, &line[length..]),
            };
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match name {
                b"event" => fields.event = Some(value),
                b"data" => fields.push_data(value),
                _ => {}
            }
        }
        fields
    }
}

impl<'a> Fields<'a> {
    fn push_data(&mut self, line: &'a [u8]) {
        self.data = Some(match self.data.take() {
            None => Cow::Borrowed(line),
            Some(lines) => {
                let mut lines = lines.into_owned();
                lines.push(b'\n');
                lines.extend_from_slice(line);
                Cow::Owned(lines)
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every frame of a stream that arrives in pieces of these lengths, in turn.
    fn frames(bytes: &[u8], lengths: &[usize]) -> Vec<Frame> {
        let mut splitter = FrameSplitter::new(usize::MAX);
        let mut frames = Vec::new();
        let mut rest = Bytes::copy_from_slice(bytes);
        for length in lengths.iter().cycle() {
            let mut chunk = rest.split_to((*length).min(rest.len()));
            if chunk.is_empty() {
                break;
            }
            while let Some(frame) = splitter.next_frame(&mut chunk).unwrap() {
                frames.push(frame);
            }
        }
        frames.extend(splitter.finish());
        frames
    }

    fn raw(text: &str) -> Vec<String> {
        let frames = frames(text.as_bytes(), &[usize::MAX]);
        frames.iter().map(|frame| String::from_utf8(frame.raw().to_vec()).unwrap()).collect()
    }

    /// Name and data of each frame.
    fn said(text: &str) -> Vec<(Option<String>, Option<String>)> {
        let owned = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        frames(text.as_bytes(), &[usize::MAX])
            .iter()
            .map(|frame| {
                let fields = frame.fields();
                (fields.event.map(owned), fields.data.as_deref().map(owned))
            })
            .collect()
    }

    #[test]
    fn an_empty_line_of_any_kind_ends_a_frame_and_belongs_to_it() {
        assert_eq!(raw("data: a\n\ndata: b\n\n"), ["data: a\n\n", "data: b\n\n"]);
        assert_eq!(raw("data: a\r\n\r\ndata: b\r\n\r\n"), ["data: a\r\n\r\n", "data: b\r\n\r\n"]);
        assert_eq!(raw("data: a\r\rdata: b\r\r"), ["data: a\r\r", "data: b\r\r"]);
        assert_eq!(raw("\r\n\ndata: a\n\n"), ["\r\n", "\n", "data: a\n\n"]);
        assert_eq!(raw("data: a\r\n\rdata: b\r\n\r"), ["data: a\r\n\r", "data: b\r\n\r"]);
        assert_eq!(raw("data: a\n\r\ndata: b\n\n"), ["data: a\n\r", "\ndata: b\n\n"]);
    }

    #[test]
    fn an_event_is_not_held_back_for_a_byte_that_need_not_come() {
        for text in ["data: a\n\n", "data: a\r\r", "data: a\r\n\r\n"] {
            let mut splitter = FrameSplitter::new(64);
            let frame = splitter.next_frame(&mut Bytes::from_static(text.as_bytes())).unwrap().unwrap();
            assert_eq!(frame.raw(), text);
        }
    }

    #[test]
    fn an_empty_line_is_complete_at_the_end_of_the_stream_even_without_its_lf() {
        let left = |text: &str| frames(text.as_bytes(), &[1]).pop().unwrap().is_complete();
        assert!(left("data: a\r\n\r"));
        assert!(!left("data: a\r\n"));
        assert!(!left("data: a"));
        assert_eq!(frames(b"", &[1]), []);
    }

    #[test]
    fn fields_are_read_as_the_standard_says() {
        let named = |event: &str, data: &str| (Some(event.to_owned()), Some(data.to_owned()));
        let unnamed = |data: &str| (None, Some(data.to_owned()));
        for (text, expected) in [
            ("event: ping\ndata: {}\n\n", named("ping", "{}")),
            ("data:x\nevent:y\n\n", named("y", "x")),
            ("data:  two spaces: kept\n\n", unnamed(" two spaces: kept")),
            ("data: a\ndata\ndata: b\n\n", unnamed("a\n\nb")),
            ("data\n\n", unnamed("")),
            ("event: a\nevent\ndata: x\n\n", named("", "x")),
            (": comment\nid: 7\nretry: 1\nDATA: x\n data: x\n\n", (None, None)),
            ("\u{feff}data: x\r\n\r\n", unnamed("x")),
            ("data: gr\u{fc}\u{df}e\r\r", unnamed("grüße")),
        ] {
            assert_eq!(said(text), [expected], "{text:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_passed_over_at_the_start_of_the_stream_alone() {
        let text = "\u{feff}data: a\n\n\u{feff}data: b\n\n";
        assert_eq!(said(text), [(None, Some("a".to_owned())), (None, None)]);
    }

    #[test]
    fn a_frame_beyond_the_limit_fails_however_it_arrives_and_those_before_it_do_not() {
        let text = format!("{}data: {}\n\n", "data: 1\n\n".repeat(9), "x".repeat(100));
        for length in [1, 7, 64, 1000] {
            let mut splitter = FrameSplitter::new(64);
            let mut count = 0;
            let error = text.as_bytes().chunks(length).map(Bytes::copy_from_slice).find_map(|mut chunk| {
                loop {
                    match splitter.next_frame(&mut chunk) {
                        Ok(Some(_)) => count += 1,
                        Ok(None) => return None,
                        Err(error) => return Some(error),
                    }
                }
            });
            assert!(matches!(error, Some(Error::EventTooLarge { limit: 64 })), "{error:?}");
            assert_eq!(count, 9);
        }
    }

    #[test]
    fn a_frame_within_one_chunk_is_not_copied() {
        let mut chunk = Bytes::from_static(b"data: a\n\ndata: b\n\n");
        let place = chunk.as_ptr();
        let frame = FrameSplitter::new(64).next_frame(&mut chunk).unwrap().unwrap();
        assert_eq!(frame.raw().as_ptr(), place);
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same_frames_and_every_byte(
            text in "(\u{feff})?(event|data|:|x| |:|\r|\n|\r\n|ü){0,40}",
            lengths in prop::collection::vec(1..9_usize, 1..5),
        ) {
            let whole = frames(text.as_bytes(), &[usize::MAX]);
            prop_assert_eq!(&frames(text.as_bytes(), &lengths), &whole);
            let every: Vec<u8> = whole.iter().flat_map(|frame| frame.raw().to_vec()).collect();
            prop_assert_eq!(every, text.as_bytes());
        }

        /// The standard's own procedure, line by line, on the whole text.
        #[test]
        fn events_are_those_of_the_standard(text in "(\u{feff})?(event|data|:|x| |:|\r|\n|\r\n|ü){0,40}") {
            let normal = text.replace("\r\n", "\n").replace('\r', "\n");
            let normal = normal.strip_prefix('\u{feff}').unwrap_or(&normal);
            let mut expected = Vec::new();
            let (mut event, mut data) = (None, None::<String>);
            // What stands behind the last line end is no line.
            for line in normal.rsplit_once('\n').map_or("", |(lines, _)| lines).split('\n') {
                let (name, value) = line.split_once(':').unwrap_or((line, ""));
                let value = value.strip_prefix(' ').unwrap_or(value);
                match name {
                    "" if line.is_empty() => {
                        let event = event.take();
                        expected.extend(data.take().map(|data| (event, Some(data))));
                    }
                    "event" => event = Some(value.to_owned()),
                    "data" => {
                        data = Some(data.map_or(value.to_owned(), |before| before + "\n" + value));
                    }
                    _ => {}
                }
            }
            let mut events = frames(text.as_bytes(), &[usize::MAX]);
            events.retain(Frame::is_complete);
            let events: Vec<_> = events.iter().map(Frame::fields).filter(|fields| fields.data.is_some()).collect();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            let events: Vec<_> =
                events.iter().map(|fields| (fields.event.map(text), fields.data.as_deref().map(text))).collect();
            prop_assert_eq!(events, expected);
        }
    }
}
