use clap::{Args, Subcommand};

/// Flags of `fased config`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct ConfigArgs {
    /// The command.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// Commands of `fased config`.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Print where the config is
    Path(ConfigPathArgs),
    /// Print a value of the config; secrets are masked
    Get(ConfigGetArgs),
    /// Set a value; every other byte of the file stays as it is
    Set(ConfigSetArgs),
    /// Remove a value with its key
    Unset(ConfigUnsetArgs),
    /// Check the config: its form, its values, and keys nobody reads
    Validate(ConfigValidateArgs),
    /// Print the JSON Schema of the config, for editors
    Schema(ConfigSchemaArgs),
}

const EXAMPLES: &str = "\
Examples:
  fased config get agents.defaults.model
  fased config set agents.defaults.model.primary anthropic/claude-opus-4-8
  fased config set 'agents.list[0].params' '{ cacheRetention: \"long\" }'
  fased config unset auth.order.anthropic
  fased config validate --strict

A path has dots between keys, positions in brackets, and odd keys in
brackets and quotes: agents.defaults.models[\"anthropic/claude-x\"].alias";

/// Flags of `fased config path`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = "Example:\n  \"$EDITOR\" \"$(fased config path)\"")]
pub struct ConfigPathArgs {
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased config get`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  fased config get agents.list\n  fased config get 'agents.list[0].id'\n  fased config get --json | jq .value.agents"
)]
pub struct ConfigGetArgs {
    /// Where the value is, like `auth.env` or `agents.list[0].model` [default: the whole config]
    #[arg(value_name = "KEY_PATH")]
    pub path: Option<String>,
    /// Print secrets as they stand there
    #[arg(long)]
    pub unredacted: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const SET_EXAMPLES: &str = "\
Examples:
  fased config set auth.crossBilling stop
  fased config set auth.order.anthropic '[\"anthropic:work\"]'
  fased config set \\
    'agents.defaults.models[\"anthropic/claude-opus-4-8\"].alias' Opus
  pass show proxy | fased config set models.providers.proxy.apiKey --stdin";

/// Flags of `fased config set`.
#[derive(Debug, Clone, Args)]
#[command(after_help = SET_EXAMPLES)]
pub struct ConfigSetArgs {
    /// Where the value is, like `auth.env` or `agents.list[0].model`
    #[arg(value_name = "KEY_PATH")]
    pub path: String,
    /// The value: JSON5, or, when it is none, a text; left out with --stdin
    #[arg(value_name = "VALUE", required_unless_present = "stdin", allow_hyphen_values = true)]
    pub value: Option<String>,
    /// Read the value from standard input, where no other program can see it
    #[arg(long, conflicts_with = "value")]
    pub stdin: bool,
    /// Refuse a value that is no JSON5 instead of taking it for a text
    #[arg(long)]
    pub strict_json: bool,
    /// Refuse keys nobody reads
    #[arg(long)]
    pub strict: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased config unset`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:\n  fased config unset 'agents.list[0].model'")]
pub struct ConfigUnsetArgs {
    /// Where the value is, like `auth.env` or `agents.list[0].model`
    #[arg(value_name = "KEY_PATH")]
    pub path: String,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased config validate`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = "Examples:\n  fased config validate\n  fased config validate --strict --json")]
pub struct ConfigValidateArgs {
    /// Fail on keys nobody reads as well
    #[arg(long)]
    pub strict: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased config schema`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = "Example:\n  fased config schema > ~/.fased/fased.schema.json")]
pub struct ConfigSchemaArgs {
    /// Answer with one JSON document that has the schema in it
    #[arg(long)]
    pub json: bool,
}

impl ConfigArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            ConfigCommand::Path(args) => args.json,
            ConfigCommand::Get(args) => args.json,
            ConfigCommand::Set(args) => args.json,
            ConfigCommand::Unset(args) => args.json,
            ConfigCommand::Validate(args) => args.json,
            ConfigCommand::Schema(args) => args.json,
        }
    }
}
