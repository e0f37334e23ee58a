//! The browser of the person at this terminal: whether there is one on this machine, and opening a page in it.

use std::io;
use std::process::{Command, Stdio};

use url::Url;

use crate::env::Env;

/// Whether a page that is opened here is seen by the person who asked, and can come back to this machine.
pub fn is_here(env: &Env) -> bool {
    let is_remote = ["SSH_CONNECTION", "SSH_TTY"].iter().any(|name| env.get(name).is_some());
    let shows = ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env.get(name).is_some());
    !is_remote && (shows || !cfg!(all(unix, not(target_os = "macos"))))
}

/// Opens a page: by the programs `BROWSER` lists, else by the system's. They are given the address as an argument, which
/// others on this machine can see; it must not hold a secret.
///
/// # Errors
/// When no program could be started. That one was started does not mean that a page is seen.
pub fn open(env: &Env, page: &Url) -> io::Result<()> {
    let Some(listed) = env.get("BROWSER") else { return open::that_detached(page.as_str()) };
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for line in listed.split(':').filter(|line| !line.trim().is_empty()) {
        match start(line, page) {
            Ok(()) => return Ok(()),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// Starts one program, the address in the place of `%s` or behind everything.
fn start(line: &str, page: &Url) -> io::Result<()> {
    let (mut words, mut placed) = (Vec::new(), false);
    for word in line.split_whitespace() {
        placed |= word.contains("%s");
        words.push(word.replace("%s", page.as_str()));
    }
    if !placed {
        words.push(page.to_string());
    }
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Ctrl-C at this terminal is not meant for the browser.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        Env::from_pairs(pairs.iter().copied())
    }

    #[test]
    fn a_browser_is_here_when_there_is_a_screen_and_nobody_came_by_ssh() {
        assert!(is_here(&env(&[("DISPLAY", ":0")])));
        assert!(is_here(&env(&[("WAYLAND_DISPLAY", "wayland-0")])));
        assert!(is_here(&env(&[("BROWSER", "firefox")])));
        assert!(!is_here(&env(&[("DISPLAY", ":0"), ("SSH_CONNECTION", "1 2 3 4")])));
        assert!(!is_here(&env(&[("BROWSER", "x"), ("SSH_TTY", "/dev/pts/1")])));
        assert_eq!(is_here(&env(&[])), cfg!(not(all(unix, not(target_os = "macos")))));
    }

    #[test]
    fn programs_that_are_not_there_are_passed_over() {
        let page = Url::parse("http://127.0.0.1:1/").unwrap();
        assert!(open(&env(&[("BROWSER", "/nowhere/a:/nowhere/b %s")]), &page).is_err());
        assert!(open(&env(&[("BROWSER", "/nowhere/a:/bin/true %s")]), &page).is_ok());
    }
}
