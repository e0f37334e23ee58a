//! `fased cache`

mod explain;

use crate::cli::{CacheArgs, CacheCommand};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &CacheArgs) -> Result<Exit, Failure> {
    match &args.command {
        CacheCommand::Explain(args) => explain::run(ctx, args),
    }
}
