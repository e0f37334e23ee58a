mod hand_over;

pub use hand_over::{ExportArgs, ExportTarget, ImportArgs, ImportSource, TokenArgs};

use clap::{Args, Subcommand};

/// Flags of `fased models auth`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct AuthArgs {
    /// Agent whose credentials are meant [default: the configured default agent, else main]
    #[arg(long, value_name = "ID", global = true)]
    pub agent: Option<String>,
    /// The command.
    #[command(subcommand)]
    pub command: AuthCommand,
}

/// Commands of `fased models auth`.
#[derive(Debug, Clone, Subcommand)]
pub enum AuthCommand {
    /// List stored credentials in order of use, those that cannot be read included
    List(ListArgs),
    /// Take credentials over from another program, or refer to those it keeps
    Import(ImportArgs),
    /// Hand a credential on to another program, and keep it fresh there
    Export(ExportArgs),
    /// Print a secret that is ready to be sent
    Token(TokenArgs),
}

impl AuthCommand {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Import(args) => args.json,
            Self::Export(args) => args.json,
            Self::Token(args) => args.json,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  fased models auth list
  fased models auth list --agent work
  fased models auth import --from claude-code
  fased models auth token --header";

const LIST_EXAMPLES: &str = "\
Examples:
  fased models auth list
  fased models auth list --provider anthropic
  fased models auth list --json | jq -r '.profiles[] | select(.next) | .profileId'";

/// Flags of `fased models auth list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct ListArgs {
    /// Only credentials of this provider
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}
