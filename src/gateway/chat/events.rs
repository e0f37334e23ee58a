//! The stream of a session's events. Whoever connects, for the first time or again, gets everything as it is now and then
//! what follows; each event says which turn it belongs to and its number there, so that nothing counts twice.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde::Serialize;
use tokio::sync::watch;

use super::super::app::App;
use super::super::doors::Caller;
use super::super::random::Digest;
use super::log::{Event, Running};
use super::turns::Room;
use super::view::SessionView;
use crate::config::SelectedAgent;
use crate::error::Failure;
use crate::sessions::{SessionId, SessionsDir};
use crate::storage::Stamp;

/// How often a reader learns that we are still there, and we that it is.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often the transcript is looked at while nobody here writes it: another process may.
const LOOK: Duration = Duration::from_secs(2);

/// All that there is at a moment.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "snapshot", rename_all = "camelCase")]
struct Snapshot<'a> {
    /// Of another gateway, numbers of turns mean nothing.
    instance: &'a str,
    #[serde(flatten)]
    session: &'a SessionView,
}

/// Where a moment is among the events.
#[derive(Debug, Clone)]
pub(super) struct Place {
    running: Option<(Arc<Running>, usize)>,
    /// Of the transcript.
    pub(super) stamp: Stamp,
    /// The other process that is answering.
    writer: Option<u32>,
}

impl Place {
    /// As the id of an event.
    pub(super) fn id(&self) -> String {
        self.running.as_ref().map_or_else(|| "0:0".to_owned(), |(running, n)| format!("{}:{n}", running.id))
    }

    /// Whether an answer is coming.
    pub(super) fn is_answering(&self) -> bool {
        self.running.as_ref().is_some_and(|(running, _)| !running.is_over())
    }
}

/// A session as it is now, and what is to be read on from there. Reads files.
///
/// # Errors
/// When the transcript cannot be read.
pub(super) fn look(
    app: &App,
    agent: &SelectedAgent,
    id: &SessionId,
) -> Result<(SessionView, Place), Failure> {
    let running = app.turns.find(&agent.id, id).and_then(|room| room.current());
    // What is over by now is in the transcript by now.
    let was_over = running.as_ref().is_none_or(|running| running.is_over());
    let sessions = SessionsDir::of(&agent.id, &app.paths);
    let stamp = sessions.stamp(id);
    let conversation = sessions.read(id).map_err(|error| Failure::of_session(error, agent))?;
    let conversation = conversation.unwrap_or_default();
    let mut view = SessionView::of(agent.id.clone(), id.clone(), &conversation, app.now());
    let writer = conversation.is_unanswered().then(|| sessions.other_writer(id)).flatten();
    if let Some(pid) = writer {
        view.answered_by(pid);
    }
    let Some(running) = running else { return Ok((view, Place { running: None, stamp, writer })) };
    let (turn, count) = running.now();
    if was_over {
        running.complete(&mut view);
    } else {
        view.turns.truncate(running.index);
        view.turns.push(turn);
    }
    Ok((view, Place { running: Some((running, count)), stamp, writer }))
}

