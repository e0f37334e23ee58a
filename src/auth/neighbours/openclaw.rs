//! OpenClaw's credentials: a row of its SQLite state, or the files of its older versions. The database is read without
//! lock, journal or shared memory, so that nothing is ever created beside it.

use std::fs::File;
use std::io::Read as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use url::Url;

use super::import::{SourceError, fased_store};
use crate::auth::store::Document;
use crate::config::AgentId;
use crate::env::Env;
use crate::storage::{FileError, platform};

const ROW: &str = "SELECT value_json FROM config_machine_state WHERE state_key = 'authProfiles.store'";

/// OpenClaw's credentials, and the file they came from.
#[derive(Debug)]
pub struct Source {
    /// The credentials.
    pub document: Document,
    /// The file.
    pub path: PathBuf,
}

/// Its state directory: `OPENCLAW_STATE_DIR`, else `.openclaw` in the home directory.
pub fn state_dir(env: &Env, home: Option<&Path>) -> Option<PathBuf> {
    env.path("OPENCLAW_STATE_DIR").or_else(|| Some(home?.join(".openclaw")))
}

/// Reads its credentials from its state directory, or from the database itself. Older versions had a store for each
/// agent.
///
/// # Errors
/// When there are none, or they cannot be read.
pub fn read(path: &Path, agent: &AgentId) -> Result<Source, SourceError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_database = path.extension().is_some_and(|extension| extension == "sqlite");
    let database = if is_database { path.clone() } else { path.join("state").join("openclaw.sqlite") };
    if database.is_file()
        && let Some(text) = row(&database)?
    {
        let document = Document::parse(&text, &database)?;
        return Ok(Source { document, path: database });
    }
    let nothing = || SourceError::Nothing { path: path.clone(), what: "no credential store of OpenClaw" };
    let dir = path.join("agents").join(agent.as_str()).join("agent");
    if !dir.is_dir() {
        return Err(nothing());
    }
    let store = fased_store(&dir, Some(agent), None, &Env::default()).map_err(|error| match error {
        SourceError::Nothing { .. } | SourceError::Agent(_) => nothing(),
        error => error,
    })?;
    Ok(Source { document: store.document()?, path: store.path() })
}

