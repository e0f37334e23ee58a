use clap::{Args, Subcommand};

/// Whose choice it is, and how to answer.
#[derive(Debug, Clone, Default, Args)]
pub struct ChoiceArgs {
    /// Agent whose own choice is meant [default: that of all agents without one]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// The same for lists.
#[derive(Debug, Clone, Default, Args)]
pub struct ChoiceListArgs {
    /// Whose, and how to answer.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Print the names alone, one a line
    #[arg(long, conflicts_with = "json")]
    pub plain: bool,
}

const LIST_EXAMPLES: &str = "\
Examples:
  fased models list
  fased models list --all
  fased models list --refresh
  fased models list --all --json | jq '.models[] | {key, prices}'";

/// Flags of `fased models list`.
#[derive(Debug, Clone, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct ListArgs {
    /// Every model the data file and the config know, not only those the agent is configured with
    #[arg(long)]
    pub all: bool,
    /// Only models of this provider [default: all]
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,
    /// Only models served on this machine
    #[arg(long)]
    pub local: bool,
    /// Ask the provider which models the agent's next credential really has
    #[arg(long)]
    pub refresh: bool,
    /// Answer with one JSON document
    #[arg(long, conflicts_with = "plain")]
    pub json: bool,
    /// Print the models' names alone, one a line
    #[arg(long)]
    pub plain: bool,
    /// Agent to look at [default: the configured default agent, else main]
    #[arg(long, value_name = "AGENT")]
    pub agent: Option<String>,
}

const SET_EXAMPLES: &str = "\
Examples:
  fased models set anthropic/claude-sonnet-5
  fased models set opus --agent work
  fased models set-image haiku";

/// Flags of `fased models set` and `fased models set-image`.
#[derive(Debug, Clone, Args)]
#[command(after_help = SET_EXAMPLES)]
pub struct SetArgs {
    /// The model: `provider/model`, an alias, or a short name like `opus-4.8`
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Whose, and how to answer.
    #[command(flatten)]
    pub choice: ChoiceArgs,
}

const ALIASES_EXAMPLES: &str = "\
Examples:
  fased models aliases
  fased models aliases list --plain
  fased models aliases add fast anthropic/claude-haiku-4-5
  fased models aliases remove fast";

/// Flags of `fased models aliases`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = ALIASES_EXAMPLES)]
pub struct AliasesArgs {
    /// The command; `list` when none is given.
    #[command(subcommand)]
    pub command: Option<AliasesCommand>,
    /// Flags of `list` without its name.
    #[command(flatten)]
    pub list: AliasesListArgs,
}

/// Commands of `fased models aliases`.
#[derive(Debug, Clone, Subcommand)]
pub enum AliasesCommand {
    /// Show the short names of models
    #[command(after_help = ALIASES_EXAMPLES)]
    List(AliasesListArgs),
    /// Give a model a short name
    #[command(after_help = ALIASES_EXAMPLES)]
    Add(AliasesAddArgs),
    /// Remove a short name; the model stays as it is
    #[command(after_help = ALIASES_EXAMPLES)]
    Remove(AliasesRemoveArgs),
}

/// Flags of `fased models aliases list`.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct AliasesListArgs {
    /// Answer with one JSON document
    #[arg(long, conflicts_with = "plain")]
    pub json: bool,
    /// Print an alias and its model a line
    #[arg(long)]
    pub plain: bool,
}

