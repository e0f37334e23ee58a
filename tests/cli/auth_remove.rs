//! `fased models auth remove`: what is asked, what goes, what stays, and what a request uses afterwards.

use serde_json::json;

use crate::support::{Screen, Session, TestEnv, key, snapshot, token};

const STORE: &str = "agents/main/agent/auth-profiles.json";
const STATE: &str = "agents/main/agent/auth-state.json";
const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";
const CTRL_C: &str = "\u{3}";
const ESC: &str = "\u{1b}";

fn remove<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["models", "auth", "remove"].into_iter().chain(more.iter().copied()).collect()
}

fn with_some() -> TestEnv {
    let env = TestEnv::new();
    let store = json!({"version": 1, "future": [1.5], "profiles": {
        "anthropic:work": {"type": "api_key", "provider": "anthropic", "key": key("work", "x3Qw"), "mine": {"x": 1}},
        "anthropic:plan": {"type": "token", "provider": "anthropic", "token": token("plan", "77aa"), "email": "me@example.com"},
        "anthropic:odd": {"type": "hologram", "provider": "anthropic"},
        "no id\u{7}": 7,
    }, "order": {"anthropic": ["anthropic:work"]}, "lastGood": {"anthropic": "anthropic:work"}});
    env.write(STORE, &store.to_string());
    let state = json!({"version": 1, "lastGood": {"anthropic": "anthropic:work"},
        "profiles": {"anthropic:work": {"errorCount": 1}, "anthropic:plan": {"errorCount": 2}}});
    env.write(STATE, &state.to_string());
    env
}

#[test]
fn a_removed_credential_is_gone_everywhere_and_the_next_one_is_named() {
    let mut env = with_some();
    env.set("ANTHROPIC_API_KEY", &key("env", "k2k2"));
    env.write("fased.json", "{ auth: { profiles: { 'anthropic:work': { provider: 'anthropic' } } } }");
    let mut session = Session::default();
    session.add(env.fased(remove(&["anthropic:work", "--yes"])).exits(0));
    session.add(std::fs::read_to_string(env.state(STATE)).unwrap());
    session.add(env.fased(remove(&["anthropic:plan", "--yes"])).exits(0));
    session.add(env.fased(remove(&["no id", "--yes"])).exits(0));
    // As long as an entry cannot be read, the environment does not pay; then it does.
    session.add(env.fased(remove(&["anthropic:odd", "--yes"])).exits(0));
    session.add(std::fs::read_to_string(env.store("main")).unwrap());
    snapshot!("auth_remove", session);
}

#[test]
fn the_last_one_says_what_to_do() {
    let env = TestEnv::new();
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let mut session = Session::default();
    session.add(env.fased(remove(&["anthropic:default", "--yes"])).exits(0));
    session.add(env.fased(["models", "auth", "list"]).exits(0));
    snapshot!("auth_remove_last", session);
}

#[test]
fn scripts_get_one_document() {
    let env = with_some();
    let mut session = Session::default();
    session.add(env.fased(remove(&["anthropic:work", "--yes", "--json"])).exits(0));
    session.add(env.fased(remove(&["anthropic:odd", "--yes", "--json"])).exits(0));
    session.add(env.fased(remove(&["anthropic:plan", "--json"])).exits(64));
    session.add(env.fased(remove(&["anthropic:gone", "--yes", "--json"])).exits(64));
    snapshot!("auth_remove_json", session);
}

#[test]
fn without_a_word_or_a_known_name_nothing_is_removed() {
    let env = with_some();
    let before = env.contents();
    let mut session = Session::default();
    for more in [
        &["anthropic:work"] as &[&str],
        &["no id"],
        &["anthropic:gone", "--yes"],
        &["", "--yes"],
        &["--yes"],
        &["anthropic:work", "--yes", "--agent", "nobody"],
    ] {
        session.add(env.fased(remove(more)).exits(64));
    }
    assert!(env.contents() == before);
    let empty = TestEnv::new();
    session.add(empty.fased(remove(&["anthropic:default", "--yes"])).exits(64));
    assert_eq!(empty.tree(), "");
    snapshot!("auth_remove_refused", session);
}

#[test]
fn a_credential_of_an_older_program_stays_in_its_file() {
    let env = TestEnv::new();
    let old = json!({"anthropic": {"type": "api_key", "key": key("old", "x3Qw")}}).to_string();
    env.write("agents/main/agent/auth.json", &old);
    let removed = env.fased(remove(&["anthropic:default", "--yes"]));
    assert!(removed.exits(0).stderr.contains("auth.json of an older program may still hold it"), "{removed}");
    assert_eq!(std::fs::read_to_string(env.state("agents/main/agent/auth.json")).unwrap(), old);
    assert_eq!(env.store_json("main")["profiles"], json!({}));
}

fn asked(env: &TestEnv) -> Screen {
    let mut screen = Screen::start(&env.command(remove(&["anthropic:plan"])));
    screen.shows("anthropic:plan of agent main would be lost:");
    screen.shows("token sk-ant-oat01 …77aa, me@example.com; paid by a Claude plan");
    screen.shows("Remove anthropic:plan?");
    screen.shows("Keep it");
    screen.shows("this cannot be undone");
    screen
}

#[test]
fn a_person_is_asked_with_what_would_be_lost() {
    let env = with_some();
    let mut screen = asked(&env);
    screen.types(&format!("{DOWN}{ENTER}"));
    screen.shows("Removed anthropic:plan (token sk-ant-oat01 …77aa) from agent main.");
    assert_eq!(screen.ends().0, 0);
    assert!(env.store_json("main")["profiles"].get("anthropic:plan").is_none());
}

#[test]
fn leaving_the_question_or_keeping_it_writes_nothing() {
    for keys in [CTRL_C, ESC, ENTER] {
        let env = with_some();
        let before = env.contents();
        let mut screen = asked(&env);
        screen.types(keys);
        screen.shows("nothing was written");
        let (code, seen) = screen.ends();
        assert_eq!(code, 130, "{keys:?}: {seen}");
        assert!(env.contents() == before, "{keys:?}");
    }
}
