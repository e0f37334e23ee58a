/// Flags of `fased models auth`.
pub mod auth;
/// Flags of the commands that show and choose models.
pub mod choice;

use clap::{Args, Subcommand};

use auth::AuthArgs;
use choice::{AliasesArgs, FallbacksArgs, ListArgs, RolesArgs, SetArgs};

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
    /// Show what a request would carry: each parameter and where it is set, headers, cache markers; opens no connection
    Explain(ExplainArgs),
    /// List models with their figures and prices; opens no connection without --refresh
    List(ListArgs),
    /// Choose the model that is asked first
    Set(SetArgs),
    /// Choose the model for requests with images
    SetImage(SetArgs),
    /// Show or change the short names of models
    Aliases(AliasesArgs),
    /// Show or change the models that are asked when the first one cannot answer
    Fallbacks(FallbacksArgs),
    /// The same for requests with images
    ImageFallbacks(FallbacksArgs),
    /// Show or choose models by the work they are for
    Roles(RolesArgs),
    /// Look after the stored credentials of an agent
    Auth(AuthArgs),
}

const EXAMPLES: &str = "\
Examples:
  fased models status
  fased models status --agent work
  fased models status --json | jq '.auth.providers[].next'
  fased models status --probe --check
  fased models status --check || echo \"look at the credentials\"";

/// Flags of `fased models status`.
#[derive(Debug, Clone, Args)]
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
    /// Ask the providers about the credentials, by a request that is free
    #[arg(long, conflicts_with = "plain")]
    pub probe: bool,
    /// With --probe: only this provider [default: all of the agent's models]
    #[arg(long, value_name = "PROVIDER", requires = "probe")]
    pub probe_provider: Option<String>,
    /// With --probe: only this profile; may be given several times [default: all]
    #[arg(long, value_name = "PROFILE", requires = "probe")]
    pub probe_profile: Vec<String>,
    /// With --probe: limit for each credential, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 8000, requires = "probe", value_parser = clap::value_parser!(u64).range(1..))]
    pub probe_timeout: u64,
    /// With --probe: how many are asked at a time
    #[arg(long, value_name = "N", default_value_t = 2, requires = "probe", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub probe_concurrency: u64,
    /// Accepted for scripts written for the TypeScript program; a probe here uses no tokens
    #[arg(long, value_name = "N", default_value_t = 8, requires = "probe", hide = true, value_parser = clap::value_parser!(u64).range(1..))]
    pub probe_max_tokens: u64,
    /// Agent to look at [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Model to judge credentials for [default: the agent's primary model]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  fased models explain
  fased models explain anthropic/claude-opus-4-7 --agent alerts
  fased models explain opus@anthropic:work
  fased models explain --json | jq .parameters.cacheRetention";

/// Flags of `fased models explain`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct ExplainArgs {
    /// Model, as `provider/model`, an alias, or either with `@profile` [default: the agent's primary model]
    #[arg(value_name = "MODEL")]
    pub model: Option<String>,
    /// Agent whose requests are explained [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

impl ModelsArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            Some(ModelsCommand::Status(args)) => args.json,
            Some(ModelsCommand::Explain(args)) => args.json,
            Some(ModelsCommand::List(args)) => args.json,
            Some(ModelsCommand::Set(args) | ModelsCommand::SetImage(args)) => args.choice.json,
            Some(ModelsCommand::Aliases(args)) => args.wants_json(),
            Some(ModelsCommand::Fallbacks(args) | ModelsCommand::ImageFallbacks(args)) => args.wants_json(),
            Some(ModelsCommand::Roles(args)) => args.wants_json(),
            Some(ModelsCommand::Auth(args)) => args.command.wants_json(),
            None => self.status.json,
        }
    }
}
