//! `fased completion SHELL`, and what its scripts ask at every Tab: `fased __complete INDEX WORDS`.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::{CommandFactory as _, ValueEnum as _};
use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::{Cli, CompletionArgs, Shell};
use crate::completion::known::Known;
use crate::completion::{self, Line};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    shell: String,
    script: &'static str,
}

pub(super) fn run(ctx: &Ctx, args: CompletionArgs) -> Result<Exit, Failure> {
    let script = script(args.shell);
    if args.json {
        let shell = args.shell.to_possible_value().map(|value| value.get_name().to_owned());
        let shell = shell.unwrap_or_default();
        ctx.terminal.answer_json(&Report { schema_version: SCHEMA_VERSION, shell, script })?;
    } else {
        ctx.terminal.answer(script)?;
    }
    Ok(Exit::Ok)
}

fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("../../completions/fased.bash"),
        Shell::Elvish => include_str!("../../completions/fased.elv"),
        Shell::Fish => include_str!("../../completions/fased.fish"),
        Shell::PowerShell => include_str!("../../completions/_fased.ps1"),
        Shell::Zsh => include_str!("../../completions/_fased"),
    }
}

/// Whether a script asks. No word of the line that is typed may then change how this program answers.
pub fn is_asked(arguments: &[OsString]) -> bool {
    arguments.get(1).is_some_and(|argument| argument == "__complete")
}

/// Answers a script: a value a line, and behind a tab what it is. Nothing is ever said of what went wrong.
pub(super) fn answer(ctx: &Ctx, arguments: &[OsString]) -> Exit {
    let index = arguments.get(2).and_then(|index| index.to_str()?.parse::<usize>().ok()).unwrap_or_default();
    // Some shells drop an empty word at the end, others pass what stands behind the cursor.
    let words = arguments.iter().skip(3).cloned().chain(std::iter::repeat(OsString::new()));
    let line = Line::new(words.take(index.min(LONGEST_LINE) + 1));
    let known = Known::of(line.value_of("--agent"), ctx.paths.clone(), ctx.env.clone());
    let mut text = String::new();
    for suggestion in completion::suggestions(Cli::command(), &line, known) {
        let about = suggestion.about.unwrap_or_default();
        // Writing to a String cannot fail.
        writeln!(text, "{}\t{about}", suggestion.value).ok();
    }
    ctx.terminal.pass_on(&text).ok();
    Exit::Ok
}

/// More words than this are no line anybody types.
const LONGEST_LINE: usize = 4096;
