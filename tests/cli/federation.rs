//! Workload identity federation: an identity token is exchanged when a request needs it, and nothing of it is stored.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;

use crate::support::{Session, TestEnv, TestSandbox, snapshot};

/// A part of the identity token that stands nowhere else.
const CANARY: &str = "cAnArY7e2d";

const IMPORT: [&str; 5] = ["models", "auth", "import", "--from", "federation-env"];

/// A workload: its rule in the environment, its identity in a file.
fn workload(sandbox: &TestSandbox) -> (TestEnv, PathBuf) {
    let mut env = TestEnv::with_sandbox(sandbox);
    let jwt = env.home().join("identity");
    std::fs::write(&jwt, format!("eyJhbGciOiJub25lIn0.{CANARY}.c2ln\n")).unwrap();
    let path = jwt.display().to_string();
    env.set("ANTHROPIC_FEDERATION_RULE_ID", "fdrl_01Ab")
        .set("ANTHROPIC_ORGANIZATION_ID", "6f1c2a34-0000-4000-8000-0123456789ab")
        .set("ANTHROPIC_WORKSPACE_ID", "wrkspc_01Work")
        .set("ANTHROPIC_IDENTITY_TOKEN_FILE", &path);
    (env, jwt)
}

fn exchanges(sandbox: &TestSandbox) -> usize {
    sandbox.requests().iter().filter(|request| request.path == "/v1/oauth/token").count()
}

#[test]
fn a_token_is_minted_at_use_and_kept_for_the_next() {
    let sandbox = TestSandbox::start();
    let (mut env, jwt) = workload(&sandbox);
    let mut session = Session::default();
    session.add(env.fased(IMPORT).exits(0));
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    assert!(sandbox.requests().is_empty(), "looking opened a connection");
    session.add(env.fased(["chat", "hi"]).exits(0));
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(exchanges(&sandbox), 1);
    let request = sandbox.last_message();
    assert_eq!(request.header("anthropic-beta"), Some("oauth-2025-04-20"));
    assert_eq!(request.header("anthropic-workspace-id"), None);
    let minted = env.state("agents/main/agent/minted-tokens.json");
    assert_eq!(std::fs::metadata(&minted).unwrap().permissions().mode() & 0o777, 0o600);
    // An hour later there is another one, for the identity that is there then.
    sandbox.advance(Duration::from_secs(3590));
    env.set("FASED_NOW", "2026-06-01T12:59:50Z");
    std::fs::write(&jwt, "eyJhbGciOiJub25lIn0.e30.bmV3").unwrap();
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(exchanges(&sandbox), 2);
    snapshot!("federation", session);
}

#[test]
fn a_federation_profile_of_anthropics_tools_is_minted_for_too() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("ANTHROPIC_ORGANIZATION_ID", "6f1c2a34-0000-4000-8000-0123456789ab");
    let jwt = env.home().join("identity");
    std::fs::write(&jwt, "eyJhbGciOiJub25lIn0.e30.c2ln").unwrap();
    let configs = env.home().join(".config/anthropic/configs");
    std::fs::create_dir_all(&configs).unwrap();
    let config = json!({"version": "1.0", "authentication": {"type": "oidc_federation",
        "federation_rule_id": "fdrl_01Ab", "service_account_id": "svac_01Ab",
        "identity_token": {"source": "file", "path": jwt}}, "workspace_id": "wrkspc_01Work"});
    std::fs::write(configs.join("ci.json"), config.to_string()).unwrap();
    env.fased(["models", "auth", "import", "--from", "anthropic-profile", "--profile", "ci"]).exits(0);
    env.fased(["chat", "hi"]).exits(0);
    let requests = sandbox.requests();
    let body = requests[0].json().unwrap();
    assert_eq!(
        (&body["federation_rule_id"], &body["service_account_id"], &body["workspace_id"]),
        (&"fdrl_01Ab".into(), &"svac_01Ab".into(), &"wrkspc_01Work".into())
    );
    assert_eq!(requests.len(), 2);
}

#[test]
fn what_goes_wrong_is_told_without_the_identity() {
    let sandbox = TestSandbox::start();
    let (mut env, jwt) = workload(&sandbox);
    env.fased(IMPORT).exits(0);
    let mut session = Session::default();
    std::fs::write(&jwt, format!("no-jwt-{CANARY}")).unwrap();
    session.add(env.fased(["chat", "hi"]).exits(4));
    session.add(env.fased(["models", "auth", "token", "--json"]).exits(4));
    std::fs::write(&jwt, " \n").unwrap();
    session.add(env.fased(["chat", "hi"]).exits(3));
    env.set("ANTHROPIC_FEDERATION_RULE_ID", "");
    session.add(env.fased(["models", "status", "--check"]).exits(1));
    session.add(env.fased(IMPORT.into_iter().chain(["--json"])).exits(3));
    snapshot!("federation_refused", session);
}

#[test]
fn neither_identity_nor_token_stands_where_it_should_not() {
    let sandbox = TestSandbox::start();
    let (mut env, jwt) = workload(&sandbox);
    env.set("FASED_LOG", "trace");
    let mut told = String::new();
    for arguments in
        [&IMPORT as &[&str], &["models", "status", "--json"], &["chat", "hi"], &["models", "auth", "list"]]
    {
        let run = env.fased(arguments.iter().copied());
        told.push_str(&run.exits(0).to_string());
    }
    std::fs::write(&jwt, format!("no-jwt-{CANARY}")).unwrap();
    std::fs::remove_file(env.state("agents/main/agent/minted-tokens.json")).ok();
    told.push_str(&env.fased(["chat", "hi"]).exits(4).to_string());
    std::fs::remove_file(&jwt).unwrap();
    assert!(!told.contains(CANARY) && !told.contains("sk-ant-oat01-"), "{told}");
    for (path, bytes) in env.contents() {
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{}", path.display());
    }
    for request in sandbox.requests() {
        assert!(!format!("{request:?}").contains(CANARY), "{request:?}");
    }
}
