//! Anthropic's SDKs. They are installed below `target/` once, with Debian's packages where root may install those; later
//! runs need no network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{FlockOperation, flock};

const PYTHON_SDK: &str = "anthropic==2.14.0";
const NODE_SDK: &str = "@anthropic-ai/sdk@1.14.0";

/// The virtual environment that has the SDK for Python; its interpreter is `bin/python`.
pub(crate) fn python() -> PathBuf {
    installed("python", PYTHON_SDK, &["python3-venv"], |directory| {
        run(Command::new("python3").args(["-m", "venv"]).arg(directory))?;
        let pip = directory.join("bin/pip");
        run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", PYTHON_SDK]))
    })
}

/// The directory whose `node_modules` has the SDK for Node.
pub(crate) fn node() -> PathBuf {
    installed("node", NODE_SDK, &["nodejs", "npm"], |directory| {
        run(Command::new("node").arg("--version"))?;
        let flags = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "--prefix"];
        run(Command::new("npm").args(flags).arg(directory).arg(NODE_SDK))
    })
}

/// Where an SDK is installed; one test at a time installs, and one that broke off begins anew.
fn installed(
    name: &str,
    sdk: &str,
    packages: &[&str],
    install: impl Fn(&Path) -> Result<(), String>,
) -> PathBuf {
    let room = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk");
    fs::create_dir_all(&room).unwrap();
    let lock = fs::File::create(room.join(format!("{name}.lock"))).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    let version: String = sdk.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let directory = room.join(format!("{name}-{version}"));
    let complete = directory.join("complete");
    if complete.exists() {
        return directory;
    }
    let anew = || {
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(|error| error.to_string())?;
        }
        fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
        install(&directory)
    };
    let mut result = anew();
    if result.is_err() && rustix::process::geteuid().is_root() {
        let apt = |arguments: &[&str]| {
            run(Command::new("apt-get")
                .args(arguments)
                .args(packages)
                .env("DEBIAN_FRONTEND", "noninteractive"))
        };
        result = run(Command::new("apt-get").args(["update", "-q"]))
            .and_then(|()| apt(&["install", "-qy", "--no-install-recommends"]))
            .and_then(|()| anew());
    }
    if let Err(reason) = result {
        let packages = packages.join(" ");
        panic!(
            "{sdk} cannot be installed; this test needs the packages {packages}, and once the network: {reason}"
        );
    }
    fs::write(&complete, "").unwrap();
    directory
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    ))
}
