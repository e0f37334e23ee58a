//! Log lines on stderr: `FASED_LOG=error..trace`, else `FASED_LOG_LEVEL`, else `RUST_LOG`, else warnings only.

use tracing::level_filters::LevelFilter;

use crate::env::Env;

/// Starts logging for the whole process. A level that is none counts as the default.
pub fn start(env: &Env) {
    let asked = ["FASED_LOG", "FASED_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| env.get(name));
    let level = asked.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::WARN);
    // Fails only when a host program of the library has set its own, which then is the one to use.
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .try_init()
        .ok();
}
