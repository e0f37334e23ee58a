//! Other Anthropic-compatible endpoints: setting one up, asking it, whose key goes there, and what it does not speak.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{Endpoint, NOBODY, Screen, Session, TestEnv, TestSandbox, key, snapshot, token};

const STORE: &str = "agents/main/agent/auth-profiles.json";
const ENTER: &str = "\r";
const DOWN: &str = "\u{1b}[B";

/// A key of a form that is not Anthropic's.
const FOREIGN: &str = "team-sandbox-key-000000000000000000000000-t3am";

/// Sets up this address as provider `team`.
fn team<'a>(url: &'a str, model: &'a str) -> Vec<&'a str> {
    vec!["onboard", "--custom-base-url", url, "--custom-model-id", model, "--custom-provider-id", "team"]
}

fn config(env: &TestEnv) -> String {
    env.clean(&std::fs::read(env.state("fased.json")).unwrap())
}

/// A config with this entry for provider `team`, besides what else is said.
fn with_team(url: &str, fields: &str, rest: &str) -> String {
    format!("{{ models: {{ providers: {{ team: {{ baseUrl: '{url}', {fields} }} }} }}, {rest} }}")
}

fn store(env: &TestEnv, profiles: &Value) {
    env.write(STORE, &json!({ "version": 1, "profiles": profiles }).to_string());
}

fn api_key(provider: &str, key: &str) -> Value {
    json!({ "type": "api_key", "provider": provider, "key": key })
}

#[test]
fn an_endpoint_is_set_up_by_one_line_and_asked() {
    let endpoint = Endpoint::start();
    let env = TestEnv::new();
    env.write("fased.json", "{\n  // mine\n  agents: { defaults: {} },\n}\n");
    let mut session = Session::default();
    let url = format!("{}/v1", endpoint.url());
    let line = team(&url, "claude-x");
    let all = line.iter().copied().chain(["--auth-choice", "custom-api-key", "--custom-api-key", FOREIGN]);
    let first = env.fased(all);
    assert_eq!(first.exits(0).stdout, "");
    session.add(first);
    session.add(config(&env));
    session.add(std::fs::read_to_string(env.store("main")).unwrap());
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(["chat", "--model", "team/claude-x", "hi"]).exits(0));
    let receipt = env.fased(["chat", "--model", "team/claude-x", "hi", "--json"]).exits(0).json();
    assert_eq!(receipt["receipt"]["profileId"], "team:default");
    assert_eq!(receipt["receipt"]["costMicroDollars"], Value::Null);
    snapshot!("custom_onboard", env.clean(session.to_string().as_bytes()));

    let asked = &endpoint.arrived()[0];
    assert_eq!(asked.line, "POST /anthropic/v1/messages");
    assert_eq!(asked.header("x-api-key"), Some(FOREIGN));
    assert_eq!((asked.header("anthropic-beta"), asked.header("authorization")), (None, None));
    assert!(!asked.body.contains("cache_control"), "{}", asked.body);
}

#[test]
fn the_same_again_changes_nothing_and_json_says_what_was_written() {
    let endpoint = Endpoint::start();
    let env = TestEnv::new();
    let url = endpoint.url();
    let run = |model: &str, more: &[&str]| {
        let line = team(&url, model);
        let key = ["--custom-api-key", FOREIGN, "--json"];
        env.fased(line.into_iter().chain(key).chain(more.iter().copied()))
    };
    let mut session = Session::default();
    session.add(run("claude-x", &["--verify", "--set-default"]).exits(0));
    let files = || {
        let mut files = env.contents();
        // Locks name the process that took them last.
        files.retain(|path, _| path.extension().is_none_or(|extension| extension != "lock"));
        files
    };
    let before = files();
    let again = run("claude-x", &["--set-default"]);
    assert_eq!(again.exits(0).json()["changed"], false, "{again}");
    assert!(files() == before, "something was written by\n{again}");
    let more = run("claude-y", &[]);
    let document = more.exits(0).json();
    assert_eq!(
        (&document["changed"], &document["endpoint"]["changed"]),
        (&json!(true), &json!(true)),
        "{more}"
    );
    assert_eq!(document["defaultModel"], Value::Null);
    session.add(config(&env));
    snapshot!("custom_onboard_json", env.clean(session.to_string().as_bytes()));
    // --verify asked for one token of the model that was named.
    let asked = &endpoint.arrived()[0];
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!((&body["model"], &body["max_tokens"]), (&json!("claude-x"), &json!(1)));
}

