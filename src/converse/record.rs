//! A turn while it is written down. Trouble with the transcript never costs an answer; it is told behind it.

use jiff::Timestamp;

use crate::anthropic::{Answer, ContentBlock, Delta, StreamEvent};
use crate::sessions::{SentRequest, Session, SessionError};
use crate::usage::receipt::Receipt;

#[derive(Debug)]
pub(super) struct Record<'s> {
    session: &'s mut Session,
    /// Taken when its answer begins.
    question: Option<Vec<ContentBlock>>,
    request: Option<SentRequest>,
    /// What came of the answer so far.
    answer: Answer,
    trouble: Option<SessionError>,
}

impl<'s> Record<'s> {
    pub(super) fn of(session: &'s mut Session, question: Vec<ContentBlock>) -> Self {
        Self { session, question: Some(question), request: None, answer: Answer::default(), trouble: None }
    }

    /// The question goes out with this request.
    pub(super) fn sending(&mut self, request: SentRequest) {
        self.request = Some(request);
    }

    /// The answer of a try begins; what came of another one is void.
    pub(super) fn begins(&mut self) {
        self.answer = Answer::default();
    }

    /// Takes in a piece of the answer.
    pub(super) fn piece(&mut self, event: &StreamEvent, now: Timestamp) {
        self.answer.apply(event);
        if event.commits() {
            self.begin(now);
        }
        if let StreamEvent::ContentDelta { delta: Delta::Text(text), .. } = event {
            let received = self.session.receive(text);
            self.note(received);
        }
    }

    /// Keeps what came since the last time.
    pub(super) fn keep_partial(&mut self) {
        let kept = self.session.keep_partial();
        self.note(kept);
    }

    /// The answer is complete. Says what went wrong with writing it down.
    pub(super) fn complete(
        mut self,
        stop_reason: Option<&str>,
        receipt: &Receipt,
        now: Timestamp,
    ) -> Option<SessionError> {
        self.begin(now);
        let content = std::mem::take(&mut self.answer).into_content();
        let kept = self.session.complete(content, stop_reason, receipt, now);
        self.note(kept);
        self.trouble
    }

    /// There will be no more of the answer, if it began at all. Hands over the text that came of it.
    pub(super) fn interrupt(
        mut self,
        receipt: Option<&Receipt>,
        now: Timestamp,
    ) -> (String, Option<SessionError>) {
        if self.question.is_some() {
            return (String::new(), self.trouble);
        }
        let kept = self.session.interrupt(std::mem::take(&mut self.answer).into_content(), receipt, now);
        self.note(kept);
        let text = self.session.conversation().turns().last().map(|turn| turn.reply.text().into_owned());
        (text.unwrap_or_default(), self.trouble)
    }

    fn begin(&mut self, now: Timestamp) {
        if let Some(question) = self.question.take() {
            let begun = self.session.begin_turn(question, self.request.take(), now);
            self.note(begun);
        }
    }

    fn note(&mut self, done: Result<(), SessionError>) {
        if let Err(error) = done {
            self.trouble.get_or_insert(error);
        }
    }
}
