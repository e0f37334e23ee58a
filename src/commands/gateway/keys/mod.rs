//! `fased gateway keys ...`

mod add;
mod list;
mod revoke;

use crate::cli::{GatewayKeysArgs, GatewayKeysCommand};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: &GatewayKeysArgs) -> Result<Exit, Failure> {
    match &args.command {
        GatewayKeysCommand::Add(args) => add::run(ctx, args),
        GatewayKeysCommand::List(args) => list::run(ctx, *args),
        GatewayKeysCommand::Revoke(args) => revoke::run(ctx, args),
    }
}
