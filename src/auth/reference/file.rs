//! Secrets in files: read at every use, so that whoever keeps the file can change it at any time.

use std::path::Path;

use zeroize::Zeroizing;

use super::pointer::{NoText, Pointer};
use super::shown;
use crate::storage::{self, SmallFileError};

/// Largest file that is read.
const LARGEST: u64 = 1024 * 1024;

/// Why a file gives no secret, after its name. Never repeats what is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileProblem {
    /// There is none.
    #[error("is not there")]
    Absent,
    /// A directory, a named pipe, a device.
    #[error("is no regular file")]
    NotRegular,
    /// Larger than any file of secrets.
    #[error("is larger than 1 MiB")]
    TooLarge,
    /// The system refused.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Not UTF-8.
    #[error("is not UTF-8 text")]
    NotText,
    /// Not JSON.
    #[error("is no JSON: line {line}, column {column}")]
    NotJson {
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
    },
    /// Nothing at the pointer.
    #[error("has nothing at {}", shown(.0))]
    Nothing(String),
    /// Something else than a text, or an empty one, at the pointer.
    #[error("has no text at {}", shown(.0))]
    NoText(String),
}

/// What the file holds at the pointer, or all of it without one.
pub(super) fn read(
    path: &Path,
    pointer: Option<&Pointer>,
    id: &str,
) -> Result<Zeroizing<String>, FileProblem> {
    let bytes = storage::read_small(path, LARGEST).map_err(|error| match error {
        SmallFileError::Absent => FileProblem::Absent,
        SmallFileError::NotRegular => FileProblem::NotRegular,
        SmallFileError::TooLarge => FileProblem::TooLarge,
        SmallFileError::Io(_) => FileProblem::Unreadable(error.to_string()),
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|_| FileProblem::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(pointer) = pointer else { return Ok(Zeroizing::new(text.to_owned())) };
    pointer.text_in(text).map_err(|problem| match problem {
        NoText::NotJson { line, column } => FileProblem::NotJson { line, column },
        NoText::Nothing => FileProblem::Nothing(id.to_owned()),
        NoText::Other => FileProblem::NoText(id.to_owned()),
    })
}
