//! Starts one program, waits for it and tells what it cost. It runs in a fresh process of its own, because on Linux a
//! child's peak memory begins at that of the process it was forked from: started by the benchmark itself, which holds
//! fixtures and figures, every program would seem at least that large. The launcher holds next to nothing, and the
//! empty program's figure shows that (see `main`).

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// First argument of the benchmark when it is started as a launcher.
pub(crate) const MODE: &str = "--launch";

/// What one run of a program cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// From before it is started until it is waited for.
    pub(crate) wall: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
    /// Peak resident memory in KiB.
    pub(crate) peak_kib: u64,
}

/// A program to be measured, with nothing in its environment but `HOME`.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    pub(crate) path: &'a Path,
    pub(crate) arguments: &'a [&'a str],
    pub(crate) home: &'a Path,
    /// File it reads as standard input.
    pub(crate) stdin: &'a Path,
}

impl Program<'_> {
    /// Runs it once through a launcher.
    pub(crate) fn run(&self) -> Result<Cost, Box<dyn Error>> {
        let launched = Command::new(std::env::current_exe()?)
            .arg(MODE)
            .args([self.stdin, self.home, self.path])
            .args(self.arguments)
            .env_clear()
            .stderr(Stdio::inherit())
            .output()?;
        let line = String::from_utf8(launched.stdout)?;
        let figures: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [wall, cpu, peak_kib, status] = figures[..] else {
            return Err(format!("the launcher of {} said {line:?}", self.path.display()).into());
        };
        if status != 0 {
            let command = self.arguments.join(" ");
            return Err(format!("`{} {command}` ended with wait status {status}", self.path.display()).into());
        }
        Ok(Cost { wall: Duration::from_nanos(wall), cpu: Duration::from_micros(cpu), peak_kib })
    }
}

/// The launcher: `--launch STDIN HOME PROGRAM [ARGUMENT...]`. Prints wall nanoseconds, CPU microseconds, peak KiB and the
/// wait status.
#[expect(clippy::print_stdout, reason = "standard output is how it answers")]
pub(crate) fn main(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Box<dyn Error>> {
    let mut arguments = arguments.into_iter();
    let (Some(stdin), Some(home), Some(program)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(format!("usage: {MODE} STDIN HOME PROGRAM [ARGUMENT...]").into());
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env(OsStr::new("HOME"), home);
    command.stdin(File::open(stdin)?).stdout(Stdio::null()).stderr(Stdio::null());

    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    let started = Instant::now();
    let child = command.spawn()?;
    let (status, usage) = wait4(libc::pid_t::try_from(child.id())?)?;
    let wall = started.elapsed();

    let cpu = micros(usage.ru_utime)? + micros(usage.ru_stime)?;
    let peak = u64::try_from(usage.ru_maxrss)?;
    // Linux counts KiB, macOS bytes.
    let peak_kib = if cfg!(target_os = "macos") { peak / 1024 } else { peak };
    println!("{} {cpu} {peak_kib} {status}", wall.as_nanos());
    Ok(())
}

/// Waits for a child and takes its own resource usage, which the standard library does not give.
fn wait4(pid: libc::pid_t) -> Result<(libc::c_int, libc::rusage), std::io::Error> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live, writable places of the types wait4 fills in, and it keeps neither.
    #[expect(unsafe_code, reason = "wait4 has no safe form in the crates used here")]
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) };
    if waited != pid {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: an rusage is plain integers, for which the zeroes it began with are valid already.
    #[expect(unsafe_code, reason = "the other half of the call above")]
    let usage = unsafe { usage.assume_init() };
    Ok((status, usage))
}

fn micros(time: libc::timeval) -> Result<u64, std::num::TryFromIntError> {
    Ok(u64::try_from(time.tv_sec)? * 1_000_000 + u64::try_from(time.tv_usec)?)
}
