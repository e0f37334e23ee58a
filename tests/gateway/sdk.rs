//! Anthropic's own SDKs against the gateway: answers, streams, counts, models, their classes of errors, and what they do
//! when they are told to come back or not to.
//!
//! Where they come from says `support::sdk`.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{TestEnv, TestGateway, TestSandbox, key, sdk};

/// Agents of the gateway, and what the only credential of each meets upstream.
const AGENTS: [(&str, &str); 5] = [
    ("permission", "fault-permission"),
    ("limit", "fault-rate-limit-retry-after-60"),
    ("overloaded", "fault-overloaded"),
    ("once", "fault-overloaded-times-1-retry-after-1"),
    ("final", "fault-overloaded-should-retry-false"),
];

#[test]
fn the_python_sdk_works_with_the_gateway() {
    let directory = sdk::python();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/sdk/ask.py");
    works(Command::new(directory.join("bin/python")).arg(script));
}

#[test]
fn the_node_sdk_works_with_the_gateway() {
    let directory = sdk::node();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway/sdk/ask.mjs");
    works(Command::new("node").arg(script).arg(&directory));
}

/// Lets a script ask, and looks at what came of it.
fn works(script: &mut Command) {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    // Limits have to end while an SDK waits for that.
    env.set("FASED_NOW", "");
    env.fased(["onboard", "--anthropic-api-key", &key("good", "x3Qw")]).exits(0);
    let mut keys = json!({ "nobody": "fased-ck-sandbox-of-nobody-00000000" });
    for (agent, fault) in AGENTS {
        env.fased(["agents", "add", agent]).exits(0);
        env.fased(["onboard", "--agent", agent, "--anthropic-api-key", &key(fault, "f4f4")]).exits(0);
    }
    for agent in ["main"].into_iter().chain(AGENTS.map(|(agent, _)| agent)) {
        let added =
            env.fased(["gateway", "keys", "add", &format!("sdk-{agent}"), "--agent", agent, "--json"]);
        keys[agent] = added.exits(0).json()["key"].clone();
    }
    let gateway = TestGateway::start(&env);

    let search = fased::env::Env::of_this_process();
    let output = script
        .args([gateway.url(), &keys.to_string()])
        .env_clear()
        .env("HOME", env.home())
        .env("PATH", search.get("PATH").unwrap_or("/usr/bin:/bin"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{}", gateway.log());
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = "one two three four five six seven";
    let expected = json!({
        "plain": [text, "claude-haiku-4-5", "end_turn", true],
        "stream": [text, true, text, "end_turn"],
        "count": true,
        "models": [true, "claude-haiku-4-5"],
        "bearer": text,
        "errors": {
            "request": ["BadRequestError", 400, "invalid_request_error", true],
            "key": ["AuthenticationError", 401, "authentication_error", true],
            "permission": ["PermissionDeniedError", 403, "permission_error", true],
            "model": ["NotFoundError", 404, "not_found_error", true],
            "limit": ["RateLimitError", 429, "rate_limit_error", true],
            "overloaded": ["OverloadedError", 529, "overloaded_error", true],
        },
        "retried": text,
        "waited": true,
        "not retried": ["OverloadedError", 529, "overloaded_error", true],
    });
    assert_eq!(found, expected, "{}", gateway.log());
    let arrived = |tail: &str, path: &str| {
        let has_key = |value: &str| value.ends_with(tail);
        let requests = sandbox.requests();
        requests.iter().filter(|it| it.path == path && it.header("x-api-key").is_some_and(has_key)).count()
    };
    // Permission, limit, overloaded and final once each, and the one that is tried again twice.
    assert_eq!(arrived("f4f4", "/v1/messages"), 6);
    assert_eq!(arrived("x3Qw", "/v1/messages/count_tokens"), 1);
}
