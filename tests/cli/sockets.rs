//! Commands that only look at what is on this machine open no socket. The system itself is asked: strace sees every call.

use std::process::{Command, Stdio};

use crate::support::{TestEnv, TestSandbox, installed, key};

/// Calls of the network that a run makes, itself and every thread and process it starts.
fn calls(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    let log = env.state("calls");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "trace=%network", "-e", "signal=none", "-o"]).arg(&log);
    strace.arg(env!("CARGO_BIN_EXE_fased")).args(arguments).env_clear().envs(env.variables());
    let output = strace.current_dir(env.home()).stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!stderr.contains("strace"), "{arguments:?}: {stderr}");
    // One that did nothing would have opened nothing.
    assert!(!output.stdout.is_empty() || stderr.contains('✓'), "{arguments:?} answered nothing: {stderr}");
    std::fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect()
}

/// A home where a request would go to this sandbox.
fn furnished(sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.write("fased.json", "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }");
    env.fased(["onboard", "--anthropic-api-key", &key("main", "aaaa")]).exits(0);
    env.fased(["chat", "--session", "trip", "hi"]).exits(0);
    env
}

const SILENT: &[&[&str]] = &[
    &["--version"],
    &["--help"],
    &["models", "auth", "login", "--help"],
    &["completion", "zsh"],
    &["__complete", "4", "fased", "models", "auth", "remove", ""],
    &["__complete", "3", "fased", "chat", "--session", ""],
    &["models", "status"],
    &["models", "status", "--json"],
    &["models", "status", "--check"],
    &["models", "list", "--all"],
    &["models", "explain"],
    &["models", "aliases"],
    &["models", "fallbacks"],
    &["models", "roles"],
    &["models", "auth", "list"],
    &["models", "auth", "order", "get", "--provider", "anthropic"],
    &["models", "auth", "cooldown", "list"],
    &["agents", "list"],
    &["config", "path"],
    &["config", "get"],
    &["config", "validate"],
    &["config", "schema"],
    &["chat", "--list"],
    &["cache", "explain"],
    &["usage"],
    &["usage", "--by", "profile", "--json"],
    &["doctor"],
    &["gateway", "keys", "list"],
    &["gateway", "service"],
];

#[test]
fn what_only_looks_opens_no_socket() {
    installed("strace", "strace");
    let sandbox = TestSandbox::start();
    let env = furnished(&sandbox);
    let asked = sandbox.requests().len();
    for arguments in SILENT {
        assert_eq!(calls(&env, arguments), Vec::<String>::new(), "fased {}", arguments.join(" "));
    }
    assert_eq!(sandbox.requests().len(), asked);
}

#[test]
fn what_asks_a_provider_is_seen_to_open_one() {
    installed("strace", "strace");
    let sandbox = TestSandbox::start();
    let env = furnished(&sandbox);
    let seen = calls(&env, &["models", "status", "--probe"]);
    assert!(seen.iter().any(|call| call.contains("socket(AF_INET")), "{seen:#?}");
    assert!(seen.iter().any(|call| call.contains("connect(")), "{seen:#?}");
}
