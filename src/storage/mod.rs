//! Files that must not be lost: locks, atomic replacement, permissions. Config and credentials are both written through
//! this room; it knows nothing of what is in them. The rules it keeps are those of "Files, locks, writes" in
//! `docs/architecture.md`.

mod atomic;
mod foreign_lock;
mod lock;
mod permissions;
pub(crate) mod platform;
mod small_file;
mod stamp;

pub use atomic::{Durability, create_private_dir, replace, replace_public};
pub use foreign_lock::{ForeignLock, foreign_lock, wait_for_foreign_lock};
pub use lock::{FileLock, Jitter, LockError};
pub use permissions::{Exposure, exposure_of, is_open_to_all, make_private};
pub use small_file::{SmallFileError, read_small};
pub use stamp::Stamp;

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file or directory could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {action} `{path}`: {}", describe(source))]
pub struct FileError {
    action: &'static str,
    path: PathBuf,
    source: Arc<std::io::Error>,
}

impl FileError {
    pub(crate) fn new(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self { action, path: path.to_owned(), source: Arc::new(source) }
    }

    /// What was being done: `read`, `write`, `create`, ...
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// The system's words.
    pub(crate) fn reason(&self) -> String {
        describe(&self.source)
    }

    /// The file or directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of failure, for choosing a hint.
    pub fn kind(&self) -> std::io::ErrorKind {
        self.source.kind()
    }
}

/// Largest file of our own that is read; real ones stay far below.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// Reads a whole regular file; `None` when there is none.
///
/// # Errors
/// Any failure other than absence.
pub fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    use std::io::{Error, ErrorKind};
    let failed = |error| Err(FileError::new("read", path, error));
    match read_small(path, LARGEST_FILE) {
        Ok(mut bytes) => Ok(Some(std::mem::take(&mut *bytes))),
        Err(SmallFileError::Absent) => Ok(None),
        Err(SmallFileError::NotRegular) if path.is_dir() => failed(ErrorKind::IsADirectory.into()),
        // Waiting for whoever writes into a pipe would be waiting for ever.
        Err(SmallFileError::NotRegular) => {
            failed(Error::new(ErrorKind::IsADirectory, "it is no regular file"))
        }
        Err(SmallFileError::TooLarge) => failed(Error::other("it is larger than 64 MiB")),
        Err(SmallFileError::Io(error)) => failed(error),
    }
}

/// Deletes a file. Says whether it was there.
///
/// # Errors
/// Any failure other than absence.
pub fn remove_file(path: &Path) -> Result<bool, FileError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(FileError::new("delete", path, error)),
    }
}

/// Deletes a directory with all that is in it; links in it are deleted, not followed. Says whether it was there.
///
/// # Errors
/// Any failure other than absence; part of it may be gone then.
pub fn remove_tree(path: &Path) -> Result<bool, FileError> {
    match std::fs::remove_dir_all(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(FileError::new("delete", path, error)),
    }
}

/// The system's words without its error number, which helps nobody.
pub(crate) fn describe(error: &std::io::Error) -> String {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = plain.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => plain.to_owned(),
    }
}
