//! `fased chat [MESSAGE]`

use std::cell::RefCell;
use std::collections::HashSet;
use std::num::NonZeroU64;
use std::ops::ControlFlow;

use jiff::SignedDuration;
use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::anthropic::{Answer, Delta, MessageRequest, StreamEvent, TextBlock};
use crate::ask::{AskError, Happening, Question};
use crate::auth::form::Form;
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::resolve::{Candidate, ProviderAuth, Source};
use crate::auth::wording;
use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::commands::{gave_up, ledger, no_credential, notice, typed_model};
use crate::config::schema::Params;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::allowed::Allowed;
use crate::models::known::KnownModels;
use crate::models::params::Effective;
use crate::models::params::request::RequestParams;
use crate::models::refs::ModelRef;
use crate::models::selection::{AgentModels, TypedRef};
use crate::terminal::{failover, style};
use crate::text;
use crate::usage::ledger::Row;
use crate::usage::receipt::Receipt;
use crate::usage::recording::{Ended, Recording};

/// A credential that ends sooner than this is worth a line.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatReport {
    schema_version: u32,
    text: String,
    stop_reason: Option<String>,
    receipt: Receipt,
}

pub(super) fn run(ctx: &Ctx, args: &ChatArgs) -> Result<Exit, Failure> {
    let mut row = None;
    let result = answer(ctx, args, &mut row);
    // Whatever came of it, the answer is out by now.
    ledger::record(ctx, row.as_ref());
    result
}

/// Asks and shows the answer; `row` is what the ledger gets of it.
fn answer(ctx: &Ctx, args: &ChatArgs, row: &mut Option<Row>) -> Result<Exit, Failure> {
    let question = question(ctx, args)?;
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let (models, pinned) = models(args, &agent)?;
    let (snapshot, state, _) = agent.read()?;
    let inputs = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    let refresher = agent.refresher(ctx)?;
    let asker = agent.asker(ctx, &refresher);
    let call = Params { max_tokens: args.max_tokens.and_then(NonZeroU64::new), ..Params::default() };
    let effective = |model: &ModelRef| Effective::of(&agent.selected.id, model, &agent.config, &call);
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
        request(&question, args, model, &params)
    };
    let asked =
        Question { models: &models, pinned: pinned.as_ref(), retries: args.retries, request: &request };
    let mut shown = Shown::default();
    let mut recording = Recording::new(ctx.clock.as_ref(), &agent.config, &agent.selected.id, None);
    let mut observe = |happening: Happening<'_>| {
        recording.observe(&happening);
        shown.observe(ctx, &agent, args.json, &happening)
    };
    let outcome = ctx.block_on(async { Ok(asker.ask(&asked, &inputs, &mut observe).await) });
    if !args.json {
        shown.end_line(ctx)?;
    }
    *row = recording.row(match &outcome {
        Err(_) => Ended::Cancelled,
        Ok(Err(error)) => Ended::GaveUp(error),
        Ok(Ok(asked)) => Ended::Answered(asked),
    });
    let asked = match outcome {
        Err(cancelled) => return Err(with_partial_text(cancelled, &shown.answer)),
        Ok(Err(AskError::NoCredential { model, why })) => {
            let class = KnownModels::of(&agent.config).class_of(&model);
            let auth = ProviderAuth::survey(model.provider(), class, &inputs);
            return Err(no_credential::failure(&why, &auth, &agent, &inputs));
        }
        Ok(Err(AskError::Provider(error))) => return Err(error.into()),
        Ok(Err(AskError::GaveUp { end, failed, held_back })) => {
            if let Some(failure) = shown.failure.take() {
                return Err(failure);
            }
            let failure = gave_up::failure(end, failed, &held_back, &agent, inputs.snapshot, ctx.clock.now());
            return Err(with_partial_text(failure, &shown.answer));
        }
        Ok(Ok(asked)) => asked,
    };
    let report = ChatReport {
        schema_version: SCHEMA_VERSION,
        text: asked.answer.text(),
        stop_reason: asked.answer.stop_reason().map(str::to_owned),
        receipt: Receipt::of(&asked, &agent.config),
    };
    if report.text.is_empty() && !args.json {
        ctx.terminal.say(&format!("{} the answer is empty", style::attention("!")));
    }
    if report.stop_reason.as_deref() == Some("max_tokens") {
        ctx.terminal.say(&format!(
            "{} the answer reached {} tokens and was cut; --max-tokens raises the limit",
            style::attention("!"),
            effective(&asked.model).max_tokens.value
        ));
    }
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else if ctx.terminal.is_watched() {
        ctx.terminal.say(&style::dim(&report.receipt.line()));
    }
    Ok(Exit::Ok)
}

/// The models to ask in turn: the one that was named or the agent's primary, then the agent's fallbacks. A profile that
/// was named goes with its model alone.
fn models(
    args: &ChatArgs,
    agent: &Agent,
) -> Result<(Vec<ModelRef>, Option<crate::auth::ProfileId>), Failure> {
    let configured = AgentModels::of(&agent.selected.id, &agent.config)?;
    let typed = args.model.as_deref();
    let typed = typed.map(|text| typed_model::parse(text, "value of --model", &agent.config)).transpose()?;
    if let Some(typed) = &typed {
        // What the config itself chooses is allowed by it.
        Allowed::by(&agent.config).check(&typed.model)?;
    }
    let TypedRef { model, profile } = typed.unwrap_or(TypedRef { model: configured.primary, profile: None });
    let mut models = vec![model];
    if profile.is_none() {
        models.extend(configured.fallbacks);
    }
    let mut seen = HashSet::new();
    models.retain(|model| seen.insert(model.clone()));
    Ok((models, profile))
}

