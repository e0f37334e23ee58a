//! `fased config`: values shown without their secrets, and changes that leave every other byte alone, in whichever file the
//! value stands.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Session, TestEnv, TestSandbox, key, snapshot};

/// A config as a person writes it.
const OWN_CONFIG: &str = "// mine
{
  env: { ANTHROPIC_API_KEY: \"sk-ant-api03-FAKE-of-the-config-0000000000000-k2k2\", EMPTY: \"\" },
  agents: {
    defaults: {
      model: { primary: 'anthropic/claude-opus-4-7' },
      models: { \"anthropic/claude-opus-4-7\": { alias: \"Opus\" } }, // only this one
    },
    list: [ { id: \"main\", default: true }, { id: 'work' } ],
  },
  channels: { telegram: { botToken: '123:FAKE-bot-token' } }, /* not ours */
}
";

fn text(env: &TestEnv, name: &str) -> String {
    std::fs::read_to_string(env.state(name)).unwrap()
}

#[test]
fn values_are_shown_and_secrets_are_masked() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    let mut session = Session::default();
    for arguments in [
        &["config", "path"][..],
        &["config", "path", "--json"],
        &["config", "get", "agents.defaults.model.primary"],
        &["config", "get", "agents.defaults.models[\"anthropic/claude-opus-4-7\"]"],
        &["config", "get", "agents.list.1"],
        &["config", "get", "agents.list[0].default"],
        &["config", "get"],
        &["config", "get", "env", "--json"],
        &["config", "get", "channels.telegram.botToken", "--unredacted"],
    ] {
        session.add(env.fased(arguments.iter().copied()).exits(0));
    }
    for arguments in [
        &["config", "get", "agents.defualts"][..],
        &["config", "get", "agents.list[7].id", "--json"],
        &["config", "get", "zzz"],
        &["config", "get", "agents..list"],
    ] {
        session.add(env.fased(arguments.iter().copied()));
    }
    assert_eq!(text(&env, "fased.json"), OWN_CONFIG);
    snapshot!("config_get", session);
}

#[test]
fn a_value_is_set_and_taken_away_and_nothing_else_changes() {
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    let mut session = Session::default();
    for arguments in [
        &["config", "set", "agents.defaults.model.primary", "anthropic/claude-sonnet-5"][..],
        &["config", "set", "agents.defaults.model.primary", "anthropic/claude-sonnet-5"],
        &["config", "set", "agents.list[1].params", "{ cacheRetention: 'none', temperature: 0.5 }"],
        &["config", "set", "agents.list.1.default", "false", "--json"],
        &["config", "set", "env.EMPTY", "FAKE-not-empty-any-more", "--json"],
        &["config", "unset", "agents.list[1].default"],
        &["config", "unset", "agents.list[1].default"],
        &["config", "unset", "env.ANTHROPIC_API_KEY", "--json"],
    ] {
        session.add(env.fased(arguments.iter().copied()).exits(0));
    }
    session.add(text(&env, "fased.json"));
    snapshot!("config_set", session);
}

#[test]
fn a_config_that_is_not_there_is_made() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(env.fased(["config", "validate"]).exits(0));
    session.add(env.fased(["config", "get", "--json"]).exits(0));
    session.add(env.fased(["config", "unset", "auth.env"]).exits(0));
    assert!(!env.state("fased.json").exists());
    session.add(env.fased(["config", "set", "auth.env", "never"]).exits(0));
    session.add(text(&env, "fased.json"));
    snapshot!("config_new", session);
}

#[test]
fn what_would_make_the_config_invalid_is_refused_and_an_invalid_one_is_not_touched() {
    let mut session = Session::default();
    let env = TestEnv::new();
    env.write("fased.json", OWN_CONFIG);
    for arguments in [
        &["config", "set", "auth.env", "sometimes"][..],
        &["config", "set", "auth.env", "sometimes", "--json"],
        &["config", "set", "agents.list[1].id", "../x"],
        &["config", "set", "agents.list[0].params.cacheRetention", "forever"],
        &["config", "set", "agents.list[0].params", "{ maxTokens: 0 }"],
        &["config", "set", "agents.list[7].id", "x"],
        &["config", "set", "agents.list", "[{ id: 'a' }", "--strict-json"],
        &["config", "set", "agents.defaults.modle", "x", "--strict"],
        &[
            "config",
            "set",
            "models.providers.x.apiKey",
            "sk-ant-api03-FAKE-a-key-at-a-wrong-place-000000",
            "--strict-json",
        ],
        &["config", "unset", "agents.list[0].id"],
        &["config", "set", "agents.list"],
        &["config", "set", "agents.defaults.model", "{primary: "],
        &["config", "set", "agents.$include", "./other.json5"],
        &["config", "set", "agents", "{ $include: './fased.json' }"],
        &["config", "set", "channels.limit", "123456789012345678901"],
        &["config", "set", "channels.limit", "[1, Infinity]"],
        &["config", "set", "models.providers.x", "{ apiKey: 'FAKE-hunter2', baseUrl: 5 }", "--json"],
    ] {
        let output = env.fased(arguments.iter().copied());
        assert_ne!(output.code, Some(0), "{output}");
        assert!(!output.stdout.contains("FAKE") && !output.stderr.contains("FAKE"), "{output}");
        session.add(output);
        assert_eq!(text(&env, "fased.json"), OWN_CONFIG);
    }
    let broken = "{\n  agents: { list: [ { id: 'a', params: { context1m: 'yes' } } ] },\n}\n";
    env.write("fased.json", broken);
    session.add(env.fased(["config", "set", "auth.env", "never"]).exits(1));
    session.add(env.fased(["config", "validate"]).exits(1));
    session.add(env.fased(["config", "validate", "--json"]).exits(1));
    session.add(env.fased(["config", "get", "agents.list[0].id"]).exits(0));
    assert_eq!(text(&env, "fased.json"), broken);
    snapshot!("config_refused", session);
}

#[test]
fn keys_nobody_reads_are_told_with_their_place() {
    let env = TestEnv::new();
    env.write(
        "fased.json",
        "{\n  agents: {\n    defaults: { modle: 'anthropic/x' },\n    list: [ { $include: 'work.json5' } ],\n  },\n  wallets: {},\n}\n",
    );
    env.write("work.json5", "{ id: 'work',\n  workspace: '~/w', parms: {} }\n");
    let mut session = Session::default();
    session.add(env.fased(["config", "validate"]).exits(0));
    session.add(env.fased(["config", "validate", "--strict"]).exits(1));
    session.add(env.fased(["config", "validate", "--strict", "--json"]).exits(1));
    // What was there before is not told again, only what was set.
    session.add(env.fased(["config", "set", "agents.defaults.imagemodel", "anthropic/y"]).exits(0));
    session.add(
        env.fased(["config", "set", "auth", "{ env: 'never', order: {}, cooldown: {} }", "--json"]).exits(0),
    );
    snapshot!("config_unknown_keys", session);
}

#[test]
fn a_value_is_changed_in_the_file_that_holds_it() {
    let env = TestEnv::new();
    let main = "// mine\n{\n  agents: { $include: ['./agents.json5', './more.json5'] },\n  auth: { $include: '../elsewhere.json5' },\n}\n";
    env.write("fased.json", main);
    env.write("agents.json5", "{ list: [ { id: 'a' } ], defaults: { model: 'anthropic/x' } } // a\n");
    env.write("more.json5", "{ list: [ { id: 'b' } ] } // b\n");
    std::fs::write(env.home().join("elsewhere.json5"), "{ env: 'never' }\n").unwrap();
    let mut session = Session::default();
    session.add(env.fased(["config", "validate"]).exits(0));
    session.add(env.fased(["config", "get", "agents.list", "--json"]).exits(0));
    session.add(env.fased(["config", "set", "agents.list[1].default", "true"]).exits(0));
    session.add(env.fased(["config", "set", "agents.defaults.model", "anthropic/y"]).exits(0));
    session.add(env.fased(["agents", "add", "c"]).exits(0));
    session.add(env.fased(["config", "set", "agents.list", "[]"]).exits(1));
    session.add(env.fased(["config", "set", "auth.env", "prefer"]).exits(1));
    session.add(env.fased(["config", "unset", "auth.env", "--json"]).exits(1));
    assert_eq!(text(&env, "fased.json"), main);
    for name in ["agents.json5", "more.json5"] {
        session.add(format!("--- {name}\n{}", text(&env, name)));
    }
    snapshot!("config_includes", session);
}

#[test]
fn files_that_include_each_other_are_told_by_every_command() {
    let env = TestEnv::new();
    env.write("fased.json", "{\n  $include: './a.json5',\n}\n");
    env.write("a.json5", "{ agents: { $include: './fased.json' } }\n");
    let mut session = Session::default();
    for arguments in [
        &["config", "validate"][..],
        &["models", "status"],
        &["config", "set", "auth.env", "never"],
        &["config", "get", "auth"],
    ] {
        session.add(env.fased(arguments.iter().copied()).exits(1));
    }
    snapshot!("config_circle", session);
}

#[test]
fn variables_come_from_the_process_then_the_env_file_then_the_config() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let of_config = key("config", "c0c0");
    env.write("fased.json", &format!("{{ env: {{ ANTHROPIC_API_KEY: '{of_config}' }} }}"));
    let uses = |output: &crate::support::Output, tail: &str, origin: &str| {
        let status = output.exits(0).json();
        let key = &status["auth"]["providers"][0]["env"];
        assert!(key["value"].as_str().unwrap_or_default().ends_with(tail), "{output}");
        assert_eq!((&key["origin"], &key["standing"]), (&json!(origin), &json!("used")), "{output}");
    };
    uses(&env.fased(["models", "status", "--json"]), "c0c0", "config");
    let shown = env.fased(["models", "status"]);
    assert!(shown.exits(0).stdout.contains("used, set in the config"), "{shown}");
    env.fased(["chat", "hi"]).exits(0);
    env.write(".env", &format!("# mine\nANTHROPIC_API_KEY='{}'\nPATH=/nowhere\n", key("file", "f1f1")));
    uses(&env.fased(["models", "status", "--json"]), "f1f1", "dotenv");
    let process = key("process", "d2d2");
    uses(
        &env.command(["models", "status", "--json"]).set("ANTHROPIC_API_KEY", &process).run(),
        "d2d2",
        "process",
    );
    env.fased(["chat", "hi"]).exits(0);
}

#[test]
fn a_variable_in_the_config_must_be_set_where_it_is_used() {
    let env = TestEnv::new();
    let config =
        "{\n  agents: { defaults: { model: 'anthropic/${MODEL}' } },\n  channels: { x: '${UNUSED}' },\n}\n";
    env.write("fased.json", config);
    let mut session = Session::default();
    session.add(env.fased(["models", "status", "--plain"]).exits(1));
    session.add(env.fased(["config", "get", "agents.defaults.model"]).exits(0));
    session.add(env.command(["models", "status", "--plain"]).set("MODEL", "claude-x").run().exits(0));
    session.add(env.command(["config", "set", "auth.env", "never"]).set("MODEL", "claude-x").run().exits(0));
    assert_eq!(
        text(&env, "fased.json"),
        config.replace(
            "  channels: { x: '${UNUSED}' },\n",
            "  channels: { x: '${UNUSED}' },\n  auth: { env: 'never' },\n"
        )
    );
    snapshot!("config_variables", session);
}

#[test]
fn a_value_that_restricts_which_models_may_be_asked_says_so() {
    let env = TestEnv::new();
    let mut session = Session::default();
    let opus = "agents.defaults.models[\"anthropic/claude-opus-4-8\"]";
    session.add(env.fased(["config", "set", &format!("{opus}.params.cacheRetention"), "long"]).exits(0));
    session.add(env.fased(["config", "set", &format!("{opus}.alias"), "Big", "--json"]).exits(0));
    session.add(env.fased(["chat", "--model", "anthropic/claude-haiku-4-5", "hi"]).exits(64));
    snapshot!("config_restricts", session);
}

#[test]
fn a_secret_is_set_without_being_seen() {
    let env = TestEnv::new();
    let secret = "FAKE-secret-of-the-proxy";
    let output = env
        .command(["config", "set", "models.providers.proxy.apiKey", "--stdin"])
        .stdin(format!("{secret}\n"))
        .run();
    output.exits(0);
    assert!(!output.to_string().contains(secret), "{output}");
    assert!(text(&env, "fased.json").contains(secret));
    // A key of digits is a text, and shown as little as any other.
    let digits =
        env.command(["config", "set", "models.providers.pin.apiKey", "--stdin"]).stdin("4815162342\n").run();
    digits.exits(0);
    env.fased(["config", "set", "env.vars.PORT", "8080"]).exits(0);
    assert_eq!(
        env.fased(["config", "get", "models.providers.pin.apiKey", "--unredacted"]).exits(0).stdout,
        "4815162342\n"
    );
    for output in [digits, env.fased(["config", "get"])] {
        assert!(!output.stdout.contains("4815162342") && !output.stderr.contains("4815162342"), "{output}");
    }
    let shown = env.fased(["config", "get", "models"]);
    assert!(!shown.exits(0).to_string().contains(secret), "{shown}");
}

#[test]
fn the_schema_is_one_that_a_config_of_ours_meets() {
    let env = TestEnv::new();
    let schema = env.fased(["config", "schema"]).exits(0).json();
    assert_eq!(
        schema["definitions"]["Params"]["properties"]["context1m"]["type"],
        json!(["boolean", "null"])
    );
    let wrapped = env.fased(["config", "schema", "--json"]).exits(0).json();
    assert_eq!((&wrapped["schemaVersion"], &wrapped["schema"]), (&json!(1), &schema));
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema/fased.schema.json");
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(committed).unwrap()).unwrap();
    assert!(committed == schema, "the committed schema is another one");
}
