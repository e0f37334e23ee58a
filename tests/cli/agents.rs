//! `fased agents`: a config that keeps every byte that is not meant, agents that share nothing, and removals that say what
//! they take.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::json;

use crate::support::{Screen, Session, TestEnv, TestSandbox, key, snapshot, token};

const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";
const CTRL_C: &str = "\u{3}";
const ESC: &str = "\u{1b}";

/// A config as a person writes it.
const OWN_CONFIG: &str = "// my agents\r\n{\r\n\t'agents' : { /* all of them */ list: [\r\n\t\t{ id: 'main', default: true }, // mine\r\n\t\t{id:'ops', note: 0x1F,},\r\n\t], },\r\n\tchannels: { 'a.b/c': [1, 2 , ] }, // not ours\r\n}\r\n";

fn config(env: &TestEnv) -> String {
    std::fs::read_to_string(env.state("fased.json")).unwrap()
}

/// A store with a key, a reference, a sign-in and an order, fields of others included.
fn store_of_everything(env: &TestEnv) {
    let store = json!({
        "version": 1,
        "profiles": {
            "anthropic:key": {"type": "api_key", "provider": "anthropic", "key": key("one", "x3Qw"), "note": "mine"},
            "anthropic:me@example.com": {"type": "oauth", "provider": "anthropic",
                "access": token("access", "9f2K"), "refresh": "sk-ant-ort01-sandbox-FAKE", "expires": 4_102_444_800_000_u64},
            "anthropic:ref": {"type": "token", "provider": "anthropic", "tokenRef": {"source": "env", "id": "WORK_TOKEN"}},
            "anthropic:odd": {"type": "hologram", "provider": "anthropic"},
        },
        "order": {"anthropic": ["anthropic:me@example.com", "anthropic:ref", "anthropic:key"]},
    });
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
}

#[test]
fn the_first_agents_are_added_to_a_config_that_is_not_there() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(env.fased(["agents"]).exits(0));
    assert_eq!(env.tree(), "", "looking wrote something");
    session.add(env.fased(["agents", "add", "Work"]).exits(0));
    session.add(config(&env));
    session.add(env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0));
    session.add(
        env.fased(["agents", "add", "ci", "--default", "--model", "anthropic/claude-haiku-4-5"]).exits(0),
    );
    session.add(config(&env));
    session.add(env.fased(["agents", "list"]).exits(0));
    session.add(env.command(["agents", "list"]).set("COLUMNS", "60").run());
    session.add(env.fased(["agents", "list", "--json"]).exits(0));
    session.add(env.tree());
    snapshot!("agents_first", session);
}

#[test]
fn what_is_not_meant_stays_in_the_config_byte_for_byte() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    env.fased(["agents", "add", "work"]).exits(0);
    let with_work = OWN_CONFIG.replace(",},\r\n\t]", ",},\r\n\t\t{ 'id': 'work' },\r\n\t]");
    assert_eq!(config(&env), with_work);
    env.fased(["agents", "default", "work"]).exits(0);
    let work_is_default =
        with_work.replace(", default: true", "").replace("'work' }", "'work', 'default': true }");
    assert_eq!(config(&env), work_is_default);
    env.fased(["agents", "remove", "work", "--default", "main", "--yes"]).exits(0);
    assert_eq!(config(&env), OWN_CONFIG.replace(", default: true", ""));
}

