use clap::{Args, ValueEnum};

use super::SecretRefArgs;
use crate::secret::Secret;

const EXAMPLES: &str = "\
Examples:
  fased onboard
  fased onboard --anthropic-api-key \"$ANTHROPIC_API_KEY\"
  printf %s \"$ANTHROPIC_API_KEY\" | fased onboard --api-key-stdin
  fased onboard --auth-choice anthropic-oauth
  fased onboard --auth-choice token --token-provider anthropic \\
    --token \"$CLAUDE_SETUP_TOKEN\"
  fased onboard --secret-ref env:ANTHROPIC_API_KEY
  fased onboard --custom-base-url https://llm.example.com/anthropic \\
    --custom-model-id claude-sonnet-5 --custom-api-key-stdin < key.txt

A credential given as a flag can be seen by other users of this machine and
stays in the shell's history; a pipe avoids both.";

const CUSTOM: &str = "Another Anthropic-compatible endpoint";

/// Flags of `fased onboard`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
#[group(skip)]
pub struct OnboardArgs {
    /// How to sign in [default: what the other flags give, else asks]
    #[arg(long, value_name = "CHOICE", ignore_case = true)]
    pub auth_choice: Option<AuthChoice>,
    /// An API key of the Anthropic Console [default: asks]
    #[arg(long, value_name = "KEY", value_parser = secret, conflicts_with_all = ["api_key_stdin", "token", "token_stdin"])]
    pub anthropic_api_key: Option<Secret>,
    /// Read the API key from standard input
    #[arg(long, conflicts_with_all = ["token", "token_stdin"])]
    pub api_key_stdin: bool,
    /// Whose token it is; only `anthropic` is known [default: anthropic]
    #[arg(long, value_name = "PROVIDER")]
    pub token_provider: Option<String>,
    /// A setup-token, as printed by `claude setup-token` [default: asks]
    #[arg(long, value_name = "TOKEN", value_parser = secret, conflicts_with = "token_stdin")]
    pub token: Option<Secret>,
    /// Read the setup-token from standard input
    #[arg(long)]
    pub token_stdin: bool,
    /// Address of an Anthropic-compatible endpoint, without `/v1` [default: asks]
    #[arg(long, value_name = "URL", help_heading = CUSTOM)]
    pub custom_base_url: Option<String>,
    /// A model as that endpoint knows it [default: asks]
    #[arg(long, value_name = "ID", help_heading = CUSTOM)]
    pub custom_model_id: Option<String>,
    /// Its API key [default: CUSTOM_API_KEY of the environment, where nobody can be asked]
    #[arg(long, value_name = "KEY", value_parser = secret, conflicts_with = "custom_api_key_stdin", help_heading = CUSTOM)]
    pub custom_api_key: Option<Secret>,
    /// Read its API key from standard input
    #[arg(long, help_heading = CUSTOM)]
    pub custom_api_key_stdin: bool,
    /// What the provider is called in models like `ID/claude-sonnet-5` [default: named after its host]
    #[arg(long, value_name = "ID", help_heading = CUSTOM)]
    pub custom_provider_id: Option<String>,
    /// What it speaks; only `anthropic`, the Messages API, can be asked [default: anthropic]
    #[arg(long, value_name = "API", ignore_case = true, help_heading = CUSTOM)]
    pub custom_compatibility: Option<Compatibility>,
    /// Whether the credential or a reference to it is stored.
    #[command(flatten)]
    pub reference: SecretRefArgs,
    /// Profile to store the credential under, like `anthropic:work` [default: anthropic:default or one beside it]
    #[arg(long, value_name = "PROFILE", visible_alias = "token-profile-id")]
    pub profile_id: Option<String>,
    /// How long the token lives, like `365d` or `12h` [default: not known; a setup-token a year]
    #[arg(long, value_name = "DURATION")]
    pub token_expires_in: Option<String>,
    /// Let --profile-id replace a credential of another kind
    #[arg(long, requires = "profile_id")]
    pub replace: bool,
    /// Let the agent ask a model of this provider first: the one that is named, or the data file's default
    #[arg(long)]
    pub set_default: bool,
    /// Agent to store it for [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Ask the API whether it accepts the credential, and store it only then
    #[arg(long, conflicts_with = "skip_health")]
    pub verify: bool,
    /// Store without asking the API, which scripts get anyway, and without following a reference
    #[arg(long)]
    pub skip_health: bool,
    /// Never ask anything, also on a terminal
    #[arg(long)]
    pub non_interactive: bool,
    /// Accepted for scripts written for the TypeScript program; not required
    #[arg(long)]
    pub accept_risk: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Ways to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuthChoice {
    /// An API key of the Anthropic Console
    #[value(name = "apiKey", alias = "api-key")]
    ApiKey,
    /// Sign in with a browser, with the account of a Claude plan
    #[value(name = "anthropic-oauth", alias = "oauth")]
    OAuth,
    /// A setup-token of `claude setup-token`
    #[value(name = "token", alias = "setup-token")]
    Token,
    /// An API key of another Anthropic-compatible endpoint
    #[value(name = "custom-api-key", alias = "custom")]
    Custom,
    /// Nothing for now
    #[value(name = "skip")]
    Skip,
}

/// What an endpoint speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compatibility {
    /// Anthropic's Messages API
    #[value(name = "anthropic")]
    Anthropic,
    /// OpenAI's Chat Completions; not spoken here
    #[value(name = "openai")]
    OpenAi,
    /// OpenAI's Responses; not spoken here
    #[value(name = "openai-responses")]
    OpenAiResponses,
}

/// Cannot fail, so that no credential ever stands in a message about a wrong value.
#[expect(clippy::unnecessary_wraps, reason = "the signature clap asks for")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}
