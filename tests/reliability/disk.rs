//! A disk that is full and one that is read-only: a real filesystem of a few MiB, mounted where nobody else sees it. Every
//! command that writes says what happened and leaves what was there; every command that looks goes on as before.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::commands::{Does, ROWS, Row};
use crate::home::furnished;
use crate::support::{TestEnv, TestSandbox};
use crate::{figures, sound};

/// Of the filesystem, in KiB: a home fits in several times.
const SIZE: u64 = 4096;
/// What is left of it when a command begins, in KiB: nothing, room for some of what it writes, and for most.
const ROOM: [u64; 4] = [0, 4, 8, 24];

/// Files by their paths from the home.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// A filesystem over the home of a test, in a namespace of its own, which a shell holds open.
struct Disk {
    shell: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    home: PathBuf,
}

/// The end of a run.
struct Ended {
    code: Option<i32>,
    stdout: String,
    told: String,
}

impl Disk {
    /// Mounts it; `None` where nobody may mount anything.
    fn over(home: &Path) -> Option<Self> {
        const SCRIPT: &str = "mount -t tmpfs -o size=$2k,mode=700 tmpfs \"$1\" && echo done || exit 1
            while read -r order; do eval \"$order\" && echo done || echo failed; done";
        // A namespace of users, in which mounting is ours to do, is not to be had everywhere; for root it is not needed.
        let mut shell = Command::new("unshare");
        shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"]);
        shell.arg(home).arg(SIZE.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = shell.spawn().ok()?;
        let orders = shell.stdin.take().unwrap();
        let answers = BufReader::new(shell.stdout.take().unwrap());
        let mut disk = Self { shell, orders, answers, home: home.to_owned() };
        (disk.answer() == "done\n").then_some(disk)
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line
    }

    fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
        assert_eq!(self.answer(), "done\n", "{order}");
    }

    /// The home as it is in there.
    fn home(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.shell.id()));
        root.join(self.home.strip_prefix("/").unwrap())
    }

    fn state(&self) -> PathBuf {
        self.home().join(".fased")
    }

    /// Makes it hold these files and nothing else.
    fn restore(&self, files: &[(PathBuf, Vec<u8>)]) {
        // Emptied before it goes: a process another test has just forked may have it open for a moment, and with it the room.
        if let Ok(filler) = File::options().write(true).open(self.home().join("filler")) {
            filler.set_len(0).unwrap();
        }
        for entry in std::fs::read_dir(self.home()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
        }
        for (path, bytes) in files {
            let path = self.home().join(path);
            let directory = path.parent().unwrap();
            let mut builder = std::fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(directory).unwrap();
            let mut options = File::options();
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.write(true).create_new(true).open(&path).unwrap().write_all(bytes).unwrap();
        }
    }

    /// Takes all of the room but so many KiB.
    fn fill(&self, room: u64) {
        let mut filler = File::create(self.home().join("filler")).unwrap();
        let page = [1; 4096];
        let mut length = 0;
        while filler.write_all(&page).is_ok() {
            length += 4096;
        }
        assert!(length >= room * 1024, "the home takes all of the room: {length}");
        filler.set_len(length - room * 1024).unwrap();
    }

    /// Runs the program in there.
    fn run(&self, env: &TestEnv, row: &Row, json: bool) -> Ended {
        let mut command = Command::new("/usr/bin/env");
        command.args(["nsenter", "--target", &self.shell.id().to_string()]);
        command.args(["--user", "--mount", "--preserve-credentials"]);
        // It begins at the root, and paths of arguments are below the home.
        command.args(["sh", "-c", "cd \"$HOME\" && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_fased")]);
        command.args(row.line(json)).env_clear().envs(env.variables()).current_dir("/");
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").process_group(0);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let given = row.stdin("disk").unwrap_or_default();
        child.stdin.take().unwrap().write_all(given.as_bytes()).ok();
        if row.does == Does::Serves {
            // Until it has said where it is, or that it cannot be.
            let mut first = [0; 1];
            let is_up = child.stdout.as_mut().unwrap().read(&mut first).unwrap() == 1;
            if is_up {
                let group = rustix::process::Pid::from_child(&child);
                rustix::process::kill_process_group(group, rustix::process::Signal::TERM).unwrap();
            }
        }
        let output = child.wait_with_output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let told =
            format!("$ fased {}\n{}{}", row.line(json).join(" "), text(&output.stdout), text(&output.stderr));
        Ended { code: output.status.code(), stdout: text(&output.stdout), told }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.shell.kill().ok();
        self.shell.wait().ok();
    }
}

