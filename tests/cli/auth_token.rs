//! `fased models auth token`: a secret alone on stdout, fit for other programs.

use serde_json::json;

use crate::support::{NOBODY, NOW, Session, TestEnv, TestSandbox, key, snapshot, token};

const TOKEN: [&str; 3] = ["models", "auth", "token"];

fn of<'a>(more: &[&'a str]) -> Vec<&'a str> {
    TOKEN.into_iter().chain(more.iter().copied()).collect()
}

/// Milliseconds since 1970, so many seconds after the time tests run at.
fn at(seconds: i64) -> i64 {
    NOW.parse::<jiff::Timestamp>().unwrap().as_millisecond() + seconds * 1000
}

fn with(profiles: &serde_json::Value) -> TestEnv {
    let env = TestEnv::new();
    env.write(
        "agents/main/agent/auth-profiles.json",
        &json!({"version": 1, "profiles": profiles}).to_string(),
    );
    env
}

#[test]
fn a_key_comes_bare_as_header_as_shell_line_and_as_document() {
    let env = with(
        &json!({"anthropic:default": {"type": "api_key", "provider": "anthropic", "key": key("a", "x3Qw")}}),
    );
    let before = env.contents();
    let mut session = Session::default();
    for arguments in [&[] as &[&str], &["--header"], &["--env"], &["--json"]] {
        let run = env.fased(of(arguments));
        assert_eq!(run.exits(0).stderr, "", "{run}");
        session.add(run);
    }
    assert_eq!(env.fased(of(&[])).stdout, format!("{}\n", key("a", "x3Qw")));
    assert!(env.contents() == before, "printing changed something:\n{}", env.tree());
    snapshot!("auth_token_key", session);
}

#[test]
fn a_plan_token_comes_with_the_notice_once() {
    let env = with(&json!({"anthropic:manual": {"type": "token", "provider": "anthropic",
        "token": token("a", "77aa"), "expires": at(86_400 * 90)}}));
    let mut session = Session::default();
    for arguments in [&[] as &[&str], &["--header"], &["--env"], &["--json"]] {
        session.add(env.fased(of(arguments)).exits(0));
    }
    snapshot!("auth_token_plan", session);
}

#[test]
fn a_pair_is_refreshed_when_it_must_be() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let url = sandbox.url();
    env.write(
        "fased.json",
        &format!(
            "{{ models: {{ providers: {{ anthropic: {{ oauth: {{ tokenUrl: '{url}/v1/oauth/token' }} }} }} }} }}"
        ),
    );
    let pair = json!({"type": "oauth", "provider": "anthropic", "access": token("old", "o1o1"), "expires": at(-60),
        "refresh": format!("sk-ant-ort01-sandbox-a-{}-r1r1", "0".repeat(70))});
    let store = json!({"version": 1, "profiles": {"anthropic:me": pair}});
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let first = env.fased(of(&["--json"])).exits(0).json();
    let stored = &env.store_json("main")["profiles"]["anthropic:me"];
    assert_eq!((&first["value"], &first["expiresAt"]), (&stored["access"], &stored["expires"]));
    assert_ne!(first["value"], token("old", "o1o1"));
    assert_eq!(env.fased(of(&[])).exits(0).stdout.trim_end(), first["value"]);
    assert_eq!(sandbox.refreshes(), 1);
    assert!(sandbox.requests().iter().all(|request| request.path == "/v1/oauth/token"));
}

#[test]
fn a_sign_in_that_cannot_be_refreshed_gives_way_only_to_one_the_same_account_pays() {
    let mut env = with(&json!({
        "anthropic:me": {"type": "oauth", "provider": "anthropic", "access": token("old", "o1o1"), "expires": at(-60),
            "refresh": format!("sk-ant-ort01-sandbox-a-{}-r1r1", "0".repeat(70))},
        "anthropic:key": {"type": "api_key", "provider": "anthropic", "key": key("a", "x3Qw")},
        "anthropic:manual": {"type": "token", "provider": "anthropic", "token": token("a", "77aa")},
    }));
    env.write(
        "fased.json",
        &format!("{{ models: {{ providers: {{ anthropic: {{ oauth: {{ tokenUrl: '{NOBODY}/v1/oauth/token' }} }} }} }} }}"),
    );
    env.set("ANTHROPIC_BASE_URL", NOBODY);
    let mut session = Session::default();
    session.add(env.fased(of(&[])).exits(0));
    session.add(env.fased(of(&["--profile", "anthropic:me"])).exits(5));
    session.add(env.fased(of(&["--profile", "anthropic:key"])).exits(0));
    snapshot!("auth_token_gives_way", session);
}

#[test]
fn nothing_to_print_is_told_as_for_a_request() {
    let mut env = TestEnv::new();
    env.write("fased.json", "{ agents: { list: [{ id: 'main', default: true }, { id: 'work' }] } }");
    let secret = key("misplaced", "x3Qw");
    let mut session = Session::default();
    for (code, arguments) in [
        (3, &[] as &[&str]),
        (3, &["--json"]),
        (3, &["--agent", "work"]),
        (3, &["--profile", "anthropic:gone"]),
        (64, &["--profile", "openrouter:x"]),
        (64, &["--profile", &secret]),
        (64, &["--provider", &secret]),
        (64, &["--provider", "openrouter", "--env"]),
        (64, &["--header", "--env"]),
        (64, &["--json", "--header"]),
    ] {
        let run = env.fased(of(arguments));
        if !arguments.contains(&"--json") {
            assert_eq!(run.stdout, "", "{run}");
        }
        session.add(run.exits(code));
    }
    env.set("ANTHROPIC_API_KEY", &key("env", "k2k2"));
    session.add(env.fased(of(&["--header"])).exits(0));
    session.add(env.fased(of(&["--json"])).exits(0));
    snapshot!("auth_token_nothing", session);
}

#[test]
fn a_value_a_shell_could_trip_over_is_quoted() {
    let env =
        with(&json!({"anthropic:odd": {"type": "token", "provider": "anthropic", "token": "it's $(odd)"}}));
    let run = env.fased(of(&["--env"]));
    assert_eq!(run.exits(0).stdout, "export ANTHROPIC_AUTH_TOKEN='it'\\''s $(odd)'\n");
}

#[test]
fn a_setup_token_tells_the_end_it_is_thought_to_have() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--token", &token("one", "77aa")]).exits(0);
    let document = env.fased(["models", "auth", "token", "--json"]).exits(0).json();
    let year = 365 * 24 * 3_600_000_i64;
    assert_eq!(document["expiresAt"], 1_780_315_200_000_i64 + year);
    assert_eq!(document["expiresEstimated"], true);
}
