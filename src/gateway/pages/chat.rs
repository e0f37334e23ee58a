//! Talking to an agent: its sessions, one of them with all that was said, and what it asks next. Complete when it arrives;
//! the script goes on from there.

use std::sync::Arc;

use askama::Template;
use axum::response::Response;
use jiff::Timestamp;

use super::super::api;
use super::super::app::App;
use super::super::chat::Talk;
use super::super::chat::picker::Picker;
use super::super::chat::view::{PartKind, SessionView};
use super::super::refusal::{Audience, Refusal};
use super::super::routes::Call;
use super::frame::{Frame, Room};
use crate::error::Failure;
use crate::sessions::SessionsReport;
use crate::text::{duration, one_line};

/// Sessions that are listed; older ones are found by `fased chat --list`.
const MOST_LISTED: usize = 100;

#[derive(Template)]
#[template(path = "chat.html")]
struct ChatPage {
    frame: Frame,
    view: SessionView,
    picker: Picker,
    sessions: Vec<Listed>,
    /// There are more than these.
    has_older: bool,
    is_answering: bool,
}

/// A session in the list.
struct Listed {
    href: String,
    title: String,
    used: String,
    is_current: bool,
}

/// `GET /agents/{agent}/chat` and `GET /agents/{agent}/chat/{session}`
pub(super) async fn show(app: Arc<App>, call: Call) -> Response {
    super::blocking(move || match page(&app, &call) {
        Ok(page) => super::shown(&page),
        Err(failure) => Refusal::new(api::status_of(&failure), failure).into_response(Audience::Browser, ""),
    })
    .await
}

fn page(app: &Arc<App>, call: &Call) -> Result<ChatPage, Failure> {
    let talk = match call.capture(1) {
        "" => Talk::new(Arc::clone(app), call.capture(0))?,
        session => Talk::of(Arc::clone(app), call.capture(0), session)?,
    };
    let (view, _) = talk.look()?;
    let picker = talk.picker()?;
    let report = api::sessions::report(app, &talk.agent().selected)?;
    let agent = &talk.agent().selected.id;
    let has_older = report.sessions.len() > MOST_LISTED;
    let is_answering = talk.is_answering();
    let sessions = listed(report, &view, app.now());
    Ok(ChatPage { frame: Frame::of(app, Room::Chat, agent), view, picker, sessions, has_older, is_answering })
}

fn listed(report: SessionsReport, view: &SessionView, now: Timestamp) -> Vec<Listed> {
    let agent = report.agent_id;
    let lines = report.sessions.into_iter().take(MOST_LISTED);
    let lines = lines.map(|line| {
        let used = line.last_used_at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let title = match (&line.problem, line.title) {
            (Some(_), _) => format!("{} (cannot be read)", line.session_id),
            (None, Some(title)) if !title.is_empty() => one_line(&title),
            (None, _) => line.session_id.to_string(),
        };
        Listed {
            href: format!("/agents/{agent}/chat/{}", line.session_id),
            title,
            used: used.map(|at| format!("{} ago", duration(now.duration_since(at)))).unwrap_or_default(),
            is_current: line.session_id == view.session_id,
        }
    });
    lines.collect()
}
