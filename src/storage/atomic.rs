//! Replacing a file so that a reader, a crash or a kill sees either the old or the new one, whole. The caller holds the
//! lock of the file; that is what makes one fixed temporary name safe and leaves at most one leftover.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{FileError, platform};

/// How hard a write tries to survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// File and directory are synced: for what cannot be had again.
    Synced,
    /// Only the rename: for state that may go back a moment.
    Cached,
}

/// Writes `bytes` to `path` by way of `<path>.tmp`, which only the owner can read from the moment it exists.
///
/// # Errors
/// When the temporary file or the rename fails, and the old file is untouched; or when the directory cannot be synced
/// after the rename, and the new file is there but might not survive a power cut.
pub fn replace(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FileError> {
    replace_as(path, bytes, durability, false)
}

fn replace_as(path: &Path, bytes: &[u8], durability: Durability, public: bool) -> Result<(), FileError> {
    let temporary = temporary_path(path);
    match std::fs::remove_file(&temporary) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(FileError::new("remove the leftover", &temporary, error)),
    }
    let written = write_private(&temporary, bytes, durability);
    let opened = written.and_then(|()| match public {
        true => platform::let_others_read(&temporary).map_err(|e| FileError::new("open to others", path, e)),
        false => Ok(()),
    });
    let renamed = opened.and_then(|()| {
        std::fs::rename(&temporary, path).map_err(|error| FileError::new("replace", path, error))
    });
    if let Err(error) = renamed {
        // Nothing to add when this fails too: the next writer removes the leftover.
        std::fs::remove_file(&temporary).ok();
        return Err(error);
    }
    match (durability, path.parent()) {
        (Durability::Synced, Some(directory)) => {
            platform::sync_dir(directory).map_err(|error| FileError::new("sync", directory, error))
        }
        _ => Ok(()),
    }
}

/// The same for a file that others may read, because nothing in it is secret.
///
/// # Errors
/// As [`replace`].
pub fn replace_public(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace_as(path, bytes, Durability::Synced, true)
}

/// Creates a directory and its missing parents, private to the owner (0700).
///
/// # Errors
/// When it cannot be created, or something else has its name.
pub fn create_private_dir(path: &Path) -> Result<(), FileError> {
    platform::create_private_dirs(path).map_err(|error| FileError::new("create the directory", path, error))
}

fn write_private(path: &Path, bytes: &[u8], durability: Durability) -> Result<(), FileError> {
    let mut file = platform::create_private(path).map_err(|error| FileError::new("create", path, error))?;
    file.write_all(bytes).map_err(|error| FileError::new("write", path, error))?;
    match durability {
        Durability::Synced => file.sync_all().map_err(|error| FileError::new("sync", path, error)),
        Durability::Cached => Ok(()),
    }
}

fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_private_and_complete() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.json");
        replace(&path, b"one", Durability::Synced).unwrap();
        replace(&path, b"two", Durability::Cached).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(!platform::open_to_others(&std::fs::metadata(&path).unwrap()));
        assert!(!temporary_path(&path).exists());
    }

    #[test]
    fn a_leftover_of_a_killed_writer_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.json");
        std::fs::File::create(temporary_path(&path)).unwrap();
        replace(&path, b"new", Durability::Synced).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn a_failed_replacement_leaves_the_old_file_and_no_leftover() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("store.json");
        std::fs::create_dir_all(path.join("in-the-way")).unwrap();
        let error = replace(&path, b"new", Durability::Synced).unwrap_err();
        assert_eq!(error.action(), "replace");
        assert!(path.join("in-the-way").is_dir());
        assert!(!temporary_path(&path).exists());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_public_can_be_read_by_all_and_written_by_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.json");
        replace_public(&path, b"{}").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
    }

    #[test]
    fn directories_are_created_private() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        create_private_dir(&deep).unwrap();
        for made in [&deep, &dir.path().join("a")] {
            assert!(!platform::open_to_others(&std::fs::metadata(made).unwrap()), "{made:?}");
        }
    }
}
