//! `fased gateway keys`: a key is shown once, kept hashed, listed with what it spent, and taken away.

use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection;

use crate::support::{Output, Screen, Session, TestEnv, TestSandbox, key, snapshot};

const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";

fn keys<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["gateway", "keys"].into_iter().chain(more.iter().copied()).collect()
}

/// Makes a key.
fn add(env: &TestEnv, more: &[&str]) -> (Output, String) {
    let all: Vec<&str> = ["add"].into_iter().chain(more.iter().copied()).collect();
    let output = env.fased(keys(&all));
    output.exits(0);
    let word = |text: &str| text.starts_with("fased-ck-");
    let key = output.stdout.split(['"', '\n']).find(|text| word(text)).unwrap().to_owned();
    assert_eq!(key.len(), "fased-ck-".len() + 43, "{output}");
    (output, key)
}

/// Without what is random in it.
fn plain(text: &impl std::fmt::Display, made: &[&str]) -> String {
    made.iter()
        .fold(text.to_string(), |text, key| text.replace(key, "[KEY]").replace(&key[key.len() - 4..], "TAIL"))
}

#[test]
fn a_key_is_shown_once_and_kept_as_its_hash() {
    let env = TestEnv::new();
    env.write("fased.json", "{ gateway: { port: 4711 } }");
    let mut session = Session::default();
    let (first, key_of_first) = add(&env, &["my-app"]);
    session.add(&first);
    let caps = ["--cap-daily", "5", "--cap-weekly", "$12.5", "--cap-monthly", "0.000001"];
    let models = ["--model", "sonnet", "--model", "claude-novel-9", "--model", "claude-sonnet-4-5"];
    let second: Vec<&str> = ["ci"].into_iter().chain(caps).chain(models).collect();
    env.fased(["agents", "add", "work"]).exits(0);
    let second: Vec<&str> = second.into_iter().chain(["--agent", "work"]).collect();
    let (second, key_of_second) = add(&env, &second);
    session.add(&second);
    let (third, key_of_third) =
        add(&env, &["bot", "--cap-daily", "1", "--model", "claude-novel-9", "--json"]);
    session.add(&third);
    let made = [key_of_first.as_str(), key_of_second.as_str(), key_of_third.as_str()];
    let file = std::fs::read_to_string(env.state("gateway-keys.json")).unwrap();
    for key in made {
        assert!(!file.contains(&key["fased-ck-".len()..][..12]), "{file}");
    }
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    let hashes =
        file["keys"].as_array().unwrap().iter().map(|key| key["sha256"].as_str().unwrap().to_owned());
    let file = hashes.fold(format!("{file:#}\n"), |text, hash| text.replace(&hash, "[HASH]"));
    let mode = std::fs::metadata(env.state("gateway-keys.json")).unwrap().permissions().mode();
    session.add(format!("# gateway-keys.json, {:04o}\n{file}", mode & 0o7777));
    snapshot!("gateway_keys_add", plain(&session, &made));
}

#[test]
fn on_a_terminal_what_a_program_needs_can_be_pasted() {
    let env = TestEnv::new();
    let mut screen = Screen::start(&env.command(keys(&["add", "my-app"])));
    screen.shows("export ANTHROPIC_API_KEY=fased-ck-");
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert_eq!(seen.matches("fased-ck-").count(), 2, "{seen}");
}

#[test]
fn without_keys_it_says_how_to_make_one_and_writes_nothing() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(env.fased(keys(&["list"])).exits(0));
    session.add(env.fased(keys(&["list", "--json"])).exits(0));
    session.add(env.fased(keys(&["revoke", "my-app", "--yes"])).exits(64));
    assert!(!env.state("gateway-keys.json").exists());
    snapshot!("gateway_keys_none", session);
}

/// Two keys that were used, and one that was not.
fn used(sandbox: &TestSandbox) -> (TestEnv, Vec<String>) {
    let mut env = TestEnv::with_sandbox(sandbox);
    env.set("TZ", "America/New_York");
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let made = [
        add(&env, &["my-app", "--cap-daily", "5", "--cap-monthly", "50"]).1,
        add(&env, &["ci", "--model", "claude-haiku-4-5", "--model", "sonnet"]).1,
        add(&env, &["idle", "--cap-weekly", "0.5"]).1,
    ];
    // The first of June is a Monday, in UTC as well as in the zone of this machine's owner.
    for at in ["2026-05-31T23:59:00Z", "2026-06-01T00:01:00Z", "2026-06-01T09:00:00Z", "2026-06-01T11:30:00Z"]
    {
        env.command(["chat", "What is kept?"]).set("FASED_NOW", at).run().exits(0);
    }
    let ledger = Connection::open(env.state("usage.db")).unwrap();
    let update = "UPDATE requests SET client_key = ?1, cost_micro_dollars = ?2 WHERE id = ?3";
    for (key, cost, id) in [("my-app", 9_000_000, 1), ("my-app", 1_250_000, 2), ("ci", 61, 3)] {
        ledger.execute(update, (key, cost, id)).unwrap();
    }
    (env, made.to_vec())
}

