//! `fased onboard` on a terminal: what a person is asked, what the screen shows, and how to get away.

use crate::support::{NOBODY, Screen, TestEnv, TestSandbox, key, token};

const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";
const CTRL_C: &str = "\u{3}";
const ESC: &str = "\u{1b}";

const FIRST: &str = "What do you want to set up?";
const METHOD: &str = "How do you want to sign in to Anthropic (Claude)?";

fn onboard(env: &TestEnv) -> Screen {
    Screen::start(&env.command(["onboard"]))
}

/// Answers both choices: providers, then the API key.
fn chooses_api_key(screen: &mut Screen) {
    screen.shows(FIRST);
    screen.shows("Skip for now");
    screen.types(ENTER);
    screen.shows(METHOD);
    screen.shows("Anthropic token (paste setup-token)");
    screen.types(ENTER);
    screen.shows("API key (not shown)");
    screen.hides_typing();
}

#[test]
fn a_key_is_asked_for_masked_and_a_wrong_kind_is_named_first() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let (key, token) = (key("typed", "x3Qw"), token("typed", "77aa"));
    let mut screen = onboard(&env);
    screen.shows("Fased keeps your Claude credentials");
    chooses_api_key(&mut screen);
    screen.types(&format!("{token}{ENTER}"));
    screen.shows("This is a setup-token or OAuth access token, not an API key");
    screen.shows("API key (not shown)");
    screen.hides_typing();
    screen.types(&format!("{key}{ENTER}"));
    screen.shows("sk-ant-api03 …x3Qw");
    screen.shows("It works");
    screen.shows("Saved anthropic:default");
    screen.shows("fased models status");
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("sandbox-typed"), "a secret was on the screen:\n{seen}");
    assert_eq!(env.store_json("main")["profiles"]["anthropic:default"]["key"], key);
}

#[test]
fn a_token_is_stored_after_the_notice() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let mut screen = onboard(&env);
    screen.shows(FIRST);
    screen.shows("Skip for now");
    screen.types(ENTER);
    screen.shows(METHOD);
    screen.shows("Anthropic token (paste setup-token)");
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Notice (");
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", token("typed", "77aa")));
    screen.shows("Saved anthropic:default");
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("sandbox-typed"), "a secret was on the screen:\n{seen}");
    assert!(env.state("notices.json").exists());
}

