//! `fased onboard` on a terminal: what a person is asked, what the screen shows, and how to get away.

use crate::support::{
    Browser, NOBODY, Screen, TestEnv, TestSandbox, key, open_page, parameter, snapshot, token,
};

const DOWN: &str = "\u{1b}[B";
const ENTER: &str = "\r";
const CTRL_C: &str = "\u{3}";
const ESC: &str = "\u{1b}";

const FIRST: &str = "What do you want to set up?";
const PROVIDER: &str = "Provider";
const METHOD: &str = "How do you want to sign in to Anthropic (Claude)?";

fn onboard(env: &TestEnv) -> Screen {
    Screen::start(&env.command(["onboard"]))
}

/// Answers the first two choices: providers, Anthropic.
fn chooses_anthropic(screen: &mut Screen) {
    screen.shows(FIRST);
    screen.shows("Skip for now");
    screen.types(ENTER);
    screen.shows(PROVIDER);
    screen.shows("None for now");
    screen.types(ENTER);
    screen.shows(METHOD);
    screen.shows("Anthropic token (paste setup-token)");
}

/// Answers the choices: providers, Anthropic, the API key.
fn chooses_api_key(screen: &mut Screen) {
    chooses_anthropic(screen);
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
    keeps_the_model(&mut screen);
    screen.shows("Saved anthropic:default");
    screen.shows("fased models status");
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("sandbox-typed"), "a secret was on the screen:\n{seen}");
    assert_eq!(env.store_json("main")["profiles"]["anthropic:default"]["key"], key);
}

#[test]
fn no_line_of_a_menu_wraps_on_a_narrow_terminal() {
    let env = TestEnv::new();
    let mut screen = onboard(&env);
    screen.shows(FIRST);
    screen.shows("Skip for now");
    screen.resizes(60, 20);
    screen.types(ENTER);
    screen.shows("None for now");
    screen.types(ENTER);
    screen.shows("Anthropic token (paste setup-token)");
    screen.types(ESC);
    screen.shows("Cancelled; nothing was written.");
    let (_, seen) = screen.ends();
    let (_, menu) = seen.split_once(METHOD).unwrap();
    for line in menu.lines() {
        assert!(line.chars().count() < 60, "{line:?} wraps:\n{seen}");
    }
}

#[test]
fn a_token_is_stored_after_the_notice() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let mut screen = onboard(&env);
    chooses_anthropic(&mut screen);
    screen.types(DOWN);
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Notice (");
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", token("typed", "77aa")));
    keeps_the_model(&mut screen);
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
    keeps_the_model(&mut screen);
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
    screen.shows("Agent main asks anthropic/claude-sonnet-5 by default and has:");
    screen.shows("anthropic:default");
    screen.shows("sk-ant-api03 …x3Qw");
    screen.shows(FIRST);
    screen.shows("Skip for now");
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Skipped; nothing was written.");
    assert_eq!(screen.ends().0, 0);
}

