//! The list of an agent's sessions. `index.json` spares reading transcripts that did not grow since they were last
//! listed. It is worked out from them: when it is missing or old, they are read again, and only listing writes it. A file of
//! that name that holds anything else is left as it is.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::conversation::Conversation;
use super::entry::parsed;
use super::transcript::{self, Contents};
use super::{SessionError, SessionId};
use crate::auth::ProfileId;
use crate::models::refs::ModelRef;
use crate::storage::{self, Durability, FileError, FileLock};

/// A session in the list.
#[derive(Debug)]
pub struct Listed {
    /// Its id.
    pub id: SessionId,
    /// What is known of it, or why nothing is.
    pub summary: Result<Summary, SessionError>,
}

/// A transcript as it lies there.
#[derive(Debug)]
pub struct Examined {
    /// The session's id.
    pub id: SessionId,
    /// The transcript.
    pub path: PathBuf,
    /// Whether its last line has no end and cannot be read, which a crash or a writer at work leaves; or why the session
    /// cannot be continued.
    pub is_torn: Result<bool, SessionError>,
}

/// A session in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The first words of its first question.
    pub title: String,
    /// When it began.
    pub created_at: Option<Timestamp>,
    /// When somebody last said something in it.
    pub last_used_at: Option<Timestamp>,
    /// How many questions were asked.
    pub turns: usize,
    /// The model it wants instead of the agent's.
    #[serde(deserialize_with = "parsed")]
    pub model: Option<ModelRef>,
    /// The profile it is pinned to.
    #[serde(deserialize_with = "parsed")]
    pub pinned_profile: Option<ProfileId>,
    /// The profile that answered last.
    #[serde(deserialize_with = "parsed")]
    pub last_profile: Option<ProfileId>,
    /// When it did.
    pub last_profile_used_at: Option<Timestamp>,
}

// Whatever else stands in it was written by somebody else, and would be lost with the next write.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    version: u32,
    sessions: BTreeMap<String, Known>,
}

/// A summary, and how long the transcript was that it is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    bytes: u64,
    #[serde(flatten)]
    summary: Summary,
}

/// The list's file. `sessions.json` is the name of the TypeScript program's sessions, in the same directory.
pub(super) const FILE: &str = "index.json";
const VERSION: u32 = 1;

impl Summary {
    /// A conversation in short.
    pub fn of(conversation: &Conversation) -> Self {
        let last = conversation.last_profile();
        Self {
            title: conversation.title(),
            created_at: conversation.created_at(),
            last_used_at: conversation.last_used_at(),
            turns: conversation.turns().len(),
            model: conversation.choice().model.clone(),
            pinned_profile: conversation.choice().profile.clone(),
            last_profile: last.map(|(id, _)| id.clone()),
            last_profile_used_at: last.map(|(_, at)| at),
        }
    }
}

/// Names and kept titles, the one used last first.
pub(super) fn named(directory: &Path) -> Result<Vec<(SessionId, Option<String>)>, SessionError> {
    let mut kept = kept(&directory.join(FILE)).unwrap_or_default().sessions;
    let ids = transcripts(directory)?.into_iter().map(|(id, _)| id);
    let mut named: Vec<(SessionId, Option<Summary>)> =
        ids.map(|id| (id.clone(), kept.remove(id.as_str()).map(|known| known.summary))).collect();
    named.sort_by_key(|(id, summary)| {
        (std::cmp::Reverse(summary.as_ref().and_then(|summary| summary.last_used_at)), id.clone())
    });
    Ok(named.into_iter().map(|(id, summary)| (id, summary.map(|summary| summary.title))).collect())
}

pub(super) fn list(directory: &Path) -> Result<Vec<Listed>, SessionError> {
    let file = directory.join(FILE);
    let kept = kept(&file);
    let mut now = Index { version: VERSION, sessions: BTreeMap::new() };
    let mut listed = Vec::new();
    for (id, bytes) in transcripts(directory)? {
        let summary = match kept.as_ref().and_then(|kept| kept.sessions.get(id.as_str())) {
            Some(known) if known.bytes == bytes => Ok(known.summary.clone()),
            _ => summary(directory, &id),
        };
        if let Ok(summary) = &summary {
            now.sessions.insert(id.to_string(), Known { bytes, summary: summary.clone() });
        }
        listed.push(Listed { id, summary });
    }
    match kept {
        Some(kept) if kept.sessions == now.sessions => {}
        Some(_) => write(directory, &file, &now),
        None => tracing::debug!(file = %file.display(), "no list of sessions of ours; it is left as it is"),
    }
    let last_used = |listed: &Listed| listed.summary.as_ref().ok().and_then(|summary| summary.last_used_at);
    listed.sort_by(|a, b| last_used(b).cmp(&last_used(a)).then_with(|| a.id.cmp(&b.id)));
    Ok(listed)
}

/// The list as it was kept, an empty one where there is none; `None` when the file is not ours to replace.
fn kept(file: &Path) -> Option<Index> {
    match storage::read_optional(file).ok()? {
        // A power cut leaves it empty: it is written without fsync.
        Some(bytes) if !bytes.is_empty() => {
            serde_json::from_slice(&bytes).ok().filter(|index: &Index| index.version == VERSION)
        }
        _ => Some(Index::default()),
    }
}

/// The transcripts there are, with their lengths.
fn transcripts(directory: &Path) -> Result<Vec<(SessionId, u64)>, SessionError> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::new("read", directory, error).into()),
    };
    let transcripts = entries.flatten().filter_map(|entry| {
        let path = entry.path();
        let id = path.file_stem()?.to_str()?.parse().ok()?;
        let is_transcript = path.extension() == Some(OsStr::new("jsonl"));
        let length = entry.metadata().ok()?.len();
        (is_transcript && length > 0).then_some((id, length))
    });
    Ok(transcripts.collect())
}

/// Every transcript read anew, and nothing kept of it.
pub(super) fn examine(directory: &Path) -> Result<Vec<Examined>, SessionError> {
    let examined = transcripts(directory)?.into_iter().map(|(id, _)| {
        let path = transcript::path(directory, &id);
        let is_torn = read(&path).map(|(contents, length)| contents.length < length);
        Examined { id, path, is_torn }
    });
    let mut examined: Vec<Examined> = examined.collect();
    examined.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(examined)
}

fn summary(directory: &Path, id: &SessionId) -> Result<Summary, SessionError> {
    Ok(Summary::of(&read(&transcript::path(directory, id))?.0.conversation))
}

/// What is in a transcript, and how many bytes it has.
fn read(path: &Path) -> Result<(Contents, usize), SessionError> {
    let bytes = storage::read_optional(path)?.unwrap_or_default();
    Ok((transcript::parse(&bytes, path)?, bytes.len()))
}

/// Keeps the list for the next time. Whoever cannot write it reads the transcripts again.
fn write(directory: &Path, file: &Path, index: &Index) {
    let Ok(mut bytes) = serde_json::to_vec_pretty(index) else { return };
    bytes.push(b'\n');
    if let Ok(Some(_lock)) = FileLock::try_acquire(&directory.join("sessions.lock"))
        && let Err(error) = storage::replace(file, &bytes, Durability::Cached)
    {
        tracing::debug!(%error, "the list of sessions was not kept");
    }
}
