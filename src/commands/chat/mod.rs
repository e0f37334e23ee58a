//! `fased chat`

mod attachments;
mod list;
mod models;
mod one_shot;
mod question;
mod repl;
mod shown;
mod turn;

use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::sessions::{Session, SessionId, SessionsDir};

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
    sessions.open(id).map_err(|error| Failure::of_session(error, &agent.selected))
}

#[cfg(test)]
mod tests;
