use clap::Args;

const EXAMPLES: &str = "\
Examples:
  fased demo
  fased demo --json | jq -r '.steps[].command'

It takes about ten seconds and removes what it made.";

/// Flags of `fased demo`.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {
    /// Answer with one JSON document that has the answers of all its commands in it
    #[arg(long)]
    pub json: bool,
}
