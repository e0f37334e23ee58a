//! Reading the small files of other programs: regular ones, of a size that makes sense, without ever showing them.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::NeighbourError;
use crate::storage::{FileError, platform};
use crate::text::one_line;

/// Largest file that is read.
const LARGEST: u64 = 1024 * 1024;

/// Reads a whole file of text.
pub(in crate::auth) fn text(path: &Path) -> Result<String, NeighbourError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => NeighbourError::Absent(path.to_owned()),
        ErrorKind::InvalidData => NeighbourError::unusable(path, "is not UTF-8 text"),
        _ => {
            let reason = FileError::new("read", path, error).reason();
            NeighbourError::Unreadable { path: path.to_owned(), reason: one_line(&reason) }
        }
    };
    // Opening a pipe would wait for whoever writes into it.
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(NeighbourError::unusable(path, "is not a regular file"));
    }
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(NeighbourError::unusable(path, "is too large"));
    }
    Ok(text)
}

/// Reads a file of JSON.
pub(super) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, NeighbourError> {
    let text = zeroize::Zeroizing::new(text(path)?);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    // The parser's words may repeat a value; only whether it was JSON at all is said.
    serde_json::from_str(text).map_err(|error| {
        let problem = if error.is_data() { "has a form that is not understood" } else { "is not JSON" };
        NeighbourError::unusable(path, problem)
    })
}

/// Refuses a file of secrets that others can use, or that is a link.
pub(super) fn must_be_private(path: &Path) -> Result<(), NeighbourError> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => Err(NeighbourError::Symlink(path.to_owned())),
        Ok(metadata) => closed(path, &metadata, platform::open_to_others, "600"),
        // Opening it will say why.
        Err(_) => Ok(()),
    }
}

/// Refuses a file that others can change.
pub(super) fn must_be_ours(path: &Path) -> Result<(), NeighbourError> {
    match std::fs::metadata(path) {
        Ok(metadata) => closed(path, &metadata, platform::writable_by_others, "go-w"),
        Err(_) => Ok(()),
    }
}

fn closed(
    path: &Path,
    metadata: &Metadata,
    is_open: impl Fn(&Metadata) -> bool,
    mode: &'static str,
) -> Result<(), NeighbourError> {
    match is_open(metadata) {
        true => Err(NeighbourError::OpenToOthers { path: path.to_owned(), mode }),
        false => Ok(()),
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_no_small_text_file_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        assert_eq!(text(&path), Err(NeighbourError::Absent(path.clone())));
        assert_eq!(text(dir.path()), Err(NeighbourError::unusable(dir.path(), "is not a regular file")));
        File::create(&path).unwrap().write_all(b"\xff\xfe").unwrap();
        assert_eq!(text(&path), Err(NeighbourError::unusable(&path, "is not UTF-8 text")));
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(text(&path), Err(NeighbourError::unusable(&path, "is too large")));
        File::create(&path).unwrap().write_all(b"{ sk-ant-api03-FAKE").unwrap();
        let error = json::<serde_json::Value>(&path).unwrap_err();
        assert_eq!(error.to_string(), "`x.json` is not JSON");
    }

    #[test]
    fn modes_and_links_are_refused_where_they_matter() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.json");
        File::create(&path).unwrap();
        for (mode, private, ours) in
            [(0o600, true, true), (0o640, false, true), (0o644, false, true), (0o664, false, false)]
        {
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            assert_eq!(must_be_private(&path).is_ok(), private, "{mode:o}");
            assert_eq!(must_be_ours(&path).is_ok(), ours, "{mode:o}");
        }
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let link = dir.path().join("link.json");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(must_be_private(&link), Err(NeighbourError::Symlink(link)));
    }
}
