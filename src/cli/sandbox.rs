use clap::Args;

const EXAMPLES: &str = "\
Example:
  fased sandbox --port 8787
  ANTHROPIC_BASE_URL=http://127.0.0.1:8787 \\
    ANTHROPIC_API_KEY=sk-ant-api03-sandbox-demo-000000000000000000000000 \\
    fased chat hello";

/// Flags of `fased sandbox`.
#[derive(Debug, Clone, Default, Args)]
#[command(after_help = EXAMPLES)]
pub struct SandboxArgs {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Wait before each response, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub delay_ms: u64,
    /// Wait between the events of a stream, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub event_delay_ms: u64,
    /// Lifetime of its access tokens, in seconds
    #[arg(long, value_name = "S", default_value_t = 28_800)]
    pub token_lifetime_s: u64,
    /// Announce the address as one JSON document
    #[arg(long)]
    pub json: bool,
}
