//! Conversations that outlive a process: `fased chat --session`, `--list`, files, roles, and what a crash leaves.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Output, Session, TestEnv, TestSandbox, key, snapshot};

fn with_key(sandbox: &TestSandbox, key: &str) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.fased(["onboard", "--anthropic-api-key", key]).exits(0);
    env
}

fn chat<'a>(env: &TestEnv, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    env.fased(["chat"].into_iter().chain(arguments))
}

fn transcript(env: &TestEnv, id: &str) -> String {
    std::fs::read_to_string(env.state(&format!("agents/main/sessions/{id}.jsonl"))).unwrap_or_default()
}

/// Who said what in the last request.
fn sent(sandbox: &TestSandbox) -> Vec<(String, String)> {
    let body = sandbox.last_message().json().unwrap();
    let text = |message: &Value| {
        let blocks = message["content"].as_array().unwrap().iter();
        blocks.map(|block| block["text"].as_str().unwrap_or_default()).collect::<String>()
    };
    let messages = body["messages"].as_array().unwrap().iter();
    messages.map(|message| (message["role"].as_str().unwrap().to_owned(), text(message))).collect()
}

#[test]
fn a_session_goes_on_where_it_was_left() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut session = Session::default();
    session.add(chat(&env, ["--list"]).exits(0));
    session.add(chat(&env, ["--session", "Trip", "--system", "Be brief.", "[sandbox:say first]"]).exits(0));
    session.add(chat(&env, ["--session", "trip", "[sandbox:say second]", "--json"]).exits(0));
    let expected =
        [("user", "[sandbox:say first]"), ("assistant", "first"), ("user", "[sandbox:say second]")];
    let sent = sent(&sandbox);
    let sent: Vec<(&str, &str)> = sent.iter().map(|(role, text)| (role.as_str(), text.as_str())).collect();
    assert_eq!(sent, expected);
    assert_eq!(sandbox.last_message().json().unwrap()["system"][0]["text"], "Be brief.");
    session.add(chat(&env, ["what is a session of its own?"]).exits(0));
    session.add(chat(&env, ["--list"]).exits(0));
    session.add(chat(&env, ["--list", "--json"]).exits(0));
    snapshot!("sessions", session);
}

#[test]
fn a_transcript_is_lines_of_json() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    chat(&env, ["--session", "trip", "--model", "anthropic/claude-haiku-4-5", "[sandbox:say first]"])
        .exits(0);
    let lines: Vec<Value> =
        transcript(&env, "trip").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["session", "model", "user", "assistant"]);
    assert_eq!(lines[3]["content"], json!([{"type": "text", "text": "first"}]));
    assert_eq!(lines[3]["receipt"]["profileId"], "anthropic:default");
    assert_eq!(lines[3]["receipt"]["requestedModel"], "anthropic/claude-haiku-4-5");
}

#[test]
fn a_long_session_is_read_from_the_cache() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let system = "Rule: answer shortly, name the source, and say so when it is not known.\n".repeat(200);
    chat(&env, ["--session", "s", "--system", &system, "one"]).exits(0);
    for question in ["two", "three"] {
        let usage =
            chat(&env, ["--session", "s", question, "--json"]).exits(0).json()["receipt"]["usage"].clone();
        let (read, input) =
            (usage["cacheReadTokens"].as_u64().unwrap(), usage["inputTokens"].as_u64().unwrap());
        let written = usage["cacheWrite5mTokens"].as_u64().unwrap();
        assert!(read * 100 > 95 * (read + input + written), "{usage}");
    }
}

