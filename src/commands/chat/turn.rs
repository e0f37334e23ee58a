//! One question in a session: asked, shown, written down.

use std::cell::RefCell;
use std::collections::HashSet;
use std::convert::Infallible;
use std::num::NonZeroU64;
use std::time::Duration;

use super::models::{self, Wanted};
use super::record::Record;
use super::shown::Shown;
use crate::anthropic::{Answer, ContentBlock, MessageRequest};
use crate::ask::{AskError, Happening, Question};
use crate::auth::form::Form;
use crate::auth::resolve::ProviderAuth;
use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::commands::{gave_up, ledger, no_credential};
use crate::config::schema::Params;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::models::known::KnownModels;
use crate::models::params::Effective;
use crate::models::params::request::RequestParams;
use crate::models::refs::ModelRef;
use crate::sessions::{SentRequest, Session, SessionError};
use crate::terminal::style;
use crate::usage::receipt::Receipt;
use crate::usage::recording::{Ended, Recording};

/// How much of an answer a crash may lose.
const KEPT_EVERY: Duration = Duration::from_secs(1);

/// An answer that was shown.
pub(super) struct Answered {
    pub(super) text: String,
    pub(super) stop_reason: Option<String>,
    pub(super) receipt: Receipt,
}

/// Asks, shows the answer as it comes, and keeps the turn in the session.
pub(super) fn ask(
    ctx: &Ctx,
    agent: &Agent,
    args: &ChatArgs,
    session: &mut Session,
    question: Vec<ContentBlock>,
) -> Result<Answered, Failure> {
    let Wanted { models, pinned } = models::wanted(agent, args, session, &question)?;
    let (snapshot, state, _) = agent.read()?;
    let inputs = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    let refresher = agent.refresher(ctx)?;
    let asker = agent.asker(ctx, &refresher);
    let call = Params { max_tokens: args.max_tokens.and_then(NonZeroU64::new), ..Params::default() };
    let effective = |model: &ModelRef| Effective::of(&agent.selected.id, model, &agent.config, &call);
    let retention = models.first().map(|model| effective(model).cache_retention.value);
    let conversation = session.conversation();
    let preferred = retention.and_then(|retention| conversation.warm_profile(retention, inputs.now)).cloned();
    let so_far = conversation.request(&question);
    let warned = RefCell::new(HashSet::new());
    let request = |model: &ModelRef, form: Form| {
        let effective = effective(model);
        let params = RequestParams::of(&effective, form, &agent.config);
        for warning in params.warnings(&effective) {
            let line = format!("{} {}", style::attention("!"), warning.message);
            if warned.borrow_mut().insert(warning) {
                ctx.terminal.say(&line);
            }
        }
        let mut request = MessageRequest { model: model.model().to_owned(), ..so_far.clone() };
        params.apply(&mut request);
        request
    };
    let asked = Question {
        models: &models,
        pinned: pinned.as_ref(),
        preferred: preferred.as_ref(),
        retries: args.retries,
        request: &request,
    };
    let session_id = session.id().clone();
    let mut recording =
        Recording::new(ctx.clock.as_ref(), &agent.config, &agent.selected.id, Some(session_id.as_str()));
    let record = RefCell::new(Record::of(session, question));
    let mut shown = Shown::default();
    let mut observe = |happening: Happening<'_>| {
        recording.observe(&happening);
        match &happening {
            Happening::Using { credential, model, form, billing, .. } => {
                record.borrow_mut().sending(SentRequest {
                    started_at: ctx.clock.now(),
                    model: Some((*model).clone()),
                    credential: credential.source.name().to_owned(),
                    billing: *billing,
                    retention: RequestParams::of(&effective(model), *form, &agent.config).retention,
                });
            }
            Happening::Piece(event) => record.borrow_mut().piece(event, ctx.clock.now()),
            _ => {}
        }
        shown.observe(ctx, agent, args.json, &happening)
    };
    let outcome = ctx.block_on(async {
        tokio::select! {
            asked = asker.ask(&asked, &inputs, &mut observe) => Ok(asked),
            never = regularly(|| record.borrow_mut().keep_partial()) => match never {},
        }
    });
    if !args.json {
        shown.end_line(ctx)?;
    }
    let row = recording.row(match &outcome {
        Err(_) => Ended::Cancelled,
        Ok(Err(error)) => Ended::GaveUp(error),
        Ok(Ok(asked)) => Ended::Answered(asked),
    });
    // The answer is out by now.
    ledger::record(ctx, row.as_ref());
    let (record, now) = (record.into_inner(), ctx.clock.now());
    let failure = match outcome {
        Ok(Ok(asked)) => {
            let receipt = Receipt::of(&asked, &agent.config);
            let trouble = record.complete(&asked.answer, &receipt, now);
            let answered = Answered {
                text: asked.answer.text(),
                stop_reason: asked.answer.stop_reason().map(str::to_owned),
                receipt,
            };
            tell(ctx, args, &answered, effective(&asked.model).max_tokens.value);
            tell_trouble(ctx, trouble);
            return Ok(answered);
        }
        Ok(Err(AskError::NoCredential { model, why })) => {
            let class = KnownModels::of(&agent.config).class_of(&model);
            let auth = ProviderAuth::survey(model.provider(), class, &inputs);
            no_credential::failure(&why, &auth, agent, &inputs)
        }
        Ok(Err(AskError::Provider(error))) => error.into(),
        Ok(Err(AskError::GaveUp { failed, held_back, .. })) => match shown.failure.take() {
            Some(failure) => failure,
            None => gave_up::failure(failed, &held_back, agent, &snapshot, now),
        },
        Err(cancelled) => cancelled,
    };
    let receipt = recording.interrupted();
    if let Some(receipt) = receipt.as_ref().filter(|_| !args.json && ctx.terminal.is_watched()) {
        ctx.terminal.say(&style::dim(&receipt.line()));
    }
    tell_trouble(ctx, record.interrupt(&shown.answer, receipt.as_ref(), now));
    Err(with_what_came(failure, &shown.answer, receipt.as_ref()))
}

/// What is worth a word behind an answer, and its receipt.
fn tell(ctx: &Ctx, args: &ChatArgs, answered: &Answered, max_tokens: NonZeroU64) {
    if answered.text.is_empty() && !args.json {
        ctx.terminal.say(&format!("{} the answer is empty", style::attention("!")));
    }
    if answered.stop_reason.as_deref() == Some("max_tokens") {
        ctx.terminal.say(&format!(
            "{} the answer reached {max_tokens} tokens and was cut; --max-tokens raises the limit",
            style::attention("!"),
        ));
    }
    if !args.json && ctx.terminal.is_watched() {
        ctx.terminal.say(&style::dim(&answered.receipt.line()));
    }
}

async fn regularly(mut work: impl FnMut()) -> Infallible {
    loop {
        tokio::time::sleep(KEPT_EVERY).await;
        work();
    }
}

fn tell_trouble(ctx: &Ctx, trouble: Option<SessionError>) {
    if let Some(error) = trouble {
        ctx.terminal.say(&format!("{} the session is not kept: {error}", style::attention("!")));
    }
}

/// A failure after the answer began says so, and scripts get what came of it with its receipt.
fn with_what_came(failure: Failure, answer: &Answer, receipt: Option<&Receipt>) -> Failure {
    let Some(receipt) = receipt else { return failure };
    let failure = failure.detail("interrupted", true.into());
    let failure = match answer.text() {
        text if text.is_empty() => failure,
        text => failure.fact("the answer is not complete").detail("text", text.into()),
    };
    failure.detail("receipt", serde_json::to_value(receipt).unwrap_or_default())
}
