//! `fased doctor`: looks at everything, changes nothing unless asked, and every finding has a command.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::support::{Output, Session, TestEnv, TestSandbox, key, snapshot, token};

const CONFIG: &str = "// mine
{
  env: { LD_PRELOAD: '/evil.so' },
  agents: {
    defaults: { modle: 'anthropic/claude-opus-4-7' },
    list: [ { id: 'main', params: { cacheControlTtl: '1h' } }, { id: 'work' } ],
  },
  auth: { order: { anthropic: ['anthropic:gone', 'anthropic:default'] } },
}
";

fn mode(env: &TestEnv, name: &str, mode: u32) {
    std::fs::set_permissions(env.state(name), std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A state directory with something wrong everywhere.
fn ailing() -> TestEnv {
    let env = TestEnv::new();
    env.write("fased.json", CONFIG);
    let store = json!({
        "version": 1,
        "profiles": {
            "anthropic:default": {"type": "api_key", "provider": "anthropic", "key": key("one", "x3Qw")},
            "anthropic:old": {"type": "token", "provider": "anthropic", "token": token("old", "77aa"), "expires": 1_780_000_000_000_u64},
        },
    });
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    env.write("agents/work/agent/auth-profiles.json", "{ torn");
    env.write("agents/main/agent/auth-profiles.json.tmp", "{ half");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let leftover =
        std::fs::File::options().write(true).open(env.state("agents/main/agent/auth-profiles.json.tmp"));
    leftover.unwrap().set_modified(old).unwrap();
    env.write("fased.json.lock", r#"{"pid":2147483646,"createdAt":"2026-01-01T00:00:00Z"}"#);
    for name in ["fased.json", "agents/main/agent/auth-profiles.json", "agents/work/agent/auth-profiles.json"]
    {
        std::fs::File::options().write(true).open(env.state(name)).unwrap().set_modified(old).unwrap();
    }
    mode(&env, "agents/main/agent/auth-profiles.json", 0o644);
    env
}

/// A run long after the files were written: their times are real, the clock of a test is not.
fn doctor<'a>(env: &TestEnv, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    env.command(arguments).set("FASED_NOW", "2100-01-01T12:00:00Z").run()
}

#[test]
fn what_is_wrong_is_told_and_nothing_is_changed() {
    let env = ailing();
    let before = env.contents();
    let mut session = Session::default();
    session.add(doctor(&env, ["doctor"]).exits(1));
    session.add(doctor(&env, ["doctor", "--json"]).exits(1));
    assert!(env.contents() == before, "looking changed something:\n{}", env.tree());
    snapshot!("doctor_ailing", session);
}

#[test]
fn what_needs_no_decision_is_mended_and_the_rest_stays() {
    let env = ailing();
    let mut session = Session::default();
    session.add(doctor(&env, ["doctor", "--fix"]).exits(1));
    session.add(std::fs::read_to_string(env.state("fased.json")).unwrap());
    session.add(doctor(&env, ["doctor", "--fix", "--json"]).exits(1));
    let backups: Vec<_> = std::fs::read_dir(env.state("backups")).unwrap().flatten().collect();
    assert_eq!(backups.len(), 1);
    assert_eq!(std::fs::read_to_string(backups[0].path().join("fased.json")).unwrap(), CONFIG);
    let store = std::fs::metadata(env.state("agents/main/agent/auth-profiles.json")).unwrap();
    assert_eq!(store.permissions().mode() & 0o777, 0o600);
    assert!(env.state("fased.json.lock").exists(), "a lock of the other program was removed");
    snapshot!("doctor_fix", session);
}

#[test]
fn models_that_cannot_be_asked_are_told_with_lines_that_mend_them() {
    let env = TestEnv::new();
    env.write(
        "fased.json",
        "{
  models: { providers: {
    team: { baseUrl: 'https://llm.example.com' },
    gpt: { baseUrl: 'https://api.example.com', api: 'openai-completions' },
  } },
  agents: {
    defaults: { model: { primary: 'nosuch/big-1', fallbacks: ['gpt/gpt-5', 'team/claude-x'] }, imageModel: 'nosuch/big-1' },
    list: [ { id: 'work' }, { id: 'home', model: 'sonnet-4.5', taskModels: { strong: 'gpt/gpt-5' } } ],
  },
}
",
    );
    let mut session = Session::default();
    let first = doctor(&env, ["doctor"]);
    session.add(first.exits(1));
    session.add(env.fased(["models", "status", "--agent", "home"]));
    let found = doctor(&env, ["doctor", "--json"]).json();
    let found = found["findings"].as_array().unwrap().iter();
    let found = found.filter(|it| ["provider-unusable", "model-ended"].contains(&it["id"].as_str().unwrap()));
    let lines = found.flat_map(|it| it["commands"].as_array().unwrap().clone());
    for line in lines.map(|line| line.as_str().unwrap().to_owned()).filter(|line| !line.contains('…')) {
        env.fased(line.split(' ').skip(1)).exits(0);
    }
    let mended = doctor(&env, ["doctor"]);
    session.add(mended.exits(0));
    snapshot!("doctor_models", session);
}

#[test]
fn sentences_fit_the_terminal_and_lines_to_paste_stay_whole() {
    let env = ailing();
    let mut session = Session::default();
    session.add(env.command(["doctor"]).set("FASED_NOW", "2100-01-01T12:00:00Z").set("COLUMNS", "60").run());
    snapshot!("doctor_narrow", session);
}

#[test]
fn agents_that_are_listed_twice_or_marked_twice_are_told() {
    let env = TestEnv::new();
    let listed = "[ { id: 'a' }, { id: 'b', default: true }, { id: 'a', default: true }, { id: 'c', default: true }, { id: 'B' } ]";
    env.write("fased.json", &format!("{{ agents: {{ list: {listed} }} }}\n"));
    let found = doctor(&env, ["doctor", "--json"]).exits(0).json();
    let found = found["findings"].as_array().unwrap().iter().filter(|it| it["severity"] == "warning");
    let found: Vec<_> = found.map(|it| json!([it["id"], it["message"], it["commands"]])).collect();
    assert_eq!(
        json!(found),
        json!([
            [
                "default-twice",
                "Agent b is the default; c is marked so too, without effect.",
                ["fased config unset 'agents.list[3].default'"]
            ],
            [
                "agent-listed-twice",
                "`agents.list[4]` is another entry of agent b, and only the first one counts.",
                ["fased config unset 'agents.list[4]'"]
            ],
            [
                "agent-listed-twice",
                "`agents.list[2]` is another entry of agent a, and only the first one counts.",
                ["fased config unset 'agents.list[2]'"]
            ],
        ])
    );
    for command in found.iter().flat_map(|it| it[2].as_array().unwrap()) {
        let command = command.as_str().unwrap().replace('\'', "");
        env.fased(command.split(' ').skip(1)).exits(0);
    }
    assert_eq!(
        std::fs::read_to_string(env.state("fased.json")).unwrap(),
        "{ agents: { list: [ { id: 'a' }, { id: 'b', default: true }, { id: 'c' } ] } }\n"
    );
}

#[test]
fn an_empty_home_is_healthy_and_stays_empty() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(doctor(&env, ["doctor"]).exits(0));
    session.add(doctor(&env, ["doctor", "--fix", "--json"]).exits(0));
    assert_eq!(env.tree(), "");
    snapshot!("doctor_empty", session);
}

