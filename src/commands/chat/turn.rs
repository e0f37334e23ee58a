//! One question in a session: asked, and shown as it comes.

use std::num::NonZeroU64;

use super::shown::Shown;
use crate::anthropic::ContentBlock;
use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::commands::ledger;
use crate::converse::{self, Answered, Manner, Outcome, Talker, Unanswered};
use crate::ctx::{Ctx, asked_to_end};
use crate::error::Failure;
use crate::sessions::{Session, SessionError};
use crate::terminal::style;

/// What the command line says of every question.
pub(super) fn manner(args: &ChatArgs) -> Manner {
    Manner {
        role: args.role.map(Into::into),
        max_tokens: args.max_tokens.and_then(NonZeroU64::new),
        retries: args.retries,
    }
}

/// Asks, shows the answer as it comes, and keeps the turn in the session.
pub(super) fn ask(
    ctx: &Ctx,
    agent: &Agent,
    manner: &Manner,
    shown: &mut Shown,
    session: &mut Session,
    question: Vec<ContentBlock>,
) -> Result<Answered, Failure> {
    shown.begin();
    let (snapshot, state, _) = agent.read()?;
    let refresher = agent.refresher(ctx)?;
    let talker = Talker {
        agent: &agent.selected,
        asker: agent.asker(ctx, &refresher),
        inputs: agent.inputs(ctx, &snapshot, &state, ctx.clock.now()),
    };
    let mut observe = |told: converse::Told<'_>| shown.observe(ctx, agent, &told);
    let turn = ctx.run(async {
        converse::ask(&talker, session, question, manner, asked_to_end(), &mut observe).await
    })??;
    let is_json = shown.is_json;
    if !is_json {
        shown.end_line(ctx)?;
    }
    if let Some(error) = turn.unrecorded {
        ledger::tell(ctx, error);
    }
    match turn.outcome {
        Outcome::Answered(answered) => {
            let said = session.conversation().turns().last().map(|turn| turn.reply.text());
            tell(ctx, is_json, &answered, &said.unwrap_or_default());
            tell_trouble(ctx, turn.unkept);
            Ok(answered)
        }
        Outcome::Unanswered(unanswered) => {
            if let Some(receipt) =
                unanswered.receipt.as_ref().filter(|_| !is_json && ctx.terminal.is_watched())
            {
                ctx.terminal.say(&style::dim(&receipt.line()));
            }
            tell_trouble(ctx, turn.unkept);
            // What could not be passed on ended it.
            let failure = shown.failure.take().filter(|_| !unanswered.is_stopped);
            Err(match failure {
                Some(failure) => Unanswered { failure, ..unanswered },
                None => unanswered,
            }
            .into_failure())
        }
    }
}

/// What is worth a word behind an answer, and its receipt.
fn tell(ctx: &Ctx, is_json: bool, answered: &Answered, text: &str) {
    if text.is_empty() && !is_json {
        ctx.terminal.say(&format!("{} the answer is empty", style::attention("!")));
    }
    if answered.stop_reason.as_deref() == Some("max_tokens") {
        ctx.terminal.say(&format!(
            "{} the answer reached {} tokens and was cut; --max-tokens raises the limit",
            style::attention("!"),
            answered.max_tokens
        ));
    }
    if !is_json && ctx.terminal.is_watched() {
        ctx.terminal.say(&style::dim(&answered.receipt.line()));
    }
}

fn tell_trouble(ctx: &Ctx, trouble: Option<SessionError>) {
    if let Some(error) = trouble {
        ctx.terminal.say(&format!("{} the session is not kept: {error}", style::attention("!")));
    }
}
