//! `fased models status`: what it shows of every state a credential can be in, on paper and for scripts.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{NOW, Session, TestEnv, key, snapshot, token};

const AGENT: &str = "agents/main/agent";

/// Milliseconds since 1970, so many seconds after the time tests run at.
fn at(seconds: i64) -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + seconds * 1000
}

fn api_key(tail: &str) -> Value {
    json!({"type": "api_key", "provider": "anthropic", "key": key("one", tail)})
}

fn oauth(tail: &str, expires: i64) -> Value {
    json!({"type": "oauth", "provider": "anthropic", "access": token("access", tail), "email": "me@example.com",
        "refresh": format!("sk-ant-ort01-sandbox-{}", "0".repeat(80)), "expires": expires})
}

fn with_store(store: &Value) -> TestEnv {
    let env = TestEnv::new();
    env.write(&format!("{AGENT}/auth-profiles.json"), &store.to_string());
    env
}

fn with_profiles(profiles: &Value) -> TestEnv {
    with_store(&json!({"version": 1, "profiles": profiles}))
}

/// One of everything, with state about some of them.
fn with_many() -> TestEnv {
    let env = with_store(&json!({"version": 1, "profiles": {
        "anthropic:default": api_key("x3Qw"),
        "anthropic:limited": api_key("aaaa"),
        "anthropic:haiku-only": api_key("hhhh"),
        "anthropic:broke": api_key("bbbb"),
        "anthropic:revoked": api_key("rrrr"),
        "anthropic:old": {"type": "token", "provider": "anthropic", "token": token("one", "77aa"), "expires": at(-3 * 86400)},
        "anthropic:soon": {"type": "token", "provider": "anthropic", "token": token("one", "88bb"), "expires": at(7200)},
        "anthropic:year": {"type": "token", "provider": "anthropic", "token": token("one", "99cc"),
            "metadata": {"addedAt": "2026-01-01T00:00:00Z"}},
        "anthropic:me@example.com": oauth("9f2K", at(18_720)),
        "anthropic:late@example.com": oauth("8e1J", at(-60)),
        "anthropic:empty": {"type": "api_key", "provider": "anthropic"},
        "anthropic:ref": {"type": "api_key", "provider": "anthropic",
            "keyRef": {"source": "env", "provider": "default", "id": "WORK_KEY"}},
        "anthropic:vault": {"type": "api_key", "provider": "anthropic",
            "keyRef": {"source": "exec", "provider": "default", "id": "vault read key"}},
        "anthropic:odd": {"type": "hologram", "provider": "anthropic"},
        "openrouter:default": {"type": "api_key", "provider": "openrouter", "key": "sk-or-FAKExxxxxxxxxxxxxxxxxxxxxxxxxx"},
    }}));
    let state = json!({"version": 1, "profiles": {
        "anthropic:default": {"lastUsed": at(-300), "verified": {"accepted": true, "at": at(-3600), "how": "onboard", "status": 200}},
        "anthropic:limited": {"lastUsed": at(-20), "cooldowns": [{"modelClass": "sonnet", "reason": "rate_limit", "until": at(47)}]},
        "anthropic:haiku-only": {"cooldowns": [{"modelClass": "haiku", "reason": "rate_limit", "until": at(47)}]},
        "anthropic:broke": {"disabled": {"reason": "billing", "until": at(5 * 3600), "nextTrialAt": at(240)}},
        "anthropic:revoked": {"disabled": {"reason": "auth_permanent"}},
    }});
    env.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    env
}

#[test]
fn without_credentials_it_says_how_to_add_one() {
    let env = TestEnv::new();
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(["models"]).exits(0));
    session.add(env.fased(["models", "status", "--plain"]).exits(0));
    session.add(env.fased(["models", "status", "--json"]).exits(0));
    session.add(env.fased(["models", "status", "--check"]).exits(1));
    assert_eq!(env.tree(), "", "status wrote something");
    snapshot!("status_nothing", session);
}

