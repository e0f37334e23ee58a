//! How much a long test tries, and the table of what came of it: the environment says the one, and where the other goes.

#![expect(clippy::disallowed_methods, reason = "a test program reads its own environment")]
#![expect(clippy::print_stdout, reason = "and says what came of it")]
#![expect(clippy::expect_used, reason = "and ends when it cannot")]

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::Write as _;

/// The file rows are added to: a table in Markdown, whose head `.ci/long` writes.
const FILE: &str = "FASED_FIGURES";

/// A number of the environment.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`, which is no number")),
        Err(_) => default,
    }
}

/// Whether this is a long run, whose figures are kept.
pub(crate) fn are_kept() -> bool {
    std::env::var_os(FILE).is_some()
}

/// Says what was tried, how much of it, and what came of it.
pub(crate) fn add(tried: &str, how_much: impl Display, came_of_it: impl Display) {
    println!("{tried}: {how_much}: {came_of_it}");
    let Some(path) = std::env::var_os(FILE) else { return };
    let row = format!("| {tried} | {how_much} | {came_of_it} |\n");
    // One write, because tests add their rows at the same time.
    let mut file =
        OpenOptions::new().append(true).create(true).open(path).expect("the file of figures opens");
    file.write_all(row.as_bytes()).expect("a figure is written");
}
