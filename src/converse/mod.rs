//! One question in a session and its answer: which models are asked, what goes with the request, whose cache is kept warm,
//! and what is written down of it, in the transcript while it comes and in the ledger when it is over. Commands and servers
//! talk through here; who asks, and what is shown of it, is theirs.

pub mod choice;
mod record;

use std::cell::RefCell;
use std::collections::HashSet;
use std::convert::Infallible;
use std::num::NonZeroU64;
use std::ops::ControlFlow;
use std::time::Duration;

use self::choice::Wanted;
use self::record::Record;
use crate::anthropic::{ContentBlock, MessageRequest};
use crate::ask::{AskError, Asker, Happening, Question};
use crate::auth::form::Form;
use crate::auth::resolve::{Inputs, ProviderAuth};
use crate::config::SelectedAgent;
use crate::config::schema::Params;
use crate::error::{Failure, gave_up, no_credential};
use crate::models::known::KnownModels;
use crate::models::params::Effective;
use crate::models::params::request::{RequestParams, Warning};
use crate::models::refs::ModelRef;
use crate::models::roles::Role;
use crate::sessions::{SentRequest, Session, SessionError, cache};
use crate::usage::ledger::{Ledger, LedgerError, Row};
use crate::usage::receipt::Receipt;
use crate::usage::recording::{Ended, Recording};

/// How much of an answer a crash may lose.
const KEPT_EVERY: Duration = Duration::from_secs(1);

/// An agent that is asked.
#[derive(Debug, Clone, Copy)]
pub struct Talker<'a> {
    /// The agent.
    pub agent: &'a SelectedAgent,
    /// What asks its models.
    pub asker: Asker<'a>,
    /// Its credentials and what decides about them, as they are now.
    pub inputs: Inputs<'a>,
}

/// What holds for one question alone.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// The work the question is about, where its model is asked.
    pub role: Option<Role>,
    /// Longest answer, in tokens, where it is another than the config's.
    pub max_tokens: Option<NonZeroU64>,
    /// How often the same is tried again after a failure that passes by itself.
    pub retries: u32,
}

impl Default for Manner {
    fn default() -> Self {
        Self { role: None, max_tokens: None, retries: 2 }
    }
}

/// What is told while a question is answered.
#[derive(Debug)]
pub enum Told<'a> {
    /// A setting that should be another; each is told once.
    Warning(&'a Warning),
    /// What happens.
    Happening(&'a Happening<'a>),
}

/// Takes what is told, and may end it.
pub type Observe<'o> = dyn FnMut(Told<'_>) -> ControlFlow<()> + 'o;

/// A question that is over.
#[derive(Debug)]
pub struct Turn {
    /// What came of it.
    pub outcome: Outcome,
    /// Why the transcript does not have it.
    pub unkept: Option<SessionError>,
    /// Why the ledger does not have it.
    pub unrecorded: Option<LedgerError>,
}

/// What came of a question.
#[derive(Debug)]
pub enum Outcome {
    /// A whole answer.
    Answered(Answered),
    /// None, or a part of one.
    Unanswered(Unanswered),
}

/// A whole answer. What it says is the last turn of the session's conversation.
#[derive(Debug)]
pub struct Answered {
    /// Why it ended, in the provider's words.
    pub stop_reason: Option<String>,
    /// What it took.
    pub receipt: Receipt,
    /// The most tokens it might have had.
    pub max_tokens: NonZeroU64,
}

/// No answer, or one that ended early.
#[derive(Debug)]
pub struct Unanswered {
    /// Why.
    pub failure: Failure,
    /// The text that came.
    pub text: String,
    /// What it took, as far as told; `None` when no answer had begun.
    pub receipt: Option<Receipt>,
    /// Whoever asked has ended it.
    pub is_stopped: bool,
}

impl Unanswered {
    /// The failure; where the answer had begun it says so, and scripts get what came of it with its receipt.
    pub fn into_failure(self) -> Failure {
        let Some(receipt) = self.receipt else { return self.failure };
        let failure = self.failure.detail("interrupted", true.into());
        let failure = match self.text {
            text if text.is_empty() => failure,
            text => failure.fact("the answer is not complete").detail("text", text.into()),
        };
        failure.detail("receipt", serde_json::to_value(&receipt).unwrap_or_default())
    }
}

