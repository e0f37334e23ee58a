//! `fased agents ...`

mod add;
mod default;
mod list;
mod models;
mod remove;

use crate::cli::{AgentsArgs, AgentsCommand, AgentsModelsCommand};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &AgentsArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => list::run(ctx, args.list),
        Some(AgentsCommand::List(args)) => list::run(ctx, *args),
        Some(AgentsCommand::Add(args)) => add::run(ctx, args),
        Some(AgentsCommand::Remove(args)) => remove::run(ctx, args),
        Some(AgentsCommand::Default(args)) => default::run(ctx, args),
        Some(AgentsCommand::Models(AgentsModelsCommand::Set(args))) => models::set(ctx, args),
    }
}
