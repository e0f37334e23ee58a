//! The programs of `examples/sdk`, written for Anthropic's API, against the gateway.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::source;
use crate::support::{TestEnv, TestGateway, TestSandbox, key, sdk};

/// Runs a program as its own remarks say; exit code, stdout and stderr.
fn run(program: &mut Command, env: &TestEnv, url: &str, key: &str) -> (Option<i32>, String, String) {
    let search = std::env::var("PATH").unwrap();
    program.args(["[sandbox:say", "Rayleigh]"]).env_clear().env("HOME", env.home()).env("PATH", search);
    let output = program.env("ANTHROPIC_BASE_URL", url).env("ANTHROPIC_API_KEY", key).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn works(program: impl Fn() -> Command) {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("good", "x3Qw")]).exits(0);
    let added = env.fased(["gateway", "keys", "add", "my-app", "--json"]);
    let client = added.exits(0).json()["key"].as_str().unwrap().to_owned();
    let gateway = TestGateway::start(&env);
    let (code, answer, told) = run(&mut program(), &env, gateway.url(), &client);
    assert_eq!((code, answer.trim_end()), (Some(0), "Rayleigh"), "{told}");
    assert!(told.contains(" in, ") && told.ends_with(" out\n"), "{told}");
    let (code, answer, told) =
        run(&mut program(), &env, gateway.url(), "fased-ck-sandbox-of-nobody-00000000");
    assert_eq!((code, answer.as_str()), (Some(1), ""), "{told}");
    assert!(told.starts_with("401: "), "{told}");
}

#[test]
fn the_program_for_python_asks_through_the_gateway() {
    let interpreter = sdk::python().join("bin/python");
    works(|| {
        let mut python = Command::new(&interpreter);
        python.arg(source("examples/sdk/ask.py"));
        python
    });
}

#[test]
fn the_program_for_node_asks_through_the_gateway() {
    // Modules are looked for from where a program stands.
    let directory = tempfile::tempdir().unwrap();
    symlink(sdk::node().join("node_modules"), directory.path().join("node_modules")).unwrap();
    std::fs::copy(source("examples/sdk/ask.mjs"), directory.path().join("ask.mjs")).unwrap();
    works(|| {
        let mut node = Command::new("node");
        node.arg(directory.path().join("ask.mjs"));
        node
    });
}