/// Asks, and keeps the turn in the session and the ledger. `stopped` ends it early, with why: what came by then
/// is kept.
///
/// # Errors
/// When nothing can be asked, because the config names no models or none that fits. Everything else is the turn's outcome.
pub async fn ask(
    talker: &Talker<'_>,
    session: &mut Session,
    question: Vec<ContentBlock>,
    manner: &Manner,
    stopped: impl Future<Output = Failure>,
    observe: &mut Observe<'_>,
) -> Result<Turn, Failure> {
    let Talker { agent, asker, inputs } = *talker;
    let (config, clock) = (inputs.config, asker.clock);
    let wanted = Wanted::by(&agent.id, config, session.conversation(), manner.role, &question)?;
    let call = Params { max_tokens: manner.max_tokens, ..Params::default() };
    let effective = |model: &ModelRef| Effective::of(&agent.id, model, config, &call);
    let retention = effective(&wanted.first).cache_retention.value;
    let conversation = session.conversation();
    let preferred = cache::warm_profile(conversation, retention, inputs.now);
    let so_far = conversation.request(&question);
    let observe = RefCell::new(observe);
    let warned = RefCell::new(HashSet::new());
    let request = |model: &ModelRef, form: Form| {
        let effective = effective(model);
        let params = RequestParams::of(&effective, form, config);
        for warning in params.warnings(&effective) {
            if !warned.borrow().contains(&warning) {
                // Nothing has been sent that could be ended.
                let _ = (observe.borrow_mut())(Told::Warning(&warning));
                warned.borrow_mut().insert(warning);
            }
        }
        let mut request = MessageRequest { model: model.model().to_owned(), ..so_far.clone() };
        params.apply(&mut request);
        request
    };
    let asked = Question {
        models: &wanted.models(),
        pinned: wanted.pinned.as_ref(),
        preferred: preferred.as_ref(),
        retries: manner.retries,
        request: &request,
    };
    let session_id = session.id().clone();
    let mut recording = Recording::new(clock, config, &agent.id, Some(session_id.as_str()));
    let record = RefCell::new(Record::of(session, question));
    let mut watch = |happening: Happening<'_>| {
        recording.observe(&happening);
        match &happening {
            Happening::Using { credential, model, form, billing, .. } => {
                record.borrow_mut().sending(SentRequest {
                    started_at: clock.now(),
                    model: Some((*model).clone()),
                    credential: credential.source.name().to_owned(),
                    billing: *billing,
                    retention: RequestParams::of(&effective(model), *form, config).retention,
                });
            }
            Happening::Begins { .. } => record.borrow_mut().begins(),
            Happening::Piece(event) => record.borrow_mut().piece(event, clock.now()),
            _ => {}
        }
        (observe.borrow_mut())(Told::Happening(&happening))
    };
    let outcome = tokio::select! {
        asked = asker.ask(&asked, &inputs, &mut watch) => Ok(asked),
        why = stopped => Err(why),
        never = regularly(|| record.borrow_mut().keep_partial()) => match never {},
    };
    let row = recording.row(match &outcome {
        Err(_) => Ended::Cancelled,
        Ok(Err(error)) => Ended::GaveUp(error),
        Ok(Ok(asked)) => Ended::Answered(asked),
    });
    let write_row = || row.and_then(|row| write(&row, &asker).err());
    let (record, now) = (record.into_inner(), clock.now());
    // The transcript first: the ledger may be locked for a while, and a kill meanwhile must not cost the answer.
    let (failure, is_stopped) = match outcome {
        Ok(Ok(asked)) => {
            let receipt = Receipt::of(&asked, config);
            let stop_reason = asked.head.stop_reason().map(str::to_owned);
            let unkept = record.complete(stop_reason.as_deref(), &receipt, now);
            let unrecorded = write_row();
            let max_tokens = effective(&asked.model).max_tokens.value;
            let outcome = Outcome::Answered(Answered { stop_reason, receipt, max_tokens });
            return Ok(Turn { outcome, unkept, unrecorded });
        }
        Ok(Err(error)) => (failure(error, talker), false),
        Err(why) => (why, true),
    };
    let receipt = recording.interrupted();
    let (text, unkept) = record.interrupt(receipt.as_ref(), now);
    let unrecorded = write_row();
    let outcome = Outcome::Unanswered(Unanswered { failure, text, receipt, is_stopped });
    Ok(Turn { outcome, unkept, unrecorded })
}

/// Why there is no answer, with what would help.
fn failure(error: AskError, talker: &Talker<'_>) -> Failure {
    let Talker { agent, asker, inputs } = *talker;
    match error {
        AskError::NoCredential { model, why } => {
            let class = KnownModels::of(inputs.config).class_of(&model);
            let auth = ProviderAuth::survey(model.provider(), class, &inputs);
            no_credential::failure(&why, &auth, agent, &inputs)
        }
        AskError::Provider(error) => error.into(),
        AskError::GaveUp { failed, held_back, .. } => {
            gave_up::failure(failed, &held_back, agent, inputs.config, inputs.snapshot, asker.clock.now())
        }
    }
}

fn write(row: &Row, asker: &Asker<'_>) -> Result<(), LedgerError> {
    Ledger::open(asker.paths, asker.clock)?.record(row)
}

async fn regularly(mut work: impl FnMut()) -> Infallible {
    loop {
        tokio::time::sleep(KEPT_EVERY).await;
        work();
    }
}