#[test]
fn one_key_in_four_forms() {
    let env = with_profiles(&json!({"anthropic:default": api_key("x3Qw")}));
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(["models", "status", "--plain"]).exits(0));
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    session.add(env.fased(["models", "status", "--json"]).exits(0));
    snapshot!("status_one_key", session);
}

#[test]
fn the_short_and_the_long_name_answer_alike() {
    let env = with_many();
    let long = env.fased(["models", "status"]);
    assert_eq!(env.fased(["models"]).stdout, long.stdout);
    let json = env.fased(["models", "status", "--json"]);
    assert_eq!(env.fased(["models", "status", "--status-json"]).stdout, json.stdout);
    assert_eq!(env.fased(["models", "--json"]).stdout, json.stdout);
    assert_eq!(
        env.fased(["models", "--plain"]).stdout,
        env.fased(["models", "status", "--status-plain"]).stdout
    );
    assert_eq!(env.fased(["models", "status", "--agent", "MAIN"]).stdout, long.stdout);
}

#[test]
fn every_state_is_told_in_words_and_fits_the_width() {
    let mut env = with_many();
    let mut session = Session::default();
    session.add("# unlimited");
    session.add(env.fased(["models", "status"]).exits(0));
    for columns in ["200", "120", "80", "60", "30"] {
        env.set("COLUMNS", columns);
        session.add(format!("# {columns} columns"));
        session.add(env.fased(["models", "status"]).exits(0));
    }
    snapshot!("status_many", session);
}

#[test]
fn every_state_is_told_to_scripts() {
    snapshot!("status_many_json", with_many().fased(["models", "status", "--json"]).exits(0));
}

#[test]
fn colour_changes_no_letter() {
    let env = with_many();
    let plain = env.fased(["models", "status"]);
    let coloured = env.command(["models", "status"]).set("CLICOLOR_FORCE", "1").run();
    assert!(coloured.stdout.contains('\u{1b}'), "no colour: {coloured}");
    let mut letters = String::new();
    let mut rest = coloured.stdout.as_str();
    while let Some(at) = rest.find('\u{1b}') {
        letters.push_str(&rest[..at]);
        rest = &rest[at + rest[at..].find('m').unwrap() + 1..];
    }
    letters.push_str(rest);
    assert_eq!(letters, plain.stdout);
    let refused = env.command(["models", "status"]).set("CLICOLOR_FORCE", "1").set("NO_COLOR", "1").run();
    assert_eq!(refused.stdout, plain.stdout);
}

#[test]
fn health_is_judged_for_the_model_that_is_asked_about() {
    let env = with_profiles(&json!({"anthropic:limited": api_key("aaaa")}));
    let state = json!({"version": 1, "profiles": {"anthropic:limited": {"cooldowns": [
        {"modelClass": "haiku", "reason": "rate_limit", "until": at(47)}]}}});
    env.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    let mut session = Session::default();
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    session.add(env.fased(["models", "status", "--model", "anthropic/claude-haiku-4-5"]).exits(0));
    snapshot!("status_model", session);
}

#[test]
fn check_tells_sound_ending_and_missing_apart() {
    let expired =
        json!({"type": "token", "provider": "anthropic", "token": token("one", "77aa"), "expires": at(-60)});
    let soon =
        json!({"type": "token", "provider": "anthropic", "token": token("one", "88bb"), "expires": at(7200)});
    let estimated = json!({"type": "token", "provider": "anthropic", "token": token("one", "99cc"),
        "metadata": {"addedAt": "2025-06-01T18:00:00Z"}});
    for (profiles, code) in [
        (json!({}), 1),
        (json!({"anthropic:default": api_key("x3Qw")}), 0),
        (json!({"anthropic:manual": expired}), 1),
        (json!({"anthropic:manual": expired, "anthropic:default": api_key("x3Qw")}), 0),
        (json!({"anthropic:manual": soon}), 2),
        (json!({"anthropic:manual": estimated}), 2),
        (json!({"anthropic:me@example.com": oauth("9f2K", at(18_720))}), 0),
    ] {
        let env = with_profiles(&profiles);
        for form in [&[] as &[&str], &["--json"], &["--plain"]] {
            let output = env.fased(["models", "status", "--check"].into_iter().chain(form.iter().copied()));
            output.exits(code);
            assert!(!output.stdout.is_empty(), "the document is missing: {output}");
            assert_eq!(output.stderr, "", "{output}");
        }
    }
}