#[test]
fn what_cannot_be_set_up_is_refused_before_anything_is_written() {
    let env = TestEnv::new();
    let mut session = Session::default();
    let url = "https://llm.example.com";
    let with =
        |line: Vec<&'static str>| line.into_iter().chain(["--custom-api-key", FOREIGN]).collect::<Vec<_>>();
    for arguments in [
        with(team("http://llm.example.com", "claude-x")),
        with(team("https://me:hunter2@llm.example.com", "claude-x")),
        with(team("https://llm.example.com/?key=hunter2", "claude-x")),
        with(team("llm.example.com", "claude-x")),
        with(team(url, "two words")),
        with(vec!["onboard", "--auth-choice", "custom-api-key"]),
        with(vec!["onboard", "--custom-base-url", url]),
        with(vec![
            "onboard",
            "--custom-base-url",
            url,
            "--custom-model-id",
            "m",
            "--custom-provider-id",
            "anthropic",
        ]),
        with(vec![
            "onboard",
            "--custom-base-url",
            url,
            "--custom-model-id",
            "m",
            "--custom-provider-id",
            "a/b",
        ]),
        with(vec![
            "onboard",
            "--custom-base-url",
            url,
            "--custom-model-id",
            "m",
            "--custom-compatibility",
            "openai",
        ]),
        with(vec![
            "onboard",
            "--custom-base-url",
            url,
            "--custom-model-id",
            "m",
            "--profile-id",
            "anthropic:x",
        ]),
        vec!["onboard", "--custom-base-url", url, "--custom-model-id", "m", "--verify"],
        vec!["onboard", "--custom-base-url", url, "--custom-model-id", "m", "--api-key-stdin"],
        vec!["onboard", "--custom-base-url", url, "--custom-model-id", "m", "--auth-choice", "apiKey"],
        vec![
            "onboard",
            "--custom-base-url",
            url,
            "--custom-model-id",
            "m",
            "--custom-api-key",
            "fased-ck-sandbox-x",
        ],
    ] {
        let output = env.fased(arguments);
        assert!(!format!("{}{}", output.stdout, output.stderr).contains("hunter2"), "{output}");
        session.add(output.exits(64));
        assert_eq!(env.tree(), "", "something was written");
    }
    snapshot!("custom_onboard_refused", session);
}

#[test]
fn a_provider_that_is_there_never_gets_another_address() {
    let env = TestEnv::new();
    let text = with_team("https://llm.example.com", "apiKey: 'x'", "");
    env.write("fased.json", &text);
    let mut session = Session::default();
    let line = team("https://other.example.com", "claude-x");
    session.add(env.fased(line.into_iter().chain(["--custom-api-key", FOREIGN])).exits(64));
    env.write("fased.json", &with_team("https://llm.example.com", "api: 'openai-completions'", ""));
    let line = team("https://llm.example.com", "claude-x");
    session.add(env.fased(line.into_iter().chain(["--custom-api-key", FOREIGN])).exits(64));
    assert!(!env.store("main").exists());
    snapshot!("custom_onboard_taken", session);
}

