//! `fased gateway`

mod check;

use crate::cli::{GatewayArgs, GatewayCommand};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &GatewayArgs) -> Result<Exit, Failure> {
    match &args.command {
        GatewayCommand::Check(args) => check::run(ctx, args),
    }
}
