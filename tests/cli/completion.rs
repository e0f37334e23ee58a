//! `fased completion` and the help of every command.

use clap::CommandFactory as _;

use crate::support::{Session, TestEnv, snapshot};

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let env = TestEnv::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = env.fased(["completion", shell]);
        output.exits(0);
        assert_eq!(output.stderr, "");
        for word in ["onboard", "models", "status", "anthropic-api-key", "event-delay-ms"] {
            assert!(output.stdout.contains(word), "the script for {shell} does not know {word}");
        }
    }
    assert_eq!(env.tree(), "");
}

/// The commands and their commands, by the words that run them.
fn commands(command: &clap::Command, words: &[String], found: &mut Vec<(Vec<String>, clap::Command)>) {
    found.push((words.to_vec(), command.clone()));
    for inner in command.get_subcommands() {
        let words: Vec<String> = words.iter().cloned().chain([inner.get_name().to_owned()]).collect();
        commands(inner, &words, found);
    }
}

#[test]
fn every_command_explains_itself_with_an_example() {
    let mut found = Vec::new();
    commands(&fased::cli::Cli::command(), &[], &mut found);
    assert!(found.len() > 6);
    let mut env = TestEnv::new();
    env.set("COLUMNS", "100");
    let mut session = Session::default();
    for (words, command) in &found {
        let output = env.fased(words.iter().map(String::as_str).chain(["--help"]));
        output.exits(0);
        assert_eq!(output.stderr, "", "{output}");
        assert!(output.stdout.contains("Example"), "no example in\n{output}");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{} of {words:?} is not explained", argument.get_id());
        }
        session.add(output);
    }
    session.add(env.fased(["--version"]).exits(0));
    snapshot!("help", session);
}
