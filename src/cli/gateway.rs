use clap::{Args, Subcommand};

const EXAMPLE: &str = "\
Example:
  fased gateway check https://llm.example.com --key-stdin < key.txt";

/// Flags of `fased gateway`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLE)]
pub struct GatewayArgs {
    /// The command.
    #[command(subcommand)]
    pub command: GatewayCommand,
}

/// Commands of `fased gateway`.
#[derive(Debug, Clone, Subcommand)]
pub enum GatewayCommand {
    /// Test any gateway against what Anthropic's clients demand of one
    Check(GatewayCheckArgs),
}

impl GatewayArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            GatewayCommand::Check(args) => args.json,
        }
    }
}

const CHECK_EXAMPLES: &str = "\
Examples:
  fased gateway check --key \"$FASED_GATEWAY_KEY\"
  printf %s \"$KEY\" | fased gateway check https://llm.example.com --key-stdin
  fased gateway check --json | jq '.rules[] | select(.outcome == \"fail\")'
  fased gateway check --sandbox http://127.0.0.1:8787

FROM names the point of the published contract: docs/gateway-contract.md.

The key is that of a client of the gateway. Without --key it is taken from
FASED_GATEWAY_KEY, ANTHROPIC_AUTH_TOKEN or ANTHROPIC_API_KEY; a key of
Anthropic's own is sent only when --key gives it.

A check asks for six short answers and one about a prompt that is long
enough for the cache, which costs about a cent with the cheapest model.

Exits with 1 when a rule is broken that must not be, and with 5 when nobody
answers. With a `fased sandbox` as the gateway's upstream, --sandbox also
compares what was sent with what arrived there.";

/// Flags of `fased gateway check`.
#[derive(Debug, Clone, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct GatewayCheckArgs {
    /// Base URL clients are given; the gateway on this machine when left out
    #[arg(value_name = "URL")]
    pub url: Option<String>,
    /// Key of a client
    #[arg(long, value_name = "KEY", conflicts_with = "key_stdin")]
    pub key: Option<String>,
    /// Read the key from standard input
    #[arg(long)]
    pub key_stdin: bool,
    /// Model to ask, by its id; the cheapest one listed when left out
    #[arg(long, value_name = "ID")]
    pub model: Option<String>,
    /// Base URL of the sandbox that is the gateway's upstream
    #[arg(long, value_name = "URL")]
    pub sandbox: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}
