//! OAuth pairs over their whole life: refreshed once for all agents, kept through kills and lost replies,
//! and never deleted.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Session, TestEnv, TestSandbox, snapshot, token};

const ID: &str = "anthropic:me@example.com";
/// A minute before the time of day of all tests, in milliseconds.
const ENDED: i64 = 1_780_315_200_000 - 60_000;

/// An environment whose sign-ins come from the sandbox.
fn env(sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    let url = sandbox.url();
    env.write(
        "fased.json",
        &format!("{{ models: {{ providers: {{ anthropic: {{ oauth: {{ tokenUrl: '{url}/v1/oauth/token' }} }} }} }} }}"),
    );
    env
}

/// A pair that has ended; `part` may ask for faults of the token endpoint.
fn pair(part: &str) -> Value {
    json!({
        "type": "oauth", "provider": "anthropic", "email": "me@example.com", "note": "kept",
        "access": token("old", "9f2K"),
        "refresh": format!("sk-ant-ort01-sandbox-{part}-{}", "0".repeat(60)),
        "expires": ENDED,
    })
}

fn store(env: &TestEnv, agent: &str, profiles: &Value) {
    let text = json!({ "version": 1, "profiles": profiles }).to_string();
    env.write(&format!("agents/{agent}/agent/auth-profiles.json"), &text);
}

fn with_pair(sandbox: &TestSandbox, part: &str) -> TestEnv {
    let env = env(sandbox);
    store(&env, "main", &json!({ ID: pair(part) }));
    env
}

fn stored(env: &TestEnv, agent: &str) -> Value {
    env.store_json(agent)["profiles"][ID].clone()
}

fn journals(env: &TestEnv) -> usize {
    env.tree().lines().filter(|line| line.contains("refresh-journal")).count()
}

fn outcomes(sandbox: &TestSandbox) -> Vec<&'static str> {
    let requests = sandbox.requests().into_iter();
    requests
        .filter(|request| request.path == "/v1/oauth/token")
        .filter_map(|request| request.outcome)
        .collect()
}

#[test]
fn an_ended_token_is_refreshed_before_the_request_and_the_rest_of_the_entry_stays() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "one");
    let before = stored(&env, "main");
    env.fased(["chat", "hi"]).exits(0);
    env.fased(["chat", "hi again"]).exits(0);
    assert_eq!(sandbox.refreshes(), 1);
    let after = stored(&env, "main");
    assert_ne!(after["access"], before["access"]);
    assert_ne!(after["refresh"], before["refresh"]);
    assert_eq!(after["expires"], ENDED + 60_000 + 8 * 3_600_000);
    assert_eq!((&after["note"], &after["email"]), (&before["note"], &before["email"]));
    assert_eq!(journals(&env), 0, "{}", env.tree());
}

#[test]
fn one_refresh_serves_all_agents_that_hold_the_same_pair() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "shared");
    env.write(
        "fased.json",
        &std::fs::read_to_string(env.state("fased.json")).unwrap().replacen(
            '{',
            "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] },",
            1,
        ),
    );
    let mut other = pair("other");
    other["expires"] = (ENDED + 3_600_000).into();
    store(&env, "work", &json!({ "anthropic:copy": pair("shared"), "anthropic:other": other }));
    let herd: Vec<_> = (0..16)
        .map(|n| env.command(["chat", "hi", "--agent", if n % 2 == 0 { "main" } else { "work" }]))
        .map(|command| command.start())
        .collect();
    for process in herd {
        process.finish().exits(0);
    }
    let work = env.store_json("work")["profiles"].clone();
    assert_eq!(work["anthropic:copy"]["refresh"], stored(&env, "main")["refresh"]);
    assert_eq!(work["anthropic:other"], other);
    assert_eq!(outcomes(&sandbox), ["granted"]);
}

#[test]
fn a_slow_refresh_hinders_no_writer_of_the_store() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "slow-delay-5000ms");
    let mut chat = env.command(["chat", "hi"]).start();
    while sandbox.refreshes() == 0 {
        assert!(!chat.has_ended());
        std::thread::yield_now();
    }
    env.fased(["onboard", "--token", &token("new", "77aa"), "--profile-id", "anthropic:manual"]).exits(0);
    assert!(!chat.has_ended(), "the writer waited for the refresh");
    chat.finish().exits(0);
    let profiles = env.store_json("main")["profiles"].clone();
    assert_ne!(profiles[ID]["refresh"], pair("slow-delay-5000ms")["refresh"]);
    assert_eq!(profiles["anthropic:manual"]["type"], "token");
}

#[test]
fn ctrl_c_does_not_lose_a_pair_that_is_under_way() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "interrupted-delay-500ms");
    let chat = env.command(["chat", "hi"]).start();
    while sandbox.refreshes() == 0 {
        std::thread::yield_now();
    }
    chat.signal(Signal::INT);
    chat.finish().exits(130);
    assert_ne!(stored(&env, "main")["refresh"], pair("interrupted-delay-500ms")["refresh"]);
    assert_eq!(journals(&env), 0);
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(sandbox.refreshes(), 1);
}

