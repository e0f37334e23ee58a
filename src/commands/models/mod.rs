//! `fased models ...`

mod status;

use crate::cli::ModelsArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &ModelsArgs) -> Result<Exit, Failure> {
    status::run(ctx, args.status_args())
}
