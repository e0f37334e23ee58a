//! What holds of a state directory at any moment, whoever was killed or refused in it: every file is whole, private and
//! known, and an interrupted write left one temporary file at most.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// Files that are replaced as a whole, by way of `<name>.tmp`.
const REPLACED: [&str; 12] = [
    "auth-profiles.json",
    "auth-state.json",
    "exports.json",
    "fased.json",
    "gateway-keys.json",
    "gateway-logins.json",
    "gateway.json",
    "gateway.token",
    "minted-tokens.json",
    "notices.json",
    "index.json",
    "usage.db",
];
/// Files that grow or are somebody else's.
const OTHERS: [&str; 6] =
    ["auth.json", "chat-history", "oauth.json", "usage.db-journal", "usage.db-shm", "usage.db-wal"];

/// Looks through a state directory; how many temporary files are left in it.
#[track_caller]
pub(crate) fn check(state: &Path) -> usize {
    let mut leftovers = 0;
    for path in below(state) {
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        let most = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode & !most, 0, "{} can be used by others: {mode:04o}", path.display());
        if metadata.is_file() {
            leftovers += usize::from(is_leftover(&path));
        }
    }
    leftovers
}

/// Everything below a directory.
pub(crate) fn below(directory: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            paths.extend(below(&path));
        }
        paths.push(path);
    }
    paths
}

/// Asserts that a file is whole, unless it is what an interrupted write left.
#[track_caller]
fn is_leftover(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    if let Some(of) = name.strip_suffix(".tmp") {
        let is_known = REPLACED.contains(&of) || of.ends_with(".jsonl") || of.starts_with("refresh-journal-");
        assert!(is_known, "{} is a leftover nobody looks for", path.display());
        return true;
    }
    let read = || std::fs::read_to_string(path).unwrap();
    match name {
        "fased.json" => {
            let text = read();
            json5::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        }
        "usage.db" => is_whole_ledger(path),
        "gateway.token" => assert!(!read().trim().is_empty(), "{} is empty", path.display()),
        _ if name.ends_with(".jsonl") => every_line_is_whole(path, &read()),
        // A journal has a document and, once the reply is there, another one.
        _ if name.ends_with(".json") => {
            let text = read();
            for document in serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>() {
                document.unwrap_or_else(|error| panic!("{}: {error}:\n{text}", path.display()));
            }
        }
        _ => assert!(
            name.ends_with(".lock") || OTHERS.contains(&name) || name.starts_with("usage.db.tmp-"),
            "nobody knows what {} is",
            path.display()
        ),
    }
    false
}

/// A transcript may end with a line that was torn by a crash.
#[track_caller]
fn every_line_is_whole(path: &Path, text: &str) {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        let parsed = serde_json::from_str::<serde_json::Value>(line);
        assert!(parsed.is_ok(), "{}: {line}", path.display());
    }
}

#[track_caller]
fn is_whole_ledger(path: &Path) {
    // For reading alone SQLite would refuse to recover what a killed writer left, which the next writer does.
    let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    // Looking leaves its files as they are.
    ledger.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    ledger.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
    let verdict: String = ledger.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok", "{}", path.display());
}
