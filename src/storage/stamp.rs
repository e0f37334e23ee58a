//! Whether a file is still the one that was read.

use std::path::Path;
use std::time::SystemTime;

use super::platform;

/// What tells one version of a file from another without reading it: which file it is, when it was changed, and its size.
/// Two absent files are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp(Option<(u64, Option<SystemTime>, u64)>);

impl Stamp {
    /// The stamp of what is at this path now; a link is followed. What cannot be looked at counts as absent.
    pub fn of(path: &Path) -> Self {
        Self(
            std::fs::metadata(path)
                .ok()
                .map(|found| (platform::file_number(&found), found.modified().ok(), found.len())),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Durability, replace};
    use super::*;

    #[test]
    fn a_replaced_file_has_another_stamp_even_with_the_same_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let absent = Stamp::of(&path);
        replace(&path, b"x", Durability::Cached).unwrap();
        let first = Stamp::of(&path);
        assert_ne!(first, absent);
        assert_eq!(Stamp::of(&path), first);
        // The old file must not free its number before the new one has taken another.
        let _held = std::fs::File::open(&path).unwrap();
        replace(&path, b"x", Durability::Cached).unwrap();
        assert_ne!(Stamp::of(&path), first);
    }
}
