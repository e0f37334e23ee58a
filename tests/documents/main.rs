//! What the documents say is what the program does: every command of README, `docs/` and `examples/` is run by a shell against
//! the real binary, in a home of its own with the sandbox in the place of the API. Shown output is compared, configs
//! are loaded, and the pictures are drawn from what the program prints.

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

mod examples;
mod markdown;
mod pages;
mod played;
mod recording;
mod sdk;
mod shell;
mod stage;

use std::path::{Path, PathBuf};

/// The one command that puts real output into the documents.
const UPDATE: &str = "UPDATE_GENERATED=1 cargo test --test documents";

/// A file of this repository.
fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn update_is_asked() -> bool {
    std::env::var_os("UPDATE_GENERATED").is_some_and(|value| !value.is_empty())
}
