//! Mending what needs no decision: modes, leftovers, old names and dangling ids in the config. What is changed is copied
//! first, and told.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::clock::Clock;
use crate::config::Paths;
use crate::config::edit::{self, Edit, EditError, Segment, shown};
use crate::env::Env;
use crate::storage::{self, Durability, FileError, FileLock, LockError};

/// Longest wait for a lock.
const LOCK_LIMIT: Duration = Duration::from_secs(30);

/// Something that can be mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Others lose access to a file or directory.
    MakePrivate {
        /// Which one.
        path: PathBuf,
        /// Whether it is a directory.
        is_directory: bool,
    },
    /// What an interrupted write left is removed.
    RemoveLeftover {
        /// The temporary file.
        path: PathBuf,
    },
    /// A parameter of the config gets its newer name.
    RenameCacheControlTtl {
        /// The parameters it is among.
        params: Vec<Segment>,
    },
    /// An order of the config loses ids that no agent stores, or goes when nothing is left of it.
    TakeFromOrder {
        /// The order.
        path: Vec<Segment>,
        /// What goes.
        ids: Vec<String>,
    },
}

/// Something that was mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mended {
    /// The file or directory.
    pub path: PathBuf,
    /// What was done, in a phrase.
    pub change: String,
    /// The copy that was made before.
    pub backup: Option<PathBuf>,
}

/// Something was not mended.
#[derive(Debug, thiserror::Error)]
pub enum RepairError {
    /// A file or directory refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Somebody else is writing.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The config could not be changed.
    #[error(transparent)]
    Edit(#[from] EditError),
}

/// Mends what can be mended, each thing for itself; says what was done and what was not.
pub fn mend<'r>(
    repairs: impl IntoIterator<Item = &'r Repair>,
    paths: &Paths,
    process: &Env,
    clock: &dyn Clock,
) -> (Vec<Mended>, Vec<RepairError>) {
    let (mut mended, mut failed) = (Vec::new(), Vec::new());
    let mut backups = Backups { paths, clock, directory: None };
    for repair in repairs {
        let done = match repair {
            Repair::MakePrivate { path, is_directory } => make_private(path, *is_directory),
            Repair::RemoveLeftover { path } => remove_leftover(path, paths, clock),
            Repair::RenameCacheControlTtl { .. } | Repair::TakeFromOrder { .. } => {
                mend_config(repair, &mut backups, process)
            }
        };
        match done {
            Ok(done) => mended.extend(done),
            Err(error) => failed.push(error),
        }
    }
    (mended, failed)
}

fn make_private(path: &Path, is_directory: bool) -> Result<Option<Mended>, RepairError> {
    let (old, new) = storage::make_private(path, is_directory)?;
    let change = format!("mode {old:04o} → {new:04o}");
    Ok(Some(Mended { path: path.to_owned(), change, backup: None }))
}

/// Removes a temporary file under the lock of whoever writes by way of it: then nobody is.
fn remove_leftover(path: &Path, paths: &Paths, clock: &dyn Clock) -> Result<Option<Mended>, RepairError> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let lock = match path.file_name().and_then(|name| name.to_str()) {
        Some("auth-profiles.json.tmp") => directory.join("store.lock"),
        Some("auth-state.json.tmp" | "minted-tokens.json.tmp") => directory.join("state.lock"),
        Some("index.json.tmp") => directory.join("sessions.lock"),
        Some("usage.db.tmp") => paths.locks().join("usage.lock"),
        Some("exports.json.tmp") => paths.locks().join("exports.lock"),
        Some("gateway-keys.json.tmp") => paths.locks().join("gateway-keys.lock"),
        _ => paths.config_lock(),
    };
    lock.parent().map_or(Ok(()), storage::create_private_dir)?;
    let _lock = FileLock::acquire(&lock, LOCK_LIMIT, clock)?;
    let gone = storage::remove_file(path)?;
    Ok(gone.then(|| Mended { path: path.to_owned(), change: "removed".to_owned(), backup: None }))
}

/// Where files are copied before they are changed: one directory for all that is mended at a time.
struct Backups<'a> {
    paths: &'a Paths,
    clock: &'a dyn Clock,
    directory: Option<PathBuf>,
}