#[test]
fn an_expired_sign_in_is_never_called_ok() {
    let env = with_profiles(&json!({"anthropic:late@example.com": oauth("8e1J", at(-60))}));
    let mut session = Session::default();
    let text = env.fased(["models", "status"]);
    assert!(!text.stdout.contains(" ok"), "{text}");
    session.add(text);
    let json = env.fased(["models", "status", "--json"]).json();
    assert_eq!(json["auth"]["oauth"]["profiles"][0]["status"], "refresh-required");
    assert_eq!(json["auth"]["oauth"]["profiles"][0]["usable"]["state"], "yes");
    session.add(env.fased(["models", "status", "--check", "--plain"]));
    snapshot!("status_expired_sign_in", session);
}

#[test]
fn cooldowns_of_the_typescript_program_count_until_there_is_state_of_our_own() {
    let env = with_store(&json!({"version": 1, "profiles": {"anthropic:default": api_key("x3Qw")},
        "usageStats": {"anthropic:default": {"lastUsed": at(-600), "cooldownUntil": at(240), "errorCount": 2,
            "failureCounts": {"rate_limit": 2}}}}));
    let mut session = Session::default();
    session.add(env.fased(["models", "status", "--check"]).exits(1));
    env.write(&format!("{AGENT}/auth-state.json"), r#"{"version": 1, "profiles": {}}"#);
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    env.write(&format!("{AGENT}/auth-state.json"), "{ not JSON");
    session.add(env.fased(["models", "status", "--check"]).exits(0));
    snapshot!("status_usage_stats", session);
}

#[test]
fn a_key_of_the_environment_is_shown_with_its_standing() {
    let mut session = Session::default();
    let mut show = |title: &str, env: &TestEnv, variables: &[(&str, &str)]| {
        session.add(format!("# {title}"));
        for form in [&[] as &[&str], &["--plain", "--check"]] {
            let run = env.command(["models", "status"].into_iter().chain(form.iter().copied()));
            let run = variables.iter().fold(run, |run, (name, value)| run.set(name, value));
            session.add(run.run());
        }
    };
    let (api, plan) = (key("env", "k2k2"), token("env", "t4t4"));
    let nothing = TestEnv::new();
    let limited = with_profiles(&json!({"anthropic:default": api_key("x3Qw")}));
    let state = json!({"version": 1, "profiles": {"anthropic:default": {"cooldowns": [
        {"reason": "rate_limit", "until": at(47)}]}}});
    let fine = with_profiles(&json!({"anthropic:default": api_key("x3Qw")}));
    limited.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    let key_set = [("ANTHROPIC_API_KEY", api.as_str())];
    show("used", &nothing, &key_set);
    show(
        "a plan's token is used first",
        &nothing,
        &[("ANTHROPIC_API_KEY", &api), ("ANTHROPIC_OAUTH_TOKEN", &plan)],
    );
    show("empty is unset", &nothing, &[("ANTHROPIC_API_KEY", "")]);
    show("idle", &fine, &key_set);
    show("held back", &limited, &key_set);
    limited.write("fased.json", "{ auth: { env: 'overflow' } }");
    show("overflow", &limited, &key_set);
    fine.write("fased.json", "{ auth: { env: 'prefer' } }");
    show("preferred", &fine, &key_set);
    fine.write("fased.json", "{ auth: { env: 'never' } }");
    show("off", &fine, &key_set);
    show(
        "refused",
        &nothing,
        &[("ANTHROPIC_API_KEY", &format!("sk-ant-admin01-sandbox-{}", "0".repeat(60)))],
    );
    snapshot!("status_env", session);
}

#[test]
fn an_explicit_order_puts_first_and_leaves_out() {
    let env = with_store(&json!({"version": 1,
        "profiles": {"anthropic:a": api_key("aaaa"), "anthropic:b": api_key("bbbb"), "anthropic:c": api_key("cccc")},
        "order": {"anthropic": ["anthropic:gone", "anthropic:b", "anthropic:a"]}}));
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(0));
    let json = env.fased(["models", "status", "--json"]).json();
    let provider = &json["auth"]["providers"][0];
    assert_eq!(provider["next"]["profileId"], "anthropic:b");
    session.add(serde_json::to_string_pretty(provider).unwrap());
    snapshot!("status_order", session);
}

