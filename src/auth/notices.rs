//! The notice about credentials of a Claude plan, and the record that it was shown (`notices.json`). Anthropic's terms
//! reserve those credentials for its own apps; whoever stores one here is told so, with the supported way beside it.

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::config::Paths;
use crate::storage::{self, Durability, FileError, FileLock, LockError};

const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// A dated notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Its name in the record.
    pub id: &'static str,
    /// The day the terms were read.
    pub date: &'static str,
    /// What is to be known.
    pub text: &'static str,
    /// Where it says so.
    pub source: &'static str,
}

impl Notice {
    /// All of it in one line.
    pub fn in_words(&self) -> String {
        let Self { date, text, source, .. } = self;
        format!("Notice ({date}): {text} Source: {source}.")
    }
}

/// Sign-in and setup-tokens use a Claude plan.
pub const PLAN_CREDENTIALS: Notice = Notice {
    id: "plan-credentials",
    date: "2026-08-22",
    text: "Anthropic reserves credentials of a Claude plan (sign-in, setup-token) for its own apps and may refuse or \
           restrict other tools without notice. An API key is the supported way.",
    source: "code.claude.com, \"Legal and compliance\"",
};

/// The record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process is writing.
    #[error(transparent)]
    Lock(#[from] LockError),
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    shown: IndexMap<String, Shown>,
    #[serde(flatten)]
    unknown: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Shown {
    date: String,
    at: Timestamp,
}

/// Whether this notice, as of its date, was shown before. A record that cannot be read counts as no.
pub fn was_shown(notice: &Notice, paths: &Paths) -> bool {
    let record = storage::read_optional(&paths.notices()).ok().flatten();
    let record = record.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
    record.is_some_and(|record| record.shown.get(notice.id).is_some_and(|shown| shown.date == notice.date))
}

/// Records that it was shown.
///
/// # Errors
/// When the record cannot be written; one that is no JSON is left alone.
pub fn record_shown(notice: &Notice, paths: &Paths, clock: &dyn Clock) -> Result<(), NoticeError> {
    let path = paths.notices();
    storage::create_private_dir(paths.state())?;
    let locks = paths.locks();
    storage::create_private_dir(&locks)?;
    let _lock = FileLock::acquire(&locks.join("config.lock"), LOCK_LIMIT, clock)?;
    let mut record = match storage::read_optional(&path)? {
        None => Record::default(),
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, error))?,
    };
    record.shown.insert(notice.id.to_owned(), Shown { date: notice.date.to_owned(), at: clock.now() });
    let mut bytes = serde_json::to_vec_pretty(&record).map_err(|error| unreadable(&path, error))?;
    bytes.push(b'\n');
    Ok(storage::replace(&path, &bytes, Durability::Cached)?)
}

fn unreadable(path: &Path, error: serde_json::Error) -> FileError {
    FileError::new("read", path, error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::env::Env;

    #[test]
    fn a_notice_is_shown_once_for_each_of_its_dates() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state").to_str().unwrap().to_owned();
        let paths = Paths::resolve(&Env::from_pairs([("FASED_STATE_DIR", state)]), None).unwrap();
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        assert!(!was_shown(&PLAN_CREDENTIALS, &paths));
        record_shown(&PLAN_CREDENTIALS, &paths, &clock).unwrap();
        assert!(was_shown(&PLAN_CREDENTIALS, &paths));
        let renewed = Notice { date: "2027-01-01", ..PLAN_CREDENTIALS };
        assert!(!was_shown(&renewed, &paths));
    }
}
