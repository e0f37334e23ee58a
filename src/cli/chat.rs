use clap::Args;

const EXAMPLES: &str = "\
Examples:
  fased chat \"why is the sky blue?\"
  git diff | fased chat \"explain this change\" -
  fased chat --model anthropic/claude-haiku-4-5 < question.txt
  fased chat --json \"say hello\" | jq -r .text";

/// Flags of `fased chat`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct ChatArgs {
    /// The question; `-` stands for standard input, which is also the question when none is given
    #[arg(value_name = "MESSAGE")]
    pub message: Vec<String>,
    /// Model to ask, as `provider/model`, an alias, or either with `@profile`
    #[arg(long, value_name = "REF")]
    pub model: Option<String>,
    /// Agent to ask for [default: the configured default agent, else main]
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// System prompt
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Longest answer, in tokens [default: what the config says, else 8192]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_tokens: Option<u64>,
    /// How often the same is tried again after a failure that passes by itself
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=2))]
    pub retries: u32,
    /// Answer with one JSON document: text and receipt
    #[arg(long)]
    pub json: bool,
}
