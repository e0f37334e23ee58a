//! How fast the bytes of a streamed answer become events: `cargo bench --bench sse`. Next to each figure stands how many
//! times longer it takes than `memchr` needs to find the line ends of the same bytes, because only that ratio travels
//! between machines. The exit code is 1 when a limit is exceeded, which means something on a quiet machine only.

#[path = "../support/side_by_side.rs"]
mod side_by_side;

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use bytes::Bytes;
use fased::anthropic::{EVENT_LIMIT, FrameSplitter, MessageStream, ResponseMeta};
use fased::secret::Secret;
use futures_util::{FutureExt as _, stream};

/// Measured rounds of each case, with one of `memchr` next to each. Each is so short that few of them meet another program on
/// the same core, even on a busy machine, and the median meets none.
const ROUNDS: usize = 301;
/// Bytes per second that one core must reach with pieces of a kilobyte and more.
const LIMIT: f64 = 200e6;

/// Bytes as the API sends them.
struct Answer {
    name: &'static str,
    bytes: Bytes,
}

/// What is done with the bytes; it tells how many things it found.
type Work = fn(&Bytes, usize) -> Result<usize, Box<dyn Error>>;

const WORKS: [(&str, Work); 3] =
    [("events", events), ("frames and their fields", fields), ("frames alone", frames)];

#[expect(clippy::print_stderr, reason = "a benchmark is a program of its own")]
fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().any(|argument| argument == "--bench") {
        return Ok(if measure()? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    // `cargo test --all-targets` starts benchmarks too, with binaries whose speed says nothing.
    eprintln!("run it with: cargo bench --bench sse");
    Ok(ExitCode::SUCCESS)
}

/// Whether every limit is kept.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn measure() -> Result<bool, Box<dyn Error>> {
    println!("medians of {ROUNDS} rounds, each next to one of memchr over the same bytes\n");
    println!("{:<28} {:<24} {:>8} {:>8} {:>9}  limit", "bytes", "read as", "pieces", "MB/s", "x memchr");
    let mut exceeded = 0;
    for answer in [small_deltas(), long_lines()] {
        for (work_name, work) in WORKS {
            for piece in [1, 1024, 64 * 1024] {
                // A piece of one byte has its own price, so fewer of them do.
                let bytes = answer.bytes.slice(..if piece == 1 { 16 * 1024 } else { answer.bytes.len() });
                let lines = || memchr::memchr_iter(b'\n', &bytes).count();
                let figures = side_by_side::compare(ROUNDS, || work(&bytes, piece), lines)?;
                let speed = f64::from(u32::try_from(bytes.len())?) / figures.time.as_secs_f64();
                let ratio = figures.ratio();
                let is_limited = work_name == "events" && piece > 1;
                let told = match (is_limited, speed >= LIMIT) {
                    (false, _) => "none",
                    (true, true) => "200 MB/s ok",
                    (true, false) => "200 MB/s UNDER",
                };
                exceeded += usize::from(is_limited && speed < LIMIT);
                println!(
                    "{:<28} {work_name:<24} {piece:>8} {:>8.0} {ratio:>9.1}  {told}",
                    answer.name,
                    speed / 1e6
                );
            }
        }
    }
    println!("\n{}", if exceeded == 0 { "Every limit is kept." } else { "Limits are exceeded." });
    Ok(exceeded == 0)
}

/// The whole path: what `fased chat` does with an answer before it looks at it.
fn events(bytes: &Bytes, piece: usize) -> Result<usize, Box<dyn Error>> {
    let chunks = stream::iter(pieces(bytes.clone(), piece).map(Ok));
    let secret = Secret::new("sk-ant-api03-sandbox-benchmark-00000000000000000000");
    let mut stream = MessageStream::from_chunks(chunks, ResponseMeta::default(), secret);
    let mut count = 0;
    while let Some(event) = stream.next().now_or_never().ok_or("the stream waits for what is there")? {
        match event {
            Ok(event) => drop(black_box(event)),
            // The shortened bytes have no end.
            Err(fased::anthropic::Error::Cut { .. }) => break,
            Err(error) => return Err(error.into()),
        }
        count += 1;
    }
    Ok(count)
}

fn fields(bytes: &Bytes, piece: usize) -> Result<usize, Box<dyn Error>> {
    split(bytes, piece, |frame| {
        black_box(frame.fields());
    })
}

/// What a gateway does with the frames it only passes on.
fn frames(bytes: &Bytes, piece: usize) -> Result<usize, Box<dyn Error>> {
    split(bytes, piece, |frame| {
        black_box(frame.raw());
    })
}

fn split(
    bytes: &Bytes,
    piece: usize,
    look: impl Fn(&fased::anthropic::Frame),
) -> Result<usize, Box<dyn Error>> {
    let mut splitter = FrameSplitter::new(EVENT_LIMIT);
    let mut count = 0;
    for mut chunk in pieces(bytes.clone(), piece) {
        while let Some(frame) = splitter.next_frame(&mut chunk)? {
            look(&frame);
            count += 1;
        }
    }
    Ok(count)
}

fn pieces(mut rest: Bytes, length: usize) -> impl Iterator<Item = Bytes> + Send {
    std::iter::from_fn(move || (!rest.is_empty()).then(|| rest.split_to(length.min(rest.len()))))
}

/// An answer as the models write it: a few words at a time, now and then a quotation mark, a line end, a letter of another
/// alphabet.
fn small_deltas() -> Answer {
    const TEXTS: [&str; 8] = [
        "The sky",
        " is blue because",
        " air scatters",
        " short waves",
        " more:\\n\\n- ",
        "\\\"Rayleigh\\\"",
        " größer",
        " than the rest of the light that comes in",
    ];
    let deltas: String = (0..2048).map(|number| delta(TEXTS[number % TEXTS.len()])).collect();
    Answer { name: "an answer of small deltas", bytes: whole(&deltas) }
}

/// A line of a megabyte, like the input of a tool that writes a file.
fn long_lines() -> Answer {
    let text = "fn main() { println!(\\\"hello\\\"); }\\n".repeat((1 << 20) / 36);
    Answer { name: "a line of 1 MB", bytes: whole(&delta(&text)) }
}

fn delta(text: &str) -> String {
    event("content_block_delta", &format!(r#","index":0,"delta":{{"type":"text_delta","text":"{text}"}}"#))
}

fn whole(deltas: &str) -> Bytes {
    let message = r#","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5","content":[],"usage":{"input_tokens":9,"output_tokens":1}}"#;
    let block = r#","index":0,"content_block":{"type":"text","text":""}"#;
    let end = r#","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":99}"#;
    Bytes::from(
        event("message_start", message)
            + &event("content_block_start", block)
            + deltas
            + &event("content_block_stop", r#","index":0"#)
            + &event("message_delta", end)
            + &event("message_stop", ""),
    )
}

fn event(name: &str, fields: &str) -> String {
    format!("event: {name}\ndata: {{\"type\":\"{name}\"{fields}}}\n\n")
}
