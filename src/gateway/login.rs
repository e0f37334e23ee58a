//! The way into the Control UI: a code that works once and for a minute becomes a cookie. Codes are made for whoever has
//! the gateway's token; they travel in the fragment of a link, which no server and no log ever sees.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::app::App;
use super::doors::cookies;
use super::pages;
use super::random::{self, Digest, NoRandomness};
use super::refusal::{Audience, Refusal};
use super::routes::{Call, Door, Route};
use crate::SCHEMA_VERSION;
use crate::error::{Exit, Failure};
use crate::storage::{self, Durability, FileError};

/// How long a code works.
const CODE_LIFETIME: SignedDuration = SignedDuration::from_secs(60);
/// How long a browser stays signed in.
pub(super) const LOGIN_LIFETIME: SignedDuration = SignedDuration::from_hours(12);
/// Wrong codes that are looked at in a minute.
const WRONG_CODES: u32 = 5;
const MINUTE: Duration = Duration::from_secs(60);
/// Most codes and most browsers that are kept; the oldest go first.
const MOST: usize = 100;
/// Random bytes of a code and of a cookie.
const CODE_BYTES: usize = 16;
const COOKIE_BYTES: usize = 32;

pub(super) const ROUTES: &[Route] = &[
    Route::get("/login", Door::Anyone, |app, _| Box::pin(async move { pages::login(&app) })),
    Route::post("/login", Door::Anyone, |app, call| Box::pin(async move { enter(&app, &call) })),
    Route::post("/api/login-codes", Door::Owner, |app, _| Box::pin(async move { new_code(&app) })),
    Route::post("/api/logout", Door::Owner, |app, call| Box::pin(async move { leave(&app, &call) })),
];

/// Codes that wait, and browsers that are signed in.
#[derive(Debug)]
pub(super) struct Logins {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    codes: HashMap<Digest, Timestamp>,
    wrong: u32,
    /// When the minute of the wrong codes began.
    wrong_since: Duration,
    browsers: HashMap<Digest, Timestamp>,
}

/// The file: when each browser's sign-in ends, by the hash of its cookie.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    version: u32,
    browsers: HashMap<String, Timestamp>,
}

/// What a code was good for.
#[derive(Debug)]
enum Entered {
    /// A cookie.
    Cookie(String),
    /// Nothing: it is wrong, was used, or is older than a minute.
    Refused,
    /// Nothing was looked at: too many were wrong.
    TooMany,
}

