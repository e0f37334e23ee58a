//! `fased models auth login --method anthropic-oauth`: the browser's way, the pasted code, and everything that can go wrong
//! between the two.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustix::process::Signal;
use sha2::{Digest as _, Sha256};

use crate::support::{
    Browser, NOBODY, Output, Running, Screen, Session, TestEnv, TestSandbox, key, open_page, parameter,
    snapshot,
};

const LOGIN: [&str; 7] =
    ["models", "auth", "login", "--provider", "anthropic", "--method", "anthropic-oauth"];

/// A screen, or none, and in any case a browser that opens nothing: the one of this machine is not the tests' to start.
fn shows_pages(env: &mut TestEnv, display: &str) {
    let browser = if display.is_empty() { "" } else { "true" };
    env.set("DISPLAY", display).set("BROWSER", browser);
}

fn login<'a>(more: &[&'a str]) -> Vec<&'a str> {
    LOGIN.into_iter().chain(more.iter().copied()).collect()
}

/// Approves at the page of a link, and goes where that leads.
fn approves(sandbox: &TestSandbox, link: &str) -> (u16, String) {
    let (code, state) = sandbox.approve(link);
    open_page(&format!("{}?code={code}&state={state}", parameter(link, "redirect_uri")))
}

/// The link with another account.
fn of_account(link: &str, email: &str) -> String {
    format!("{link}&login_hint={email}")
}

/// The link that a run prints on a line of its own.
fn link(run: &mut Running<'_>, sandbox: &TestSandbox) -> String {
    run.stderr_line(&format!("{}/oauth/authorize?", sandbox.url()))
}

/// A sign-in by the browser's way, up to its end.
fn by_browser(sandbox: &TestSandbox, env: &TestEnv, browser: &mut Browser, more: &[&str]) -> Output {
    let run = env.command(login(more)).start();
    let (status, page) = approves(sandbox, &browser.page());
    assert_eq!(status, 200, "{page}");
    run.finish()
}

#[test]
fn a_browser_on_this_machine_finishes_it() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    let run = env.command(LOGIN).start();
    let page = browser.page();
    assert!(parameter(&page, "redirect_uri").starts_with("http://localhost:"), "{page}");
    let (status, seen) = approves(&sandbox, &page);
    assert_eq!(status, 200);
    assert!(seen.contains("You can close this page"), "{seen}");
    let mut session = Session::default();
    session.add(run.finish().exits(0));
    session.add(std::fs::read_to_string(env.store("main")).unwrap());
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(["chat", "hi"]).exits(0));
    session.add(env.tree());
    snapshot!("sign_in_browser", session);
}

#[test]
fn json_is_one_document_and_the_link_stands_on_stderr() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    let mut session = Session::default();
    for more in [&["--json"] as &[&str], &["--json", "--profile-id", "anthropic:team", "--set-default"]] {
        let output = by_browser(&sandbox, &env, &mut browser, more);
        output.exits(0).json();
        session.add(output);
    }
    let config = std::fs::read_to_string(env.state("fased.json")).unwrap();
    assert!(config.contains("primary: 'anthropic/claude-sonnet-5'"), "{config}");
    snapshot!("sign_in_json", session);
}

#[test]
fn signing_in_again_takes_the_place_of_the_same_account_and_of_no_other_kind() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    let mut session = Session::default();
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw"), "--profile-id", "anthropic:work"])
        .exits(0);
    session.add(by_browser(&sandbox, &env, &mut browser, &[]).exits(0));
    session.add(by_browser(&sandbox, &env, &mut browser, &[]).exits(0));
    // Refused before a browser is opened.
    session.add(env.fased(login(&["--profile-id", "anthropic:work"])).exits(64));
    assert_eq!(env.store_json("main")["profiles"].as_object().unwrap().len(), 2);
    session.add(
        by_browser(&sandbox, &env, &mut browser, &["--profile-id", "anthropic:work", "--replace"]).exits(0),
    );
    snapshot!("sign_in_again", session);
}

#[test]
fn a_code_comes_by_a_pipe_in_every_form() {
    let sandbox = TestSandbox::start();
    for form in
        ["CODE", "CODE#STATE", "code=CODE&state=STATE", "PAGE?code=CODE&state=STATE", "\"CODE#\n STATE\""]
    {
        let env = TestEnv::with_sign_in(&sandbox);
        let mut run = env.command(LOGIN).open_stdin().start();
        let link = link(&mut run, &sandbox);
        assert_eq!(parameter(&link, "redirect_uri"), format!("{}/oauth/code/callback", sandbox.url()));
        let (code, state) = sandbox.approve(&link);
        let text = form.replace("CODE", &code).replace("STATE", &state).replace("PAGE", &sandbox.url());
        run.give(&format!("{text}\n"));
        run.finish().exits(0);
        assert_eq!(env.store_json("main")["profiles"]["anthropic:me@example.com"]["type"], "oauth", "{form}");
    }
}

