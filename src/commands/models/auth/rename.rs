//! `fased models auth rename`

use super::parse_id;
use crate::cli::auth::RenameArgs;
use crate::commands::agent::Agent;
use crate::credentials::rename::rename;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::style;
use crate::text::without_credentials;

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &RenameArgs) -> Result<Exit, Failure> {
    let (old, new) = (parse_id(&args.old, "OLD")?, parse_id(&args.new, "NEW")?);
    if without_credentials(new.as_str()) != new.as_str() {
        return Err(Failure::usage("The value of NEW holds a credential; a name is shown everywhere."));
    }
    let report = rename(&agent.holder(ctx), &old, &new)?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    ctx.terminal.say(&format!("{} {}", style::good("✓"), report.sentence()));
    for warning in &report.warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
    Ok(Exit::Ok)
}
