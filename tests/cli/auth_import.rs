//! `fased models auth import`: what another program keeps is taken over or referred to, and never changed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde_json::json;

use crate::support::{NOW, Session, TestEnv, TestSandbox, key, snapshot, token};

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/typescript-state");

/// Seconds since 1970, so many after the time tests run at.
fn at(seconds: i64) -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_second() + seconds
}

/// Writes a file of another program.
fn write(path: &Path, mode: u32, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let to = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &to);
        } else {
            write(&to, 0o600, &std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Every file below a directory with its content.
fn below(env: &TestEnv, directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    env.contents().into_iter().filter(|(path, _)| path.starts_with(directory)).collect()
}

fn claude_code(env: &TestEnv, part: &str, ends: i64) -> PathBuf {
    let path = env.home().join(".claude/.credentials.json");
    let document = json!({"claudeAiOauth": {"accessToken": token(part, "c1c1"),
        "refreshToken": "sk-ant-ort01-sandbox-theirs-000000000000000000000000000000000000000000000000-t1t1",
        "expiresAt": ends * 1000, "scopes": ["user:inference"], "subscriptionType": "max"}});
    write(&path, 0o600, &document.to_string());
    path
}

/// A profile of Anthropic's tools, as `ant auth login` leaves it.
fn anthropic_profile(env: &TestEnv, name: &str, part: &str, ends: i64) -> PathBuf {
    let directory = env.home().join(".config/anthropic");
    let config = json!({"version": "1.0", "authentication": {"type": "user_oauth", "client_id": "theirs"},
        "organization_id": "6f1c2a34-0000-4000-8000-0123456789ab", "workspace_id": "wrkspc_01Work"});
    write(&directory.join(format!("configs/{name}.json")), 0o644, &config.to_string());
    let credentials = json!({"version": "1.0", "type": "oauth_token", "access_token": token(part, "a1a1"),
        "refresh_token": "sk-ant-ort01-sandbox-theirs-000000000000000000000000000000000000000000000000-t2t2",
        "expires_at": ends, "account_email": "me@example.com"});
    let path = directory.join(format!("credentials/{name}.json"));
    write(&path, 0o600, &credentials.to_string());
    path
}

#[test]
fn another_state_directory_gives_its_keys_tokens_and_references_but_no_sign_in() {
    let env = TestEnv::new();
    let old = env.home().join("old");
    copy(Path::new(FIXTURE), &old);
    let before = below(&env, &old);
    let mut session = Session::default();
    session.add(
        env.fased(["models", "auth", "import", "--from", "fased", "--path", "old", "--dry-run"]).exits(0),
    );
    assert!(!env.state("").exists(), "a dry run wrote\n{}", env.tree());
    for arguments in [
        &["--path", "old"] as &[&str],
        &["--path", "old/agents/main/agent/auth-profiles.json"],
        &["--path", "old/agents", "--from-agent", "work"],
        &["--path", "old", "--from-agent", "legacy"],
        &["--path", "old", "--from-agent", "legacy", "--replace"],
        &["--path", "old", "--profile", "anthropic:manual"],
    ] {
        let all = ["models", "auth", "import", "--from", "fased"].iter().chain(arguments);
        session.add(env.fased(all.copied()).exits(0));
    }
    assert!(below(&env, &old) == before, "the source changed");
    let stored = std::fs::read_to_string(env.store("main")).unwrap();
    let entry = r#""anthropic:ref": {
      "type": "api_key",
      "provider": "anthropic",
      "keyRef": {
        "source": "env",
        "provider": "default",
        "id": "ANTHROPIC_WORK_KEY"
      }
    }"#;
    assert!(stored.contains(entry), "an entry changed its text\n{stored}");
    assert!(!stored.contains("ort01"), "{stored}");
    snapshot!("auth_import_fased", session);
}

#[test]
fn what_is_imported_is_told_to_scripts() {
    let env = TestEnv::new();
    copy(Path::new(FIXTURE), &env.home().join("old"));
    let import = |more: &[&str]| {
        let all =
            ["models", "auth", "import", "--from", "fased", "--path", "old", "--json"].iter().chain(more);
        env.fased(all.copied())
    };
    let mut session = Session::default();
    session.add(import(&[]).exits(0));
    session.add(import(&["--from-agent", "legacy", "--replace", "--dry-run"]).exits(0));
    session.add(import(&["--from-agent", "nobody"]).exits(64));
    session.add(import(&["--profile", "anthropic:nobody"]).exits(64));
    snapshot!("auth_import_json", session);
}

#[test]
fn an_order_that_leaves_out_what_arrives_is_named() {
    let env = TestEnv::new();
    let entry = json!({"type": "api_key", "provider": "anthropic", "key": key("own", "x3Qw")});
    let store = json!({"version": 1, "profiles": {"anthropic:own": entry}, "order": {"anthropic": ["anthropic:own"]}});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    copy(Path::new(FIXTURE), &env.home().join("old"));
    let run =
        env.fased(["models", "auth", "import", "--from", "fased", "--path", "old", "--from-agent", "work"]);
    snapshot!("auth_import_left_out", run.exits(0));
}

#[test]
fn openclaws_database_is_read_and_nothing_appears_beside_it() {
    let env = TestEnv::new();
    let path = env.home().join(".openclaw/state/openclaw.sqlite");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let store = json!({"version": 1, "profiles": {
        "anthropic:default": {"type": "api_key", "provider": "anthropic", "key": key("claw", "x3Qw"), "own": [1]},
        "anthropic:team": {"type": "token", "provider": "anthropic", "token": token("claw", "77aa"),
            "expires": at(90 * 86_400) * 1000},
        "openai:default": {"type": "api_key", "provider": "openai", "key": "sk-FAKEopenaixxxxxxxxxxxxxxxxxxxxx"},
    }, "usageStats": {}});
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             CREATE TABLE config_machine_state (state_key TEXT NOT NULL PRIMARY KEY, value_json TEXT NOT NULL,
                 updated_at_ms INTEGER NOT NULL) STRICT",
        )
        .unwrap();
    let insert = "INSERT INTO config_machine_state VALUES ('authProfiles.store', ?1, 0)";
    database.execute(insert, [store.to_string()]).unwrap();
    // While it is open its last writes stand beside it; once it is closed they do not.
    for open in [Some(database), None] {
        let before = below(&env, &env.home().join(".openclaw"));
        let run = env.fased(["models", "auth", "import", "--from", "openclaw", "--json"]);
        let outcome = if open.is_some() { "imported" } else { "unchanged" };
        for profile in run.exits(0).json()["profiles"].as_array().unwrap() {
            assert_eq!(profile["outcome"], outcome, "{run}");
        }
        assert!(below(&env, &env.home().join(".openclaw")) == before, "{}", env.tree());
        drop(open);
    }
    assert_eq!(env.store_json("main")["profiles"], store["profiles"]);
    let mut session = Session::default();
    session.add(env.fased(["models", "auth", "import", "--from", "openclaw"]).exits(0));
    std::fs::write(&path, "x".repeat(4096)).unwrap();
    session.add(env.fased(["models", "auth", "import", "--from", "openclaw"]).exits(1));
    std::fs::remove_file(&path).unwrap();
    session.add(env.fased(["models", "auth", "import", "--from", "openclaw"]).exits(3));
    snapshot!("auth_import_openclaw", session);
}

