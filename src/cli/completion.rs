use clap::Args;
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  fased completion bash > ~/.local/share/bash-completion/completions/fased
  fased completion fish > ~/.config/fish/completions/fased.fish";

/// Flags of `fased completion`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionArgs {
    /// The shell
    pub shell: Shell,
}
