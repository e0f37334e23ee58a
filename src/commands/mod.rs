//! The commands, one file each and the tree of files the tree of commands. A command takes a [`Ctx`] and its arguments,
//! asks the library, builds a report and hands it to the terminal; what is worth a unit test is in the library.

mod agent;
mod agents;
mod cache;
mod chat;
pub mod completion;
mod config;
mod credential;
mod dashboard;
mod demo;
mod doctor;
mod gateway;
mod ledger;
mod models;
mod notice;
mod onboard;
mod sandbox;
mod secret_ref;
mod usage;

use std::ffi::OsString;

use clap::Parser as _;
use clap::error::ErrorKind;

use crate::cli::{Cli, Command};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::secret::{Secret, SecretKind};
use crate::terminal::BROKEN_PIPE;

/// Parses a command line and runs it, telling failures where they belong.
pub fn main(ctx: &Ctx, arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if completion::is_asked(&arguments) {
        return completion::answer(ctx, &arguments);
    }
    let arguments = without_help_command(arguments);
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return refused(ctx, &arguments, &error),
    };
    let json = cli.command.wants_json();
    let result = run(ctx, &cli.command);
    let exit = match result {
        Ok(exit) => exit,
        Err(failure) if failure.kind == BROKEN_PIPE => Exit::Ok,
        Err(failure) => {
            ctx.terminal.tell(&failure, json);
            failure.exit
        }
    };
    ctx.finish();
    exit
}

/// `fased help models auth` is `fased models auth --help`, the one form that everything else knows.
fn without_help_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if arguments.get(1).is_some_and(|word| word == "help") {
        arguments.remove(1);
        arguments.push("--help".into());
    }
    arguments
}

fn run(ctx: &Ctx, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Onboard(args) => onboard::run(ctx, args),
        Command::Models(args) => models::run(ctx, args),
        Command::Agents(args) => agents::run(ctx, args),
        Command::Chat(args) => chat::run(ctx, args),
        Command::Cache(args) => cache::run(ctx, args),
        Command::Usage(args) => usage::run(ctx, args),
        Command::Config(args) => config::run(ctx, args),
        Command::Gateway(args) => gateway::run(ctx, args),
        Command::Dashboard(args) => dashboard::run(ctx, *args),
        Command::Doctor(args) => doctor::run(ctx, *args),
        Command::Sandbox(args) => sandbox::run(ctx, args),
        Command::Demo(args) => demo::run(ctx, *args),
        Command::Completion(args) => completion::run(ctx, *args),
    }
}

/// Words of the command line longer than this are shortened when a refusal repeats them.
const LONGEST_REPEATED: usize = 60;

/// Hides what may be a credential at a wrong place, and shortens what nobody would read.
fn without_secrets(text: String, arguments: &[OsString]) -> String {
    let words = arguments.iter().filter_map(|argument| argument.to_str());
    // The value of `--flag=value` stands alone in messages.
    let values = words.flat_map(|word| [Some(word), word.split_once('=').map(|(_, value)| value)]).flatten();
    values.fold(text, |text, value| {
        let secret = Secret::new(value);
        if secret.kind() != SecretKind::Other {
            text.replace(value, &secret.masked())
        } else if value.chars().count() > LONGEST_REPEATED {
            let beginning: String = value.chars().take(8).collect();
            text.replace(value, &format!("{beginning}…"))
        } else {
            text
        }
    })
}

/// Help and version are answers; anything else is wrong usage, as JSON when the command line asks for JSON anywhere.
fn refused(ctx: &Ctx, arguments: &[OsString], error: &clap::Error) -> Exit {
    let rendered = error.render();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return match ctx.terminal.answer(&rendered.ansi().to_string()) {
            Ok(()) => Exit::Ok,
            Err(failure) if failure.kind == BROKEN_PIPE => Exit::Ok,
            Err(failure) => failure.exit,
        };
    }
    if !arguments.iter().any(|argument| argument == "--json" || argument == "--status-json") {
        ctx.terminal.say(without_secrets(rendered.ansi().to_string(), arguments).trim_end());
        return Exit::Usage;
    }
    let text = without_secrets(rendered.to_string(), arguments);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let facts = lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more"));
    let failure = facts.fold(Failure::usage(message), |failure, line| failure.fact(line));
    ctx.terminal.tell(&failure.hint("see the command's --help"), true);
    Exit::Usage
}