impl Logins {
    /// Those a former gateway of this state knew are still signed in.
    pub(super) fn read(file: PathBuf) -> Self {
        let kept = storage::read_optional(&file).ok().flatten();
        let kept: Kept = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let browsers = kept.browsers.into_iter();
        let browsers =
            browsers.filter_map(|(digest, ends)| Some((Digest::from_hex(&digest)?, ends))).collect();
        Self { file, state: Mutex::new(State { browsers, ..State::default() }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can panic half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a code.
    pub(super) fn new_code(&self, now: Timestamp) -> Result<String, NoRandomness> {
        let code = random::text(CODE_BYTES)?;
        let mut state = self.state();
        state.codes.retain(|_, ends| *ends > now);
        drop_oldest(&mut state.codes);
        state.codes.insert(Digest::of(&code), now.saturating_add(CODE_LIFETIME).unwrap_or(now));
        Ok(code)
    }

    /// Exchanges a code for a cookie. `steady` is the time that cannot be set back.
    fn enter(&self, code: &str, now: Timestamp, steady: Duration) -> Result<Entered, NoRandomness> {
        let mut state = self.state();
        if steady.saturating_sub(state.wrong_since) >= MINUTE {
            (state.wrong, state.wrong_since) = (0, steady);
        }
        if state.wrong >= WRONG_CODES {
            return Ok(Entered::TooMany);
        }
        let ends = state.codes.remove(&Digest::of(code.trim()));
        if ends.is_none_or(|ends| ends <= now) {
            state.wrong += 1;
            return Ok(Entered::Refused);
        }
        let cookie = random::text(COOKIE_BYTES)?;
        state.browsers.retain(|_, ends| *ends > now);
        drop_oldest(&mut state.browsers);
        state.browsers.insert(Digest::of(&cookie), now.saturating_add(LOGIN_LIFETIME).unwrap_or(now));
        self.keep(&state);
        Ok(Entered::Cookie(cookie))
    }

    /// Whether a browser is signed in, by the hash of its cookie.
    pub(super) fn knows(&self, browser: &Digest, now: Timestamp) -> bool {
        self.state().browsers.get(browser).is_some_and(|ends| *ends > now)
    }

    /// Signs a browser out.
    fn leave(&self, cookie: &str) {
        let mut state = self.state();
        if state.browsers.remove(&Digest::of(cookie)).is_some() {
            self.keep(&state);
        }
    }

    /// Writes down who is signed in. Trouble only means that they must sign in again after a restart.
    fn keep(&self, state: &State) {
        let browsers = state.browsers.iter().map(|(digest, ends)| (digest.to_hex(), *ends)).collect();
        let kept = serde_json::to_vec(&Kept { version: 1, browsers });
        let written: Result<(), FileError> = match kept {
            Ok(bytes) => storage::replace(&self.file, &bytes, Durability::Cached),
            Err(_) => Ok(()),
        };
        if let Err(error) = written {
            tracing::warn!(%error, "sign-ins of browsers are not kept beyond this process");
        }
    }
}

fn drop_oldest(entries: &mut HashMap<Digest, Timestamp>) {
    while entries.len() >= MOST {
        let oldest = entries.iter().min_by_key(|(_, ends)| **ends).map(|(digest, _)| *digest);
        oldest.map(|digest| entries.remove(&digest));
    }
}

/// `POST /api/login-codes`
fn new_code(app: &App) -> Response {
    match app.logins.new_code(app.now()) {
        Ok(code) => super::api::document(&json!({
            "schemaVersion": SCHEMA_VERSION,
            "code": code,
            "expiresInSeconds": CODE_LIFETIME.as_secs(),
        })),
        Err(error) => out_of_order(&error).into_response(Audience::Program, ""),
    }
}

fn out_of_order(error: &NoRandomness) -> Refusal {
    let failure = Failure::new(
        Exit::Failed,
        "unexpected",
        format!("{}.", crate::text::capitalised(&error.to_string())),
    );
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, failure)
}

#[derive(Deserialize)]
struct Entering {
    code: String,
}

/// `POST /login`
fn enter(app: &App, call: &Call) -> Response {
    let refuse = |status, message: &str| {
        let failure = Failure::new(Exit::Failed, "login_code", message)
            .hint("make a new link")
            .command("fased dashboard");
        Refusal::new(status, failure)
    };
    let Ok(Entering { code }) = serde_json::from_slice(&call.body) else {
        return refuse(StatusCode::BAD_REQUEST, "There is no code in the request.")
            .into_response(Audience::Program, "");
    };
    let refusal = match app.logins.enter(&code, app.now(), app.clock.steady()) {
        Ok(Entered::Cookie(cookie)) => return entered(app, &cookie),
        Ok(Entered::Refused) => {
            refuse(StatusCode::FORBIDDEN, "That code is wrong, was used already, or is older than a minute.")
        }
        Ok(Entered::TooMany) => {
            refuse(StatusCode::TOO_MANY_REQUESTS, "Too many wrong codes; wait a minute.").retry_after(60)
        }
        Err(error) => out_of_order(&error),
    };
    refusal.into_response(Audience::Program, "")
}

fn entered(app: &App, cookie: &str) -> Response {
    let seconds = LOGIN_LIFETIME.as_secs();
    with_cookie(&format!(
        "{}={cookie}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict",
        app.cookie_name()
    ))
}

/// `POST /api/logout`
fn leave(app: &App, call: &Call) -> Response {
    for cookie in cookies(&call.head.headers, &app.cookie_name()) {
        app.logins.leave(cookie);
    }
    with_cookie(&format!("{}=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict", app.cookie_name()))
}

fn with_cookie(cookie: &str) -> Response {
    let mut response = Response::new(Body::from(json!({ "schemaVersion": SCHEMA_VERSION }).to_string()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A cookie of ours is made of letters, digits and the signs above.
    if let Ok(mut value) = HeaderValue::from_str(cookie) {
        value.set_sensitive(true);
        headers.insert(SET_COOKIE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn logins() -> (tempfile::TempDir, Logins) {
        let dir = tempfile::tempdir().unwrap();
        let logins = Logins::read(dir.path().join("logins.json"));
        (dir, logins)
    }

    fn cookie(entered: Entered) -> Option<String> {
        match entered {
            Entered::Cookie(cookie) => Some(cookie),
            Entered::Refused | Entered::TooMany => None,
        }
    }

    #[test]
    fn a_code_works_once_and_for_a_minute() {
        let (_dir, logins) = logins();
        let code = logins.new_code(now()).unwrap();
        let cookie = cookie(logins.enter(&format!(" {code}\n"), now(), Duration::ZERO).unwrap()).unwrap();
        assert!(logins.knows(&Digest::of(&cookie), now()));
        assert!(matches!(logins.enter(&code, now(), Duration::ZERO).unwrap(), Entered::Refused));
        let late = logins.new_code(now()).unwrap();
        let then = now() + CODE_LIFETIME;
        assert!(matches!(logins.enter(&late, then, Duration::ZERO).unwrap(), Entered::Refused));
    }

    #[test]
    fn after_five_wrong_codes_even_the_right_one_waits_for_the_next_minute() {
        let (_dir, logins) = logins();
        let code = logins.new_code(now()).unwrap();
        for _ in 0..WRONG_CODES {
            assert!(matches!(logins.enter("wrong", now(), Duration::ZERO).unwrap(), Entered::Refused));
        }
        assert!(matches!(logins.enter(&code, now(), Duration::from_secs(59)).unwrap(), Entered::TooMany));
        assert!(matches!(logins.enter(&code, now(), MINUTE).unwrap(), Entered::Cookie(_)));
    }

    #[test]
    fn a_browser_stays_signed_in_over_a_restart_for_twelve_hours_or_until_it_leaves() {
        let (dir, logins) = logins();
        let enter = || {
            let code = logins.new_code(now()).unwrap();
            cookie(logins.enter(&code, now(), Duration::ZERO).unwrap()).unwrap()
        };
        let (first, second) = (enter(), enter());
        logins.leave(&second);
        let again = Logins::read(dir.path().join("logins.json"));
        assert!(again.knows(&Digest::of(&first), now()));
        assert!(!again.knows(&Digest::of(&second), now()));
        assert!(!again.knows(&Digest::of(&first), now() + LOGIN_LIFETIME));
        let kept = std::fs::read_to_string(dir.path().join("logins.json")).unwrap();
        assert!(!kept.contains(&first));
    }

    #[test]
    fn no_number_of_codes_fills_the_memory() {
        let (_dir, logins) = logins();
        for _ in 0..MOST + 20 {
            logins.new_code(now()).unwrap();
        }
        assert_eq!(logins.state().codes.len(), MOST);
    }
}
