//! With `--json` every command answers with exactly one JSON document, whatever becomes of it, and exits with a code of
//! the table. A command without its line here fails the test.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{NOW, Output, TestEnv, TestGateway, TestSandbox, key, runnable_commands, token};

/// The codes of `fased --help`.
const CODES: [i32; 8] = [0, 1, 2, 3, 4, 5, 64, 130];

/// What makes a command succeed, and what makes it fail.
struct Case {
    command: &'static str,
    works: &'static [&'static str],
    stdin: Input,
    fails: Fails,
}

enum Input {
    None,
    Key,
    Token,
}

enum Fails {
    /// The same line, with a config that cannot be read.
    WithTornConfig,
    /// The same line, while no gateway runs.
    WithoutGateway,
    /// Another line, and its code.
    With(&'static [&'static str], i32),
}

use Fails::{With, WithTornConfig, WithoutGateway};
use Input::{Key, Token};

const fn case(command: &'static str, works: &'static [&'static str], fails: Fails) -> Case {
    Case { command, works, stdin: Input::None, fails }
}

const fn given(command: &'static str, works: &'static [&'static str], stdin: Input, fails: Fails) -> Case {
    Case { command, works, stdin, fails }
}

/// Every command there is. `SANDBOX`, `GATEWAY` and `KEY` stand for addresses, and for a key of the gateway's client.
const CASES: &[Case] = &[
    case("agents", &[], WithTornConfig),
    case("agents list", &[], WithTornConfig),
    case("agents add", &["new"], With(&["work"], 64)),
    case("agents remove", &["work", "--yes"], With(&["nobody", "--yes"], 64)),
    case("agents default", &["work"], With(&["nobody"], 64)),
    case(
        "agents models set",
        &["--agent", "work", "--primary", "opus"],
        With(&["--agent", "nobody", "--primary", "opus"], 64),
    ),
    case("cache explain", &["trip"], With(&["nowhere"], 1)),
    case("chat", &["hi"], With(&["--model", "nonsense", "hi"], 64)),
    case("completion", &["zsh"], With(&["tcsh"], 64)),
    case("config path", &[], With(&["extra"], 64)),
    case("config get", &["agents"], With(&["no.such.key"], 1)),
    case("config set", &["auth.env", "never"], With(&["auth.env", "sometimes"], 64)),
    case("config unset", &["agents.list[1].name"], With(&["agents..list"], 64)),
    case("config validate", &[], WithTornConfig),
    case("config schema", &[], With(&["extra"], 64)),
    case("dashboard", &[], WithoutGateway),
    case("demo", &[], With(&["--fast"], 64)),
    case("doctor", &[], WithTornConfig),
    case("gateway", &["--port", "0"], WithTornConfig),
    case("gateway status", &[], WithoutGateway),
    case("gateway check", &["GATEWAY", "--key", "KEY"], With(&["http://127.0.0.1:1", "--key", "KEY"], 5)),
    case("gateway service", &[], With(&["--port", "70000"], 64)),
    case("gateway keys add", &["new"], With(&["my-app"], 64)),
    case("gateway keys list", &[], With(&["extra"], 64)),
    case("gateway keys revoke", &["my-app", "--yes"], With(&["nobody", "--yes"], 64)),
    case("models", &[], WithTornConfig),
    case("models status", &["--check"], With(&["--check", "--agent", "work"], 1)),
    case("models explain", &[], With(&["anthropic/"], 64)),
    case("models list", &["--all"], WithTornConfig),
    case("models set", &["opus"], With(&["anthropic/"], 64)),
    case("models set-image", &["opus"], With(&["anthropic/"], 64)),
    case("models aliases", &[], WithTornConfig),
    case("models aliases list", &[], WithTornConfig),
    case("models aliases add", &["fast", "haiku"], With(&["f/st", "haiku"], 64)),
    case("models aliases remove", &["quick"], With(&["nobody"], 64)),
    case("models fallbacks", &[], WithTornConfig),
    case("models fallbacks list", &[], WithTornConfig),
    case("models fallbacks add", &["haiku"], With(&["anthropic/"], 64)),
    case("models fallbacks remove", &["sonnet-4.6"], With(&["haiku"], 64)),
    case("models fallbacks clear", &[], WithTornConfig),
    case("models image-fallbacks", &[], WithTornConfig),
    case("models image-fallbacks list", &[], WithTornConfig),
    case("models image-fallbacks add", &["haiku"], With(&["anthropic/"], 64)),
    case("models image-fallbacks remove", &["sonnet-4.6"], With(&["haiku"], 64)),
    case("models image-fallbacks clear", &[], WithTornConfig),
    case("models roles", &[], WithTornConfig),
    case("models roles list", &[], WithTornConfig),
    case("models roles set", &["strong", "opus"], With(&["lazy", "opus"], 64)),
    case("models roles clear", &["strong"], With(&["lazy"], 64)),
    given(
        "models auth login",
        &["--method", "api-key"],
        Key,
        With(&["--method", "anthropic-oauth", "--timeout", "soon"], 64),
    ),
    given("models auth setup-token", &["--yes"], Token, With(&["--yes", "--expires-in", "soon"], 64)),
    given("models auth paste-token", &[], Token, With(&["--provider", "nobody"], 64)),
    case("models auth list", &[], WithTornConfig),
    case("models auth order get", &["--provider", "anthropic"], WithTornConfig),
    case(
        "models auth order set",
        &["--provider", "anthropic", "anthropic:home"],
        With(&["--provider", "anthropic", "anthropic:nobody"], 64),
    ),
    case("models auth order clear", &["--provider", "anthropic"], WithTornConfig),
    case("models auth cooldown list", &[], WithTornConfig),
    case("models auth cooldown clear", &["--all"], With(&["anthropic:nobody"], 64)),
    case("models auth remove", &["anthropic:home", "--yes"], With(&["anthropic:nobody", "--yes"], 64)),
    case(
        "models auth rename",
        &["anthropic:home", "anthropic:new"],
        With(&["anthropic:nobody", "anthropic:new"], 64),
    ),
    case(
        "models auth import",
        &["--from", "fased", "--path", ".other"],
        With(&["--from", "fased", "--path", "nowhere"], 3),
    ),
    case(
        "models auth export",
        &["--to", "anthropic-profile", "--profile", "anthropic:manual", "--name", "fased"],
        With(&["--to", "anthropic-profile", "--profile", "anthropic:home", "--name", "fased"], 64),
    ),
    case("models auth token", &[], With(&["--profile", "anthropic:nobody"], 3)),
    given("onboard", &["--api-key-stdin"], Key, With(&[], 64)),
    case("sandbox", &["--port", "0"], With(&["--port", "70000"], 64)),
    case("usage", &["--since", "today"], With(&["--since", "yesterday"], 64)),
];

#[test]
fn every_command_has_its_line() {
    let lines: BTreeSet<String> = CASES.iter().map(|case| case.command.to_owned()).collect();
    assert_eq!(runnable_commands(), lines);
    assert_eq!(lines.len(), CASES.len(), "a command has two lines");
}

/// A home with something of everything.
fn furnished(sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.write(
        "fased.json",
        "{ agents: { list: [{ id: 'main', default: true }, { id: 'work', name: 'Work' }], defaults: {
            model: { primary: 'anthropic/claude-sonnet-5', fallbacks: ['anthropic/claude-sonnet-4-6'] },
            imageModel: { primary: 'anthropic/claude-sonnet-5', fallbacks: ['anthropic/claude-sonnet-4-6'] },
            taskModels: { strong: 'anthropic/claude-opus-4-8' },
            models: { 'anthropic/claude-haiku-4-5': { alias: 'quick' }, 'anthropic/claude-sonnet-5': {},
                'anthropic/claude-sonnet-4-6': {} } } } }",
    );
    let ends = NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + 30 * 86_400_000;
    let store = json!({"version": 1, "profiles": {
        "anthropic:home": {"type": "api_key", "provider": "anthropic", "key": key("home", "aaaa")},
        "anthropic:manual": {"type": "token", "provider": "anthropic", "token": token("manual", "77aa"), "expires": ends},
    }, "order": {"anthropic": ["anthropic:home", "anthropic:manual"]}});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let other = json!({"version": 1, "profiles": {
        "anthropic:other": {"type": "api_key", "provider": "anthropic", "key": key("other", "cccc")}}});
    env.write("../.other/agents/main/agent/auth-profiles.json", &other.to_string());
    env.fased(["chat", "--session", "trip", "hi"]).exits(0);
    env
}

