//! `fased chat`

mod attachments;
mod list;
mod models;
mod one_shot;
mod question;
mod record;
mod repl;
mod shown;
mod turn;

use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::sessions::{Session, SessionError, SessionId, SessionsDir};

pub(super) fn run(ctx: &Ctx, args: &ChatArgs) -> Result<Exit, Failure> {
    if args.list {
        return list::run(ctx, args);
    }
    let is_conversation = args.message.is_empty() && !args.json && ctx.terminal.can_converse();
    if is_conversation { repl::run(ctx, args) } else { one_shot::run(ctx, args) }
}

/// The session that was named, else a new one.
fn session(ctx: &Ctx, agent: &Agent, args: &ChatArgs) -> Result<Session, Failure> {
    let sessions = SessionsDir::of(&agent.selected.id, &ctx.paths);
    let Some(text) = &args.session else { return Ok(sessions.create(ctx.clock.now())) };
    let id: SessionId =
        text.parse().map_err(|error| Failure::usage(format!("The value of --session is {error}.")))?;
    sessions.open(id).map_err(|error| session_failure(error, agent))
}

/// A session that cannot be used, with what to do about it.
pub(super) fn session_failure(error: SessionError, agent: &Agent) -> Failure {
    let message = format!("{}.", crate::text::capitalised(&error.to_string()));
    let flag = agent.selected.flag();
    match error {
        SessionError::InUse { .. } => Failure::new(Exit::Failed, "session_in_use", message)
            .hint("it is free when that process ends; or begin another session")
            .command(format!("fased chat --list{flag}")),
        SessionError::Unreadable { .. } => Failure::new(Exit::Failed, "session_unreadable", message)
            .hint("the session is left as it is and not continued; mend that line, or begin another session")
            .command(format!("fased chat --list{flag}")),
        SessionError::NewerVersion { .. } => Failure::new(Exit::Failed, "session_newer_version", message)
            .hint("use the program that wrote it, or begin another session"),
        SessionError::File(error) => error.into(),
        SessionError::Lock(error) => error.into(),
    }
}

#[cfg(test)]
mod tests;
