//! How answers look on terminals: no line is wider than the terminal, ids stay whole, and signs and colour follow what the
//! terminal can show.

use std::process::Command;

use dialoguer::console::{measure_text_width, strip_ansi_codes};
use rexpect::session::spawn_command;
use serde_json::json;

use crate::support::{NOW, TestEnv, TestSandbox, key, token};

/// Far above what all of the commands take.
const HANGS_MS: u64 = 120_000;

/// Commands that show tables, cards or findings.
const SHOWN: &[&str] = &[
    "models",
    "models status --agent work",
    "models status --probe",
    "models list",
    "models list --all",
    "models explain",
    "models explain opus@anthropic:a-name-that-somebody-made-very-long-for-a-reason@example.com",
    "models aliases",
    "models fallbacks",
    "models image-fallbacks",
    "models roles",
    "models auth list",
    "models auth order get --provider anthropic",
    "models auth cooldown list",
    "agents",
    "agents default",
    "chat --list",
    "cache explain trip",
    "usage",
    "usage --by model",
    "usage --by profile",
    "usage --by session",
    "usage --by agent",
    "config path",
    "config validate",
    "doctor",
    "gateway keys list",
    "gateway status",
    // Failures with facts and ways out.
    "chat --model no-such-provider/model hi",
    "chat --agent empty hi",
    "models auth remove anthropic:nobody --yes",
    "agents remove nobody --yes",
];

/// Ids, which somebody must be able to copy from any width.
const IDS: &[&str] = &[
    "anthropic:a-name-that-somebody-made-very-long-for-a-reason@example.com",
    "anthropic:default",
    "a-session-with-a-name-that-is-quite-long-too",
];

/// A home with long names, wide characters and credentials in every state.
fn furnished(sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.write(
        "fased.json",
        "{ agents: { list: [{ id: 'main', default: true, name: '主要エージェント' }, { id: 'work' }, { id: 'empty' }],
            defaults: { model: { primary: 'anthropic/claude-sonnet-5', fallbacks: ['anthropic/claude-opus-4-8'] },
            models: { 'anthropic/claude-haiku-4-5': { alias: 'quick' }, 'anthropic/claude-sonnet-5': {},
                'anthropic/claude-opus-4-8': { params: { cacheRetention: 'long' } } } } },
          models: { providers: { 'another-provider': { baseUrl: 'https://llm.example.com/anthropic',
            models: [{ id: 'a-model-with-a-name-that-takes-much-room-2026-06-01' }] } } } }",
    );
    let now = NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let day = 86_400_000;
    let long = IDS[0];
    let refresh = format!("sk-ant-ort01-sandbox-long-{}-r1r1", "0".repeat(70));
    let store = json!({"version": 1, "profiles": {
        "anthropic:default": {"type": "api_key", "provider": "anthropic", "key": key("main", "aaaa")},
        "anthropic:soon": {"type": "token", "provider": "anthropic", "token": token("soon", "bbbb"), "expires": now + day / 2},
        "anthropic:old": {"type": "token", "provider": "anthropic", "token": token("old", "cccc"), "expires": now - 3 * day},
        "anthropic:日本語": {"type": "api_key", "provider": "anthropic", "key": key("jp", "eeee")},
        "anthropic:ref": {"type": "api_key", "provider": "anthropic",
            "keyRef": {"source": "env", "provider": "default", "id": "A_VARIABLE_THAT_IS_NOT_SET_ANYWHERE"}},
        (long): {"type": "oauth", "provider": "anthropic", "access": token("long", "o1o1"), "refresh": refresh,
            "expires": now + day, "email": "me@example.com"},
        "broken": {"type": "riddle"},
    }});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let limited = json!({"version": 1, "profiles": {
        "anthropic:limited": {"type": "api_key", "provider": "anthropic", "key": key("fault-rate-limit", "ffff")}}});
    env.write("agents/work/agent/auth-profiles.json", &limited.to_string());
    for (session, question) in [
        (
            "trip",
            "🚀🚀 where should I go? 日本 or 中国, or somewhere that takes a much longer question to tell?",
        ),
        (
            IDS[2],
            "what is in this session, whose title goes on and on and on, until no terminal can show all of it?",
        ),
    ] {
        env.fased(["chat", "--session", session, "--model", "sonnet@anthropic:default", question]).exits(0);
    }
    env.fased(["chat", "--agent", "work", "hi"]);
    env.fased(["gateway", "keys", "add", "a-key-with-a-long-name-for-a-program", "--cap-daily", "5"])
        .exits(0);
    env
}

/// What all of the commands show on a terminal of this width, each with its line.
fn shown(env: &TestEnv, columns: usize, variables: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let program = env!("CARGO_BIN_EXE_fased");
    let runs: Vec<String> = SHOWN.iter().map(|line| format!("'{program}' {line}; echo '<end>'\n")).collect();
    env.write("all", &runs.concat());
    let mut shell = Command::new("/bin/sh");
    let script = format!("stty cols {columns} rows 50 -onlcr; . {}", env.state("all").display());
    shell.args(["-c", &script]).env_clear().envs(env.variables()).current_dir(env.home());
    shell.env("PATH", "/usr/bin:/bin").env("TERM", "xterm").envs(variables.iter().copied());
    let mut terminal = spawn_command(shell, Some(HANGS_MS)).unwrap();
    // The bytes of the terminal come as characters, one each.
    let bytes: Vec<u8> = terminal.exp_eof().unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect();
    let text = String::from_utf8(bytes).unwrap();
    let parts: Vec<String> = text.split("<end>\n").map(str::to_owned).collect();
    assert_eq!(parts.len(), SHOWN.len() + 1, "{text}");
    SHOWN.iter().copied().zip(parts).collect()
}

