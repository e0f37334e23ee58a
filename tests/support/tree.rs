//! The tree of commands, for tests that must not forget one.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _};
use fased::cli::Cli;

/// Every command by the words that run it, the program itself first.
pub(crate) fn commands() -> Vec<(Vec<String>, Command)> {
    fn walk(command: &Command, words: &[String], found: &mut Vec<(Vec<String>, Command)>) {
        found.push((words.to_vec(), command.clone()));
        for inner in command.get_subcommands() {
            let words: Vec<String> = words.iter().cloned().chain([inner.get_name().to_owned()]).collect();
            walk(inner, &words, found);
        }
    }
    let mut root = Cli::command();
    root.build();
    let mut found = Vec::new();
    walk(&root, &[], &mut found);
    assert!(found.len() > 60, "{} commands", found.len());
    found
}

/// The words of every command that does something by itself, those that are hidden as well.
pub(crate) fn runnable_commands() -> BTreeSet<String> {
    let is_group = |command: &Command| command.has_subcommands() && command.is_subcommand_required_set();
    let commands = commands().into_iter().skip(1).filter(|(_, command)| !is_group(command));
    commands.map(|(words, _)| words.join(" ")).collect()
}