#[test]
fn a_key_the_endpoint_refuses_or_cannot_be_asked_about_is_not_stored_with_verify() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::new();
    let mut session = Session::default();
    let verified = |url: &str, model: &str, secret: &str| {
        let line = team(url, model);
        env.fased(line.into_iter().chain(["--verify", "--custom-api-key", secret]))
    };
    let url = sandbox.url();
    session.add(verified(&url, "claude-sonnet-5", FOREIGN).exits(4));
    session.add(verified(&url, "no-such-model", &key("one", "x3Qw")).exits(4));
    session.add(verified(NOBODY, "claude-sonnet-5", FOREIGN).exits(5));
    assert_eq!(env.tree(), "", "something was written");
    session.add(verified(&url, "claude-sonnet-5", &key("one", "x3Qw")).exits(0));
    snapshot!("custom_onboard_verify", env.clean(session.to_string().as_bytes()));
}

#[test]
fn a_key_may_come_by_a_pipe_by_a_variable_or_as_a_reference_and_may_be_added_later() {
    let endpoint = Endpoint::start();
    let mut env = TestEnv::new();
    let url = endpoint.url();
    let line = team(&url, "claude-x");
    let stored = |env: &TestEnv| env.store_json("main")["profiles"]["team:default"].clone();
    let mut session = Session::default();
    session.add(env.fased(line.clone()).exits(0));
    session.add(env.fased(["chat", "--model", "team/claude-x", "hi"]).exits(3));
    let login = ["models", "auth", "login", "--provider", "Team", "--method", "api-key"];
    session.add(env.command(login).stdin(FOREIGN).run().exits(0));
    assert_eq!(stored(&env)["key"], FOREIGN);
    session.add(
        env.command(["models", "auth", "paste-token", "--provider", "team"]).stdin("t0ken").run().exits(0),
    );
    session.add(env.fased(["models", "auth", "remove", "team:default", "--yes"]).exits(0));
    env.fased(["chat", "--model", "team/claude-x", "hi"]).exits(0);
    let asked = endpoint.arrived().pop().unwrap();
    assert_eq!((asked.header("authorization"), asked.header("anthropic-beta")), (Some("Bearer t0ken"), None));
    let piped = line.iter().copied().chain(["--custom-api-key-stdin"]);
    env.command(piped).stdin(format!("{FOREIGN}\n")).run().exits(0);
    assert_eq!(stored(&env)["key"], FOREIGN);
    let reference = line.iter().copied().chain(["--secret-ref", "env:TEAM_KEY", "--skip-health"]);
    session.add(env.fased(reference).exits(0));
    assert_eq!(stored(&env)["keyRef"]["id"], "TEAM_KEY");
    env.set("CUSTOM_API_KEY", "from-the-environment");
    session.add(env.fased(line).exits(0));
    assert_eq!(stored(&env)["key"], "from-the-environment");
    snapshot!("custom_keys", env.clean(session.to_string().as_bytes()));
}

#[test]
fn a_provider_without_an_address_gets_no_credential() {
    let env = TestEnv::new();
    env.write("fased.json", &with_team("https://llm.example.com", "", ""));
    let mut session = Session::default();
    for arguments in [
        &["models", "auth", "login", "--provider", "nosuch", "--method", "api-key"] as &[&str],
        &["models", "auth", "paste-token", "--provider", "nosuch", "--json"],
        &["models", "auth", "login", "--provider", "team", "--method", "anthropic-oauth"],
        &["models", "auth", "setup-token", "--provider", "team"],
        &["chat", "--model", "nosuch/x", "hi"],
    ] {
        let output = env.command(arguments.iter().copied()).stdin(FOREIGN).run();
        assert!(matches!(output.code, Some(3 | 64)), "{output}");
        session.add(output);
    }
    assert!(!env.store("main").exists());
    snapshot!("custom_unknown", session);
}

