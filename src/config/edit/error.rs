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
    /// The value is put together from several places, so nobody can say which one is meant.
    #[error("`{key}` is put together from what stands in {}", listed(.files))]
    Several {
        /// What was to be changed.
        key: String,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// The value is all of an included file.
    #[error("`{key}` is the whole of `{file}`")]
    WholeFile {
        /// What was to be changed.
        key: String,
        /// The file.
        file: PathBuf,
    },
    /// The value is in a file that is included more than once, or hides another one.
    #[error("changing `{key}` in `{file}` would change more of the config than that")]
    Shared {
        /// What was to be changed.
        key: String,
        /// The file.
        file: PathBuf,
    },
    /// The value is in an included file that is not in the state directory, and so may be somebody else's.
    #[error("`{key}` is in `{file}`, outside of the state directory")]
    Outside {
        /// What was to be changed.
        key: String,
        /// The file.
        file: PathBuf,
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

fn listed(files: &[PathBuf]) -> String {
    let mut names: Vec<String> = files.iter().map(|file| format!("`{}`", file.display())).collect();
    names.dedup();
    names.join(" and ")
}
