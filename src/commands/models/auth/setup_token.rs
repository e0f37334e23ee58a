//! `fased models auth setup-token`: paste-token, with an offer to make the token first.

use std::path::PathBuf;
use std::process::Command;

use super::paste_token;
use crate::auth::intake::Expected;
use crate::cli::auth::{SetupTokenArgs, StoreArgs};
use crate::commands::agent::Agent;
use crate::credentials::save::Report;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::{Choice, style};

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &SetupTokenArgs) -> Result<Exit, Failure> {
    let report = store(ctx, agent, &args.store, args.yes)?;
    report.tell(ctx, args.store.json)?;
    Ok(Exit::Ok)
}

/// Stores a setup-token. With `has_one` nobody is asked whether there is one yet.
pub(super) fn store(ctx: &Ctx, agent: &Agent, args: &StoreArgs, has_one: bool) -> Result<Report, Failure> {
    let place = paste_token::place_of_token(ctx, agent, args)?;
    if !has_one && !args.json && ctx.terminal.can_prompt() {
        offer(ctx)?;
    }
    paste_token::secret(ctx, agent, &place, args, Expected::SetupToken, "setup-token")
}

/// Offers to run `claude setup-token`, where there is a `claude`. It has this terminal to itself; nothing of what it
/// shows is read here.
fn offer(ctx: &Ctx) -> Result<(), Failure> {
    let Some(claude) = on_path(ctx, "claude") else { return Ok(()) };
    let run = ctx.terminal.ask_choice(
        "Do you have a token of `claude setup-token`?",
        vec![
            Choice::new(true, "No, run `claude setup-token` now", "it takes this terminal until it ends"),
            Choice::new(false, "Yes, I have one to paste", ""),
        ],
    )?;
    if !run {
        return Ok(());
    }
    let mark = style::attention("!");
    match Command::new(&claude).arg("setup-token").status() {
        Ok(status) if status.success() => {}
        Ok(status) => match status.code() {
            // The shell's code of Ctrl-C, or the signal itself.
            Some(130) | None => return Err(Failure::cancelled("Cancelled; nothing was written.")),
            Some(code) => ctx.terminal.say(&format!(
                "{mark} `claude setup-token` failed (exit {code}). Paste a token all the same, or press Ctrl-C."
            )),
        },
        Err(error) => ctx.terminal.say(&format!("{mark} {} cannot be run: {error}.", claude.display())),
    }
    Ok(())
}

/// A program that `PATH` leads to.
fn on_path(ctx: &Ctx, name: &str) -> Option<PathBuf> {
    let places = ctx.env.get("PATH")?;
    // A directory that is not absolute would be one of wherever this runs.
    let places = std::env::split_paths(places).filter(|place| place.is_absolute());
    places.map(|place| place.join(name)).find(|program| is_executable(program))
}

#[cfg(unix)]
fn is_executable(program: &std::path::Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    program.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(program: &std::path::Path) -> bool {
    program.with_extension("exe").is_file()
}
