//! Onboarding by asking a person. What is set up already is shown first; leaving any question writes nothing.

use super::{Kind, Wanted, custom, scripted};
use crate::anthropic::ModelInfo;
use crate::auth::intake::Expected;
use crate::cli::OnboardArgs;
use crate::cli::auth::LoginMethod;
use crate::commands::agent::Agent;
use crate::commands::credential::ask::Answer;
use crate::commands::credential::{ask, default_model, due_notice, method, sign_in};
use crate::commands::secret_ref;
use crate::credentials::Place;
use crate::credentials::save::{ToSave, save};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::selection::AgentModels;
use crate::terminal::{Choice, style};

#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Anthropic,
    Custom,
    Skip,
}

pub(super) fn run(ctx: &Ctx, args: &OnboardArgs, agent: Agent, wanted: &Wanted) -> Result<Exit, Failure> {
    let terminal = &ctx.terminal;
    greet(ctx, &agent)?;
    let method = match wanted.kind {
        Kind::Ask(Expected::ApiKey) => LoginMethod::ApiKey,
        Kind::Ask(Expected::SetupToken) => LoginMethod::Token,
        Kind::SignIn => LoginMethod::OAuth,
        _ => match first(ctx)? {
            First::Anthropic => method::ask(ctx)?,
            First::Custom => return custom::converse(ctx, args, agent),
            First::Skip => {
                terminal.say("Skipped; nothing was written.");
                return Ok(Exit::Ok);
            }
        },
    };
    let agent = &agent;
    match method {
        LoginMethod::OAuth => with_browser(ctx, args, agent, &wanted.place)?,
        LoginMethod::ApiKey => with_secret(ctx, args, agent, &wanted.place, Expected::ApiKey)?,
        LoginMethod::Token => with_secret(ctx, args, agent, &wanted.place, Expected::SetupToken)?,
    }
    say_what_is_next(ctx, agent, "");
    Ok(Exit::Ok)
}

/// What a conversation begins with.
pub(super) fn greet(ctx: &Ctx, agent: &Agent) -> Result<(), Failure> {
    ctx.terminal.say("Fased keeps your Claude credentials and talks to Claude for your agents.\n");
    show_what_is_there(ctx, agent)
}

/// What a conversation ends with; `model` names on the command line what the agent does not ask by itself.
pub(super) fn say_what_is_next(ctx: &Ctx, agent: &Agent, model: &str) {
    let flag = agent.selected.flag();
    let next = [
        (format!("fased chat{flag}{model} \"hello\""), "talk to Claude"),
        (format!("fased models status{flag}"), "see your credentials' health"),
    ];
    let widest = next.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    ctx.terminal.say("\nNext:");
    for (command, what) in next {
        ctx.terminal.say(&format!("  {command:widest$}   {what}"));
    }
}

fn first(ctx: &Ctx) -> Result<First, Failure> {
    let goes_on = ctx.terminal.ask_choice(
        "What do you want to set up?",
        vec![Choice::new(true, "Set up model providers", ""), Choice::new(false, "Skip for now", "")],
    )?;
    if !goes_on {
        return Ok(First::Skip);
    }
    ctx.terminal.ask_choice(
        "Provider",
        vec![
            Choice::new(First::Anthropic, "Anthropic (Claude)", "API key, sign-in or setup-token"),
            Choice::new(First::Custom, "Another Anthropic-compatible endpoint", "address, model and API key"),
            Choice::new(First::Skip, "None for now", ""),
        ],
    )
}

/// The pair is stored as soon as it is there, so the model is asked for after that.
fn with_browser(ctx: &Ctx, args: &OnboardArgs, agent: &Agent, place: &Place) -> Result<(), Failure> {
    let (mut report, verified) = sign_in::run(ctx, agent, place, &scripted::manner(args))?;
    report.tell_in_conversation(ctx);
    let live = verified.map(|verified| verified.models).unwrap_or_default();
    if live.is_empty() {
        return Ok(());
    }
    let chosen = default_model::choose(ctx, agent, &live).map_err(|failure| match failure.exit {
        Exit::Cancelled => report.in_detail(Failure::cancelled(format!(
            "Cancelled; the sign-in is stored as {}, the default model is as before.",
            report.id()
        ))),
        _ => failure,
    })?;
    if let Some(model) = chosen {
        report.set_default_model(ctx, agent, &model)?;
        report.tell_default_model(ctx);
    }
    Ok(())
}

fn with_secret(
    ctx: &Ctx,
    args: &OnboardArgs,
    agent: &Agent,
    place: &Place,
    expected: Expected,
) -> Result<(), Failure> {
    let notice = due_notice(ctx, place, expected);
    let Answer { held, verified } = match secret_ref::is_wanted(&args.reference) {
        true => ask::reference(ctx, agent, &place.provider, expected, !args.skip_health)?,
        false => ask::credential(ctx, agent, &place.provider, expected, !args.skip_health)?,
    };
    let mut to_save = ToSave::of_secret(expected, held, place, notice, "onboard");
    to_save.accepted_by_the_api(verified.as_ref().map(|verified| verified.status));
    ask::choose_place(ctx, agent, &mut to_save)?;
    let live: &[ModelInfo] = verified.as_ref().map_or(&[], |verified| &verified.models);
    let model = if live.is_empty() { None } else { default_model::choose(ctx, agent, live)? };
    let mut report = save(&agent.holder(ctx), &to_save)?;
    if let Some(model) = model {
        report.set_default_model(ctx, agent, &model)?;
    }
    report.tell_in_conversation(ctx);
    Ok(())
}

fn show_what_is_there(ctx: &Ctx, agent: &Agent) -> Result<(), Failure> {
    let (snapshot, ..) = agent.read()?;
    if snapshot.profiles.is_empty() {
        return Ok(());
    }
    let model = AgentModels::of(&agent.selected.id, &agent.config)?.primary;
    ctx.terminal.say(&format!("Agent {} asks {model} by default and has:", agent.selected.id));
    for profile in snapshot.profiles.values() {
        let credential = &profile.credential;
        ctx.terminal.say(&format!(
            "  {}   {} {}",
            profile.id,
            credential.kind().described(),
            style::dim(&credential.material().shown())
        ));
    }
    ctx.terminal.say("");
    Ok(())
}