#[test]
fn the_address_a_browser_elsewhere_ends_at_can_be_pasted() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    shows_pages(&mut env, ":0");
    let mut run = env.command(login(&["--no-browser"])).open_stdin().start();
    let link = link(&mut run, &sandbox);
    let (code, state) = sandbox.approve(&link);
    let redirect = parameter(&link, "redirect_uri");
    assert!(redirect.starts_with("http://localhost:"));
    run.give(&format!("{redirect}?code={code}&state={state}\n"));
    snapshot!("sign_in_no_browser", run.finish().exits(0));
}

#[test]
fn a_busy_port_is_said_and_leaves_the_paste() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    env.signs_in_at(&sandbox.url(), other.local_addr().unwrap().port());
    shows_pages(&mut env, ":0");
    let mut run = env.command(login(&["--no-browser"])).open_stdin().start();
    let link = link(&mut run, &sandbox);
    let (code, _) = sandbox.approve(&link);
    run.give(&format!("{code}\n"));
    snapshot!("sign_in_busy_port", run.finish().exits(0));
}

#[test]
fn over_ssh_and_without_a_screen_the_browser_may_be_anywhere() {
    let sandbox = TestSandbox::start();
    for (name, value) in [("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22"), ("SSH_TTY", "/dev/pts/1"), ("X", "")]
    {
        let mut env = TestEnv::with_sign_in(&sandbox);
        if name.starts_with("SSH") {
            env.set("DISPLAY", "localhost:10.0").set("BROWSER", "/nowhere/browser");
        }
        env.set(name, value);
        let mut run = env.command(LOGIN).open_stdin().start();
        let link = link(&mut run, &sandbox);
        assert!(parameter(&link, "redirect_uri").ends_with("/oauth/code/callback"), "{name}");
        run.finish().exits(64);
    }
}

#[test]
fn where_no_code_can_arrive_it_ends_at_once_with_the_recipe() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sign_in(&sandbox);
    let before = env.tree();
    let mut session = Session::default();
    session.add(env.fased(LOGIN).exits(64));
    session.add(env.fased(login(&["--json"])).exits(64));
    session.add(env.fased(["models", "auth", "login"]).exits(64));
    session.add(env.fased(["models", "auth", "login", "--json"]).exits(64));
    assert_eq!(env.tree(), before);
    snapshot!("sign_in_nobody", session);
}

/// What a test does to a sign-in: with the sandbox and the link, before the run ends.
type Trouble = fn(&TestSandbox, &str, &mut Running<'_>);

#[test]
fn whatever_goes_wrong_before_there_is_a_pair_stores_nothing() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    shows_pages(&mut env, ":0");
    let before = kept(&env);
    let troubles: [(&str, i32, Trouble); 9] = [
        ("denied", 4, |_, link, _| {
            let state = parameter(link, "state");
            back(link, &format!("error=access_denied&state={state}"));
        }),
        ("another state", 1, |sandbox, link, _| {
            let (code, _) = sandbox.approve(link);
            back(link, &format!("code={code}&state=of-another-sign-in"));
        }),
        ("another state, pasted", 1, |sandbox, link, run| {
            let (code, _) = sandbox.approve(link);
            run.give(&format!("{code}#of-another-sign-in\n"));
        }),
        ("denied, pasted", 4, |_, link, run| {
            let (page, state) = (parameter(link, "redirect_uri"), parameter(link, "state"));
            run.give(&format!("{page}?error=access_denied&state={state}\n"));
        }),
        ("an API key, pasted", 64, |_, _, run| run.give(&format!("{}\n", key("one", "x3Qw")))),
        ("the link itself, pasted", 64, |_, link, run| run.give(&format!("{link}\n"))),
        ("a code that is over", 4, |sandbox, link, _| {
            approves(sandbox, &of_account(link, "expired-code@example.com"));
        }),
        ("a code that never was", 4, |_, _, run| run.give("sandbox-code-FAKE0123456789\n")),
        ("a reply that is lost", 5, |sandbox, link, _| {
            approves(sandbox, &of_account(link, "fault-cut-before@example.com"));
        }),
    ];
    let mut session = Session::default();
    for (name, code, trouble) in troubles {
        for json in [&[] as &[&str], &["--json"]] {
            let more: Vec<&str> = ["--no-browser"].iter().chain(json).copied().collect();
            let mut run = env.command(login(&more)).open_stdin().start();
            let link = link(&mut run, &sandbox);
            trouble(&sandbox, &link, &mut run);
            let output = run.finish();
            output.exits(code);
            if json.is_empty() {
                let end = output.stderr.split_once("error: ").unwrap().1;
                session.add(format!("# {name}\nerror: {end}"));
            } else {
                session.add(serde_json::to_string_pretty(&output.json()).unwrap());
            }
            assert_eq!(kept(&env), before, "{name} wrote something");
        }
    }
    snapshot!("sign_in_troubles", session);
}

