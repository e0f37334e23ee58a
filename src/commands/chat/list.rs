//! `fased chat --list`

use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::sessions::{SessionsDir, SessionsReport};
use crate::terminal::chat;

pub(super) fn run(ctx: &Ctx, args: &ChatArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let sessions = SessionsDir::of(&agent.selected.id, &ctx.paths);
    let listed = sessions.list().map_err(|error| Failure::of_session(error, &agent.selected))?;
    let report = SessionsReport::make(agent.selected.id.clone(), listed);
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        let text = chat::sessions(&report, &agent.selected, ctx.clock.now(), ctx.terminal.width());
        ctx.terminal.answer(&text)?;
    }
    Ok(Exit::Ok)
}
