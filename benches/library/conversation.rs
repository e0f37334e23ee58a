//! A conversation of fifty turns: its transcript as it is read, and the request of the next turn with its cache markers.

use std::error::Error;

use fased::anthropic::cache::{self, Retention};
use fased::anthropic::{ContentBlock, MessageRequest};
use fased::config::AgentId;
use fased::sessions::SessionsDir;

use crate::fixtures::Fixtures;
use crate::{Line, PASS_OVER, ROUNDS, pass_over, places, side_by_side};

const TURNS: usize = 50;

pub(crate) fn lines(fixtures: &Fixtures) -> Result<Vec<Line>, Box<dyn Error>> {
    let (_, paths) = places(&fixtures.empty_home("home-conversation")?)?;
    let sessions = SessionsDir::of(&AgentId::main(), &paths);
    let now = "2026-06-01T12:00:00Z".parse()?;
    let mut session = sessions.create(now);
    session.set_system(&"Answer shortly and name the source.\n".repeat(100), now);
    for turn in 0..TURNS {
        let question = ContentBlock::text(format!("What is said of it in chapter {turn}? ").repeat(10));
        let answer = ContentBlock::text(format!("In chapter {turn} little is \"said\" of it.\n").repeat(40));
        session.begin_turn(vec![question], None, now)?;
        session.interrupt(vec![answer], None, now)?;
    }
    let id = session.id().clone();
    let transcript = std::fs::read(sessions.path().join(format!("{id}.jsonl")))?;
    let read = || Ok(sessions.read(&id)?);
    // Each line is a document of its own.
    let documents = || transcript.split(|byte| *byte == b'\n').filter(|line| pass_over(line)).count();

    let question = [ContentBlock::text("And in the last one?")];
    let conversation = session.conversation();
    let build = || {
        let mut request = MessageRequest { max_tokens: 1024, ..conversation.request(&question) };
        cache::mark(&mut request, Retention::Long);
        Ok(request.body(true))
    };
    let body = build()?;
    Ok(vec![
        Line {
            name: format!("transcript, {TURNS} turns: read"),
            figures: side_by_side::compare(ROUNDS, read, documents)?,
            compared_with: PASS_OVER,
            limit: 6.0,
        },
        Line {
            name: format!("request, {TURNS} turns: built, marked, written"),
            figures: side_by_side::compare(ROUNDS, build, || pass_over(&body))?,
            compared_with: PASS_OVER,
            limit: 4.0,
        },
    ])
}
