//! What a whole run of `fased` costs, side by side with a program that does nothing: `cargo bench --bench whole_process`.
//! Only the ratio to the empty program travels between machines, so both are run in turn, each time through a small
//! [launcher], and their medians compared; an answer of a sandbox stands next to the same by [curl]. The exit code
//! is 1 when a limit is exceeded, which means something on a quiet machine only.

mod curl;
mod fixtures;
mod launcher;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use fixtures::{Fixtures, agent_dir, config_file, durable_write, remove_state, write_large_config};
use launcher::{Cost, Program};

/// Measured runs of each command, and of the empty program with it.
const RUNS: usize = 41;
/// Runs before, which fill the page cache.
const WARM_UP: usize = 3;
/// Peak memory of the empty program that shows a launcher too large to measure by.
const LARGEST_EMPTY_KIB: u64 = 4 * 1024;

/// What the program may take on disk, in bytes.
const LARGEST_PROGRAM: u64 = 15 << 20;

/// A command to measure.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    home: PathBuf,
    starts: Start,
    limit: Limit,
}

/// What a run finds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Whatever is there.
    AsItIs,
    /// No state at all; it then makes one durable write, whose price is measured and told.
    WithoutState,
    /// A config of a thousand agents as it was written; it is then replaced, and the price of that measured and told.
    WithLargeConfig,
}

/// What a run may cost.
#[derive(Clone, Copy, Default)]
struct Limit {
    /// Times the wall time of the empty program, durable writes not counted.
    ratio: Option<f64>,
    /// Peak memory in MiB.
    memory: Option<f64>,
}

/// Medians of a case.
struct Figures {
    command: Cost,
    empty: Cost,
    durable: Duration,
}

