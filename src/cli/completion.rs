use clap::Args;
use clap_complete::Shell;

/// Flags of `fased completion`.
#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionArgs {
    /// The shell
    pub shell: Shell,
}
