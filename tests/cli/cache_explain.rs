//! `fased cache explain`: what the prompt cache did for a session, and why not more.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{NOW, Output, Session, TestEnv, TestSandbox, key, snapshot, token};

/// Longer than the shortest prompt any of the models used here caches.
fn handbook() -> String {
    (1..=120)
        .map(|n| format!("Rule {n}: answer shortly, and say so when something is not known.\n"))
        .collect()
}

/// A conversation in session `s` on a clock that program and sandbox share.
struct Talk {
    sandbox: TestSandbox,
    env: TestEnv,
    passed: Duration,
}

impl Talk {
    fn new() -> Self {
        let sandbox = TestSandbox::start();
        let mut env = TestEnv::with_sandbox(&sandbox);
        env.set("COLUMNS", "80");
        env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
        Self { sandbox, env, passed: Duration::ZERO }
    }

    fn wait(&mut self, seconds: u64) {
        let by = Duration::from_secs(seconds);
        self.sandbox.advance(by);
        self.passed += by;
    }

    fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Output {
        let now = NOW.parse::<jiff::Timestamp>().unwrap() + self.passed;
        self.env.command(arguments).set("FASED_NOW", &now.to_string()).run()
    }

    fn ask(&mut self, arguments: &[&str]) {
        self.run(["chat", "--session", "s"].into_iter().chain(arguments.iter().copied())).exits(0);
        self.wait(20);
    }

    fn begin(&mut self) {
        self.ask(&["--system", &handbook(), "[sandbox:say first]"]);
        self.ask(&["[sandbox:say second]"]);
    }

    fn explain(&self) -> Value {
        self.run(["cache", "explain", "--json"]).exits(0).json()
    }

    /// Why the last turn read less than was there.
    fn misses(&self) -> Value {
        self.explain()["turns"].as_array().unwrap().last().unwrap()["misses"].clone()
    }
}

#[test]
fn a_session_is_explained_turn_by_turn() {
    let mut talk = Talk::new();
    let mut session = Session::default();
    talk.begin();
    talk.ask(&["[sandbox:say third]"]);
    session.add(talk.run(["cache", "explain"]).exits(0));
    talk.wait(400);
    talk.ask(&["--model", "anthropic/claude-opus-5", "[sandbox:say fourth]"]);
    talk.ask(&["--system", &handbook().replace("Rule 7:", "Rule 7b:"), "[sandbox:say fifth]"]);
    session.add(talk.run(["cache", "explain", "s", "--turns", "3"]).exits(0));
    session.add(talk.run(["cache", "explain", "s", "--turns", "2", "--json"]).exits(0));
    talk.wait(3_600);
    session.add(talk.run(["cache", "explain", "--turns", "1"]).exits(0));
    snapshot!("cache_explain", session);
}

#[test]
fn a_timestamp_in_the_system_prompt_is_named_with_its_bytes() {
    let mut talk = Talk::new();
    let system = |time: &str| format!("It is {time}.\n{}", handbook());
    talk.ask(&["--system", &system("12:00:07"), "one"]);
    talk.ask(&["--system", &system("12:00:27"), "two"]);
    let expected = json!([{
        "reason": "prefix-changed",
        "block": {"level": "system", "block": 1},
        "change": "edited",
        "bytes": {"start": 12, "end": 13},
        "was": {"start": 12, "end": 13},
        "excerpt": {"was": "12:00:07.", "now": "12:00:27."},
    }]);
    assert_eq!(talk.misses(), expected);
}

#[test]
fn another_model_is_named() {
    let mut talk = Talk::new();
    talk.begin();
    assert_eq!(talk.misses(), json!([]));
    talk.ask(&["--model", "anthropic/claude-opus-5", "three"]);
    let (from, to) = ("anthropic/claude-sonnet-5", "anthropic/claude-opus-5");
    assert_eq!(talk.misses(), json!([{"reason": "model-changed", "from": from, "to": to}]));
}

#[test]
fn another_credential_is_named_unless_it_is_of_the_same_workspace() {
    let mut talk = Talk::new();
    let store = |name: &str, secret: &str| {
        talk.env.fased(["onboard", "--anthropic-api-key", secret, "--profile-id", name]).exits(0);
    };
    store("anthropic:other", &key("two", "k2k2"));
    store("anthropic:acme", &key("org-acme-three", "a3a3"));
    store("anthropic:acme2", &key("org-acme-four", "b4b4"));
    talk.begin();
    let mut switch = |to: &str| {
        talk.ask(&["--model", &format!("anthropic/claude-sonnet-5@{to}"), "next"]);
        talk.misses()
    };
    let changed = |from: &str, to: &str| json!([{"reason": "credential-changed", "from": from, "to": to}]);
    assert_eq!(switch("anthropic:other"), changed("anthropic:default", "anthropic:other"));
    assert_eq!(switch("anthropic:acme"), changed("anthropic:other", "anthropic:acme"));
    assert_eq!(switch("anthropic:acme2"), json!([]), "one workspace has one cache");
}

