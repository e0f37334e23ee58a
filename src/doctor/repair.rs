//! Mending what needs no decision: modes, leftovers, old names and dangling ids in the config. What is changed is copied
//! first, and told.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

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
        /// The old key.
        old: Vec<Segment>,
        /// The new one.
        new: Vec<Segment>,
        /// Its value; none when the new key is there already.
        value: Option<&'static str>,
    },
    /// An order of the config keeps these ids, or goes when there are none.
    KeepInOrder {
        /// The order.
        path: Vec<Segment>,
        /// What stays in it.
        kept: Vec<String>,
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
    let mut of_config = Vec::new();
    for repair in repairs {
        let done = match repair {
            Repair::MakePrivate { path, is_directory } => make_private(path, *is_directory),
            Repair::RemoveLeftover { path } => remove_leftover(path, paths, clock),
            Repair::RenameCacheControlTtl { .. } | Repair::KeepInOrder { .. } => {
                of_config.push(repair);
                continue;
            }
        };
        match done {
            Ok(done) => mended.extend(done),
            Err(error) => failed.push(error),
        }
    }
    if !of_config.is_empty() {
        match mend_config(&of_config, paths, process, clock) {
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
        _ => paths.config_lock(),
    };
    let _lock = FileLock::acquire(&lock, LOCK_LIMIT, clock)?;
    let gone = storage::remove_file(path)?;
    Ok(gone.then(|| Mended { path: path.to_owned(), change: "removed".to_owned(), backup: None }))
}

fn mend_config(
    repairs: &[&Repair],
    paths: &Paths,
    process: &Env,
    clock: &dyn Clock,
) -> Result<Vec<Mended>, RepairError> {
    let moment = clock.now().strftime("%Y%m%d-%H%M%S").to_string();
    let backups = paths.state().join("backups").join(moment);
    let updated = edit::update(paths, process, clock, |edit| {
        let changes = repairs.iter().map(|repair| change(edit, repair)).collect::<Result<Vec<_>, _>>()?;
        let mut copies = Vec::new();
        for (path, before) in edit.files_before() {
            storage::create_private_dir(&backups)?;
            let copy = backups.join(path.file_name().unwrap_or(path.as_os_str()));
            storage::replace(&copy, before.as_bytes(), Durability::Synced)?;
            copies.push((path.to_owned(), copy));
        }
        Ok::<_, RepairError>((changes.into_iter().flatten().collect::<Vec<_>>(), copies))
    })?;
    let (changes, copies) = updated.result;
    let first = copies.first().cloned();
    Ok(changes
        .into_iter()
        .map(|change| Mended {
            path: first.as_ref().map_or_else(|| paths.config().to_owned(), |(path, _)| path.clone()),
            change,
            backup: first.as_ref().map(|(_, copy)| copy.clone()),
        })
        .collect())
}

/// Makes one change, and tells it; `None` when there was nothing left to do.
fn change(edit: &mut Edit, repair: &Repair) -> Result<Option<String>, RepairError> {
    match repair {
        Repair::RenameCacheControlTtl { old, new, value } => {
            if let Some(value) = value {
                edit.set(new, value)?;
            }
            let gone = edit.remove(old)?;
            let set = value.map(|value| format!(", {} set to \"{value}\"", shown(new))).unwrap_or_default();
            Ok(gone.then(|| format!("{} removed{set}", shown(old))))
        }
        Repair::KeepInOrder { path, kept } if kept.is_empty() => {
            Ok(edit.remove(path)?.then(|| format!("{} removed", shown(path))))
        }
        Repair::KeepInOrder { path, kept } => {
            edit.set(path, kept)?;
            Ok(Some(format!("{} set to {}", shown(path), kept.join(", "))))
        }
        Repair::MakePrivate { .. } | Repair::RemoveLeftover { .. } => Ok(None),
    }
}