/// Flags of `fased models aliases add`.
#[derive(Debug, Clone, Args)]
pub struct AliasesAddArgs {
    /// The short name: letters, digits, `.`, `_`, `:` and `-`
    #[arg(value_name = "ALIAS")]
    pub alias: String,
    /// The model it stands for
    #[arg(value_name = "MODEL")]
    pub model: String,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased models aliases remove`.
#[derive(Debug, Clone, Args)]
pub struct AliasesRemoveArgs {
    /// The short name
    #[arg(value_name = "ALIAS")]
    pub alias: String,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const FALLBACKS_EXAMPLES: &str = "\
Examples:
  fased models fallbacks
  fased models fallbacks list --agent work
  fased models fallbacks add haiku
  fased models fallbacks add opus --agent work
  fased models fallbacks remove haiku
  fased models fallbacks clear

`fased models image-fallbacks` takes the same words.";

/// Flags of `fased models fallbacks` and `fased models image-fallbacks`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = FALLBACKS_EXAMPLES)]
pub struct FallbacksArgs {
    /// The command; `list` when none is given.
    #[command(subcommand)]
    pub command: Option<FallbacksCommand>,
    /// Flags of `list` without its name.
    #[command(flatten)]
    pub list: ChoiceListArgs,
}

/// Commands of `fased models fallbacks` and `fased models image-fallbacks`.
#[derive(Debug, Clone, Subcommand)]
pub enum FallbacksCommand {
    /// Show the models that are asked in turn
    #[command(after_help = FALLBACKS_EXAMPLES)]
    List(ChoiceListArgs),
    /// Add a model behind the others
    #[command(after_help = FALLBACKS_EXAMPLES)]
    Add(SetArgs),
    /// Remove a model from the list
    #[command(after_help = FALLBACKS_EXAMPLES)]
    Remove(SetArgs),
    /// Remove all of them
    #[command(after_help = FALLBACKS_EXAMPLES)]
    Clear(ChoiceArgs),
}

const ROLES_EXAMPLES: &str = "\
Roles: cheap-check, strong, escalation, coding, summarizer

Examples:
  fased models roles
  fased models roles list --agent work
  fased models roles set cheap-check haiku
  fased models roles set coding opus --agent work
  fased models roles clear coding --agent work";

/// Flags of `fased models roles`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = ROLES_EXAMPLES)]
pub struct RolesArgs {
    /// The command; `list` when none is given.
    #[command(subcommand)]
    pub command: Option<RolesCommand>,
    /// Flags of `list` without its name.
    #[command(flatten)]
    pub list: ChoiceArgs,
}

/// Commands of `fased models roles`.
#[derive(Debug, Clone, Subcommand)]
pub enum RolesCommand {
    /// Show which model does which work
    #[command(after_help = ROLES_EXAMPLES)]
    List(ChoiceArgs),
    /// Choose the model for a kind of work
    #[command(after_help = ROLES_EXAMPLES)]
    Set(RolesSetArgs),
    /// Leave a kind of work to the primary model again
    #[command(after_help = ROLES_EXAMPLES)]
    Clear(RolesClearArgs),
}

/// Flags of `fased models roles set`.
#[derive(Debug, Clone, Args)]
pub struct RolesSetArgs {
    /// The work: cheap-check, strong, escalation, coding or summarizer
    #[arg(value_name = "ROLE")]
    pub role: String,
    /// The model, the profile apart.
    #[command(flatten)]
    pub set: SetArgs,
}

/// Flags of `fased models roles clear`.
#[derive(Debug, Clone, Args)]
pub struct RolesClearArgs {
    /// The work: cheap-check, strong, escalation, coding or summarizer
    #[arg(value_name = "ROLE")]
    pub role: String,
    /// Whose, and how to answer.
    #[command(flatten)]
    pub choice: ChoiceArgs,
}

impl AliasesArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            None => self.list.json,
            Some(AliasesCommand::List(args)) => args.json,
            Some(AliasesCommand::Add(args)) => args.json,
            Some(AliasesCommand::Remove(args)) => args.json,
        }
    }
}

impl FallbacksArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            None => self.list.choice.json,
            Some(FallbacksCommand::List(args)) => args.choice.json,
            Some(FallbacksCommand::Add(args) | FallbacksCommand::Remove(args)) => args.choice.json,
            Some(FallbacksCommand::Clear(args)) => args.json,
        }
    }
}

impl RolesArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            None => self.list.json,
            Some(RolesCommand::List(args)) => args.json,
            Some(RolesCommand::Set(args)) => args.set.choice.json,
            Some(RolesCommand::Clear(args)) => args.choice.json,
        }
    }
}
