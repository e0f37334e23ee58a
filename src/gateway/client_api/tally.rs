//! What an answer tells of itself while it passes: the model that served it, its tokens, how it ended. In the end a row of
//! the ledger is made of it.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;

use super::attempt::Signed;
use crate::anthropic::{EVENT_LIMIT, Frame, FrameSplitter, ResponseMeta, Usage, UsageUpdate, frame_commits};
use crate::config::{AgentId, Config};
use crate::gateway::keys::estimate::BYTES_PER_TOKEN;
use crate::models::refs::ModelRef;
use crate::usage::ledger::{Outcome, Row, Tokens};
use crate::usage::price;
use crate::usage::said::Said;

/// What is known of an answer so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) served: Option<String>,
    pub(super) stop_reason: Option<String>,
    pub(super) said: Said,
    pub(super) first_content: Option<Duration>,
    /// Tokens of output that passed, as far as that can be told by their bytes.
    heard: u64,
}

/// Bytes of a piece of content around the text in it, in the shortest of its kinds.
const WRAPPING: u64 = 80;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// As it should.
    Complete,
    /// By an error, whose name in `auth-state.json` this is.
    Failed(&'static str),
    /// By an error, too, but the provider may have answered.
    Lost(&'static str),
    /// The client left.
    Left,
}

/// The circumstances of an answer.
#[derive(Debug)]
pub(super) struct Circumstances {
    pub(super) agent: AgentId,
    pub(super) client_key: String,
    pub(super) model: ModelRef,
    pub(super) signed: Signed,
    pub(super) meta: ResponseMeta,
    pub(super) failed_attempts: u32,
}

#[derive(Deserialize)]
struct MessageStart<'d> {
    #[serde(borrow)]
    message: Message<'d>,
}

#[derive(Deserialize)]
struct Message<'d> {
    #[serde(borrow)]
    model: Option<Cow<'d, str>>,
    #[serde(borrow)]
    stop_reason: Option<Cow<'d, str>>,
    usage: Option<UsageUpdate>,
}

#[derive(Deserialize)]
struct MessageDelta<'d> {
    #[serde(borrow)]
    delta: Option<Delta<'d>>,
    usage: Option<UsageUpdate>,
}

#[derive(Deserialize)]
struct Delta<'d> {
    #[serde(borrow)]
    stop_reason: Option<Cow<'d, str>>,
}

impl Tally {
    /// Takes in a whole answer that was not streamed.
    pub(super) fn whole(&mut self, body: &[u8]) {
        if let Ok(message) = serde_json::from_slice::<Message<'_>>(body) {
            self.message(message);
        }
    }

    fn hear(&mut self, content: &[u8]) {
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let tokens = length.saturating_sub(WRAPPING).div_ceil(BYTES_PER_TOKEN).max(1);
        self.heard = self.heard.saturating_add(tokens);
    }

    fn message(&mut self, message: Message<'_>) {
        self.served = message.model.map(Cow::into_owned).filter(|model| !model.is_empty());
        self.stop_reason = message.stop_reason.map(Cow::into_owned);
        if let Some(usage) = &message.usage {
            self.said.take(usage);
        }
    }

    /// The row of an answer that has ended. One that was broken off is charged what passed of it, where that is more than
    /// what was told: providers tell the tokens of the output at its end.
    pub(super) fn row(
        &self,
        of: &Circumstances,
        ending: Ending,
        took: Duration,
        now: Timestamp,
        config: &Config,
    ) -> Row {
        let (outcome, error) = match ending {
            Ending::Complete if self.stop_reason.as_deref() == Some("refusal") => (Outcome::Refused, None),
            Ending::Complete => (Outcome::Complete, None),
            Ending::Failed(reason) if self.first_content.is_some() => (Outcome::Interrupted, Some(reason)),
            Ending::Failed(reason) => (Outcome::Failed, Some(reason)),
            Ending::Lost(reason) => (Outcome::Interrupted, Some(reason)),
            Ending::Left => (Outcome::Interrupted, Some("cancelled")),
        };
        // What failed without an answer is not billed, whatever it began to count.
        let tokens = if outcome == Outcome::Failed { Tokens::default() } else { self.said.tokens() };
        let is_counted = tokens.input.is_some() && tokens.output.is_some();
        let served = self.served.as_deref().unwrap_or_default();
        let usage = self.said.usage();
        let prices = price::prices_of(&of.model, served, of.signed.billing, usage, config);
        let prices = prices.filter(|_| is_counted);
        let cost = prices.and_then(|prices| price::cost(usage, &prices));
        let heard = Usage { output: usage.output.max(self.heard), ..*usage };
        let heard = prices.and_then(|prices| price::cost(&heard, &prices));
        Row {
            at: now,
            agent: of.agent.clone(),
            session: None,
            client_key: Some(of.client_key.clone()),
            charged: heard.filter(|heard| outcome == Outcome::Interrupted && Some(*heard) > cost),
            source: of.signed.source,
            credential: of.signed.credential.clone(),
            billing: of.signed.billing,
            requested_model: of.model.clone(),
            served_model: self.served.clone(),
            request_id: of.meta.request_id.clone(),
            organization_id: of.meta.organization_id.clone(),
            workspace_id: of.meta.workspace_id.clone(),
            tokens,
            cost,
            cache_savings: prices.and_then(|prices| price::cache_savings(usage, &prices)),
            outcome,
            stop_reason: self.stop_reason.clone(),
            error: error.map(str::to_owned),
            retries: 0,
            failed_attempts: of.failed_attempts,
            duration: took,
            first_content: self.first_content,
        }
    }
}

