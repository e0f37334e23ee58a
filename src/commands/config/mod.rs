//! `fased config ...`

mod get;
mod path;
mod schema;
mod set;
mod unset;
mod validate;

use std::path::Path;

use crate::cli::{ConfigArgs, ConfigCommand};
use crate::config::document::Document;
use crate::config::edit::Segment;
use crate::config::key_path;
use crate::config::unknown_keys::{UnknownKeyAt, nearest};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::terminal::style;

pub(super) fn run(ctx: &Ctx, args: &ConfigArgs) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Path(args) => path::run(ctx, *args),
        ConfigCommand::Get(args) => get::run(ctx, args),
        ConfigCommand::Set(args) => set::run(ctx, args),
        ConfigCommand::Unset(args) => unset::run(ctx, args),
        ConfigCommand::Validate(args) => validate::run(ctx, *args),
        ConfigCommand::Schema(args) => schema::run(ctx, *args),
    }
}

/// A path as typed.
fn key_path(text: &str) -> Result<Vec<Segment>, Failure> {
    key_path::parse(text).map_err(|error| {
        Failure::usage(format!("The path cannot be read: {error}."))
            .hint("keys have dots between them, positions are in brackets, odd keys in brackets and quotes")
            .command("fased config get 'agents.list[0].model'")
            .command("fased config get 'agents.defaults.models[\"anthropic/claude-opus-4-8\"]'")
    })
}

/// How many keys of a path that is not there lead to something that is.
fn first_missing(path: &[Segment], document: &Document) -> usize {
    (0..path.len()).find(|length| document.get(&path[..=*length]).is_none()).unwrap_or_default()
}

/// The place that was perhaps meant by one that is not there, as far as the first key that differs.
fn nearest_place(path: &[Segment], document: &Document) -> Option<Vec<Segment>> {
    let (around, missing) = path.split_at(first_missing(path, document));
    let Segment::Key(key) = missing.first()? else { return None };
    let keys = document.get(around)?.as_object()?.keys();
    let near = nearest(key, keys.map(String::as_str))?;
    Some(around.iter().cloned().chain([near.as_str().into()]).collect())
}

/// A line about a key nobody reads.
fn unknown_key_line(ctx: &Ctx, unknown: &UnknownKeyAt, main: &Path) -> String {
    let file =
        if unknown.file == main { String::new() } else { format!("{}, ", ctx.paths.shown(&unknown.file)) };
    let place = match (unknown.line, unknown.column) {
        (Some(line), Some(column)) => format!(" ({file}line {line}, column {column})"),
        _ => String::new(),
    };
    let meant = unknown.nearest.as_ref().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    format!("{} nobody reads `{}`{place}{meant}", style::attention("!"), unknown.key)
}
