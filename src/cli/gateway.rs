mod keys;

pub use keys::{
    GatewayKeysAddArgs, GatewayKeysArgs, GatewayKeysCommand, GatewayKeysListArgs, GatewayKeysRevokeArgs,
};

use std::net::IpAddr;

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  fased gateway
  fased gateway --port 8080
  fased gateway keys add my-app
  fased gateway status
  fased gateway service > ~/.config/systemd/user/fased.service

Without a command it serves, until Ctrl-C: the Control UI for you (open it
with `fased dashboard`), and the Messages API for programs that have a key.
Logs go to stderr: FASED_LOG=info shows every request.";

/// Flags of `fased gateway`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct GatewayArgs {
    /// The command; without one the gateway serves.
    #[command(subcommand)]
    pub command: Option<GatewayCommand>,
    /// Flags of serving.
    #[command(flatten)]
    pub serve: GatewayServeArgs,
}

/// Flags of serving.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct GatewayServeArgs {
    /// Port to listen on; 0 takes a free one [default: FASED_GATEWAY_PORT, gateway.port, 18789]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Address to listen on; any but this machine's own opens the gateway to other machines, unencrypted [default: 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// Announce the address as one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Commands of `fased gateway`.
#[derive(Debug, Clone, Subcommand)]
pub enum GatewayCommand {
    /// Say whether the gateway runs, where, and how it is
    Status(GatewayStatusArgs),
    /// Make, show and take away the keys of programs that use the gateway
    Keys(GatewayKeysArgs),
    /// Test any gateway against what Anthropic's clients demand of one
    Check(GatewayCheckArgs),
    /// Print a systemd unit that runs the gateway for this user
    Service(GatewayServiceArgs),
}

/// Flags of `fased gateway status`.
#[derive(Debug, Clone, Copy, Args)]
#[command(
    after_help = "Example:\n  fased gateway status --json | jq -r .url\n\nExits with 1 when it does not run."
)]
pub struct GatewayStatusArgs {
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const SERVICE_EXAMPLE: &str = "\
Example:
  mkdir -p ~/.config/systemd/user
  fased gateway service > ~/.config/systemd/user/fased.service
  systemctl --user daemon-reload
  systemctl --user enable --now fased";

/// Flags of `fased gateway service`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = SERVICE_EXAMPLE)]
pub struct GatewayServiceArgs {
    /// Port to listen on, written into the unit [default: none; the gateway looks at the config]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

impl GatewayArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            None => self.serve.json,
            Some(GatewayCommand::Status(args)) => args.json,
            Some(GatewayCommand::Check(args)) => args.json,
            Some(GatewayCommand::Keys(args)) => args.wants_json(),
            Some(GatewayCommand::Service(args)) => args.json,
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
    /// Base URL clients are given [default: the gateway on this machine]
    #[arg(value_name = "URL")]
    pub url: Option<String>,
    /// Key of a client [default: FASED_GATEWAY_KEY, ANTHROPIC_AUTH_TOKEN, ANTHROPIC_API_KEY]
    #[arg(long, value_name = "KEY", conflicts_with = "key_stdin")]
    pub key: Option<String>,
    /// Read the key from standard input
    #[arg(long)]
    pub key_stdin: bool,
    /// Model to ask, by its id [default: the cheapest one listed]
    #[arg(long, value_name = "ID")]
    pub model: Option<String>,
    /// Base URL of the sandbox that is the gateway's upstream [default: what arrives there is not looked at]
    #[arg(long, value_name = "URL")]
    pub sandbox: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased dashboard`.
#[derive(Debug, Clone, Copy, Args)]
#[command(
    after_help = "Examples:\n  fased dashboard\n  fased dashboard --no-browser\n\nThe link works once and for a minute; then this command makes a new one."
)]
pub struct DashboardArgs {
    /// Print the link and open nothing
    #[arg(long)]
    pub no_browser: bool,
    /// Answer with one JSON document; implies --no-browser
    #[arg(long)]
    pub json: bool,
}
