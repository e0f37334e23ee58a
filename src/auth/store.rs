//! `auth-profiles.json`, version 1 of the TypeScript program's schema: one per agent, secrets, written only when a
//! credential changes. Readers get a typed [`Snapshot`]; writers get the [`Document`], which keeps every field and entry
//! it does not touch in the file's own text. A file that cannot be understood is reported and never overwritten.

mod copying;
mod entries;
mod sections;

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::migrate::{self, LegacyFiles};
use super::oauth::Pair;
use super::profile::{self, CREDENTIAL_FIELDS, CREDENTIAL_METADATA, EntryFields, EntryProblem, Profile};
use super::profile_id::ProfileId;
use super::unique::Unique;
use super::usage_stats::UsageStats;
use crate::clock::Clock;
use crate::config::{AgentId, Paths, SelectedAgent};
use crate::storage::{self, Durability, Exposure, FileError, FileLock, LockError};
use crate::text::{one_line, without_credentials};
pub use copying::SourceEntry;
use entries::Entries;
pub use sections::{Named, Taken, UnusableSection};

/// Longest wait for the store's lock.
const LOCK_LIMIT: Duration = Duration::from_secs(30);
/// The only version we write.
const VERSION: u64 = 1;

/// The store could not be read or changed; it is as it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process is writing.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Not the JSON it should be.
    #[error(
        "The credential store `{path}` cannot be read as JSON (line {line}, column {column}); it was left as it is."
    )]
    Unparsable {
        /// The file.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
    },
    /// JSON, but no store.
    #[error("`{path}` is not a credential store ({problem}); it was left as it is.")]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Written by a newer program.
    #[error(
        "The credential store `{path}` has version {version}; this program writes version 1 and leaves it alone."
    )]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
    },
    /// A symbolic link, behind which anything could be.
    #[error("The credential store `{path}` is a symbolic link, which is refused.")]
    Symlink {
        /// The link.
        path: PathBuf,
    },
}

/// One agent's store.
#[derive(Debug, Clone)]
pub struct AuthStore {
    dir: PathBuf,
    legacy: LegacyFiles,
}

/// The store at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Profiles that make sense, in the file's order.
    pub profiles: IndexMap<ProfileId, Profile>,
    /// Entries that do not, kept in the file.
    pub ignored: Vec<IgnoredEntry>,
    /// Per-agent order by provider, ids as they stand.
    pub order: IndexMap<String, Vec<String>>,
    /// Counters the TypeScript program keeps in the store; the starting point of our own state.
    pub usage_stats: IndexMap<String, UsageStats>,
    /// What is wrong with the file without making it unusable.
    pub findings: Vec<StoreFinding>,
}

/// An entry that was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredEntry {
    /// Its id, made safe to show.
    pub id: String,
    /// Why.
    pub problem: EntryProblem,
}

impl IgnoredEntry {
    /// Whether its id says that it is one of this provider.
    pub fn is_of(&self, provider: &str) -> bool {
        self.id.split_once(':').is_some_and(|(begin, _)| begin.trim().eq_ignore_ascii_case(provider))
    }
}

/// Something about the store that the user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreFinding {
    /// Others can read the file; the next write makes it private.
    OpenToOthers(PathBuf),
    /// Others can enter the directory.
    DirectoryOpenToOthers(PathBuf),
    /// A newer program wrote it: shown, never written.
    NewerVersion(u64),
    /// Read from files of an older program; the first write keeps them here.
    Imported(PathBuf),
    /// A section has a form we cannot use, and stays as it is.
    UnusableSection(&'static str),
}

impl AuthStore {
    /// The store of an agent. Nothing is opened yet.
    pub fn of(agent: &SelectedAgent, paths: &Paths) -> Self {
        let shared = (agent.id == AgentId::main()).then(|| paths.legacy_oauth());
        Self { dir: agent.dir.clone(), legacy: LegacyFiles { own: agent.dir.join("auth.json"), shared } }
    }

    /// `auth-profiles.json`.
    pub fn path(&self) -> PathBuf {
        self.dir.join("auth-profiles.json")
    }

