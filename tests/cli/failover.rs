//! What `fased chat` does when a credential fails: who takes over, who pays then, and what is remembered of it.

use serde_json::{Value, json};

use crate::support::{Session, TestEnv, TestSandbox, key, snapshot, token};

const STATE: &str = "agents/main/agent/auth-state.json";

/// Profiles in this order, each with what its secret does in the sandbox; those named `plan...` hold a plan's token.
fn with(sandbox: &TestSandbox, profiles: &[(&str, &str)], config: &str) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    let entry = |name: &str, does: &str| {
        let part = format!("{name}-{does}");
        if name.starts_with("plan") {
            json!({ "type": "token", "provider": "anthropic", "token": token(&part, "77aa") })
        } else {
            json!({ "type": "api_key", "provider": "anthropic", "key": key(&part, "x3Qw") })
        }
    };
    let ids: Vec<String> = profiles.iter().map(|(name, _)| format!("anthropic:{name}")).collect();
    let entries: serde_json::Map<String, Value> =
        ids.iter().zip(profiles).map(|(id, (name, does))| (id.clone(), entry(name, does))).collect();
    let store = json!({ "version": 1, "profiles": entries, "order": { "anthropic": ids } });
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    env.write("fased.json", config);
    env
}

fn state(env: &TestEnv) -> Value {
    serde_json::from_slice(&std::fs::read(env.state(STATE)).unwrap()).unwrap()
}

#[test]
fn a_limited_credential_is_left_for_the_next_at_once_and_left_alone_meanwhile() {
    let sandbox = TestSandbox::start();
    let profiles =
        [("a", "fault-rate-limit-retry-after-47"), ("b", "fault-rate-limit-retry-after-90"), ("c", "")];
    let env = with(&sandbox, &profiles, "{}");
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(0));
    assert_eq!(sandbox.requests().len(), 3);
    session.add(env.fased(["chat", "hi"]).exits(0));
    assert_eq!(sandbox.requests().len(), 4, "a credential in cooldown was asked");
    session.add(env.fased(["models", "auth", "cooldown", "list"]).exits(0));
    // Limits are per class of models.
    session.add(env.fased(["chat", "hi", "--model", "anthropic/claude-haiku-4-5", "--json"]).exits(0));
    snapshot!("failover_limited", session);
}

#[test]
fn a_recovered_credential_is_used_again() {
    let sandbox = TestSandbox::start();
    let mut env = with(&sandbox, &[("a", "fault-rate-limit-times-1"), ("b", "")], "{}");
    env.fased(["chat", "hi"]).exits(0);
    env.set("FASED_NOW", "2026-06-01T12:01:00Z");
    let receipt = env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"].clone();
    assert_eq!(receipt["profileId"], "anthropic:a");
    assert_eq!(state(&env)["profiles"]["anthropic:a"]["errorCount"], Value::Null);
}

#[test]
fn the_receipt_names_what_failed_before() {
    let sandbox = TestSandbox::start();
    let env = with(&sandbox, &[("a", "fault-rate-limit-retry-after-47"), ("b", "")], "{}");
    let receipt = env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"].clone();
    assert_eq!(receipt["profileId"], "anthropic:b");
    assert_eq!(
        receipt["failedAttempts"],
        json!([{ "credential": "anthropic:a", "billing": "api", "model": "anthropic/claude-sonnet-5",
            "reason": "rate_limit", "until": 1_780_315_200_000_i64 + 47_000 }])
    );
}

#[test]
fn a_change_of_who_pays_is_said_or_forbidden_as_configured() {
    let sandbox = TestSandbox::start();
    let profiles = [("plan", "fault-rate-limit"), ("key", "")];
    let mut session = Session::default();
    for (policy, code) in [("notice", 0), ("allow", 0), ("stop", 4)] {
        let env = with(&sandbox, &profiles, &format!("{{ auth: {{ crossBilling: '{policy}' }} }}"));
        env.write(
            "notices.json",
            r#"{"shown":{"plan-credentials":{"date":"2026-08-22","at":"2026-05-01T00:00:00Z"}}}"#,
        );
        session.add(format!("# auth.crossBilling: {policy}"));
        session.add(env.fased(["chat", "hi"]).exits(code));
        if policy != "stop" {
            // The one that is cooling down would have paid, so it is said again.
            session.add(env.fased(["chat", "hi"]).exits(0));
        }
    }
    snapshot!("failover_cross_billing", session);
}

