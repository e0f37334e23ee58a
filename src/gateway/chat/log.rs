//! A turn while it runs: what happened so far, numbered, so that any number of readers see the same whenever they come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

use super::view::{CacheView, SessionView, TurnState, TurnView};
use crate::error::Failure;
use crate::storage::Stamp;

/// Something that happened in a turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub(in crate::gateway) enum Event {
    /// It was asked.
    Begin {
        /// As far as it is now.
        view: Box<TurnView>,
    },
    /// The answer begins, again if it did before: what came of another try is void.
    Restart,
    /// More of its text.
    Text {
        /// The text.
        text: String,
    },
    /// More of what was thought before.
    Thinking {
        /// The text.
        text: String,
    },
    /// Something went another way than planned.
    Note {
        /// In a line.
        text: String,
    },
    /// It is over.
    Done {
        /// As it stands in the transcript now, or as it failed.
        view: Box<TurnView>,
        /// What the session is called now.
        title: String,
        /// What it took so far.
        totals: String,
        /// What is in the prompt cache now.
        cache: Option<CacheView>,
    },
}

/// A turn of this process.
#[derive(Debug)]
pub(super) struct Running {
    /// Later turns of a session have higher ones.
    pub(super) id: u64,
    /// Its place in the conversation.
    pub(super) index: usize,
    stop: watch::Sender<bool>,
    log: Mutex<Log>,
}

#[derive(Debug)]
struct Log {
    events: Vec<Event>,
    view: TurnView,
    is_over: bool,
    /// Of the transcript, as the turn left it; `None` before its end.
    left: Option<Stamp>,
    /// The answer is nowhere but here.
    is_unkept: bool,
}

impl Running {
    pub(super) fn begin(id: u64, view: TurnView) -> Self {
        let events = vec![Event::Begin { view: Box::new(view.clone()) }];
        let log = Log { events, view, is_over: false, left: None, is_unkept: false };
        Self { id, index: log.view.index, stop: watch::channel(false).0, log: Mutex::new(log) }
    }

    pub(super) fn push(&self, event: Event) {
        let mut log = self.log();
        if log.is_over {
            return;
        }
        log.view.apply(&event);
        log.is_over = matches!(event, Event::Done { .. });
        log.events.push(event);
    }

    /// What became of it in the transcript, which nobody else could write until now. Told before its end.
    pub(super) fn leaves(&self, transcript: Stamp, is_unkept: bool) {
        let mut log = self.log();
        log.left = Some(transcript);
        log.is_unkept = is_unkept;
    }

    /// The transcript as it left it, once it is over.
    pub(super) fn left(&self) -> Option<Stamp> {
        let log = self.log();
        log.left.filter(|_| log.is_over)
    }

    /// What it is now, and how many events that took.
    pub(super) fn now(&self) -> (TurnView, usize) {
        let log = self.log();
        (log.view.clone(), log.events.len())
    }

    pub(super) fn is_over(&self) -> bool {
        self.log().is_over
    }

    /// Whether its answer is nowhere but here: the transcript could not be written.
    pub(super) fn is_unkept(&self) -> bool {
        self.log().is_unkept
    }

    /// Puts in what the transcript does not have of a turn that is over: why it ended early, what was told meanwhile, and all of
    /// it where it could not be written.
    pub(super) fn complete(&self, session: &mut SessionView) {
        let log = self.log();
        let is_missing = log.is_unkept || log.view.state == TurnState::Failed;
        match session.turns.len().checked_sub(self.index) {
            Some(0) if is_missing => session.turns.push(log.view.clone()),
            // Where this one failed, it may be somebody else's.
            Some(1) if session.turns[self.index].is_same_as(&log.view) => {
                session.turns[self.index] = log.view.clone();
            }
            // Another question followed.
            _ => return,
        }
        if log.is_unkept
            && let Some(Event::Done { title, totals, .. }) = log.events.last()
        {
            session.title.clone_from(title);
            session.totals.clone_from(totals);
        }
    }

    /// The events behind the first `count`.
    pub(super) fn after(&self, count: usize) -> Vec<Event> {
        self.log().events.get(count..).unwrap_or_default().to_vec()
    }

    /// Ends it early.
    pub(super) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns when it is to end early.
    pub(super) async fn stopped(&self) -> Failure {
        // The sender is ours, so there is always one.
        self.stop.subscribe().wait_for(|stop| *stop).await.ok();
        Failure::cancelled("It was stopped before the answer began.")
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        // Whoever holds it only copies and appends.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
