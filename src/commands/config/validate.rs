//! `fased config validate`

use std::path::PathBuf;

use serde::Serialize;

use super::unknown_key_line;
use crate::SCHEMA_VERSION;
use crate::cli::ConfigValidateArgs;
use crate::config::ConfigError;
use crate::config::document::Document;
use crate::config::load::ConfigProblem;
use crate::config::unknown_keys::UnknownKeyAt;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::catalog::Catalog;
use crate::terminal::style;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    valid: bool,
    /// The files that make the config.
    files: Vec<PathBuf>,
    /// What makes it invalid.
    problems: Vec<Problem>,
    /// Keys that nobody reads.
    unknown_keys: Vec<UnknownKeyAt>,
}

#[derive(Serialize)]
struct Problem {
    file: PathBuf,
    line: Option<usize>,
    column: Option<usize>,
    key: Option<String>,
    message: String,
}

impl Problem {
    fn of(path: PathBuf, problem: &ConfigProblem) -> Self {
        let (line, column) = match problem {
            ConfigProblem::At { line, column, .. } => (Some(*line), Some(*column)),
            ConfigProblem::TooDeep { line } => (Some(*line), None),
            ConfigProblem::NotText | ConfigProblem::Somewhere { .. } => (None, None),
        };
        Self { file: path, line, column, key: problem.key().map(str::to_owned), message: problem.rule() }
    }
}

pub(super) fn run(ctx: &Ctx, args: ConfigValidateArgs) -> Result<Exit, Failure> {
    let document = Document::read(&ctx.paths);
    let checked = document.and_then(|document| document.check(&ctx.paths, &ctx.env).map(|_| document));
    let report = match checked {
        Ok(document) => Report {
            schema_version: SCHEMA_VERSION,
            valid: true,
            files: document.files().filter(|_| document.is_there()).map(PathBuf::from).collect(),
            problems: Vec::new(),
            unknown_keys: document.unknown_keys(Catalog::embedded().foreign_config_keys()),
        },
        // What is invalid is the answer, for scripts; a person gets the sentence every other command would say.
        Err(ConfigError::Invalid { path, problem }) if args.json => Report {
            schema_version: SCHEMA_VERSION,
            valid: false,
            files: vec![ctx.paths.config().to_owned()],
            problems: vec![Problem::of(path, &problem)],
            unknown_keys: Vec::new(),
        },
        Err(error) => return Err(error.into()),
    };
    let exit = if report.valid && (report.unknown_keys.is_empty() || !args.strict) {
        Exit::Ok
    } else {
        Exit::Failed
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(exit);
    }
    let config = ctx.paths.config();
    for unknown in &report.unknown_keys {
        ctx.terminal.say(&unknown_key_line(ctx, unknown, config));
    }
    let file = ctx.paths.shown(config);
    let said = match (report.files.len(), exit) {
        (0, _) => format!("{file} is not there; every setting has its default."),
        (_, Exit::Failed) => format!("{file} is valid, but has keys nobody reads."),
        (1, _) => format!("{file} is valid."),
        (files, _) => format!("{file} is valid, with {} it includes.", counted(files - 1)),
    };
    let mark = if exit == Exit::Ok { style::good("✓") } else { style::bad("✗") };
    ctx.terminal.say(&format!("{mark} {said}"));
    Ok(exit)
}

fn counted(files: usize) -> String {
    if files == 1 { "one file".to_owned() } else { format!("{files} files") }
}