#[test]
fn a_reference_is_shown_by_its_place_and_never_by_its_value() {
    let profiles = json!({"anthropic:ref": {"type": "api_key", "provider": "anthropic",
        "keyRef": {"source": "env", "provider": "default", "id": "WORK_KEY"}}});
    let env = with_profiles(&profiles);
    let mut session = Session::default();
    session.add(env.fased(["models", "status", "--check"]).exits(1));
    session.add(
        env.command(["models", "status", "--check"]).set("WORK_KEY", &key("ref", "r5r5")).run().exits(0),
    );
    snapshot!("status_reference", session);
}

#[test]
fn what_is_configured_for_an_agent_is_shown_for_it() {
    let env = TestEnv::new();
    env.write(
        "fased.json",
        "{ agents: { defaults: { model: { primary: 'Opus', fallbacks: ['anthropic/claude-sonnet-5'] },
             imageModel: 'anthropic/claude-haiku-4-5',
             models: { 'anthropic/claude-opus-4-7': { alias: 'Opus' }, 'openai/gpt-5': {} } },
           list: [{ id: 'main', default: true }, { id: 'work', model: 'anthropic/claude-haiku-4-5' }] } }",
    );
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(["models", "status", "--agent", "work"]).exits(0));
    session.add(env.fased(["models", "status", "--agent", "work", "--json"]).exits(0));
    session.add(env.fased(["models", "status", "--agent", "work", "--plain"]).exits(0));
    snapshot!("status_agents", session);
}

#[test]
fn files_that_others_can_read_are_pointed_out() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = with_profiles(&json!({"anthropic:default": api_key("x3Qw")}));
    let open = |path: std::path::PathBuf, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(env.store("main"), 0o644);
    open(env.state(AGENT), 0o755);
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(0));
    env.fased(["onboard", "--anthropic-api-key", &key("two", "k2k2")]).exits(0);
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.tree());
    snapshot!("status_open_files", session);
}

#[test]
fn stores_that_cannot_be_read_are_named() {
    let mut session = Session::default();
    for text in
        ["{ \"version\": 1,", r#"{"version": 2, "profiles": {}}"#, r#"{"version": 1, "profiles": []}"#]
    {
        let env = TestEnv::new();
        env.write(&format!("{AGENT}/auth-profiles.json"), text);
        session.add(format!("# {text}"));
        session.add(env.fased(["models", "status"]));
        session.add(env.fased(["models", "status", "--json"]));
    }
    snapshot!("status_bad_stores", session);
}

#[test]
fn nothing_is_asked_over_the_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let mut env = with_many();
    for name in ["ANTHROPIC_BASE_URL", "HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        env.set(name, &address);
    }
    env.set("ANTHROPIC_API_KEY", &key("env", "k2k2"));
    for form in [&[] as &[&str], &["--json"], &["--plain"], &["--check"]] {
        env.fased(["models", "status"].into_iter().chain(form.iter().copied()));
    }
    assert!(listener.accept().is_err(), "somebody connected");
}