#[test]
fn the_network_is_looked_at_only_when_asked_and_without_a_credential() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    doctor(&env, ["doctor"]).exits(0);
    assert!(sandbox.requests().is_empty());
    let output = doctor(&env, ["doctor", "--online", "--json"]);
    // The clock of this test stands still, that of the sandbox does not.
    let ids: Vec<String> = output.exits(0).json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["clock-skew"], "{output}");
    assert!(format!("{:?}", sandbox.requests()).contains("v1/models"));
    let away = env
        .command(["doctor", "--online"])
        .set("FASED_NOW", "2100-01-01T12:00:00Z")
        .set("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
        .run();
    let away = away.exits(1);
    assert!(away.stdout.contains("[api-unreachable]") && away.stdout.contains("127.0.0.1:9"), "{away}");
}

#[test]
fn sessions_and_the_ledger_are_looked_at_and_only_their_modes_mended() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("ANTHROPIC_API_KEY", &key("doctor", "x3Qw"));
    env.fased(["chat", "--session", "good", "hello"]).exits(0);
    // SQLite notes in its index who reads; that file is worth nothing without the process.
    let contents =
        || env.contents().into_iter().filter(|(path, _)| !path.ends_with("usage.db-shm")).collect::<Vec<_>>();
    let before = contents();
    doctor(&env, ["doctor"]).exits(0);
    assert!(contents() == before, "looking at whole ones changed something:\n{}", env.tree());

    let good = std::fs::read_to_string(env.state("agents/main/sessions/good.jsonl")).unwrap();
    env.write("agents/main/sessions/strange.jsonl", &good.replacen('\n', "\nwritten by hand\n", 1));
    env.write("agents/main/sessions/torn.jsonl", &good[..good.len() - 20]);
    env.write("agents/main/sessions/later.jsonl", &good.replacen("\"version\":1", "\"version\":7", 1));
    env.write("usage.db", "a diary");
    env.write("usage.db-wal", "");
    for name in ["agents/main/sessions/good.jsonl", "agents/main/sessions/torn.jsonl", "usage.db"] {
        mode(&env, name, 0o644);
    }
    let mut session = Session::default();
    session.add(doctor(&env, ["doctor"]).exits(1));
    session.add(doctor(&env, ["doctor", "--fix", "--json"]).exits(1));
    let texts = ["strange", "torn", "later"].map(|name| {
        std::fs::metadata(env.state(&format!("agents/main/sessions/{name}.jsonl"))).unwrap().len()
    });
    assert_eq!(texts[1], good.len() as u64 - 20, "a torn line was cut by looking");
    snapshot!("doctor_sessions_and_ledger", session);
}
