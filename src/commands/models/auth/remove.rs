//! `fased models auth remove`

use crate::cli::auth::RemoveArgs;
use crate::commands::agent::Agent;
use crate::credentials::remove::{Found, Lost};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::{Choice, style};
use crate::text::shell_word;

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &RemoveArgs) -> Result<Exit, Failure> {
    let holder = agent.holder(ctx);
    let (snapshot, state, _) = agent.read()?;
    let found = Found::find(&holder, args.profile.trim(), &snapshot, &state)?;
    if !args.yes {
        confirm(ctx, agent, args, &found.lost)?;
    }
    let report = found.remove(&holder)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    ctx.terminal.say(&format!("{} {}", style::good("✓"), report.sentence()));
    for ended in report.ended_exports.iter().filter(|ended| ended.removed) {
        let path = ctx.paths.shown(&ended.credentials_path);
        ctx.terminal.say(&format!("Its copy for Anthropic's tools is gone, too: {path}"));
    }
    if let Some(used) = &report.used_now {
        let mark = if used.is_nothing { format!("{} ", style::attention("!")) } else { String::new() };
        ctx.terminal.say(&format!("{mark}{}", used.sentence));
    }
    for warning in &report.warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
    Ok(Exit::Ok)
}

/// Asks, naming what is lost. Where nobody can be asked, the command line must say it.
fn confirm(ctx: &Ctx, agent: &Agent, args: &RemoveArgs, lost: &Lost<'_>) -> Result<(), Failure> {
    let id = lost.profile_id;
    if args.json || !ctx.terminal.can_prompt() {
        let command = format!("fased models auth remove {} --yes{}", shell_word(id), agent.selected.flag());
        return Err(Failure::usage(format!(
            "Removing \"{id}\" needs --yes here, since nobody can be asked."
        ))
        .fact(format!("lost with it: {}", lost.described()))
        .hint("to remove it all the same, run")
        .command(command));
    }
    ctx.terminal.say(&format!(
        "{} of agent {} would be lost:\n  {}",
        style::strong(id),
        agent.selected.id,
        lost.described()
    ));
    let choices =
        vec![Choice::new(false, "Keep it", ""), Choice::new(true, "Remove it", "this cannot be undone")];
    if ctx.terminal.ask_choice(&format!("Remove {id}?"), choices)? {
        Ok(())
    } else {
        Err(Failure::cancelled(format!("Kept {id}; nothing was written.")))
    }
}