/// What the TypeScript program's document contains: path, and the JSON type (`?` when null is allowed, too).
const TYPESCRIPT_SHAPE: [(&str, &str); 46] = [
    ("/configPath", "string"),
    ("/agentId", "string"),
    ("/agentDir", "string"),
    ("/defaultModel", "string"),
    ("/resolvedDefault", "string"),
    ("/fallbacks", "array"),
    ("/imageModel", "string?"),
    ("/imageFallbacks", "array"),
    ("/modelConfig/defaultSource", "string"),
    ("/modelConfig/fallbacksSource", "string"),
    ("/aliases", "object"),
    ("/allowed", "array"),
    ("/catalog/totalModels", "number"),
    ("/catalog/totalProviders", "number"),
    ("/catalog/sourceCounts", "object"),
    ("/auth/storePath", "string"),
    ("/auth/shellEnvFallback/enabled", "boolean"),
    ("/auth/shellEnvFallback/appliedKeys", "array"),
    ("/auth/providersWithOAuth", "array"),
    ("/auth/missingProvidersInUse", "array"),
    ("/auth/providers/0/provider", "string"),
    ("/auth/providers/0/effective/kind", "string"),
    ("/auth/providers/0/effective/detail", "string"),
    ("/auth/providers/0/profiles/count", "number"),
    ("/auth/providers/0/profiles/oauth", "number"),
    ("/auth/providers/0/profiles/token", "number"),
    ("/auth/providers/0/profiles/apiKey", "number"),
    ("/auth/providers/0/profiles/labels/0", "string"),
    ("/auth/providers/0/env/value", "string"),
    ("/auth/providers/0/env/source", "string"),
    ("/auth/unusableProfiles/0/profileId", "string"),
    ("/auth/unusableProfiles/0/provider", "string"),
    ("/auth/unusableProfiles/0/kind", "string"),
    ("/auth/unusableProfiles/0/until", "number"),
    ("/auth/unusableProfiles/0/remainingMs", "number"),
    ("/auth/oauth/warnAfterMs", "number"),
    ("/auth/oauth/profiles/0/profileId", "string"),
    ("/auth/oauth/profiles/0/provider", "string"),
    ("/auth/oauth/profiles/0/type", "string"),
    ("/auth/oauth/profiles/0/status", "string"),
    ("/auth/oauth/profiles/0/source", "string"),
    ("/auth/oauth/profiles/0/label", "string"),
    ("/auth/oauth/providers/0/provider", "string"),
    ("/auth/oauth/providers/0/status", "string"),
    ("/auth/oauth/providers/0/profiles/0/profileId", "string"),
    ("/schemaVersion", "number"),
];