#[test]
fn a_model_belongs_to_the_session_until_default_is_asked_for() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let model = |arguments: &[&str]| {
        let document =
            chat(&env, ["--session", "s", "hi", "--json"].into_iter().chain(arguments.iter().copied()));
        document.exits(0).json()["receipt"]["requestedModel"].as_str().unwrap().to_owned()
    };
    let (sonnet, haiku) = ("anthropic/claude-sonnet-5", "anthropic/claude-haiku-4-5");
    assert_eq!(model(&[]), sonnet);
    assert_eq!(model(&["--model", haiku]), haiku);
    assert_eq!(model(&[]), haiku);
    assert_eq!(model(&["--model", "default"]), sonnet);
    assert_eq!(model(&[]), sonnet);
    chat(&env, ["--session", "s", "hi", "--model", "anthropic/claude-nonsense-9"]).exits(4);
    assert_eq!(model(&[]), sonnet, "a model nobody knows stayed");
    let other = chat(&env, ["hi", "--json"]).exits(0).json();
    assert_eq!(other["receipt"]["requestedModel"], sonnet);
}

#[test]
fn a_session_keeps_its_profile_while_the_cache_is_warm_and_a_pin_never_moves() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    env.fased(["onboard", "--anthropic-api-key", &key("two", "k2k2"), "--profile-id", "anthropic:work"])
        .exits(0);
    let order = |first: &str, second: &str| {
        env.fased(["models", "auth", "order", "set", "--provider", "anthropic", first, second]).exits(0);
    };
    let profile = |now: &str, arguments: &[&str]| {
        let run = env.command(["chat", "hi", "--json"].into_iter().chain(arguments.iter().copied()));
        let document = run.set("FASED_NOW", &format!("2026-06-01T{now}Z")).run().exits(0).json();
        document["receipt"]["profileId"].as_str().unwrap().to_owned()
    };
    order("anthropic:work", "anthropic:default");
    assert_eq!(profile("12:00:00", &["--session", "s"]), "anthropic:work");
    order("anthropic:default", "anthropic:work");
    assert_eq!(profile("12:04:59", &["--session", "s"]), "anthropic:work");
    assert_eq!(profile("12:04:59", &[]), "anthropic:default", "a new session follows the order");
    assert_eq!(profile("12:10:00", &["--session", "s"]), "anthropic:default");
    let pin = ["--session", "s", "--model", "anthropic/claude-sonnet-5@anthropic:work"];
    assert_eq!(profile("12:10:01", &pin), "anthropic:work");
    assert_eq!(profile("14:00:00", &["--session", "s"]), "anthropic:work");
    env.fased(["models", "auth", "remove", "anthropic:work", "--yes"]).exits(0);
    let refused = chat(&env, ["--session", "s", "hi"]);
    assert!(refused.exits(3).stderr.contains("profile \"anthropic:work\""), "{refused}");
}

#[test]
fn a_second_writer_is_told_who_has_the_session() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-stall", "x3Qw"));
    let mut first = env.command(["chat", "--session", "s", "hi"]).start();
    first.stdout_until("no model was ");
    let pid = first.pid().as_raw_nonzero().to_string();
    let mut session = Session::default();
    for json in [&[][..], &["--json"]] {
        let second = chat(&env, ["--session", "s", "hi too"].into_iter().chain(json.iter().copied()));
        session.add(second.exits(1).to_string().replace(&pid, "[PID]"));
    }
    snapshot!("sessions_in_use", session);
    let other = env.command(["chat", "--session", "s", "--agent", "work", "hi"]);
    env.write("fased.json", "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }");
    // Another agent's session of that name is another one; it only lacks a credential.
    other.run().exits(3);
    first.signal(Signal::INT);
    first.finish().exits(130);
}

