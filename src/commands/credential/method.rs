//! The question how to sign in, with the names the documentation has for the answers.

use crate::cli::auth::LoginMethod;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::terminal::Choice;

const PLAN: &str = "your Claude plan; see the notice";

pub(in crate::commands) fn ask(ctx: &Ctx) -> Result<LoginMethod, Failure> {
    ctx.terminal.ask_choice(
        "How do you want to sign in to Anthropic (Claude)?",
        vec![
            Choice::new(LoginMethod::ApiKey, "Anthropic API key", "recommended, billed per token"),
            Choice::new(LoginMethod::OAuth, "Anthropic OAuth (Claude Code)", PLAN),
            Choice::new(LoginMethod::Token, "Anthropic token (paste setup-token)", PLAN),
        ],
    )
}
