//! `fased gateway service`

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::GatewayServiceArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::gateway::service::{self, Unit};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceReport<'a> {
    schema_version: u32,
    unit: &'a str,
}

pub(super) fn run(ctx: &Ctx, args: GatewayServiceArgs) -> Result<Exit, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| anyhow::Error::from(error).context("cannot tell where this program is"))?;
    let unit = service::systemd_unit(&Unit {
        program: &program,
        state: ctx.env.get("FASED_STATE_DIR").map(|_| ctx.paths.state()),
        port: args.port,
    });
    if args.json {
        ctx.terminal.answer_json(&ServiceReport { schema_version: SCHEMA_VERSION, unit: &unit })?;
    } else {
        ctx.terminal.answer(&unit)?;
    }
    Ok(Exit::Ok)
}
