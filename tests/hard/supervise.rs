//! Starts a process for each target and says how it ended. A process that dies, by whatever, leaves the input it was at in
//! a file, which becomes the one to reproduce with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::Options;
use crate::fuzz::Target;

/// The argument that makes this program work on one target.
pub(crate) const WORK: &str = "--work";

/// Where inputs are kept, out of the way of the sources.
pub(crate) fn directory(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz").join(target.name)
}

/// The file that holds what a process is trying.
pub(crate) fn current_input(target: &Target, process: u32) -> PathBuf {
    directory(target).join(format!("current-{process}"))
}

/// Runs the targets beside each other.
pub(crate) fn run(targets: &[&Target], options: &Options) -> Result<(), String> {
    if options.input.is_some() && targets.len() != 1 {
        return Err("FASED_FUZZ_INPUT is for one target: cargo test --test hard <target>".to_owned());
    }
    match &options.input {
        Some(input) => println!("\nrunning one input: {}", input.display()),
        None => println!("\nfuzzing each target for {} s, seed {}", options.seconds, options.seed),
    }
    let started: Vec<_> = targets.iter().map(|target| (*target, start(target))).collect();
    let ends = started.into_iter().map(|(target, child)| {
        let child = child?;
        let current = current_input(target, child.id());
        let output = child.wait_with_output().map_err(|error| format!("{}: {error}", target.name))?;
        Ok(report(target, options, &output, &current))
    });
    let ends = ends.collect::<Result<Vec<bool>, String>>()?;
    let failed = ends.iter().filter(|is_kept| !**is_kept).count();
    println!();
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of {} fuzz targets failed", targets.len())) }
}

fn start(target: &Target) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    Command::new(program)
        .args([WORK, target.name])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())
}

/// Prints what came of a target; says whether every promise was kept.
fn report(target: &Target, options: &Options, output: &Output, current: &Path) -> bool {
    let name = target.name;
    if output.status.success() {
        fs::remove_file(current).ok();
        let told = String::from_utf8_lossy(&output.stdout);
        let told = told.trim();
        println!("fuzz {name} ... ok, {told}");
        if crate::figures::are_kept() && options.input.is_none() {
            let much = format!("{} s from seed {}", options.seconds, options.seed);
            crate::figures::add(&format!("Fuzz target `{name}`"), much, told);
        }
        return true;
    }
    println!("fuzz {name} ... FAILED, {}, seed {}", output.status, options.seed);
    match keep_input(target, current) {
        Ok(input) => {
            println!("  to reproduce: FASED_FUZZ_INPUT={} cargo test --test hard {name}", input.display());
        }
        Err(error) => println!("  its input could not be kept: {error}"),
    }
    false
}

/// Gives the input a process died at a name that stays.
fn keep_input(target: &Target, current: &Path) -> std::io::Result<PathBuf> {
    let bytes = fs::read(current)?;
    // FNV-1a: the same input gets the same name.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let kept = directory(target).join(format!("crash-{hash:016x}"));
    fs::rename(current, &kept)?;
    Ok(kept)
}
