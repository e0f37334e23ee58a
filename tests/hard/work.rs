//! One target in this process: inputs one after the other on a thread with a small stack, watched by the main thread. A
//! panic, an overflow of the stack, too much memory and a hang all end the process.

use std::fs::{self, File};
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Options;
use crate::fuzz::{Outcome, Target};
use crate::mutate::Mutator;
use crate::supervise;

/// The smallest stack a program can expect to start with: that of the main thread on Windows.
const STACK: usize = 1024 * 1024;
/// Memory for one input and everything beside it.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 128 * 1024 * 1024;
/// Longest time for one input, on a busy machine.
const LONGEST: Duration = Duration::from_secs(30);
/// Inputs that are changed further: those of the corpus, and as many that were found.
const MOST_FOUND: usize = 512;

/// Works on a target; the figures go to stdout.
pub(crate) fn run(target: &'static Target, options: &Options) -> Result<(), String> {
    limit_memory()?;
    let seeds = match &options.input {
        Some(path) => vec![fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?],
        None => corpus(target)?,
    };
    fs::create_dir_all(supervise::directory(target)).map_err(|error| error.to_string())?;
    let current = File::create(supervise::current_input(target, std::process::id()))
        .map_err(|error| error.to_string())?;
    let tried = Arc::new(AtomicU64::new(0));
    let (ended, end) = mpsc::channel();
    let work = Work {
        target,
        current,
        tried: Arc::clone(&tried),
        until: Instant::now() + Duration::from_secs(options.seconds),
        slowest: Duration::ZERO,
    };
    let (seed, is_alone) = (options.seed, options.input.is_some());
    let worker = thread::Builder::new().stack_size(STACK).spawn(move || {
        let figures = work.go(seeds, seed, is_alone);
        ended.send(figures).ok();
    });
    let worker = worker.map_err(|error| error.to_string())?;
    let mut seen = 0;
    loop {
        match end.recv_timeout(LONGEST) {
            Ok(figures) => {
                println!("{}", figures?);
                return Ok(());
            }
            Err(RecvTimeoutError::Timeout) => {
                let now = tried.load(Ordering::Relaxed);
                if now == seen {
                    return Err(format!("one input took longer than {} s", LONGEST.as_secs()));
                }
                seen = now;
            }
            Err(RecvTimeoutError::Disconnected) => {
                worker.join().ok();
                return Err("a promise was broken".to_owned());
            }
        }
    }
}

/// The inputs that are kept with the sources.
fn corpus(target: &Target) -> Result<Vec<Vec<u8>>, String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target.name);
    let told = |error: std::io::Error| format!("{}: {error}", directory.display());
    let entries = fs::read_dir(&directory).map_err(told)?;
    let mut paths =
        entries.map(|entry| entry.map(|it| it.path())).collect::<Result<Vec<_>, _>>().map_err(told)?;
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{} is empty", directory.display()));
    }
    paths.iter().map(fs::read).collect::<Result<_, _>>().map_err(told)
}

#[cfg(target_os = "linux")]
fn limit_memory() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Data, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) })
        .map_err(|error| error.to_string())
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "it is the other one's signature")]
fn limit_memory() -> Result<(), String> {
    Ok(())
}

struct Work {
    target: &'static Target,
    /// Holds what is being tried, for when this process dies of it.
    current: File,
    tried: Arc<AtomicU64>,
    until: Instant,
    slowest: Duration,
}

impl Work {
    fn go(mut self, seeds: Vec<Vec<u8>>, seed: u64, is_alone: bool) -> Result<String, String> {
        let begun = Instant::now();
        for input in &seeds {
            self.attempt(input)?;
        }
        let mut taken = 0_u64;
        if !is_alone {
            let mut mutator = Mutator::new(seed, seeds);
            while Instant::now() < self.until {
                let input = mutator.next_input();
                if self.attempt(&input)? == Outcome::Taken {
                    taken += 1;
                    mutator.keep(input, MOST_FOUND);
                }
            }
        }
        let tried = self.tried.load(Ordering::Relaxed);
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        Ok(format!(
            "{tried} inputs, {} a second, {} % taken, slowest {} ms, {}",
            tried.saturating_mul(1000) / millis,
            taken * 100 / tried.max(1),
            self.slowest.as_millis(),
            peak_memory().unwrap_or_else(|| "peak memory unknown".to_owned()),
        ))
    }

    fn attempt(&mut self, input: &[u8]) -> Result<Outcome, String> {
        let keep = |file: &mut File| {
            file.rewind()?;
            file.write_all(input)?;
            file.set_len(u64::try_from(input.len()).unwrap_or(u64::MAX))
        };
        keep(&mut self.current).map_err(|error| format!("the input cannot be kept: {error}"))?;
        let begun = Instant::now();
        let outcome = (self.target.run)(input);
        self.slowest = self.slowest.max(begun.elapsed());
        self.tried.fetch_add(1, Ordering::Relaxed);
        Ok(outcome)
    }
}

/// The most memory this process has had, where the system says so.
fn peak_memory() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(format!("peak memory {} MiB", kib / 1024))
}
