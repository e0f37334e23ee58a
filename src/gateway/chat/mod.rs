//! Talking through the gateway: sessions of an agent, their turns and what happens in them. A turn runs in this process and
//! goes on when nobody looks; what is written of it is what `fased chat` writes.

mod events;
mod log;
pub(super) mod picker;
mod turns;
pub(super) mod view;

use std::sync::Arc;

use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use self::turns::Turns;

use self::picker::Picker;
use self::turns::Room;
use self::view::SessionView;
use super::api;
use super::app::App;
use super::live::AgentView;
use super::routes::{Call, Door, Route};
use crate::SCHEMA_VERSION;
use crate::anthropic::ContentBlock;
use crate::converse::choice::{self, Wanted};
use crate::error::{Exit, Failure};
use crate::models::offer;
use crate::sessions::slash::{self, Slash};
use crate::sessions::{
    Conversation, ModelChoice, Reply, Session, SessionError, SessionId, SessionsDir, Totals,
};

/// What is asked to go on with an answer that ended early.
const GO_ON: &str = "Please continue exactly where you were interrupted.";

pub(super) const ROUTES: &[Route] = &[
    Route::get("/api/chat/{agent}/{session}", Door::Owner, |app, call| Box::pin(answer(app, call, read))),
    Route::get("/api/chat/{agent}/{session}/models", Door::Owner, |app, call| {
        Box::pin(answer(app, call, models))
    }),
    Route::get("/api/chat/{agent}/{session}/events", Door::Owner, |app, call| {
        Box::pin(answer(app, call, watch))
    }),
    Route::post("/api/chat/{agent}/{session}/turns", Door::Owner, |app, call| {
        Box::pin(answer(app, call, say))
    }),
    Route::post("/api/chat/{agent}/{session}/continue", Door::Owner, |app, call| {
        Box::pin(answer(app, call, go_on))
    }),
    Route::post("/api/chat/{agent}/{session}/stop", Door::Owner, |app, call| {
        Box::pin(answer(app, call, stop))
    }),
    Route::post("/api/chat/{agent}/{session}/model", Door::Owner, |app, call| {
        Box::pin(answer(app, call, choose))
    }),
];

/// A session that is talked about.
pub(super) struct Talk {
    app: Arc<App>,
    agent: Arc<AgentView>,
    id: SessionId,
}

/// What is said.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Said {
    text: String,
}

/// Which model a session is to ask.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// `null` for the agent's own.
    model: Option<String>,
}

/// What became of something that was said.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Heard {
    schema_version: u32,
    /// The turn that began.
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<u64>,
    /// Words to the person, where it was said to the program.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    said: Vec<String>,
    /// Another page that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    open: Option<String>,
    /// The model that is chosen now, where that was asked or changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    picker: Option<Picker>,
}

/// Whether something was ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stopped {
    schema_version: u32,
    stopped: bool,
}

/// Answers where files may be read.
async fn answer(app: Arc<App>, call: Call, work: fn(&Talk, &Call) -> Result<Response, Failure>) -> Response {
    let done = tokio::task::spawn_blocking(move || {
        Talk::of(app, call.capture(0), call.capture(1)).and_then(|talk| work(&talk, &call))
    });
    match done.await {
        Ok(Ok(response)) => response,
        Ok(Err(failure)) => api::refused(failure),
        Err(error) => api::refused(anyhow::Error::from(error).context("cannot answer").into()),
    }
}

impl Talk {
    /// The session of an agent, by their names.
    pub(super) fn of(app: Arc<App>, agent: &str, session: &str) -> Result<Self, Failure> {
        let agent = api::view(&app, agent)?;
        let id = session.parse().map_err(|error| {
            Failure::new(Exit::Failed, "unknown_session", format!("The session's name is {error}."))
        })?;
        Ok(Self { app, agent, id })
    }

    /// A session that has not begun.
    pub(super) fn new(app: Arc<App>, agent: &str) -> Result<Self, Failure> {
        let agent = api::view(&app, agent)?;
        let id = SessionId::new(app.now());
        Ok(Self { app, agent, id })
    }