#[test]
fn the_document_is_a_superset_of_the_typescript_programs() {
    let env = with_many();
    let run = env.command(["models", "status", "--json", "--agent", "main"]);
    let document = run.set("ANTHROPIC_API_KEY", &key("env", "k2k2")).run().json();
    for (path, expected) in TYPESCRIPT_SHAPE {
        let value = document.pointer(path).unwrap_or_else(|| panic!("{path} is missing"));
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let nullable = expected.ends_with('?') && found == "null";
        assert!(nullable || found == expected.trim_end_matches('?'), "{path} is {found}, not {expected}");
    }
    let words = |path: &str, field: &str| -> Vec<String> {
        let entries = document.pointer(path).and_then(Value::as_array).unwrap();
        entries.iter().map(|entry| entry[field].as_str().unwrap().to_owned()).collect()
    };
    for status in words("/auth/oauth/profiles", "status") {
        let known = ["ok", "expiring", "expired", "missing", "static", "refresh-required"];
        assert!(known.contains(&status.as_str()), "{status}");
    }
    for kind in words("/auth/oauth/profiles", "type") {
        assert!(["oauth", "token", "api_key"].contains(&kind.as_str()), "{kind}");
    }
    // Sorted by how soon they can be used, those that time does not mend last.
    let remaining: Vec<i64> = document["auth"]["unusableProfiles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["remainingMs"].as_i64().unwrap_or(i64::MAX))
        .collect();
    assert!(remaining.is_sorted(), "{remaining:?}");
}

#[test]
fn profiles_that_the_order_leaves_out_are_one_finding_with_one_command() {
    let profiles: serde_json::Map<String, Value> =
        ["a", "b", "c", "d"].iter().map(|name| (format!("anthropic:{name}"), api_key("x3Qw"))).collect();
    let env = with_store(&json!({"version": 1, "profiles": profiles,
        "order": {"anthropic": ["anthropic:a"]}}));
    let report = env.fased(["models", "status", "--json"]).json();
    let findings = report["findings"].as_array().unwrap();
    let left_out: Vec<&Value> = findings.iter().filter(|one| one["id"] == "profiles-left-out").collect();
    let command =
        "fased models auth order set --provider anthropic anthropic:a anthropic:b anthropic:c anthropic:d";
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((&left_out[0]["commands"], &left_out[0]["fix"]), (&json!([command]), &json!(command)));
    let unusable = report["auth"]["unusableProfiles"].as_array().unwrap();
    assert!(unusable.len() == 3 && unusable.iter().all(|one| one["fix"].is_null()), "{unusable:?}");
    // A chat that cannot use the one it has names them once.
    env.write(
        &format!("{AGENT}/auth-state.json"),
        &json!({"version": 1, "profiles": {"anthropic:a": {"disabled": {"reason": "auth_permanent"}}}})
            .to_string(),
    );
    let refused = env.fased(["chat", "hi"]);
    let stderr = &refused.exits(3).stderr;
    assert!(stderr.contains("left out by the order: anthropic:b, anthropic:c, anthropic:d\n"), "{stderr}");
    assert!(!stderr.contains("order set"), "{stderr}");
    // The command it names puts them all back.
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    env.fased(words).exits(0);
    let report = env.fased(["models", "status", "--json"]).json();
    assert!(!report["findings"].to_string().contains("left-out"));
}

#[test]
fn commands_of_a_fix_stand_on_lines_of_their_own_and_in_a_list() {
    let env = with_profiles(&json!({"anthropic:a": api_key("x3Qw"), "anthropic:b": api_key("y3Qw")}));
    let state = json!({"version": 1, "profiles": {
        "anthropic:a": {"disabled": {"reason": "billing", "until": at(3600)}}}});
    env.write(&format!("{AGENT}/auth-state.json"), &state.to_string());
    let command = "fased models auth cooldown clear anthropic:a";
    let report = env.fased(["models", "status", "--json"]).json();
    for place in [&report["findings"][0], &report["auth"]["unusableProfiles"][0]] {
        assert_eq!(place["commands"], json!([command]));
        assert!(place["fix"].as_str().unwrap().ends_with(command));
    }
    let shown = env.fased(["models", "status"]);
    assert!(shown.exits(0).stdout.lines().any(|line| line.trim() == command));
}

#[test]
fn a_provider_that_nothing_knows_is_refused() {
    let env = with_profiles(&json!({"anthropic:a": api_key("x3Qw")}));
    for arguments in [
        &["models", "status", "--probe", "--probe-provider", "nope"] as &[&str],
        &["models", "auth", "list", "--provider", "nope"],
        &["models", "auth", "order", "get", "--provider", "nope"],
    ] {
        let refused = env.fased(arguments.iter().copied());
        let stderr = &refused.exits(64).stderr;
        assert!(stderr.contains("known providers: anthropic"), "{stderr}");
    }
}
