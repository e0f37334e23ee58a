//! `fased models auth list`

use super::{known_provider, parse_provider};
use crate::cli::auth::ListArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::status::Listing;
use crate::terminal::listing::text;

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &ListArgs) -> Result<Exit, Failure> {
    let provider = args.provider.as_deref().map(parse_provider).transpose()?;
    let class = agent.primary_class()?;
    let (snapshot, state, _) = agent.read()?;
    if let Some(provider) = &provider {
        known_provider(provider, "--provider", agent, &snapshot)?;
    }
    let now = ctx.clock.now();
    let inputs = agent.inputs(ctx, &snapshot, &state, now);
    let listing = Listing::make(&inputs, &agent.selected, provider.as_deref(), &class, agent.store.path());
    if args.json {
        ctx.terminal.answer_json(&listing)?;
    } else {
        ctx.terminal.answer(&text(&listing, &ctx.paths, now, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}
