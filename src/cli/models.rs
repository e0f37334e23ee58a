/// Flags of `fased models auth`.
pub mod auth;

use clap::{Args, Subcommand};

use auth::AuthArgs;

/// Flags of `fased models`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct ModelsArgs {
    /// The command; `status` when none is given.
    #[command(subcommand)]
    pub command: Option<ModelsCommand>,
    /// Flags of `status` without its name.
    #[command(flatten)]
    pub status: StatusArgs,
}

/// Commands of `fased models`.
#[derive(Debug, Clone, Subcommand)]
pub enum ModelsCommand {
    /// Show an agent's models and the health of its credentials; opens no connection
    Status(StatusArgs),
    /// Look after the stored credentials of an agent
    Auth(AuthArgs),
}

const EXAMPLES: &str = "\
Examples:
  fased models status
  fased models status --agent work
  fased models status --json | jq '.auth.providers[].next'
  fased models status --check || echo \"look at the credentials\"";

/// Flags of `fased models status`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct StatusArgs {
    /// Answer with one JSON document
    #[arg(long, alias = "status-json", conflicts_with = "plain")]
    pub json: bool,
    /// Print the primary model and nothing else
    #[arg(long, alias = "status-plain")]
    pub plain: bool,
    /// Exit with 1 when the credential in use is missing or expired, with 2 when it ends within a day
    #[arg(long)]
    pub check: bool,
    /// Agent to look at [default: the configured default agent, else main]
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// Model to judge credentials for [default: the agent's primary model]
    #[arg(long, value_name = "REF")]
    pub model: Option<String>,
}

impl ModelsArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            Some(ModelsCommand::Status(args)) => args.json,
            Some(ModelsCommand::Auth(args)) => args.command.wants_json(),
            None => self.status.json,
        }
    }
}
