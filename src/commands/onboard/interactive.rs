//! Onboarding by asking a person. What is set up already is shown first; leaving any question writes nothing.

use super::save::{Asked, ToSave, ask_api, due_notice, save};
use super::{Kind, Wanted};
use crate::auth::enroll;
use crate::auth::intake::{self, Accepted, Expected};
use crate::auth::profile::Material;
use crate::auth::verify::Accepted as Verified;
use crate::cli::OnboardArgs;
use crate::commands::agent::Agent;
use crate::commands::secret_ref;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::{Choice, style};

#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Providers,
    Skip,
}

pub(super) fn run(ctx: &Ctx, args: &OnboardArgs, agent: &Agent, wanted: Wanted) -> Result<Exit, Failure> {
    let terminal = &ctx.terminal;
    terminal.say("Fased keeps your Claude credentials and talks to Claude for your agents.\n");
    show_what_is_there(ctx, agent)?;
    let expected = match wanted.kind {
        Kind::Ask(expected) => expected,
        _ => {
            let first = terminal.ask_choice(
                "What do you want to set up?",
                vec![
                    Choice::new(First::Providers, "Set up model providers", ""),
                    Choice::new(First::Skip, "Skip for now", ""),
                ],
            )?;
            if first == First::Skip {
                terminal.say("Skipped; nothing was written.");
                return Ok(Exit::Ok);
            }
            terminal.ask_choice(
                "How do you want to sign in to Anthropic (Claude)?",
                vec![
                    Choice::new(Expected::ApiKey, "Anthropic API key", "recommended, billed per token"),
                    Choice::new(
                        Expected::SetupToken,
                        "Anthropic token (paste setup-token)",
                        "your Claude plan; see the notice",
                    ),
                ],
            )?
        }
    };
    let notice = due_notice(ctx, expected);
    let Credential { material, unfamiliar, verified } = match secret_ref::is_wanted(&args.reference) {
        true => reference(ctx, args, agent, expected)?,
        false => credential(ctx, args, agent, expected)?,
    };
    let saved = ToSave { expected, material, unfamiliar, verified: verified.as_ref(), notice };
    let wanted = place(ctx, agent, wanted, &saved)?;
    let report = save(ctx, agent, &wanted, &saved)?;
    terminal.say(&report.sentence());
    report.tell_warnings(ctx);
    let flag = agent.selected.flag();
    let next = [
        (format!("fased chat{flag} \"hello\""), "talk to Claude"),
        (format!("fased models status{flag}"), "see your credentials' health"),
    ];
    let widest = next.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    terminal.say("\nNext:");
    for (command, what) in next {
        terminal.say(&format!("  {command:widest$}   {what}"));
    }
    Ok(Exit::Ok)
}

fn show_what_is_there(ctx: &Ctx, agent: &Agent) -> Result<(), Failure> {
    let (snapshot, ..) = agent.read()?;
    if snapshot.profiles.is_empty() {
        return Ok(());
    }
    ctx.terminal.say(&format!("Agent {} has:", agent.selected.id));
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

/// Asks before another secret is replaced; the credential may also go beside it.
fn place(ctx: &Ctx, agent: &Agent, wanted: Wanted, saved: &ToSave<'_>) -> Result<Wanted, Failure> {
    let to = enroll::destination(&saved.enrolment(&wanted), &agent.store)?;
    let Some(held) = to.holds else { return Ok(wanted) };
    let beside = ctx.terminal.ask_choice(
        &format!("{} holds another secret ({held}). What now?", to.id),
        vec![
            Choice::new(true, &format!("Keep both, store this one as {}", to.beside), ""),
            Choice::new(false, &format!("Replace the secret of {}", to.id), "the old one is gone then"),
        ],
    )?;
    let id = if beside { to.beside } else { to.id };
    Ok(Wanted { profile_id: Some(id), replace: !beside, ..wanted })
}

/// What a person gave.
struct Credential {
    material: Material,
    unfamiliar: bool,
    verified: Option<Verified>,
}

/// Asks for a credential until one is well formed and not refused by the API. When the API cannot be asked, it is taken
/// unverified: being offline is no reason to lose what was typed.
fn credential(
    ctx: &Ctx,
    args: &OnboardArgs,
    agent: &Agent,
    expected: Expected,
) -> Result<Credential, Failure> {
    let question = match expected {
        Expected::ApiKey => "API key (not shown)",
        Expected::SetupToken => "Setup-token (not shown; `claude setup-token` prints one)",
    };
    loop {
        let typed = ctx.terminal.ask_secret(question)?;
        match intake::accept(typed.expose(), expected) {
            Ok(accepted) => {
                let material = Material::Value(accepted.secret.clone());
                if let Some(given) = asked_about(ctx, args, agent, expected, &accepted, material)? {
                    return Ok(given);
                }
            }
            Err(error) => again(ctx, &error.to_string()),
        }
    }
}

/// Asks where a credential is kept until there is one that is not refused by the API.
fn reference(
    ctx: &Ctx,
    args: &OnboardArgs,
    agent: &Agent,
    expected: Expected,
) -> Result<Credential, Failure> {
    loop {
        let reference = secret_ref::ask(ctx, agent, expected)?;
        let checked = secret_ref::check(ctx, agent, &reference, expected, !args.skip_health, true);
        let material = Material::Reference(Box::new(reference));
        match checked {
            Ok(None) => return Ok(Credential { material, unfamiliar: false, verified: None }),
            Ok(Some(accepted)) => {
                if let Some(given) = asked_about(ctx, args, agent, expected, &accepted, material)? {
                    return Ok(given);
                }
            }
            Err(failure) if failure.exit == Exit::Cancelled => return Err(failure),
            Err(failure) => {
                let hint = failure.hint.map(|hint| format!("\n  {hint}.")).unwrap_or_default();
                again(ctx, &format!("{}{hint}", failure.message));
            }
        }
    }
}

fn again(ctx: &Ctx, why: &str) {
    ctx.terminal.say(&format!("{} {why} Try again, or press Ctrl-C.", style::bad("✗")));
}

/// Asks the API about what was given, unless that is not wanted; `None` when it refuses it.
fn asked_about(
    ctx: &Ctx,
    args: &OnboardArgs,
    agent: &Agent,
    expected: Expected,
    accepted: &Accepted,
    material: Material,
) -> Result<Option<Credential>, Failure> {
    ctx.terminal.say(&format!("  {}", style::dim(&accepted.secret.masked())));
    let taken = |verified| Credential { material, unfamiliar: accepted.unfamiliar, verified };
    if args.skip_health {
        return Ok(Some(taken(None)));
    }
    match ask_api(ctx, agent, expected, &accepted.secret, true)? {
        Asked::Accepted(verified) => {
            let organization = verified.organization_id.as_deref();
            let organization = organization.map(|id| format!("organization {id}, ")).unwrap_or_default();
            let models = verified.models;
            ctx.terminal.say(&format!("{} It works ({organization}{models} models)", style::good("✓")));
            Ok(Some(taken(Some(verified))))
        }
        Asked::Refused(failure) => {
            again(ctx, &failure.message);
            Ok(None)
        }
        Asked::Unanswered(failure) => {
            let mark = style::attention("!");
            ctx.terminal.say(&format!("{mark} {} It is stored without being verified.", failure.message));
            Ok(Some(taken(None)))
        }
    }
}
