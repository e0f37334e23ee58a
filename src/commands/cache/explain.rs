//! `fased cache explain`

use crate::cli::CacheExplainArgs;
use crate::commands::agent::Agent;
use crate::config::unknown_keys::nearest;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::sessions::cache::CacheReport;
use crate::sessions::{SessionId, SessionsDir};
use crate::terminal::cache;

pub(super) fn run(ctx: &Ctx, args: &CacheExplainArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let sessions = SessionsDir::of(&agent.selected.id, &ctx.paths);
    let id = match &args.session {
        Some(text) => text.parse().map_err(|error| Failure::usage(format!("The SESSION is {error}.")))?,
        None => last_used(&sessions, &agent)?,
    };
    let conversation = sessions.read(&id).map_err(|error| Failure::of_session(error, &agent.selected))?;
    let Some(conversation) = conversation else { return Err(unknown(&id, &sessions, &agent)) };
    let (now, turns) = (ctx.clock.now(), usize::try_from(args.turns).unwrap_or(usize::MAX));
    let agent_id = agent.selected.id.clone();
    let report = CacheReport::make(agent_id, id, &conversation, &agent.config, turns, now);
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.answer(&cache::text(&report, now, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}

/// The session somebody said something in last.
fn last_used(sessions: &SessionsDir, agent: &Agent) -> Result<SessionId, Failure> {
    let listed = sessions.list().map_err(|error| Failure::of_session(error, &agent.selected))?;
    let last = listed.into_iter().next();
    last.map(|listed| listed.id).ok_or_else(|| {
        Failure::new(Exit::Failed, "no_session", format!("Agent {} has no sessions yet.", agent.selected.id))
            .hint("begin one")
            .command(format!("fased chat{} \"hello\"", agent.selected.flag()))
    })
}

fn unknown(id: &SessionId, sessions: &SessionsDir, agent: &Agent) -> Failure {
    let flag = agent.selected.flag();
    let message = format!("Agent {} has no session \"{id}\".", agent.selected.id);
    let named = sessions.named().unwrap_or_default();
    let meant = nearest(id.as_str(), named.iter().map(|(id, _)| id.as_str()));
    let meant = meant.map(|name| format!("did you mean {name}? Otherwise "));
    Failure::new(Exit::Failed, "unknown_session", message)
        .hint(format!("{}see which there are, or begin it", meant.unwrap_or_default()))
        .command(format!("fased chat --list{flag}"))
        .command(format!("fased chat --session {id}{flag} \"hello\""))
}
