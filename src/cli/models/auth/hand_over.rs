use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where `fased models auth import` takes credentials from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportSource {
    /// Another state directory of Fased; copies keys, tokens and references
    Fased,
    /// OpenClaw's state directory; copies keys, tokens and references
    Openclaw,
    /// Claude Code's sign-in; refers to it
    ClaudeCode,
    /// A profile of Anthropic's SDKs and CLI; refers to it
    AnthropicProfile,
    /// Workload identity federation as the environment names it; refers to that
    FederationEnv,
}

/// Where `fased models auth export` writes a credential to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportTarget {
    /// A profile of Anthropic's SDKs and CLI
    AnthropicProfile,
}

const IMPORT_EXAMPLES: &str = "\
Examples:
  fased models auth import --from claude-code
  fased models auth import --from openclaw --dry-run
  fased models auth import --from fased --path /backup/.fased \\
    --from-agent work
  fased models auth import --from anthropic-profile --profile work";

/// Flags of `fased models auth import`.
#[derive(Debug, Clone, Args)]
#[command(after_help = IMPORT_EXAMPLES)]
pub struct ImportArgs {
    /// Whose credentials are meant
    #[arg(long, value_name = "SOURCE")]
    pub from: ImportSource,
    /// Where they are [default: where that program keeps them]
    #[arg(long, value_name = "PATH")]
    pub path: Option<PathBuf>,
    /// Agent of the other state directory [default: its default agent]
    #[arg(long, value_name = "ID")]
    pub from_agent: Option<String>,
    /// The one that is meant: a profile id of the other store, or the name of an Anthropic profile [default: all; the active one]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Id a reference is stored under [default: anthropic:claude-code, anthropic:NAME, anthropic:federation]
    #[arg(long, value_name = "PROFILE")]
    pub profile_id: Option<String>,
    /// Let a credential with the id of one that arrives be lost
    #[arg(long)]
    pub replace: bool,
    /// Say what would happen and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  fased models auth export --to anthropic-profile \\
    --profile anthropic:me@example.com --name fased
  ANTHROPIC_PROFILE=fased python \\
    -c 'import anthropic; print(anthropic.Anthropic().models.list())'";

/// Flags of `fased models auth export`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub struct ExportArgs {
    /// Who is to read it
    #[arg(long, value_name = "TARGET")]
    pub to: ExportTarget,
    /// The credential: a sign-in or a token; the format has no place for API keys
    #[arg(long, value_name = "PROFILE")]
    pub profile: String,
    /// Name of the profile there
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Let a profile of that name that was not exported from here be lost
    #[arg(long)]
    pub force: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const TOKEN_EXAMPLES: &str = "\
Examples:
  fased models auth token
  fased models auth token --header \\
    | curl -H @- -H anthropic-version:2023-06-01 \"$URL\"
  eval \"$(fased models auth token --env)\"
  apiKeyHelper of Claude Code's settings:
    \"fased models auth token --profile anthropic:work\"";

/// Flags of `fased models auth token`.
#[derive(Debug, Clone, Args)]
#[command(after_help = TOKEN_EXAMPLES)]
pub struct TokenArgs {
    /// The credential [default: the one the next request would use]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Whose credential
    #[arg(long, value_name = "PROVIDER", default_value = "anthropic")]
    pub provider: String,
    /// As the header that carries it
    #[arg(long, conflicts_with_all = ["env", "json"])]
    pub header: bool,
    /// As a line for a shell that exports the variable Anthropic's SDKs read
    #[arg(long, conflicts_with = "json")]
    pub env: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}
