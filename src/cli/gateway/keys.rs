use clap::{Args, Subcommand};

use crate::gateway::keys::KeyName;
use crate::usage::price::MicroDollars;

const EXAMPLES: &str = "\
Examples:
  fased gateway keys add my-app
  fased gateway keys list
  fased gateway keys revoke my-app";

/// Flags of `fased gateway keys`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct GatewayKeysArgs {
    /// The command.
    #[command(subcommand)]
    pub command: GatewayKeysCommand,
}

/// Commands of `fased gateway keys`.
#[derive(Debug, Clone, Subcommand)]
pub enum GatewayKeysCommand {
    /// Make a key for a program that uses the Messages API through the gateway
    Add(GatewayKeysAddArgs),
    /// Show the keys, with what each may spend and has spent
    List(GatewayKeysListArgs),
    /// Take a key away; it stops working at once
    Revoke(GatewayKeysRevokeArgs),
}

const ADD_EXAMPLES: &str = "\
Examples:
  fased gateway keys add my-app
  fased gateway keys add ci --agent work --model sonnet --cap-daily 5
  KEY=$(fased gateway keys add nightly --cap-monthly 50)
  fased gateway keys add bot --json | jq -r .key

The key goes to stdout, once; what is kept is its hash. The program sends it
to the gateway's address as x-api-key or as a bearer token, and a gateway that
is running knows it at once.

Caps are in US dollars, for days, weeks (from Monday) and months of UTC. A key
with a cap may ask models whose prices are known, and each request holds what
it may cost at most until it has ended.";

/// Flags of `fased gateway keys add`.
#[derive(Debug, Clone, Args)]
#[command(after_help = ADD_EXAMPLES)]
pub struct GatewayKeysAddArgs {
    /// What to call it; `fased usage --by key` shows it under this name
    #[arg(value_name = "NAME")]
    pub name: KeyName,
    /// The agent whose credentials it uses [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// A model it may ask; repeat it for more [default: all]
    #[arg(long = "model", value_name = "MODEL")]
    pub models: Vec<String>,
    /// The most it may spend in a day [default: no limit]
    #[arg(long, value_name = "USD")]
    pub cap_daily: Option<MicroDollars>,
    /// The most it may spend in a week [default: no limit]
    #[arg(long, value_name = "USD")]
    pub cap_weekly: Option<MicroDollars>,
    /// The most it may spend in a month [default: no limit]
    #[arg(long, value_name = "USD")]
    pub cap_monthly: Option<MicroDollars>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased gateway keys list`.
#[derive(Debug, Clone, Copy, Args)]
#[command(
    after_help = "Examples:\n  fased gateway keys list\n  fased gateway keys list --json | jq -r '.keys[].name'"
)]
pub struct GatewayKeysListArgs {
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased gateway keys revoke`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  fased gateway keys revoke my-app\n  fased gateway keys revoke my-app --yes --json"
)]
pub struct GatewayKeysRevokeArgs {
    /// The key's name
    #[arg(value_name = "KEY_NAME")]
    pub name: KeyName,
    /// Take it away without asking
    #[arg(long)]
    pub yes: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

impl GatewayKeysArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            GatewayKeysCommand::Add(args) => args.json,
            GatewayKeysCommand::List(args) => args.json,
            GatewayKeysCommand::Revoke(args) => args.json,
        }
    }
}
