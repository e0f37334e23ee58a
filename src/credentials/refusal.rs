//! A credential that was not accepted: what it is, and the line that would store it rightly, for the same agent.

use crate::auth::form::ANTHROPIC;
use crate::auth::intake::{Expected, IntakeError};
use crate::config::SelectedAgent;
use crate::error::{Exit, Failure};
use crate::secret::SecretKind;

const KEYS: &str = "https://platform.claude.com/settings/keys";

/// What is said of it.
pub fn failure(error: &IntakeError, provider: &str, expected: Expected, agent: &SelectedAgent) -> Failure {
    let failure = Failure::new(Exit::Usage, "credential_refused", error.to_string());
    let flag = agent.flag();
    if provider != ANTHROPIC {
        return failure.hint(format!("give the one {provider} issued, best by a pipe"));
    }
    match (error, expected) {
        (IntakeError::WrongKind { found: SecretKind::BearerToken, .. }, _) => failure
            .hint("store it as a token")
            .command(format!("fased models auth paste-token --provider anthropic{flag}")),
        (IntakeError::WrongKind { .. }, _) => {
            failure.hint("store it as an API key").command(login_with_key(&flag))
        }
        // Whoever holds one has a plan, and no use for an API key.
        (IntakeError::Useless(SecretKind::RefreshToken), _) => failure
            .hint("sign in, or get a setup-token")
            .command(format!("fased models auth login --provider anthropic --method anthropic-oauth{flag}"))
            .command("claude setup-token"),
        (IntakeError::Useless(_), _) => failure.hint(format!("create an API key at {KEYS}")),
        (IntakeError::Empty(_), Expected::ApiKey) => failure
            .hint("give it on standard input")
            .command(format!("printf %s \"$ANTHROPIC_API_KEY\" | {}", login_with_key(&flag))),
        (IntakeError::Empty(_), Expected::SetupToken) => {
            failure.hint("give it on standard input").command(format!(
                "printf %s \"$CLAUDE_SETUP_TOKEN\" | fased models auth paste-token --provider anthropic{flag}"
            ))
        }
        (_, Expected::ApiKey) => failure.hint(format!("API keys come from {KEYS}")),
        (_, Expected::SetupToken) => {
            failure.hint("get a new one with the command below").command("claude setup-token")
        }
    }
}

fn login_with_key(flag: &str) -> String {
    format!("fased models auth login --provider anthropic --method api-key{flag}")
}
