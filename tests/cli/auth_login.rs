//! `fased models auth login|setup-token|paste-token` with tokens and keys: by pipe, on a terminal, and what is refused.

use std::os::unix::fs::PermissionsExt;

use crate::support::{NOBODY, Screen, Session, TestEnv, TestSandbox, key, snapshot, token};

const ENTER: &str = "\r";
const DOWN: &str = "\u{1b}[B";
const CTRL_C: &str = "\u{3}";

const PASTE: [&str; 5] = ["models", "auth", "paste-token", "--provider", "anthropic"];
const SETUP: [&str; 5] = ["models", "auth", "setup-token", "--provider", "anthropic"];
const KEY: [&str; 7] = ["models", "auth", "login", "--provider", "anthropic", "--method", "api-key"];

fn line<'a>(begin: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    begin.iter().chain(more).copied().collect()
}

#[test]
fn a_piped_token_or_key_is_stored_under_its_usual_name() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write("fased.json", "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }");
    let mut session = Session::default();
    let mut run = |arguments: &[&str], secret: &str| {
        session.add(env.command(arguments.iter().copied()).stdin(format!(" {secret}\r\n")).run().exits(0));
    };
    run(&PASTE, &token("one", "77aa"));
    run(&line(&PASTE, &["--profile-id", "anthropic:work", "--expires-in", "30d"]), &token("two", "88bb"));
    run(&line(&SETUP, &["--verify", "--agent", "work"]), &token("three", "99cc"));
    run(&line(&SETUP, &["--json"]), &token("four", "44dd"));
    run(&KEY, &key("one", "x3Qw"));
    run(
        &line(&KEY, &["--json", "--verify", "--set-default", "--profile-id", "anthropic:api"]),
        &key("two", "k2k2"),
    );
    run(&["models", "auth", "login", "--method", "setup-token", "--agent", "work"], &token("three", "99cc"));
    run(&["models", "auth", "login", "--method", "APIKEY", "--agent", "work"], &key("one", "x3Qw"));
    let reference = line(&KEY, &["--profile-id", "anthropic:kept"]);
    let run = env.command(reference).set("KEPT_KEY", &key("kept", "e1e1")).stdin("${KEPT_KEY}\n");
    session.add(run.run().exits(0));
    session.add(env.fased(["models", "auth", "list"]));
    session.add(env.fased(["models", "auth", "list", "--agent", "work"]));
    snapshot!("auth_login_piped", session);
    let store = env.store_json("main");
    assert_eq!(store["profiles"]["anthropic:manual"]["token"], token("four", "44dd"));
    assert_eq!(store["profiles"]["anthropic:work"]["expires"], 1_782_907_200_000_u64);
}

#[test]
fn what_cannot_be_stored_is_refused_with_the_line_that_works() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let taken = key("one", "x3Qw");
    env.fased(["onboard", "--anthropic-api-key", &taken]).exits(0);
    let before = env.contents();
    let (one, two) = (token("one", "77aa"), key("two", "k2k2"));
    let refresh = format!("sk-ant-ort01-sandbox-{}", "0".repeat(70));
    let mut session = Session::default();
    for (arguments, secret) in [
        (PASTE.to_vec(), two.as_str()),
        (KEY.to_vec(), &one),
        (SETUP.to_vec(), &refresh),
        (PASTE.to_vec(), &one[..60]),
        (PASTE.to_vec(), ""),
        (KEY.to_vec(), ""),
        (line(&PASTE, &["--profile-id", "anthropic:default"]), &one),
        // Flags are looked at before the secret is.
        (line(&PASTE, &["--expires-in", "soon"]), ""),
        (line(&PASTE, &["--profile-id", "other:work"]), ""),
        (line(&KEY, &["--expires-in", "30d"]), ""),
        (vec!["models", "auth", "paste-token", "--provider", "openai"], ""),
        (vec!["models", "auth", "login", "--provider", "openai"], ""),
        (vec!["models", "auth", "login", "--method", "magic"], ""),
    ] {
        session.add(env.command(arguments).stdin(secret).run().exits(64));
    }
    session.add(env.command(line(&PASTE, &["--json"])).stdin(two.as_str()).run().exits(64));
    let refused = token("fault-revoked", "bad1");
    session.add(env.command(line(&PASTE, &["--verify"])).stdin(refused).run().exits(4));
    assert_eq!(env.contents(), before);
    snapshot!("auth_login_refused", session);
}

#[test]
fn verify_without_a_network_stores_nothing() {
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", NOBODY);
    let output = env.command(line(&KEY, &["--verify"])).stdin(key("one", "x3Qw")).run();
    assert!(output.exits(5).stderr.contains("nothing was stored"), "{output}");
    assert!(!env.store("main").exists());
}

#[test]
fn on_a_terminal_it_is_asked_for_and_not_shown() {
    let env = TestEnv::new();
    for (arguments, question, secret, saved) in [
        (PASTE.to_vec(), "Setup-token (not shown", token("typed", "77aa"), "Saved anthropic:manual"),
        (KEY.to_vec(), "API key (not shown)", key("typed", "x3Qw"), "Saved anthropic:default"),
    ] {
        let mut screen = Screen::start(&env.command(arguments));
        screen.shows(question);
        screen.hides_typing();
        screen.types(&format!("hunter2{ENTER}"));
        screen.shows("it does not begin with sk-ant-.");
        screen.shows(question);
        screen.hides_typing();
        screen.types(&format!("{secret}{ENTER}"));
        screen.shows(saved);
        screen.shows("Not verified; add --verify to ask the API.");
        let (code, seen) = screen.ends();
        assert_eq!(code, 0, "{seen}");
        assert!(!seen.contains("sandbox-typed") && !seen.contains("hunter2"), "{seen}");
    }
}