#[test]
fn older_openclaw_had_files() {
    let env = TestEnv::new();
    let path = env.home().join("claw/agents/main/agent/auth-profiles.json");
    let entry = json!({"type": "api_key", "provider": "anthropic", "key": key("claw", "x3Qw")});
    write(&path, 0o600, &json!({"version": 1, "profiles": {"anthropic:default": entry}}).to_string());
    let run = env.fased(["models", "auth", "import", "--from", "openclaw", "--path", "claw"]);
    run.exits(0);
    assert_eq!(env.store_json("main")["profiles"]["anthropic:default"], entry);
}

#[test]
fn claude_codes_sign_in_is_read_live_and_never_refreshed() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let mut session = Session::default();
    session.add(env.fased(["models", "auth", "import", "--from", "claude-code"]).exits(3));
    session.add(env.fased(["models", "auth", "import", "--from", "claude-code", "--json"]).exits(3));
    let path = claude_code(&env, "first", at(5 * 3600));
    session.add(env.fased(["models", "auth", "import", "--from", "claude-code"]).exits(0));
    session.add(env.fased(["models", "auth", "import", "--from", "claude-code", "--json"]).exits(0));
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    env.fased(["chat", "hi"]).exits(0);
    let first = sandbox.last_message();
    assert_eq!(first.header("authorization"), Some("Bearer sk-ant-oat01 …c1c1"));
    assert_eq!(first.header("anthropic-beta"), Some("claude-code-20250219,oauth-2025-04-20"));
    // Its owner renews it; the next request uses what is there then.
    let renewed = std::fs::read_to_string(&path).unwrap().replace("-c1c1", "-c2c2");
    write(&path, 0o600, &renewed);
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(sandbox.last_message().header("authorization"), Some("Bearer sk-ant-oat01 …c2c2"));
    claude_code(&env, "short", at(300));
    session.add(env.fased(["models", "status", "--check"]).exits(2));
    claude_code(&env, "ended", at(-7200));
    session.add(env.fased(["models", "status", "--check"]).exits(1));
    session.add(env.fased(["chat", "hi"]).exits(3));
    std::fs::remove_file(&path).unwrap();
    session.add(env.fased(["chat", "hi"]).exits(3));
    assert!(
        sandbox.requests().iter().all(|request| request.path == "/v1/messages"),
        "{:?}",
        sandbox.requests()
    );
    let stored = env.store_json("main")["profiles"]["anthropic:claude-code"].to_string();
    assert!(!stored.contains("sk-ant"), "{stored}");
    snapshot!("auth_import_claude_code", session);
}

