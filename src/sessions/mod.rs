//! Conversations that outlive a process: transcripts on disk, what they say about the next request, and the list of them.
//! The transcript is the truth; everything else is worked out from it and may be lost. What is asked and how it is shown is
//! left to others.

pub mod cache;
mod conversation;
mod directory;
mod entry;
mod id;
mod index;
mod report;
mod sent;
mod session;
pub mod slash;
mod totals;
mod transcript;

pub use conversation::{Conversation, ModelChoice, Reply, Turn};
pub use directory::SessionsDir;
pub use id::{SessionId, SessionIdError};
pub use index::{Examined, Listed, Summary};
pub use report::{SessionLine, SessionsReport};
pub use sent::SentRequest;
pub use session::Session;
pub use totals::{Spent, Totals};

use std::path::PathBuf;

use crate::storage::{FileError, LockError};

/// A session cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Another process is writing it.
    #[error("session \"{id}\" is in use by another process{}", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    InUse {
        /// The session.
        id: SessionId,
        /// Who has it, as far as its lock tells.
        pid: Option<u32>,
    },
    /// A line before the last one is not what was written there.
    #[error("line {line} of `{path}` cannot be read")]
    Unreadable {
        /// The transcript.
        path: PathBuf,
        /// The line, counted from one.
        line: usize,
    },
    /// A newer program wrote it.
    #[error("`{path}` has version {version}, which is newer than this program")]
    NewerVersion {
        /// The transcript.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Its lock could not be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
}
