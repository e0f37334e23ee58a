//! Long tests, shortened: every fuzz target of `fuzz/` against changed inputs of its corpus, each in a process of its own
//! with limited memory, a small stack and a limit of time for one input. `CONTRIBUTING.md` says how to run and reproduce.
//!
//! `FASED_FUZZ_SECONDS` is the time for each target, `FASED_FUZZ_SEED` the beginning of its random numbers, and with
//! `FASED_FUZZ_INPUT` one input is tried alone. Arguments are names of targets, as tests have them.

#![expect(clippy::disallowed_methods, reason = "a test program reads its own environment, clock and files")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "and prints what came of it")]

#[path = "../support/figures.rs"]
#[allow(dead_code, reason = "the rest is for other test programs")]
mod figures;
#[path = "../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "a library in the package of cargo-fuzz")]
mod fuzz;
mod mutate;
mod supervise;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use fuzz::{TARGETS, Target};

/// What the environment asks for.
struct Options {
    seconds: u64,
    seed: u64,
    /// The one input to try.
    input: Option<PathBuf>,
}

impl Options {
    fn read() -> Result<Self, String> {
        Ok(Self {
            seconds: number("FASED_FUZZ_SECONDS", 20)?,
            seed: number("FASED_FUZZ_SEED", 1)?,
            input: std::env::var_os("FASED_FUZZ_INPUT").map(PathBuf::from),
        })
    }
}

fn number(name: &str, default: u64) -> Result<u64, String> {
    match std::env::var(name) {
        Err(_) => Ok(default),
        Ok(text) => text.parse().map_err(|_| format!("{name} is `{text}`, which is no number")),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = Options::read().and_then(|options| match arguments.as_slice() {
        [mode, name] if mode == supervise::WORK => work::run(target(name)?, &options),
        _ => run(&arguments, &options),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn target(name: &str) -> Result<&'static Target, String> {
    TARGETS.iter().find(|target| target.name == name).ok_or_else(|| format!("there is no target `{name}`"))
}

/// Does as a program of tests does, with targets for tests.
fn run(arguments: &[String], options: &Options) -> Result<(), String> {
    let is_exact = arguments.iter().any(|argument| argument == "--exact");
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let matches = |target: &&Target| {
        let name = target.name;
        filters.is_empty() || filters.iter().any(|it| if is_exact { name == *it } else { name.contains(*it) })
    };
    let chosen: Vec<&Target> = TARGETS.iter().filter(matches).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        chosen.iter().for_each(|target| println!("{}: test", target.name));
        return Ok(());
    }
    supervise::run(&chosen, options)
}
