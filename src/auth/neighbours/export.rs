//! A credential of ours as a profile of Anthropic's SDKs and CLI. What is written is a profile that is rotated from
//! outside: the access token and its end, no refresh token and no client id, so that nobody but us refreshes the pair.
//! `exports.json` beside the agent's store says what was written, and every refresh writes it again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::anthropic_profile::{Directory, ProfileName};
use super::{NeighbourError, file};
use crate::auth::oauth::Pair;
use crate::auth::profile::{Credential, Expiry, Material, Profile};
use crate::auth::profile_id::ProfileId;
use crate::auth::store::{AuthStore, StoreError};
use crate::clock::Clock;
use crate::config::Paths;
use crate::secret::Secret;
use crate::storage::{self, Durability, FileError, FileLock, LockError};

const LOCK_LIMIT: Duration = Duration::from_secs(30);
/// Version of both files.
const VERSION: &str = "1.0";
/// What in a profile's config is about the account it was made for.
const OF_THE_ACCOUNT: [&str; 3] = ["organization_id", "workspace_id", "base_url"];

type Fields = IndexMap<String, Value>;

/// A profile could not be written. What was there is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A profile of that name is there, and not from here.
    #[error("Anthropic's profile \"{name}\" is there already, and {why}.")]
    Taken {
        /// Its name.
        name: ProfileName,
        /// Whose it is.
        why: String,
    },
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another process is writing.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was removed or replaced meanwhile.
    #[error("Profile \"{0}\" changed in the meantime; it was not exported.")]
    Gone(ProfileId),
}

/// What is to be written, and where.
#[derive(Debug)]
pub struct Export<'a> {
    /// Where the official programs look.
    pub directory: &'a Directory,
    /// The profile's name there.
    pub name: &'a ProfileName,
    /// The credential.
    pub profile: &'a ProfileId,
    /// The store that has it.
    pub store: &'a AuthStore,
    /// Directories of the other agents: what one of them exported is not this one's to change.
    pub others: &'a [PathBuf],
    /// The address its token is for, when it is not the one the official programs use anyway.
    pub base_url: Option<&'a str>,
    /// Whether a profile that is not from here may be lost.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// `configs/<name>.json`.
    pub config: PathBuf,
    /// `credentials/<name>.json`.
    pub credentials: PathBuf,
    /// Whether a profile that was not from here was lost.
    pub took_over: bool,
}

/// `exports.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    version: u32,
    exports: Vec<Entry>,
    #[serde(flatten)]
    unknown: serde_json::Map<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    profile_id: String,
    directory: PathBuf,
    name: String,
    /// Whether no config of that name was there before.
    #[serde(default)]
    made_config: bool,
}

/// What became of a profile whose credential is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ended {
    /// Its `credentials/<name>.json`.
    pub credentials_path: PathBuf,
    /// Whether that is gone; otherwise somebody changed it, and it stays.
    pub removed: bool,
}

impl Entry {
    fn is_at(&self, directory: &Directory, name: &ProfileName) -> bool {
        self.directory == directory.path() && self.name == name.as_str()
    }
}

/// Whether a profile may be written, before a token is fetched for it.
///
/// # Errors
/// See [`ExportError`].
pub fn check(export: &Export<'_>) -> Result<(), ExportError> {
    may_be_written(export, &read_record(export.store.dir())?).map(drop)
}

/// Whether a profile that is not from here is lost when this one is written.
fn may_be_written(export: &Export<'_>, record: &Record) -> Result<bool, ExportError> {
    match standing(export, record)? {
        Standing::Free | Standing::Ours => Ok(false),
        Standing::Foreign(_) if export.force => Ok(true),
        Standing::Foreign(why) => Err(ExportError::Taken { name: export.name.clone(), why }),
    }
}

