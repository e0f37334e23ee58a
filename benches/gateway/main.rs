//! What the gateway adds to a request, side by side with nginx as a plain proxy: `cargo bench --bench gateway`. Both stand in
//! front of the same sandbox and are asked in turn by a client that costs next to nothing. Only ratios travel between
//! machines, and only those of a quiet one: the exit code is 1 when a limit is exceeded.
//!
//! nginx is Debian's package; it is installed when it is missing and root runs this.

#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod parties;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod table;

use std::process::ExitCode;

#[expect(clippy::print_stderr, reason = "a benchmark is a program of its own")]
fn main() -> ExitCode {
    // `cargo test --all-targets` starts benchmarks too, with binaries whose speed says nothing.
    if std::env::args_os().nth(1).is_none_or(|first| first != "--bench") {
        eprintln!("run it with: cargo bench --bench gateway");
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every limit is kept.
#[cfg(target_os = "linux")]
#[expect(clippy::print_stdout, reason = "the table is the result")]
fn run() -> Result<bool, Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        let sandbox = parties::sandbox()?;
        let gateway = parties::Proxy::Gateway { upstream: sandbox.address };
        let proxies = [parties::Proxy::nginx(sandbox.address)?, gateway];
        let [nginx, gateway] = [proxies[0].start()?, proxies[1].start()?];
        measure::first_answer(&nginx).await?;
        measure::first_answer(&gateway).await?;
        let all = [&sandbox, &nginx, &gateway];
        let latencies = measure::latencies(&all).await?;
        let throughputs = measure::throughputs(&all, &sandbox).await?;
        let streams = measure::streams(&all).await?;
        drop((nginx, gateway));
        let mut memory = Vec::new();
        let mut first_replies = Vec::new();
        for proxy in &proxies {
            memory.push(measure::memory(proxy).await?);
            first_replies.push(measure::first_reply(proxy).await?);
        }
        Ok::<_, Box<dyn std::error::Error>>(table::Figures {
            latencies,
            throughputs,
            streams,
            memory,
            first_replies,
        })
    })?;
    let (text, kept) = figures.table();
    println!("{text}");
    Ok(kept)
}

#[cfg(not(target_os = "linux"))]
fn run() -> Result<bool, Box<dyn std::error::Error>> {
    Err("it reads what processes cost from /proc, which only Linux has".into())
}
