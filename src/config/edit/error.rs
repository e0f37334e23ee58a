//! Why a config was not changed.

use std::path::PathBuf;

use crate::config::ConfigError;
use crate::storage::{FileError, LockError};

/// The config was not changed; the file is as it was.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process is writing.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It cannot be read, or is invalid already.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// JSON5 of a form that cannot be edited without writing more of it anew.
    #[error("cannot edit `{file}` at line {line}, column {column}: {what}")]
    Form {
        /// The file.
        file: PathBuf,
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
        /// What is there.
        what: String,
    },
    /// A key stands twice in one object, so nobody can say which is meant.
    #[error("`{key}` stands twice in `{file}`")]
    Twice {
        /// The file.
        file: PathBuf,
        /// The key, with its path.
        key: String,
    },
    /// The value is not in this file, and may be in one it includes.
    #[error("`{key}` is not in `{file}` itself, which includes {included} at `{at}`")]
    Included {
        /// The file.
        file: PathBuf,
        /// What was to be changed.
        key: String,
        /// Where the `$include` stands.
        at: String,
        /// What it names.
        included: String,
    },
    /// There is no such place.
    #[error("there is no `{key}` in `{file}`: `{parent}` is {holds}")]
    NoPlace {
        /// The file.
        file: PathBuf,
        /// What was to be changed.
        key: String,
        /// The last part of the way that is there.
        parent: String,
        /// What stands there.
        holds: &'static str,
    },
    /// The changed text would not say what was meant, which is a mistake of this program.
    #[error("`{key}` in `{file}` would not read back as it was meant")]
    Misread {
        /// The file.
        file: PathBuf,
        /// What was to be changed.
        key: String,
    },
    /// The config would be invalid.
    #[error("`{key}` cannot be {value}: {rule}")]
    Refused {
        /// What was to be changed.
        key: String,
        /// What it was to be.
        value: String,
        /// What speaks against it.
        rule: String,
    },
}
