//! `fased models ...`

mod auth;
mod explain;
mod status;

use crate::cli::{ModelsArgs, ModelsCommand};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &ModelsArgs) -> Result<Exit, Failure> {
    match &args.command {
        Some(ModelsCommand::Status(args)) => status::run(ctx, args),
        Some(ModelsCommand::Explain(args)) => explain::run(ctx, args),
        Some(ModelsCommand::Auth(args)) => auth::run(ctx, args),
        None => status::run(ctx, &args.status),
    }
}
