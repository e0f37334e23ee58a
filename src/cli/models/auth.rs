mod hand_over;
mod login;

pub use hand_over::{ExportArgs, ExportTarget, ImportArgs, ImportSource, TokenArgs};
pub use login::{LoginArgs, LoginMethod, PasteTokenArgs, SetupTokenArgs, StoreArgs};

use clap::{Args, Subcommand};

/// Flags of `fased models auth`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub struct AuthArgs {
    /// Agent whose credentials are meant [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT", global = true)]
    pub agent: Option<String>,
    /// The command.
    #[command(subcommand)]
    pub command: AuthCommand,
}

/// Commands of `fased models auth`.
#[derive(Debug, Clone, Subcommand)]
pub enum AuthCommand {
    /// Sign in with a browser, or store a token or API key
    Login(LoginArgs),
    /// Store a setup-token, running `claude setup-token` for it where that is there
    SetupToken(SetupTokenArgs),
    /// Store a setup-token that is pasted or piped
    PasteToken(PasteTokenArgs),
    /// List stored credentials in order of use, those that cannot be read included
    List(ListArgs),
    /// Show or change the order in which an agent uses a provider's credentials
    Order(OrderArgs),
    /// Show or clear the windows in which credentials are left alone
    Cooldown(CooldownArgs),
    /// Remove a stored credential
    Remove(RemoveArgs),
    /// Give a stored credential another name
    Rename(RenameArgs),
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
            Self::Login(args) => args.store.json,
            Self::SetupToken(args) => args.store.json,
            Self::PasteToken(args) => args.store.json,
            Self::List(args) => args.json,
            Self::Order(args) => args.command.wants_json(),
            Self::Cooldown(args) => args.command.wants_json(),
            Self::Remove(args) => args.json,
            Self::Rename(args) => args.json,
            Self::Import(args) => args.json,
            Self::Export(args) => args.json,
            Self::Token(args) => args.json,
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  fased models auth login
  fased models auth paste-token --provider anthropic
  fased models auth list --agent work
  fased models auth order set --provider anthropic \\
    anthropic:work anthropic:default
  fased models auth cooldown clear anthropic:work
  fased models auth remove anthropic:old
  fased models auth import --from claude-code
  fased models auth token --header";

const LIST_EXAMPLES: &str = "\
Examples:
  fased models auth list
  fased models auth list --provider anthropic
  fased models auth list --json \\
    | jq -r '.profiles[] | select(.next) | .profileId'";

/// Flags of `fased models auth list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct ListArgs {
    /// Only credentials of this provider [default: all]
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const ORDER_EXAMPLES: &str = "\
Examples:
  fased models auth order get --provider anthropic
  fased models auth order set --provider anthropic \\
    anthropic:work anthropic:default
  fased models auth order clear --provider anthropic";

/// Flags of `fased models auth order`.
#[derive(Debug, Clone, Args)]
#[command(after_help = ORDER_EXAMPLES)]
pub struct OrderArgs {
    /// The command.
    #[command(subcommand)]
    pub command: OrderCommand,
}

/// Commands of `fased models auth order`.
#[derive(Debug, Clone, Subcommand)]
pub enum OrderCommand {
    /// Show the order that counts, and where it comes from
    Get(OrderProviderArgs),
    /// Set this agent's own order; credentials it does not name are not used
    Set(OrderSetArgs),
    /// Drop this agent's own order, so that the config's or the usual one counts
    Clear(OrderProviderArgs),
}

impl OrderCommand {
    fn wants_json(&self) -> bool {
        match self {
            Self::Get(args) | Self::Clear(args) => args.json,
            Self::Set(args) => args.json,
        }
    }
}

/// Flags of `fased models auth order get` and `clear`.
#[derive(Debug, Clone, Args)]
#[command(after_help = ORDER_EXAMPLES)]
pub struct OrderProviderArgs {
    /// Provider whose order is meant
    #[arg(long, value_name = "PROVIDER")]
    pub provider: String,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased models auth order set`.
#[derive(Debug, Clone, Args)]
#[command(after_help = ORDER_EXAMPLES)]
pub struct OrderSetArgs {
    /// Provider whose order is meant
    #[arg(long, value_name = "PROVIDER")]
    pub provider: String,
    /// Stored profiles, the first one to be used first
    #[arg(value_name = "PROFILE", required = true)]
    pub profiles: Vec<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const COOLDOWN_EXAMPLES: &str = "\
Examples:
  fased models auth cooldown list
  fased models auth cooldown clear anthropic:work
  fased models auth cooldown clear --all";

/// Flags of `fased models auth cooldown`.
#[derive(Debug, Clone, Args)]
#[command(after_help = COOLDOWN_EXAMPLES)]
pub struct CooldownArgs {
    /// The command.
    #[command(subcommand)]
    pub command: CooldownCommand,
}

/// Commands of `fased models auth cooldown`.
#[derive(Debug, Clone, Subcommand)]
pub enum CooldownCommand {
    /// List credentials that are left alone or disabled, until when, and why
    List(CooldownListArgs),
    /// Forget cooldowns and failures, so that credentials are tried again at once
    Clear(CooldownClearArgs),
}

impl CooldownCommand {
    fn wants_json(&self) -> bool {
        match self {
            Self::List(args) => args.json,
            Self::Clear(args) => args.json,
        }
    }
}

/// Flags of `fased models auth cooldown list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = COOLDOWN_EXAMPLES)]
pub struct CooldownListArgs {
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased models auth cooldown clear`.
#[derive(Debug, Clone, Args)]
#[command(after_help = COOLDOWN_EXAMPLES, override_usage = "fased models auth cooldown clear [OPTIONS] <PROFILE | --all>")]
pub struct CooldownClearArgs {
    /// Stored profile to clear, whatever disabled it; left out with --all
    #[arg(value_name = "PROFILE", required_unless_present = "all")]
    pub profile: Option<String>,
    /// Clear every profile, but not those whose key was revoked or disabled
    #[arg(long, conflicts_with = "profile")]
    pub all: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const REMOVE_EXAMPLES: &str = "\
Examples:
  fased models auth remove anthropic:old
  fased models auth remove anthropic:old --yes --json";

/// Flags of `fased models auth remove`.
#[derive(Debug, Clone, Args)]
#[command(after_help = REMOVE_EXAMPLES)]
pub struct RemoveArgs {
    /// Stored profile, or the name of an entry that cannot be read
    #[arg(value_name = "PROFILE")]
    pub profile: String,
    /// Remove it without asking
    #[arg(long)]
    pub yes: bool,
    /// Answer with one JSON document; needs --yes
    #[arg(long)]
    pub json: bool,
}

const RENAME_EXAMPLES: &str = "\
Examples:
  fased models auth rename anthropic:default anthropic:work";

/// Flags of `fased models auth rename`.
#[derive(Debug, Clone, Args)]
#[command(after_help = RENAME_EXAMPLES)]
pub struct RenameArgs {
    /// Stored profile, by its name until now
    #[arg(value_name = "OLD")]
    pub old: String,
    /// Its new name, of the same provider and free
    #[arg(value_name = "NEW")]
    pub new: String,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}
