//! `fased config get`

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::{first_missing, key_path, nearest_place};
use crate::SCHEMA_VERSION;
use crate::cli::ConfigGetArgs;
use crate::config::document::Document;
use crate::config::edit::{Segment, shown};
use crate::config::key_path::resolved;
use crate::config::redact;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::text::shell_word;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    path: String,
    value: Value,
    /// Whether secrets in the value are masked.
    redacted: bool,
    /// The files it comes from.
    files: Vec<PathBuf>,
}

pub(super) fn run(ctx: &Ctx, args: &ConfigGetArgs) -> Result<Exit, Failure> {
    let path = args.path.as_deref().map(key_path).transpose()?.unwrap_or_default();
    let document = Document::read(&ctx.paths)?;
    let path = resolved(path, document.value());
    let value = document.get(&path).ok_or_else(|| not_set(ctx, &path, &document))?;
    let (value, redacted) =
        if args.unredacted { (value.clone(), false) } else { redact::redacted(&path, value) };
    if args.json {
        let files = document.files_of(&path);
        let path = shown(&path);
        ctx.terminal.answer_json(&Report { schema_version: SCHEMA_VERSION, path, value, redacted, files })?;
        return Ok(Exit::Ok);
    }
    // A text stands alone, so that scripts can use it as it is.
    let text = value.as_str().map_or_else(|| format!("{value:#}"), str::to_owned);
    ctx.terminal.pass_on(&format!("{text}\n"))?;
    if redacted && ctx.terminal.is_watched() {
        ctx.terminal.say("Secrets are masked; --unredacted shows them.");
    }
    Ok(Exit::Ok)
}

fn not_set(ctx: &Ctx, path: &[Segment], document: &Document) -> Failure {
    let failure = Failure::new(
        Exit::Failed,
        "config_not_set",
        format!("`{}` is not set in {}.", shown(path), ctx.paths.shown(ctx.paths.config())),
    );
    match nearest_place(path, document) {
        Some(near) => {
            failure.hint("did you mean").command(format!("fased config get {}", shell_word(&shown(&near))))
        }
        None => failure.hint("see what is").command(match &path[..first_missing(path, document)] {
            [] => "fased config get".to_owned(),
            around => format!("fased config get {}", shell_word(&shown(around))),
        }),
    }
}
