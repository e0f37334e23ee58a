//! Reading a file that somebody else keeps and that should be small: never waiting, never more than was asked for, and
//! wiped from memory when it is done with.

use std::io::{self, Read as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::platform;

/// A file was not read.
#[derive(Debug, thiserror::Error)]
pub enum SmallFileError {
    /// There is none.
    #[error("there is no such file")]
    Absent,
    /// It is a directory, a named pipe, a device or the like.
    #[error("it is no regular file")]
    NotRegular,
    /// It is larger than allowed.
    #[error("it is too large")]
    TooLarge,
    /// The system refused.
    #[error("{}", super::describe(.0))]
    Io(#[from] io::Error),
}

/// Reads a regular file of at most `limit` bytes. Symbolic links are followed.
///
/// # Errors
/// See [`SmallFileError`].
pub fn read_small(path: &Path, limit: u64) -> Result<Zeroizing<Vec<u8>>, SmallFileError> {
    let checked = |metadata: &std::fs::Metadata| match metadata.is_file() {
        false => Err(SmallFileError::NotRegular),
        true if metadata.len() > limit => Err(SmallFileError::TooLarge),
        true => Ok(()),
    };
    let absent_or = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => SmallFileError::Absent,
        _ => SmallFileError::Io(error),
    };
    // Opening a pipe or a device can do something to whoever is at its other end, so it is looked at first.
    checked(&std::fs::metadata(path).map_err(absent_or)?)?;
    let file = platform::open_without_waiting(path).map_err(absent_or)?;
    let metadata = file.metadata()?;
    checked(&metadata)?;
    // Room for all of it at once: growing would leave copies behind.
    let capacity = usize::try_from(metadata.len().min(limit)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(SmallFileError::TooLarge) } else { Ok(bytes) }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::io::Write::write_all(&mut std::fs::File::create(&file).unwrap(), b"12345").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read_small(&link, 5).unwrap().as_slice(), b"12345");
        assert!(matches!(read_small(&file, 4), Err(SmallFileError::TooLarge)));
        assert!(matches!(read_small(dir.path(), 5), Err(SmallFileError::NotRegular)));
        assert!(matches!(read_small(Path::new("/dev/null"), 5), Err(SmallFileError::NotRegular)));
        assert!(matches!(read_small(&dir.path().join("none"), 5), Err(SmallFileError::Absent)));
        assert!(matches!(read_small(&file.join("x"), 5), Err(SmallFileError::Io(_))));
    }

    #[test]
    fn a_named_pipe_is_told_without_waiting_for_its_writer() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(matches!(read_small(&pipe, 5), Err(SmallFileError::NotRegular)));
    }
}