#[test]
fn what_passes_by_itself_is_tried_again_and_leaves_no_trace() {
    let sandbox = TestSandbox::start();
    for fault in ["overloaded", "api-error", "overloaded-in-stream", "cut-before"] {
        let env = with(&sandbox, &[("a", &format!("fault-{fault}-times-1"))], "{}");
        let output = env.fased(["chat", "hi"]);
        output.exits(0);
        assert!(output.stderr.contains("trying again in "), "{output}");
        let remembered = state(&env)["profiles"]["anthropic:a"].clone();
        assert_eq!(
            (&remembered["cooldowns"], &remembered["disabled"]),
            (&Value::Null, &Value::Null),
            "{fault}"
        );
    }
}

#[test]
fn a_wrong_request_is_told_at_once_and_leaves_no_trace() {
    let sandbox = TestSandbox::start();
    let config =
        "{ models: { providers: { anthropic: { headers: { 'anthropic-version': '1999-01-01' } } } } }";
    let env = with(&sandbox, &[("a", ""), ("b", "")], config);
    let before = sandbox.requests().len();
    let output = env.fased(["chat", "hi"]);
    output.exits(4);
    assert_eq!(sandbox.requests().len(), before + 1, "a wrong request was sent twice: {output}");
    assert!(!env.state(STATE).exists(), "{}", state(&env));
}

#[test]
fn the_fallback_models_are_asked_in_their_order() {
    let sandbox = TestSandbox::start();
    let config = "{ agents: { defaults: { model: { primary: 'anthropic/claude-nosuch-9',
        fallbacks: ['anthropic/claude-nosuch-8', 'anthropic/claude-haiku-4-5', 'anthropic/claude-sonnet-5'] } } } }";
    let env = with(&sandbox, &[("a", "")], config);
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(0));
    session.add(env.fased(["chat", "hi", "--json"]).exits(0));
    snapshot!("failover_models", session);
}

#[test]
fn a_model_whose_credentials_are_all_limited_hands_over_to_the_next_model() {
    let sandbox = TestSandbox::start();
    let config = "{ agents: { defaults: { model: { primary: 'anthropic/claude-sonnet-5',
        fallbacks: ['anthropic/claude-haiku-4-5'] } } } }";
    let env = with(&sandbox, &[("a", "fault-rate-limit-times-1")], config);
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(0));
    // Now the primary has nothing to be asked with from the start.
    session.add(env.fased(["chat", "hi"]).exits(0));
    // A profile that was named goes with its model alone.
    session.add(env.fased(["chat", "hi", "--model", "anthropic/claude-sonnet-5@anthropic:a"]).exits(3));
    snapshot!("failover_next_model", session);
}

#[test]
fn an_answer_that_has_begun_is_never_begun_again() {
    let sandbox = TestSandbox::start();
    for fault in ["error-after-text", "cut-inside"] {
        let env = with(&sandbox, &[("a", &format!("fault-{fault}")), ("b", "")], "{}");
        let before = sandbox.requests().len();
        let output = env.fased(["chat", "hi"]);
        assert_ne!(output.code, Some(0), "{output}");
        assert_eq!(sandbox.requests().len(), before + 1, "{output}");
        assert!(output.stderr.contains("the answer is not complete"), "{output}");
    }
}

#[test]
fn a_revoked_credential_is_not_tried_again_until_it_is_replaced() {
    let sandbox = TestSandbox::start();
    let mut env = with(&sandbox, &[("a", "fault-revoked"), ("b", "")], "{}");
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(0));
    env.set("FASED_NOW", "2026-07-15T12:00:00Z");
    session.add(env.fased(["chat", "hi"]).exits(0));
    session.add(env.fased(["models", "status"]).exits(0));
    env.fased(["onboard", "--anthropic-api-key", &key("new", "k2k2"), "--profile-id", "anthropic:a"])
        .exits(0);
    let receipt = env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"].clone();
    assert_eq!(receipt["profileId"], "anthropic:a");
    snapshot!("failover_revoked", session);
}