#[test]
fn a_profile_that_is_named_is_replaced_and_one_that_is_not_is_asked_about() {
    let env = TestEnv::new();
    env.command(PASTE).stdin(token("old", "77aa")).run().exits(0);
    // The fix that status names for a token that has ended.
    let mut screen = Screen::start(&env.command(line(&PASTE, &["--profile-id", "anthropic:manual"])));
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", token("new", "88bb")));
    screen.shows("Replaced anthropic:manual for agent main: sk-ant-oat01 …77aa → token …88bb.");
    assert_eq!(screen.ends().0, 0);
    let mut screen = Screen::start(&env.command(PASTE));
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", token("third", "99cc")));
    screen.shows("anthropic:manual holds another secret (sk-ant-oat01 …88bb). What now?");
    screen.shows("Replace the secret of anthropic:manual");
    screen.types(ENTER);
    screen.shows("Saved anthropic:default");
    assert_eq!(screen.ends().0, 0);
    // Another kind is asked about even when the profile is named.
    let mut screen = Screen::start(&env.command(line(&KEY, &["--profile-id", "anthropic:manual"])));
    screen.shows("API key (not shown)");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", key("fourth", "x3Qw")));
    screen.shows("Replace the secret of anthropic:manual");
    screen.types(CTRL_C);
    assert_eq!(screen.ends().0, 130);
    assert_eq!(env.store_json("main")["profiles"]["anthropic:manual"]["token"], token("new", "88bb"));
}

#[test]
fn without_a_method_a_person_chooses_by_the_known_names() {
    let env = TestEnv::new();
    let mut screen = Screen::start(&env.command(["models", "auth", "login"]));
    screen.shows("Anthropic API key");
    screen.shows("Anthropic OAuth (Claude Code)");
    screen.shows("Anthropic token (paste setup-token)");
    screen.types(ENTER);
    screen.shows("API key (not shown)");
    screen.hides_typing();
    screen.types(CTRL_C);
    screen.shows("Cancelled; nothing was written.");
    assert_eq!(screen.ends().0, 130);
    assert!(!env.store("main").exists());
}

/// A `claude` that does this.
fn with_claude(script: &str) -> TestEnv {
    let mut env = TestEnv::new();
    let room = env.home().join("bin");
    std::fs::create_dir(&room).unwrap();
    std::fs::write(room.join("claude"), format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(room.join("claude"), PermissionsExt::from_mode(0o700)).unwrap();
    env.set("PATH", &format!("{}:/usr/bin:/bin", room.display()));
    env
}

/// Comes to the offer.
fn offered(env: &TestEnv) -> Screen {
    let mut screen = Screen::start(&env.command(SETUP));
    screen.shows("Do you have a token of `claude setup-token`?");
    screen.shows("Yes, I have one to paste");
    screen
}

#[test]
fn claude_has_the_terminal_to_itself_and_its_token_is_pasted() {
    let env = with_claude(
        "[ -t 0 ] && [ -t 1 ] && echo \"claude $1 ran; go on?\" && read answer && echo \"got $answer\"",
    );
    let mut screen = offered(&env);
    screen.types(ENTER);
    screen.shows("claude setup-token ran; go on?");
    screen.types(&format!("yes{ENTER}"));
    screen.shows("got yes");
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", token("typed", "77aa")));
    screen.shows("Saved anthropic:manual");
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn claude_is_not_run_when_there_is_a_token_or_nobody_to_ask() {
    let env = with_claude("echo ran > ran");
    let mut screen = offered(&env);
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", token("typed", "77aa")));
    assert_eq!(screen.ends().0, 0);
    let mut screen = Screen::start(&env.command(line(&SETUP, &["--yes", "--profile-id", "anthropic:two"])));
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", token("typed", "88bb")));
    assert_eq!(screen.ends().0, 0);
    env.command(SETUP).stdin(token("piped", "99cc")).run().exits(0);
    assert!(!env.home().join("ran").exists());
}

#[test]
fn claude_that_fails_or_is_left_is_told() {
    let env = with_claude("exit 7");
    let mut screen = offered(&env);
    screen.types(ENTER);
    screen.shows("`claude setup-token` failed (exit 7).");
    screen.shows("Setup-token (not shown");
    screen.hides_typing();
    screen.types(CTRL_C);
    assert_eq!(screen.ends().0, 130);
    let env = with_claude("echo 'waiting for you'; read answer");
    let mut screen = offered(&env);
    screen.types(ENTER);
    screen.shows("waiting for you");
    screen.types(CTRL_C);
    screen.shows("Cancelled; nothing was written.");
    assert_eq!(screen.ends().0, 130);
    assert!(!env.store("main").exists());
}

#[test]
fn a_choice_that_needs_a_browser_does_not_go_with_a_script() {
    let env = TestEnv::new();
    let mut session = Session::default();
    for more in [
        &["--non-interactive"] as &[&str],
        &["--anthropic-api-key", "sk-ant-api03-x"],
        &["--token-expires-in", "30d"],
    ] {
        session.add(env.fased(line(&["onboard", "--auth-choice", "anthropic-oauth"], more)).exits(64));
    }
    assert_eq!(env.tree(), "");
    snapshot!("onboard_oauth_refused", session);
}
