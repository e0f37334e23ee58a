//! `fased models explain`: what a request would carry, where each part is set, and that requests carry exactly that.

use serde_json::{Value, json};

use crate::support::{Output, Session, TestEnv, TestSandbox, key, snapshot, token};

/// The four snippets of the provider's page in one, with comments.
const DOCUMENTED: &str = r#"{
  agents: {
    defaults: {
      model: { primary: "anthropic/claude-opus-4-7" },
      models: {
        "anthropic/claude-opus-4-7": {
          params: { cacheRetention: "long" }, // baseline for most agents
        },
      },
    },
    list: [
      { id: "research", default: true },
      { id: "alerts", params: { cacheRetention: "none" } }, // override for this agent only
    ],
  },
}
"#;

/// A config with these parameters for the model the tests ask.
fn with_params(params: &str) -> String {
    format!(
        "{{ agents: {{ defaults: {{ model: 'anthropic/claude-opus-4-7', models: {{\n  \
         'anthropic/claude-opus-4-7': {{ alias: 'Opus', params: {{ {params} }} }},\n}} }} }} }}\n"
    )
}

fn with_key(config: &str) -> TestEnv {
    let env = TestEnv::new();
    env.write("fased.json", config);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env
}

fn explain<'a>(env: &TestEnv, arguments: impl IntoIterator<Item = &'a str>) -> Output {
    let output = env.fased(["models", "explain"].into_iter().chain(arguments));
    output.exits(0);
    output
}

#[test]
fn what_a_request_carries_is_shown_with_where_it_is_set() {
    let env = with_key(DOCUMENTED);
    let mut session = Session::default();
    session.add(explain(&env, []));
    session.add(explain(&env, ["--json"]));
    session.add(env.command(["models", "explain"]).set("COLUMNS", "60").run());
    snapshot!("models_explain", session);
}

#[test]
fn one_agent_keeps_a_long_cache_while_another_has_none() {
    let env = with_key(DOCUMENTED);
    env.fased(["onboard", "--agent", "alerts", "--anthropic-api-key", &key("two", "k2k2")]).exits(0);
    let alerts = explain(&env, ["--agent", "alerts", "--json"]).json();
    assert_eq!(alerts["parameters"]["cacheRetention"]["value"], "none");
    assert_eq!(
        alerts["parameters"]["cacheRetention"]["origin"],
        json!({ "layer": "agent", "path": "agents.list[1].params.cacheRetention" })
    );
    assert_eq!(alerts["request"]["cache"]["markers"], json!([]));
    let research = explain(&env, ["--agent", "research", "--json"]).json();
    assert_eq!(research["parameters"]["cacheRetention"]["value"], "long");
    assert_eq!(research["request"]["cache"]["markers"][2]["ttl"], "1h");
    snapshot!("models_explain_agent", explain(&env, ["--agent", "alerts"]));
}

#[test]
fn the_documented_snippets_give_the_documented_values() {
    for (params, retention, betas) in [
        ("cacheRetention: \"long\"", "long", "extended-cache-ttl-2025-04-11"),
        ("cacheControlTtl: \"5m\"", "short", "extended-cache-ttl-2025-04-11"),
        ("cacheControlTtl: \"1h\"", "long", "extended-cache-ttl-2025-04-11"),
        ("context1m: true", "short", "extended-cache-ttl-2025-04-11,context-1m-2025-08-07"),
        ("", "short", "extended-cache-ttl-2025-04-11"),
    ] {
        let env = with_key(&with_params(params));
        let document = explain(&env, ["opus", "--json"]).json();
        assert_eq!(document["parameters"]["cacheRetention"]["value"], retention, "{params}");
        assert_eq!(header(&document, "anthropic-beta"), betas, "{params}");
    }
    let env = TestEnv::new();
    env.write("fased.json", &with_params("context1m: true"));
    env.fased(["onboard", "--token", &token("plan", "77aa")]).exits(0);
    let document = explain(&env, ["--json"]).json();
    assert_eq!(header(&document, "anthropic-beta"), "claude-code-20250219,oauth-2025-04-20");
    assert_eq!(document["parameters"]["context1m"]["applies"], false);
}

#[test]
fn what_a_plan_has_no_use_for_is_said() {
    let env = TestEnv::new();
    env.write("fased.json", &with_params("cacheRetention: 'long', context1m: true"));
    env.fased(["onboard", "--token", &token("plan", "77aa")]).exits(0);
    let mut session = Session::default();
    session.add(explain(&env, []));
    session.add(env.fased(["models", "status"]));
    snapshot!("models_explain_plan", session);
    assert_eq!(
        env.fased(["models", "status", "--json"]).json()["findings"][0]["id"],
        "cache-settings-ignored"
    );
    env.write("fased.json", &with_params("cacheRetention: 'none'"));
    assert_eq!(env.fased(["models", "status", "--json"]).json()["findings"], json!([]));
}

