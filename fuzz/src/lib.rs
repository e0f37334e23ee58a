//! Fuzz targets: what must hold for any input whatever, as functions that panic when it does not. `fuzz_targets` hands them
//! to libFuzzer, and `tests/hard` runs them on stable with a mutator of its own.

pub mod config_edit;
pub mod config_load;
pub mod failure;
pub mod message_stream;
mod messages;
mod places;

/// What came of an input that kept every promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It got past the first check, so changes of it are worth trying.
    Taken,
    /// It was refused at once.
    Refused,
}

/// An entry function; its corpus is `fuzz/corpus/<name>`.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// As `cargo fuzz` and the corpus know it.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub run: fn(&[u8]) -> Outcome,
}

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "config_load", run: config_load::run },
    Target { name: "config_edit", run: config_edit::run },
    Target { name: "message_stream", run: message_stream::run },
    Target { name: "failure", run: failure::run },
];
