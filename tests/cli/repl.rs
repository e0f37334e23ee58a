//! `fased chat` on a terminal without a message: a conversation.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Endpoint, Screen, TestEnv, TestSandbox, key, token};

const ENTER: &str = "\r";
const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const UP: &str = "\u{1b}[A";
const PROMPT: &str = "> ";

fn with_key(sandbox: &TestSandbox, key: &str) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.fased(["onboard", "--anthropic-api-key", key]).exits(0);
    env
}

/// A conversation that waits for its first line.
fn converse(env: &TestEnv, arguments: &[&str]) -> Screen {
    let mut screen = Screen::start(&env.command(["chat"].into_iter().chain(arguments.iter().copied())));
    screen.shows("/help");
    screen.shows(PROMPT);
    screen
}

/// Types a line and waits for what comes of it and the next prompt.
fn says(screen: &mut Screen, line: &str, shows: &[&str]) {
    screen.types(&format!("{line}{ENTER}"));
    shows.iter().for_each(|text| screen.shows(text));
    screen.shows(PROMPT);
}

fn messages(sandbox: &TestSandbox) -> usize {
    let body = sandbox.last_message().json().unwrap();
    body["messages"].as_array().unwrap().len()
}

#[test]
fn a_conversation_remembers_what_was_said_and_can_be_gone_on_with() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut screen = converse(&env, &[]);
    says(&mut screen, "hello", &["Your question was: “hello”", "claude-sonnet-5 · anthropic:default · "]);
    says(&mut screen, "and more", &["Your question was: “and more”", " in · "]);
    assert_eq!(messages(&sandbox), 3);
    says(&mut screen, "/usage", &["2 answers · ", " out · $0.00"]);
    screen.types(CTRL_D);
    let line = screen.line("to go on with it: fased chat --session ");
    assert_eq!(screen.ends().0, 0);
    let id = line.rsplit(' ').next().unwrap();
    let mut screen = Screen::start(&env.command(["chat", "--session", id]));
    screen.shows("2 questions: hello");
    screen.shows(PROMPT);
    says(&mut screen, "third", &["Your question was: “third”"]);
    assert_eq!(messages(&sandbox), 5);
    says(&mut screen, "/new", &["A new session."]);
    says(&mut screen, "fresh", &["Your question was: “fresh”"]);
    assert_eq!(messages(&sandbox), 1);
    screen.types(&format!("/quit{ENTER}"));
    assert_eq!(screen.ends().0, 0);
    let listed = env.fased(["chat", "--list", "--json"]).exits(0).json();
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2);
}