/// Writes a profile and remembers it. The token is the one the store holds at that moment: a refresh may have replaced
/// the one that was obtained. `obtained` counts where the store could not take it.
///
/// # Errors
/// See [`ExportError`].
pub fn export(
    export: &Export<'_>,
    obtained: &Secret,
    obtained_ends: Option<Timestamp>,
    paths: &Paths,
    clock: &dyn Clock,
) -> Result<Exported, ExportError> {
    let Export { directory, name, store, .. } = *export;
    let agent_dir = store.dir();
    let _lock = lock(paths, clock)?;
    let mut record = read_record(export.store.dir())?;
    let (config_path, credentials_path) = (directory.config(name), directory.credentials(name));
    let took_over = may_be_written(export, &record)?;
    let before = record.exports.iter().find(|entry| entry.is_at(directory, name));
    let is_new = std::fs::symlink_metadata(&config_path).is_err();
    let made_config = is_new || (!took_over && before.is_some_and(|entry| entry.made_config));
    let kept = |path: &Path| -> Fields { file::json(path).unwrap_or_default() };
    let mut config = kept(&config_path);
    let mut credentials = kept(&credentials_path);
    if took_over {
        config.retain(|name, _| !OF_THE_ACCOUNT.contains(&name.as_str()));
        // All of it is about the account that signed in there.
        credentials.clear();
    }
    config.insert("version".to_owned(), VERSION.into());
    config.insert("authentication".to_owned(), json!({ "type": "user_oauth" }));
    match export.base_url {
        Some(url) => config.insert("base_url".to_owned(), url.into()),
        None => config.shift_remove("base_url"),
    };
    for path in [&config_path, &credentials_path] {
        if let Some(dir) = path.parent() {
            storage::create_private_dir(dir)?;
        }
    }
    let unwritten = record.exports.clone();
    record.exports.retain(|entry| !entry.is_at(directory, name));
    record.exports.push(Entry {
        profile_id: export.profile.to_string(),
        directory: directory.path().to_owned(),
        name: name.to_string(),
        made_config,
    });
    // Before the store is read: a refresh from now on finds the record, and waits for the lock to write its token.
    write_record(agent_dir, &record)?;
    let written = held(store, export.profile).and_then(|(stored, ends)| {
        let is_later = matches!((obtained_ends, ends), (Some(ours), Some(stored)) if ours > stored);
        let (access, ends) = if is_later { (obtained, obtained_ends) } else { (&stored, ends) };
        // A config without its token would be an error to the official programs; a token without its config is nothing.
        write_credentials(&credentials_path, credentials, access, ends)?;
        Ok(storage::replace_public(&config_path, &text(&config))?)
    });
    if let Err(error) = written {
        record.exports = unwritten;
        write_record(agent_dir, &record)?;
        return Err(error);
    }
    for dir in export.others {
        let mut other = read_record(dir)?;
        let before = other.exports.len();
        other.exports.retain(|entry| !entry.is_at(directory, name));
        if other.exports.len() < before {
            write_record(dir, &other)?;
        }
    }
    Ok(Exported { config: config_path, credentials: credentials_path, took_over })
}

/// Writes a refreshed token to where the profile was exported. That is a service to other programs: a failure is told
/// and changes nothing here.
pub(in crate::auth) fn follow(
    agent_dir: &Path,
    id: &ProfileId,
    pair: &Pair,
    paths: &Paths,
    clock: &dyn Clock,
) {
    // The usual case needs no lock.
    if read_record(agent_dir).is_ok_and(|record| !record.exports.iter().any(|e| e.profile_id == id.as_str()))
    {
        return;
    }
    if let Err(error) = try_follow(agent_dir, id, pair, paths, clock) {
        tracing::warn!(profile = %id, %error, "the exported profile still holds the old token");
    }
}

/// The token of a profile as the store has it.
fn held(store: &AuthStore, id: &ProfileId) -> Result<(Secret, Option<Timestamp>), ExportError> {
    let snapshot = store.read()?;
    let credential = snapshot.profiles.get(id).map(|profile| &profile.credential);
    let ends = credential.and_then(|credential| match credential.expires() {
        Expiry::At(at) => Some(at),
        Expiry::Unknown | Expiry::Invalid => None,
    });
    match credential.map(Credential::material) {
        Some(Material::Value(secret)) => Ok((secret.clone(), ends)),
        _ => Err(ExportError::Gone(id.clone())),
    }
}

/// Lets a profile's exports follow a name it is about to get. To be called under the store's lock.
pub(in crate::auth) fn begin_rename(
    agent_dir: &Path,
    old: &ProfileId,
    new: &ProfileId,
    paths: &Paths,
    clock: &dyn Clock,
) -> Result<(), ExportError> {
    if !is_exported(agent_dir, old)? {
        return Ok(());
    }
    let _lock = lock(paths, clock)?;
    let mut record = read_record(agent_dir)?;
    // What an earlier profile of that name left behind is not this one's.
    record.exports.retain(|entry| entry.profile_id != new.as_str());
    let renamed = record.exports.iter().filter(|entry| entry.profile_id == old.as_str());
    let renamed: Vec<Entry> =
        renamed.map(|entry| Entry { profile_id: new.to_string(), ..entry.clone() }).collect();
    record.exports.extend(renamed);
    Ok(write_record(agent_dir, &record)?)
}

