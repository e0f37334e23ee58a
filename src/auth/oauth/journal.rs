//! The journal of a refresh. A refresh token is used up the moment its endpoint answers, so before it is sent there is a
//! record on disk, with the room for the answer already taken: a kill or a full disk between the answer and the store loses
//! nothing that arrived. The file is written once and its second half overwritten in place; there is one for each
//! refresh token, beside the store of the agent that began.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::fmt::serde::timestamp::millisecond;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Pair;
use crate::secret::{Fingerprint, Secret};
use crate::storage::{self, Durability, FileError, platform};

/// Each of the two records has a page of its own, so that overwriting the second can tear neither.
const PAGE: usize = 4096;

/// What is written before a refresh token is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intent {
    /// The profile that is refreshed.
    pub profile_id: String,
    /// The refresh token that is about to be used up.
    pub old_fingerprint: Fingerprint,
    /// When.
    #[serde(with = "millisecond::required")]
    pub started_at: Timestamp,
    /// By which process.
    pub pid: u32,
}

/// What a journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was begun.
    pub intent: Intent,
    /// What came of it, if the reply arrived.
    pub pair: Option<Pair>,
}

/// The journal of one refresh token in one agent's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    path: PathBuf,
}

impl Journal {
    /// The journal of the refresh token with this key. Nothing is opened yet.
    pub fn in_dir(dir: &Path, key: &str) -> Self {
        Self { path: dir.join(format!("refresh-journal-{key}.json")) }
    }

    /// All journals in a directory, with the keys of their refresh tokens.
    pub fn all_in(dir: &Path) -> Vec<(String, Self)> {
        let names = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let keys = names.filter_map(|name| {
            let key = name.to_str()?.strip_prefix("refresh-journal-")?.strip_suffix(".json")?;
            key.bytes().all(|b| b.is_ascii_hexdigit()).then(|| key.to_owned())
        });
        keys.map(|key| (key.clone(), Self::in_dir(dir, &key))).collect()
    }

