//! Minted access tokens, in `minted-tokens.json` beside the agent's store: 0600, and nothing that could not be minted
//! again. What cannot be read counts as nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::auth::oauth::token_endpoint::Minted;
use crate::clock::Clock;
use crate::secret::Secret;
use crate::storage::{self, Durability, Exposure, FileLock, LockError};

const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// The minted tokens of one agent.
#[derive(Debug)]
pub(super) struct Cache {
    dir: PathBuf,
}

#[derive(Deserialize)]
struct Document {
    tokens: IndexMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    access: Secret,
    #[serde(with = "millisecond::required")]
    expires: Timestamp,
}

impl Cache {
    /// The cache in an agent's directory. Nothing is opened yet.
    pub(super) fn in_dir(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("minted-tokens.json")
    }

    /// The token of this key.
    pub(super) fn get(&self, key: &str) -> Option<Minted> {
        self.read().shift_remove(key)
    }

    /// Keeps a token; those that ended go.
    ///
    /// # Errors
    /// When the lock, the directory or the file refuses.
    pub(super) fn put(&self, key: &str, minted: &Minted, clock: &dyn Clock) -> Result<(), LockError> {
        storage::create_private_dir(&self.dir)?;
        let _lock = FileLock::acquire(&self.dir.join("state.lock"), LOCK_LIMIT, clock)?;
        let mut tokens = self.read();
        tokens.insert(key.to_owned(), minted.clone());
        tokens.retain(|_, minted| minted.expires > clock.now());
        let entry = |minted: &Minted| -> Value {
            json!({ "access": minted.access.expose(), "expires": minted.expires.as_millisecond() })
        };
        let entries: serde_json::Map<String, Value> =
            tokens.iter().map(|(key, minted)| (key.clone(), entry(minted))).collect();
        let text = zeroize::Zeroizing::new(format!("{:#}\n", json!({ "version": 1, "tokens": entries })));
        Ok(storage::replace(&self.path(), text.as_bytes(), Durability::Cached)?)
    }

    fn read(&self) -> IndexMap<String, Minted> {
        // A file others could have put there, or could have read, is not believed; the next mint replaces it.
        if storage::exposure_of(&self.path()) != Exposure::Private {
            return IndexMap::new();
        }
        let bytes = storage::read_optional(&self.path()).ok().flatten();
        let document = bytes.and_then(|bytes| serde_json::from_slice::<Document>(&bytes).ok());
        let tokens = document.map(|document| document.tokens).unwrap_or_default();
        tokens
            .into_iter()
            .map(|(key, entry)| (key, Minted { access: entry.access, expires: entry.expires }))
            .collect()
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn tokens_are_kept_until_they_end_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::in_dir(&dir.path().join("agent"));
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let minted = |text: &str, seconds| Minted {
            access: Secret::new(text),
            expires: clock.now() + jiff::SignedDuration::from_secs(seconds),
        };
        assert_eq!(cache.get("a"), None);
        let (first, second) = (minted("one", 60), minted("two", 3600));
        cache.put("a", &first, &clock).unwrap();
        cache.put("b", &second, &clock).unwrap();
        assert_eq!((cache.get("a"), cache.get("b")), (Some(first), Some(second.clone())));
        clock.advance(Duration::from_secs(61));
        cache.put("b", &second, &clock).unwrap();
        assert_eq!((cache.get("a"), cache.get("b")), (None, Some(second)));
        let mode = |mode| std::fs::set_permissions(cache.path(), PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(std::fs::metadata(cache.path()).unwrap().permissions().mode() & 0o777, 0o600);
        mode(0o644);
        assert_eq!(cache.get("b"), None);
    }

    #[test]
    fn what_cannot_be_read_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::in_dir(dir.path());
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        storage::replace(&cache.path(), b"{ torn", Durability::Cached).unwrap();
        assert_eq!(cache.get("a"), None);
        let minted = Minted { access: Secret::new("x"), expires: "2027-01-01T00:00:00Z".parse().unwrap() };
        cache.put("a", &minted, &clock).unwrap();
        assert!(cache.get("a").is_some());
    }
}