#[test]
fn another_organization_behind_the_same_credential_is_named() {
    let mut talk = Talk::new();
    talk.begin();
    let other = key("org-acme-one", "x3Qw");
    talk.env.fased(["onboard", "--anthropic-api-key", &other]).exits(0);
    talk.ask(&["three"]);
    let turns = talk.explain()["turns"].clone();
    assert_eq!(turns[2]["credential"], "anthropic:default");
    assert_eq!(turns[2]["misses"][0]["reason"], "organization-changed", "{turns:#}");
}

#[test]
fn a_cache_that_had_lapsed_is_told_with_how_late_it_was() {
    let mut talk = Talk::new();
    talk.begin();
    // The second question was asked 20 s ago, and 5 minutes count from its start.
    talk.wait(279);
    talk.ask(&["in time"]);
    assert_eq!(talk.misses(), json!([]));
    talk.wait(281);
    talk.ask(&["too late"]);
    let expected = json!([{"reason": "lapsed", "ttl": "5m", "idleMs": 301_000, "lateByMs": 1_000}]);
    assert_eq!(talk.misses(), expected);
    talk.env
        .write("fased.json", "{ agents: { list: [{ id: 'main', params: { cacheRetention: 'long' } }] } }");
    // What is read keeps the lifetime it was written with; what is written now stays for an hour.
    talk.wait(3_600);
    talk.ask(&["an hour later"]);
    talk.wait(3_580);
    talk.ask(&["and another one"]);
    let expected = json!([{"reason": "lapsed", "ttl": "1h", "idleMs": 3_600_000, "lateByMs": 0}]);
    assert_eq!(talk.misses(), expected);
}

#[test]
fn a_prompt_below_the_minimum_of_the_model_is_told_with_both_figures() {
    let mut talk = Talk::new();
    talk.ask(&["--model", "anthropic/claude-haiku-4-5", "--system", &handbook(), "[sandbox:say one]"]);
    let expected = json!([{"reason": "below-minimum", "minimum": 4_096, "tokens": 1_958}]);
    assert_eq!(talk.misses(), expected);
    assert_eq!(talk.explain()["cache"], Value::Null);
}

#[test]
fn a_transcript_that_was_changed_is_told_with_the_block_that_was() {
    let mut talk = Talk::new();
    talk.begin();
    let path = talk.env.state("agents/main/sessions/s.jsonl");
    let transcript = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, transcript.replace(r#""text":"first""#, r#""text":"FIRST""#)).unwrap();
    talk.ask(&["[sandbox:say third]"]);
    let expected = json!([{
        "reason": "prefix-changed",
        "block": {"level": "messages", "message": 2, "block": 1},
        "change": "rewritten",
    }]);
    assert_eq!(talk.misses(), expected);
    talk.ask(&["[sandbox:say fourth]"]);
    assert_eq!(talk.misses(), json!([]), "what was changed before is not changed again");
}

#[test]
fn the_first_image_is_told() {
    let mut talk = Talk::new();
    talk.begin();
    std::fs::write(talk.env.home().join("map.gif"), "GIF89a").unwrap();
    talk.ask(&["--image", "map.gif", "where is it?"]);
    assert_eq!(talk.misses(), json!([{"reason": "images-changed", "hasImages": true}]));
}

#[test]
fn what_is_off_or_paid_by_a_plan_is_no_riddle() {
    let mut talk = Talk::new();
    talk.env
        .write("fased.json", "{ agents: { list: [{ id: 'main', params: { cacheRetention: 'none' } }] } }");
    talk.begin();
    assert_eq!(talk.misses(), json!([{"reason": "cache-off"}]));
    let mut session = Session::default();
    session.add(talk.run(["cache", "explain"]).exits(0));
    let paste = talk.env.command(["models", "auth", "paste-token", "--provider", "anthropic"]);
    paste.stdin(token("plan", "t4t4")).run().exits(0);
    talk.ask(&["--model", "anthropic/claude-sonnet-5@anthropic:manual", "three"]);
    assert_eq!(talk.misses(), json!([{"reason": "subscription"}]));
    session.add(talk.run(["cache", "explain"]).exits(0));
    snapshot!("cache_explain_off", session);
}

#[test]
fn an_older_transcript_is_explained_as_far_as_it_goes() {
    let mut talk = Talk::new();
    talk.begin();
    talk.wait(600);
    talk.ask(&["three"]);
    let path = talk.env.state("agents/main/sessions/s.jsonl");
    let lines = std::fs::read_to_string(&path).unwrap();
    let older = lines.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        for later in ["request", "blocks"] {
            line.as_object_mut().unwrap().remove(later);
        }
        format!("{line}\n")
    });
    std::fs::write(&path, older.collect::<String>()).unwrap();
    let turns = talk.explain()["turns"].clone();
    assert_eq!(turns[2]["cacheRetention"], Value::Null);
    assert_eq!(turns[2]["misses"][0]["reason"], "lapsed", "{turns:#}");
    assert_eq!(turns[1]["misses"], json!([]));
}

#[test]
fn without_a_session_it_says_how_to_begin_one() {
    let talk = Talk::new();
    let mut session = Session::default();
    for arguments in [&[][..], &["nosuch"], &["--json"], &["../s"]] {
        let run = talk.run(["cache", "explain"].into_iter().chain(arguments.iter().copied()));
        session.add(run);
    }
    snapshot!("cache_explain_nothing", session);
}