#[expect(clippy::print_stderr, reason = "a benchmark is a program of its own")]
fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == launcher::MODE => launcher::main(arguments).map(|()| ExitCode::SUCCESS),
        Some(first) if first == "--bench" => {
            Ok(if measure()? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        // `cargo test --all-targets` starts benchmarks too, with binaries whose speed says nothing.
        _ => {
            eprintln!("run it with: cargo bench --bench whole_process");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Whether every limit is kept.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn measure() -> Result<bool, Box<dyn Error>> {
    let fixtures = Fixtures::new("whole_process")?;
    let empty = fixtures.empty_program()?;
    let key = fixtures.key_file()?;
    println!("medians of {RUNS} runs, each next to one of the empty program\n");
    println!(
        "{:<52} {:>9} {:>9} {:>7} {:>9} {:>9}  limit",
        "command", "wall ms", "fsync ms", "ratio", "cpu ms", "peak MiB"
    );
    let mut exceeded = Vec::new();
    for case in cases(&fixtures, &key)? {
        let figures = case.measure(&empty, &key)?;
        if figures.empty.peak_kib > LARGEST_EMPTY_KIB {
            let peak = figures.empty.peak_kib;
            return Err(format!("the empty program peaks at {peak} KiB: the launcher is too large").into());
        }
        if case.name == EMPTY {
            println!("{}", figures.line(case.name, "the measure"));
            continue;
        }
        let (within, told) = case.limit.verdict(&figures);
        println!("{}", figures.line(case.name, &told));
        if !within {
            exceeded.push(case.name);
        }
    }
    if !curl::measure(&fixtures)? {
        exceeded.push("chat next to curl");
    }
    if !size()? {
        exceeded.push("size of the program");
    }
    if exceeded.is_empty() {
        println!("\nEvery limit is kept.");
    } else {
        println!("\nLimits exceeded by: {}", exceeded.join("; "));
    }
    Ok(exceeded.is_empty())
}

/// How large the program is on disk, and whether that limit is kept. The release profile strips it.
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn size() -> Result<bool, Box<dyn Error>> {
    let length = std::fs::metadata(env!("CARGO_BIN_EXE_fased"))?.len();
    let kept = length <= LARGEST_PROGRAM;
    let mib = |length: u64| f64::from(u32::try_from(length).unwrap_or(u32::MAX)) / f64::from(1 << 20);
    println!(
        "size of the program: {:.2} MiB (limit {} MiB {})",
        mib(length),
        mib(LARGEST_PROGRAM),
        if kept { "ok" } else { "OVER" }
    );
    Ok(kept)
}

const EMPTY: &str = "an empty program";

fn cases(fixtures: &Fixtures, key: &Path) -> Result<Vec<Case>, Box<dyn Error>> {
    const STATUS: &[&str] = &["models", "status", "--json"];
    const CHECK: &[&str] = &["models", "status", "--check"];
    const GET: &[&str] = &["config", "get", "agents.list[500].model.primary"];
    const SET: &[&str] = &["config", "set", "agents.list[500].model.primary", "anthropic/claude-opus-4-8"];
    const SMALL_GET: &[&str] = &["config", "get", "agents.defaults.model"];
    const ONBOARD: &[&str] = &["onboard", "--non-interactive", "--api-key-stdin"];
    let nowhere = fixtures.empty_home("home-empty")?;
    let [one, thousand, many] = [1, 1_000, 10_000].map(|count| fixtures.home_with_profiles(count));
    let (one, thousand, many) = (one?, thousand?, many?);
    let agents = fixtures.home_with_agents()?;
    let small = fixtures.home_with_small_config()?;
    let onboarded = fixtures.empty_home("home-onboarded")?;
    let fased = Path::new(env!("CARGO_BIN_EXE_fased"));
    Program { path: fased, arguments: ONBOARD, home: &onboarded, stdin: key }.run()?;

    let case = |name, arguments, home: &Path, limit| Case {
        name,
        arguments,
        home: home.to_owned(),
        starts: Start::AsItIs,
        limit,
    };
    let none = Limit::default();
    let ratio = |times| Limit { ratio: Some(times), memory: None };
    // The commands people wait for.
    let at_once = ratio(3.0);
    let first_status = Limit { ratio: Some(3.0), memory: Some(12.0) };
    Ok(vec![
        case(EMPTY, &[], &nowhere, none),
        case("--version", &["--version"], &nowhere, at_once),
        case("--help", &["--help"], &nowhere, at_once),
        case("completion zsh", &["completion", "zsh"], &nowhere, at_once),
        case("config get", SMALL_GET, &small, at_once),
        case("models status, 1 profile", &["models", "status"], &one, at_once),
        case("models status --json, 1 profile", STATUS, &one, first_status),
        case("models status --json, 1,000 profiles", STATUS, &thousand, none),
        case("models status --json, 10,000 profiles", STATUS, &many, ratio(25.0)),
        case("models status --check, 1 profile", CHECK, &one, none),
        case("models status --json, config of 1 MB", STATUS, &agents, ratio(40.0)),
        case("config get, config of 1 MB", GET, &agents, ratio(40.0)),
        Case {
            starts: Start::WithLargeConfig,
            ..case("config set, config of 1 MB", SET, &agents, ratio(150.0))
        },
        case("models status --check, 10,000 profiles", CHECK, &many, none),
        Case {
            starts: Start::WithoutState,
            ..case("onboard --non-interactive --api-key-stdin, first", ONBOARD, &nowhere, ratio(10.0))
        },
        case("onboard --non-interactive --api-key-stdin, again", ONBOARD, &onboarded, none),
    ])
}

impl Case {
    /// Runs the empty program and the command in turn, so that both meet the machine in the same mood.
    fn measure(&self, empty: &Path, stdin: &Path) -> Result<Figures, Box<dyn Error>> {
        let is_empty = self.name == EMPTY;
        let fased = if is_empty { empty } else { Path::new(env!("CARGO_BIN_EXE_fased")) };
        let empty = Program { path: empty, arguments: &[], home: &self.home, stdin };
        let command = Program { path: fased, arguments: self.arguments, home: &self.home, stdin };
        let (mut empties, mut commands, mut durable) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..WARM_UP + RUNS {
            match self.starts {
                Start::AsItIs => {}
                Start::WithoutState => remove_state(&self.home)?,
                Start::WithLargeConfig => write_large_config(&self.home)?,
            }
            let costs = (empty.run()?, command.run()?);
            let written = match self.starts {
                Start::AsItIs => Duration::ZERO,
                Start::WithoutState => durable_write(&agent_dir(&self.home).join("auth-profiles.json"))?,
                Start::WithLargeConfig => durable_write(&config_file(&self.home))?,
            };
            if run >= WARM_UP {
                empties.push(costs.0);
                commands.push(costs.1);
                durable.push(written);
            }
        }
        Ok(Figures { command: medians(&commands), empty: medians(&empties), durable: median(durable) })
    }
}

impl Figures {
    /// How many empty programs the command takes, beyond its durable writes.
    fn ratio(&self) -> f64 {
        self.command.wall.saturating_sub(self.durable).as_secs_f64() / self.empty.wall.as_secs_f64()
    }

    fn peak_mib(&self) -> f64 {
        f64::from(u32::try_from(self.command.peak_kib).unwrap_or(u32::MAX)) / 1024.0
    }

    fn line(&self, name: &str, told: &str) -> String {
        let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
        let durable =
            if self.durable.is_zero() { String::new() } else { format!("{:.2}", millis(self.durable)) };
        format!(
            "{name:<52} {:>9.2} {durable:>9} {:>7.2} {:>9.2} {:>9.1}  {told}",
            millis(self.command.wall),
            self.ratio(),
            millis(self.command.cpu),
            self.peak_mib(),
        )
    }
}

impl Limit {
    /// Whether it is kept, and that in words.
    fn verdict(self, figures: &Figures) -> (bool, String) {
        let mut within = true;
        let mut told = Vec::new();
        for (limit, value, unit) in
            [(self.ratio, figures.ratio(), "x"), (self.memory, figures.peak_mib(), " MiB")]
        {
            let Some(limit) = limit else { continue };
            let kept = value <= limit;
            within &= kept;
            told.push(format!("{limit}{unit} {}", if kept { "ok" } else { "OVER" }));
        }
        (within, if told.is_empty() { "none".to_owned() } else { told.join(", ") })
    }
}

/// The median of each figure by itself.
fn medians(costs: &[Cost]) -> Cost {
    Cost {
        wall: median(costs.iter().map(|cost| cost.wall).collect()),
        cpu: median(costs.iter().map(|cost| cost.cpu).collect()),
        peak_kib: median(costs.iter().map(|cost| cost.peak_kib).collect()),
    }
}

fn median<T: Ord + Copy + Default>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