    /// The agent's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads the store; one that does not exist is empty, or what an older program left.
    ///
    /// # Errors
    /// When it cannot be read or understood.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        let path = self.path();
        let exposure = refuse_symlink(&path)?;
        let Some(bytes) = storage::read_optional(&path)? else {
            let (document, sources) = migrate::import(&self.legacy)?;
            let mut snapshot = parse_snapshot(&document.to_text(), &path)?;
            snapshot.findings.extend(sources.into_iter().map(StoreFinding::Imported));
            return Ok(snapshot);
        };
        let mut snapshot = parse_snapshot(text_of(&bytes, &path)?, &path)?;
        if exposure == Exposure::OpenToOthers {
            snapshot.findings.push(StoreFinding::OpenToOthers(path));
        }
        if storage::exposure_of(&self.dir) == Exposure::OpenToOthers {
            snapshot.findings.push(StoreFinding::DirectoryOpenToOthers(self.dir.clone()));
        }
        Ok(snapshot)
    }

    /// The registration an OAuth pair was issued to, where the entry names one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn client_id(&self, id: &ProfileId) -> Result<Option<String>, StoreError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Client {
            client_id: String,
        }
        let Some(bytes) = storage::read_optional(&self.path())? else { return Ok(None) };
        let document = parse_document(text_of(&bytes, &self.path())?, &self.path())?;
        let entry = document.profiles.get(id.as_str());
        let client = entry.and_then(|entry| serde_json::from_str::<Client>(entry.get()).ok());
        Ok(client.map(|client| client.client_id).filter(|id| !id.trim().is_empty()))
    }

    /// Changes the store: lock, re-read, change, replace. When `change` says nothing changed, nothing is written.
    ///
    /// # Errors
    /// Whatever `change` returns, or a failure of the store; both leave the file as it was.
    pub fn update<R, E: From<StoreError>>(
        &self,
        clock: &dyn Clock,
        change: impl FnOnce(&mut Document) -> Result<(Edited, R), E>,
    ) -> Result<R, E> {
        storage::create_private_dir(&self.dir).map_err(StoreError::from)?;
        let lock_path = self.dir.join("store.lock");
        let _lock = FileLock::acquire(&lock_path, LOCK_LIMIT, clock).map_err(StoreError::from)?;
        let path = self.path();
        storage::wait_for_foreign_lock(&path, LOCK_LIMIT, clock).map_err(StoreError::from)?;
        let mut document = self.read_document(&path)?;
        let (edited, result) = change(&mut document)?;
        if edited == Edited::Yes {
            let text = document.to_text();
            // What we are about to write must be readable before it may replace what is there.
            parse_document(&text, &path)?;
            storage::replace(&path, text.as_bytes(), Durability::Synced).map_err(StoreError::from)?;
        }
        Ok(result)
    }

    fn read_document(&self, path: &Path) -> Result<Document, StoreError> {
        refuse_symlink(path)?;
        match storage::read_optional(path)? {
            None => Ok(migrate::import(&self.legacy)?.0),
            Some(bytes) => parse_document(text_of(&bytes, path)?, path)?.of_known_version(path),
        }
    }
}

/// Whether a change really changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edited {
    /// The document must be written.
    Yes,
    /// It is as it was.
    No,
}

/// The store's text in pieces: what is not changed is written back as it stood. Its `Debug` shows no entry.
#[derive(Clone)]
pub struct Document {
    version: u64,
    /// Top-level fields; the value under `profiles` is a placeholder for its place.
    fields: IndexMap<String, Box<RawValue>>,
    profiles: IndexMap<String, Box<RawValue>>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("profiles", &self.profiles.len()).finish_non_exhaustive()
    }
}

impl Document {
    /// A store without profiles.
    pub(super) fn empty() -> Self {
        let fields = ["version", "profiles"].map(|name| (name.to_owned(), raw(&serde_json::json!(VERSION))));
        Self { version: VERSION, fields: fields.into(), profiles: IndexMap::new() }
    }

    /// Itself, unless a newer program wrote it.
    fn of_known_version(self, path: &Path) -> Result<Self, StoreError> {
        match self.version {
            version if version > VERSION => Err(StoreError::NewerVersion { path: path.to_owned(), version }),
            _ => Ok(self),
        }
    }

    /// Whether an entry has this id, usable or not.
    pub fn contains(&self, id: &ProfileId) -> bool {
        self.profiles.contains_key(id.as_str())
    }

    /// The profile of this id; an entry that makes no sense is an error, its absence is not.
    ///
    /// # Errors
    /// What is wrong with the entry.
    pub fn profile(&self, id: &ProfileId) -> Result<Option<Profile>, EntryProblem> {
        self.profiles.get(id.as_str()).map(|entry| Profile::parse(id.clone(), entry)).transpose()
    }