#[test]
fn a_refused_key_can_be_typed_again() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let mut screen = onboard(&env);
    chooses_api_key(&mut screen);
    screen.types(&format!("{}{ENTER}", key("fault-auth", "bad1")));
    screen.shows("invalid x-api-key");
    screen.shows("API key (not shown)");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", key("typed", "x3Qw")));
    screen.shows("Saved anthropic:default");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn without_a_network_the_key_is_kept_unverified() {
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", NOBODY);
    let mut screen = onboard(&env);
    chooses_api_key(&mut screen);
    screen.types(&format!("{}{ENTER}", key("typed", "x3Qw")));
    screen.shows("It is stored without being verified.");
    screen.shows("Saved anthropic:default");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn what_is_stored_already_is_shown_first() {
    let env = TestEnv::new();
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let mut screen = onboard(&env);
    screen.shows("Agent main has:");
    screen.shows("anthropic:default");
    screen.shows("sk-ant-api03 …x3Qw");
    screen.shows(FIRST);
    screen.shows("Skip for now");
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Skipped; nothing was written.");
    assert_eq!(screen.ends().0, 0);
}

/// Leaves the conversation by `keys` after `reach` has come to a question.
fn leaves(reach: impl Fn(&mut Screen), keys: &str) {
    let env = TestEnv::new();
    let mut screen = onboard(&env);
    reach(&mut screen);
    screen.types(keys);
    screen.shows("Cancelled; nothing was written.");
    let (code, seen) = screen.ends();
    assert_eq!(code, 130, "{seen}");
    assert_eq!(env.tree(), "", "something was written");
}

fn at_the_first_choice(screen: &mut Screen) {
    screen.shows(FIRST);
    screen.shows("Skip for now");
}

fn at_the_notice(screen: &mut Screen) {
    at_the_first_choice(screen);
    screen.types(ENTER);
    screen.shows("Anthropic token (paste setup-token)");
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
}

#[test]
fn ctrl_c_at_a_choice_writes_nothing_and_restores_the_terminal() {
    leaves(at_the_first_choice, CTRL_C);
}

#[test]
fn ctrl_c_at_the_secret_writes_nothing_and_restores_the_terminal() {
    leaves(chooses_api_key, CTRL_C);
    leaves(
        |screen| {
            chooses_api_key(screen);
            screen.types("sk-ant-half-a-");
        },
        CTRL_C,
    );
}

#[test]
fn ctrl_c_after_the_notice_writes_nothing() {
    leaves(at_the_notice, CTRL_C);
}

#[test]
fn esc_at_a_choice_writes_nothing_and_restores_the_terminal() {
    leaves(at_the_first_choice, ESC);
}

#[test]
fn a_flag_makes_it_a_script_that_asks_nothing() {
    let env = TestEnv::new();
    let mut screen = Screen::start(&env.command(["onboard", "--anthropic-api-key", &key("flag", "x3Qw")]));
    screen.shows("Saved anthropic:default");
    let (code, seen) = screen.ends();
    assert_eq!(code, 0);
    assert!(!seen.contains('?'), "{seen}");
    let env = TestEnv::new();
    let mut screen = Screen::start(&env.command(["onboard", "--non-interactive"]));
    screen.shows("There is no credential to store");
    assert_eq!(screen.ends().0, 64);
    assert_eq!(env.tree(), "");
}

#[test]
fn an_answer_on_a_terminal_ends_with_its_receipt() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let mut screen = Screen::start(&env.command(["chat", "hi"]));
    screen.shows("Your question was: “hi”");
    screen.shows("claude-sonnet-5 · anthropic:default · ");
    screen.shows("1 in · 21 out · $");
    assert_eq!(screen.ends().0, 0);
    let mut screen = Screen::start(&env.command(["chat"]));
    screen.shows("There is no question.");
    assert_eq!(screen.ends().0, 64);
}

#[test]
fn another_key_may_go_beside_the_one_that_is_there() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let (old, new) = (key("old", "x3Qw"), key("new", "k2k2"));
    env.fased(["onboard", "--anthropic-api-key", &old]).exits(0);
    let mut screen = onboard(&env);
    screen.shows("Agent main has:");
    chooses_api_key(&mut screen);
    screen.types(&format!("{new}{ENTER}"));
    screen.shows("anthropic:default holds another secret (sk-ant-api03 …x3Qw). What now?");
    screen.shows("Replace the secret of anthropic:default");
    screen.types(ENTER);
    screen.shows("Saved anthropic:api-key");
    assert_eq!(screen.ends().0, 0);
    let profiles = &env.store_json("main")["profiles"];
    assert_eq!(
        (&profiles["anthropic:default"]["key"], &profiles["anthropic:api-key"]["key"]),
        (&old.into(), &new.into())
    );
}

#[test]
fn another_key_replaces_only_when_that_is_chosen_and_leaving_the_question_writes_nothing() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let (old, new) = (key("old", "x3Qw"), key("new", "k2k2"));
    env.fased(["onboard", "--anthropic-api-key", &old]).exits(0);
    for (answer, code, kept) in [(ESC, 130, &old), (DOWN, 0, &new)] {
        let mut screen = onboard(&env);
        chooses_api_key(&mut screen);
        screen.types(&format!("{new}{ENTER}"));
        screen.shows("Replace the secret of anthropic:default");
        screen.types(answer);
        if answer == DOWN {
            screen.types(ENTER);
        }
        let (ended, seen) = screen.ends();
        assert_eq!(ended, code, "{seen}");
        let profiles = env.store_json("main")["profiles"].clone();
        assert_eq!(profiles.as_object().unwrap().len(), 1);
        assert_eq!(profiles["anthropic:default"]["key"], *kept);
    }
}