/// The store's text in a database.
fn row(database: &Path) -> Result<Option<zeroize::Zeroizing<String>>, SourceError> {
    let unreadable = |reason: String| SourceError::Database { path: database.to_owned(), reason };
    let pending = beside(database, "-wal");
    let has_pending = std::fs::metadata(&pending).is_ok_and(|metadata| metadata.len() > 0);
    let found = if has_pending {
        // What was written last is not in the file itself yet, and merging it would write.
        let copy = copied(database, &pending).map_err(|error| unreadable(error.to_string()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(copy.path().join("copy.sqlite"), flags).and_then(|open| select(&open))
    } else {
        let mut uri =
            Url::from_file_path(database).map_err(|()| unreadable("its path is no URL".to_owned()))?;
        uri.set_query(Some("mode=ro&immutable=1"));
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(uri.as_str(), flags).and_then(|open| select(&open))
    };
    match found {
        Ok(text) => Ok(text.map(zeroize::Zeroizing::new)),
        // A database that has no such table is one of another version.
        Err(error) if error.to_string().contains("no such table") => Ok(None),
        Err(error) => Err(unreadable(words(&error))),
    }
}

fn select(open: &Connection) -> rusqlite::Result<Option<String>> {
    open.query_row(ROW, [], |row| row.get(0)).optional()
}

/// SQLite's words for what is wrong; those about a value could repeat it.
fn words(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => "it is no SQLite database".to_owned(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => "it is damaged, or being written".to_owned(),
        Some(rusqlite::ErrorCode::PermissionDenied | rusqlite::ErrorCode::CannotOpen) => {
            "it cannot be opened".to_owned()
        }
        Some(code) => format!("SQLite says {code:?}"),
        None => "its credentials are no text".to_owned(),
    }
}

fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// A private copy of a database and what is pending for it, gone when it is dropped.
fn copied(database: &Path, pending: &Path) -> Result<tempfile::TempDir, FileError> {
    let dir = tempfile::tempdir().map_err(|error| FileError::new("copy", database, error))?;
    for (from, name) in [(database, "copy.sqlite"), (pending, "copy.sqlite-wal")] {
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        let copied = File::open(from)
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .and_then(|_| platform::create_private(&dir.path().join(name))?.write_all(&bytes));
        copied.map_err(|error| FileError::new("copy", from, error))?;
    }
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "CREATE TABLE config_machine_state (state_key TEXT NOT NULL PRIMARY KEY, value_json TEXT NOT NULL,
        updated_at_ms INTEGER NOT NULL) STRICT";
    const STORE: &str =
        r#"{"version":1,"profiles":{"openai:default":{"type":"api_key","provider":"openai","key":"FAKE"}}}"#;

    fn main() -> AgentId {
        AgentId::main()
    }

    fn database(dir: &Path, pragma: &str) -> Connection {
        std::fs::create_dir_all(dir.join("state")).unwrap();
        let open = Connection::open(dir.join("state/openclaw.sqlite")).unwrap();
        open.execute_batch(pragma).unwrap();
        open.execute_batch(TABLE).unwrap();
        open
    }

    fn insert(open: &Connection, value: &str) {
        let row = "INSERT INTO config_machine_state VALUES ('authProfiles.store', ?1, 0)";
        open.execute(row, [value]).unwrap();
    }

    fn files(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir.join("state")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn its_database_is_read_and_nothing_appears_beside_it() {
        for pragma in ["", "PRAGMA journal_mode = WAL"] {
            let dir = tempfile::tempdir().unwrap();
            let dir = dir.path().join("a ?#%20");
            let open = database(&dir, pragma);
            insert(&open, STORE);
            drop(open);
            assert_eq!(files(&dir), ["openclaw.sqlite"]);
            let before = std::fs::read(dir.join("state/openclaw.sqlite")).unwrap();
            for path in [dir.clone(), dir.join("state/openclaw.sqlite")] {
                let source = read(&path, &main()).unwrap();
                assert_eq!(source.document.entries().count(), 1, "{pragma}");
            }
            assert_eq!(files(&dir), ["openclaw.sqlite"]);
            assert_eq!(std::fs::read(dir.join("state/openclaw.sqlite")).unwrap(), before);
        }
    }

    #[test]
    fn what_a_running_openclaw_wrote_last_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let open = database(dir.path(), "PRAGMA journal_mode = WAL");
        insert(&open, STORE);
        let before: Vec<_> = files(dir.path())
            .into_iter()
            .map(|name| std::fs::read(dir.path().join("state").join(name)).unwrap())
            .collect();
        assert_eq!(read(dir.path(), &main()).unwrap().document.entries().count(), 1);
        let after: Vec<_> = files(dir.path())
            .into_iter()
            .map(|name| std::fs::read(dir.path().join("state").join(name)).unwrap())
            .collect();
        assert!(before == after, "{:?}", files(dir.path()));
        drop(open);
    }

    #[test]
    fn older_versions_kept_files() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(read(dir.path(), &main()), Err(SourceError::Nothing { .. })));
        let agent = dir.path().join("agents/main/agent");
        std::fs::create_dir_all(&agent).unwrap();
        let mut file = File::create(agent.join("auth-profiles.json")).unwrap();
        file.write_all(STORE.as_bytes()).unwrap();
        // A database without the row is one of a version in between.
        drop(database(dir.path(), ""));
        let source = read(dir.path(), &main()).unwrap();
        assert_eq!(source.path, agent.join("auth-profiles.json"));
        drop(Connection::open(dir.path().join("state/openclaw.sqlite")).unwrap());
    }

    #[test]
    fn a_database_that_is_none_says_so_and_shows_nothing_of_itself() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("state")).unwrap();
        let path = dir.path().join("state/openclaw.sqlite");
        File::create(&path).unwrap().write_all(&[b'x'; 4096]).unwrap();
        let error = read(dir.path(), &main()).unwrap_err().to_string();
        assert!(error.ends_with("cannot be read: it is no SQLite database."), "{error}");
        std::fs::remove_file(&path).unwrap();
        let open = database(dir.path(), "");
        insert(&open, r#"{"profiles": "sk-ant-api03-FAKE0000000000000000"}"#);
        drop(open);
        let error = read(dir.path(), &main()).unwrap_err().to_string();
        assert!(!error.contains("FAKE"), "{error}");
    }
}