#[test]
fn what_came_before_an_interruption_is_part_of_the_session() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-stall-times-1", "x3Qw"));
    let mut running = env.command(["chat", "--session", "s", "hi"]).start();
    running.stdout_until("no model was ");
    running.signal(Signal::INT);
    running.finish().exits(130);
    let last: Value = serde_json::from_str(transcript(&env, "s").lines().last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["receipt"]["interrupted"]), (&"interrupted".into(), &true.into()));
    assert_eq!(last["receipt"]["profileId"], "anthropic:default");
    assert!(last["receipt"]["costMicroDollars"].as_u64() > Some(0), "{last}");
    chat(&env, ["--session", "s", "go on"]).exits(0);
    let sent = sent(&sandbox);
    assert_eq!(sent[1].0, "assistant");
    assert!(sent[1].1.starts_with("This is the Fased sandbox answering"), "{sent:?}");
    assert_eq!(sent[2].1, "go on");
}

#[test]
fn a_script_is_told_which_session_holds_what_came_of_an_answer() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-cut-inside", "x3Qw"));
    let error = chat(&env, ["hi", "--json"]).exits(5).json()["error"].clone();
    let listed = chat(&env, ["--list", "--json"]).exits(0).json();
    assert_eq!(error["sessionId"], listed["sessions"][0]["sessionId"], "{error}");
    assert!(error["sessionId"].is_string(), "{error}");
}

#[test]
fn a_kill_while_an_answer_comes_loses_nothing_that_was_kept() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-stall-times-1", "x3Qw"));
    let mut running = env.command(["chat", "--session", "s", "hi"]).start();
    running.stdout_until("no model was ");
    while !transcript(&env, "s").contains("no model was ") {
        std::thread::yield_now();
    }
    running.signal(Signal::KILL);
    running.finish();
    let path = env.state("agents/main/sessions/s.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    // As if the kill had come in the middle of a write.
    std::fs::write(&path, format!("{whole}{{\"type\":\"partial\",\"te")).unwrap();
    chat(&env, ["--session", "s", "go on"]).exits(0);
    assert!(sent(&sandbox)[1].1.contains("no model was "));
    assert!(transcript(&env, "s").starts_with(&whole));
}

#[test]
fn a_transcript_that_cannot_be_read_is_told_and_left() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    chat(&env, ["--session", "s", "hi"]).exits(0);
    let broken = transcript(&env, "s").replacen("\"type\":\"user\"", "\"type\":\"us", 1);
    env.write("agents/main/sessions/s.jsonl", &broken);
    let requests = sandbox.requests().len();
    let mut session = Session::default();
    session.add(chat(&env, ["--session", "s", "again"]).exits(1));
    session.add(chat(&env, ["--list"]).exits(0));
    for id in ["../s", "", "a b", "sessions"] {
        session.add(chat(&env, ["--session", id, "hi"]).exits(64));
    }
    assert_eq!(transcript(&env, "s"), broken);
    assert_eq!(sandbox.requests().len(), requests);
    snapshot!("sessions_refused", session);
}

#[test]
fn a_question_nobody_answers_leaves_no_session() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-overloaded", "x3Qw"));
    chat(&env, ["hi", "--retries", "0"]).exits(4);
    chat(&env, ["--session", "s", "hi", "--retries", "0"]).exits(4);
    assert_eq!(chat(&env, ["--list", "--json"]).exits(0).json()["sessions"], json!([]));
}

#[test]
fn sessions_that_cannot_be_written_cost_no_answer() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    env.write("agents/main/sessions", "a file where a directory belongs");
    let mut session = Session::default();
    session.add(chat(&env, ["hi"]).exits(0));
    let document = chat(&env, ["hi", "--json"]);
    assert_eq!(document.exits(0).json()["sessionId"], Value::Null);
    session.add(chat(&env, ["--session", "s", "hi"]).exits(1));
    snapshot!("sessions_unwritable", session);
}

