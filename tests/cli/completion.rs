//! `fased completion`, what shells make of its scripts, and what they are answered.

use std::process::Command;

use rexpect::session::{PtySession, spawn_command};
use rustix::fs::FlockOperation;

use crate::support::{Output, TestEnv, TestSandbox, installed, key, token};

/// Far above what a shell takes: it ends waits for something that never comes.
const HANGS_MS: u64 = 30_000;

/// A home with two agents, profiles, a session, a key of a client and an alias.
fn furnished() -> TestEnv {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write(
        "fased.json",
        "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }], \
         defaults: { models: { 'anthropic/claude-haiku-4-5': { alias: 'quick' } } } } }",
    );
    env.fased(["onboard", "--anthropic-api-key", &key("main", "aaaa"), "--profile-id", "anthropic:home"])
        .exits(0);
    env.fased(["onboard", "--token", &token("main", "bbbb"), "--profile-id", "anthropic:me@example.com"])
        .exits(0);
    let work = ["onboard", "--agent", "work", "--profile-id", "anthropic:office", "--anthropic-api-key"];
    env.fased(work.into_iter().chain([key("work", "cccc").as_str()])).exits(0);
    let trip = ["chat", "--session", "trip", "--model", "quick@anthropic:home", "where should I go?"];
    env.fased(trip).exits(0);
    env.fased(["chat", "--list"]).exits(0);
    env.fased(["gateway", "keys", "add", "my-app"]).exits(0);
    env
}

/// What a script is answered for a line whose last word is being typed.
fn answered(env: &TestEnv, words: &[&str]) -> Output {
    let index = (words.len() - 1).to_string();
    env.fased(["__complete", index.as_str()].into_iter().chain(words.iter().copied()))
}

fn values(env: &TestEnv, words: &[&str]) -> Vec<String> {
    let output = answered(env, words);
    output.exits(0);
    assert_eq!(output.stderr, "", "{output}");
    output.stdout.lines().map(|line| line.split_once('\t').unwrap().0.to_owned()).collect()
}