#[test]
fn the_list_shows_what_keys_may_spend_and_have_spent_in_periods_of_utc() {
    let sandbox = TestSandbox::start();
    let (env, made) = used(&sandbox);
    let mut session = Session::default();
    session.add(env.command(keys(&["list"])).set("COLUMNS", "200").run().exits(0));
    session.add(env.command(keys(&["list"])).set("COLUMNS", "80").run().exits(0));
    session.add(env.fased(keys(&["list", "--json"])).exits(0));
    session.add(env.fased(["usage", "--by", "key", "--since", "2026-05-31"]).exits(0));
    session.add(env.fased(["usage", "--by", "key", "--since", "2026-05-31", "--csv"]).exits(0));
    let json = env.fased(["usage", "--by", "key", "--since", "2026-05-31", "--json"]);
    let costs = json.json()["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bucket| bucket["key"].clone())
        .collect::<Vec<_>>();
    assert_eq!(costs.len(), 3, "{json}");
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    snapshot!("gateway_keys_list", plain(&session, &made));
}

#[test]
fn a_revoked_key_is_gone_and_its_name_is_free() {
    let env = TestEnv::new();
    let (_, first) = add(&env, &["my-app"]);
    let (_, second) = add(&env, &["ci"]);
    let mut session = Session::default();
    session.add(env.fased(keys(&["revoke", "my-app"])).exits(64));
    session.add(env.fased(keys(&["revoke", "my-app", "--json"])).exits(64));
    session.add(env.fased(keys(&["revoke", "my-app", "--yes"])).exits(0));
    session.add(env.fased(keys(&["revoke", "my-app", "--yes"])).exits(64));
    session.add(env.fased(keys(&["revoke", "ci", "--yes", "--json"])).exits(0));
    let (_, again) = add(&env, &["my-app"]);
    assert_ne!(first, again);
    snapshot!("gateway_keys_revoke", plain(&session, &[&first, &second]));
}

#[test]
fn on_a_terminal_a_person_is_asked_before_a_key_is_revoked() {
    let env = TestEnv::new();
    add(&env, &["my-app"]);
    let before = env.contents();
    let mut screen = Screen::start(&env.command(keys(&["revoke", "my-app"])));
    screen.shows("Revoke my-app?");
    screen.shows("Keep it");
    screen.types(ENTER);
    let (code, seen) = screen.ends();
    assert_eq!(code, 130, "{seen}");
    assert!(env.contents() == before);
    let mut screen = Screen::start(&env.command(keys(&["revoke", "my-app"])));
    screen.shows("Revoke my-app?");
    screen.shows("Keep it");
    screen.types(&format!("{DOWN}{ENTER}"));
    screen.shows("Revoked my-app");
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert_eq!(env.fased(keys(&["list", "--json"])).json()["keys"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_is_refused_and_nothing_is_written() {
    let env = TestEnv::new();
    let (_, made) = add(&env, &["my-app"]);
    let file = || std::fs::read_to_string(env.state("gateway-keys.json")).unwrap();
    let before = file();
    let mut session = Session::default();
    for arguments in [
        &["add", "my-app"] as &[&str],
        &["add", "my-app", "--json"],
        &["add", "my app"],
        &["add", "fased-ck-sandbox-0000000000000000000000000000x3Qw"],
        &["add", "other", "--agent", "nobody"],
        &["add", "other", "--cap-daily", "0"],
        &["add", "other", "--cap-daily", "-1"],
        &["add", "other", "--cap-monthly", "plenty"],
        &["add", "other", "--model", "local/llama"],
        &["add", "other", "--model", "sonnet@anthropic:default"],
        &["add", "other", "--model", "anthropic/"],
        &["add"],
        &["revoke", "nobody", "--yes", "--json"],
    ] {
        session.add(env.fased(keys(arguments)).exits(64));
    }
    assert_eq!(file(), before);
    for text in [r#"{"version":2}"#, "{\n  \"version\": 1,\n  \"keys\": [}"] {
        env.write("gateway-keys.json", text);
        session.add(format!("# gateway-keys.json is {}", text.replace('\n', " ")));
        session.add(env.fased(keys(&["list"])).exits(1));
        session.add(env.fased(keys(&["add", "other"])).exits(1));
        assert_eq!(file(), text);
    }
    snapshot!("gateway_keys_refused", plain(&session, &[&made]));
}

#[test]
fn the_address_of_a_running_gateway_is_told() {
    let env = TestEnv::new();
    let mut gateway = env.command(["gateway", "--port", "0"]).start();
    gateway.stdout_until("\n");
    let url = gateway.stdout_so_far().trim().to_owned();
    // The port differs from run to run, and is not in what a test gets to see.
    let run = env.command(keys(&["add", "my-app", "--json"])).to_command().output().unwrap();
    let made: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(made["baseUrl"], url.as_str());
    gateway.signal(rustix::process::Signal::TERM);
    gateway.finish().exits(0);
}