/// What a frame means for whoever passes it on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing in particular.
    Passing,
    /// From here on nobody else may take over.
    Commits,
    /// The answer is complete.
    Stops,
    /// The provider gave up; the data of its error.
    Error(Vec<u8>),
}

/// Looks at a stream in frames as it passes.
#[derive(Debug)]
pub(super) struct Tap {
    splitter: FrameSplitter,
    pub(super) tally: Tally,
}

impl Tap {
    pub(super) fn new() -> Self {
        Self { splitter: FrameSplitter::new(EVENT_LIMIT), tally: Tally::default() }
    }

    /// Whether all that came ended with the end of a frame, so that something else may be put behind it.
    pub(super) fn is_at_boundary(&self) -> bool {
        self.splitter.is_at_boundary()
    }

    /// Looks at what came, at `took` since the request was sent. A frame too large to look into passes unseen.
    pub(super) fn look(&mut self, chunk: &Bytes, took: Duration, mut each: impl FnMut(Seen)) {
        let mut rest = chunk.clone();
        loop {
            match self.splitter.next_frame(&mut rest) {
                Ok(Some(frame)) => each(self.frame(&frame, took)),
                Ok(None) => break,
                Err(_) => {
                    self.splitter = FrameSplitter::new(EVENT_LIMIT);
                    each(Seen::Commits);
                    break;
                }
            }
        }
    }

    fn frame(&mut self, frame: &Frame, took: Duration) -> Seen {
        let fields = frame.fields();
        let Some(data) = fields.data.as_deref() else { return Seen::Passing };
        let event = fields.event.and_then(|name| std::str::from_utf8(name).ok());
        match fields.event.unwrap_or_default() {
            b"message_start" => {
                if let Ok(start) = serde_json::from_slice::<MessageStart<'_>>(data) {
                    self.tally.message(start.message);
                }
                Seen::Passing
            }
            b"message_delta" => {
                if let Ok(delta) = serde_json::from_slice::<MessageDelta<'_>>(data) {
                    let reason = delta.delta.and_then(|delta| delta.stop_reason);
                    self.tally.stop_reason =
                        reason.map(Cow::into_owned).or_else(|| self.tally.stop_reason.take());
                    if let Some(usage) = &delta.usage {
                        self.tally.said.take(usage);
                    }
                }
                Seen::Commits
            }
            b"message_stop" => Seen::Stops,
            b"error" => Seen::Error(data.to_vec()),
            _ if std::str::from_utf8(data).is_ok_and(|data| frame_commits(event, data)) => {
                self.tally.first_content.get_or_insert(took);
                self.tally.hear(data);
                Seen::Commits
            }
            _ => Seen::Passing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"model\":\"claude-x\",",
        "\"usage\":{\"input_tokens\":3,\"cache_read_input_tokens\":5,\"output_tokens\":1}}}\n\n",
        "event: ping\ndata: {}\n\n: comment\n\n",
        "event: content_block_start\ndata: {\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"delta\":{\"type\":\"text_delta\",\"text\":\"x\"}}\n\n",
        "event: message_delta\ndata: {\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}\n\n",
        "event: message_stop\ndata: {}\n\n",
    );

    fn look(text: &str, piece: usize) -> (Vec<Seen>, Tap) {
        let (mut tap, mut seen) = (Tap::new(), Vec::new());
        for chunk in text.as_bytes().chunks(piece) {
            tap.look(&Bytes::copy_from_slice(chunk), Duration::from_millis(7), |it| seen.push(it));
        }
        (seen, tap)
    }

    #[test]
    fn an_answer_is_understood_in_whatever_pieces_it_passes() {
        for piece in [1, 3, 64, 10_000] {
            let (seen, tap) = look(STREAM, piece);
            use Seen::{Commits, Passing, Stops};
            assert_eq!(seen, [Passing, Passing, Passing, Passing, Commits, Commits, Stops], "{piece}");
            assert!(tap.is_at_boundary());
            let tally = tap.tally;
            assert_eq!(tally.served.as_deref(), Some("claude-x"));
            assert_eq!(tally.stop_reason.as_deref(), Some("end_turn"));
            assert_eq!(tally.first_content, Some(Duration::from_millis(7)));
            let tokens = tally.said.tokens();
            assert_eq!((tokens.input, tokens.output, tokens.cache_read), (Some(3), Some(9), Some(5)));
        }
    }

    #[test]
    fn a_boundary_is_behind_a_whole_frame_and_nowhere_else() {
        assert!(!look("event: ping\n", 100).1.is_at_boundary());
        assert!(look("event: ping\n\n", 100).1.is_at_boundary());
        assert!(look("", 1).1.is_at_boundary());
    }

    #[test]
    fn an_error_event_is_told_with_its_data() {
        let (seen, _) = look("event: error\ndata: {\"type\":\"error\"}\n\n", 5);
        assert_eq!(seen, [Seen::Error(b"{\"type\":\"error\"}".to_vec())]);
    }

    #[test]
    fn a_whole_answer_tells_the_same() {
        let mut tally = Tally::default();
        tally.whole(br#"{"content":[{"type":"text","text":"x"}],"model":"m","stop_reason":"max_tokens","usage":{"input_tokens":1,"output_tokens":2}}"#);
        assert_eq!((tally.served.as_deref(), tally.stop_reason.as_deref()), (Some("m"), Some("max_tokens")));
        assert_eq!(tally.said.tokens().output, Some(2));
    }
}