/// Where all of these directories are.
pub(super) fn backups(paths: &Paths) -> PathBuf {
    paths.state().join("backups")
}

impl Backups<'_> {
    /// Copies a file as it is, once; says where.
    fn keep(&mut self, path: &Path, text: &str) -> Result<PathBuf, FileError> {
        let directory = match &self.directory {
            Some(directory) => directory.clone(),
            None => self.new_directory()?,
        };
        // Files of one name in several directories stay apart.
        let inside = path.strip_prefix(self.paths.state()).unwrap_or(path);
        let inside: PathBuf =
            inside.components().filter(|part| matches!(part, Component::Normal(_))).collect();
        let copy = directory.join(inside);
        if !copy.exists() {
            copy.parent().map_or(Ok(()), storage::create_private_dir)?;
            storage::replace(&copy, text.as_bytes(), Durability::Synced)?;
        }
        Ok(copy)
    }

    fn new_directory(&mut self) -> Result<PathBuf, FileError> {
        let moment = self.clock.now().strftime("%Y%m%d-%H%M%S").to_string();
        let all = backups(self.paths);
        let names =
            (1..).map(|number| if number == 1 { moment.clone() } else { format!("{moment}-{number}") });
        // Endless, so there is one; the config's lock keeps two of us from taking the same.
        let directory = names.map(|name| all.join(name)).find(|directory| !directory.exists()).unwrap_or(all);
        storage::create_private_dir(&directory)?;
        self.directory = Some(directory.clone());
        Ok(directory)
    }
}

fn mend_config(
    repair: &Repair,
    backups: &mut Backups<'_>,
    process: &Env,
) -> Result<Option<Mended>, RepairError> {
    let (paths, clock) = (backups.paths, backups.clock);
    let updated = edit::update(paths, process, clock, |edit| {
        let Some(change) = change(edit, repair)? else { return Ok::<_, RepairError>(None) };
        let mut copies = Vec::new();
        for (path, before) in edit.files_before() {
            copies.push((path.to_owned(), backups.keep(path, &before)?));
        }
        Ok(copies.pop().map(|(path, copy)| Mended { path, change, backup: Some(copy) }))
    })?;
    Ok(updated.result)
}

/// Makes one change, and tells it; `None` when what was found is not so any more.
fn change(edit: &mut Edit, repair: &Repair) -> Result<Option<String>, RepairError> {
    match repair {
        Repair::RenameCacheControlTtl { params } => {
            let key = |name: &str| [params.as_slice(), &[name.into()]].concat();
            let (old, new) = (key("cacheControlTtl"), key("cacheRetention"));
            let retention = match edit.get(&old).and_then(Value::as_str) {
                Some("5m") => "short",
                Some("1h") => "long",
                _ => return Ok(None),
            };
            let is_set = edit.get(&new).is_some();
            if !is_set {
                edit.set(&new, &retention)?;
            }
            edit.remove(&old)?;
            let set =
                if is_set { String::new() } else { format!(", {} set to \"{retention}\"", shown(&new)) };
            Ok(Some(format!("{} removed{set}", shown(&old))))
        }
        Repair::TakeFromOrder { path, ids } => {
            let Some(listed) = edit.get(path).and_then(Value::as_array) else { return Ok(None) };
            let goes = |id: &Value| id.as_str().is_some_and(|id| ids.iter().any(|gone| gone == id.trim()));
            let places: Vec<usize> = (0..listed.len()).filter(|place| goes(&listed[*place])).collect();
            if places.is_empty() {
                return Ok(None);
            }
            if places.len() == listed.len() {
                edit.remove(path)?;
                return Ok(Some(format!("{} removed", shown(path))));
            }
            for place in places.into_iter().rev() {
                edit.remove(&[path.as_slice(), &[place.into()]].concat())?;
            }
            Ok(Some(format!("{} taken from {}", ids.join(", "), shown(path))))
        }
        Repair::MakePrivate { .. } | Repair::RemoveLeftover { .. } => Ok(None),
    }
}