    /// What it holds; `None` when there is none, or one that was torn before anything was sent.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(&self) -> Result<Option<Entry>, FileError> {
        let Some(bytes) = storage::read_optional(&self.path)? else { return Ok(None) };
        let (first, second) = bytes.split_at(bytes.len().min(PAGE));
        let Ok(intent) = serde_json::from_slice(first) else { return Ok(None) };
        // A reply that was torn while it was written did not arrive.
        let pair = serde_json::from_slice::<Record>(second).ok().map(Record::into_pair);
        Ok(Some(Entry { intent, pair }))
    }

    /// Writes the intent and takes the room for the reply, all of it synced.
    ///
    /// # Errors
    /// When it cannot be written; nothing may be sent then.
    pub fn begin(&self, intent: &Intent) -> Result<(), FileError> {
        self.remove()?;
        let mut page = self.first_page(intent)?;
        page.resize(2 * PAGE, b' ');
        let mut file = platform::create_private(&self.path).map_err(|error| self.failed("create", error))?;
        let written = file.write_all(&page).and_then(|()| file.sync_all());
        written.map_err(|error| self.failed("write", error))?;
        match self.path.parent() {
            Some(dir) => platform::sync_dir(dir).map_err(|error| FileError::new("sync", dir, error)),
            None => Ok(()),
        }
    }

    /// Writes the reply into the room taken for it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn arrived(&self, pair: &Pair) -> Result<(), FileError> {
        let mut file =
            File::options().write(true).open(&self.path).map_err(|error| self.failed("open", error))?;
        let written = file
            .seek(SeekFrom::Start(PAGE as u64))
            .and_then(|_| file.write_all(&reply(pair)))
            .and_then(|()| file.sync_all());
        written.map_err(|error| self.failed("write", error))
    }

    /// Puts another reply in place of the one that arrived. There is the one or the other at any moment.
    ///
    /// # Errors
    /// When it cannot be written; the reply that arrived is still there then.
    pub fn replace(&self, intent: &Intent, pair: &Pair) -> Result<(), FileError> {
        let mut pages = self.first_page(intent)?;
        pages.extend_from_slice(&reply(pair));
        storage::replace(&self.path, &pages, Durability::Synced)
    }

    /// Removes it.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove(&self) -> Result<(), FileError> {
        // What a killed `replace` left goes first: nothing would lead to it without the journal.
        for path in [&self.path.with_extension("json.tmp"), &self.path] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(FileError::new("remove", path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn first_page(&self, intent: &Intent) -> Result<Vec<u8>, FileError> {
        let text = serde_json::to_vec(intent).map_err(|error| self.failed("write", error.into()))?;
        Ok(padded(&text))
    }

    fn failed(&self, action: &'static str, error: std::io::Error) -> FileError {
        FileError::new(action, &self.path, error)
    }
}

/// What is written of a reply.
fn reply(pair: &Pair) -> Vec<u8> {
    let text = json!({
        "access": pair.access.expose(),
        "refresh": pair.refresh.expose(),
        "expires": pair.expires.as_millisecond(),
    });
    padded(text.to_string().as_bytes())
}

/// The text filled up to whole pages with white space, the last of it the end of a line.
fn padded(text: &[u8]) -> Vec<u8> {
    let mut page = text.to_vec();
    page.resize((text.len() + 1).next_multiple_of(PAGE) - 1, b' ');
    page.push(b'\n');
    page
}

#[derive(Deserialize)]
struct Record {
    access: Secret,
    refresh: Secret,
    #[serde(with = "millisecond::required")]
    expires: Timestamp,
}

impl Record {
    fn into_pair(self) -> Pair {
        Pair { access: self.access, refresh: self.refresh, expires: self.expires }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (tempfile::TempDir, Journal) {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::in_dir(dir.path(), "0123456789abcdef");
        (dir, journal)
    }

    fn intent() -> Intent {
        Intent {
            profile_id: "anthropic:a".to_owned(),
            old_fingerprint: Secret::new("old").fingerprint(),
            started_at: Timestamp::from_millisecond(1_700_000_000_123).unwrap(),
            pid: 7,
        }
    }

    fn pair() -> Pair {
        Pair {
            access: Secret::new("a".repeat(108)),
            refresh: Secret::new("r".repeat(108)),
            expires: Timestamp::from_millisecond(1_700_000_600_000).unwrap(),
        }
    }

    #[test]
    fn nothing_an_intent_and_a_pair_are_told_apart() {
        let (_dir, journal) = journal();
        assert_eq!(journal.read().unwrap(), None);
        journal.begin(&intent()).unwrap();
        assert_eq!(journal.read().unwrap(), Some(Entry { intent: intent(), pair: None }));
        journal.arrived(&pair()).unwrap();
        assert_eq!(journal.read().unwrap(), Some(Entry { intent: intent(), pair: Some(pair()) }));
        journal.remove().unwrap();
        journal.remove().unwrap();
        assert_eq!(journal.read().unwrap(), None);
    }

    #[test]
    fn a_reply_is_replaced_whole_and_what_a_kill_left_of_that_goes_with_the_journal() {
        let (dir, journal) = journal();
        journal.begin(&intent()).unwrap();
        journal.arrived(&pair()).unwrap();
        let newer = Pair { refresh: Secret::new("n".repeat(108)), ..pair() };
        journal.replace(&intent(), &newer).unwrap();
        assert_eq!(journal.read().unwrap(), Some(Entry { intent: intent(), pair: Some(newer) }));
        File::create(dir.path().join("refresh-journal-0123456789abcdef.json.tmp")).unwrap();
        journal.remove().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_reply_takes_no_room_that_was_not_taken_before() {
        let (_dir, journal) = journal();
        journal.begin(&intent()).unwrap();
        let before = std::fs::metadata(&journal.path).unwrap().len();
        journal.arrived(&pair()).unwrap();
        assert_eq!((before, std::fs::metadata(&journal.path).unwrap().len()), (8192, 8192));
    }

    #[test]
    fn a_reply_torn_anywhere_is_a_reply_that_did_not_arrive() {
        let (_dir, journal) = journal();
        journal.begin(&intent()).unwrap();
        journal.arrived(&pair()).unwrap();
        let whole = std::fs::read(&journal.path).unwrap();
        let reply = serde_json::to_string(&json!({
            "access": pair().access.expose(), "refresh": pair().refresh.expose(),
            "expires": pair().expires.as_millisecond(),
        }));
        for end in 0..reply.unwrap().len() {
            let mut torn = whole.clone();
            torn[PAGE + end..].fill(b' ');
            let mut file = File::create(&journal.path).unwrap();
            file.write_all(&torn).unwrap();
            assert_eq!(journal.read().unwrap().unwrap().pair, None, "{end}");
        }
    }

    #[test]
    fn a_journal_torn_before_anything_was_sent_says_nothing() {
        let (_dir, journal) = journal();
        journal.begin(&intent()).unwrap();
        for length in [0, 1, 50] {
            File::options().write(true).open(&journal.path).unwrap().set_len(length).unwrap();
            assert_eq!(journal.read().unwrap(), None, "{length}");
        }
        journal.begin(&intent()).unwrap();
        assert!(journal.read().unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_dir, journal) = journal();
        journal.begin(&intent()).unwrap();
        assert_eq!(std::fs::metadata(&journal.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