/// Everything that is kept; locks are nothing but their names.
fn kept(env: &TestEnv) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut contents = env.contents();
    contents.retain(|path, _| path.extension().is_none_or(|extension| extension != "lock"));
    contents
}

fn back(link: &str, query: &str) {
    let (status, page) = open_page(&format!("{}?{query}", parameter(link, "redirect_uri")));
    assert_eq!(status, 400, "{page}");
    assert!(page.contains("Not signed in"), "{page}");
}

#[test]
fn a_store_that_cannot_be_written_is_found_out_before_the_code_is_used_up() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    // What can be seen at once is not even asked for.
    env.write("agents/main/agent/auth-profiles.json", r#"{"version": 2, "profiles": {}}"#);
    let refused = env.fased(LOGIN);
    assert!(refused.exits(1).stderr.contains("version 2"), "{refused}");
    std::fs::remove_file(env.store("main")).unwrap();
    let run = env.command(LOGIN).start();
    let page = browser.page();
    std::fs::create_dir(env.state("agents/main/agent/store.lock")).unwrap();
    approves(&sandbox, &page);
    let output = run.finish();
    output.exits(1);
    assert!(!sandbox.requests().iter().any(|request| request.grant_type().is_some()), "{output}");
}

#[test]
fn nobody_is_waited_for_longer_than_was_said() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    shows_pages(&mut env, ":0");
    let before = env.tree();
    let mut session = Session::default();
    for more in
        [&["--no-browser", "--timeout", "20ms"] as &[&str], &["--no-browser", "--timeout", "0.02s", "--json"]]
    {
        session.add(env.command(login(more)).run().exits(1));
    }
    for timeout in ["5", "0s", "2d", "soon"] {
        session.add(env.fased(login(&["--timeout", timeout])).exits(64));
    }
    assert_eq!(env.tree(), before);
    snapshot!("sign_in_timeout", session);
}

#[test]
fn a_pair_the_api_refuses_or_cannot_be_asked_about_is_kept() {
    let expiring = TestSandbox::start_with(|options| options.token_lifetime = Duration::ZERO);
    let mut session = Session::default();
    for json in [&[] as &[&str], &["--json"]] {
        let mut env = TestEnv::with_sign_in(&expiring);
        let mut browser = Browser::of(&mut env);
        session.add(by_browser(&expiring, &env, &mut browser, json).exits(4));
        assert_eq!(env.store_json("main")["profiles"]["anthropic:me@example.com"]["type"], "oauth");
    }
    let sandbox = TestSandbox::start();
    for json in [&[] as &[&str], &["--json"]] {
        let mut env = TestEnv::with_sign_in(&sandbox);
        env.set("ANTHROPIC_BASE_URL", NOBODY);
        let mut browser = Browser::of(&mut env);
        session.add(by_browser(&sandbox, &env, &mut browser, json).exits(5));
        assert_eq!(env.store_json("main")["profiles"]["anthropic:me@example.com"]["type"], "oauth");
        if json.is_empty() {
            env.set("ANTHROPIC_BASE_URL", &sandbox.url());
            let probe = ["models", "status", "--probe", "--probe-profile", "anthropic:me@example.com"];
            env.fased(probe).exits(0);
        }
    }
    snapshot!("sign_in_not_verified", session);
}

#[test]
fn ctrl_c_while_the_code_is_exchanged_loses_nothing() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    let run = env.command(LOGIN).start();
    approves(&sandbox, &of_account(&browser.page(), "delay-400ms@example.com"));
    // The exchange is under way from here on.
    while !sandbox.requests().iter().any(|request| request.grant_type().is_some()) {
        std::thread::yield_now();
    }
    run.signal(Signal::INT);
    let output = run.finish();
    output.exits(130);
    assert!(output.stderr.contains("the sign-in is stored as anthropic:delay-400ms@example.com"), "{output}");
    assert_eq!(env.store_json("main")["profiles"]["anthropic:delay-400ms@example.com"]["type"], "oauth");
}