#[test]
fn an_older_name_is_told_with_lines_that_leave_every_value_as_it_is() {
    for (params, retention, lines) in
        [("cacheControlTtl: '1h'", "long", 2), ("cacheControlTtl: '1h', cacheRetention: 'none'", "none", 1)]
    {
        let env = with_key(&with_params(params));
        let told = explain(&env, ["--json"]).json();
        let commands = told["findings"][0]["commands"].as_array().unwrap();
        assert_eq!((&told["findings"][0]["id"], commands.len()), (&json!("deprecated-parameter"), lines));
        for command in commands {
            let command = command.as_str().unwrap().replace('\'', "");
            env.fased(command.split(' ').skip(1)).exits(0);
        }
        let mended = explain(&env, ["--json"]).json();
        assert_eq!(mended["findings"], json!([]));
        assert_eq!(mended["parameters"]["cacheRetention"]["value"], retention);
    }
}

#[test]
fn settings_that_should_be_others_are_findings() {
    let env = with_key(
        "{ agents: { list: [{ id: 'main', params: { cacheControlTtl: '1h', context1m: true, temperature: 0.3 } }] },
           models: { providers: { anthropic: { headers: { 'X-Team': 'blue', 'anthropic-beta': 'mine-1' } } } } }",
    );
    let mut session = Session::default();
    session.add(explain(&env, ["claude-haiku-4-5"]));
    session.add(explain(&env, ["claude-fable-5"]));
    session.add(explain(&env, ["claude-novel-9"]));
    session.add(env.command(["models", "explain", "claude-haiku-4-5"]).set("COLUMNS", "60").run());
    snapshot!("models_explain_findings", session);
    let ids: Vec<Value> = explain(&env, ["claude-fable-5", "--json"]).json()["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["id"].clone())
        .collect();
    let expected = [
        "deprecated-parameter",
        "context1m-unsupported",
        "extended-cache-ttl-dropped",
        "temperature-refused",
    ];
    assert_eq!(ids, expected);
}

#[test]
fn without_a_credential_that_can_be_used_it_says_so_and_explains_all_the_same() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(explain(&env, []));
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env.write(
        "agents/main/agent/auth-profiles.json",
        &format!(
            r#"{{"version":1,"profiles":{{"anthropic:old":{{"type":"token","provider":"anthropic","token":"{}","expires":1000}}}}}}"#,
            token("old", "77aa")
        ),
    );
    session.add(explain(&env, []));
    session.add(env.fased(["models", "explain", "opus@anthropic:gone"]).exits(3));
    session
        .add(env.fased(["models", "explain", "anthropic/claude-opus-4-7@anthropic:gone", "--json"]).exits(3));
    session.add(env.fased(["models", "explain", "acme/big"]).exits(1));
    session.add(env.fased(["models", "explain", "anthropic/"]).exits(64));
    session.add(env.fased(["models", "explain", "--agent", "nobody"]).exits(64));
    snapshot!("models_explain_nothing", session);
}

#[test]
fn a_named_profile_and_a_key_of_the_environment_are_explained_as_they_would_be_sent() {
    let mut env = TestEnv::new();
    env.set("ANTHROPIC_API_KEY", &key("env", "e1e1"));
    let document = explain(&env, ["--json"]).json();
    assert_eq!(document["credential"]["variable"], "ANTHROPIC_API_KEY");
    assert_eq!(header(&document, "x-api-key"), "sk-ant-api03 …e1e1");
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env.fased(["onboard", "--token", &token("plan", "77aa"), "--token-profile-id", "anthropic:plan"])
        .exits(0);
    let document = explain(&env, ["claude-opus-5@anthropic:plan", "--json"]).json();
    assert_eq!(document["request"]["form"], "plan-token");
    assert_eq!(header(&document, "authorization"), "Bearer sk-ant-oat01 …77aa");
}

/// The value of a header in an explanation.
fn header(document: &Value, name: &str) -> String {
    let headers = document["request"]["headers"].as_array().unwrap();
    let header = headers.iter().find(|header| header["name"] == name);
    header.unwrap_or_else(|| panic!("no {name} in {document:#}"))["value"].as_str().unwrap().to_owned()
}