#[test]
fn every_shell_gets_the_script_that_packages_have_too() {
    let env = TestEnv::new();
    for (shell, file) in [
        ("bash", "fased.bash"),
        ("elvish", "fased.elv"),
        ("fish", "fased.fish"),
        ("powershell", "_fased.ps1"),
        ("zsh", "_fased"),
    ] {
        let script =
            std::fs::read_to_string(format!("{}/completions/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let output = env.fased(["completion", shell]);
        assert_eq!(output.exits(0).stdout, script);
        assert_eq!(output.stderr, "");
        let document = env.fased(["completion", shell, "--json"]).json();
        assert_eq!((&document["shell"], &document["script"]), (&shell.into(), &script.into()));
    }
    assert_eq!(env.tree(), "");
}

#[test]
fn values_of_this_machine_are_offered_where_they_fit() {
    let env = furnished();
    for (words, wanted) in [
        (&["fased", "chat", "--agent", ""] as &[&str], &["main", "work"] as &[&str]),
        (&["fased", "agents", "remove", "wo"], &["work"]),
        (&["fased", "models", "auth", "remove", ""], &["anthropic:home", "anthropic:me@example.com"]),
        (&["fased", "models", "auth", "rename", "anthropic:m"], &["anthropic:me@example.com"]),
        (&["fased", "models", "auth", "--agent", "work", "remove", ""], &["anthropic:office"]),
        (&["fased", "models", "auth", "remove", "--agent=work", ""], &["anthropic:office"]),
        (&["fased", "models", "auth", "token", "--profile=anthropic:h"], &["--profile=anthropic:home"]),
        (&["fased", "models", "auth", "order", "get", "--provider", ""], &["anthropic"]),
        (&["fased", "chat", "--model", "qui"], &["quick"]),
        (&["fased", "chat", "--model", "quick@anthropic:h"], &["quick@anthropic:home"]),
        (&["fased", "models", "set", "anthropic/claude-haiku-4-5"], &["anthropic/claude-haiku-4-5"]),
        (&["fased", "models", "aliases", "remove", ""], &["quick"]),
        (&["fased", "models", "roles", "set", "che"], &["cheap-check"]),
        (&["fased", "chat", "--session", ""], &["trip"]),
        (&["fased", "cache", "explain", "t"], &["trip"]),
        (&["fased", "gateway", "keys", "revoke", ""], &["my-app"]),
        (&["fased", "config", "get", "agents.list[1"], &["agents.list[1]", "agents.list[1].id"]),
        (&["fased", "config", "set", "auth.cross"], &["auth.crossBilling"]),
        (&["fased", "usage", "--by", "pro"], &["profile"]),
        (&["FASED_LOG=info", "fased", "us"], &["usage"]),
    ] {
        assert_eq!(values(&env, words), wanted, "{words:?}");
    }
    assert!(answered(&env, &["fased", "chat", "--session", ""]).stdout.contains("\twhere should I go?"));
    // Shells that lose an empty word at the end say by the number that there is one.
    let lost = env.fased(["__complete", "3", "fased", "gateway", "keys"]);
    assert_eq!(lost.stdout, answered(&env, &["fased", "gateway", "keys", ""]).stdout);
}

#[test]
fn whatever_is_wrong_nothing_is_said_and_nothing_written() {
    let env = furnished();
    let quiet = |what: &str, words: &[&str]| {
        let before = env.contents();
        let found = values(&env, words);
        assert!(found.iter().all(|value| value.starts_with('-')), "{what}: {found:?}");
        assert!(env.contents() == before, "{what}: something was written");
    };
    let agents = ["fased", "models", "status", "--json", "--agent", ""];
    let profiles = ["fased", "models", "auth", "remove", ""];
    quiet("an agent that is none", &["fased", "models", "auth", "remove", "--agent", "../x", ""]);
    quiet("an unknown agent", &["fased", "models", "auth", "remove", "--agent", "nobody", ""]);
    env.write("agents/main/agent/auth-profiles.json", "{ torn");
    quiet("a torn store", &profiles);
    env.write("fased.json", "{ torn");
    quiet("a torn config", &agents);
    quiet("a torn config", &["fased", "config", "get", ""]);
    env.write("gateway-keys.json", "{ torn");
    quiet("a torn list of keys", &["fased", "gateway", "keys", "revoke", ""]);
    // What no command could start with says nothing either, whatever the line asks for.
    for (name, value) in [("FASED_NOW", "yesterday"), ("FASED_NETWORK", "sometimes")] {
        let run = env.command(["__complete", "3", "fased", "models", "--json", ""]).set(name, value).run();
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""), "{run}");
    }
    let asked = env.fased(["__complete", "many", "fased"]);
    assert_eq!((asked.exits(0).stderr.as_str(), asked.stdout.contains("onboard")), ("", true), "{asked}");
}

#[test]
fn nobodys_lock_is_waited_for() {
    let env = furnished();
    let locks = ["locks/config.lock", "agents/main/agent/store.lock", "agents/main/agent/state.lock"];
    let held: Vec<std::fs::File> = locks
        .iter()
        .map(|lock| {
            let path = env.state(lock);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = std::fs::File::create(path).unwrap();
            rustix::fs::flock(&file, FlockOperation::LockExclusive).unwrap();
            file
        })
        .collect();
    // As the TypeScript program locks it.
    let foreign = env.state("agents/main/agent/auth-profiles.json.lock");
    std::fs::write(&foreign, format!("{{\"pid\":{}}}", std::process::id())).unwrap();
    assert_eq!(values(&env, &["fased", "models", "auth", "remove", "anthropic:h"]), ["anthropic:home"]);
    assert_eq!(values(&env, &["fased", "chat", "--agent", "w"]), ["work"]);
    drop(held);
}

/// A shell on a terminal, in this home, with the program on its path.
fn shell(env: &TestEnv, program: &str, arguments: &[&str]) -> PtySession {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(env.variables()).current_dir(env.home());
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_fased")).parent().unwrap().display().to_string();
    command.env("PATH", format!("{own}:/usr/bin:/bin")).env("TERM", "xterm").env("COLUMNS", "100");
    spawn_command(command, Some(HANGS_MS)).unwrap()
}

