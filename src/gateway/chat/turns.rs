//! Turns that run in this process. Each has a thread of its own, so that it goes on when nobody looks; a session has one at
//! a time, and everybody who looks at the session meets in its [`Room`].

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::super::app::App;
use super::super::live::AgentView;
use super::log::{Event, Running};
use super::view::{SessionView, TurnState, TurnView};
use crate::anthropic::{ContentBlock, Delta, StreamEvent};
use crate::ask::{Asker, Happening};
use crate::auth::form::Form;
use crate::auth::notices::{self, PLAN_CREDENTIALS};
use crate::auth::resolve::Source;
use crate::config::AgentId;
use crate::config::load::Loaded;
use crate::converse::{self, Manner, Outcome, Talker, Told};
use crate::error::{Exit, Failure};
use crate::failover::wording;
use crate::sessions::{ModelChoice, Session, SessionId, SessionsDir};

/// Rooms that are kept though nobody is in them, for what failed or was told there.
const MOST_EMPTY_ROOMS: usize = 64;
/// How long turns that were told to end may take to be written down.
const WRITING_TIME: Duration = Duration::from_secs(5);

/// All of them.
#[derive(Debug)]
pub(in crate::gateway) struct Turns {
    rooms: Mutex<HashMap<(AgentId, SessionId), Arc<Room>>>,
    running: watch::Sender<usize>,
}

/// A session somebody looks at, or that is being answered.
#[derive(Debug)]
pub(super) struct Room {
    current: Mutex<Current>,
    /// What was chosen before the session began; it is written with its first turn.
    waiting: Mutex<Option<ModelChoice>>,
    /// Counts what happened, to wake whoever waits for more.
    pub(super) changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Current {
    /// The turn that runs, or the last one.
    turn: Option<Arc<Running>>,
    /// Somebody is opening the session for the next one.
    is_beginning: bool,
}

impl Default for Turns {
    fn default() -> Self {
        Self { rooms: Mutex::default(), running: watch::channel(0).0 }
    }
}

impl Room {
    fn new() -> Self {
        Self { current: Mutex::default(), waiting: Mutex::new(None), changed: watch::channel(0).0 }
    }

    /// The turn that runs, or the last one.
    pub(super) fn current(&self) -> Option<Arc<Running>> {
        self.lock().turn.clone()
    }

    /// Whether an answer is coming, or is about to.
    pub(super) fn is_answering(&self) -> bool {
        self.lock().is_answering()
    }

    /// What was chosen before the session began.
    pub(super) fn waiting(&self) -> MutexGuard<'_, Option<ModelChoice>> {
        // It is replaced as a whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held for moments, also by those that may not block: no file is read meanwhile.
    fn lock(&self) -> MutexGuard<'_, Current> {
        // Its fields are replaced as wholes.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of two who ask at once, one begins and the other is told.
    fn enter(&self) -> Result<Beginning<'_>, Failure> {
        let mut current = self.lock();
        if current.is_answering() {
            return Err(Failure::new(Exit::Failed, "turn_running", "This session is being answered.")
                .hint("wait for the end of the answer, or stop it"));
        }
        current.is_beginning = true;
        Ok(Beginning(self))
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    /// Whether nobody is in it, and nothing that exists nowhere else.
    fn is_deserted(&self) -> bool {
        let current = self.lock();
        let has_answer = current.turn.as_ref().is_some_and(|running| running.is_unkept());
        self.changed.receiver_count() == 0
            && !current.is_answering()
            && !has_answer
            && self.waiting().is_none()
    }
}

impl Current {
    fn is_answering(&self) -> bool {
        self.is_beginning || self.turn.as_ref().is_some_and(|running| !running.is_over())
    }
}

/// The right to begin a session's next turn.
struct Beginning<'r>(&'r Room);

impl Beginning<'_> {
    /// What the next turn is called, by the time at least.
    fn number(&self, now: u64) -> u64 {
        self.0.lock().turn.as_ref().map_or(now, |last| now.max(last.id + 1))
    }

    fn begun(&self, running: &Arc<Running>) {
        self.0.lock().turn = Some(Arc::clone(running));
    }
}

impl Drop for Beginning<'_> {
    fn drop(&mut self) {
        self.0.lock().is_beginning = false;
    }
}

impl Turns {
    /// The room of a session, if somebody needed one.
    pub(super) fn find(&self, agent: &AgentId, session: &SessionId) -> Option<Arc<Room>> {
        self.rooms().get(&(agent.clone(), session.clone())).cloned()
    }