/// Every file below the home, by its path from there.
fn files_of(home: &Path) -> Files {
    let mut files: Files = sound::below(home)
        .into_iter()
        .filter(|path| path.is_file() && !path.ends_with("filler"))
        .map(|path| (path.strip_prefix(home).unwrap().to_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Whether a file is one that somebody would miss. Lock files, notes of use and what can be made anew are not.
fn is_missed(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let is_copy = path.starts_with(".fased/backups");
    !is_copy && ["auth-profiles.json", "fased.json", "gateway-keys.json"].contains(&name)
}

/// A disk with a furnished home, and what is in it; `None`, and a word about it, where nobody may mount anything. A long
/// run does not go on without.
fn furnished_disk(sandbox: &TestSandbox) -> Option<(TestEnv, Disk, Files)> {
    let env = furnished(sandbox, "disk");
    let files = files_of(env.home());
    if let Some(disk) = Disk::over(env.home()) {
        return Some((env, disk, files));
    }
    assert!(!figures::are_kept(), "this machine lets nobody mount a filesystem, which a long run needs");
    // Past the capture of tests: whoever runs them should know.
    let word = "note: full and read-only disks were not tried: this machine lets nobody mount a filesystem\n";
    std::io::stderr().write_all(word.as_bytes()).unwrap();
    None
}

#[test]
fn on_a_full_disk_every_command_says_so_and_leaves_what_was_there() {
    let sandbox = TestSandbox::start();
    let Some((env, disk, before)) = furnished_disk(&sandbox) else { return };
    let (mut runs, mut refused) = (0, 0);
    for row in ROWS {
        for (n, room) in (0..).zip(ROOM) {
            disk.restore(&before);
            disk.fill(room);
            let ended = disk.run(&env, row, n % 2 == 1);
            runs += 1;
            let after = files_of(&disk.home());
            assert_eq!(sound::check(&disk.state()), 0, "{room} KiB left\n{}", ended.told);
            let told = format!("{room} KiB left, {:?}\n{}", ended.code, ended.told);
            let missed = |files: &Files| -> Files {
                files.iter().filter(|(path, _)| is_missed(path)).cloned().collect()
            };
            match row.does {
                Does::Changes if ended.code == Some(0) => {
                    assert!(after != before, "nothing was done\n{told}");
                }
                Does::Changes => {
                    refused += 1;
                    assert_eq!(ended.code, Some(1), "{told}");
                    assert!(told.contains("space") || told.contains("is full"), "{told}");
                    assert!(missed(&after) == missed(&before), "something was written\n{told}");
                }
                Does::Serves if ended.code == Some(1) => assert!(told.contains("space"), "{told}"),
                Does::Serves => assert!(!ended.stdout.is_empty(), "{told}"),
                Does::Looks | Does::Asks => {
                    assert_eq!(ended.code, Some(row.code), "{told}");
                    assert!(missed(&after) == missed(&before), "something was written\n{told}");
                }
            }
        }
    }
    assert!(refused > 30, "{refused} of {runs}: the disk was not full");
    figures::add(
        "Every command on a full tmpfs",
        format!("{runs} runs, {refused} refused"),
        "nothing half-written, nothing open to others",
    );
}

#[test]
fn on_a_read_only_disk_looking_works_and_writing_says_why_not() {
    let sandbox = TestSandbox::start();
    let Some((env, mut disk, before)) = furnished_disk(&sandbox) else { return };
    disk.restore(&before);
    let home = disk.home.display().to_string();
    disk.order(&format!("mount -o remount,ro '{home}'"));
    let (mut runs, mut refused) = (0, 0);
    for row in ROWS {
        for json in [false, true] {
            let ended = disk.run(&env, row, json);
            runs += 1;
            let told = format!("{:?}\n{}", ended.code, ended.told);
            match row.does {
                Does::Changes => {
                    refused += 1;
                    assert_eq!(ended.code, Some(1), "{told}");
                    assert!(told.contains("read-only"), "{told}");
                }
                Does::Serves if ended.code == Some(1) => assert!(told.contains("read-only"), "{told}"),
                Does::Serves => assert!(!ended.stdout.is_empty(), "{told}"),
                Does::Looks | Does::Asks => assert_eq!(ended.code, Some(row.code), "{told}"),
            }
        }
    }
    assert!(files_of(&disk.home()) == before, "something was written");
    figures::add(
        "Every command on a read-only tmpfs",
        format!("{runs} runs, {refused} refused"),
        "looking works, writing says why not",
    );
}