/// Drops the old name, once the store has the new one, and catches up with a refresh that fell between.
pub(in crate::auth) fn finish_rename(
    store: &AuthStore,
    old: &ProfileId,
    new: &ProfileId,
    paths: &Paths,
    clock: &dyn Clock,
) -> Result<(), ExportError> {
    if !is_exported(store.dir(), old)? {
        return Ok(());
    }
    let _lock = lock(paths, clock)?;
    let mut record = read_record(store.dir())?;
    record.exports.retain(|entry| entry.profile_id != old.as_str());
    write_record(store.dir(), &record)?;
    let (access, ends) = held(store, new)?;
    write_again(&record, new, &access, ends)
}

/// Ends the exports of a profile that is gone: what holds its token still is removed, what somebody changed stays.
pub(in crate::auth) fn end(
    agent_dir: &Path,
    profile: &Profile,
    paths: &Paths,
    clock: &dyn Clock,
) -> Result<Vec<Ended>, ExportError> {
    if !is_exported(agent_dir, &profile.id)? {
        return Ok(Vec::new());
    }
    let _lock = lock(paths, clock)?;
    let mut record = read_record(agent_dir)?;
    let is_its = |entry: &Entry| entry.profile_id == profile.id.as_str();
    let mut ended = Vec::new();
    for entry in record.exports.iter().filter(|entry| is_its(entry)) {
        let Ok(name) = entry.name.parse::<ProfileName>() else { continue };
        let directory = Directory::at(&entry.directory);
        let credentials_path = directory.credentials(&name);
        if std::fs::symlink_metadata(&credentials_path).is_err() {
            continue;
        }
        let token = still_ours(&directory, &name)
            .ok()
            .and_then(|fields| Some(Secret::new(fields.get("access_token")?.as_str()?)));
        let removed = token.is_some_and(
            |token| matches!(profile.credential.material(), Material::Value(held) if *held == token),
        ) && std::fs::remove_file(&credentials_path).is_ok();
        let config = directory.config(&name);
        if removed && entry.made_config && is_only_ours(&config) {
            // Without its token it is of no use; left behind it does no harm.
            drop(std::fs::remove_file(config));
        }
        ended.push(Ended { credentials_path, removed });
    }
    record.exports.retain(|entry| !is_its(entry));
    write_record(agent_dir, &record)?;
    Ok(ended)
}

/// The profile that was exported by that name by one of these agents, and still is there as it was exported.
///
/// # Errors
/// When what an agent exported cannot be read.
pub fn source_of(
    directory: &Directory,
    name: &ProfileName,
    agent_dirs: &[PathBuf],
) -> Result<Option<String>, FileError> {
    for dir in agent_dirs {
        let record = read_record(dir)?;
        let entry = record.exports.into_iter().find(|entry| entry.is_at(directory, name));
        if let Some(entry) = entry.filter(|_| still_ours(directory, name).is_ok()) {
            return Ok(Some(entry.profile_id));
        }
    }
    Ok(None)
}

fn is_exported(agent_dir: &Path, id: &ProfileId) -> Result<bool, FileError> {
    Ok(read_record(agent_dir)?.exports.iter().any(|entry| entry.profile_id == id.as_str()))
}

/// Whether a config holds nothing but what is written here.
fn is_only_ours(config: &Path) -> bool {
    let fields = file::json::<Fields>(config).unwrap_or_default();
    fields.keys().all(|name| ["version", "authentication", "base_url"].contains(&name.as_str()))
}

fn try_follow(
    agent_dir: &Path,
    id: &ProfileId,
    pair: &Pair,
    paths: &Paths,
    clock: &dyn Clock,
) -> Result<(), ExportError> {
    let _lock = lock(paths, clock)?;
    write_again(&read_record(agent_dir)?, id, &pair.access, Some(pair.expires))
}