/// The one document of a run, after what holds for all of them.
fn document(output: &Output, code: i32) -> Result<Value, String> {
    let document: Value =
        serde_json::from_str(&output.stdout).map_err(|error| format!("{error}\n{output}"))?;
    let is_in_table = output.code.is_some_and(|code| CODES.contains(&code));
    if document["schemaVersion"] == 1 && is_in_table && output.code == Some(code) {
        Ok(document)
    } else {
        Err(format!("not version 1, or the code is not {code}:\n{output}"))
    }
}

/// A failure's document, which says the code the run ended with, or the document of a check that found something.
fn failed(output: &Output, code: i32) -> Result<(), String> {
    let document = document(output, code)?;
    let Some(error) = document.get("error") else { return Ok(()) };
    let has_message = error["message"].as_str().is_some_and(|message| !message.is_empty());
    let is_whole = has_message && error["kind"].is_string() && error["commands"].is_array();
    if error["code"] == code && is_whole {
        Ok(())
    } else {
        Err(format!("a failure that is not whole:\n{output}"))
    }
}

#[test]
fn each_succeeds_with_one_document_and_fails_with_one() {
    let sandbox = TestSandbox::start();
    let wrong: Vec<String> = CASES.iter().filter_map(|case| tried(case, &sandbox).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a command in both ways, and with command lines that are none.
fn tried(case: &Case, sandbox: &TestSandbox) -> Result<(), String> {
    let env = furnished(sandbox);
    let needs_gateway = ["dashboard", "gateway status", "gateway check"].contains(&case.command);
    let client = needs_gateway.then(|| env.fased(["gateway", "keys", "add", "app"]).stdout.trim().to_owned());
    if case.command.starts_with("gateway keys") {
        env.fased(["gateway", "keys", "add", "my-app"]).exits(0);
    }
    let mut gateway = needs_gateway.then(|| TestGateway::start(&env));
    let url = gateway.as_ref().map(|gateway| gateway.url().to_owned()).unwrap_or_default();
    let run = |arguments: &[&'static str], input: &Input| {
        let arguments = arguments.iter().map(|word| match *word {
            "GATEWAY" => url.clone(),
            "KEY" => client.clone().unwrap_or_default(),
            word => word.to_owned(),
        });
        let words: Vec<String> = case
            .command
            .split(' ')
            .map(str::to_owned)
            .chain(arguments)
            .chain(["--json".to_owned()])
            .collect();
        let run = env.command(words.iter().map(String::as_str));
        match input {
            Input::None => run,
            Key => run.stdin(key("piped", "dddd")),
            Token => run.stdin(token("piped", "eeee")),
        }
    };
    // Servers serve until they are told to end.
    if ["gateway", "sandbox"].contains(&case.command) {
        let mut running = run(case.works, &case.stdin).start();
        running.stdout_until("\n}");
        running.signal(Signal::INT);
        document(&running.finish(), 0)?;
    } else {
        document(&run(case.works, &case.stdin).run(), 0)?;
    }
    // A flag that is none, and the document is asked for before it or behind it.
    let words: Vec<&str> = case.command.split(' ').collect();
    failed(&env.fased(words.iter().copied().chain(["--no-such-flag", "--json"])), 64)?;
    failed(&env.fased(["--json"].into_iter().chain(words.iter().copied())), 64)?;
    match &case.fails {
        With(arguments, code) => failed(&run(arguments, &Input::None).run(), *code),
        WithTornConfig => {
            env.write("fased.json", "{ torn");
            failed(&run(case.works, &case.stdin).run(), 1)
        }
        WithoutGateway => {
            gateway.take().map(TestGateway::stop);
            failed(&run(case.works, &case.stdin).run(), 1)
        }
    }
}
