//! Keys of the gateway's clients: which programs may use the Messages API, for which agent, and within which bounds. Only
//! their hashes are kept. What a request costs is not known here.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::random::Digest;
use crate::config::AgentId;
use crate::secret::Secret;
use crate::storage::{self, FileError, Stamp};

/// How every client key begins.
pub const PREFIX: &str = "fased-ck-";

/// Version of the file this program writes.
pub const VERSION: u32 = 1;

/// A client of the Messages API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientKey {
    /// What people call it.
    pub name: String,
    /// The agent whose credentials it uses.
    pub agent: AgentId,
    /// Models it may ask; none named means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its last four characters.
    pub tail: String,
    /// SHA-256 of the key, in hex digits.
    sha256: String,
}

/// `gateway-keys.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct KeyFile {
    /// Version of the format.
    pub version: u32,
    /// The keys, in the order they were made.
    pub keys: Vec<ClientKey>,
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what this program writes.
    #[error("`{path}` cannot be read: line {line}, column {column}")]
    Unparsable {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// Where in the line.
        column: usize,
    },
    /// A newer program wrote it.
    #[error("`{path}` has version {version}, which is newer than this program")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
}

impl KeyFile {
    /// Reads it; an absent file has no keys.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn read(path: &std::path::Path) -> Result<Self, KeyFileError> {
        let Some(bytes) = storage::read_optional(path)? else {
            return Ok(Self { version: VERSION, keys: Vec::new() });
        };
        let file: Self = serde_json::from_slice(&bytes).map_err(|error| KeyFileError::Unparsable {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        })?;
        if file.version > VERSION {
            return Err(KeyFileError::Newer { path: path.to_owned(), version: file.version });
        }
        Ok(file)
    }
}

/// The keys a running gateway knows; the file is looked at whenever one is asked for.
#[derive(Debug)]
pub(super) struct Keys {
    path: PathBuf,
    known: Mutex<(Stamp, Arc<HashMap<Digest, Arc<ClientKey>>>)>,
}

impl Keys {
    pub(super) fn read(path: PathBuf) -> Result<Self, KeyFileError> {
        let stamp = Stamp::of(&path);
        let known = by_digest(KeyFile::read(&path)?);
        Ok(Self { path, known: Mutex::new((stamp, Arc::new(known))) })
    }

    /// The client a key belongs to.
    pub(super) fn find(&self, presented: &Secret) -> Option<Arc<ClientKey>> {
        if !presented.expose().starts_with(PREFIX) {
            return None;
        }
        self.current().get(&Digest::of(presented.expose())).cloned()
    }

    /// A file that cannot be read leaves nobody in: a key that was revoked in it must not work.
    fn current(&self) -> Arc<HashMap<Digest, Arc<ClientKey>>> {
        let stamp = Stamp::of(&self.path);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != stamp {
            let keys = KeyFile::read(&self.path).unwrap_or_else(|error| {
                tracing::error!(%error, "client keys cannot be read, so none is accepted");
                KeyFile::default()
            });
            *known = (stamp, Arc::new(by_digest(keys)));
        }
        Arc::clone(&known.1)
    }
}

fn by_digest(file: KeyFile) -> HashMap<Digest, Arc<ClientKey>> {
    let keys = file.keys.into_iter();
    keys.filter_map(|key| Some((Digest::from_hex(&key.sha256)?, Arc::new(key)))).collect()
}
