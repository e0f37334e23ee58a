//! What the library's hot paths take: `cargo bench --bench library`. Next to each figure stands how many times longer it takes
//! than a plain thing done with the same bytes, because only that ratio travels between machines. The exit code is 1 when a
//! limit is exceeded, which means something on a quiet machine only. Streamed answers have a benchmark of their own, `sse`.

mod config;
mod conversation;
mod failures;
#[expect(dead_code, reason = "other benchmarks use the rest")]
#[path = "../whole_process/fixtures.rs"]
mod fixtures;
mod profiles;
#[path = "../support/side_by_side.rs"]
mod side_by_side;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use fased::config::Paths;
use fased::env::Env;

use fixtures::Fixtures;
use side_by_side::Figures;

/// Measured rounds of each case.
const ROUNDS: usize = 101;

/// A line of the table.
struct Line {
    name: String,
    figures: Figures,
    /// What is done with the same bytes, for comparison.
    compared_with: &'static str,
    /// How many times longer the work may take.
    limit: f64,
}

#[expect(clippy::print_stderr, reason = "a benchmark is a program of its own")]
fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().any(|argument| argument == "--bench") {
        return Ok(if measure()? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    // `cargo test --all-targets` starts benchmarks too, with binaries whose speed says nothing.
    eprintln!("run it with: cargo bench --bench library");
    Ok(ExitCode::SUCCESS)
}

/// Whether every limit is kept.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn measure() -> Result<bool, Box<dyn Error>> {
    let fixtures = Fixtures::new("library")?;
    println!("medians of {ROUNDS} rounds, each next to one of what stands behind the ratio\n");
    println!("{:<46} {:>10} {:>8}  {:<34} limit", "", "us", "ratio", "compared with");
    let mut kept = true;
    for lines in [profiles::lines, config::lines, conversation::lines, failures::lines] {
        for Line { name, figures, compared_with, limit } in lines(&fixtures)? {
            let is_kept = figures.ratio() <= limit;
            kept &= is_kept;
            println!(
                "{name:<46} {:>10.1} {:>8.2}  {compared_with:<34} {limit}x {}",
                figures.time.as_secs_f64() * 1e6,
                figures.ratio(),
                if is_kept { "ok" } else { "OVER" }
            );
        }
    }
    println!("\n{}", if kept { "Every limit is kept." } else { "Limits are exceeded." });
    Ok(kept)
}

/// Where things are in a home directory, and an environment that says so and nothing else.
fn places(home: &Path) -> Result<(Env, Paths), Box<dyn Error>> {
    let env = Env::from_pairs([("HOME", home.to_str().ok_or("the build's directory is not UTF-8")?)]);
    let paths = Paths::resolve(&env, Some(home.to_owned())).ok_or("there is no home directory")?;
    Ok((env, paths))
}

/// What a parser at least has to do: passes over a JSON document once and keeps nothing.
fn pass_over(json: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(json).is_ok()
}
const PASS_OVER: &str = "passing over its JSON";