    /// The room of a session, made where there is none: for those who stay there or leave something.
    pub(super) fn room(&self, agent: &AgentId, session: &SessionId) -> Arc<Room> {
        let mut rooms = self.rooms();
        let key = (agent.clone(), session.clone());
        if !rooms.contains_key(&key) && rooms.len() >= MOST_EMPTY_ROOMS {
            // One that somebody holds may be about to be used. Those where nothing happened go first.
            let is_used = |room: &Arc<Room>| Arc::strong_count(room) > 1 || !room.is_deserted();
            rooms.retain(|_, room| is_used(room) || room.current().is_some());
            if rooms.len() >= MOST_EMPTY_ROOMS {
                rooms.retain(|_, room| is_used(room));
            }
        }
        Arc::clone(rooms.entry(key).or_insert_with(|| Arc::new(Room::new())))
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<(AgentId, SessionId), Arc<Room>>> {
        // Entries are whole at any time.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many run.
    pub(in crate::gateway) fn count(&self) -> usize {
        *self.running.borrow()
    }

    /// Returns once none runs.
    pub(in crate::gateway) async fn ended(&self) {
        // The sender is ours, so it stays.
        self.running.subscribe().wait_for(|count| *count == 0).await.ok();
    }

    /// Ends all that run, each with what came of it. Says whether there was none, so that nothing was cut.
    pub(in crate::gateway) async fn stop(&self) -> bool {
        if self.count() == 0 {
            return true;
        }
        let rooms: Vec<_> = self.rooms().values().cloned().collect();
        rooms.iter().filter_map(|room| room.current()).for_each(|turn| turn.stop());
        if tokio::time::timeout(WRITING_TIME, self.ended()).await.is_err() {
            tracing::warn!("an answer that was told to end has not been written down");
        }
        false
    }
}

/// Begins a turn. `open` gives the session, which is this process's until the turn is over, and the question for it.
///
/// # Errors
/// When one is running, or the session cannot be had.
pub(super) fn begin(
    app: &Arc<App>,
    agent: Arc<AgentView>,
    id: &SessionId,
    open: impl FnOnce() -> Result<(Session, Vec<ContentBlock>), Failure>,
) -> Result<Arc<Running>, Failure> {
    let room = app.turns.room(&agent.selected.id, id);
    let beginning = room.enter()?;
    let (session, question) = open()?;
    let now = app.now();
    let number = beginning.number(u64::try_from(now.as_millisecond()).unwrap_or(0));
    let view = TurnView::begun(session.conversation().turns().len(), now, &question);
    let running = Arc::new(Running::begin(number, view));
    let ending = Ending { app: Arc::clone(app), room: Arc::clone(&room), running: Arc::clone(&running) };
    app.turns.running.send_modify(|count| *count += 1);
    let spawned = std::thread::Builder::new()
        .name("turn".to_owned())
        .spawn(move || ending.run(&agent, session, question));
    if let Err(error) = spawned {
        return Err(anyhow::Error::from(error).context("cannot start a thread").into());
    }
    beginning.begun(&running);
    drop(beginning);
    room.tell();
    Ok(running)
}

/// A turn on its thread. However that ends, the turn is over with it.
struct Ending {
    app: Arc<App>,
    room: Arc<Room>,
    running: Arc<Running>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        if !self.running.is_over() {
            let (mut view, _) = self.running.now();
            view.state = TurnState::Failed;
            view.failed(&Failure::new(Exit::Failed, "unexpected", "The turn ended unexpectedly."));
            self.push(Event::Done {
                view: Box::new(view),
                title: String::new(),
                totals: String::new(),
                cache: None,
            });
        }
        self.app.turns.running.send_modify(|count| *count -= 1);
    }
}

impl Ending {
    fn push(&self, event: Event) {
        self.running.push(event);
        self.room.tell();
    }