#[test]
fn a_session_has_a_model_of_its_own() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let asked = || sandbox.last_message().json().unwrap()["model"].as_str().unwrap().to_owned();
    let mut screen = converse(&env, &[]);
    says(&mut screen, "/model", &["asks anthropic/claude-sonnet-5, the agent's primary model."]);
    says(
        &mut screen,
        "/model anthropic/claude-haiku-4-5",
        &["This session asks anthropic/claude-haiku-4-5;"],
    );
    says(&mut screen, "hi", &["claude-haiku-4-5 · anthropic:default · "]);
    assert_eq!(asked(), "claude-haiku-4-5");
    says(
        &mut screen,
        "/model anthropic/claude-opus-4-7@anthropic:default",
        &["asks anthropic/claude-opus-4-7 with anthropic:default and nothing else"],
    );
    says(&mut screen, "/model list", &["→ anthropic/claude-opus-4-7", "  anthropic/claude-haiku-4-5"]);
    says(&mut screen, "/model status", &["Agent     main", "→ anthropic:default"]);
    says(
        &mut screen,
        "/model opus@anthropic:gone",
        &["No credentials found for profile \"anthropic:gone\"."],
    );
    says(&mut screen, "/model nothing/", &["Invalid model reference"]);
    says(&mut screen, "/model default", &["asks anthropic/claude-sonnet-5, the agent's primary model."]);
    says(&mut screen, "again", &["claude-sonnet-5 · anthropic:default · "]);
    assert_eq!(asked(), "claude-sonnet-5");
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_model_chosen_in_a_conversation_wins_over_the_role_it_began_with() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    env.write(
        "fased.json",
        "{ agents: { defaults: { taskModels: { cheapCheck: 'anthropic/claude-haiku-4-5' } } } }",
    );
    let asked = || sandbox.last_message().json().unwrap()["model"].as_str().unwrap().to_owned();
    let mut screen = converse(&env, &["--role", "cheap-check"]);
    says(&mut screen, "/model", &["asks anthropic/claude-haiku-4-5, the agent's model for cheap-check;"]);
    says(&mut screen, "hi", &["claude-haiku-4-5 · anthropic:default · "]);
    says(&mut screen, "/model anthropic/claude-opus-4-7", &["This session asks anthropic/claude-opus-4-7;"]);
    says(&mut screen, "and now", &["claude-opus-4-7 · anthropic:default · "]);
    assert_eq!(asked(), "claude-opus-4-7");
    says(&mut screen, "/model default", &["asks anthropic/claude-sonnet-5, the agent's primary model."]);
    says(&mut screen, "again", &["claude-sonnet-5 · anthropic:default · "]);
    assert_eq!(asked(), "claude-sonnet-5");
    says(&mut screen, "/new", &["A new session."]);
    says(&mut screen, "/model", &["asks anthropic/claude-haiku-4-5, the agent's model for cheap-check;"]);
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_session_whose_model_does_not_read_its_image_can_be_given_another() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    std::fs::write(env.home().join("map.png"), b"\x89PNG\r\n\x1a\nrest").unwrap();
    env.fased(["chat", "--session", "s", "--image", "map.png", "where?"]).exits(0);
    let blind = "models: { providers: { x: { baseUrl: 'http://127.0.0.1:1', models: [{ id: 'm', input: ['text'] }] } } }";
    env.write("fased.json", &format!("{{ {blind}, agents: {{ defaults: {{ model: 'x/m' }} }} }}"));
    let mut screen = Screen::start(&env.command(["chat", "--session", "s"]));
    screen.shows("Model x/m does not read images");
    screen.shows("1 question: where?");
    screen.shows(PROMPT);
    says(&mut screen, "/model sonnet", &["This session asks anthropic/claude-sonnet-5;"]);
    says(&mut screen, "and now?", &["claude-sonnet-5 · anthropic:default · "]);
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn the_end_of_a_credential_is_told_once_in_a_conversation() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let ends = "2026-06-03T12:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let profile = json!({"type": "token", "provider": "anthropic",
        "token": token("fault-overloaded-times-1", "77aa"), "expires": ends});
    let store = json!({"version": 1, "profiles": {"anthropic:manual": profile}}).to_string();
    env.write("agents/main/agent/auth-profiles.json", &store);
    let mut screen = converse(&env, &[]);
    says(&mut screen, "hi", &["! anthropic:manual ends in 2d", "claude-sonnet-5 · anthropic:manual · "]);
    says(&mut screen, "and more", &["claude-sonnet-5 · anthropic:manual · "]);
    assert_eq!(sandbox.requests().len(), 3, "one was tried again");
    screen.types(CTRL_D);
    let (code, screen) = screen.ends();
    assert_eq!((code, screen.matches("ends in").count()), (0, 1), "{screen}");
}

#[test]
fn what_cannot_be_understood_is_told_and_paths_go_to_the_model() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut screen = converse(&env, &[]);
    says(&mut screen, "/modle", &["There is no /modle.", "did you mean /model?"]);
    says(&mut screen, "/frobnicate", &["There is no /frobnicate.", "/help lists what there is"]);
    says(&mut screen, "/help", &["/model REF[@profile]", "/quit"]);
    says(&mut screen, "   ", &[]);
    assert!(sandbox.requests().is_empty());
    says(&mut screen, "/etc/hosts is what?", &["Your question was: “/etc/hosts is what?”"]);
    says(&mut screen, " /modle", &["Your question was: “/modle”"]);
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn an_answer_can_be_stopped_and_what_came_of_it_stays() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-stall-times-1", "x3Qw"));
    let mut screen = converse(&env, &["--session", "s"]);
    screen.types(&format!("hi{ENTER}"));
    screen.shows("no model was ");
    screen.types(CTRL_C);
    screen.shows("interrupted · claude-sonnet-5 · anthropic:default · ");
    screen.shows("· at least $");
    screen.shows("Interrupted.");
    screen.shows(PROMPT);
    says(&mut screen, "go on", &["Your question was: “go on”"]);
    let body = sandbox.last_message().json().unwrap();
    assert!(body["messages"][1]["content"][0]["text"].as_str().unwrap().contains("no model was "), "{body}");
    says(&mut screen, "/usage", &["1 answer · ", "1 interrupted, counted as far as told"]);
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn termination_during_an_answer_keeps_what_came_and_ends_the_conversation() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-stall", "x3Qw"));
    let mut screen = converse(&env, &["--session", "s"]);
    screen.types(&format!("hi{ENTER}"));
    screen.shows("no model was ");
    screen.signals(Signal::TERM);
    screen.shows("interrupted · claude-sonnet-5");
    screen.shows("fased chat --session s");
    assert_eq!(screen.ends().0, 130);
    let transcript = std::fs::read_to_string(env.state("agents/main/sessions/s.jsonl")).unwrap();
    let last: Value = serde_json::from_str(transcript.lines().last().unwrap()).unwrap();
    assert_eq!(last["type"], "interrupted");
    assert!(last["content"][0]["text"].as_str().unwrap().contains("no model was "), "{last}");
}

