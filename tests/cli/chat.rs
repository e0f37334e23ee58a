//! `fased chat`: the answer streams to stdout, everything else is said on stderr, and every way to fail has its fix.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{NOBODY, NOW, Output, Session, TestEnv, TestSandbox, key, snapshot, token};

const ANSWER: &str = "This is the Fased sandbox answering; no model was asked. Your question was: “hi”\n";

/// A home with this API key, asking this sandbox.
fn with_key(sandbox: &TestSandbox, key: &str) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.fased(["onboard", "--anthropic-api-key", key]).exits(0);
    env
}

fn chat<'a>(env: &TestEnv, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    env.fased(["chat"].into_iter().chain(arguments))
}

#[test]
fn an_answer_goes_to_stdout_and_nothing_else_is_said() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let output = chat(&env, ["hi"]);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str(), output.code), (ANSWER, "", Some(0)));
}

#[test]
fn text_can_be_read_while_the_answer_is_still_coming() {
    let sandbox = TestSandbox::start();
    // The rest of the answer never comes, so whatever can be read was not held back until its end.
    let env = with_key(&sandbox, &key("fault-stall", "x3Qw"));
    let mut running = env.command(["chat", "hi"]).start();
    running.stdout_until("no model was ");
    assert!(!running.has_ended());
    running.signal(Signal::INT);
    let output = running.finish();
    output.exits(130);
    snapshot!("chat_interrupted", output);
}

#[test]
fn a_request_to_end_is_obeyed_before_any_answer() {
    let sandbox = TestSandbox::start();
    let mut session = Session::default();
    for (signal, json) in [(Signal::INT, false), (Signal::TERM, false), (Signal::INT, true)] {
        let env = with_key(&sandbox, &key("fault-hang", "x3Qw"));
        let run = env.command(["chat", "hi"].into_iter().chain(json.then_some("--json")));
        let before = sandbox.requests().len();
        let running = run.start();
        while sandbox.requests().len() == before {
            std::thread::yield_now();
        }
        running.signal(signal);
        let output = running.finish();
        output.exits(130);
        session.add(output);
    }
    snapshot!("chat_cancelled", session);
}

#[test]
fn json_is_one_document_with_text_and_receipt() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut session = Session::default();
    session.add(chat(&env, ["hi", "--json"]).exits(0));
    env.fased(["onboard", "--token", &token("one", "77aa")]).exits(0);
    session.add(chat(&env, ["hi", "--json"]).exits(0));
    session.add(env.fased(["models", "status"]));
    snapshot!("chat_json", session);
}

#[test]
fn the_question_comes_from_words_from_a_pipe_or_from_both() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let asked = |arguments: &[&str], stdin: Option<&str>| {
        let run = env.command(["chat"].into_iter().chain(arguments.iter().copied()));
        let run = match stdin {
            Some(text) => run.stdin(text),
            None => run,
        };
        run.run().exits(0);
        let body = sandbox.last_message().json().unwrap();
        let content = &body["messages"][0]["content"];
        content.as_str().map_or_else(|| content[0]["text"].as_str().unwrap().to_owned(), str::to_owned)
    };
    assert_eq!(asked(&["why", "is", "it blue?"], None), "why is it blue?");
    assert_eq!(asked(&[], Some("why?\n")), "why?");
    assert_eq!(asked(&["-"], Some("why?\n")), "why?");
    assert_eq!(asked(&["explain", "-"], Some("a\nb\n")), "explain\n\na\nb");
    assert_eq!(asked(&["words win"], Some("unread")), "words win");
    assert_eq!(asked(&["--", "-x"], None), "-x");
}

#[test]
fn what_is_piped_in_must_be_text() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let mut session = Session::default();
    session.add(env.command(["chat"]).stdin(vec![0xff, 0xfe, b'x']).run().exits(64));
    session.add(env.command(["chat", "-"]).stdin(" \n\t").run().exits(64));
    assert_eq!(sandbox.requests(), []);
    snapshot!("chat_stdin", session);
}