#[test]
fn a_linked_config_stays_a_link_and_becomes_private() {
    let env = TestEnv::new();
    env.write("placeholder", "");
    let dotfile = env.home().join("dotfile.json5");
    std::fs::write(&dotfile, "{}\n").unwrap();
    symlink("../dotfile.json5", env.state("fased.json")).unwrap();
    env.fased(["agents", "add", "work"]).exits(0);
    assert!(env.state("fased.json").is_symlink());
    assert!(std::fs::read_to_string(&dotfile).unwrap().contains("work"));
    assert_eq!(std::fs::metadata(&dotfile).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_new_agent_has_none_of_the_credentials_of_another() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env.fased(["agents", "add", "work"]).exits(0);
    let status = env.fased(["models", "status", "--agent", "work", "--json"]).json();
    assert_eq!(status["auth"]["providers"], json!([]));
    env.fased(["models", "status", "--agent", "work", "--check"]).exits(1);
    env.fased(["chat", "hi", "--agent", "work"]).exits(3);
    env.fased(["chat", "hi"]).exits(0);

    env.fased(["agents", "add", "copy", "--copy-auth-from", "main"]).exits(0);
    std::fs::remove_file(env.store("main")).unwrap();
    env.fased(["chat", "hi"]).exits(3);
    env.fased(["chat", "hi", "--agent", "copy"]).exits(0);
}

#[test]
fn keys_and_references_are_copied_on_purpose_and_sign_ins_are_named() {
    let env = TestEnv::new();
    store_of_everything(&env);
    let before = std::fs::read(env.store("main")).unwrap();
    let mut session = Session::default();
    session.add(env.fased(["agents", "add", "work", "--copy-auth-from", "main"]).exits(0));
    session.add(std::fs::read_to_string(env.store("work")).unwrap());
    session.add(env.fased(["agents", "add", "ops", "--copy-auth-from", "work", "--json"]).exits(0));
    session.add(env.fased(["agents", "add", "dev", "--copy-auth-from", "main", "--json"]).exits(0));
    session.add(env.fased(["agents", "add", "none"]).exits(0));
    session.add(env.fased(["agents", "add", "nothing", "--copy-auth-from", "none"]).exits(0));
    session.add(env.fased(["agents", "list"]).exits(0));
    snapshot!("agents_copy", session);
    assert_eq!(std::fs::read(env.store("main")).unwrap(), before);
    assert_eq!(
        std::fs::metadata(env.store("work")).unwrap().permissions().mode() & 0o777,
        0o600,
        "a copied store is not private"
    );
}

#[test]
fn an_agent_that_was_removed_finds_its_files_again_and_keeps_its_own() {
    let env = TestEnv::new();
    env.fased(["agents", "add", "work"]).exits(0);
    env.fased(["onboard", "--anthropic-api-key", &key("main", "x3Qw")]).exits(0);
    env.fased(["onboard", "--agent", "work", "--anthropic-api-key", &key("work", "k2k2")]).exits(0);
    let mut session = Session::default();
    session.add(env.fased(["agents", "remove", "work", "--yes"]).exits(0));
    session.add(env.fased(["chat", "hi", "--agent", "work"]).exits(64));
    session.add(env.fased(["agents", "add", "work", "--copy-auth-from", "main"]).exits(0));
    assert_eq!(env.store_json("work")["profiles"]["anthropic:default"]["key"], key("work", "k2k2"));
    snapshot!("agents_again", session);
}

/// Runs a command that must leave everything as it is, as text and as JSON.
fn refused(session: &mut Session, env: &TestEnv, code: i32, arguments: &[&str]) {
    let before = (env.tree(), env.contents());
    session.add(env.fased(arguments.iter().copied()).exits(code));
    let json = env.fased(arguments.iter().copied().chain(["--json"]));
    assert_eq!(json.exits(code).json()["error"]["code"], code);
    session.add(json);
    assert_eq!((env.tree(), env.contents()), before, "{arguments:?} wrote something");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_written() {
    let env = TestEnv::new();
    let mut session = Session::default();
    for arguments in [
        &["agents", "add", "main"] as &[&str],
        &["agents", "add", "../work"],
        &["agents", "add", "work", "--agent-dir", "here"],
        &["agents", "add", "work", "--model", "anthropic/"],
        &["agents", "add", "work", "--model", "anthropic/claude-haiku-4-5@anthropic:x"],
        &["agents", "add", "work", "--copy-auth-from", "gone"],
        &["agents", "remove", "main", "--yes"],
        &["agents", "remove", "gone", "--yes"],
        &["agents", "default", "gone"],
    ] {
        refused(&mut session, &env, 64, arguments);
    }
    assert_eq!(env.tree(), "");
    snapshot!("agents_refused", session);
}

#[test]
fn a_config_that_cannot_be_edited_is_left_as_it_is() {
    let mut session = Session::default();
    for (code, text) in [
        (1, "{ agents: "),
        (1, "{ agents: { list: 7 } }"),
        (1, "{\n  $include: './base.json5',\n}"),
        (1, "{\n  null_x: 1,\n}"),
        (1, "{\n  // a\u{2028} agents: {},\n}"),
        (64, "{ agents: { list: [{ id: 'a', agentDir: 'agents/work/agent' }] } }"),
    ] {
        let env = TestEnv::new();
        env.write("fased.json", text);
        // Made by a first try, and not counted as a change.
        env.write("locks/config.lock", "");
        let output = env.fased(["agents", "add", "work"]);
        session.add(output.exits(code));
        assert_eq!(config(&env), text);
        let json = env.fased(["agents", "add", "work", "--json"]);
        assert_eq!(json.exits(code).json()["error"]["code"], code);
        assert!(!env.state("agents").exists());
    }
    snapshot!("agents_config", session);
}

#[test]
fn copies_that_cannot_be_stored_leave_no_agent_behind() {
    let mut session = Session::default();
    for (from, to) in [("{ torn", None), ("{\"version\":2,\"profiles\":{}}", None), ("", Some("{ torn"))] {
        let env = TestEnv::new();
        match to {
            None => env.write("agents/main/agent/auth-profiles.json", from),
            Some(to) => {
                store_of_everything(&env);
                env.write("agents/work/agent/auth-profiles.json", to);
            }
        }
        session.add(env.fased(["agents", "add", "work", "--copy-auth-from", "main"]).exits(1));
        assert!(!env.state("fased.json").exists(), "the config was changed");
    }
    snapshot!("agents_copy_failed", session);
}

/// An agent with two credentials and two sessions.
fn with_work(agent_dir: Option<&str>) -> TestEnv {
    let env = TestEnv::new();
    let dir = agent_dir.map(|dir| ["--agent-dir", dir]).into_iter().flatten();
    env.fased(["agents", "add", "work"].into_iter().chain(dir)).exits(0);
    for arguments in [["--anthropic-api-key", &key("one", "x3Qw")], ["--token", &token("one", "77aa")]] {
        env.fased(["onboard", "--agent", "work"].into_iter().chain(arguments)).exits(0);
    }
    env.write("agents/work/sessions/one.jsonl", "{}\n");
    env.write("agents/work/sessions/two.jsonl", "{}\n");
    env
}

#[test]
fn a_removal_says_what_it_takes_and_what_stays() {
    let mut session = Session::default();
    let env = with_work(None);
    refused(&mut session, &env, 64, &["agents", "remove", "work"]);
    refused(&mut session, &env, 64, &["agents", "remove", "work", "--purge"]);
    session.add(env.fased(["agents", "remove", "work", "--yes", "--json"]).exits(0));
    assert!(env.store("work").exists());
    env.fased(["agents", "add", "work"]).exits(0);
    session.add(env.fased(["agents", "remove", "work", "--yes", "--purge"]).exits(0));
    assert!(!env.state("agents/work").exists());
    session.add(config(&env));

    let env = with_work(Some("~/elsewhere"));
    session.add(env.fased(["agents", "remove", "work", "--yes", "--purge"]).exits(0));
    assert!(!env.state("agents/work").exists());
    assert!(env.home().join("elsewhere/auth-profiles.json").exists());
    snapshot!("agents_remove", session);
}

#[test]
fn files_that_others_need_are_not_purged() {
    let env = TestEnv::new();
    env.write(
        "fased.json",
        "{ agents: { list: [{ id: 'main' }, { id: 'work' }, { id: 'inner', agentDir: 'agents/work/inner' }] } }",
    );
    env.fased(["onboard", "--agent", "inner", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let mut session = Session::default();
    refused(&mut session, &env, 64, &["agents", "remove", "work", "--yes", "--purge"]);
    snapshot!("agents_purge_refused", session);
}

#[test]
fn the_default_agent_is_shown_and_chosen_and_not_removed_without_another() {
    let env = TestEnv::new();
    let mut session = Session::default();
    env.fased(["agents", "add", "work"]).exits(0);
    session.add(env.fased(["agents", "default"]).exits(0));
    session.add(env.fased(["agents", "default", "work"]).exits(0));
    session.add(env.fased(["agents", "default", "work"]).exits(0));
    session.add(env.fased(["agents", "default", "--json"]).exits(0));
    assert_eq!(env.fased(["models", "status", "--json"]).json()["agentId"], "work");
    refused(&mut session, &env, 64, &["agents", "remove", "work", "--yes"]);
    refused(&mut session, &env, 64, &["agents", "remove", "work", "--yes", "--default", "work"]);
    session.add(env.fased(["agents", "remove", "work", "--yes", "--default", "main"]).exits(0));
    session.add(env.fased(["agents", "default", "main", "--json"]).exits(0));
    snapshot!("agents_default", session);
}

fn asks_to_remove(env: &TestEnv, flags: &[&str]) -> Screen {
    let arguments = ["agents", "remove", "work"].into_iter().chain(flags.iter().copied());
    let mut screen = Screen::start(&env.command(arguments));
    screen.shows("Agent work has:");
    screen.shows("anthropic:default   API key sk-ant-api03 …x3Qw");
    screen.shows("anthropic:token     token sk-ant-oat01 …77aa");
    screen.shows("2 sessions");
    screen
}

#[test]
fn a_person_is_asked_before_an_agent_is_removed_and_may_keep_it() {
    let env = with_work(None);
    let before = env.contents();
    for (keys, said) in [(ENTER, "Kept; nothing was written."), (ESC, "Cancelled"), (CTRL_C, "Cancelled")] {
        let mut screen = asks_to_remove(&env, &["--purge"]);
        screen.shows("All of ~/.fased/agents/work is deleted for good.");
        screen.shows("Remove it and delete its files");
        screen.types(keys);
        screen.shows(said);
        assert_eq!(screen.ends().0, 130);
        assert_eq!(env.contents(), before);
    }
    let mut screen = asks_to_remove(&env, &[]);
    screen.shows("The files in ~/.fased/agents/work stay");
    screen.shows("Remove it from the config");
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Removed agent work.");
    assert_eq!(screen.ends().0, 0);
    assert!(!config(&env).contains("work") && env.store("work").exists());
}

#[test]
fn a_person_is_asked_which_agent_is_the_default_then() {
    let env = with_work(None);
    env.fased(["agents", "default", "work"]).exits(0);
    let mut screen = Screen::start(&env.command(["agents", "remove", "work", "--purge"]));
    screen.shows("work is the default agent. Which one takes its place?");
    screen.shows("main");
    screen.types(ENTER);
    screen.shows("Remove agent work?");
    screen.shows("Remove it and delete its files");
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Removed agent work and deleted ~/.fased/agents/work.");
    screen.shows("main is the default agent now.");
    assert_eq!(screen.ends().0, 0);
    assert!(!env.state("agents/work").exists());
}

#[test]
fn agents_added_at_the_same_moment_are_all_there() {
    let env = TestEnv::new();
    let names: Vec<String> = (0..12).map(|n| format!("a{n}")).collect();
    let running: Vec<_> = names.iter().map(|name| env.command(["agents", "add", name]).start()).collect();
    for one in running {
        one.finish().exits(0);
    }
    let listed = env.fased(["agents", "list", "--json"]).json();
    let mut ids: Vec<&str> =
        listed["agents"].as_array().unwrap().iter().map(|agent| agent["agentId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut expected: Vec<&str> = names.iter().map(String::as_str).chain(["main"]).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert!(!Path::new(&env.state("fased.json.tmp")).exists());
}