#[test]
fn an_account_without_credit_is_tried_again_now_and_then() {
    let sandbox = TestSandbox::start();
    let mut env = with(&sandbox, &[("a", "fault-billing-times-2"), ("b", "")], "{}");
    let used = |env: &TestEnv| {
        env.fased(["chat", "hi", "--json"]).exits(0).json()["receipt"]["profileId"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(used(&env), "anthropic:b");
    env.set("FASED_NOW", "2026-06-01T12:04:00Z");
    assert_eq!(used(&env), "anthropic:b");
    // The second trial of the account is the one that works.
    env.set("FASED_NOW", "2026-06-01T12:05:00Z");
    assert_eq!(used(&env), "anthropic:b");
    env.set("FASED_NOW", "2026-06-01T12:10:00Z");
    assert_eq!(used(&env), "anthropic:a");
    assert_eq!(used(&env), "anthropic:a");
}

#[test]
fn a_pair_refused_before_its_end_is_renewed_once_and_the_request_sent_again() {
    let sandbox = TestSandbox::start();
    let url = sandbox.url();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write(
        "fased.json",
        &format!("{{ models: {{ providers: {{ anthropic: {{ oauth: {{ tokenUrl: '{url}/v1/oauth/token' }} }} }} }} }}"),
    );
    let store = json!({ "version": 1, "profiles": { "anthropic:me@example.com": {
        "type": "oauth", "provider": "anthropic", "access": token("refused-fault-auth", "9f2K"),
        "refresh": format!("sk-ant-ort01-sandbox-good-{}", "0".repeat(60)),
        "expires": 1_780_315_200_000_i64 + 3_600_000,
    } } });
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(sandbox.refreshes(), 1);
    let remembered = state(&env)["profiles"]["anthropic:me@example.com"].clone();
    assert_eq!(remembered["cooldowns"], Value::Null, "{remembered}");
}

#[test]
fn the_environment_steps_in_last_where_the_config_lets_it() {
    let sandbox = TestSandbox::start();
    let mut env = with(&sandbox, &[("a", "fault-rate-limit")], "{ auth: { env: 'overflow' } }");
    env.set("ANTHROPIC_API_KEY", &key("env", "e1e1"));
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(["chat", "hi"]).exits(0));
    snapshot!("failover_env", session);
}

#[test]
fn whoever_names_a_profile_that_an_order_leaves_out_still_gets_no_worthless_one() {
    let sandbox = TestSandbox::start();
    let env = with(&sandbox, &[("a", ""), ("b", "fault-revoked")], "{}");
    let mut store = env.store_json("main");
    store["order"]["anthropic"] = json!(["anthropic:a"]);
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let pinned = ["chat", "hi", "--model", "anthropic/claude-sonnet-5@anthropic:b"];
    env.fased(pinned).exits(4);
    let asked = sandbox.requests().len();
    env.fased(pinned).exits(3);
    assert_eq!(sandbox.requests().len(), asked, "a revoked key was sent again");
}

#[test]
fn fallback_models_are_not_asked_with_a_credential_that_was_just_refused() {
    let sandbox = TestSandbox::start();
    let models = "{ agents: { defaults: { model: { primary: 'anthropic/claude-opus-4-8', \
        fallbacks: ['anthropic/claude-sonnet-5', 'anthropic/claude-haiku-4-5'] } } } }";
    let env = with(&sandbox, &[("a", "fault-revoked")], models);
    let output = env.fased(["chat", "hi"]);
    output.exits(4);
    assert_eq!(sandbox.requests().len(), 1, "{output}");
}

#[test]
fn a_failure_of_a_replaced_secret_is_not_charged_to_the_new_one() {
    let sandbox = TestSandbox::start();
    let env = with(&sandbox, &[("a", "fault-revoked-delay-1000ms")], "{}");
    let slow = env.command(["chat", "hi"]).start();
    while sandbox.requests().is_empty() {
        std::thread::yield_now();
    }
    env.fased(["onboard", "--anthropic-api-key", &key("new", "k2k2"), "--profile-id", "anthropic:a"])
        .exits(0);
    slow.finish().exits(4);
    env.fased(["chat", "hi"]).exits(0);
}

#[test]
fn a_forbidden_change_of_who_pays_is_forbidden_to_everything_that_chooses() {
    let sandbox = TestSandbox::start();
    let profiles = [("plan", "fault-rate-limit-retry-after-90"), ("key", "")];
    let mut env = with(&sandbox, &profiles, "{ auth: { crossBilling: 'stop', env: 'overflow' } }");
    env.set("ANTHROPIC_API_KEY", &key("env", "e5e5"));
    env.fased(["chat", "hi"]).exits(4);
    let asked = sandbox.requests().len();
    for command in [&["chat", "hi"][..], &["models", "auth", "token"]] {
        let output = env.fased(command.iter().copied());
        output.exits(3);
        for part in ["auth.crossBilling", "anthropic:key", "ANTHROPIC_API_KEY", "cooling down "] {
            assert!(output.stderr.contains(part), "{part}: {output}");
        }
        assert_eq!(output.stdout, "");
    }
    assert_eq!(sandbox.requests().len(), asked);
    env.fased(["models", "status", "--check"]).exits(1);
    let status = env.fased(["models", "status", "--json"]).exits(0).json();
    assert_eq!(status["auth"]["providers"][0]["next"], Value::Null, "{status}");
    // Whoever names it means it.
    env.fased(["models", "auth", "token", "--profile", "anthropic:key"]).exits(0);
    env.set("FASED_NOW", "2026-06-01T12:02:00Z");
    env.fased(["models", "status", "--check"]).exits(0);
}

#[test]
fn a_credential_without_the_long_window_is_asked_without_it_from_then_on() {
    let sandbox = TestSandbox::start();
    let config = "{ agents: { defaults: { model: 'anthropic/claude-opus-4-7', models: {\n  \
                  'anthropic/claude-opus-4-7': { params: { context1m: true } },\n} } } }\n";
    let mut session = Session::default();
    for fault in ["long-context-plan", "long-context-credits", "long-context-usage", "long-context-beta"] {
        let env = TestEnv::with_sandbox(&sandbox);
        env.write("fased.json", config);
        env.fased(["onboard", "--anthropic-api-key", &key(&format!("fault-{fault}"), "x3Qw")]).exits(0);
        session.add(format!("# {fault}"));
        let before = sandbox.requests().len();
        session.add(env.fased(["chat", "hi"]).exits(0));
        let betas =
            |at: usize| sandbox.requests()[at].header("anthropic-beta").unwrap_or_default().to_owned();
        assert!(betas(before).contains("context-1m-2025-08-07"));
        assert!(!betas(before + 1).contains("context-1m"));
        // What was refused is not asked for again, and nobody has to hear of it twice.
        let again = env.fased(["chat", "hi again", "--json"]);
        assert_eq!(again.exits(0).stderr, "");
        assert_eq!(again.json()["receipt"]["context1mLeftOut"], true);
        assert_eq!(sandbox.requests().len(), before + 3);
        assert!(!betas(before + 2).contains("context-1m"));
        if fault == "long-context-plan" {
            session.add(std::fs::read_to_string(env.state("agents/main/agent/auth-state.json")).unwrap());
            session.add(env.fased(["models", "explain"]).exits(0));
            session.add(env.fased(["models", "auth", "cooldown", "list"]).exits(0));
            session.add(env.fased(["models", "auth", "cooldown", "clear", "--all"]).exits(0));
            env.fased(["chat", "hi", "--json"]).exits(0);
            assert!(betas(before + 3).contains("context-1m-2025-08-07"));
        }
    }
    snapshot!("failover_long_context", session);
}
