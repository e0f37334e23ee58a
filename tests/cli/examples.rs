//! The programs of `examples/` do what they say, against the sandbox.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{TestEnv, TestSandbox, key};

/// Runs an example in an environment of its own; what it printed on stdout and stderr.
fn run(env: &TestEnv, name: &str, arguments: &[&str]) -> (String, String) {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    let directory = BUILT.get_or_init(|| {
        // `cargo test` has built them already, `cargo test --test cli` has not.
        let built = Command::new(env!("CARGO")).args(["build", "--quiet", "--locked", "--examples"]).status();
        assert!(built.unwrap().success());
        PathBuf::from(env!("CARGO_BIN_EXE_fased")).with_file_name("examples")
    });
    let mut example = Command::new(directory.join(name));
    example.args(arguments).env_clear().envs(env.variables());
    let output = example.output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{name}: {stdout}{stderr}");
    (stdout, stderr)
}

fn with_key(sandbox: &TestSandbox) -> TestEnv {
    let mut env = TestEnv::with_sandbox(sandbox);
    env.set("ANTHROPIC_API_KEY", &key("example", "x3Qw"));
    env
}

#[test]
fn a_question_is_answered_at_once_or_as_it_comes() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox);
    let (answer, _) = run(&env, "ask", &["[sandbox:say", "Rayleigh]"]);
    assert!(answer.starts_with("Rayleigh\n("), "{answer}");
    let (answer, _) = run(&env, "stream", &[]);
    assert!(
        answer.contains("Count from one to ten") && answer.ends_with("(ended with end_turn)\n"),
        "{answer}"
    );
    assert_eq!(sandbox.requests().len(), 2);
}

#[test]
fn the_stand_in_of_the_api_and_the_verdict_need_no_key() {
    let env = TestEnv::new();
    assert!(run(&env, "sandbox", &[]).0.ends_with("(status 200, 1 request seen)\n"));
    assert_eq!(run(&env, "status", &[]).0, "agent main: 0 profiles\n");
}

#[test]
fn a_limit_of_one_credential_hands_over_to_the_next() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    for (id, secret) in
        [("anthropic:first", key("fault-rate-limit", "aaaa")), ("anthropic:second", key("two", "bbbb"))]
    {
        let onboard = ["onboard", "--non-interactive", "--api-key-stdin", "--profile-id", id];
        env.command(onboard).stdin(secret).run().exits(0);
    }
    let (answer, told) = run(&env, "failover", &["[sandbox:say hello]"]);
    assert_eq!(answer, "hello\n(1 tries failed before)\n");
    assert!(told.contains("anthropic:first") && told.contains("anthropic:second"), "{told}");
}

#[test]
fn a_program_that_prints_a_credential_is_asked_again_when_that_is_refused() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write("old", &key("fault-auth", "aaaa"));
    env.write("new", &key("fresh", "bbbb"));
    // Once it has given the old one, it gives the new one.
    let script = r#"cat "$0/old" && cp "$0/new" "$0/old""#;
    let directory = env.state("");
    let (answer, _) = run(&env, "credential_source", &["/bin/sh", "-c", script, directory.to_str().unwrap()]);
    assert!(answer.contains("why is the sky blue?"), "{answer}");
    assert_eq!(sandbox.requests().len(), 2);
}