fn write_again(
    record: &Record,
    id: &ProfileId,
    access: &Secret,
    ends: Option<Timestamp>,
) -> Result<(), ExportError> {
    for entry in record.exports.iter().filter(|entry| entry.profile_id == id.as_str()) {
        let Ok(name) = entry.name.parse::<ProfileName>() else { continue };
        let directory = Directory::at(&entry.directory);
        match still_ours(&directory, &name) {
            Ok(credentials) => {
                let path = directory.credentials(&name);
                write_credentials(&path, credentials, access, ends)?;
            }
            Err(why) => {
                tracing::warn!(profile = %id, export = %name, "the exported profile is left alone: {why}");
            }
        }
    }
    Ok(())
}

/// What stands where a profile is to be written.
enum Standing {
    Free,
    Ours,
    /// With the reason, as a part of a sentence.
    Foreign(String),
}

fn standing(export: &Export<'_>, record: &Record) -> Result<Standing, FileError> {
    let Export { directory, name, .. } = *export;
    let is_there = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_dir());
    if ![directory.config(name), directory.credentials(name)].iter().any(is_there) {
        return Ok(Standing::Free);
    }
    if record.exports.iter().any(|entry| entry.is_at(directory, name)) {
        return Ok(match still_ours(directory, name) {
            Ok(_) => Standing::Ours,
            Err(why) => Standing::Foreign(why),
        });
    }
    for dir in export.others {
        if read_record(dir)?.exports.iter().any(|entry| entry.is_at(directory, name)) {
            return Ok(Standing::Foreign("another agent exported it".to_owned()));
        }
    }
    Ok(Standing::Foreign("it was not exported from here".to_owned()))
}

/// The credentials of a profile that is still as it was exported: whoever signs in there by another way makes it theirs.
fn still_ours(directory: &Directory, name: &ProfileName) -> Result<Fields, String> {
    let read = |path: PathBuf| file::json::<Fields>(&path).map_err(|error: NeighbourError| error.to_string());
    let config = read(directory.config(name))?;
    let authentication = config.get("authentication").and_then(Value::as_object);
    let says = |field: &str| authentication.is_some_and(|fields| fields.contains_key(field));
    let kind = authentication.and_then(|fields| fields.get("type")?.as_str());
    let credentials = read(directory.credentials(name))?;
    let was_changed = kind != Some("user_oauth")
        || says("client_id")
        || says("credentials_path")
        || credentials.contains_key("refresh_token");
    if was_changed { Err("another program signed in there".to_owned()) } else { Ok(credentials) }
}

fn write_credentials(
    path: &Path,
    mut fields: Fields,
    access: &Secret,
    expires: Option<Timestamp>,
) -> Result<(), FileError> {
    fields.insert("version".to_owned(), VERSION.into());
    fields.insert("type".to_owned(), "oauth_token".into());
    fields.insert("access_token".to_owned(), access.expose().into());
    match expires {
        Some(at) => fields.insert("expires_at".to_owned(), at.as_second().into()),
        None => fields.shift_remove("expires_at"),
    };
    storage::replace(path, &zeroize::Zeroizing::new(text(&fields)), Durability::Synced)
}

fn lock(paths: &Paths, clock: &dyn Clock) -> Result<FileLock, LockError> {
    let locks = paths.locks();
    storage::create_private_dir(paths.state())?;
    storage::create_private_dir(&locks)?;
    FileLock::acquire(&locks.join("exports.lock"), LOCK_LIMIT, clock)
}

fn record_path(agent_dir: &Path) -> PathBuf {
    agent_dir.join("exports.json")
}

fn read_record(agent_dir: &Path) -> Result<Record, FileError> {
    let path = record_path(agent_dir);
    match storage::read_optional(&path)? {
        None => Ok(Record { version: 1, ..Record::default() }),
        Some(bytes) => {
            serde_json::from_slice(&bytes).map_err(|error| FileError::new("read", &path, error.into()))
        }
    }
}

fn write_record(agent_dir: &Path, record: &Record) -> Result<(), FileError> {
    let path = record_path(agent_dir);
    let mut text =
        serde_json::to_vec_pretty(record).map_err(|error| FileError::new("write", &path, error.into()))?;
    text.push(b'\n');
    storage::replace(&path, &text, Durability::Synced)
}

fn text(fields: &Fields) -> Vec<u8> {
    format!("{:#}\n", json!(fields)).into_bytes()
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
