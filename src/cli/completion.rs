use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  fased completion bash > ~/.local/share/bash-completion/completions/fased
  fased completion zsh > \"${fpath[1]}/_fased\"
  fased completion fish > ~/.config/fish/completions/fased.fish
  fased completion elvish >> ~/.config/elvish/rc.elv
  fased completion powershell >> $PROFILE

A new shell knows it. The script asks `fased` itself at every Tab, so it is
never out of date and knows your agents, profiles, models and sessions. It
needs `fased` on the PATH, writes nothing and opens no connection.";

/// Flags of `fased completion`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompletionArgs {
    /// The shell
    pub shell: Shell,
    /// Answer with one JSON document that has the script in it
    #[arg(long)]
    pub json: bool,
}

/// A shell with a completion script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash
    Bash,
    /// Elvish
    Elvish,
    /// fish
    Fish,
    /// PowerShell
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
    /// Z shell
    Zsh,
}
