//! The help of every command, and what is said to words that are almost right.

use crate::support::{Session, TestEnv, commands, key, snapshot};

#[test]
fn every_command_explains_itself_with_an_example() {
    let mut env = TestEnv::new();
    env.set("COLUMNS", "80");
    let mut session = Session::default();
    for (words, command) in &commands() {
        let output = env.fased(words.iter().map(String::as_str).chain(["--help"]));
        output.exits(0);
        assert_eq!(output.stderr, "", "{output}");
        let line =
            ["fased"].into_iter().chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        let (_, examples) =
            output.stdout.split_once("\nExample").unwrap_or_else(|| panic!("no example in\n{output}"));
        // The two lists of fallbacks are spoken to in the same words.
        let line = line.replace("image-fallbacks", "fallbacks");
        assert!(examples.contains(&line), "no example of `{line}` in\n{output}");
        assert!(command.get_about().is_some(), "{words:?} is not explained");
        // What can be typed is never wrapped.
        for line in output.stdout.lines().filter(|line| !line.starts_with("Usage: ")) {
            assert!(line.chars().count() <= 80, "{line:?} is too wide in\n{output}");
        }
        session.add(output);
    }
    session.add(env.fased(["--version"]).exits(0));
    snapshot!("help", session);
}

#[test]
fn every_argument_is_explained_and_says_what_holds_without_it() {
    for (words, command) in &commands() {
        for argument in command.get_arguments() {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let what = format!("{} of {words:?}: {help:?}", argument.get_id());
            assert!(help.chars().next().is_some_and(char::is_uppercase) || help.starts_with('`'), "{what}");
            assert!(!help.ends_with('.'), "{what}");
            let takes_value = argument.get_action().takes_values();
            let shows_default =
                !argument.get_default_values().is_empty() && !argument.is_hide_default_value_set();
            // Where one of two is needed, each names the other.
            let says = help.contains("[default: ") || help.contains("left out with --");
            if takes_value && !argument.is_required_set() {
                assert!(says != shows_default, "nothing, or twice, says what holds without {what}");
            }
            if takes_value
                && argument.get_value_parser().type_id() == clap::builder::ValueParser::bool().type_id()
            {
                panic!("{what} takes a truth for a value");
            }
        }
    }
}

#[test]
fn help_is_a_command_too() {
    let env = TestEnv::new();
    assert_eq!(env.fased(["help"]).exits(0).stdout, env.fased(["--help"]).stdout);
    let of_one = env.fased(["help", "models", "auth", "order"]);
    assert_eq!(of_one.exits(0).stdout, env.fased(["models", "auth", "order", "--help"]).stdout);
    env.fased(["help", "juggle"]).exits(64);
}

/// A line with a word that is almost right, and the word that is meant.
const ALMOST: &[(&[&str], &str)] = &[
    (&["modles"], "models"),
    (&["models", "stauts"], "status"),
    (&["models", "auth", "lgoin"], "login"),
    (&["gateway", "keys", "revok"], "revoke"),
    (&["models", "status", "--porbe"], "--probe"),
    (&["chat", "--sesion", "x", "hi"], "--session"),
    (&["chat", "--role", "codng", "hi"], "coding"),
    (&["models", "roles", "set", "strng", "opus"], "strong"),
    (&["usage", "--by", "modle"], "model"),
    (&["completion", "bsh"], "bash"),
    (&["onboard", "--auth-choice", "tokn"], "token"),
    (&["models", "auth", "login", "--method", "api-kye"], "api-key"),
    (&["models", "auth", "import", "--from", "claude-cod"], "claude-code"),
    (&["models", "status", "--agent", "wrok"], "work"),
    (&["chat", "--agent", "wrok", "hi"], "work"),
    (&["agents", "remove", "wrok", "--yes"], "work"),
    (&["agents", "default", "wrok"], "work"),
    (&["agents", "add", "new", "--copy-auth-from", "wrok"], "work"),
    (&["models", "auth", "remove", "anthropic:hme", "--yes"], "anthropic:home"),
    (&["models", "auth", "rename", "anthropic:hme", "anthropic:x"], "anthropic:home"),
    (&["models", "auth", "token", "--profile", "anthropic:hme"], "anthropic:home"),
    (&["models", "auth", "cooldown", "clear", "anthropic:hme"], "anthropic:home"),
    (&["models", "auth", "order", "set", "--provider", "anthropic", "anthropic:hme"], "anthropic:home"),
    (&["models", "status", "--probe", "--probe-profile", "anthropic:hme"], "anthropic:home"),
    (&["chat", "--model", "anthropic/claude-hiaku-4-5", "hi"], "anthropic/claude-haiku-4-5"),
    (&["models", "set", "anthropic/claude-hiaku-4-5"], "anthropic/claude-haiku-4-5"),
    (&["models", "set", "qiuck"], "quick"),
    (&["models", "explain", "sonet"], "sonnet"),
    (&["models", "aliases", "remove", "qiuck"], "quick"),
    (&["models", "fallbacks", "add", "haiuk"], "haiku"),
    (&["models", "status", "--model", "sonet"], "sonnet"),
    (&["cache", "explain", "tirp"], "trip"),
    (&["gateway", "keys", "revoke", "my-ap", "--yes"], "my-app"),
    (&["gateway", "keys", "add", "x", "--agent", "wrok"], "work"),
    (&["config", "get", "agents.defualts"], "agents.defaults"),
    (&["config", "unset", "agents.defualts"], "agents.defaults"),
    (&["config", "set", "--strict", "auth.crosBilling", "stop"], "auth.crossBilling"),
    (&["config", "set", "auth.crossBilling", "stpo"], "stop"),
];

#[test]
fn a_word_that_is_almost_right_is_answered_with_the_one_that_is_meant() {
    let sandbox = crate::support::TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write(
        "fased.json",
        "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }], \
         defaults: { models: { 'anthropic/claude-haiku-4-5': { alias: 'quick' } } } } }",
    );
    env.fased(["onboard", "--anthropic-api-key", &key("a", "aaaa"), "--profile-id", "anthropic:home"])
        .exits(0);
    env.fased(["chat", "--session", "trip", "--model", "quick", "hi"]).exits(0);
    env.fased(["gateway", "keys", "add", "my-app"]).exits(0);
    let asked = sandbox.requests().len();
    let mut silent = Vec::new();
    for (words, meant) in ALMOST {
        let said = env.fased(words.iter().copied());
        let json = env.fased(words.iter().copied().chain(["--json"]));
        let told = format!("{}{}", said.stdout, said.stderr);
        let names = |text: &str| {
            text.split(|c: char| !(c.is_alphanumeric() || "-_:./@".contains(c)))
                .any(|word| word.trim_end_matches('.') == *meant)
        };
        // A model nobody here knows may be a new one, and what is not set need not be removed: these are told and no more.
        let is_done = ["models", "config"].contains(&words[0]) && said.code == Some(0);
        let is_refused = matches!(said.code, Some(1 | 3 | 64)) && names(&json.stdout);
        if !names(&told) || !(is_refused || is_done) || said.code != json.code {
            silent.push(format!("{meant} is not named by\n{said}{json}"));
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
    assert_eq!(sandbox.requests().len(), asked, "a word that is wrong was asked about");
}