    pub(super) fn agent(&self) -> &AgentView {
        &self.agent
    }

    /// What was said so far, and the place among the events up to which this holds.
    pub(super) fn look(&self) -> Result<(SessionView, String), Failure> {
        let (view, place) = events::look(&self.app, &self.agent.selected, &self.id)?;
        Ok((view, place.id()))
    }

    /// What can be chosen.
    pub(super) fn picker(&self) -> Result<Picker, Failure> {
        Picker::of(&self.agent, &self.conversation()?, self.app.now())
    }

    /// Whether an answer is coming.
    pub(super) fn is_answering(&self) -> bool {
        self.room().is_some_and(|room| room.is_answering())
    }

    /// Its room, if there is one: looking at a session needs none.
    fn room(&self) -> Option<Arc<Room>> {
        self.app.turns.find(&self.agent.selected.id, &self.id)
    }

    /// What was chosen for it before it began.
    fn waiting(&self) -> Option<ModelChoice> {
        self.room()?.waiting().clone()
    }

    fn sessions(&self) -> SessionsDir {
        SessionsDir::of(&self.agent.selected.id, &self.app.paths)
    }

    fn failure(&self, error: SessionError) -> Failure {
        Failure::of_session(error, &self.agent.selected)
    }

    fn open(&self) -> Result<Session, Failure> {
        self.sessions().open(self.id.clone()).map_err(|error| self.failure(error))
    }

    fn typed(&self, text: &str) -> Result<ModelChoice, Failure> {
        let config = &self.agent.world.loaded.config;
        let choice = choice::typed(text, "model", config)?;
        choice::check(&choice, &self.agent.selected, config, &self.agent.snapshot)?;
        Ok(choice)
    }

    /// Begins a turn with what `question` makes of the session.
    fn begin(
        &self,
        question: impl FnOnce(&Session) -> Result<Vec<ContentBlock>, Failure>,
    ) -> Result<Response, Failure> {
        if *self.app.closing.borrow() {
            return Err(Failure::new(Exit::Failed, "closing", "The gateway is ending.")
                .hint("start it again, and say it again"));
        }
        let open = || {
            let mut session = self.open()?;
            if let Some(choice) = self.waiting().filter(|_| !session.is_kept()) {
                session.choose(choice, self.app.now());
            }
            let question = question(&session)?;
            Ok((session, question))
        };
        let running = turns::begin(&self.app, Arc::clone(&self.agent), &self.id, open)?;
        Ok(heard(Heard { turn: Some(running.id), ..Heard::default() }))
    }

    /// From now on the session asks this; one that has not begun takes it with its first question.
    fn choose(&self, choice: ModelChoice) -> Result<Response, Failure> {
        if self.is_answering() {
            let message = "The model cannot be changed while this session is being answered.";
            return Err(
                Failure::new(Exit::Failed, "turn_running", message).hint("change it behind the answer")
            );
        }
        let mut session = self.open()?;
        session.choose(choice.clone(), self.app.now());
        if !session.is_kept() {
            let waiting = Some(choice).filter(|choice| *choice != ModelChoice::default());
            *self.app.turns.room(&self.agent.selected.id, &self.id).waiting() = waiting;
        }
        session.keep().map_err(|error| self.failure(error))?;
        let picker = Picker::of(&self.agent, session.conversation(), self.app.now())?;
        Ok(heard(Heard { said: vec![picker.words.clone()], picker: Some(picker), ..Heard::default() }))
    }