#[test]
fn a_profile_of_anthropics_tools_is_read_live_and_for_its_workspace() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    let import = ["models", "auth", "import", "--from", "anthropic-profile"];
    let mut session = Session::default();
    session.add(env.fased(import).exits(3));
    let credentials = anthropic_profile(&env, "work", "work", at(3000));
    write(&env.home().join(".config/anthropic/active_config"), 0o644, "work\n");
    let before = below(&env, &env.home().join(".config"));
    session.add(env.fased(import).exits(0));
    session.add(env.fased(import).exits(0));
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    env.fased(["chat", "hi"]).exits(0);
    let request = sandbox.last_message();
    assert_eq!(request.header("authorization"), Some("Bearer sk-ant-oat01 …a1a1"));
    assert_eq!(request.header("anthropic-beta"), Some("oauth-2025-04-20"));
    assert_eq!(request.header("anthropic-workspace-id"), Some("wrkspc_01Work"));
    assert!(below(&env, &env.home().join(".config")) == before, "the source changed");
    std::fs::set_permissions(&credentials, PermissionsExt::from_mode(0o644)).unwrap();
    session.add(env.fased(["chat", "hi"]).exits(3));
    anthropic_profile(&env, "work", "ended", at(-60));
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(import).exits(0));
    env.set("ANTHROPIC_PROFILE", "../work");
    session.add(env.fased(import).exits(64));
    assert_eq!(sandbox.refreshes(), 0);
    snapshot!("auth_import_anthropic_profile", session);
}

#[test]
fn a_token_for_another_deployment_never_leaves() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    anthropic_profile(&env, "eu", "eu", at(3000));
    let config = env.home().join(".config/anthropic/configs/eu.json");
    let import = [
        "models",
        "auth",
        "import",
        "--from",
        "anthropic-profile",
        "--profile",
        "eu",
        "--profile-id",
        "anthropic:x",
    ];
    env.fased(import).exits(0);
    let mut moved: serde_json::Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    moved["base_url"] = "https://eu.example.com".into();
    write(&config, 0o644, &moved.to_string());
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(3));
    session.add(env.fased(["models", "auth", "token"]).exits(3));
    assert!(sandbox.requests().is_empty());
    snapshot!("auth_import_other_deployment", session);
}

#[test]
fn what_cannot_be_imported_is_said_with_the_way_out() {
    let env = TestEnv::new();
    claude_code(&env, "one", at(3600));
    env.write("agents/main/agent/auth-profiles.json", "{\"version\": 1, \"profiles\": {}}");
    let newer = env.home().join("newer/auth-profiles.json");
    write(&newer, 0o600, "{\"version\": 7, \"profiles\": {}}");
    let torn = env.home().join("torn/auth-profiles.json");
    write(&torn, 0o600, "{\"version\": 1, \"profi");
    write(&env.home().join("none/auth-profiles.json"), 0o600, "{\"version\": 1, \"profiles\": {}}");
    let secret = key("misplaced", "x3Qw");
    let mut session = Session::default();
    for (code, arguments) in [
        (64, &["--from", "fased"] as &[&str]),
        (3, &["--from", "fased", "--path", "nowhere"]),
        (64, &["--from", "fased", "--path", ".fased"]),
        (1, &["--from", "fased", "--path", "newer"]),
        (1, &["--from", "fased", "--path", "torn"]),
        (3, &["--from", "fased", "--path", "none"]),
        (64, &["--from", "fased", "--path", "none", "--from-agent", "../x"]),
        (64, &["--from", "claude-code", "--profile", "anthropic:x"]),
        (64, &["--from", "claude-code", "--profile-id", "openai:x"]),
        (64, &["--from", "federation-env", "--path", "/x"]),
        (64, &["--from", "openclaw", "--profile-id", "anthropic:x"]),
        (64, &["--from", "anthropic-profile", "--profile", "../x"]),
        (3, &["--from", "federation-env"]),
        (64, &["--from", "claude-code", "--profile-id", &secret]),
        (64, &["--from", &secret]),
        (64, &[]),
    ] {
        let all = ["models", "auth", "import"].iter().chain(arguments);
        session.add(env.fased(all.copied()).exits(code));
    }
    snapshot!("auth_import_refused", session);
}