/// Whether a line is one that must stay whole: a command that can be pasted, or a word that has no place to break it.
fn stays_whole(line: &str) -> bool {
    let marks = ["fix: ", "try: ", "to drop it: ", "from ", "→ ", "* ", "✓ ", "✗ ", "- "];
    let text = line.trim();
    let text = marks.iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(text).trim();
    let commands = ["fased ", "claude ", "export ", "printf ", "mv ", "chmod ", "curl "];
    commands.iter().any(|begin| text.starts_with(begin)) || !text.contains(' ')
}

#[test]
fn no_line_is_wider_than_the_terminal_and_no_id_is_cut() {
    let sandbox = TestSandbox::start();
    let env = furnished(&sandbox);
    let mut wrong = Vec::new();
    for columns in [60, 80, 200] {
        let shown = shown(&env, columns, &[("LANG", "C.UTF-8")]);
        for (command, text) in &shown {
            let text = strip_ansi_codes(text);
            // A spinner writes over its own line.
            let lines = text.lines().map(|line| line.rsplit('\r').next().unwrap_or(line));
            for line in lines.filter(|line| measure_text_width(line) > columns && !stays_whole(line)) {
                wrong.push(format!("{columns} columns, fased {command}: {line}"));
            }
        }
        let of = |wanted: &str| {
            shown.iter().find(|(command, _)| *command == wanted).map(|(_, text)| text).unwrap()
        };
        for (command, id) in [
            ("models", IDS[0]),
            ("models", IDS[1]),
            ("models auth list", IDS[0]),
            ("chat --list", IDS[2]),
            ("usage --by session", IDS[2]),
            ("gateway keys list", "a-key-with-a-long-name-for-a-program"),
            ("models list --all", "another-provider/a-model-with-a-name-that-takes-much-room-2026-06-01"),
        ] {
            if !of(command).contains(id) {
                wrong.push(format!(
                    "{columns} columns, fased {command}: {id} is not whole in\n{}",
                    of(command)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn columns_line_up_beside_wide_characters() {
    let sandbox = TestSandbox::start();
    let env = furnished(&sandbox);
    let shown = shown(&env, 200, &[("LANG", "C.UTF-8")]);
    let text =
        shown.iter().find(|(command, _)| *command == "models auth list").map(|(_, text)| text).unwrap();
    let text = strip_ansi_codes(text);
    let column = |line: &str, word: &str| line.find(word).map(|at| measure_text_width(&line[..at]));
    let heading = text.lines().find(|line| line.contains("SECRET")).unwrap();
    let wanted = column(heading, "SECRET");
    for profile in ["anthropic:日本語", "anthropic:default"] {
        let line = text.lines().find(|line| line.contains(profile)).unwrap();
        assert_eq!(column(line, "sk-ant-"), wanted, "{text}");
    }
}

#[test]
fn a_terminal_without_utf8_gets_ascii_and_a_dumb_one_no_control_sequences() {
    let sandbox = TestSandbox::start();
    let env = furnished(&sandbox);
    for variables in [&[("LANG", "C")] as &[(&str, &str)], &[("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")], &[]] {
        for (command, text) in shown(&env, 80, variables) {
            let own = |c: &char| !c.is_ascii() && !"日本語主要エージェント中国🚀".contains(*c);
            assert_eq!(text.chars().find(own), None, "fased {command} with {variables:?}:\n{text}");
        }
    }
    for (command, text) in shown(&env, 80, &[("LANG", "C.UTF-8"), ("TERM", "dumb")]) {
        assert!(!text.contains('\u{1b}'), "fased {command}:\n{text}");
    }
}

#[test]
fn colour_is_for_terminals_and_for_those_who_force_it() {
    let sandbox = TestSandbox::start();
    let env = furnished(&sandbox);
    let has_colour = |variables: &[(&str, &str)]| {
        shown(&env, 80, variables)
            .iter()
            .any(|(command, text)| !command.contains("probe") && text.contains("\u{1b}["))
    };
    assert!(has_colour(&[]));
    assert!(!has_colour(&[("NO_COLOR", "1")]));
    // An empty variable is one that is not set.
    assert!(has_colour(&[("NO_COLOR", "")]));
    let piped = |variables: &[(&str, &str)]| {
        let run = variables
            .iter()
            .fold(env.command(["models", "status"]), |run, (name, value)| run.set(name, value));
        run.run().stdout
    };
    assert!(!piped(&[]).contains('\u{1b}'));
    assert!(piped(&[("CLICOLOR_FORCE", "1")]).contains('\u{1b}'));
    assert!(!piped(&[("CLICOLOR_FORCE", "0")]).contains('\u{1b}'));
    assert!(!piped(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));
}