    /// Does what was said to the program.
    fn obey(&self, slash: Slash<'_>) -> Result<Response, Failure> {
        let agent = &self.agent.selected.id;
        let config = &self.agent.world.loaded.config;
        let said = match slash {
            Slash::ModelDefault => return self.choose(ModelChoice::default()),
            Slash::ModelSet(text) => return self.choose(self.typed(text)?),
            Slash::New => return Ok(opened(format!("/agents/{agent}/chat"))),
            Slash::ModelStatus => return Ok(opened(format!("/agents/{agent}/models"))),
            Slash::Unknown { word, meant } => return Err(Failure::of_slash(word, meant)),
            Slash::Model => vec![self.picker()?.words],
            Slash::ModelList => {
                let conversation = self.conversation()?;
                let current = Wanted::by(agent, config, &conversation, None, &[])?.first;
                let line = |offer: offer::Offer| match offer.note.as_str() {
                    "" => offer.model.to_string(),
                    note => format!("{}   {note}", offer.model),
                };
                offer::known_offers(config, &current).into_iter().map(line).collect()
            }
            Slash::Usage => vec![Totals::of(&self.conversation()?).in_words()],
            Slash::Help => slash::WORDS.iter().map(|(word, what)| format!("{word}   {what}")).collect(),
            Slash::Quit => vec!["Close this page whenever you like: an answer under way goes on.".to_owned()],
        };
        Ok(heard(Heard { said, ..Heard::default() }))
    }

    fn conversation(&self) -> Result<Conversation, Failure> {
        if let Some(read) = self.sessions().read(&self.id).map_err(|error| self.failure(error))? {
            return Ok(read);
        }
        // It has not begun, and may have a model all the same.
        let mut session = self.sessions().create(self.app.now());
        if let Some(choice) = self.waiting() {
            session.choose(choice, self.app.now());
        }
        Ok(session.conversation().clone())
    }
}

fn heard(heard: Heard) -> Response {
    api::document(&Heard { schema_version: SCHEMA_VERSION, ..heard })
}

fn opened(open: String) -> Response {
    heard(Heard { open: Some(open), ..Heard::default() })
}

/// `GET /api/chat/{agent}/{session}`
fn read(talk: &Talk, _: &Call) -> Result<Response, Failure> {
    Ok(api::document(&talk.look()?.0))
}

/// `GET /api/chat/{agent}/{session}/models`
fn models(talk: &Talk, _: &Call) -> Result<Response, Failure> {
    Ok(api::document(&talk.picker()?))
}

/// `GET /api/chat/{agent}/{session}/events`
fn watch(talk: &Talk, call: &Call) -> Result<Response, Failure> {
    Ok(events::stream(Arc::clone(&talk.app), talk.agent.selected.clone(), talk.id.clone(), &call.caller))
}

/// `POST /api/chat/{agent}/{session}/turns`
fn say(talk: &Talk, call: &Call) -> Result<Response, Failure> {
    let Said { text } = api::body(call)?;
    if let Some(slash) = slash::parse(&text) {
        return talk.obey(slash);
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage("The question is empty."));
    }
    talk.begin(|_| Ok(vec![ContentBlock::text(text)]))
}

/// `POST /api/chat/{agent}/{session}/continue`
fn go_on(talk: &Talk, call: &Call) -> Result<Response, Failure> {
    let _nothing: Value = api::body(call)?;
    talk.begin(|session| {
        let last = session.conversation().turns().last();
        match last.map(|turn| (turn, &turn.reply)) {
            // Nothing came of it that goes back to the API, so nothing can be continued: it is asked again.
            Some((turn, reply @ Reply::Interrupted { .. })) if !reply.can_be_sent() => {
                Ok(turn.question.clone())
            }
            Some((_, Reply::Interrupted { .. })) => Ok(vec![ContentBlock::text(GO_ON)]),
            _ => {
                let message = "The last answer was not interrupted.";
                Err(Failure::new(Exit::Failed, "nothing_to_continue", message))
            }
        }
    })
}

/// `POST /api/chat/{agent}/{session}/stop`
fn stop(talk: &Talk, _: &Call) -> Result<Response, Failure> {
    let running = talk.room().and_then(|room| room.current()).filter(|running| !running.is_over());
    if let Some(running) = &running {
        running.stop();
    }
    Ok(api::document(&Stopped { schema_version: SCHEMA_VERSION, stopped: running.is_some() }))
}

/// `POST /api/chat/{agent}/{session}/model`
fn choose(talk: &Talk, call: &Call) -> Result<Response, Failure> {
    let Chosen { model } = api::body(call)?;
    let choice = model.map_or(Ok(ModelChoice::default()), |text| talk.typed(&text))?;
    talk.choose(choice)
}

#[cfg(test)]
mod tests;
