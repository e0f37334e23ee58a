//! Keys of the gateway's clients: which programs may use the Messages API, for which agent, and within which bounds. Only
//! their hashes are kept ([`mod@file`]). What they have spent is counted in [`budget`]; what a request costs is told from outside.

pub mod budget;
pub mod caps;
pub mod estimate;
pub mod file;
pub mod report;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::caps::Caps;
use self::file::{KeyFile, KeyFileError};
use super::random::Digest;
use crate::config::AgentId;
use crate::models::catalog::Catalog;
use crate::secret::Secret;
use crate::storage::Stamp;

/// How every client key begins.
pub const PREFIX: &str = "fased-ck-";

/// Longest name of a key, in characters.
const LONGEST_NAME: usize = 64;

/// What people call a client key: letters, digits, `-`, `_`, `.` and `@`, so that it needs no quotes anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName(String);

/// A text that is no name of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is up to 64 letters, digits, `-`, `_`, `.` or `@`, and begins with a letter or digit")]
pub struct KeyNameError;

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@".contains(&b);
        let well_formed = (1..=LONGEST_NAME).contains(&text.len())
            && text.bytes().all(is_plain)
            && text.as_bytes()[0].is_ascii_alphanumeric()
            // Somebody typed the key itself.
            && !text.starts_with(PREFIX);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(KeyNameError) }
    }
}

impl KeyName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
    /// What it may spend.
    #[serde(default, skip_serializing_if = "Caps::is_empty")]
    pub caps: Caps,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its last four characters.
    pub tail: String,
    /// SHA-256 of the key, in hex digits.
    sha256: String,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

impl ClientKey {
    /// Whether it may ask this model of Anthropic's, by its id or a dated one of the same model.
    pub fn may_ask(&self, model: &str) -> bool {
        let same = |listed: &str| match (Catalog::embedded().model(listed), Catalog::embedded().model(model))
        {
            (Some(listed), Some(asked)) => std::ptr::eq(listed, asked),
            _ => listed == model,
        };
        self.models.is_empty() || self.models.iter().any(|listed| same(listed))
    }

    /// Whether what it may spend is limited.
    pub fn is_capped(&self) -> bool {
        !self.caps.is_empty()
    }
}

/// Keys by their hashes.
type ByDigest = HashMap<Digest, Arc<ClientKey>>;

/// The keys a running gateway knows; the file is looked at whenever one is asked for.
#[derive(Debug)]
pub(super) struct Keys {
    path: PathBuf,
    known: Mutex<(Stamp, Arc<ByDigest>)>,
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
    fn current(&self) -> Arc<ByDigest> {
        let stamp = Stamp::of(&self.path);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != stamp {
            match KeyFile::read(&self.path) {
                Ok(keys) => *known = (stamp, Arc::new(by_digest(keys))),
                Err(error) => {
                    tracing::error!(%error, "client keys cannot be read, so none is accepted");
                    // Not remembered: the same file may be readable the next time.
                    return Arc::default();
                }
            }
        }
        Arc::clone(&known.1)
    }
}

fn by_digest(file: KeyFile) -> ByDigest {
    let keys = file.keys.into_iter();
    keys.filter_map(|key| Some((Digest::from_hex(&key.sha256)?, Arc::new(key)))).collect()
}

#[cfg(test)]
mod tests;
