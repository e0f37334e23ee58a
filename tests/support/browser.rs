//! The browser of a person, played by a script that hands over the page it is to open.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempDir;
use url::Url;

use super::TestEnv;

/// Far above what opening takes: it ends waits for something that never comes.
const HANGS: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// A browser that does what the test says.
pub(crate) struct Browser {
    _room: TempDir,
    pages: BufReader<File>,
}

impl Browser {
    /// Makes it the browser of all runs that follow.
    pub(crate) fn of(env: &mut TestEnv) -> Self {
        let room = tempfile::tempdir().unwrap();
        let pages = room.path().join("pages");
        assert!(Command::new("mkfifo").arg(&pages).status().unwrap().success());
        let script = room.path().join("browser");
        std::fs::write(&script, format!("#!/bin/sh\necho \"$1\" > '{}'\n", pages.display())).unwrap();
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).unwrap();
        env.set("BROWSER", script.to_str().unwrap());
        // Open for writing, too, so that opening waits for nobody.
        let pages = OpenOptions::new().read(true).write(true).open(&pages).unwrap();
        Self { _room: room, pages: BufReader::new(pages) }
    }

    /// Waits for the page that is opened.
    pub(crate) fn page(&mut self) -> String {
        let mut waits = [PollFd::new(self.pages.get_ref(), PollFlags::IN)];
        assert_eq!(poll(&mut waits, Some(&HANGS)).unwrap(), 1, "no page was opened");
        let mut page = String::new();
        self.pages.read_line(&mut page).unwrap();
        page.trim_end().to_owned()
    }
}

/// A parameter of a link.
pub(crate) fn parameter(link: &str, name: &str) -> String {
    let link = Url::parse(link).unwrap();
    link.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
}
