//! The Control UI as people see it: a real browser, the real binary behind it, the sandbox behind that. One module for each
//! part of the UI. Pictures of every page are written to `target/screenshots`, for people to look at.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests end when something is not as expected, and set up files by hand"
)]

#[expect(dead_code, unused_imports, unused_macros, reason = "other test programs use the rest")]
#[path = "../support/mod.rs"]
mod support;

mod axe;
mod chat;
mod chromium;
mod credentials;
mod house;
mod looks;
mod sign_in;
mod slow;
mod tab;
mod transcript;
mod usage;

#[test]
fn every_file_here_is_a_module_of_this_program() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser");
    let source = std::fs::read_to_string(format!("{directory}/main.rs")).unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && name != "main" {
            assert!(source.contains(&format!("\nmod {name};\n")), "tests/browser/{name}.rs is never run");
        }
    }
}
