//! `fased config path`

use std::path::Path;

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::ConfigPathArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    config_path: &'a Path,
    /// Whether there is a file.
    exists: bool,
    /// Where variables beside it are read from.
    env_path: &'a Path,
}

pub(super) fn run(ctx: &Ctx, args: ConfigPathArgs) -> Result<Exit, Failure> {
    let config_path = ctx.paths.config();
    if args.json {
        let env_path = &ctx.paths.dotenv();
        let exists = config_path.exists();
        ctx.terminal.answer_json(&Report {
            schema_version: SCHEMA_VERSION,
            config_path,
            exists,
            env_path,
        })?;
    } else {
        ctx.terminal.answer(&format!("{}\n", config_path.display()))?;
    }
    Ok(Exit::Ok)
}
