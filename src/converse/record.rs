//! A turn while it is written down. Trouble with the transcript never costs an answer; it is told behind it, unless it passed
//! by then: each write begins with all that could not be written before.

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
}

impl<'s> Record<'s> {
    pub(super) fn of(session: &'s mut Session, question: Vec<ContentBlock>) -> Self {
        Self { session, question: Some(question), request: None, answer: Answer::default() }
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
            note(self.session.receive(text));
        }
    }

    /// Keeps what came since the last time.
    pub(super) fn keep_partial(&mut self) {
        note(self.session.keep_partial());
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
        self.session.complete(content, stop_reason, receipt, now).err()
    }

    /// There will be no more of the answer, if it began at all. Hands over the text that came of it.
    pub(super) fn interrupt(
        mut self,
        receipt: Option<&Receipt>,
        now: Timestamp,
    ) -> (String, Option<SessionError>) {
        if self.question.is_some() {
            return (String::new(), None);
        }
        let kept = self.session.interrupt(std::mem::take(&mut self.answer).into_content(), receipt, now);
        let text = self.session.conversation().turns().last().map(|turn| turn.reply.text().into_owned());
        (text.unwrap_or_default(), kept.err())
    }

    fn begin(&mut self, now: Timestamp) {
        if let Some(question) = self.question.take() {
            note(self.session.begin_turn(question, self.request.take(), now));
        }
    }
}

/// What cannot be written now is written with what follows; only the end of the turn knows whether that came to pass.
fn note(done: Result<(), SessionError>) {
    if let Err(error) = done {
        tracing::debug!(%error, "the session cannot be written for now");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::{AgentId, Paths};
    use crate::sessions::{Reply, SessionsDir};

    #[test]
    fn trouble_that_passed_before_the_end_is_not_told() {
        let dir = tempfile::tempdir().unwrap();
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        let sessions = SessionsDir::of(&AgentId::main(), &Paths::below(dir.path()));
        for passes in [true, false] {
            let id: crate::sessions::SessionId = format!("passes-{passes}").parse().unwrap();
            fs::create_dir_all(sessions.path()).unwrap();
            // A file that reads as none and cannot be made as long as the place it lies in is missing.
            let place = dir.path().join(id.as_str());
            std::os::unix::fs::symlink(
                place.join("transcript"),
                sessions.path().join(format!("{}.jsonl", id.as_str())),
            )
            .unwrap();
            let mut session = sessions.open(id.clone()).unwrap();
            let mut record = Record::of(&mut session, vec![ContentBlock::text("why?")]);
            record.begin(now);
            if passes {
                fs::create_dir(&place).unwrap();
            }
            let (_, unkept) = record.interrupt(None, now);
            assert_eq!(unkept.is_none(), passes, "{unkept:?}");
            let read = sessions.read(&id).unwrap().unwrap_or_default();
            assert_eq!(read.turns().len(), usize::from(passes));
            assert!(read.turns().iter().all(|turn| matches!(turn.reply, Reply::Interrupted { .. })));
        }
    }
}
