//! `fased gateway ...`

mod check;
mod keys;
mod serve;
mod service;
mod status;

use crate::cli::{GatewayArgs, GatewayCommand};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &GatewayArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => serve::run(ctx, args.serve),
        Some(GatewayCommand::Status(args)) => status::run(ctx, *args),
        Some(GatewayCommand::Check(args)) => check::run(ctx, args),
        Some(GatewayCommand::Keys(args)) => keys::run(ctx, args),
        Some(GatewayCommand::Service(args)) => service::run(ctx, *args),
    }
}
