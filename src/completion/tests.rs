use clap::CommandFactory as _;

use super::*;
use crate::cli::Cli;
use crate::config::Paths;
use crate::env::Env;

fn line(words: &[&str]) -> Line {
    Line::new(words.iter().map(OsString::from))
}

/// What fits in a home without anything in it.
fn fits(words: &[&str]) -> Vec<String> {
    let known = Known::of(None, Paths::below("/nonexistent"), Env::default());
    let found = suggestions(Cli::command(), &line(words), known);
    found.into_iter().map(|suggestion| suggestion.value).collect()
}

/// All commands below this one, with their arguments.
fn walk(command: &clap::Command, visit: &mut impl FnMut(&clap::Command, &clap::Arg)) {
    command.get_arguments().for_each(|argument| visit(command, argument));
    command.get_subcommands().for_each(|below| walk(below, visit));
}

#[test]
fn a_flag_is_found_in_both_its_forms_and_the_last_one_counts() {
    assert_eq!(line(&["fased", "models", "--agent", "work", "--mo"]).value_of("--agent"), Some("work"));
    assert_eq!(line(&["fased", "--agent=work", ""]).value_of("--agent"), Some("work"));
    assert_eq!(line(&["fased", "--agent", "a", "--agent", "b", ""]).value_of("--agent"), Some("b"));
    assert_eq!(line(&["fased", "--agent-dir", "x", ""]).value_of("--agent"), None);
    // The one that is being typed is not yet said.
    assert_eq!(line(&["fased", "--agent", "wo"]).value_of("--agent"), None);
}

#[test]
fn what_stands_before_the_program_is_the_shells() {
    assert_eq!(line(&["A=1", "B=2", "fased", "us"]), line(&["fased", "us"]));
    assert_eq!(line(&[]), line(&["fased", ""]));
}

#[test]
fn commands_come_first_and_flags_once_a_dash_is_typed() {
    assert!(fits(&["fased", ""]).contains(&"onboard".to_owned()));
    assert!(!fits(&["fased", "models", ""]).iter().any(|value| value.starts_with('-')));
    assert_eq!(fits(&["fased", "models", "status", "--prob"])[0], "--probe");
    // Where nothing else fits, flags do.
    assert!(fits(&["fased", "doctor", ""]).contains(&"--fix".to_owned()));
    assert_eq!(fits(&["fased", "chat", "--role", "co"]), ["coding"]);
    assert_eq!(fits(&["fased", "no-such-command", "x", "y", "z"]), Vec::<String>::new());
}

#[test]
fn hidden_commands_are_not_offered() {
    assert!(!fits(&["fased", "agents", ""]).contains(&"models".to_owned()));
}

#[test]
fn models_need_no_config() {
    assert!(fits(&["fased", "models", "set", "anthropic/claude-son"]).len() > 1);
    assert_eq!(fits(&["fased", "chat", "--agent=ma"]), ["--agent=main"]);
}

#[test]
fn arguments_of_one_kind_have_the_value_name_of_that_kind() {
    let mut checked = 0;
    walk(&Cli::command(), &mut |command, argument| {
        let wanted = match argument.get_id().as_str() {
            "agent" | "copy_auth_from" => Kind::Agent,
            "profile_id" | "probe_profile" => Kind::Profile,
            "provider" | "probe_provider" => Kind::Provider,
            "session" => Kind::Session,
            // The model of `gateway check` is one of a gateway elsewhere.
            "model" if command.get_name() != "check" => Kind::Model,
            "key_path" => Kind::ConfigKey,
            _ => return,
        };
        checked += 1;
        assert_eq!(kind_of(argument), Some(wanted), "{} of {}", argument.get_id(), command.get_name());
    });
    assert!(checked > 30);
}
