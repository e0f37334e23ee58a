//! The gateway seen from outside: as its clients see it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests end when something is not as expected, and set up files by hand"
)]

#[expect(dead_code, unused_imports, reason = "other test programs use the rest")]
#[path = "../support/mod.rs"]
mod support;

mod broken;
mod check;
mod ui;