/// `GET /api/chat/{agent}/{session}/events`
pub(super) fn stream(app: Arc<App>, agent: SelectedAgent, id: SessionId, caller: &Caller) -> Response {
    let room = app.turns.room(&agent.id, &id);
    let browser = match caller {
        Caller::OwnerByCookie(browser) => Some(*browser),
        _ => None,
    };
    let reader = Reader {
        browser,
        changed: room.changed.subscribe(),
        closing: app.closing.clone(),
        app,
        room,
        agent,
        id,
        place: None,
    };
    let events = futures_util::stream::unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Some((Ok::<_, Infallible>(bytes), reader))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

struct Reader {
    app: Arc<App>,
    room: Arc<Room>,
    agent: SelectedAgent,
    id: SessionId,
    /// The browser that reads, which may be signed out meanwhile.
    browser: Option<Digest>,
    changed: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    /// Up to where everything was handed over; `None` before the first look.
    place: Option<Place>,
}

impl Reader {
    /// What is to be sent next; `None` when there will be no more.
    async fn next(&mut self) -> Option<Bytes> {
        let mut silence = Duration::ZERO;
        loop {
            if *self.closing.borrow() || !self.is_let_in() {
                return None;
            }
            // Whatever happens from here on wakes us.
            self.changed.borrow_and_update();
            let Some(place) = &mut self.place else { return Some(self.snapshot().await) };
            if let Some(bytes) = follow(place, &self.room) {
                return Some(bytes);
            }
            let is_answering = place.is_answering();
            let was_silent = tokio::select! {
                // The room is ours as well, so its sender stays.
                _ = self.changed.changed() => false,
                _ = self.closing.wait_for(|closing| *closing) => return None,
                () = tokio::time::sleep(LOOK) => true,
            };
            if !was_silent {
                continue;
            }
            silence += LOOK;
            if !is_answering && self.has_grown().await {
                self.place = None;
            } else if silence >= HEARTBEAT {
                return Some(Bytes::from_static(b": still here\n\n"));
            }
        }
    }

    /// Whether who reads may still do so: a sign-in of a browser ends.
    fn is_let_in(&self) -> bool {
        self.browser.is_none_or(|browser| self.app.logins.knows(&browser, self.app.now()))
    }

    async fn snapshot(&mut self) -> Bytes {
        let (app, agent, id) = (Arc::clone(&self.app), self.agent.clone(), self.id.clone());
        let looked = tokio::task::spawn_blocking(move || look(&app, &agent, &id)).await;
        let looked =
            looked.unwrap_or_else(|error| Err(anyhow::Error::from(error).context("cannot look").into()));
        let (id, data) = match looked {
            Ok((session, place)) => {
                let snapshot = Snapshot { instance: &self.app.instance, session: &session };
                let data = serde_json::to_string(&snapshot).unwrap_or_default();
                let id = place.id();
                self.place = Some(place);
                (id, data)
            }
            Err(failure) => {
                let (stamp, _) = self.transcript(false).await;
                self.place = Some(Place { running: None, stamp, writer: None });
                let document = serde_json::to_value(failure.to_document()).unwrap_or_default();
                let error = document.get("error").cloned().unwrap_or_default();
                ("0:0".to_owned(), serde_json::json!({ "type": "trouble", "error": error }).to_string())
            }
        };
        Bytes::from(format!("id: {id}\ndata: {data}\n\n"))
    }

    /// Whether somebody else wrote to the transcript, or writes it no longer.
    async fn has_grown(&self) -> bool {
        let Some(place) = &self.place else { return true };
        let (stamp, writer) = self.transcript(place.writer.is_some()).await;
        place.stamp != stamp || place.writer != writer
    }

    /// The transcript as it is now, and where that is asked, which other process writes it.
    async fn transcript(&self, is_written: bool) -> (Stamp, Option<u32>) {
        let (paths, agent, id) = (self.app.paths.clone(), self.agent.id.clone(), self.id.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let sessions = SessionsDir::of(&agent, &paths);
            (sessions.stamp(&id), is_written.then(|| sessions.other_writer(&id)).flatten())
        });
        looked.await.unwrap_or_else(|_| (Stamp::of(std::path::Path::new("")), None))
    }
}

/// The events behind a place, which moves on with them.
pub(super) fn follow(place: &mut Place, room: &Room) -> Option<Bytes> {
    let current = room.current()?;
    let (running, seen) = match place.running.take() {
        Some((running, seen)) if running.id == current.id => (running, seen),
        // The rest of a turn that is over goes before the next one.
        Some((running, seen)) if !running.after(seen).is_empty() => (running, seen),
        _ => (current, 0),
    };
    let events = running.after(seen);
    let mut text = String::new();
    for (event, n) in events.iter().zip(seen + 1..) {
        let data = serde_json::to_string(event).unwrap_or_default();
        text.push_str(&format!("id: {}:{n}\ndata: {data}\n\n", running.id));
    }
    if let (Some(Event::Done { .. }), Some(stamp)) = (events.last(), running.left()) {
        // What the turn itself wrote is no news.
        place.stamp = stamp;
    }
    place.running = Some((running, seen + events.len()));
    (!text.is_empty()).then(|| Bytes::from(text))
}