#[test]
fn ctrl_c_while_nobody_has_come_back_writes_nothing() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let before = env.tree();
    let mut browser = Browser::of(&mut env);
    let run = env.command(LOGIN).start();
    browser.page();
    run.signal(Signal::INT);
    let output = run.finish();
    output.exits(130);
    assert!(output.stderr.ends_with("Cancelled; nothing was written.\n"), "{output}");
    assert_eq!(env.tree(), before);
}

#[test]
fn neither_code_nor_verifier_nor_tokens_are_ever_shown() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    env.set("FASED_LOG", "trace");
    for (json, by_paste) in [(false, false), (true, false), (false, true)] {
        let mut browser = Browser::of(&mut env);
        let more: &[&str] = if json { &["--json"] } else { &[] };
        let mut run = env.command(login(more)).open_stdin().start();
        let link = browser.page();
        let (code, state) = sandbox.approve(&link);
        if by_paste {
            run.give(&format!("{code}#{state}\n"));
        } else {
            open_page(&format!("{}?code={code}&state={state}", parameter(&link, "redirect_uri")));
        }
        let output = run.finish();
        output.exits(0);
        let profile = env.store_json("main")["profiles"]["anthropic:me@example.com"].clone();
        let all = format!("{}{}", output.stdout, output.stderr);
        for secret in
            [code.as_str(), profile["access"].as_str().unwrap(), profile["refresh"].as_str().unwrap()]
        {
            assert!(!all.contains(secret), "{output}");
        }
        // The verifier is nowhere to be compared with, but everybody knows its SHA-256.
        let challenge = parameter(&link, "code_challenge");
        let words = all.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
        for word in words.filter(|word| word.len() >= 43) {
            assert_ne!(
                URL_SAFE_NO_PAD.encode(Sha256::digest(word)),
                challenge,
                "the verifier is shown:\n{output}"
            );
        }
    }
}

/// Starts it on a terminal and waits for the question.
fn on_screen(env: &TestEnv, sandbox: &TestSandbox) -> (Screen, String) {
    let mut screen = Screen::start(&env.command(LOGIN));
    screen.shows("Notice (");
    let link = screen.line(&format!("{}/oauth/authorize?", sandbox.url()));
    screen.shows("aste the code");
    screen.hides_typing();
    (screen, link)
}

#[test]
fn on_a_terminal_the_paste_is_not_shown_and_a_wrong_one_is_named() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    for (display, breaks) in [("", ""), (":0", "\n  ")] {
        shows_pages(&mut env, display);
        let (mut screen, link) = on_screen(&env, &sandbox);
        screen.types(&format!("{}\r", key("typed", "x3Qw")));
        screen.shows("This is an API key, not the code of a sign-in.");
        screen.shows("aste the code");
        screen.resizes(60, 20);
        let (code, state) = sandbox.approve(&link);
        let (first, second) = code.split_at(20);
        screen.types(&format!("{first}{breaks}{second}x\u{7f}#{state}\r"));
        screen.shows(
            "Signed in as me@example.com, saved as anthropic:me@example.com for agent main, verified.",
        );
        let (exit, seen) = screen.ends();
        assert_eq!(exit, 0, "{seen}");
        assert!(
            !seen.contains("sandbox-typed") && !seen.contains(second),
            "a secret was on the screen:\n{seen}"
        );
        std::fs::remove_file(env.state("notices.json")).unwrap();
    }
}

#[test]
fn on_a_terminal_ctrl_c_leaves_it_as_it_was() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let before = env.tree();
    for display in ["", ":0"] {
        shows_pages(&mut env, display);
        for typed in ["", "half-a-"] {
            let (mut screen, _) = on_screen(&env, &sandbox);
            screen.types(typed);
            screen.types("\u{3}");
            screen.shows("Cancelled; nothing was written.");
            let (exit, seen) = screen.ends();
            assert_eq!(exit, 130, "{seen}");
            assert_eq!(env.tree(), before);
        }
    }
}

#[test]
fn the_browser_ends_the_question_on_a_terminal() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sign_in(&sandbox);
    let mut browser = Browser::of(&mut env);
    let (mut screen, link) = on_screen(&env, &sandbox);
    assert_eq!(browser.page(), link);
    screen.types("half-a-");
    approves(&sandbox, &link);
    screen.shows("Signed in as me@example.com");
    assert_eq!(screen.ends().0, 0);
}