#[test]
fn a_key_in_the_config_is_used_while_no_profile_is_stored() {
    let endpoint = Endpoint::start();
    let env = TestEnv::new();
    let rest = "agents: { defaults: { model: 'team/claude-x' } }";
    env.write("fased.json", &with_team(&endpoint.url(), &format!("apiKey: '{FOREIGN}'"), rest));
    let mut session = Session::default();
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    let status = env.fased(["models", "status", "--json"]);
    let provider = status.exits(0).json()["auth"]["providers"][0].clone();
    session.add(serde_json::to_string_pretty(&provider).unwrap() + "\n");
    session.add(env.fased(["chat", "hi"]).exits(0));
    let receipt = env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"].clone();
    assert_eq!((&receipt["profileId"], &receipt["billing"]), (&Value::Null, &json!("api")));
    assert_eq!(receipt["source"], "config: models.providers.team.apiKey");
    session.add(env.fased(["models", "auth", "token", "--provider", "team", "--header"]).exits(0));
    session.add(env.fased(["agents", "list"]).exits(0));
    store(&env, &json!({ "team:own": api_key("team", "stored-sandbox-key-0000000000000000-own1") }));
    session.add(env.fased(["models", "status"]).exits(0));
    assert_eq!(env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"]["profileId"], "team:own");
    session.add(env.fased(["models", "auth", "remove", "team:own", "--yes"]).exits(0));
    snapshot!("custom_config_key", session);
}

#[test]
fn a_key_in_the_config_may_be_kept_elsewhere_and_a_place_that_gives_nothing_is_told() {
    let endpoint = Endpoint::start();
    let mut env = TestEnv::new();
    env.set("PATH", "/usr/bin:/bin");
    let places = "secrets: { providers: { keys: { source: 'file', path: '~/keys.json' },
        vault: { source: 'exec', command: ['/bin/echo', 'from-the-vault'] } } }";
    let model = ["chat", "--model", "team/claude-x", "hi"];
    let mut session = Session::default();
    env.write("fased.json", &with_team(&endpoint.url(), "apiKey: '${TEAM_KEY}'", places));
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(model).exits(3));
    session.add(env.fased(model.into_iter().chain(["--json"])).exits(3));
    env.set("TEAM_KEY", "from-the-variable");
    env.fased(model).exits(0);
    let in_file = "apiKey: { source: 'file', provider: 'keys', id: '/team' }";
    env.write("fased.json", &with_team(&endpoint.url(), in_file, places));
    let path = env.home().join("keys.json");
    std::fs::write(&path, r#"{"team":"from-the-file"}"#).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    session.add(env.fased(["models", "status"]).exits(0));
    env.fased(model).exits(0);
    let behind_program = "apiKey: { source: 'exec', provider: 'vault', id: 'team' }";
    env.write("fased.json", &with_team(&endpoint.url(), behind_program, places));
    session.add(env.fased(["models", "status"]).exits(0));
    env.fased(model).exits(0);
    let sent: Vec<String> =
        endpoint.arrived().iter().map(|asked| asked.header("x-api-key").unwrap().to_owned()).collect();
    assert_eq!(sent, ["from-the-variable", "from-the-file", "from-the-vault"]);
    snapshot!("custom_config_key_elsewhere", session);
}

#[test]
fn anthropics_key_in_the_config_comes_before_the_environment_unless_that_is_preferred() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("ANTHROPIC_API_KEY", &key("env", "k2k2"));
    let write = |env: &TestEnv, auth: &str| {
        let own = key("config", "c0nf");
        let text = format!(
            "{{ models: {{ providers: {{ anthropic: {{ apiKey: '{own}' }} }} }}, auth: {{ {auth} }} }}"
        );
        env.write("fased.json", &text);
    };
    let source =
        |env: &TestEnv| env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"]["source"].clone();
    let mut session = Session::default();
    write(&env, "");
    session.add(env.fased(["models", "status"]).exits(0));
    assert_eq!(source(&env), "config: models.providers.anthropic.apiKey");
    write(&env, "env: 'prefer'");
    session.add(env.fased(["models", "status"]).exits(0));
    assert_eq!(source(&env), "env: ANTHROPIC_API_KEY");
    store(&env, &json!({ "anthropic:own": api_key("anthropic", &key("own", "0wn0")) }));
    write(&env, "");
    assert_eq!(source(&env), "profile");
    snapshot!("custom_anthropic_config_key", session);
}

