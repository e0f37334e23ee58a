//! `fased models ...`

mod aliases;
mod auth;
pub(super) mod choice;
mod explain;
mod fallbacks;
mod list;
mod roles;
mod set;
mod status;

use crate::cli::{ModelsArgs, ModelsCommand};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::choice::Purpose;

pub(super) fn run(ctx: &Ctx, args: &ModelsArgs) -> Result<Exit, Failure> {
    match &args.command {
        Some(ModelsCommand::Status(args)) => status::run(ctx, args),
        Some(ModelsCommand::Explain(args)) => explain::run(ctx, args),
        Some(ModelsCommand::List(args)) => list::run(ctx, args),
        Some(ModelsCommand::Set(args)) => set::run(ctx, args, Purpose::Any),
        Some(ModelsCommand::SetImage(args)) => set::run(ctx, args, Purpose::Images),
        Some(ModelsCommand::Aliases(args)) => aliases::run(ctx, args),
        Some(ModelsCommand::Fallbacks(args)) => fallbacks::run(ctx, args, Purpose::Any),
        Some(ModelsCommand::ImageFallbacks(args)) => fallbacks::run(ctx, args, Purpose::Images),
        Some(ModelsCommand::Roles(args)) => roles::run(ctx, args),
        Some(ModelsCommand::Auth(args)) => auth::run(ctx, args),
        None => status::run(ctx, &args.status),
    }
}
