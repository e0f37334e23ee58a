//! `fased completion SHELL`

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionArgs};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

pub(super) fn run(ctx: &Ctx, args: CompletionArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "fased", &mut script);
    ctx.terminal.answer(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