#[test]
fn files_and_images_go_with_the_question() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    std::fs::write(env.home().join("notes.txt"), "a\nb\n").unwrap();
    std::fs::write(env.home().join("map.png"), b"\x89PNG\r\n\x1a\nrest").unwrap();
    chat(&env, ["--file", "notes.txt", "--image", "map.png", "where?"]).exits(0);
    let content = sandbox.last_message().json().unwrap()["messages"][0]["content"].clone();
    assert_eq!(content[0]["title"], "notes.txt");
    assert_eq!(content[0]["source"]["data"], "a\nb\n");
    assert_eq!(content[1]["source"]["media_type"], "image/png");
    assert_eq!(content[2]["text"], "where?");
    let mut session = Session::default();
    std::fs::write(env.home().join("large.txt"), vec![b'a'; 4 * 1024 * 1024 + 1]).unwrap();
    std::fs::write(env.home().join("large.png"), vec![b'a'; 5 * 1024 * 1024 + 1]).unwrap();
    std::fs::write(env.home().join("empty.txt"), "").unwrap();
    for (flag, file) in [
        ("--file", "map.png"),
        ("--file", "large.txt"),
        ("--file", "empty.txt"),
        ("--file", "none.txt"),
        ("--image", "notes.txt"),
        ("--image", "large.png"),
        ("--image", "."),
    ] {
        session.add(chat(&env, [flag, file, "what?"]));
    }
    let blind = "models: { providers: { x: { baseUrl: 'http://127.0.0.1:1', models: [{ id: 'm', input: ['text'] }] } } }";
    env.write("fased.json", &format!("{{ {blind} }}"));
    session.add(chat(&env, ["--image", "map.png", "--model", "x/m", "what?"]));
    snapshot!("sessions_files", session);
    let image_model = "agents: { defaults: { imageModel: 'anthropic/claude-haiku-4-5' } }";
    env.write("fased.json", &format!("{{ {blind}, {image_model} }}"));
    let seen = chat(&env, ["--image", "map.png", "--model", "x/m", "what?", "--json"]).exits(0).json();
    assert_eq!(seen["receipt"]["model"], "claude-haiku-4-5");
}

#[test]
fn an_image_of_an_earlier_question_still_needs_a_model_that_reads_it() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    std::fs::write(env.home().join("map.png"), b"\x89PNG\r\n\x1a\nrest").unwrap();
    chat(&env, ["--session", "s", "--image", "map.png", "where?"]).exits(0);
    let blind = "models: { providers: { x: { baseUrl: 'http://127.0.0.1:1', models: [{ id: 'm', input: ['text'] }] } } }";
    env.write("fased.json", &format!("{{ {blind} }}"));
    let refused = chat(&env, ["--session", "s", "--model", "x/m", "and now?"]);
    assert!(refused.exits(64).stderr.contains("Model x/m does not read images"), "{refused}");
}

#[test]
fn a_pin_follows_its_profile_to_a_new_name() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let pin = "anthropic/claude-sonnet-5@anthropic:default";
    chat(&env, ["--session", "s", "--model", pin, "hi"]).exits(0);
    env.fased(["models", "auth", "rename", "anthropic:default", "anthropic:home"]).exits(0);
    let document = chat(&env, ["--session", "s", "hi", "--json"]).exits(0).json();
    assert_eq!(document["receipt"]["profileId"], "anthropic:home");
}

#[test]
fn a_role_asks_the_model_the_agent_has_for_it() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    env.write(
        "fased.json",
        "{ agents: { defaults: { taskModels: { cheapCheck: 'anthropic/claude-haiku-4-5' } } } }",
    );
    let model = |role: &str| {
        let document = chat(&env, ["hi", "--json", "--role", role]).exits(0).json();
        document["receipt"]["requestedModel"].as_str().unwrap().to_owned()
    };
    assert_eq!(model("cheap-check"), "anthropic/claude-haiku-4-5");
    assert_eq!(model("cheapCheck"), "anthropic/claude-haiku-4-5");
    assert_eq!(model("strong"), "anthropic/claude-sonnet-5");
    for wrong in
        [&["hi", "--role", "dance"][..], &["hi", "--role", "strong", "--model", "x"], &["--list", "hi"]]
    {
        chat(&env, wrong.iter().copied()).exits(64);
    }
}