#[test]
fn a_taken_id_is_kept_and_another_can_be_named() {
    let env = TestEnv::new();
    env.command(["onboard", "--api-key-stdin", "--profile-id", "anthropic:claude-code"])
        .stdin(key("own", "x3Qw"))
        .run()
        .exits(0);
    claude_code(&env, "one", at(3600));
    let mut session = Session::default();
    for arguments in [&[] as &[&str], &["--profile-id", "anthropic:cc"], &["--replace"]] {
        let all = ["models", "auth", "import", "--from", "claude-code"].iter().chain(arguments);
        session.add(env.fased(all.copied()).exits(0));
    }
    snapshot!("auth_import_taken", session);
}

#[test]
fn no_secret_of_a_source_is_shown_or_kept_elsewhere() {
    const CANARY: &str = "cAnArY4b8a";
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("FASED_LOG", "trace");
    claude_code(&env, CANARY, at(3600));
    anthropic_profile(&env, "work", CANARY, at(3600));
    let entry = json!({"type": "api_key", "provider": "anthropic", "key": key(CANARY, "x3Qw")});
    let pair = json!({"type": "oauth", "provider": "anthropic", "access": token(CANARY, "o1o1"),
        "refresh": format!("sk-ant-ort01-sandbox-{CANARY}-{}", "0".repeat(70)), "expires": at(3600) * 1000});
    let store = json!({"version": 1, "profiles": {"anthropic:key": entry, "anthropic:pair": pair}});
    for place in ["claw/agents/main/agent", "old"] {
        write(&env.home().join(place).join("auth-profiles.json"), 0o600, &store.to_string());
    }
    let torn = format!("{{\"version\": 1, \"profiles\": {{\"anthropic:x\": \"{}\" ", key(CANARY, "x3Qw"));
    write(&env.home().join("torn/auth-profiles.json"), 0o600, &torn);
    write(&env.home().join("odd/.credentials.json"), 0o600, &format!("{{\"claudeAiOauth\": \"{CANARY}\"}}"));
    let sources = [".claude", ".config", "claw", "old", "torn", "odd"];
    for arguments in [
        &["import", "--from", "claude-code"] as &[&str],
        &["import", "--from", "claude-code", "--path", "odd"],
        &["import", "--from", "anthropic-profile", "--profile", "work"],
        &["import", "--from", "openclaw", "--path", "claw"],
        &["import", "--from", "fased", "--path", "old"],
        &["import", "--from", "fased", "--path", "old", "--replace"],
        &["import", "--from", "fased", "--path", "torn"],
        &["export", "--to", "anthropic-profile", "--profile", "anthropic:key", "--name", "x"],
        &["list", "--json"],
    ] {
        for json in [&[] as &[&str], &["--json"]] {
            let all = ["models", "auth"].iter().chain(arguments).chain(json).copied();
            let told = env.fased(all).to_string();
            assert!(!told.contains(CANARY), "{told}");
        }
    }
    env.fased(["chat", "hi", "--model", "anthropic/claude-sonnet-5@anthropic:work"]).exits(0);
    for (path, bytes) in env.contents() {
        let inside = path.strip_prefix(env.home()).unwrap();
        let is_source = sources.iter().any(|source| inside.starts_with(source));
        let text = String::from_utf8_lossy(&bytes);
        assert!(is_source || !text.contains("ort01"), "{}", path.display());
        assert!(is_source || path == env.store("main") || !text.contains(CANARY), "{}", path.display());
    }
    let stored = std::fs::read_to_string(env.store("main")).unwrap();
    assert_eq!(stored.matches(CANARY).count(), 1, "only the key is copied");
}