#[test]
fn termination_at_the_prompt_ends_the_conversation_and_leaves_the_terminal_as_it_was() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut screen = converse(&env, &[]);
    screen.types("half a line");
    screen.shows("half a line");
    screen.signals(Signal::TERM);
    assert_eq!(screen.ends().0, 130);
    assert_eq!(sandbox.requests(), []);
}

#[test]
fn ctrl_c_clears_the_line_and_twice_leaves() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut screen = converse(&env, &[]);
    screen.types("never sent");
    screen.shows("never sent");
    screen.types(CTRL_C);
    screen.shows("Ctrl-C again or Ctrl-D leaves.");
    screen.shows(PROMPT);
    says(&mut screen, "sent", &["Your question was: “sent”"]);
    screen.types(CTRL_C);
    screen.shows("Ctrl-C again or Ctrl-D leaves.");
    screen.shows(PROMPT);
    screen.types(CTRL_C);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn a_failure_is_told_and_the_conversation_goes_on() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-overloaded-times-1", "x3Qw"));
    let mut screen = converse(&env, &["--retries", "0"]);
    says(&mut screen, "hi", &["error:", "verloaded"]);
    says(&mut screen, "again", &["Your question was: “again”"]);
    assert_eq!(messages(&sandbox), 1);
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn lines_are_remembered_for_the_next_conversation_and_credentials_are_not() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut screen = converse(&env, &[]);
    says(&mut screen, "remember this", &["Your question was: “remember this”"]);
    says(
        &mut screen,
        &format!("/model {}", key("pasted", "k2k2")),
        &["The model is an API key, not a model."],
    );
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
    let history = std::fs::read_to_string(env.state("chat-history")).unwrap();
    assert!(history.contains("remember this") && !history.contains("sandbox-pasted"), "{history}");
    assert!(env.tree().contains("0600 .fased/chat-history"), "{}", env.tree());
    let mut screen = converse(&env, &[]);
    screen.types(UP);
    screen.shows("remember this");
    screen.types(ENTER);
    screen.shows("Your question was: “remember this”");
    screen.shows(PROMPT);
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn lines_pasted_together_are_one_question() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut screen = converse(&env, &[]);
    screen.types(&format!("\u{1b}[200~one\ntwo\u{1b}[201~{ENTER}"));
    screen.shows("Your question was: ");
    screen.shows(PROMPT);
    let body = sandbox.last_message().json().unwrap();
    assert_eq!(body["messages"][0]["content"][0]["text"], "one\ntwo");
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
}

#[test]
fn thinking_is_shown_and_goes_back_as_it_came() {
    let endpoint = Endpoint::start();
    let env = TestEnv::new();
    let provider = format!("{{ baseUrl: '{}', apiKey: 'fake-sandbox-key' }}", endpoint.url());
    env.write("fased.json", &format!("{{ models: {{ providers: {{ x: {provider} }} }} }}"));
    let mut screen = converse(&env, &["--model", "x/thinker"]);
    says(&mut screen, "hi", &["Let me see.", "Hello from elsewhere.", "thinker · "]);
    says(&mut screen, "more", &["Hello from elsewhere."]);
    screen.types(CTRL_D);
    assert_eq!(screen.ends().0, 0);
    let body: Value = serde_json::from_str(&endpoint.arrived().last().unwrap().body).unwrap();
    let thinking = json!({"type": "thinking", "thinking": "Let me see.", "signature": "c2ln"});
    assert_eq!(body["messages"][1]["content"][0], thinking);
}
