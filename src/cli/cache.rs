use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  fased cache explain
  fased cache explain trip --turns 3
  fased cache explain --json | jq '.turns[] | {turn, readPercent, misses}'

READ came from the cache, WRITTEN went to it for 5 minutes or an hour, PLAIN
did neither. SAVED is what that saved; below zero until something is read.";

/// Commands of `fased cache`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What `fased cache` can do.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Show what the prompt cache did for a session, and why it did not do more; opens no connection
    Explain(CacheExplainArgs),
}

impl CacheArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            CacheCommand::Explain(args) => args.json,
        }
    }
}

/// Flags of `fased cache explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct CacheExplainArgs {
    /// Session to explain [default: the one used last]
    #[arg(value_name = "SESSION")]
    pub session: Option<String>,
    /// Agent whose session it is [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// How many turns to show, counted from the last one
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub turns: u32,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}
