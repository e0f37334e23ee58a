use clap::{Args, ValueEnum};

const LOGIN_EXAMPLES: &str = "\
Examples:
  fased models auth login
  fased models auth login --provider anthropic --method anthropic-oauth
  fased models auth login --method anthropic-oauth --no-browser --timeout 10m
  fased models auth login --method api-key \\
    --profile-id anthropic:work < key.txt
  fased models auth login --provider team --method api-key < key.txt

A sign-in ends by itself in a browser on this machine. In any other browser,
paste the code it shows, or the whole address it ends at. After a sign-in the
API is always asked.";

/// Flags of `fased models auth login`.
#[derive(Debug, Clone, Args)]
#[command(after_help = LOGIN_EXAMPLES)]
pub struct LoginArgs {
    /// How to sign in [default: asks]
    #[arg(long, value_name = "METHOD", ignore_case = true)]
    pub method: Option<LoginMethod>,
    /// Do not open a browser; print the address only
    #[arg(long)]
    pub no_browser: bool,
    /// How long the sign-in may take, like `90s` or `5m` [default: 5m]
    #[arg(long, value_name = "DURATION")]
    pub timeout: Option<String>,
    /// Let the agent ask the provider's first model first; of Anthropic that is the data file's default
    #[arg(long)]
    pub set_default: bool,
    /// Where and how the credential is stored.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Ways to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LoginMethod {
    /// Sign in with a browser, with the account of a Claude plan
    #[value(name = "anthropic-oauth", alias = "oauth")]
    OAuth,
    /// A setup-token of `claude setup-token`
    #[value(name = "token", aliases = ["setup-token", "claude-cli"])]
    Token,
    /// An API key of the Anthropic Console
    #[value(name = "api-key", alias = "apikey")]
    ApiKey,
}

const SETUP_TOKEN_EXAMPLES: &str = "\
Examples:
  fased models auth setup-token
  printf %s \"$CLAUDE_SETUP_TOKEN\" \\
    | fased models auth setup-token --provider anthropic";

/// Flags of `fased models auth setup-token`.
#[derive(Debug, Clone, Args)]
#[command(after_help = SETUP_TOKEN_EXAMPLES)]
pub struct SetupTokenArgs {
    /// Do not offer to run `claude setup-token`; there is a token already
    #[arg(long)]
    pub yes: bool,
    /// Where and how the credential is stored.
    #[command(flatten)]
    pub store: StoreArgs,
}

const PASTE_TOKEN_EXAMPLES: &str = "\
Examples:
  fased models auth paste-token --provider anthropic
  fased models auth paste-token --provider anthropic \\
    --profile-id anthropic:work --expires-in 365d
  printf %s \"$CLAUDE_SETUP_TOKEN\" \\
    | fased models auth paste-token --provider anthropic --json";

/// Flags of `fased models auth paste-token`.
#[derive(Debug, Clone, Args)]
#[command(after_help = PASTE_TOKEN_EXAMPLES)]
pub struct PasteTokenArgs {
    /// Where and how the credential is stored.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Flags of all commands that store a credential.
#[derive(Debug, Clone, Default, Args)]
pub struct StoreArgs {
    /// Whose credential it is: `anthropic`, or a provider with a base URL in the config [default: anthropic]
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,
    /// Profile to store it under, like `anthropic:work` [default: one named after its kind or account]
    #[arg(long, value_name = "PROFILE")]
    pub profile_id: Option<String>,
    /// Let --profile-id replace a credential of another kind
    #[arg(long, requires = "profile_id")]
    pub replace: bool,
    /// How long a token lives, like `365d` or `12h` [default: not known; a setup-token a year]
    #[arg(long, value_name = "DURATION")]
    pub expires_in: Option<String>,
    /// Ask the API whether it accepts the token or key, and store it only then
    #[arg(long)]
    pub verify: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}
