//! What the program is built from, and what a package of it holds. Licences and duplicates are `cargo deny`'s work, by
//! `deny.toml`; what needs nothing but cargo itself is here.

#![allow(clippy::unwrap_used, reason = "tests end when something is not as expected")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const LOCK: &str = include_str!("../Cargo.lock");
/// Most that a package may hold, compressed.
const LARGEST_PACKAGE: u64 = 2 << 20;

fn cargo(arguments: &[&str]) -> Output {
    let made = Command::new(env!("CARGO")).current_dir(ROOT).args(arguments).output().unwrap();
    assert!(made.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&made.stderr));
    made
}

/// `1.89` and `1.89.0` are the same.
fn version(text: &str) -> Vec<u32> {
    let mut parts: Vec<u32> = text.split('.').map(|part| part.parse().unwrap()).collect();
    parts.resize(3, 0);
    parts
}

/// Some need a newer one and do not say so: `.ci/run` also compiles with the one that is stated, where it is installed.
#[test]
fn no_dependency_asks_for_a_newer_rust_than_the_program_states() {
    let about = Command::new("rustc").arg("-vV").output().unwrap();
    let about = String::from_utf8(about.stdout).unwrap();
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Those of other systems may not have been fetched.
    let metadata =
        cargo(&["metadata", "--locked", "--offline", "--format-version=1", "--filter-platform", host]);
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let ours = version(env!("CARGO_PKG_RUST_VERSION"));
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} packages", packages.len());
    let newer: Vec<_> = packages
        .iter()
        .filter(|package| package["rust_version"].as_str().is_some_and(|theirs| version(theirs) > ours))
        .map(|package| format!("{} needs {}", package["name"], package["rust_version"]))
        .collect();
    assert!(newer.is_empty(), "rust-version of Cargo.toml is too low: {newer:?}");
}

#[test]
fn every_dependency_is_of_crates_io_with_its_checksum() {
    let packages: Vec<_> = LOCK.split("[[package]]\n").skip(1).collect();
    assert!(packages.len() > 100, "{} packages", packages.len());
    for package in packages {
        let is_ours = package.starts_with("name = \"fased\"\n");
        let is_theirs = package
            .contains("\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n")
            && package.contains("\nchecksum = \"");
        assert!(is_ours != is_theirs, "{package}");
    }
}

#[test]
fn the_package_holds_what_the_program_is_built_from_and_nothing_odd() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package");
    let made = cargo(&[
        "package",
        "--no-verify",
        "--allow-dirty",
        "--locked",
        "--offline",
        "--target-dir",
        target.to_str().unwrap(),
    ]);
    let said = String::from_utf8(made.stderr).unwrap();
    let warnings = said.lines().filter(|line| line.starts_with("warning")).filter(|line| {
        // There is no public address yet that could stand there.
        !line.contains("manifest has no documentation, homepage or repository")
    });
    assert_eq!(warnings.collect::<Vec<_>>(), [""; 0]);
    let package = target.join(concat!("package/fased-", env!("CARGO_PKG_VERSION"), ".crate"));
    let length = fs::metadata(package).unwrap().len();
    assert!(length < LARGEST_PACKAGE, "{length} bytes");

    let listed = cargo(&["package", "--list", "--allow-dirty", "--locked", "--offline"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let mut needed = vec!["Cargo.lock".to_owned(), "LICENSE".to_owned(), "README.md".to_owned()];
    for directory in ["assets", "completions", "man", "src"] {
        add_files(Path::new(ROOT), Path::new(directory), &mut needed);
    }
    let missing: Vec<_> = needed.iter().filter(|file| !listed.contains(file.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let odd = [".ci/", "target/", ".git/"];
    let odd: Vec<_> = listed.iter().filter(|file| odd.iter().any(|part| file.starts_with(part))).collect();
    assert!(odd.is_empty(), "{odd:?}");
}

fn add_files(root: &Path, directory: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(directory)).unwrap() {
        let entry = entry.unwrap();
        let path = directory.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            add_files(root, &path, files);
        } else {
            files.push(path.to_str().unwrap().to_owned());
        }
    }
}