    /// Puts a profile in: a new entry at the end, or an existing one changed in place. Of an existing entry everything
    /// stays that neither is the credential nor speaks about it.
    pub fn put(&mut self, profile: &Profile) {
        let mut entry: EntryFields = self
            .profiles
            .get(profile.id.as_str())
            .and_then(|entry| serde_json::from_str(entry.get()).ok())
            .unwrap_or_default();
        let kept_metadata = entry.shift_remove("metadata").and_then(|kept| metadata_of_the_entry(&kept));
        entry.retain(|name, _| !CREDENTIAL_FIELDS.contains(&name.as_str()));
        let mut written = EntryFields::new();
        for (name, value) in profile.to_fields() {
            let value = match (name, &kept_metadata) {
                ("metadata", Some(kept)) => merged(kept, &value),
                _ => raw(&value),
            };
            written.insert(name.to_owned(), value);
        }
        if let Some(kept) = kept_metadata {
            written.entry("metadata".to_owned()).or_insert_with(|| raw_object(&kept, 6));
        }
        for (name, value) in entry {
            written.entry(name).or_insert(value);
        }
        self.profiles.insert(profile.id.as_str().to_owned(), raw_object(&written, 4));
    }

    /// Puts a new pair into an OAuth entry; everything else of it stays. Says whether there is such an entry.
    pub fn rotate(&mut self, id: &ProfileId, pair: &Pair) -> bool {
        let Some(entry) = self.profiles.get(id.as_str()) else { return false };
        let Ok(mut fields) = serde_json::from_str::<EntryFields>(entry.get()) else { return false };
        for (name, value) in profile::pair_fields(pair) {
            fields.insert(name.to_owned(), raw(&value));
        }
        self.profiles.insert(id.as_str().to_owned(), raw_object(&fields, 4));
        true
    }

    /// Sets one text field of an entry.
    pub fn note(&mut self, id: &ProfileId, field: &str, value: &str) {
        let Some(entry) = self.profiles.get(id.as_str()) else { return };
        let Ok(mut fields) = serde_json::from_str::<EntryFields>(entry.get()) else { return };
        fields.insert(field.to_owned(), raw(&value.into()));
        self.profiles.insert(id.as_str().to_owned(), raw_object(&fields, 4));
    }

    /// Adds an entry in its own text, for imports.
    pub(super) fn put_raw(&mut self, id: &ProfileId, fields: &EntryFields) {
        self.profiles.insert(id.as_str().to_owned(), raw_object(fields, 4));
    }

    /// Gives a provider an order where it has none; says whether it did. A section that is no object stays as it is.
    pub(super) fn add_order(&mut self, provider: &str, ids: &[&str]) -> bool {
        let section = self.fields.get("order").map(|section| serde_json::from_str(section.get()));
        let Ok(mut orders) = section.unwrap_or_else(|| Ok(EntryFields::new())) else { return false };
        if orders.keys().any(|key| key.trim().eq_ignore_ascii_case(provider)) {
            return false;
        }
        orders.insert(provider.to_owned(), raw(&serde_json::json!(ids)));
        self.fields.insert("order".to_owned(), raw_object(&orders, 2));
        true
    }

    /// The whole file.
    pub fn to_text(&self) -> String {
        let profiles = raw_object(&self.profiles, 2);
        let fields = self.fields.iter().map(|(name, value)| {
            (name.as_str(), if name == "profiles" { profiles.get() } else { value.get() })
        });
        let mut text = object_text(fields, 0);
        text.push('\n');
        text
    }
}

/// What an entry's metadata says about the entry rather than about its credential; `None` when that is nothing.
fn metadata_of_the_entry(metadata: &RawValue) -> Option<EntryFields> {
    let mut fields: EntryFields = serde_json::from_str(metadata.get()).ok()?;
    fields.retain(|name, _| !CREDENTIAL_METADATA.contains(&name.as_str()));
    (!fields.is_empty()).then_some(fields)
}

/// Kept metadata with the new fields behind it.
fn merged(kept: &EntryFields, new: &serde_json::Value) -> Box<RawValue> {
    let mut fields = kept.clone();
    for (name, value) in new.as_object().into_iter().flatten() {
        fields.insert(name.clone(), raw(value));
    }
    raw_object(&fields, 6)
}

/// A JSON object over several lines, values in their own text, indented by `indent` spaces as a value at that depth.
fn object_text<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>, indent: usize) -> String {
    let mut text = String::from("{");
    let mut separator = "\n";
    for (name, value) in fields {
        text.push_str(separator);
        text.extend(std::iter::repeat_n(' ', indent + 2));
        // Value's Display of a string is its JSON form.
        text.push_str(&serde_json::Value::from(name).to_string());
        text.push_str(": ");
        text.push_str(value);
        separator = ",\n";
    }
    if separator == ",\n" {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', indent));
    }
    text.push('}');
    text
}

#[expect(clippy::expect_used, reason = "object_text joins valid JSON into valid JSON")]
fn raw_object(fields: &EntryFields, indent: usize) -> Box<RawValue> {
    let text = object_text(fields.iter().map(|(name, value)| (name.as_str(), value.get())), indent);
    RawValue::from_string(text).expect("an object of JSON values is JSON")
}