/// Asks, and compares what arrived with what was explained.
fn asks_as_explained(params: &str, headers: &str, sign_in: &[&str], model: &str) {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write(
        "fased.json",
        &format!(
            "{{ agents: {{ list: [{{ id: 'main', params: {{ {params} }} }}] }},
                models: {{ providers: {{ anthropic: {{ headers: {{ {headers} }} }} }} }} }}"
        ),
    );
    env.fased(["onboard"].into_iter().chain(sign_in.iter().copied())).exits(0);
    let document = explain(&env, [model, "--json"]).json();
    assert_eq!(sandbox.requests().len(), 0, "an explanation opened a connection");
    env.fased(["chat", "hi", "--system", "Be brief.", "--model", model]).exits(0);
    let arrived = sandbox.last_message();
    let body = arrived.json().unwrap();
    let case = format!("{params} {headers} {sign_in:?} {model}\n{document:#}\n{body:#}");

    let request = &document["request"];
    for header in request["headers"].as_array().unwrap() {
        let name = header["name"].as_str().unwrap();
        let sent = arrived.header(name).unwrap_or_else(|| panic!("no {name}: {case}"));
        match header["value"].as_str() {
            _ if ["x-api-key", "authorization"].contains(&name) => {}
            Some(value) => assert_eq!(sent, value, "{case}"),
            None => assert!(header["setIn"].is_string(), "{case}"),
        }
    }
    assert_eq!(arrived.header("anthropic-beta").is_some(), has_header(request, "anthropic-beta"), "{case}");
    assert_eq!(body["max_tokens"], request["maxTokens"], "{case}");
    assert_eq!(body.get("temperature").cloned().unwrap_or(Value::Null), request["temperature"], "{case}");
    let explained = |place: &str| {
        let markers = request["cache"]["markers"].as_array().unwrap();
        let marker = markers.iter().find(|marker| marker["place"] == place)?;
        Some(match marker["ttl"].as_str().unwrap() {
            "5m" => json!({ "type": "ephemeral" }),
            ttl => json!({ "type": "ephemeral", "ttl": ttl }),
        })
    };
    let question = &body["messages"][0]["content"][0];
    for (place, block) in [("last system block", &body["system"][0]), ("last block of the user", question)] {
        assert_eq!(block.get("cache_control"), explained(place).as_ref(), "{place}: {case}");
    }
}

fn has_header(request: &Value, name: &str) -> bool {
    request["headers"].as_array().unwrap().iter().any(|header| header["name"] == name)
}

#[test]
fn requests_carry_what_is_explained() {
    let (key, token) = (key("one", "x3Qw"), token("one", "77aa"));
    let (key, token) = (["--anthropic-api-key", key.as_str()], ["--token", token.as_str()]);
    for sign_in in [&key, &token] {
        for params in [
            "",
            "cacheRetention: 'none'",
            "cacheRetention: 'short', maxTokens: 99, anthropicBeta: 'b-2, a-1'",
            "cacheRetention: 'long', context1m: true",
            "cacheControlTtl: '1h', temperature: 0.5",
        ] {
            asks_as_explained(params, "", sign_in, "anthropic/claude-opus-4-7");
        }
        let headers = "'X-Team': 'blue', 'Anthropic-Beta': 'mine-1,context-1m-2025-08-07'";
        asks_as_explained("temperature: 0.5", headers, sign_in, "anthropic/claude-haiku-4-5");
    }
}

#[test]
fn the_command_line_wins_over_the_config_and_a_wrong_setting_is_told_once() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write("fased.json", &with_params("maxTokens: 99, cacheControlTtl: '1h', temperature: 0.5"));
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let asked = |arguments: &[&str]| {
        let output = env.fased(["chat", "hi"].into_iter().chain(arguments.iter().copied()));
        output.exits(0);
        (sandbox.last_message().json().unwrap()["max_tokens"].clone(), output)
    };
    let (max_tokens, output) = asked(&[]);
    assert_eq!(max_tokens, 99);
    snapshot!("models_explain_chat", output);
    assert_eq!(asked(&["--max-tokens", "77"]).0, 77);
    assert_eq!(asked(&["--model", "anthropic/claude-sonnet-5"]).0, 8192);
}

#[test]
fn a_value_that_is_none_is_refused() {
    for params in [
        "cacheRetention: 'forever'",
        "cacheControlTtl: '2h'",
        "temperature: 2",
        "maxTokens: 0",
        "context1m: 'yes'",
        "anthropicBeta: 7",
    ] {
        let env = TestEnv::new();
        env.write("fased.json", &with_params(params));
        let refused = env.fased(["models", "explain"]);
        refused.exits(1);
        assert!(refused.stderr.contains("Invalid config at"), "{refused}");
    }
}
