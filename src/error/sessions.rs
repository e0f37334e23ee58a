//! Failures of sessions, and of what is said to the program in them.

use super::{Exit, Failure, sentence};
use crate::config::SelectedAgent;
use crate::sessions::SessionError;

impl Failure {
    /// A session of this agent that cannot be used, with what to do about it.
    pub fn of_session(error: SessionError, agent: &SelectedAgent) -> Self {
        let message = format!("{}.", sentence(&error));
        let flag = agent.flag();
        match error {
            SessionError::InUse { .. } => Self::new(Exit::Failed, "session_in_use", message)
                .hint("it is free when that process ends; or begin another session")
                .command(format!("fased chat --list{flag}")),
            SessionError::Unreadable { .. } => Self::new(Exit::Failed, "session_unreadable", message)
                .hint(
                    "the session is left as it is and not continued; mend that line, or begin another session",
                )
                .command(format!("fased chat --list{flag}")),
            SessionError::NewerVersion { .. } => Self::new(Exit::Failed, "session_newer_version", message)
                .hint("use the program that wrote it, or begin another session"),
            SessionError::File(error) => error.into(),
            SessionError::Lock(error) => error.into(),
        }
    }

    /// There is no such word behind a slash; `meant` is one that was perhaps meant.
    pub fn of_slash(word: &str, meant: Option<&str>) -> Self {
        let failure = Self::usage(format!("There is no /{word}."));
        match meant {
            Some(meant) => failure.hint(format!("did you mean {meant}?")),
            None => {
                failure.hint("/help lists what there is; a line that begins with a space goes to the model")
            }
        }
    }
}
