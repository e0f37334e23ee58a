//! `gateway-keys.json`: the keys of clients, hashed. It is changed under a lock of its own; what it holds besides is kept,
//! and a file of a newer program is neither used nor written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::caps::Caps;
use super::{ClientKey, KeyName, PREFIX};
use crate::clock::Clock;
use crate::config::{AgentId, Paths};
use crate::gateway::random::{self, Digest, NoRandomness};
use crate::secret::Secret;
use crate::storage::{self, Durability, FileError, FileLock, LockError};

/// Version of the file this program writes.
pub const VERSION: u32 = 1;

/// How long a writer waits for another.
const LOCK_LIMIT: Duration = Duration::from_secs(30);
/// Random bytes of a key.
const KEY_BYTES: usize = 32;
/// Characters of a key that are shown later on.
const TAIL: usize = 4;

/// `gateway-keys.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyFile {
    /// Version of the format.
    pub version: u32,
    /// The keys, in the order they were made.
    pub keys: Vec<ClientKey>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl Default for KeyFile {
    fn default() -> Self {
        Self { version: VERSION, keys: Vec::new(), unknown: Map::new() }
    }
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process is writing it.
    #[error(transparent)]
    Lock(#[from] LockError),
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

/// A change of the keys is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// There is a key of this name.
    #[error("there is a client key \"{}\" already", .0.name)]
    Taken(Box<ClientKey>),
    /// There is no key of this name.
    #[error("there is no client key \"{name}\"")]
    Unknown {
        /// The name.
        name: KeyName,
        /// Those there are.
        known: Vec<String>,
    },
    /// No key could be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// What a new key is for.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// What people call it.
    pub name: KeyName,
    /// The agent whose credentials it uses.
    pub agent: AgentId,
    /// Models it may ask; none named means all.
    pub models: Vec<String>,
    /// What it may spend.
    pub caps: Caps,
}

impl KeyFile {
    /// Reads it; an absent file has no keys.
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let Some(bytes) = storage::read_optional(path)? else { return Ok(Self::default()) };
        let unparsable = |error: serde_json::Error| KeyFileError::Unparsable {
            path: path.to_owned(),
            line: error.line(),
            column: error.column(),
        };
        // The version comes first: a newer file may not be what this program takes for one.
        let Version { version } = serde_json::from_slice(&bytes).map_err(unparsable)?;
        if version > VERSION {
            return Err(KeyFileError::Newer { path: path.to_owned(), version });
        }
        serde_json::from_slice(&bytes).map_err(unparsable)
    }

    /// The key of this name.
    pub fn get(&self, name: &KeyName) -> Option<&ClientKey> {
        self.keys.iter().find(|key| key.name == name.as_str())
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// Makes a key and keeps its hash. The key itself is nowhere but in what is returned.
///
/// # Errors
/// When its name is taken, or the file cannot be written.
pub fn add(paths: &Paths, clock: &dyn Clock, new: NewKey) -> Result<(Secret, ClientKey), KeyError> {
    let NewKey { name, agent, models, caps } = new;
    let secret = Secret::new(format!("{PREFIX}{}", random::text(KEY_BYTES)?));
    let text = secret.expose();
    let key = ClientKey {
        name: name.as_str().to_owned(),
        agent,
        models,
        caps,
        created_at: at_second(clock.now()),
        tail: text[text.len() - TAIL..].to_owned(),
        sha256: Digest::of(text).to_hex(),
        unknown: Map::new(),
    };
    change(paths, clock, |file| match file.get(&name) {
        Some(taken) => Err(KeyError::Taken(Box::new(taken.clone()))),
        None => {
            file.keys.push(key.clone());
            Ok(())
        }
    })?;
    Ok((secret, key))
}

/// Takes a key away; whoever uses it is let in no more.
///
/// # Errors
/// When there is none of this name, or the file cannot be written.
pub fn revoke(paths: &Paths, clock: &dyn Clock, name: &KeyName) -> Result<ClientKey, KeyError> {
    change(paths, clock, |file| {
        let known = |file: &KeyFile| file.keys.iter().map(|key| key.name.clone()).collect();
        match file.keys.iter().position(|key| key.name == name.as_str()) {
            Some(index) => Ok(file.keys.remove(index)),
            None => Err(KeyError::Unknown { name: name.clone(), known: known(file) }),
        }
    })
}

fn change<T>(
    paths: &Paths,
    clock: &dyn Clock,
    change: impl FnOnce(&mut KeyFile) -> Result<T, KeyError>,
) -> Result<T, KeyError> {
    let (path, locks) = (paths.gateway_keys(), paths.locks());
    storage::create_private_dir(&locks).map_err(KeyFileError::from)?;
    let lock = locks.join("gateway-keys.lock");
    let _lock = FileLock::acquire(&lock, LOCK_LIMIT, clock).map_err(KeyFileError::from)?;
    let mut file = KeyFile::read(&path)?;
    let changed = change(&mut file)?;
    // It has only texts, numbers and what was read as JSON, which can always be written.
    let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
    bytes.push(b'\n');
    storage::replace(&path, &bytes, Durability::Synced).map_err(KeyFileError::from)?;
    Ok(changed)
}

/// Fractions of a second say nothing of a key.
fn at_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
