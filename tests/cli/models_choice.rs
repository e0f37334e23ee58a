//! `fased models set`, `set-image`, `fallbacks`, `image-fallbacks`, `roles` and `aliases`: choices that touch nothing else in
//! the config, and what they make possible or no longer possible.

use serde_json::json;

use crate::support::{Session, TestEnv, TestSandbox, key, snapshot};

/// A config as a person writes it.
const OWN_CONFIG: &str = "// models\n{\n  agents: {\n    defaults: { model: 'anthropic/claude-opus-4-8' }, // for all\n    list: [{ id: 'main', default: true }, { id: 'work', model: { fallbacks: ['haiku', /* last */] } }],\n  },\n}\n";

fn config(env: &TestEnv) -> String {
    std::fs::read_to_string(env.state("fased.json")).unwrap()
}

#[test]
fn models_are_chosen_for_all_agents_and_for_one() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    let mut session = Session::default();
    for line in [
        "models set sonnet",
        "models set sonnet",
        "models set opus-4.6 --agent work",
        "models set sonnet-5.5 --json",
        "models set-image haiku",
        "models set-image Claude-Haiku-4.5 --agent work --json",
        "models set sonnet-4.5",
        "models set claude-novel-9 --agent work",
    ] {
        session.add(env.fased(line.split(' ')).exits(0));
    }
    session.add(config(&env));
    snapshot!("models_set", session);
    assert!(
        config(&env)
            .starts_with("// models\n{\n  agents: {\n    defaults: { model: 'anthropic/claude-sonnet-4-5'")
    );
    assert!(config(&env).contains("/* last */"));
}

#[test]
fn choices_that_cannot_be_are_refused_and_nothing_is_written() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    let mut session = Session::default();
    for line in [
        "models set opus@anthropic:work",
        "models set openai/gpt-5",
        "models set antrhopic/opus",
        "models set anthropic/",
        "models set opus --agent nosuch",
        "models set-image a/b --agent work",
        "models fallbacks add opus",
        "models fallbacks remove sonnet",
        "models fallbacks remove sonnet --agent work",
        "models fallbacks add opus@anthropic:work",
        "models image-fallbacks remove sonnet --agent work",
        "models roles set cleaning opus",
        "models roles set codng opus",
        "models roles clear cleaning",
        "models aliases add",
        "models aliases add my/alias opus",
        "models aliases remove fast",
        "agents models set --agent work",
        "agents models set --agent work --primary openai/gpt-5",
    ] {
        let output = env.fased(line.split(' '));
        assert_ne!(output.code, Some(0), "{output}");
        session.add(&output);
        let as_json = env.fased(line.split(' ').chain(["--json"]));
        let code = as_json.json()["error"]["code"].as_i64();
        assert_eq!((code, as_json.stderr.as_str()), (output.code.map(i64::from), ""));
    }
    session.add(env.fased(["models", "aliases", "add", "", "opus"]).exits(64));
    session.add(env.fased(["models", "set", ""]).exits(64));
    snapshot!("models_choice_refused", session);
    assert_eq!(config(&env), OWN_CONFIG);
}

#[test]
fn a_provider_that_speaks_another_protocol_is_not_chosen() {
    let env = TestEnv::new();
    let own = "{ models: { providers: { gpt: { baseUrl: 'https://llm.example.com', api: 'openai-completions' } } } }\n";
    env.write("fased.json", own);
    let mut session = Session::default();
    for line in ["models set", "models set-image", "models fallbacks add", "models roles set coding"] {
        session.add(env.fased(line.split(' ').chain(["gpt/gpt-5"])).exits(1));
    }
    snapshot!("models_choice_other_api", session);
    assert_eq!(config(&env), own);
}

#[test]
fn an_alias_that_hides_a_built_in_name_says_so() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(env.fased(["models", "aliases", "add", "opus", "sonnet"]).exits(0));
    session.add(env.fased(["models", "aliases", "add", "opus", "sonnet", "--json"]).exits(0));
    session.add(env.fased(["models", "aliases", "add", "Haiku", "opus-4.6", "--json"]).exits(0));
    snapshot!("models_aliases_hide", session);
}

#[test]
fn fallbacks_are_a_list_of_any_length() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    let mut session = Session::default();
    for line in [
        "models fallbacks",
        "models fallbacks add sonnet",
        "models fallbacks add haiku",
        "models fallbacks add anthropic/claude-sonnet-5",
        "models fallbacks add opus-4.6 --json",
        "models fallbacks list",
        "models fallbacks list --plain",
        "models fallbacks list --agent work",
        "models fallbacks add sonnet --agent work",
        "models fallbacks add sonnet-5.5 --agent main",
        "models fallbacks list --agent main --json",
        "models fallbacks remove haiku",
        "models fallbacks clear --agent work",
        "models fallbacks clear --agent work",
        "models image-fallbacks add haiku",
        "models image-fallbacks list --json",
        "models image-fallbacks remove haiku",
        "models image-fallbacks clear",
    ] {
        session.add(env.fased(line.split(' ')).exits(0));
    }
    session.add(config(&env));
    session.add(env.fased(["models", "status", "--agent", "main"]).exits(0));
    snapshot!("models_fallbacks", session);
}

