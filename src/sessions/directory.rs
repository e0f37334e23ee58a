//! The sessions of one agent.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::index::{self, Examined, Listed};
use super::transcript::{self, Transcript};
use super::{Conversation, ModelChoice, Session, SessionError, SessionId};
use crate::auth::ProfileId;
use crate::config::{AgentId, Paths};
use crate::storage::{self, Stamp};

/// Where an agent's sessions are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionsDir {
    path: PathBuf,
}

impl SessionsDir {
    /// The sessions of this agent.
    pub fn of(agent: &AgentId, paths: &Paths) -> Self {
        Self { path: paths.sessions_dir(agent) }
    }

    /// A new session. It is on disk once its first answer begins.
    pub fn create(&self, now: Timestamp) -> Session {
        Session::new(self.path.clone(), SessionId::new(now))
    }

    /// Goes on with a session, or begins one of this name.
    ///
    /// # Errors
    /// When another process is writing it, or it cannot be read.
    pub fn open(&self, id: SessionId) -> Result<Session, SessionError> {
        let (transcript, conversation) = Transcript::open(&self.path, &id)?;
        Ok(Session::opened(self.path.clone(), id, transcript, conversation))
    }

    /// What was said in a session, whoever is writing it; `None` when there is none of this name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, id: &SessionId) -> Result<Option<Conversation>, SessionError> {
        let path = transcript::path(&self.path, id);
        let bytes = storage::read_optional(&path)?.filter(|bytes| !bytes.is_empty());
        let contents = bytes.map(|bytes| transcript::parse(&bytes, &path)).transpose()?;
        Ok(contents.map(|contents| contents.conversation))
    }

    /// Tells whether a transcript is still the one that was read.
    pub fn stamp(&self, id: &SessionId) -> Stamp {
        Stamp::of(&transcript::path(&self.path, id))
    }

    /// The process that writes a session, where that is another one.
    pub fn other_writer(&self, id: &SessionId) -> Option<u32> {
        transcript::other_writer(&self.path, id)
    }

    /// Pins to a profile follow its new name. Says of each session that could not be changed why.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn rename_profile(
        &self,
        old: &ProfileId,
        new: &ProfileId,
        now: Timestamp,
    ) -> Result<Vec<(SessionId, SessionError)>, SessionError> {
        let mut unchanged = Vec::new();
        for listed in self.list()? {
            let pinned = listed.summary.is_ok_and(|summary| summary.pinned_profile.as_ref() == Some(old));
            let renamed = match pinned {
                true => self.open(listed.id.clone()).and_then(|mut session| {
                    let model = session.conversation().choice().model.clone();
                    session.choose(ModelChoice { model, profile: Some(new.clone()) }, now);
                    session.keep()
                }),
                false => Ok(()),
            };
            unchanged.extend(renamed.err().map(|error| (listed.id, error)));
        }
        Ok(unchanged)
    }

    /// All sessions, the one used last first. One that cannot be read is among them, with the reason.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, SessionError> {
        index::list(&self.path)
    }

    /// Names of the sessions, and their titles as far as the list has them: no transcript is read and nothing written.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn named(&self) -> Result<Vec<(SessionId, Option<String>)>, SessionError> {
        index::named(&self.path)
    }

    /// Looks at every transcript and writes nothing.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn examine(&self) -> Result<Vec<Examined>, SessionError> {
        index::examine(&self.path)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The list of sessions, which is worked out from the transcripts.
    pub fn index(&self) -> PathBuf {
        self.path.join(index::FILE)
    }
}

#[cfg(test)]
mod tests;