#[test]
fn options_shape_the_request() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let haiku =
        ["hi", "--system", "Be short.", "--max-tokens", "77", "--model", "anthropic/claude-haiku-4-5"];
    chat(&env, haiku).exits(0);
    let body = sandbox.last_message().json().unwrap();
    assert_eq!(body["system"][0]["text"], "Be short.");
    assert_eq!(body["max_tokens"], 77);
    assert_eq!(body["model"], "claude-haiku-4-5");
    assert_eq!(body["stream"], true);
    let cut = chat(&env, ["hi", "--max-tokens", "3"]);
    cut.exits(0);
    snapshot!("chat_max_tokens", cut);
}

#[test]
fn a_model_may_be_an_alias_and_may_name_its_credential() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    env.fased(["onboard", "--token", &token("me", "77aa"), "--token-profile-id", "anthropic:me@example.com"])
        .exits(0);
    env.write(
        "fased.json",
        "{ agents: { defaults: { models: { 'anthropic/claude-opus-4-7': { alias: 'Opus' } } } } }",
    );
    let receipt = |model: &str| {
        let document = chat(&env, ["hi", "--json", "--model", model]).exits(0).json();
        let receipt = &document["receipt"];
        (receipt["requestedModel"].clone(), receipt["profileId"].clone())
    };
    let opus = Value::from("anthropic/claude-opus-4-7");
    let me = Value::from("anthropic:me@example.com");
    assert_eq!(receipt("opus"), (opus.clone(), me.clone()));
    assert_eq!(receipt("Opus@anthropic:default"), (opus.clone(), "anthropic:default".into()));
    assert_eq!(receipt("anthropic/claude-opus-4-7@anthropic:me@example.com"), (opus, me));
    let mut session = Session::default();
    session.add(chat(&env, ["hi", "--model", "opus@anthropic:gone"]));
    session.add(chat(&env, ["hi", "--model", "opus-4.6"]));
    // A config that names no model allows all.
    env.write("fased.json", "{}");
    for model in ["openai/gpt-5", "nothing/", "anthropic/claude-nonsense-9"] {
        session.add(chat(&env, ["hi", "--model", model]));
    }
    snapshot!("chat_models", session);
}

#[test]
fn requests_are_signed_by_the_kind_of_the_credential() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let system = "Rule: answer shortly.\n".repeat(400);
    chat(&env, ["hi", "--system", &system]).exits(0);
    let request = sandbox.last_message();
    assert_eq!(request.header("x-api-key"), Some("sk-ant-api03 …x3Qw"));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("anthropic-version"), Some("2023-06-01"));
    assert_eq!(request.header("user-agent"), Some(concat!("fased/", env!("CARGO_PKG_VERSION"))));
    let body = request.json().unwrap();
    assert_eq!(body["system"][0]["cache_control"], json!({"type": "ephemeral"}));

    env.fased(["onboard", "--token", &token("one", "77aa")]).exits(0);
    chat(&env, ["hi", "--system", &system]).exits(0);
    let request = sandbox.last_message();
    assert_eq!(request.header("x-api-key"), None);
    assert_eq!(request.header("authorization"), Some("Bearer sk-ant-oat01 …77aa"));
    let betas = request.header("anthropic-beta").unwrap();
    for beta in ["claude-code-20250219", "oauth-2025-04-20"] {
        assert!(betas.split(',').any(|value| value.trim() == beta), "{beta} is not in {betas}");
    }
    let body = String::from_utf8(request.body.to_vec()).unwrap();
    assert!(!body.contains("cache_control"), "a plan does not honour cache markers: {body}");
}

#[test]
fn a_long_prompt_is_read_from_the_cache_the_second_time() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let system = "Rule: answer shortly, name the source, and say so when it is not known.\n".repeat(200);
    let usage =
        || chat(&env, ["hi", "--json", "--system", &system]).exits(0).json()["receipt"]["usage"].clone();
    let (first, second) = (usage(), usage());
    assert_eq!(first["cacheReadTokens"], 0);
    assert!(first["cacheWrite5mTokens"].as_u64() > Some(1000), "{first}");
    assert_eq!(second["cacheReadTokens"], first["cacheWrite5mTokens"]);
}

