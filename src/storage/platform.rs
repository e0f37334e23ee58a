//! Everything that differs between operating systems, in one place: modes, directory syncs, processes. Elsewhere code
//! is the same on all of them; where a system has no equivalent, the function does the nearest safe thing and says so.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a file that only its owner can read, failing when it exists already.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a lock file for reading and writing, creating it private and empty when it is not there.
pub(crate) fn open_lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a file for appending, creating it private and empty when it is not there.
pub(crate) fn open_to_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates a directory and its missing parents, all private to their owner. Existing ones stay as they are.
pub(crate) fn create_private_dirs(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Lets everybody read a file of ours (0644).
pub(crate) fn let_others_read(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Whether anyone but the owner may change the file; always false where files have no modes.
pub(crate) fn writable_by_others(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(metadata) & 0o022 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// The number a file has on its filesystem; zero where files have none.
pub(crate) fn file_number(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    {
        let _ = metadata;
        0
    }
}

/// Makes a rename in this directory survive a power cut. Windows has no such call and needs none for its renames.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Whether anyone but the owner may read or change the file; always false where files have no modes.
pub(crate) fn open_to_others(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Whether users outside its group may read or change the file; always false where files have no modes.
pub(crate) fn open_to_all(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(metadata) & 0o006 != 0;
    #[cfg(not(unix))]
    {
        let _ = metadata;
        false
    }
}

/// Takes the access of others away; says the modes before and after. Does nothing where files have no modes.
pub(crate) fn make_private(path: &Path, is_directory: bool) -> io::Result<(u32, u32)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let old = std::fs::metadata(path)?.permissions().mode() & 0o7777;
        let new = if is_directory { 0o700 } else { 0o600 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(new))?;
        Ok((old, new))
    }
    #[cfg(not(unix))]
    {
        let _ = (path, is_directory);
        Ok((0, 0))
    }
}

/// Opens a file for reading without waiting for anybody: a named pipe opens at once and can be told from a file then.
pub(crate) fn open_without_waiting(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    options.open(path)
}

/// Lets a program begin a process group of its own, so that it can be ended with all that it starts.
pub(crate) fn begin_process_group(command: &mut tokio::process::Command) {
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Ends all processes of the group that this process began. Elsewhere the caller's own handle ends the process alone.
pub(crate) fn kill_process_group(leader: u32) {
    #[cfg(unix)]
    if let Some(pid) = i32::try_from(leader).ok().and_then(rustix::process::Pid::from_raw) {
        // Nobody left to end is what is wanted.
        rustix::process::kill_process_group(pid, rustix::process::Signal::KILL).ok();
    }
    #[cfg(not(unix))]
    let _ = leader;
}

/// Whether a refused lock means that this filesystem has none, rather than that somebody holds it.
pub(crate) fn means_no_locks(error: &io::Error) -> bool {
    // A network filesystem without its lock service says "no locks available".
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error()) {
        return true;
    }
    error.kind() == io::ErrorKind::Unsupported
}

/// Whether a process of this id is running; `None` where that cannot be asked.
pub(crate) fn process_is_running(pid: u32) -> Option<bool> {
    #[cfg(unix)]
    {
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
        match rustix::process::test_kill_process(pid) {
            Ok(()) | Err(rustix::io::Errno::PERM) => Some(true),
            Err(_) => Some(false),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = pid;
        None
    }
}
