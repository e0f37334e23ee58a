//! `fased config set`

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::{key_path, unknown_key_line};
use crate::SCHEMA_VERSION;
use crate::cli::ConfigSetArgs;
use crate::config::edit::{self, Segment, shown};
use crate::config::load;
use crate::config::redact;
use crate::config::unknown_keys::UnknownKeyAt;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::allowed::Allowed;
use crate::models::catalog::Catalog;
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
    value: Value,
    /// The files that were written.
    files: Vec<PathBuf>,
    /// Keys of it that nobody reads.
    unknown_keys: Vec<UnknownKeyAt>,
    /// What else should be known of it.
    warnings: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, args: &ConfigSetArgs) -> Result<Exit, Failure> {
    let asked = key_path(&args.path)?;
    let value = value(ctx, args, &asked)?;
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let path = edit.resolved(asked.clone());
        let (previous, before) = (edit.get(&path).cloned(), edit.config().clone());
        edit.set(&path, &value)?;
        let unknown = unknown_below(edit.unknown_keys(Catalog::embedded().foreign_config_keys()), &path);
        if let (true, Some(first)) = (args.strict, unknown.first()) {
            return Err(Failure::new(
                Exit::Failed,
                "config_unknown_key",
                format!("Nobody reads `{}`.", first.key),
            )
            .hint(match &first.nearest {
                Some(name) => {
                    let around = first.key.rsplit_once('.').map(|(around, _)| format!("{around}."));
                    format!("did you mean `{}{name}`? Nothing was changed", around.unwrap_or_default())
                }
                None => "nothing was changed".to_owned(),
            }));
        }
        Ok((path, previous, unknown, Allowed::restriction(&before, edit.config())))
    })?;
    let changed = updated.is_changed();
    let (files, (path, previous, unknown_keys, restriction)) = (updated.written, updated.result);
    let masked = |value: &Value| redact::redacted(&path, value).0;
    let report = Report {
        schema_version: SCHEMA_VERSION,
        path: shown(&path),
        changed,
        previous: previous.as_ref().map(masked),
        value: masked(&value),
        files,
        unknown_keys,
        warnings: restriction.into_iter().collect(),
    };
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else {
        tell(ctx, &report);
    }
    Ok(Exit::Ok)
}

/// The value: JSON5, or else a text. Where only a text can stand, a number is one too.
fn value(ctx: &Ctx, args: &ConfigSetArgs, path: &[Segment]) -> Result<Value, Failure> {
    let text = match &args.value {
        Some(text) => text.clone(),
        None => ctx.terminal.read_stdin()?.trim_end_matches(['\n', '\r']).to_owned(),
    };
    let as_text = || Value::String(text.clone());
    let refused =
        |message: &str| Err(Failure::usage(message).hint("put a text in quotes; nothing was changed"));
    match load::parse_value(&text) {
        Ok(Value::Number(_) | Value::Bool(_)) if redact::is_secret(path) => Ok(as_text()),
        Ok(_) if load::has_number_that_is_none(&text) => {
            refused("Infinity and NaN are no numbers a config can have.")
        }
        // A number that would be written as another one.
        Ok(Value::Number(number)) if text.trim().bytes().all(|b| b.is_ascii_digit()) => match number.is_f64()
        {
            true => refused("The number is larger than a config can hold exactly."),
            false => Ok(Value::Number(number)),
        },
        Ok(value) => Ok(value),
        Err(problem) if args.strict_json => Err(Failure::usage(format!("The value is no JSON5: {problem}."))
            .hint("put a text in quotes, or leave --strict-json out")),
        // Half an object is a slip and no text.
        Err(problem) if text.trim_start().starts_with(['{', '[']) => {
            Err(Failure::usage(format!("The value is no JSON5: {problem}."))
                .hint("close what is open; nothing was changed"))
        }
        Err(_) => Ok(as_text()),
    }
}

/// Unknown keys of what was set: the others were there before.
fn unknown_below(unknown: Vec<UnknownKeyAt>, path: &[Segment]) -> Vec<UnknownKeyAt> {
    let set = shown(path);
    let is_in = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    unknown.into_iter().filter(|unknown| is_in(&unknown.key, &set) || is_in(&set, &unknown.key)).collect()
}

fn tell(ctx: &Ctx, report: &Report) {
    let (path, mark) = (&report.path, style::good("✓"));
    let Some(file) = report.files.first() else {
        ctx.terminal.say(&format!("{mark} {path} is so already; nothing was written."));
        return;
    };
    let before = match &report.previous {
        Some(previous) => format!(" (before: {})", short(previous)),
        None => String::new(),
    };
    ctx.terminal.say(&format!("{mark} Set {path} in {}{before}.", ctx.paths.shown(file)));
    for unknown in &report.unknown_keys {
        ctx.terminal.say(&unknown_key_line(ctx, unknown, ctx.paths.config()));
    }
    for warning in &report.warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
}

/// A value in few words.
fn short(value: &Value) -> String {
    const LONGEST: usize = 60;
    let text = one_line(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    match text.chars().count() {
        ..=LONGEST => text,
        _ => format!("{}…", text.chars().take(LONGEST).collect::<String>()),
    }
}