/// Keeps the model that is offered first.
fn keeps_the_model(screen: &mut Screen) {
    screen.shows("Default model");
    screen.shows("❯ anthropic/claude-sonnet-5     1M context, $2 in / $10 out");
    screen.shows("claude-haiku-4-5");
    screen.types(ENTER);
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
    chooses_anthropic(screen);
    screen.types(DOWN);
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
fn leaving_the_later_choices_writes_nothing() {
    leaves(chooses_anthropic, CTRL_C);
    leaves(chooses_anthropic, ESC);
    leaves(
        |screen| {
            at_the_first_choice(screen);
            screen.types(ENTER);
            screen.shows("None for now");
        },
        ESC,
    );
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    for keys in [CTRL_C, ESC] {
        let mut screen = onboard(&env);
        chooses_api_key(&mut screen);
        screen.types(&format!("{}{ENTER}", key("typed", "x3Qw")));
        screen.shows("Default model");
        screen.shows("claude-haiku-4-5");
        screen.types(keys);
        screen.shows("Cancelled; nothing was written.");
        assert_eq!(screen.ends().0, 130);
        assert_eq!(env.tree(), "");
    }
}

#[test]
fn another_default_model_is_written_and_nothing_else_of_the_config() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let agents = "agents: { list: [{ id: 'main', default: true }, { id: 'work' }] }";
    env.write("fased.json", &format!("{{\n  // mine\n  {agents},\n}}\n"));
    for (agent, next) in [("main", "anthropic/claude-opus-5-5"), ("work", "anthropic/claude-opus-5")] {
        let mut screen = Screen::start(&env.command(["onboard", "--agent", agent]));
        chooses_api_key(&mut screen);
        screen.types(&format!("{}{ENTER}", key("typed", "x3Qw")));
        screen.shows("Default model");
        screen.shows("claude-haiku-4-5");
        screen.types(DOWN);
        screen.types(ENTER);
        screen.shows(&format!("Agent {agent} asks {next} by default."));
        assert_eq!(screen.ends().0, 0);
    }
    snapshot!("onboard_default_model", std::fs::read_to_string(env.state("fased.json")).unwrap());
}

#[test]
fn a_sign_in_by_browser_goes_on_with_the_model() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    let config = std::fs::read(env.state("fased.json")).unwrap();
    for straight in [false, true] {
        let more: &[&str] = if straight { &["--auth-choice", "anthropic-oauth"] } else { &[] };
        let mut screen = Screen::start(&env.command(["onboard"].into_iter().chain(more.iter().copied())));
        if !straight {
            chooses_anthropic(&mut screen);
            screen.types(DOWN);
            screen.types(ENTER);
        }
        screen.shows("Waiting for the browser.");
        let link = browser.page();
        let (code, state) = sandbox.approve(&link);
        let back = parameter(&link, "redirect_uri");
        assert_eq!(open_page(&format!("{back}?code={code}&state={state}")).0, 200);
        screen.shows(
            "Signed in as me@example.com, saved as anthropic:me@example.com for agent main, verified.",
        );
        // The terminal belongs to the next question, whose keys nobody else may take.
        keeps_the_model(&mut screen);
        screen.shows("fased models status");
        let (exit, seen) = screen.ends();
        assert_eq!(exit, 0, "{seen}");
    }
    assert_eq!(std::fs::read(env.state("fased.json")).unwrap(), config);
}

#[test]
fn leaving_the_model_after_a_sign_in_keeps_the_sign_in() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    let mut screen = Screen::start(&env.command(["onboard", "--auth-choice", "anthropic-oauth"]));
    let link = browser.page();
    let (code, state) = sandbox.approve(&link);
    open_page(&format!("{}?code={code}&state={state}", parameter(&link, "redirect_uri")));
    screen.shows("Default model");
    screen.shows("claude-haiku-4-5");
    screen.types(CTRL_C);
    screen.shows("the sign-in is stored as anthropic:me@example.com, the default model is as before.");
    assert_eq!(screen.ends().0, 130);
    assert_eq!(env.store_json("main")["profiles"]["anthropic:me@example.com"]["type"], "oauth");
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
    let mut screen = Screen::start(&env.command(["chat", "--json"]));
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
    screen.shows("by default and has:");
    chooses_api_key(&mut screen);
    screen.types(&format!("{new}{ENTER}"));
    screen.shows("anthropic:default holds another secret (sk-ant-api03 …x3Qw). What now?");
    screen.shows("Replace the secret of anthropic:default");
    screen.types(ENTER);
    keeps_the_model(&mut screen);
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
            keeps_the_model(&mut screen);
        }
        let (ended, seen) = screen.ends();
        assert_eq!(ended, code, "{seen}");
        let profiles = env.store_json("main")["profiles"].clone();
        assert_eq!(profiles.as_object().unwrap().len(), 1);
        assert_eq!(profiles["anthropic:default"]["key"], *kept);
    }
}
