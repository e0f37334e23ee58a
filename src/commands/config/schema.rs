//! `fased config schema`

use serde::Serialize;
use serde_json::Value;

use crate::SCHEMA_VERSION;
use crate::cli::ConfigSchemaArgs;
use crate::config::json_schema::json_schema;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    schema: Value,
}

pub(super) fn run(ctx: &Ctx, args: ConfigSchemaArgs) -> Result<Exit, Failure> {
    let schema = json_schema();
    if args.json {
        ctx.terminal.answer_json(&Report { schema_version: SCHEMA_VERSION, schema })?;
    } else {
        ctx.terminal.answer(&format!("{schema:#}\n"))?;
    }
    Ok(Exit::Ok)
}
