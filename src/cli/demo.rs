use clap::Args;

const EXAMPLES: &str = "\
Example:
  fased demo";

/// Flags of `fased demo`.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct DemoArgs {}