#[expect(clippy::expect_used, reason = "a Value always has a JSON text")]
fn raw(value: &serde_json::Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("a JSON value has a text")
}

fn refuse_symlink(path: &Path) -> Result<Exposure, StoreError> {
    match storage::exposure_of(path) {
        Exposure::Symlink => Err(StoreError::Symlink { path: path.to_owned() }),
        exposure => Ok(exposure),
    }
}

/// The text of a file without its byte order mark.
pub(super) fn text_of<'a>(bytes: &'a [u8], path: &Path) -> Result<&'a str, StoreError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_| StoreError::NotAStore {
        path: path.to_owned(),
        problem: "it is not UTF-8 text".to_owned(),
    })
}

fn unparsable(error: &serde_json::Error, path: &Path) -> StoreError {
    if error.is_data() {
        let message = error.to_string();
        // The parser's words without the place it appends; a value it repeats may be anything.
        let message = message.split(" at line ").next().unwrap_or_default();
        return StoreError::NotAStore {
            path: path.to_owned(),
            problem: without_credentials(&one_line(message)),
        };
    }
    StoreError::Unparsable { path: path.to_owned(), line: error.line(), column: error.column() }
}

fn parse_document(text: &str, path: &Path) -> Result<Document, StoreError> {
    #[derive(Deserialize)]
    struct Head {
        version: Option<u64>,
    }

    let head: Head = serde_json::from_str(text).map_err(|error| unparsable(&error, path))?;
    let Unique(fields): Unique<Box<RawValue>> =
        serde_json::from_str(text).map_err(|error| unparsable(&error, path))?;
    let profiles = fields.get("profiles").ok_or_else(|| StoreError::NotAStore {
        path: path.to_owned(),
        problem: "it has no `profiles`".to_owned(),
    })?;
    let Unique(profiles) = serde_json::from_str(profiles.get()).map_err(|error| unparsable(&error, path))?;
    Ok(Document { version: head.version.unwrap_or(VERSION), fields, profiles })
}

fn parse_snapshot(text: &str, path: &Path) -> Result<Snapshot, StoreError> {
    // Nearly every store is sound, and reads in one pass.
    let sound = serde_json::from_str::<StoreFile<'_, true>>(text).map(snapshot_of);
    sound.or_else(|_| {
        serde_json::from_str::<StoreFile<'_, false>>(text)
            .map(snapshot_of)
            .map_err(|error| unparsable(&error, path))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoreFile<'a, const SOUND: bool> {
    version: Option<u64>,
    profiles: Entries<SOUND>,
    #[serde(borrow)]
    order: Option<&'a RawValue>,
    #[serde(borrow)]
    usage_stats: Option<&'a RawValue>,
}

fn snapshot_of<const SOUND: bool>(file: StoreFile<'_, SOUND>) -> Snapshot {
    let Entries { profiles, ignored } = file.profiles;
    let mut snapshot = Snapshot { profiles, ignored, ..Snapshot::default() };
    if let Some(order) = file.order {
        match lenient_order(order) {
            Ok(order) => snapshot.order = order,
            Err(_) => snapshot.findings.push(StoreFinding::UnusableSection("order")),
        }
    }
    if let Some(stats) = file.usage_stats {
        match serde_json::from_str::<IndexMap<String, &RawValue>>(stats.get()) {
            // Counters that make no sense must not hide those of other profiles.
            Ok(stats) => snapshot.usage_stats.extend(
                stats
                    .into_iter()
                    .filter_map(|(id, stats)| Some((id, serde_json::from_str(stats.get()).ok()?))),
            ),
            Err(_) => snapshot.findings.push(StoreFinding::UnusableSection("usageStats")),
        }
    }
    if let Some(version) = file.version.filter(|version| *version > VERSION) {
        snapshot.findings.push(StoreFinding::NewerVersion(version));
    }
    snapshot
}

/// Lists by provider; values that are no lists are passed over, ids trimmed, keys compared in lower case.
fn lenient_order(order: &RawValue) -> serde_json::Result<IndexMap<String, Vec<String>>> {
    let lists: IndexMap<String, serde_json::Value> = serde_json::from_str(order.get())?;
    let ids = |value: &serde_json::Value| -> Option<Vec<String>> {
        let texts = value.as_array()?.iter().filter_map(|id| id.as_str()).map(str::trim);
        Some(texts.filter(|id| !id.is_empty()).map(str::to_owned).collect())
    };
    Ok(lists.iter().filter_map(|(key, value)| Some((key.trim().to_ascii_lowercase(), ids(value)?))).collect())
}

/// An id that may be anything at all, made safe to show.
pub(super) fn shown_id(id: &str) -> String {
    without_credentials(&one_line(id)).chars().take(80).collect()
}

#[cfg(test)]
mod tests;
