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
use super::log::Running;
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
    stamp: Stamp,
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
    room: &Room,
    agent: &SelectedAgent,
    id: &SessionId,
) -> Result<(SessionView, Place), Failure> {
    let running = room.current();
    // What is over by now is in the transcript by now.
    let was_over = running.as_ref().is_none_or(|running| running.is_over());
    let sessions = SessionsDir::of(&agent.id, &app.paths);
    let stamp = sessions.stamp(id);
    let conversation = sessions.read(id).map_err(|error| Failure::of_session(error, agent))?;
    let mut view =
        SessionView::of(agent.id.clone(), id.clone(), &conversation.unwrap_or_default(), app.now());
    let Some(running) = running else { return Ok((view, Place { running: None, stamp })) };
    let (turn, count) = running.now();
    if !was_over {
        view.turns.truncate(running.index);
        view.turns.push(turn);
    } else if running.has_failed() && view.turns.len() == running.index {
        view.turns.push(turn);
    }
    Ok((view, Place { running: Some((running, count)), stamp }))
}

/// `GET /api/chat/{agent}/{session}/events`
pub(super) fn stream(app: Arc<App>, agent: SelectedAgent, id: SessionId) -> Response {
    let room = app.turns.room(&agent.id, &id);
    let reader = Reader {
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
            if *self.closing.borrow() {
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

    async fn snapshot(&mut self) -> Bytes {
        let (app, room, agent, id) =
            (Arc::clone(&self.app), Arc::clone(&self.room), self.agent.clone(), self.id.clone());
        let looked = tokio::task::spawn_blocking(move || look(&app, &room, &agent, &id)).await;
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
                let stamp = self.stamp().await;
                self.place = Some(Place { running: None, stamp });
                let document = serde_json::to_value(failure.to_document()).unwrap_or_default();
                let error = document.get("error").cloned().unwrap_or_default();
                ("0:0".to_owned(), serde_json::json!({ "type": "trouble", "error": error }).to_string())
            }
        };
        Bytes::from(format!("id: {id}\ndata: {data}\n\n"))
    }

    /// Whether somebody else wrote to the transcript.
    async fn has_grown(&self) -> bool {
        let stamp = self.stamp().await;
        self.place.as_ref().is_none_or(|place| place.stamp != stamp)
    }

    async fn stamp(&self) -> Stamp {
        let (paths, agent, id) = (self.app.paths.clone(), self.agent.id.clone(), self.id.clone());
        let stamp = tokio::task::spawn_blocking(move || SessionsDir::of(&agent, &paths).stamp(&id)).await;
        stamp.unwrap_or_else(|_| Stamp::of(std::path::Path::new("")))
    }
}

/// The events behind a place, which moves on with them.
fn follow(place: &mut Place, room: &Room) -> Option<Bytes> {
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
    place.running = Some((running, seen + events.len()));
    (!text.is_empty()).then(|| Bytes::from(text))
}
