//! `fased config unset`

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::{key_path, nearest_place};
use crate::SCHEMA_VERSION;
use crate::cli::ConfigUnsetArgs;
use crate::config::document::Document;
use crate::config::edit::{self, EditError, shown};
use crate::config::redact;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::style;
use crate::text::one_line;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    path: String,
    changed: bool,
    /// What stood there; secrets are masked.
    previous: Option<Value>,
    /// The files that were written.
    files: Vec<PathBuf>,
}

pub(super) fn run(ctx: &Ctx, args: &ConfigUnsetArgs) -> Result<Exit, Failure> {
    let asked = key_path(&args.path)?;
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let path = edit.resolved(asked.clone());
        let previous = edit.get(&path).map(|value| redact::redacted(&path, value).0);
        edit.remove(&path)?;
        Ok::<_, EditError>((path, previous))
    })?;
    let changed = updated.is_changed();
    let (path, previous) = updated.result;
    let report = Report {
        schema_version: SCHEMA_VERSION,
        path: shown(&path),
        changed,
        previous,
        files: updated.written,
    };
    if report.files.is_empty()
        && let Some(near) = nearest_place(&path, &Document::read(&ctx.paths)?)
    {
        let said = format!("{} Did you mean {}?", style::attention("!"), one_line(&shown(&near)));
        ctx.terminal.say(&said);
    }
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let mark = style::good("✓");
    ctx.terminal.say(&match report.files.first() {
        Some(file) => format!("{mark} Removed {} from {}.", report.path, ctx.paths.shown(file)),
        None => format!("{mark} {} is not set; nothing was written.", report.path),
    });
    Ok(Exit::Ok)
}