#[test]
fn without_a_credential_the_way_to_one_is_told() {
    let env = TestEnv::new();
    env.write("fased.json", "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }");
    let mut session = Session::default();
    session.add(chat(&env, ["hi"]).exits(3));
    session.add(chat(&env, ["hi", "--agent", "work"]).exits(3));
    session.add(chat(&env, ["hi", "--json"]).exits(3));
    session.add(chat(&env, ["hi", "--model", "sonnet@anthropic:gone"]).exits(3));
    env.write("fased.json", "{ auth: { env: 'never' } }");
    session.add(env.command(["chat", "hi"]).set("ANTHROPIC_API_KEY", &key("env", "k2k2")).run().exits(3));
    let admin = format!("sk-ant-admin01-sandbox-{}", "0".repeat(60));
    session.add(env.command(["chat", "hi"]).set("ANTHROPIC_API_KEY", &admin).run().exits(3));
    snapshot!("chat_no_credential", session);
}

#[test]
fn with_all_profiles_unusable_each_is_named_with_its_fix() {
    let env = TestEnv::new();
    let now = NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let api_key = |tail: &str| json!({"type": "api_key", "provider": "anthropic", "key": key("one", tail)});
    env.write(
        "agents/main/agent/auth-profiles.json",
        &json!({"version": 1, "profiles": {"anthropic:default": api_key("x3Qw"), "anthropic:team": api_key("tttt"),
            "anthropic:old": {"type": "token", "provider": "anthropic", "token": token("one", "77aa"), "expires": now - 60_000},
            "anthropic:ref": {"type": "api_key", "provider": "anthropic",
                "keyRef": {"source": "env", "provider": "default", "id": "WORK_KEY"}}}})
        .to_string(),
    );
    env.write(
        "agents/main/agent/auth-state.json",
        &json!({"version": 1, "profiles": {
            "anthropic:default": {"cooldowns": [{"modelClass": "sonnet", "reason": "rate_limit", "until": now + 47_000}]},
            "anthropic:team": {"disabled": {"reason": "billing", "until": now + 18_000_000, "nextTrialAt": now + 240_000}}}})
        .to_string(),
    );
    let mut session = Session::default();
    session.add(chat(&env, ["hi"]).exits(3));
    session.add(chat(&env, ["hi", "--json"]).exits(3));
    session.add(chat(&env, ["hi", "--model", "anthropic/claude-sonnet-5@anthropic:team"]).exits(3));
    session.add("# with a key in the environment that is held back");
    session.add(env.command(["chat", "hi"]).set("ANTHROPIC_API_KEY", &key("env", "k2k2")).run().exits(3));
    session.add(
        env.command(["chat", "hi", "--json"]).set("ANTHROPIC_API_KEY", &key("env", "k2k2")).run().exits(3),
    );
    snapshot!("chat_all_unusable", session);
}

#[test]
fn a_key_of_the_environment_is_used_with_a_word() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let mut session = Session::default();
    session.add(env.command(["chat", "hi"]).set("ANTHROPIC_API_KEY", &key("env", "k2k2")).run().exits(0));
    session.add("# all that this leaves behind");
    session.add(env.tree());
    session.add(
        env.command(["chat", "hi", "--json"])
            .set("ANTHROPIC_OAUTH_TOKEN", &token("env", "t4t4"))
            .run()
            .exits(0),
    );
    session.add("# all that a plan's token of the environment leaves behind");
    session.add(env.tree());
    snapshot!("chat_env", session);
}

#[test]
fn failures_of_the_api_are_told_with_their_fix() {
    let sandbox = TestSandbox::start();
    let mut session = Session::default();
    for (fault, code) in [
        ("auth", 4),
        ("revoked", 4),
        ("permission", 4),
        ("billing", 4),
        ("credit", 4),
        ("rate-limit-retry-after-47", 4),
        ("rate-limit-retry-after-none", 4),
        ("spend-limit", 4),
        ("usage-limit", 4),
        ("not-found", 4),
        ("overloaded", 4),
        ("api-error", 4),
        ("timeout-error", 4),
        ("overloaded-in-stream", 4),
        ("error-after-text", 4),
        ("cut-before", 5),
        ("cut-inside", 5),
        ("empty", 0),
    ] {
        let env = with_key(&sandbox, &key(&format!("fault-{fault}"), "x3Qw"));
        session.add(format!("# {fault}"));
        let text = chat(&env, ["hi", "--retries", "0"]);
        session.add(text.exits(code));
        // What the first one left behind would keep the second one from being sent.
        std::fs::remove_file(env.state("agents/main/agent/auth-state.json")).ok();
        let document = chat(&env, ["hi", "--retries", "0", "--json"]);
        assert_eq!(document.stderr, "", "{document}");
        if code != 0 {
            assert_eq!(document.json()["error"]["code"], code, "{document}");
        }
        session.add(document.exits(code));
    }
    snapshot!("chat_failures", session);
}