#[test]
fn the_fallbacks_that_were_chosen_are_asked() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env.fased(["models", "set", "claude-gone-1"]).exits(0);
    env.fased(["models", "fallbacks", "add", "claude-gone-2"]).exits(0);
    env.fased(["models", "fallbacks", "add", "haiku"]).exits(0);
    let answer = env.fased(["chat", "hi", "--json"]);
    assert_eq!(answer.exits(0).json()["receipt"]["model"], "claude-haiku-4-5", "{answer}");
}

#[test]
fn work_has_models_of_its_own_for_all_agents_or_one() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    let mut session = Session::default();
    for line in [
        "models roles set cheap-check haiku",
        "models roles set cheapCheck haiku",
        "models roles set coding sonnet --agent work --json",
        "models roles",
        "models roles list --agent work",
        "models roles --agent work --json",
        "models roles clear cheap-check",
        "models roles clear cheapCheck",
        "models roles clear coding --agent work --json",
        "models roles clear coding --agent main",
    ] {
        session.add(env.fased(line.split(' ')).exits(0));
    }
    session.add(config(&env));
    snapshot!("models_roles", session);
}

#[test]
fn the_first_alias_says_that_it_restricts_what_can_be_asked() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env.fased(["chat", "hi", "--model", "opus-4.6"]).exits(0);
    let mut session = Session::default();
    for line in [
        "models aliases",
        "models aliases add fast haiku",
        "models aliases add fast haiku",
        "models aliases add Quick anthropic/claude-haiku-4-5",
        "models aliases add big opus --json",
        "models aliases list",
        "models aliases list --plain",
        "models aliases list --json",
    ] {
        session.add(env.fased(line.split(' ')).exits(0));
    }
    session.add(env.fased(["models", "aliases", "add", "BIG", "sonnet"]).exits(64));
    session.add(env.fased(["chat", "hi", "--model", "opus-4.6"]).exits(64));
    session.add(env.fased(["chat", "hi", "--model", "opus-4.6", "--json"]).exits(64));
    session.add(env.fased(["models", "aliases", "remove", "quick"]).exits(0));
    session.add(env.fased(["models", "aliases", "remove", "big", "--json"]).exits(0));
    session.add(config(&env));
    snapshot!("models_aliases", session);

    let before = sandbox.requests().len();
    for allowed in ["haiku", "opus", "sonnet"] {
        env.fased(["chat", "hi", "--model", allowed]).exits(0);
    }
    env.fased(["chat", "hi", "--model", "opus-4.6"]).exits(64);
    assert_eq!(sandbox.requests().len(), before + 3);
    env.fased(["models", "set", "opus-4.6"]).exits(0);
    env.fased(["chat", "hi", "--model", "opus-4.6"]).exits(0);
    assert!(!config(&env).contains("opus-4-6\": {"), "a model that is chosen needs no entry");
}

#[test]
fn all_choices_of_an_agent_are_made_at_once() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    let mut session = Session::default();
    let line = "agents models set --agent work --primary sonnet --fallback opus --fallback haiku --cheap-check haiku --coding opus";
    session.add(env.fased(line.split(' ')).exits(0));
    session.add(env.fased(line.split(' ').chain(["--json"])).exits(0));
    session.add(config(&env));
    snapshot!("agents_models_set", session);
}

#[test]
fn an_agents_own_image_model_stands_in_its_status() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    env.fased(["models", "set-image", "haiku", "--agent", "work"]).exits(0);
    let of = |agent: &str| {
        env.fased(["models", "status", "--json", "--agent", agent]).json()["imageModel"].clone()
    };
    assert_eq!((of("work"), of("main")), (json!("anthropic/claude-haiku-4-5"), json!(null)));
}

#[test]
fn an_invalid_config_is_not_mended_by_a_choice() {
    let env = TestEnv::new();
    let invalid = "{agents:{defaults:{model:7}}}";
    env.write("fased.json", invalid);
    for line in [
        "models set opus",
        "models fallbacks add opus",
        "models roles set coding opus",
        "models aliases add a opus",
    ] {
        env.fased(line.split(' ')).exits(1);
    }
    assert_eq!(config(&env), invalid);
}