#[test]
fn credentials_of_another_provider_rotate_and_it_steps_in_for_a_model_that_cannot_answer() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let rest = "agents: { defaults: { model: { primary: 'anthropic/claude-sonnet-5', fallbacks: ['team/claude-haiku-4-5'] } } }";
    env.write("fased.json", &with_team(&sandbox.url(), "", rest));
    store(
        &env,
        &json!({
            "anthropic:plan": { "type": "token", "provider": "anthropic", "token": token("fault-rate-limit-retry-after-47", "77aa") },
            "team:a": api_key("team", &key("fault-rate-limit-retry-after-90", "aaaa")),
            "team:b": api_key("team", &key("good", "bbbb")),
        }),
    );
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(0));
    session.add(env.fased(["models", "auth", "cooldown", "list"]).exits(0));
    snapshot!("custom_failover", session);
}

#[test]
fn a_provider_that_speaks_another_protocol_is_never_asked() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let fields = format!("api: 'openai-completions', apiKey: '{FOREIGN}'");
    let mut session = Session::default();
    env.write("fased.json", &with_team(&sandbox.url(), &fields, ""));
    session.add(env.fased(["chat", "--model", "team/claude-x", "hi"]).exits(1));
    session.add(env.fased(["chat", "--model", "team/claude-x", "hi", "--json"]).exits(1));
    let login = ["models", "auth", "login", "--provider", "team", "--method", "api-key"];
    session.add(env.command(login).stdin(FOREIGN).run().exits(1));
    assert_eq!(sandbox.requests().len(), 0);
    let rest = "agents: { defaults: { model: { primary: 'anthropic/claude-sonnet-5', fallbacks: ['team/claude-x'] } } }";
    env.write("fased.json", &with_team(&sandbox.url(), &fields, rest));
    store(&env, &json!({ "anthropic:a": api_key("anthropic", &key("fault-auth", "bad1")) }));
    session.add(env.fased(["chat", "hi"]).exits(4));
    assert_eq!(sandbox.requests().len(), 1);
    snapshot!("custom_other_api", session);
}

#[test]
fn headers_of_the_config_go_along_betas_included() {
    let endpoint = Endpoint::start();
    let env = TestEnv::new();
    let fields =
        format!("apiKey: '{FOREIGN}', headers: {{ 'X-Team': 'blue', 'anthropic-beta': 'some-beta' }}");
    env.write("fased.json", &with_team(&endpoint.url(), &fields, ""));
    env.fased(["chat", "--model", "team/claude-x", "hi"]).exits(0);
    let asked = &endpoint.arrived()[0];
    assert_eq!((asked.header("x-team"), asked.header("anthropic-beta")), (Some("blue"), Some("some-beta")));
}

#[test]
fn an_address_that_is_none_is_told_with_its_place() {
    let env = TestEnv::new();
    let mut session = Session::default();
    for url in ["http://llm.example.com", "not a url", "https://me:hunter2@llm.example.com"] {
        env.write("fased.json", &with_team(url, "apiKey: 'x'", ""));
        let output = env.fased(["chat", "--model", "team/claude-x", "hi"]);
        assert!(!output.stderr.contains("hunter2"), "{output}");
        session.add(output.exits(64));
    }
    snapshot!("custom_base_url", session);
}

