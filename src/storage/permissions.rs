//! Who else can read what should be private. Judged, not repaired: a write brings a file back to 0600 by itself, and
//! directories are the user's to tighten.

use std::path::Path;

use super::{FileError, platform};

/// What a look at a path's metadata shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// Not there.
    Absent,
    /// Only its owner can use it.
    Private,
    /// Others can read or change it.
    OpenToOthers,
    /// A symbolic link, whatever it points to.
    Symlink,
}

/// Looks at a path without following it. What cannot be looked at counts as absent: opening it will say why.
pub fn exposure_of(path: &Path) -> Exposure {
    match std::fs::symlink_metadata(path) {
        Err(_) => Exposure::Absent,
        Ok(metadata) if metadata.is_symlink() => Exposure::Symlink,
        Ok(metadata) if platform::open_to_others(&metadata) => Exposure::OpenToOthers,
        Ok(_) => Exposure::Private,
    }
}

/// Takes the access of others away; says the modes before and after.
///
/// # Errors
/// When the system refuses, as it does for a file of somebody else.
pub fn make_private(path: &Path, is_directory: bool) -> Result<(u32, u32), FileError> {
    platform::make_private(path, is_directory).map_err(|error| FileError::new("make private", path, error))
}

/// Whether every user of this machine can read or change what a path leads to, links followed. What cannot be looked at
/// is not.
pub fn is_open_to_all(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| platform::open_to_all(&metadata))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn modes_and_links_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("store.json");
        assert_eq!(exposure_of(&file), Exposure::Absent);
        std::fs::File::create(&file).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        assert_eq!(exposure_of(&file), Exposure::Private);
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        assert_eq!(exposure_of(&file), Exposure::OpenToOthers);
        let link = dir.path().join("link.json");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(exposure_of(&link), Exposure::Symlink);
        assert!(!is_open_to_all(&link) && !is_open_to_all(&dir.path().join("none")));
        std::fs::set_permissions(&file, Permissions::from_mode(0o604)).unwrap();
        assert!(is_open_to_all(&link));
    }
}
