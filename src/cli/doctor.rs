use clap::Args;

const EXAMPLES: &str = "\
Examples:
  fased doctor
  fased doctor --online
  fased doctor --fix
  fased doctor --json | jq -r '.findings[] | .severity + \" \" + .message'

Exits with 1 when there is a problem, not for warnings and notes. Nothing is
changed without --fix, and no connection is opened without --online.";

/// Flags of `fased doctor`.
#[derive(Debug, Clone, Copy, Args)]
#[command(after_help = EXAMPLES)]
pub struct DoctorArgs {
    /// Mend what needs no decision; what is changed is copied first
    #[arg(long)]
    pub fix: bool,
    /// Also see whether the providers can be reached and the clocks agree; no credential is sent
    #[arg(long)]
    pub online: bool,
    /// Answer with one JSON document
    #[arg(long)]
    pub json: bool,
}
