use clap::{Args, ValueEnum};

use crate::usage::period::When;
use crate::usage::summary::Grouping;

const EXAMPLES: &str = "\
Examples:
  fased usage
  fased usage --since 7d --by model
  fased usage --since 2026-11-01 --until 2026-11-30 --csv > november.csv
  fased usage --since today --json | jq .totals.costMicroDollars

Times: 7d (seven days, today the last), 24h, 2026-11-01, today, month, or a
moment like 2026-11-01T12:00:00Z. Days are those of TZ or of this machine.";

/// Flags of `fased usage`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct UsageArgs {
    /// Where the period begins [default: 30d]
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Where it ends, that day included [default: now]
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// What requests are put together by
    #[arg(long, value_enum, default_value_t)]
    pub by: UsageBy,
    /// One agent alone, also one that is no longer configured [default: all of them]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Answer with one JSON document
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Answer with comma-separated values under a heading
    #[arg(long)]
    pub csv: bool,
}

/// What `fased usage` puts requests together by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum UsageBy {
    /// The day
    #[default]
    Day,
    /// The model that answered
    Model,
    /// The agent
    Agent,
    /// The profile, or another source of a credential
    Profile,
    /// The session
    Session,
    /// The key of the gateway's client that asked
    Key,
}

impl From<UsageBy> for Grouping {
    fn from(by: UsageBy) -> Self {
        match by {
            UsageBy::Day => Self::Day,
            UsageBy::Model => Self::Model,
            UsageBy::Agent => Self::Agent,
            UsageBy::Profile => Self::Profile,
            UsageBy::Session => Self::Session,
            UsageBy::Key => Self::Key,
        }
    }
}