#[test]
fn text_that_was_shown_before_a_cut_is_kept_for_scripts() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("fault-cut-inside", "x3Qw"));
    let shown = chat(&env, ["hi"]);
    shown.exits(5);
    let error = chat(&env, ["hi", "--json"]).exits(5).json()["error"].clone();
    assert_eq!(error["interrupted"], true);
    let kept = error["text"].as_str().unwrap();
    assert!(ANSWER.starts_with(kept) && !kept.is_empty(), "{kept}");
    assert_eq!(shown.stdout.trim_end(), kept.trim_end());
}

#[test]
fn an_unreachable_api_is_a_failure_of_the_network() {
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", NOBODY);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let mut session = Session::default();
    session.add(chat(&env, ["hi", "--retries", "0"]).exits(5));
    session.add(chat(&env, ["hi", "--retries", "0", "--json"]).exits(5));
    snapshot!("chat_unreachable", session);
}

#[test]
fn a_sandbox_key_never_leaves_this_machine() {
    let mut env = TestEnv::new();
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let mut session = Session::default();
    session.add(chat(&env, ["hi"]));
    // With any host allowed the credential itself is what forbids it; the name cannot be resolved in any case.
    env.set("FASED_NETWORK", "any").set("ANTHROPIC_BASE_URL", "https://api.invalid");
    session.add(chat(&env, ["hi"]).exits(3));
    session.add(chat(&env, ["hi", "--json"]).exits(3));
    snapshot!("chat_sandbox_key", session);
}

#[test]
fn loopback_is_reached_without_the_proxy() {
    let sandbox = TestSandbox::start();
    let mut env = with_key(&sandbox, &key("one", "x3Qw"));
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
        env.set(name, "http://127.0.0.1:1");
    }
    assert_eq!(chat(&env, ["hi"]).exits(0).stdout, ANSWER);
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    let run = env.command(["chat", "[sandbox:repeat 50000]", "--max-tokens", "60000"]).to_command();
    let output = std::process::Command::new("/bin/sh")
        .args(["-c", r#"{ "$0" "$@"; echo "exit=$?" >&2; } | head -c 4"#])
        .arg(run.get_program())
        .args(run.get_args())
        .env_clear()
        .envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", "/usr/bin:/bin")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "exit=0\n");
    assert_eq!(output.stdout, b"word");
}

#[test]
fn the_use_of_a_profile_is_noted_and_the_note_holds_no_secret() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox, &key("one", "x3Qw"));
    chat(&env, ["hi"]).exits(0);
    let mut session = Session::default();
    session.add(env.tree());
    session.add(std::fs::read_to_string(env.state("agents/main/agent/auth-state.json")).unwrap());
    session.add(env.fased(["models", "status"]).exits(0));
    snapshot!("chat_use", session);
}

#[test]
fn while_one_class_of_models_cools_down_another_model_is_offered() {
    let env = TestEnv::new();
    let until = crate::support::NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + 99_900;
    env.write(
        "agents/main/agent/auth-profiles.json",
        &serde_json::json!({"version": 1, "profiles": {"anthropic:a": {"type": "api_key",
            "provider": "anthropic", "key": key("one", "x3Qw")}}})
        .to_string(),
    );
    let state = |cooldown: serde_json::Value| {
        serde_json::json!({"version": 1, "profiles": {"anthropic:a": {"cooldowns": [cooldown]}}}).to_string()
    };
    let path = "agents/main/agent/auth-state.json";
    env.write(
        path,
        &state(serde_json::json!({"modelClass": "sonnet", "reason": "rate_limit", "until": until})),
    );
    let refused = env.fased(["chat", "hi"]);
    let stderr = &refused.exits(3).stderr;
    assert!(stderr.contains("wait 1m 40s, or use another model (--model anthropic/"), "{stderr}");
    env.write(path, &state(serde_json::json!({"reason": "auth", "until": until})));
    let refused = env.fased(["chat", "hi"]);
    assert!(!refused.exits(3).stderr.contains("another model"));
}