#[test]
fn an_endpoint_that_lists_no_models_says_nothing_about_a_credential() {
    let endpoint = Endpoint::start();
    let env = TestEnv::new();
    env.write("fased.json", &with_team(&endpoint.url(), &format!("apiKey: '{FOREIGN}'"), ""));
    let probe = |env: &TestEnv| {
        let all = env.fased(["models", "status", "--probe", "--probe-provider", "team", "--json"]);
        all.exits(0).json()["auth"]["probes"]["results"][0].clone()
    };
    let of_config = probe(&env);
    assert_eq!((&of_config["source"], &of_config["status"]), (&json!("models.json"), &json!("unknown")));
    assert_eq!(of_config["label"], "models.providers.team.apiKey");
    store(&env, &json!({ "team:default": api_key("team", FOREIGN) }));
    let stored = probe(&env);
    assert_eq!((&stored["status"], &stored["profileId"]), (&json!("unknown"), &json!("team:default")));
    assert!(stored["error"].as_str().unwrap().contains("lists no models"), "{stored}");
    let state = std::fs::read_to_string(env.state("agents/main/agent/auth-state.json")).unwrap_or_default();
    assert!(!state.contains("accepted"), "{state}");
}

/// Answers the first two choices: providers, another endpoint.
fn chooses_another(screen: &mut Screen) {
    screen.shows("What do you want to set up?");
    screen.shows("Skip for now");
    screen.types(ENTER);
    screen.shows("None for now");
    screen.types(DOWN);
    screen.types(ENTER);
}

#[test]
fn a_person_is_asked_for_address_model_name_and_key() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::new();
    let mut screen = Screen::start(&env.command(["onboard"]));
    chooses_another(&mut screen);
    screen.shows("Base URL, like");
    screen.types(&format!("http://llm.example.com{ENTER}"));
    screen.shows("must use https");
    screen.shows("Base URL, like");
    screen.types(&format!("{}/v1{ENTER}", sandbox.url()));
    screen.shows("Model id, as the endpoint knows it");
    screen.types(&format!("claude-sonnet-5{ENTER}"));
    screen.shows("Name of the provider");
    screen.shows("custom-127-0-0-1-");
    screen.types(&format!("team{ENTER}"));
    screen.shows("API key (not shown; nothing for none)");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", key("fault-auth", "bad1")));
    screen.shows("Try again, or press Ctrl-C.");
    screen.shows("API key (not shown; nothing for none)");
    screen.hides_typing();
    screen.types(&format!("{}{ENTER}", key("typed", "x3Qw")));
    screen.shows("It works");
    screen.shows("Which model shall agent main ask by default?");
    screen.shows("the new one");
    screen.types(DOWN);
    screen.types(ENTER);
    screen.shows("Saved team:default");
    screen.shows("Agent main asks team/claude-sonnet-5 by default.");
    screen.shows("fased models status");
    let (code, seen) = screen.ends();
    assert_eq!(code, 0, "{seen}");
    assert!(!seen.contains("sandbox-typed"), "a secret was on the screen:\n{seen}");
    let config =
        fased::config::load::parse(&std::fs::read_to_string(env.state("fased.json")).unwrap()).unwrap();
    assert_eq!(config.provider("team").unwrap().base_url.as_deref(), Some(sandbox.url().as_str()));
    assert_eq!(env.fased(["models", "status", "--plain"]).stdout, "team/claude-sonnet-5\n");
}

#[test]
fn a_person_may_leave_the_key_out_or_leave_altogether() {
    let endpoint = Endpoint::start();
    let env = TestEnv::new();
    let url = endpoint.url();
    let line = team(&url, "claude-x");
    let mut screen = Screen::start(&env.command(line.clone()));
    screen.shows("API key (not shown; nothing for none)");
    screen.hides_typing();
    screen.types("\u{3}");
    screen.shows("Cancelled; nothing was written.");
    assert_eq!(screen.ends().0, 130);
    assert_eq!(env.tree(), "", "something was written");

    let mut screen = Screen::start(&env.command(line));
    screen.shows("API key (not shown; nothing for none)");
    screen.hides_typing();
    screen.types(ENTER);
    screen.shows("Which model shall agent main ask by default?");
    screen.shows("the new one");
    screen.types(ENTER);
    screen.shows("There is no key for it yet: fased models auth login --provider team --method api-key");
    screen.shows("fased chat --model team/claude-x \"hello\"");
    assert_eq!(screen.ends().0, 0);
    assert!(!env.store("main").exists());
}
