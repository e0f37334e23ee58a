//! `fased chat [MESSAGE]`

use std::time::Duration;

use jiff::SignedDuration;
use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::anthropic::{
    self, Answer, Authorization, Client, Delta, MessageRequest, ResponseMeta, StreamEvent, TextBlock, cache,
};
use crate::auth::form::Form;
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::obtain::{ObtainError, Obtained, Obtainer};
use crate::auth::resolve::{Candidate, NoCredential, ProviderAuth, Source};
use crate::auth::state::AuthState;
use crate::auth::store::Snapshot;
use crate::auth::wording;
use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::commands::{no_credential, notice};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::catalog::Catalog;
use crate::models::refs::ModelRef;
use crate::models::selection::{self, AgentModels, TypedRef};
use crate::provider;
use crate::terminal::style;
use crate::text;
use crate::usage::receipt::Receipt;

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
    let question = question(ctx, args)?;
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let TypedRef { model, profile: pinned } = match &args.model {
        Some(text) => selection::parse_typed(text, &agent.config)?,
        None => {
            TypedRef { model: AgentModels::of(&agent.selected.id, &agent.config)?.primary, profile: None }
        }
    };
    let (snapshot, state, _) = agent.read()?;
    let inputs = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    let auth = ProviderAuth::survey(model.provider(), Catalog::embedded().class_of(&model), &inputs);
    let candidates = auth
        .candidates(pinned.as_ref())
        .map_err(|why: NoCredential| no_credential::failure(&why, &auth, &agent, &inputs))?;
    let refresher = agent.refresher(ctx)?;
    let obtainer =
        Obtainer { references: inputs.references(), refresher: &refresher, programs: &ctx.programs };
    let signed = ctx.block_on(first_obtained(ctx, obtainer, candidates))?;
    let Some(mut signed) = signed else {
        return Err(no_credential::failure(&NoCredential::AllUnusable, &auth, &agent, &inputs));
    };
    warn_of_end(ctx, &agent, &signed.chosen);
    if signed.obtained.form == Form::PlanToken {
        notice::show_and_record(ctx, &PLAN_CREDENTIALS);
    }
    if let Source::Env(variable, _) = signed.chosen.source {
        let billing = signed.obtained.billing.as_str();
        ctx.terminal.say(&style::dim(&format!("using {variable} of the environment ({billing})")));
    }
    let mut shown = Shown::default();
    let client = provider::client(model.provider(), &agent.config, &ctx.env, ctx.network)?;
    let request = |form: Form| request(&question, args, &model, form);
    let outcome = ctx.block_on(ask(ctx, &client, &mut signed, &request, args.json, &mut shown));
    if !args.json {
        shown.end_line(ctx)?;
    }
    let (chosen, answer) = (signed.chosen, &shown.answer);
    let (meta, duration) = outcome.map_err(|failure| interrupted(failure, &agent, &chosen, answer))?;
    let report = ChatReport {
        schema_version: SCHEMA_VERSION,
        text: answer.text(),
        stop_reason: answer.stop_reason().map(str::to_owned),
        receipt: Receipt::of(answer, &meta, &chosen, &model, duration),
    };
    note_success(ctx, &agent, &snapshot, &state, &chosen);
    if report.text.is_empty() && !args.json {
        ctx.terminal.say(&format!("{} the answer is empty", style::attention("!")));
    }
    if report.stop_reason.as_deref() == Some("max_tokens") {
        ctx.terminal.say(&format!(
            "{} the answer reached {} tokens and was cut; --max-tokens raises the limit",
            style::attention("!"),
            args.max_tokens
        ));
    }
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else if ctx.terminal.is_watched() {
        ctx.terminal.say(&style::dim(&report.receipt.line()));
    }
    Ok(Exit::Ok)
}

/// The credential that signs a request, with its secret.
struct Signed<'a> {
    obtainer: Obtainer<'a>,
    chosen: Candidate<'a>,
    obtained: Obtained,
}

