//! One question and its answer.

use std::borrow::Cow;

use serde::Serialize;

use super::shown::Shown;
use super::{models, question, turn};
use crate::SCHEMA_VERSION;
use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::sessions::SessionId;
use crate::usage::receipt::Receipt;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatReport<'a> {
    schema_version: u32,
    text: Cow<'a, str>,
    stop_reason: Option<&'a str>,
    /// `null` when the session could not be kept.
    session_id: Option<&'a SessionId>,
    receipt: &'a Receipt,
}

pub(super) fn run(ctx: &Ctx, args: &ChatArgs) -> Result<Exit, Failure> {
    let question = question::of_command_line(ctx, args)?;
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let choice = models::of_flag(args, &agent)?;
    let mut session = super::session(ctx, &agent, args)?;
    models::apply_flags(ctx, args, choice.as_ref(), &mut session);
    let answered =
        turn::ask(ctx, &agent, &turn::manner(args), &mut Shown::new(args.json), &mut session, question);
    let answered = answered.map_err(|failure| match session.is_kept() {
        true => failure.detail("sessionId", session.id().as_str().into()),
        false => failure,
    })?;
    if args.json {
        let last = session.conversation().turns().last();
        ctx.terminal.answer_json(&ChatReport {
            schema_version: SCHEMA_VERSION,
            text: last.map(|turn| turn.reply.text()).unwrap_or_default(),
            stop_reason: answered.stop_reason.as_deref(),
            session_id: session.is_kept().then(|| session.id()),
            receipt: &answered.receipt,
        })?;
    }
    Ok(Exit::Ok)
}