/// One line when the credential in use ends soon.
fn warn_of_end(ctx: &Ctx, agent: &Agent, chosen: &Candidate<'_>) {
    let (Source::Profile(profile), Some(ends)) = (&chosen.source, chosen.ends) else { return };
    let left = ends.duration_since(ctx.clock.now());
    if left <= WARN_BEFORE {
        let left = text::duration(left);
        let fix = wording::replacement(profile, agent.selected.named());
        ctx.terminal.say(&format!("{} {} ends in {left}", style::attention("!"), profile.id));
        fix.lines().iter().for_each(|line| ctx.terminal.say(&format!("  {line}")));
    }
}

/// The words of the command line, `-` standing for standard input; without any, standard input alone.
fn question(ctx: &Ctx, args: &ChatArgs) -> Result<String, Failure> {
    let recipe = |failure: Failure| {
        failure
            .hint("ask one")
            .command("fased chat \"why is the sky blue?\"")
            .command("fased chat < question.txt")
    };
    let takes_stdin = args.message.iter().any(|word| word == "-") || args.message.is_empty();
    if args.message.is_empty() && !ctx.terminal.stdin_is_piped() {
        return Err(recipe(Failure::usage("There is no question.")));
    }
    let piped = if takes_stdin { ctx.terminal.read_stdin()? } else { String::new() };
    let words: Vec<&str> = args.message.iter().map(String::as_str).filter(|word| *word != "-").collect();
    let asked = words.join(" ");
    let parts = [asked.trim(), piped.trim()];
    let question = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("\n\n");
    if question.is_empty() { Err(recipe(Failure::usage("The question is empty."))) } else { Ok(question) }
}

fn request(question: &str, args: &ChatArgs, model: &ModelRef, params: &RequestParams) -> MessageRequest {
    let mut request = MessageRequest { model: model.model().to_owned(), ..MessageRequest::default() };
    request.system.extend(args.system.as_deref().filter(|text| !text.trim().is_empty()).map(TextBlock::new));
    request.push_user(question);
    params.apply(&mut request);
    request
}

/// What came of an answer so far; it outlives a request that is cancelled.
#[derive(Default)]
struct Shown {
    answer: Answer,
    inside_line: bool,
    /// Why the answer could not be passed on.
    failure: Option<Failure>,
    /// Why the secret of the last credential could not be had.
    unobtainable: Option<String>,
}

impl Shown {
    fn observe(
        &mut self,
        ctx: &Ctx,
        agent: &Agent,
        is_json: bool,
        happening: &Happening<'_>,
    ) -> ControlFlow<()> {
        match happening {
            Happening::Using { credential, form, billing, .. } => {
                warn_of_end(ctx, agent, credential);
                if *form == Form::PlanToken {
                    notice::show_and_record(ctx, &PLAN_CREDENTIALS);
                }
                let outside = match &credential.source {
                    Source::Profile(_) => None,
                    Source::Env(variable, _) => Some(format!("{variable} of the environment")),
                    Source::Config(key) => Some(format!("{} of the config", key.place)),
                };
                if let Some(outside) = outside {
                    ctx.terminal.say(&style::dim(&format!("using {outside} ({})", billing.as_str())));
                }
            }
            Happening::Unobtainable { error, .. } => self.unobtainable = Some(error.to_string()),
            Happening::Begins { .. } => self.answer = Answer::default(),
            Happening::Piece(event) => {
                self.answer.apply(event);
                if let (StreamEvent::ContentDelta { delta: Delta::Text(text), .. }, false) = (event, is_json)
                {
                    if let Err(failure) = ctx.terminal.pass_on(text) {
                        self.failure = Some(failure);
                        return ControlFlow::Break(());
                    }
                    self.inside_line = !text.ends_with('\n');
                }
            }
            Happening::PassedOver { model, next } => {
                ctx.terminal.say(&format!("→ no credential can be used for {model} now; asking {next}"));
            }
            Happening::Failover { event, model_class } => {
                let trouble = self.unobtainable.take();
                let line = failover::line(event, trouble.as_deref(), model_class, ctx.clock.now());
                ctx.terminal.say(&line);
            }
        }
        ControlFlow::Continue(())
    }

    /// Whatever is said next begins on a line of its own.
    fn end_line(&mut self, ctx: &Ctx) -> Result<(), Failure> {
        if std::mem::take(&mut self.inside_line) { ctx.terminal.answer("\n") } else { Ok(()) }
    }
}

/// A failure after part of the answer says so, and scripts get that part.
fn with_partial_text(failure: Failure, answer: &Answer) -> Failure {
    let text = answer.text();
    if text.is_empty() {
        return failure;
    }
    failure.fact("the answer is not complete").detail("interrupted", true.into()).detail("text", text.into())
}
