//! The gateway seen from outside: as its clients see it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests end when something is not as expected, and set up files by hand"
)]

#[path = "../support/figures.rs"]
#[allow(dead_code, reason = "other test programs use the rest")]
mod figures;
#[expect(dead_code, unused_imports, reason = "other test programs use the rest")]
#[path = "../support/mod.rs"]
mod support;

mod broken;
mod charged;
mod check;
mod inside;
mod leaks;
mod passing;
mod sdk;
mod soak;
mod ui;

#[test]
fn every_file_here_is_a_module_of_this_program() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway");
    let source = std::fs::read_to_string(format!("{directory}/main.rs")).unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && name != "main" {
            assert!(source.contains(&format!("\nmod {name};\n")), "tests/gateway/{name}.rs is never run");
        }
    }
}
