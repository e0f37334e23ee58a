//! `fased models aliases`

use indexmap::IndexMap;
use serde::Serialize;

use super::choice::{Named, to_be_asked, warn};
use crate::SCHEMA_VERSION;
use crate::cli::choice::{AliasesAddArgs, AliasesArgs, AliasesCommand, AliasesListArgs, AliasesRemoveArgs};
use crate::config::{Config, edit};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::allowed::Allowed;
use crate::models::catalog::Catalog;
use crate::models::choice::{self, ChoiceError};
use crate::models::refs::{ANTHROPIC, ModelRef};
use crate::models::selection;
use crate::terminal::{style, table};
use crate::text::{one_line, without_credentials};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListReport {
    schema_version: u32,
    /// The configured ones.
    aliases: IndexMap<String, String>,
    /// Those every config knows and this one gives no other meaning.
    built_in: IndexMap<String, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChangeReport {
    schema_version: u32,
    alias: String,
    model: String,
    changed: bool,
    /// The short name the model had before.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_alias: Option<String>,
    aliases: IndexMap<String, String>,
    warnings: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, args: &AliasesArgs) -> Result<Exit, Failure> {
    match &args.command {
        None => list(ctx, args.list),
        Some(AliasesCommand::List(args)) => list(ctx, *args),
        Some(AliasesCommand::Add(args)) => add(ctx, args),
        Some(AliasesCommand::Remove(args)) => remove(ctx, args),
    }
}

fn list(ctx: &Ctx, args: AliasesListArgs) -> Result<Exit, Failure> {
    let config = ctx.config()?;
    let aliases = selection::aliases(&config);
    let is_free = |alias: &str| aliases.keys().all(|taken| !taken.trim().eq_ignore_ascii_case(alias));
    let built_in = Catalog::embedded().aliases().filter(|(alias, _)| is_free(alias));
    let built_in = built_in.map(|(alias, id)| (alias.to_owned(), format!("{ANTHROPIC}/{id}"))).collect();
    let report = ListReport { schema_version: SCHEMA_VERSION, aliases, built_in };
    if args.json {
        ctx.terminal.answer_json(&report)?;
        return Ok(Exit::Ok);
    }
    let configured = report.aliases.iter().map(|(alias, model)| (alias, model, "config"));
    let built_in = report.built_in.iter().map(|(alias, model)| (alias, model, "built in"));
    let rows: Vec<Vec<String>> = configured
        .chain(built_in)
        .map(|(alias, model, from)| vec![one_line(alias), one_line(model), from.to_owned()])
        .collect();
    let lines = match args.plain {
        true => rows.iter().map(|row| format!("{} {}", row[0], row[1])).collect(),
        false => table::lines(&["ALIAS", "MODEL", "FROM"], &rows),
    };
    ctx.terminal.answer(&format!("{}\n", lines.join("\n")))?;
    Ok(Exit::Ok)
}

fn add(ctx: &Ctx, args: &AliasesAddArgs) -> Result<Exit, Failure> {
    let alias = alias(&args.alias)?;
    let config = ctx.config()?;
    let Named { model, mut warnings } = to_be_asked(ctx, &args.model, &config)?;
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let before = edit.config().clone();
        choice::add_alias(edit, alias, &model)?;
        Ok::<_, ChoiceError>((before, edit.config().clone()))
    })?;
    let changed = updated.is_changed();
    let (before, after) = updated.result;
    if changed {
        warnings.extend(selection::hidden_by(alias, &model, &before).map(|hidden| {
            format!("Until now {alias} meant {hidden}, which must be named in full from now on.")
        }));
    }
    warnings.extend(Allowed::restriction(&before, &after));
    let previous_alias = alias_of(&model, &before).filter(|previous| previous != alias);
    let report = ChangeReport {
        schema_version: SCHEMA_VERSION,
        alias: alias.to_owned(),
        model: model.to_string(),
        changed,
        previous_alias,
        aliases: selection::aliases(&after),
        warnings,
    };
    let told = match (changed, &report.previous_alias) {
        (false, _) => format!("Alias {alias} points to {model} already; nothing was written."),
        (true, None) => format!("Alias {alias} -> {model}."),
        (true, Some(previous)) => format!("Alias {alias} -> {model} (before: {}).", one_line(previous)),
    };
    tell(ctx, &report, args.json, &told)
}

fn remove(ctx: &Ctx, args: &AliasesRemoveArgs) -> Result<Exit, Failure> {
    let alias = alias(&args.alias)?;
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| {
        let model = choice::remove_alias(edit, alias)?;
        Ok::<_, ChoiceError>((model, edit.config().clone()))
    })?;
    let changed = updated.is_changed();
    let (model, config) = updated.result;
    let report = ChangeReport {
        schema_version: SCHEMA_VERSION,
        alias: alias.to_owned(),
        model,
        changed,
        previous_alias: None,
        aliases: selection::aliases(&config),
        warnings: Vec::new(),
    };
    let told = format!("Removed alias {alias}; {} stays in agents.defaults.models.", one_line(&report.model));
    tell(ctx, &report, args.json, &told)
}

fn tell(ctx: &Ctx, report: &ChangeReport, json: bool, told: &str) -> Result<Exit, Failure> {
    if json {
        ctx.terminal.answer_json(report)?;
    } else {
        ctx.terminal.say(&format!("{} {told}", style::good("✓")));
        warn(ctx, &report.warnings);
    }
    Ok(Exit::Ok)
}

/// The short name a model has in a config.
fn alias_of(model: &ModelRef, config: &Config) -> Option<String> {
    let mut aliases = selection::aliases(config).into_iter();
    let named = aliases.find(|(_, target)| selection::resolve(target, config).as_ref() == Ok(model));
    named.map(|(alias, _)| alias)
}

/// A short name as typed; what is none is not repeated.
fn alias(text: &str) -> Result<&str, Failure> {
    let text = text.trim();
    let may_stand = |c: char| c.is_ascii_alphanumeric() || "._:-".contains(c);
    if text.is_empty() {
        return Err(Failure::usage("Alias cannot be empty."));
    }
    if !text.chars().all(may_stand) || without_credentials(text) != text {
        return Err(Failure::usage("Alias must use letters, numbers, dots, underscores, colons, or dashes."));
    }
    Ok(text)
}
