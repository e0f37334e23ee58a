//! Promises that cross commands: whose key goes where, what a fix touches, and what odd files may not change.

use crate::support::{TestEnv, TestSandbox, key, token};

const STORE: &str = "agents/main/agent/auth-profiles.json";

#[test]
fn a_key_of_another_provider_is_never_sent_to_anthropics_address() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let foreign = key("foreign", "x3Qw");
    let entry = format!(r#"{{"type":"api_key","provider":"openrouter","key":"{foreign}"}}"#);
    env.write(STORE, &format!(r#"{{"version":1,"profiles":{{"openrouter:default":{entry}}}}}"#));
    let refused = env.fased(["chat", "--model", "openrouter/claude-sonnet-5", "hi"]);
    refused.exits(1);
    assert!(refused.stderr.contains("Provider \"openrouter\" has no base URL."), "{refused}");
    assert_eq!(sandbox.requests().len(), 0);

    env.write(
        "fased.json",
        &format!("{{models:{{providers:{{openrouter:{{baseUrl:'{}'}}}}}}}}", sandbox.url()),
    );
    env.fased(["chat", "--model", "openrouter/claude-sonnet-5", "hi"]).exits(0);
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn the_fix_of_a_broken_profile_leaves_the_others_alone() {
    let env = TestEnv::new();
    let (good, broken, new) = (key("good", "x3Qw"), "", key("new", "k2k2"));
    let entry = |key: &str| format!(r#"{{"type":"api_key","provider":"anthropic","key":"{key}"}}"#);
    env.write(
        STORE,
        &format!(
            r#"{{"version":1,"profiles":{{"anthropic:default":{},"anthropic:work":{}}}}}"#,
            entry(&good),
            entry(broken)
        ),
    );
    let status = env.fased(["models", "status"]);
    let fix = status.stdout.lines().find_map(|line| line.trim().strip_prefix("fix: fased ")).unwrap();
    assert_eq!(
        fix, "models auth login --provider anthropic --method api-key --profile-id anthropic:work",
        "{status}"
    );
    env.command(fix.split(' ')).stdin(new.as_str()).run().exits(0);
    let profiles = &env.store_json("main")["profiles"];
    assert_eq!(
        (&profiles["anthropic:default"]["key"], &profiles["anthropic:work"]["key"]),
        (&good.into(), &new.into())
    );
    let status = env.fased(["models", "status"]);
    assert!(!status.stdout.contains("fix:"), "{status}");
}

#[test]
fn a_store_with_one_name_twice_loses_nothing() {
    let env = TestEnv::new();
    let entry = format!(r#"{{"type":"api_key","provider":"anthropic","key":"{}"}}"#, key("first", "x3Qw"));
    let twice = format!(r#"{{"version":1,"profiles":{{"anthropic:a":{entry},"anthropic:a":{entry}}}}}"#);
    env.write(STORE, &twice);
    let refused = env.fased(["onboard", "--anthropic-api-key", &key("new", "k2k2")]);
    refused.exits(1);
    assert!(refused.stderr.contains("it has `anthropic:a` twice"), "{refused}");
    env.fased(["models", "status"]).exits(1);
    assert_eq!(std::fs::read_to_string(env.state(STORE)).unwrap(), twice);
}

#[test]
fn the_same_token_again_keeps_the_end_that_was_said_for_it() {
    let env = TestEnv::new();
    let token = token("one", "77aa");
    env.fased(["onboard", "--token", &token, "--token-expires-in", "30d"]).exits(0);
    let stored = env.store_json("main");
    let again = env.fased(["onboard", "--token", &token, "--json"]);
    assert_eq!(again.json()["changed"], false, "{again}");
    assert_eq!(env.store_json("main"), stored);
    let longer = env.fased(["onboard", "--token", &token, "--token-expires-in", "60d", "--json"]);
    let document = longer.json();
    assert_eq!((&document["changed"], &document["replaced"]), (&true.into(), &false.into()), "{longer}");
}

#[test]
fn an_entry_with_an_odd_label_is_used_and_an_unreadable_one_lets_nobody_else_pay() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("ANTHROPIC_API_KEY", &key("env", "k2k2"));
    let stored = key("stored", "x3Qw");
    let with = |fields: &str| {
        format!(
            r#"{{"version":1,"profiles":{{"anthropic:a":{{"type":"api_key","provider":"anthropic",{fields}}}}}}}"#
        )
    };
    env.write(STORE, &with(&format!(r#""key":"{stored}","email":7,"metadata":[]"#)));
    let answer = env.fased(["chat", "hi", "--json"]);
    assert_eq!(answer.json()["receipt"]["profileId"], "anthropic:a", "{answer}");
    env.write(STORE, &with(r#""key":7"#));
    env.fased(["chat", "hi"]).exits(3);
    assert_eq!(sandbox.requests().len(), 1);
}

#[test]
fn trouble_with_what_is_only_remembered_does_not_stop_a_credential() {
    let env = TestEnv::new();
    env.write("notices.json", "{ torn");
    std::fs::create_dir_all(env.state("agents/main/agent/state.lock")).unwrap();
    env.fased(["onboard", "--token", &token("one", "77aa")]).exits(0);
    let replaced = env.fased(["onboard", "--token", &token("two", "88bb"), "--json"]);
    let document = replaced.exits(0).json();
    assert_eq!(document["replaced"], true, "{replaced}");
    assert_eq!(document["warnings"].as_array().unwrap().len(), 2, "{replaced}");
    assert_eq!(std::fs::read_to_string(env.state("notices.json")).unwrap(), "{ torn");
}

#[test]
fn no_message_about_the_config_repeats_a_value() {
    let env = TestEnv::new();
    let secret = key("misplaced", "x3Qw");
    for text in [
        format!("{{auth:{{env:'{secret}'}}}}"),
        format!("{{agents:'{secret}'}}"),
        format!("{{agents:{secret}}}"),
    ] {
        env.write("fased.json", &text);
        for arguments in [&["models", "status"] as &[&str], &["models", "status", "--json"]] {
            let refused = env.fased(arguments.iter().copied());
            refused.exits(1);
            assert!(!refused.to_string().contains("misplaced"), "{refused}");
        }
    }
}

#[test]
fn a_config_that_would_overflow_the_stack_is_refused() {
    let env = TestEnv::new();
    let deep = "[".repeat(200_000);
    for text in [format!("{{a:{deep}"), format!("{{// \u{2028} a:{deep}"), format!("{{'\\\u{2028}':{deep}")] {
        env.write("fased.json", &text);
        let refused = env.fased(["models", "status", "--json"]);
        assert_eq!(refused.exits(1).json()["error"]["kind"], "config_invalid", "{refused}");
    }
}

#[test]
fn an_empty_agent_directory_is_not_the_working_directory() {
    let env = TestEnv::new();
    env.write("fased.json", "{agents:{list:[{id:'main',agentDir:''}]}}");
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    assert!(env.state(STORE).exists());
}

#[test]
fn a_model_for_a_status_has_no_profile_and_a_wrong_one_in_the_config_is_the_configs_fault() {
    let env = TestEnv::new();
    env.fased(["models", "status", "--model", "anthropic/claude-opus-5@anthropic:default"]).exits(64);
    env.write("fased.json", "{agents:{defaults:{model:'anthropic/'}}}");
    let refused = env.fased(["models", "status"]);
    refused.exits(1);
    assert!(refused.stderr.contains("The config's agents.defaults.model: "), "{refused}");
}

#[test]
fn an_answer_reaches_a_pipe_byte_for_byte() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let answer = env.fased(["chat", "[sandbox:say a\u{1b}[31mred\u{7f}b]"]);
    assert!(answer.stdout.contains("a\u{1b}[31mred\u{7f}b"), "{:?}", answer.stdout);
}

#[test]
fn a_key_of_the_environment_is_stored_only_when_asked_for_and_with_a_word() {
    let mut env = TestEnv::new();
    let from_env = key("env", "k2k2");
    env.set("ANTHROPIC_API_KEY", &from_env);
    env.fased(["onboard"]).exits(64);
    assert!(!env.state(STORE).exists());
    let stored = env.fased(["onboard", "--auth-choice", "apiKey", "--non-interactive"]);
    stored.exits(0);
    assert!(stored.stderr.contains("using ANTHROPIC_API_KEY of the environment"), "{stored}");
    assert_eq!(env.store_json("main")["profiles"]["anthropic:default"]["key"], from_env);
}

#[test]
fn keeping_house_leaves_the_rest_of_a_store_byte_for_byte() {
    let entry = |name: &str| {
        format!(
            "{{\"type\" :\"api_key\",  \"provider\":\"anthropic\",\"key\":\"{}\",\"mine\":{{\"x\" :1.0,\"big\":1e400}}}}",
            key(name, "x3Qw")
        )
    };
    let (a, b) = (entry("a"), entry("b"));
    let text = format!(
        "{{\"future\" : [1.50, 1e400,  \"\\u00e9\"],\n\t\"version\":1,\"profiles\":{{\"anthropic:a\":{a},\n\"anthropic:b\":  {b},\"odd\\u0007\":  17}},
          \"order\":{{\"other\" : [ \"other:x\"]}},\"lastGood\":{{\"other\":  \"x\\u0041\"}},\"usageStats\":{{\"other:x\":{{\"lastUsed\" :5.0}}}}}}"
    );
    let env = TestEnv::new();
    env.write(STORE, &text);
    let kept = ["[1.50, 1e400,  \"\\u00e9\"]", &b, "[ \"other:x\"]", "\"x\\u0041\"", "{\"lastUsed\" :5.0}"];
    let auth = |more: &[&str]| {
        let run = env.fased(["models", "auth"].into_iter().chain(more.iter().copied()));
        run.exits(0);
        let text = std::fs::read_to_string(env.state(STORE)).unwrap();
        for kept in kept {
            assert!(text.contains(kept), "{kept} is gone after\n{run}\n{text}");
        }
        text
    };
    auth(&["list"]);
    let ordered = auth(&["order", "set", "--provider", "anthropic", "anthropic:b", "anthropic:a"]);
    assert!(ordered.contains(&a) && ordered.contains("\"odd\\u0007\": 17"), "{ordered}");
    assert_eq!(auth(&["cooldown", "clear", "--all"]), ordered);
    let renamed = auth(&["rename", "anthropic:a", "anthropic:c"]);
    assert!(renamed.contains(&format!("\"anthropic:c\": {a}")), "{renamed}");
    assert_eq!(auth(&["rename", "anthropic:c", "anthropic:a"]), ordered);
    let cleared = auth(&["order", "clear", "--provider", "anthropic"]);
    assert!(cleared.contains(&a) && !cleared.contains("anthropic:b\",\n"), "{cleared}");
    let removed = auth(&["remove", "anthropic:a", "--yes"]);
    assert!(!removed.contains("anthropic:a"), "{removed}");
    auth(&["remove", "odd", "--yes"]);
}
