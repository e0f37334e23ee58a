//! Onboarding by asking a person. What is set up already is shown first; leaving any question writes nothing.

use super::save::{save, show_notice, verified};
use super::{Kind, Wanted};
use crate::auth::intake::{self, Accepted, Expected};
use crate::auth::verify::Accepted as Verified;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::{Choice, style};

#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Providers,
    Skip,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, wanted: &Wanted) -> Result<Exit, Failure> {
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
    show_notice(ctx, expected)?;
    let (accepted, verified) = credential(ctx, agent, expected)?;
    let report = save(ctx, agent, expected, &accepted, wanted, verified.as_ref())?;
    terminal.say(&report.sentence());
    report.tell_warnings(ctx);
    let flag = agent.flag();
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

/// Asks for a credential until one is well formed and not refused by the API. When the API cannot be reached, it is
/// taken unverified: being offline is no reason to lose what was typed.
fn credential(ctx: &Ctx, agent: &Agent, expected: Expected) -> Result<(Accepted, Option<Verified>), Failure> {
    let question = match expected {
        Expected::ApiKey => "API key (not shown)",
        Expected::SetupToken => "Setup-token (not shown; `claude setup-token` prints one)",
    };
    loop {
        let typed = ctx.terminal.ask_secret(question)?;
        let accepted = match intake::accept(typed.expose(), expected) {
            Ok(accepted) => accepted,
            Err(error) => {
                ctx.terminal.say(&format!("{} {error} Try again, or press Ctrl-C.", style::bad("✗")));
                continue;
            }
        };
        ctx.terminal.say(&format!("  {}", style::dim(&accepted.secret.masked())));
        match verified(ctx, agent, expected, &accepted.secret) {
            Ok(verified) => {
                let organization = verified.organization_id.as_deref();
                let organization = organization.map(|id| format!("organization {id}, ")).unwrap_or_default();
                ctx.terminal.say(&format!(
                    "{} It works ({organization}{} models)",
                    style::good("✓"),
                    verified.models
                ));
                return Ok((accepted, Some(verified)));
            }
            Err(failure) if failure.exit == Exit::Provider => {
                ctx.terminal.say(&format!(
                    "{} {} Try again, or press Ctrl-C.",
                    style::bad("✗"),
                    failure.message
                ));
            }
            Err(failure) if failure.exit == Exit::Network => {
                ctx.terminal.say(&format!(
                    "{} {} It is stored without being verified.",
                    style::attention("!"),
                    failure.message
                ));
                return Ok((accepted, None));
            }
            Err(failure) => return Err(failure),
        }
    }
}
