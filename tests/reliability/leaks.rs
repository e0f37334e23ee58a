//! A secret stands in the credential store and nowhere else, whichever command was run. `tests/cli/leaks.rs` tries secrets
//! in wrong places; here every command is run as it is meant to be, and logs all it can.

use crate::commands::{Does, ROWS};
use crate::figures;
use crate::home::{copy_of, furnished};
use crate::support::{TestEnv, TestSandbox};

/// A part of every secret here that stands nowhere else.
const CANARY: &str = "cAnArY7e2d";

/// Asserts that no file but those made for secrets has one.
fn look_through(env: &TestEnv, line: &str) {
    const FOR_SECRETS: [&str; 1] = ["auth-profiles.json"];
    for (path, bytes) in env.contents() {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        // A profile of Anthropic's tools is where an export goes.
        let is_export = path.starts_with(env.home().join(".config/anthropic/credentials"));
        let leaked = bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        let is_meant = FOR_SECRETS.contains(&name.as_str()) || is_export;
        assert!(is_meant || !leaked, "a secret is in {} after {line}", path.display());
    }
}

#[test]
fn no_command_shows_or_writes_a_secret_where_it_does_not_belong() {
    let sandbox = TestSandbox::start();
    let template = furnished(&sandbox, CANARY);
    let mut runs = 0;
    for row in ROWS {
        for json in [false, true] {
            let mut env = copy_of(&template, &sandbox);
            env.set("FASED_LOG", "trace");
            let line = row.line(json).join(" ");
            runs += 1;
            let output = row.run(&env, json, CANARY);
            if row.does != Does::Serves {
                output.exits(row.code);
            }
            // Which is what it is for.
            let shows = row.words == "models auth token";
            assert!(shows || !output.stdout.contains(CANARY), "a secret is on stdout\n{output}");
            assert!(!output.stderr.contains(CANARY), "a secret is on stderr\n{output}");
            look_through(&env, &line);
        }
    }
    for request in sandbox.requests() {
        assert!(!format!("{request:?}").contains(CANARY), "{request:?}");
    }
    figures::add(
        "Every command with secrets in every place",
        format!("{runs} runs"),
        "none shown, none written elsewhere",
    );
}