    /// Runs it to its end. Being dropped with the thread, it tells that the turn is over, whatever happened.
    fn run(self, agent: &AgentView, mut session: Session, question: Vec<ContentBlock>) {
        let Loaded { config, env } = &agent.world.loaded;
        let talker = Talker {
            agent: &agent.selected,
            asker: Asker {
                config,
                env,
                paths: &self.app.paths,
                store: &agent.store,
                refresher: &agent.refresher,
                programs: &self.app.programs,
                network: self.app.network,
                clock: self.app.clock.as_ref(),
            },
            inputs: agent.inputs(),
        };
        let mut unobtainable = None;
        let mut observe = |told: Told<'_>| {
            self.observe(&told, &mut unobtainable);
            ControlFlow::Continue(())
        };
        let turn = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                let manner = Manner::default();
                let stopped = self.running.stopped();
                let turn = runtime.block_on(converse::ask(
                    &talker,
                    &mut session,
                    question,
                    &manner,
                    stopped,
                    &mut observe,
                ));
                // Whatever a request that was ended left running need not be waited for.
                runtime.shutdown_background();
                turn
            }
            Err(error) => Err(anyhow::Error::from(error).context("cannot start a runtime").into()),
        };
        let is_unkept = turn.as_ref().is_ok_and(|turn| turn.unkept.is_some());
        let done = self.done(&talker, &session, turn);
        let stamp = SessionsDir::of(&agent.selected.id, &self.app.paths).stamp(session.id());
        self.running.leaves(stamp, is_unkept);
        if session.is_kept() {
            *self.room.waiting() = None;
        }
        // Whoever is told that it is over may ask the next question at once.
        drop(session);
        self.push(done);
    }

    fn observe(&self, told: &Told<'_>, unobtainable: &mut Option<String>) {
        let note = |text: String| self.push(Event::Note { text });
        let happening = match told {
            Told::Warning(warning) => return note(format!("! {}", warning.message)),
            Told::Happening(happening) => happening,
        };
        match happening {
            Happening::Using { credential, form, billing, .. } => {
                if *form == Form::PlanToken {
                    self.give_notice();
                }
                match &credential.source {
                    Source::Profile(_) => {}
                    Source::Env(variable, _) => {
                        note(format!("using {variable} of the environment ({})", billing.as_str()));
                    }
                    Source::Config(key) => {
                        note(format!("using {} of the config ({})", key.place, billing.as_str()));
                    }
                }
            }
            Happening::Failed { .. } => {}
            Happening::Unobtainable { error, .. } => *unobtainable = Some(error.to_string()),
            Happening::Begins { .. } => self.push(Event::Restart),
            Happening::Piece(StreamEvent::ContentDelta { delta, .. }) => match delta {
                Delta::Text(text) => self.push(Event::Text { text: text.clone() }),
                Delta::Thinking(text) => self.push(Event::Thinking { text: text.clone() }),
                _ => {}
            },
            Happening::Piece(_) => {}
            Happening::PassedOver { model, next } => {
                note(format!("→ no credential can be used for {model} now; asking {next}"));
            }
            Happening::Context1mRefused { credential, model_class, until } => {
                let name = credential.source.name();
                note(wording::context1m_refused(name, model_class, *until, self.app.now()));
            }
            Happening::Failover { event, model_class } => {
                let trouble = unobtainable.take();
                note(wording::line(event, trouble.as_deref(), model_class, self.app.now()));
            }
        }
    }

    /// The notice about credentials of a plan, where it was not shown before.
    fn give_notice(&self) {
        let notice = &PLAN_CREDENTIALS;
        if notices::was_shown(notice, &self.app.paths) {
            return;
        }
        let text = format!("! {}", notice.in_words());
        self.push(Event::Note { text });
        if let Err(error) = notices::record_shown(notice, &self.app.paths, self.app.clock.as_ref()) {
            let text = format!("! it cannot be recorded that the notice was shown: {error}");
            self.push(Event::Note { text });
        }
    }

    /// The end of the turn, as everybody will find it from now on.
    fn done(&self, talker: &Talker<'_>, session: &Session, turn: Result<converse::Turn, Failure>) -> Event {
        let conversation = session.conversation();
        let id = (talker.agent.id.clone(), session.id().clone());
        let all = SessionView::of(id.0, id.1, conversation, self.app.now());
        let (so_far, _) = self.running.now();
        let index = self.running.index;
        let mut view = match conversation.turns().get(index) {
            Some(turn) => TurnView::of(index, turn, so_far.notes),
            None => TurnView { state: TurnState::Failed, parts: Vec::new(), ..so_far },
        };
        match turn {
            Ok(turn) => {
                if let Some(error) = &turn.unkept {
                    view.notes.push(format!("! the session is not kept: {error}"));
                }
                if let Some(error) = &turn.unrecorded {
                    view.notes.push(format!("! this request is missing under Usage: {error}"));
                }
                match &turn.outcome {
                    Outcome::Answered(_) => {}
                    // What was stopped is told by its state, where something came.
                    Outcome::Unanswered(unanswered)
                        if unanswered.is_stopped && view.state != TurnState::Failed => {}
                    Outcome::Unanswered(unanswered) => view.failed(&unanswered.failure),
                }
            }
            Err(failure) => view.failed(&failure),
        }
        Event::Done { view: Box::new(view), title: all.title, totals: all.totals, cache: all.cache }
    }
}
