//! `fased models list`: what an agent is configured with, what is known, and what an account really has.

use serde_json::json;

use crate::support::{NOBODY, Session, TestEnv, TestSandbox, key, snapshot, token};

const CONFIG: &str = "{
  agents: {
    defaults: {
      model: { primary: 'opus', fallbacks: ['anthropic/claude-sonnet-4-5', 'mine/big-1'] },
      imageModel: 'haiku',
      taskModels: { cheapCheck: 'haiku' },
      models: { 'anthropic/claude-novel-9': { alias: 'novel' } },
    },
    list: [{ id: 'main' }, { id: 'work', model: 'mine/small-1' }],
  },
  models: { providers: { mine: { baseUrl: 'http://127.0.0.1:1', models: [
    { id: 'small-1', name: 'Small', class: 'small', contextWindow: 32000, maxTokens: 4000, input: ['text'], cost: { input: 0.1, output: 0.35 } },
  ] } } },
}
";

#[test]
fn an_agent_lists_the_models_it_is_configured_with() {
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", NOBODY);
    let mut session = Session::default();
    session.add(env.fased(["models", "list"]).exits(0));
    assert_eq!(env.tree(), "", "looking wrote something");
    env.write("fased.json", CONFIG);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    session.add(env.fased(["models", "list"]).exits(0));
    session.add(env.command(["models", "list"]).set("COLUMNS", "80").run());
    session.add(env.fased(["models", "list", "--agent", "work"]).exits(0));
    session.add(env.fased(["models", "list", "--plain"]).exits(0));
    session.add(env.fased(["models", "list", "--provider", "mine", "--agent", "work", "--json"]).exits(0));
    session.add(env.fased(["models", "list", "--local", "--plain", "--agent", "work"]).exits(0));
    snapshot!("models_list", session);
}

#[test]
fn everything_that_is_known_is_listed_on_demand() {
    let mut env = TestEnv::new();
    env.set("FASED_NOW", "2026-12-01T00:00:00Z");
    env.write("fased.json", CONFIG);
    snapshot!("models_list_all", env.fased(["models", "list", "--all"]).exits(0));
    let document = env.fased(["models", "list", "--all", "--json"]).json();
    let of = |key: &str| {
        let models = document["models"].as_array().unwrap();
        models.iter().find(|model| model["key"] == key).cloned().unwrap()
    };
    assert_eq!(document["count"].as_u64(), document["models"].as_array().map(|models| models.len() as u64));
    assert_eq!(
        of("mine/small-1")["prices"],
        json!({"input": 0.1, "output": 0.35, "cacheWrite5m": null, "cacheWrite1h": null, "cacheRead": null})
    );
    let novel = of("anthropic/claude-novel-9");
    assert_eq!(
        (&novel["missing"], &novel["input"], &novel["allowed"]),
        (&json!(true), &json!("-"), &json!(true))
    );
    assert_eq!(of("anthropic/claude-haiku-5-5")["longPrompt"]["above"], 100_000);
    assert_eq!(of("anthropic/claude-opus-5")["allowed"], false);
}

#[test]
fn an_empty_list_is_still_a_document() {
    let env = TestEnv::new();
    env.write("fased.json", "{models:{providers:{mine:{}}}}");
    let mut session = Session::default();
    session.add(env.fased(["models", "list", "--provider", "mine"]).exits(0));
    session.add(env.fased(["models", "list", "--provider", "mine", "--json"]).exits(0));
    session.add(env.fased(["models", "list", "--provider", "mine", "--plain"]).exits(0));
    session.add(env.fased(["models", "list", "--provider", "nosuch"]).exits(64));
    session.add(env.fased(["models", "list", "--json", "--plain"]).exits(64));
    session.add(env.fased(["models", "list", "--agent", "nosuch", "--json"]).exits(64));
    snapshot!("models_list_empty", session);
}

#[test]
fn the_provider_is_asked_only_on_demand_and_its_word_counts() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write("fased.json", "{agents:{defaults:{model:'anthropic/claude-novel-9'}}}");
    let mut session = Session::default();
    session.add(env.fased(["models", "list", "--refresh"]).exits(3));
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env.fased(["models", "list", "--all"]).exits(0);
    assert_eq!(sandbox.requests().len(), 0);
    session.add(env.fased(["models", "list", "--refresh"]).exits(0));
    assert_eq!(
        sandbox.requests().iter().map(|request| request.path.as_str()).collect::<Vec<_>>(),
        ["/v1/models"]
    );
    let document = env.fased(["models", "list", "--refresh", "--json"]).json();
    assert_eq!(document["account"]["credential"], "anthropic:default");
    let models = document["models"].as_array().unwrap();
    assert_eq!((&models[0]["missing"], &models[0]["inAccount"]), (&json!(true), &json!(false)));
    assert!(models[1..].iter().all(|model| model["inAccount"] == true));
    snapshot!("models_list_refresh", session);
}

#[test]
fn a_provider_that_does_not_answer_is_told_of() {
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_BASE_URL", NOBODY);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let mut session = Session::default();
    session.add(env.fased(["models", "list", "--refresh"]).exits(5));
    session.add(env.fased(["models", "list", "--refresh", "--json"]).exits(5));
    snapshot!("models_list_unanswered", session);
}

#[test]
fn a_plan_is_asked_after_its_notice() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let store = json!({"version": 1, "profiles": {"anthropic:manual": {"type": "token", "provider": "anthropic", "token": token("one", "77aa")}}});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let listed = env.fased(["models", "list", "--refresh", "--plain"]);
    assert!(listed.exits(0).stderr.contains("Notice ("), "{listed}");
    assert!(listed.stdout.contains("anthropic/claude-sonnet-5\n"), "{listed}");
}

#[test]
fn prices_and_classes_of_the_config_count_for_requests() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write(
        "fased.json",
        "{agents:{defaults:{model:'claude-haiku-4-5'}},models:{providers:{anthropic:{models:[
            {id:'claude-haiku-4-5',class:'mine',cost:{input:1000000,output:0,cacheRead:0,cacheWrite:0,cacheWrite1h:0}}]}}}}",
    );
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let receipt = env.fased(["chat", "hi", "--json"]).json()["receipt"].clone();
    let input = receipt["usage"]["inputTokens"].as_u64().unwrap();
    assert!(input > 0);
    assert_eq!(receipt["costMicroDollars"].as_u64(), Some(input * 1_000_000));
    let status = env.fased(["models", "status", "--json"]).json();
    assert_eq!(status["auth"]["modelClass"], "mine");
}

#[test]
fn a_model_of_a_provider_of_ones_own_has_a_receipt_with_its_price() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::new();
    let config = |cost: &str| {
        format!(
            "{{agents:{{defaults:{{model:'mine/claude-sonnet-5'}}}},models:{{providers:{{mine:{{baseUrl:'{}',models:[{{id:'claude-sonnet-5'{cost}}}]}}}}}}}}",
            sandbox.url()
        )
    };
    let store = json!({"version": 1, "profiles": {"mine:default": {"type": "api_key", "provider": "mine", "key": key("one", "x3Qw")}}});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    env.write("fased.json", &config(""));
    let cost = || env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"]["costMicroDollars"].clone();
    assert_eq!(cost(), json!(null), "a price nobody said is not that of a model of the same name");
    env.write("fased.json", &config(",cost:{input:0,output:0,cacheWrite:0}"));
    assert_eq!(cost(), json!(0));
}
