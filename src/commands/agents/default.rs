//! `fased agents default`

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::AgentsDefaultArgs;
use crate::commands::agent::agent_id;
use crate::config::agent_list::{self, AgentListError};
use crate::config::{AgentId, edit};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::style;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    agent_id: &'a AgentId,
    previous: &'a AgentId,
    changed: bool,
}

pub(super) fn run(ctx: &Ctx, args: &AgentsDefaultArgs) -> Result<Exit, Failure> {
    let asked = args.name.as_deref().map(|name| agent_id(name, "name")).transpose()?;
    let config = ctx.config()?;
    let previous = config.default_agent();
    let chosen = asked.as_ref().unwrap_or(&previous);
    agent_list::check_known(&config, chosen).map_err(AgentListError::from)?;
    // What is so already takes no lock and makes no file.
    let changed = *chosen != previous
        && edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
            agent_list::make_default(edit, chosen)?;
            Ok::<_, AgentListError>(())
        })?
        .is_changed();
    if args.json {
        let report =
            Report { schema_version: SCHEMA_VERSION, agent_id: chosen, previous: &previous, changed };
        ctx.terminal.answer_json(&report)?;
    } else if asked.is_none() {
        ctx.terminal.answer(&format!("{chosen}\n"))?;
    } else if changed {
        ctx.terminal
            .say(&format!("{} {chosen} is the default agent now (before: {previous}).", style::good("✓")));
    } else {
        let mark = style::good("✓");
        ctx.terminal.say(&format!("{mark} {chosen} is the default agent already; nothing was written."));
    }
    Ok(Exit::Ok)
}
