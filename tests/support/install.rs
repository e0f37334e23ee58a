//! Programs of Debian's packages that tests need.

use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Makes sure that a program is there: installs its package where that is allowed, and names it where it is not. A test that
/// cannot run fails.
pub(crate) fn installed(program: &str, package: &str) {
    // One at a time, and nobody looks in the middle of it.
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one = INSTALLING.lock().unwrap();
    let is_here = || {
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    if is_here() {
        return;
    }
    let mut why = String::new();
    if rustix::process::geteuid().is_root() {
        let script =
            format!("apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy {package}");
        let log = Command::new("sh").args(["-c", &script]).output().unwrap();
        why = String::from_utf8_lossy(&log.stderr).into_owned();
    }
    assert!(is_here(), "these tests need {program}: apt-get install {package}\n{why}");
}
