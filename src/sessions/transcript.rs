//! A transcript's file: whole lines appended by one writer. A line that was torn by a crash is cut when the file is opened
//! for writing; any other line that cannot be read is reported, and the file is left as it is.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::conversation::Conversation;
use super::entry::{Entry, VERSION};
use super::{SessionError, SessionId};
use crate::storage::{self, FileError, FileLock, LockError, platform};

/// The file of a session that this process writes.
#[derive(Debug)]
pub(super) struct Transcript {
    path: PathBuf,
    /// `None` until there is something to write.
    file: Option<File>,
    /// How much of the file is whole lines.
    length: u64,
    /// A write failed half way, and what it left could not be cut yet.
    is_torn: bool,
    _lock: FileLock,
}

/// A transcript as it was read.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) conversation: Conversation,
    /// Length of the lines that can be read.
    pub(super) length: usize,
    /// The last of them has no end.
    is_unended: bool,
}

impl Transcript {
    /// Opens the session, or begins it, for one writer.
    pub(super) fn open(directory: &Path, id: &SessionId) -> Result<(Self, Conversation), SessionError> {
        storage::create_private_dir(directory)?;
        let lock = lock(directory, id)?;
        let path = path(directory, id);
        let bytes = storage::read_optional(&path)?.unwrap_or_default();
        let contents = parse(&bytes, &path)?;
        let is_torn = contents.length < bytes.len();
        let mut this = Self { path, file: None, length: contents.length as u64, is_torn, _lock: lock };
        this.cut()?;
        if contents.is_unended {
            this.write(b"\n")?;
        }
        Ok((this, contents.conversation))
    }

    /// Whether anything is on disk.
    pub(super) fn has_lines(&self) -> bool {
        self.length > 0
    }

    /// Appends whole lines in one write.
    pub(super) fn append(&mut self, lines: &[u8]) -> Result<(), SessionError> {
        self.cut()?;
        self.write(lines)
    }

    /// Makes what was appended survive a power cut.
    pub(super) fn sync(&mut self) -> Result<(), SessionError> {
        let synced = self.file.as_ref().map_or(Ok(()), File::sync_data);
        Ok(synced.map_err(|error| FileError::new("sync", &self.path, error))?)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SessionError> {
        if let Err(error) = self.file()?.write_all(bytes) {
            self.is_torn = true;
            // When this fails too, the next append or whoever opens the file cuts it.
            self.cut().ok();
            return Err(FileError::new("write", &self.path, error).into());
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Removes what is behind the last whole line.
    fn cut(&mut self) -> Result<(), SessionError> {
        if self.is_torn {
            let length = self.length;
            self.file()?.set_len(length).map_err(|error| FileError::new("cut", &self.path, error))?;
            self.is_torn = false;
        }
        Ok(())
    }

    fn file(&mut self) -> Result<&mut File, FileError> {
        let file = match self.file.take() {
            Some(file) => file,
            None => platform::open_to_append(&self.path)
                .map_err(|error| FileError::new("open", &self.path, error))?,
        };
        Ok(self.file.insert(file))
    }
}

/// `<directory>/<id>.jsonl`.
pub(super) fn path(directory: &Path, id: &SessionId) -> PathBuf {
    directory.join(format!("{id}.jsonl"))
}

/// How often and how long a lock is waited for that this very process has: a program it starts holds the locks of all its
/// files for the moment between its fork and its exec, also of those that were let go meanwhile.
const MOMENTS: u32 = 20;
const MOMENT: Duration = Duration::from_millis(5);

fn lock_path(directory: &Path, id: &SessionId) -> PathBuf {
    directory.join(format!("{id}.lock"))
}

/// The process that writes a session, where that is another one.
pub(super) fn other_writer(directory: &Path, id: &SessionId) -> Option<u32> {
    FileLock::holder(&lock_path(directory, id)).filter(|pid| *pid != std::process::id())
}

fn lock(directory: &Path, id: &SessionId) -> Result<FileLock, SessionError> {
    let path = lock_path(directory, id);
    for _ in 0..MOMENTS {
        if let Some(lock) = FileLock::try_acquire(&path)? {
            return Ok(lock);
        }
        let pid = match FileLock::refused(&path, Duration::ZERO) {
            LockError::Held { pid, .. } => pid,
            LockError::File(error) => return Err(error.into()),
        };
        if pid != Some(std::process::id()) {
            return Err(SessionError::InUse { id: id.clone(), pid });
        }
        std::thread::sleep(MOMENT);
    }
    Err(SessionError::InUse { id: id.clone(), pid: Some(std::process::id()) })
}

/// Reads what is in a transcript's bytes.
pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Contents, SessionError> {
    let mut contents = Contents::default();
    for (line, number) in bytes.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        let is_ended = line.ends_with(b"\n");
        let unreadable = || SessionError::Unreadable { path: path.to_owned(), line: number };
        let Some(entry) = Entry::read(line) else {
            if is_ended {
                return Err(unreadable());
            }
            break;
        };
        if let Entry::Session { version, .. } = entry
            && version > VERSION
        {
            return Err(SessionError::NewerVersion { path: path.to_owned(), version });
        }
        contents.conversation.apply(entry).map_err(|_| unreadable())?;
        contents.length += line.len();
        contents.is_unended = !is_ended;
    }
    Ok(contents)
}
