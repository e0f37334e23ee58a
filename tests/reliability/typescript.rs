//! A state directory of the TypeScript program through every command: comments, keys nobody here reads and entries of other
//! providers are there afterwards, and what only looks writes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::commands::{Does, ROWS, Row};
use crate::support::{TestEnv, TestSandbox};
use crate::{figures, home, sound};

const COMMENTS: [&str; 5] = [
    "// my gateway",
    "// filled by systemd",
    "// big prompts",
    "/* not used here */",
    "'+15550001', '+15550002'",
];
/// Files that are the TypeScript program's alone.
const FOREIGN: [&str; 2] = ["auth.json", "oauth.json"];

/// Asserts that what one document has the other has, too, but for what is named in `takes`.
fn is_kept(before: &Value, after: Option<&Value>, place: &str, takes: &[&str]) {
    if takes.iter().any(|taken| place.contains(taken)) {
        return;
    }
    let Some(after) = after else { panic!("{place} is gone") };
    match (before, after) {
        (Value::Object(fields), Value::Object(_)) => {
            for (name, value) in fields {
                is_kept(value, after.get(name), &format!("{place}.{name}"), takes);
            }
        }
        (Value::Array(items), Value::Array(now)) => {
            for item in items {
                // An agent is the same one with other fields.
                let same =
                    now.iter().find(|it| *it == item || (it["id"].is_string() && it["id"] == item["id"]));
                is_kept(item, same, &format!("{place}[{item}]"), takes);
            }
        }
        _ => assert_eq!(before, after, "{place} is another one"),
    }
}

fn parsed(path: &std::path::Path, bytes: &[u8]) -> Value {
    let text = std::str::from_utf8(bytes).unwrap();
    json5::from_str(text).unwrap_or_else(|error| panic!("{}: {error}\n{text}", path.display()))
}

fn check(row: &Row, env: &TestEnv, before: &BTreeMap<PathBuf, Vec<u8>>, line: &str) {
    let after = env.contents();
    if row.does == Does::Looks {
        let written = after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes));
        let written: Vec<_> = written.map(|(path, _)| path.display()).collect();
        assert!(written.is_empty(), "{line} only looks, and wrote {written:?}");
    }
    for (path, bytes) in before {
        let Some(now) = after.get(path) else { panic!("{} is gone after {line}", path.display()) };
        let name = path.file_name().unwrap().to_str().unwrap();
        if FOREIGN.contains(&name) || path.starts_with(env.home().join("elsewhere")) {
            assert!(now == bytes, "{} was changed by {line}", path.display());
            continue;
        }
        is_kept(&parsed(path, bytes), Some(&parsed(path, now)), &format!("{line}: {name}"), row.takes);
        if name == "fased.json" {
            let text = String::from_utf8_lossy(now);
            for comment in COMMENTS {
                assert!(text.contains(comment), "{line} lost {comment}:\n{text}");
            }
        }
    }
    sound::check(&env.state(""));
}

#[test]
fn no_command_loses_anything_of_a_directory_of_the_typescript_program() {
    let sandbox = TestSandbox::start();
    let (mut runs, mut done) = (0, 0);
    for row in ROWS {
        for json in [false, true] {
            let env = home::typescript(&sandbox);
            let before = env.contents();
            let line = row.line(json).join(" ");
            runs += 1;
            let output = row.run(&env, json, "typescript");
            let code = output.code.unwrap_or(-1);
            assert!([0, 1, 2, 3, 4, 5, 64, 130].contains(&code), "{output}");
            done += u64::from(code == 0);
            check(row, &env, &before, &line);
        }
    }
    // Some have nothing to do in that directory.
    assert!(done * 10 > runs * 8, "only {done} of {runs} commands could do their work");
    figures::add(
        "Every command in a directory of the TypeScript program",
        format!("{runs} runs, {done} ended with 0"),
        "no comment, key or entry lost; what looks wrote nothing",
    );
}