/// Types a line whose words Tab completes, sends it off, and waits for what the command says of the words it was given.
#[track_caller]
fn completes(shell: &mut PtySession, pieces: &[&str], wanted: &str) {
    for piece in pieces {
        shell.send(piece).unwrap();
        shell.send("\t").unwrap();
        shell.flush().unwrap();
    }
    shell.send("\r").unwrap();
    shell.flush().unwrap();
    if let Err(error) = shell.exp_string(wanted) {
        panic!("{pieces:?} did not become a line that says {wanted:?}: {error}");
    }
}

/// Leaves a shell as a person does: the signal that ends other programs is nothing to it.
fn leaves(mut shell: PtySession) {
    shell.send("exit\r").unwrap();
    shell.flush().unwrap();
    shell.exp_eof().unwrap();
}

/// Lines that only say what is asked here when every Tab added what was missing.
fn completes_words_of_all_kinds(shell: &mut PtySession) {
    completes(shell, &["fased mod", "stat", "--plai"], "anthropic/claude");
    completes(
        shell,
        &["fased models auth cooldown clear anthropic:h"],
        "nothing to clear of anthropic:home;",
    );
    completes(shell, &["fased models auth cooldown clear anthropic:me@ex"], "of anthropic:me@example.com;");
    completes(shell, &["fased models auth cooldown clear --agent wo", "anthropic:"], "of anthropic:office;");
}

#[test]
fn bash_completes() {
    let env = furnished();
    env.write("rc", "source <(fased completion bash)\nPS1='ready> '\nbind 'set bell-style none'\n");
    let rc = env.state("rc").display().to_string();
    let mut bash = shell(&env, "bash", &["--noprofile", "--rcfile", &rc, "-i"]);
    bash.exp_string("ready> ").unwrap();
    completes_words_of_all_kinds(&mut bash);
    // What is special to the shell comes quoted.
    completes(&mut bash, &["fased config get agents.list[1].i"], "work");
    leaves(bash);
}

#[test]
fn zsh_completes_by_a_file_of_its_function_path() {
    installed("zsh", "zsh");
    let env = furnished();
    let directory = format!("{}/completions", env!("CARGO_MANIFEST_DIR"));
    env.write(
        ".zshrc",
        &format!("fpath=({directory} $fpath)\nautoload -U compinit\ncompinit -u -D\nPS1='ready> '\n"),
    );
    let mut zsh =
        shell(&env, "/usr/bin/env", &[&format!("ZDOTDIR={}", env.state("").display()), "zsh", "-d", "-i"]);
    zsh.exp_string("ready> ").unwrap();
    completes_words_of_all_kinds(&mut zsh);
    completes(&mut zsh, &["fased config get agents.list[1].i"], "work");
    leaves(zsh);
}

#[test]
fn elvish_completes() {
    installed("elvish", "elvish");
    let env = furnished();
    env.write("rc.elv", "eval (fased completion elvish | slurp)\nset edit:prompt = { print 'ready> ' }\n");
    let rc = env.state("rc.elv").display().to_string();
    let mut elvish = shell(&env, "elvish", &["-rc", &rc]);
    elvish.exp_string("ready> ").unwrap();
    completes_words_of_all_kinds(&mut elvish);
    leaves(elvish);
}

#[test]
fn fish_completes() {
    installed("fish", "fish");
    let env = furnished();
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_fased")).parent().unwrap().display().to_string();
    for (line, wanted) in [
        ("fased models auth remove anthropic:h", "anthropic:home\tAPI key\n"),
        ("fased models auth remove --agent=work ", "anthropic:office\tAPI key\n"),
        ("fased models status --agent w", "work\n"),
        (
            "fased onb",
            "onboard\tStore a credential for Claude, asking what is needed or taking it from flags and pipes\n",
        ),
    ] {
        let script = format!("fased completion fish | source; complete -C {line:?}");
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", &script]).env_clear().envs(env.variables());
        let output = fish.env("PATH", format!("{own}:/usr/bin:/bin")).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (String::from_utf8_lossy(&output.stdout).as_ref(), stderr.as_ref()),
            (wanted, ""),
            "{line}"
        );
    }
}