#[test]
fn a_lost_reply_is_told_as_such_and_nothing_is_deleted() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "fault-lost-reply-times-1");
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(5));
    assert_eq!(journals(&env), 1, "{}", env.tree());
    session.add(env.fased(["chat", "hi"]).exits(3));
    session.add(env.fased(["chat", "hi", "--json"]).exits(3));
    session.add(env.fased(["models", "status"]).exits(0));
    env.fased(["models", "status", "--check"]).exits(1);
    assert_eq!(sandbox.refreshes(), 2, "a refused token was sent again");
    assert_eq!(stored(&env, "main"), pair("fault-lost-reply-times-1"));
    assert_eq!(journals(&env), 0, "{}", env.tree());
    snapshot!("refresh_lost_reply", session);
}

#[test]
fn a_refused_refresh_token_is_kept_and_not_sent_again() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "fault-invalid-grant");
    let mut session = Session::default();
    session.add(env.fased(["chat", "hi"]).exits(3));
    env.fased(["chat", "hi"]).exits(3);
    session.add(env.fased(["models", "status"]).exits(0));
    assert_eq!(sandbox.refreshes(), 1);
    assert_eq!(stored(&env, "main"), pair("fault-invalid-grant"));
    snapshot!("refresh_refused", session);
}

#[test]
fn an_endpoint_that_fails_for_a_moment_costs_nothing() {
    let sandbox = TestSandbox::start();
    for fault in ["overloaded", "rate-limit"] {
        let env = with_pair(&sandbox, &format!("{fault}-fault-{fault}-times-1"));
        let failed = env.fased(["chat", "hi"]);
        failed.exits(4);
        assert!(failed.stderr.contains("the credential is kept"), "{failed}");
        assert_eq!(journals(&env), 0, "{}", env.tree());
        env.fased(["chat", "hi"]).exits(0);
    }
}

#[test]
fn a_reply_that_makes_no_sense_may_have_used_up_the_token() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "fault-token-html-times-1");
    env.fased(["chat", "hi"]).exits(5);
    assert_eq!(journals(&env), 1, "{}", env.tree());
    // The sandbox had not used it up.
    let second = env.fased(["chat", "hi"]);
    assert!(matches!(second.code, Some(0 | 3)), "{second}");
    assert_eq!(journals(&env), 0, "{}", env.tree());
}

#[test]
fn a_reply_without_a_refresh_token_keeps_the_old_one() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "fault-no-rotation");
    env.fased(["chat", "hi"]).exits(0);
    let after = stored(&env, "main");
    assert_eq!(after["refresh"], pair("fault-no-rotation")["refresh"]);
    assert_ne!(after["access"], pair("fault-no-rotation")["access"]);
}

#[test]
fn nothing_is_sent_when_the_journal_cannot_be_written() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "blocked");
    // A directory where the lock's directory would be made keeps every user out, the superuser included.
    env.write("locks", "not a directory");
    let failed = env.fased(["chat", "hi"]);
    failed.exits(1);
    assert_eq!(sandbox.refreshes(), 0);
    assert_eq!(stored(&env, "main"), pair("blocked"));
}

#[test]
fn a_pair_of_an_older_program_is_refreshed_into_the_store_and_its_file_stays() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    let legacy = json!({ "anthropic": pair("legacy") }).to_string();
    env.write("credentials/oauth.json", &legacy);
    env.fased(["chat", "hi"]).exits(0);
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(sandbox.refreshes(), 1);
    assert_eq!(std::fs::read_to_string(env.state("credentials/oauth.json")).unwrap(), legacy);
    assert_ne!(env.store_json("main")["profiles"]["anthropic:default"]["refresh"], pair("legacy")["refresh"]);
}

#[test]
fn a_failure_of_something_on_the_way_may_have_used_up_the_token() {
    let sandbox = TestSandbox::start();
    for fault in ["api-error", "timeout-error"] {
        let env = with_pair(&sandbox, &format!("{fault}-fault-{fault}-times-1"));
        env.fased(["chat", "hi"]).exits(4);
        assert_eq!(journals(&env), 1, "{}", env.tree());
        env.fased(["chat", "hi"]).exits(0);
        assert_eq!(journals(&env), 0, "{}", env.tree());
    }
}

#[test]
fn a_pair_that_is_renamed_while_it_is_refreshed_is_not_lost() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "renamed-delay-1000ms");
    let chat = env.command(["chat", "hi"]).start();
    while sandbox.refreshes() == 0 {
        std::thread::yield_now();
    }
    env.fased(["models", "auth", "rename", ID, "anthropic:new"]).exits(0);
    chat.finish();
    let renamed = env.store_json("main")["profiles"]["anthropic:new"].clone();
    assert_ne!(renamed["refresh"], pair("renamed-delay-1000ms")["refresh"]);
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(sandbox.refreshes(), 1);
}

#[test]
fn a_pair_of_another_provider_never_goes_to_anthropics_endpoint() {
    let sandbox = TestSandbox::start();
    let env = env(&sandbox);
    let url = sandbox.url();
    let oauth = format!("{{ tokenUrl: '{url}/v1/oauth/token', clientId: 'acme' }}");
    env.write(
        "fased.json",
        &format!(
            "{{ models: {{ providers: {{ anthropic: {{ oauth: {oauth} }}, acme: {{ baseUrl: '{url}', oauth: {oauth} }} }} }} }}"
        ),
    );
    let mut other = pair("acme");
    other["provider"] = "acme".into();
    store(&env, "main", &json!({ "acme:o": other }));
    env.fased(["chat", "hi", "--model", "acme/some-model"]).exits(3);
    assert_eq!(sandbox.requests().len(), 0, "{:?}", sandbox.requests());
}