/// The first credential whose secret can be had. What cannot be found where its reference leads is said, and the next one
/// is tried.
async fn first_obtained<'a>(
    ctx: &Ctx,
    obtainer: Obtainer<'a>,
    candidates: Vec<Candidate<'a>>,
) -> Result<Option<Signed<'a>>, Failure> {
    let mut passed_over: Vec<ObtainError> = Vec::new();
    let mut candidates = candidates.into_iter().peekable();
    while let Some(candidate) = candidates.next() {
        match obtainer.obtain(&candidate).await {
            Ok(obtained) => {
                let chosen = Candidate { billing: obtained.billing, ..candidate };
                return Ok(Some(Signed { obtainer, chosen, obtained }));
            }
            Err(error @ ObtainError::Reference { .. }) => match candidates.peek() {
                Some(next) => {
                    let (name, billing) = (next.source.name(), next.billing.as_str());
                    ctx.terminal.say(&format!("→ {error}; continuing with {name} ({billing})"));
                    passed_over.push(error);
                }
                None => {
                    let earlier = passed_over.iter().map(ToString::to_string);
                    return Err(earlier.fold(error.into(), Failure::fact));
                }
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

impl Signed<'_> {
    fn authorization(&self) -> Authorization {
        provider::authorization(self.obtained.clone())
    }

    /// Takes another secret in place of one the API refused; says whether there was one.
    async fn renew(&mut self, refusal: &anthropic::Error) -> Result<bool, Failure> {
        let Some(refusal) = refusal.api().filter(|api| Obtainer::renews_after(&self.chosen, api.kind)) else {
            return Ok(false);
        };
        let renewed = self.obtainer.renew(&self.chosen, &self.obtained.secret).await.map_err(|error| {
            Failure::from(error).fact(format!("the API refused what it gave before ({})", refusal.status))
        })?;
        let Some(renewed) = renewed else { return Ok(false) };
        self.chosen.billing = renewed.billing;
        self.obtained = renewed;
        Ok(true)
    }
}

/// One line when the credential in use ends soon.
fn warn_of_end(ctx: &Ctx, agent: &Agent, chosen: &Candidate<'_>) {
    let (Source::Profile(profile), Some(ends)) = (&chosen.source, chosen.ends) else { return };
    let left = ends.duration_since(ctx.clock.now());
    if left <= WARN_BEFORE {
        let left = text::duration(left);
        let fix = wording::replacement(profile, agent.selected.named());
        ctx.terminal.say(&format!("{} {} ends in {left}\n  fix: {fix}", style::attention("!"), profile.id));
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

fn request(question: &str, args: &ChatArgs, model: &ModelRef, form: Form) -> MessageRequest {
    let mut request = MessageRequest::new(model.model(), args.max_tokens);
    request.system.extend(args.system.as_deref().filter(|text| !text.trim().is_empty()).map(TextBlock::new));
    request.push_user(question);
    // Plans do not honour cache settings, so their requests carry no markers.
    let retention = if form == Form::PlanToken { cache::Retention::None } else { cache::Retention::Short };
    cache::mark(&mut request, retention);
    request
}

/// What came of an answer so far; it outlives a request that is cancelled.
#[derive(Default)]
struct Shown {
    answer: Answer,
    inside_line: bool,
}

impl Shown {
    /// Whatever is said next begins on a line of its own.
    fn end_line(&mut self, ctx: &Ctx) -> Result<(), Failure> {
        if std::mem::take(&mut self.inside_line) { ctx.terminal.answer("\n") } else { Ok(()) }
    }
}

/// Sends the question, once more with another secret when the first one is refused and there is one, and passes the answer
/// on as it comes.
async fn ask(
    ctx: &Ctx,
    client: &Client,
    signed: &mut Signed<'_>,
    request: &impl Fn(Form) -> MessageRequest,
    is_json: bool,
    shown: &mut Shown,
) -> Result<(ResponseMeta, Duration), Failure> {
    let started = ctx.clock.steady();
    let first = client.stream_message(&signed.authorization(), &request(signed.obtained.form)).await;
    let mut stream = match first {
        Ok(stream) => stream,
        Err(refusal) if signed.renew(&refusal).await? => {
            client.stream_message(&signed.authorization(), &request(signed.obtained.form)).await?
        }
        Err(error) => return Err(error.into()),
    };
    while let Some(event) = stream.next().await {
        let event = event?;
        if let (StreamEvent::ContentDelta { delta: Delta::Text(text), .. }, false) = (&event, is_json) {
            ctx.terminal.pass_on(text)?;
            shown.inside_line = !text.ends_with('\n');
        }
        shown.answer.apply(&event);
    }
    Ok((stream.meta().clone(), ctx.clock.steady().saturating_sub(started)))
}

/// A refusal names the credential it is about; a failure after part of the answer says so, and scripts get that part.
fn interrupted(failure: Failure, agent: &Agent, chosen: &Candidate<'_>, answer: &Answer) -> Failure {
    let failure = match (failure.exit, &chosen.source) {
        (Exit::Provider, Source::Profile(profile)) => {
            failure.fact(format!("credential {}", profile.id)).detail("profileId", profile.id.as_str().into())
        }
        (Exit::Provider, Source::Env(variable, _)) => failure.fact(format!("credential {variable}")),
        _ => failure,
    };
    let refused = failure.details.get("type").is_some_and(|kind| kind == "authentication_error");
    let failure = match &chosen.source {
        Source::Profile(profile) if refused => {
            failure.fix(wording::replacement(profile, agent.selected.named()))
        }
        _ => failure,
    };
    let text = answer.text();
    if text.is_empty() {
        return failure;
    }
    failure.fact("the answer is not complete").detail("interrupted", true.into()).detail("text", text.into())
}

/// Remembers the use. The answer is already given, so a failure is logged and not an error.
fn note_success(ctx: &Ctx, agent: &Agent, snapshot: &Snapshot, state: &AuthState, chosen: &Candidate<'_>) {
    let Source::Profile(profile) = chosen.source else { return };
    let now = ctx.clock.now();
    if !state.clone().note_success(profile, now) {
        return;
    }
    let noted =
        agent.state_file().update(snapshot, ctx.clock.as_ref(), |state| state.note_success(profile, now));
    if let Err(error) = noted {
        tracing::warn!(%error, "could not note the use of a profile");
    }
}
