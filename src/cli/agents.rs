use clap::{Args, Subcommand};

/// Flags of `fased agents`.
#[derive(Debug, Clone, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct AgentsArgs {
    /// The command; `list` when none is given.
    #[command(subcommand)]
    pub command: Option<AgentsCommand>,
    /// Flags of `list` without its name.
    #[command(flatten)]
    pub list: AgentsListArgs,
}

/// Commands of `fased agents`.
#[derive(Debug, Clone, Subcommand)]
pub enum AgentsCommand {
    /// Show the agents: their models, directories, and the credential each would use now
    List(AgentsListArgs),
    /// Add an agent; it inherits no credentials
    Add(AgentsAddArgs),
    /// Remove an agent from the config; its files stay unless --purge is given
    Remove(AgentsRemoveArgs),
    /// Show which agent commands mean without --agent, or choose it
    Default(AgentsDefaultArgs),
    /// The same as `fased models ... --agent`, for scripts written for the TypeScript program
    #[command(subcommand, hide = true, after_help = MODELS_EXAMPLE)]
    Models(AgentsModelsCommand),
}

const MODELS_EXAMPLE: &str = "\
Example:
  fased agents models set --agent work --primary opus --fallback haiku";

/// Commands of `fased agents models`.
#[derive(Debug, Clone, Subcommand)]
pub enum AgentsModelsCommand {
    /// Choose models of an agent
    #[command(after_help = MODELS_EXAMPLE)]
    Set(AgentsModelsSetArgs),
}

/// Flags of `fased agents models set`.
#[derive(Debug, Clone, Args)]
pub struct AgentsModelsSetArgs {
    /// Agent whose models they are
    #[arg(long, value_name = "AGENT")]
    pub agent: String,
    /// Model it asks first [default: the one it has]
    #[arg(long, value_name = "MODEL")]
    pub primary: Option<String>,
    /// Model it asks when that one cannot answer; may be given several times [default: those it has]
    #[arg(long, value_name = "MODEL")]
    pub fallback: Vec<String>,
    /// Model for quick checks [default: the one it has]
    #[arg(long, value_name = "MODEL")]
    pub cheap_check: Option<String>,
    /// Model for hard questions [default: the one it has]
    #[arg(long, value_name = "MODEL")]
    pub strong: Option<String>,
    /// Model for what the others could not do [default: the one it has]
    #[arg(long, value_name = "MODEL")]
    pub escalation: Option<String>,
    /// Model for programming [default: the one it has]
    #[arg(long, value_name = "MODEL")]
    pub coding: Option<String>,
    /// Model for summaries [default: the one it has]
    #[arg(long, value_name = "MODEL")]
    pub summarizer: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "\
Examples:
  fased agents
  fased agents add work
  fased agents add work --copy-auth-from main \\
    --model anthropic/claude-opus-4-8
  fased agents default work
  fased agents remove work --purge";

/// Flags of `fased agents list`.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(after_help = "Example:\n  fased agents list --json | jq -r '.agents[].agentId'")]
pub struct AgentsListArgs {
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const ADD_EXAMPLES: &str = "\
Examples:
  fased agents add work
  fased agents add work --default --copy-auth-from main
  fased agents add ci --agent-dir /srv/ci/claude \\
    --model anthropic/claude-haiku-4-5";

/// Flags of `fased agents add`.
#[derive(Debug, Clone, Args)]
#[command(after_help = ADD_EXAMPLES)]
pub struct AgentsAddArgs {
    /// Id of the new agent: letters, digits, `-` and `_`
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Make it the agent commands mean without --agent
    #[arg(long)]
    pub default: bool,
    /// Model it asks first [default: that of all agents]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
    /// Directory of its credentials: absolute, or beginning with ~/ [default: below the state directory]
    #[arg(long, value_name = "DIR")]
    pub agent_dir: Option<String>,
    /// Copy another agent's keys, tokens and references; sign-ins are named instead [default: copy nothing]
    #[arg(long, value_name = "AGENT")]
    pub copy_auth_from: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

const REMOVE_EXAMPLES: &str = "\
Examples:
  fased agents remove work
  fased agents remove work --yes --purge
  fased agents remove work --default main";

/// Flags of `fased agents remove`.
#[derive(Debug, Clone, Args)]
#[command(after_help = REMOVE_EXAMPLES)]
pub struct AgentsRemoveArgs {
    /// Agent to remove
    #[arg(value_name = "AGENT")]
    pub name: String,
    /// Remove it without asking
    #[arg(long, short)]
    pub yes: bool,
    /// Also delete its directory: credentials and sessions
    #[arg(long)]
    pub purge: bool,
    /// Agent that becomes the default; needed to remove the one that is [default: no change]
    #[arg(long, value_name = "AGENT")]
    pub default: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

/// Flags of `fased agents default`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:\n  fased agents default\n  fased agents default work")]
pub struct AgentsDefaultArgs {
    /// Agent that commands mean from now on [default: show which one it is]
    #[arg(value_name = "AGENT")]
    pub name: Option<String>,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}

impl AgentsArgs {
    /// Whether the answer is to be one JSON document.
    pub fn wants_json(&self) -> bool {
        match &self.command {
            None => self.list.json,
            Some(AgentsCommand::List(args)) => args.json,
            Some(AgentsCommand::Add(args)) => args.json,
            Some(AgentsCommand::Remove(args)) => args.json,
            Some(AgentsCommand::Default(args)) => args.json,
            Some(AgentsCommand::Models(AgentsModelsCommand::Set(args))) => args.json,
        }
    }
}
