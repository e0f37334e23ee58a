//! `fased gateway check`: a good gateway passes, and of one that breaks a rule exactly that rule is told.

use std::sync::Mutex;

use fased::gateway::check::Severity;
use fased::gateway::check::rules::RULES;
use serde_json::Value;

use crate::broken::{Broken, CLIENT_KEY};
use crate::support::{NOBODY, Output, Session, TestEnv, TestGateway, TestSandbox, key, snapshot};

/// Rules that cannot be broken alone: what else is told with them.
const ALSO: &[(&str, &[&str])] = &[
    ("stream.ping", &["upstream.comments"]),
    ("system.own", &["upstream.body", "upstream.system"]),
    ("cache.markers", &["upstream.body", "upstream.markers"]),
    ("upstream.system", &["system.own", "upstream.body"]),
    ("upstream.markers", &["upstream.body"]),
];

/// Checks of broken gateways that run at a time.
const AT_A_TIME: usize = 4;

fn broken(report: &Value) -> Vec<String> {
    let rules = report["rules"].as_array().unwrap();
    let is_broken = |rule: &&Value| matches!(rule["outcome"].as_str(), Some("fail" | "warning"));
    rules.iter().filter(is_broken).map(|rule| rule["id"].as_str().unwrap().to_owned()).collect()
}

/// With ports in the command line replaced, too.
fn tidy(env: &TestEnv, output: &Output) -> Output {
    Output { line: env.clean(output.line.as_bytes()), ..output.clone() }
}

#[test]
fn a_broken_rule_is_told_and_no_other() {
    let (rules, wrong) = (Mutex::new(RULES.iter()), Mutex::new(Vec::new()));
    let check = |id: &'static str| {
        let sandbox = TestSandbox::start();
        let gateway = Broken::start(id, &sandbox.url());
        let env = TestEnv::new();
        let checked = env.fased([
            "gateway",
            "check",
            &gateway.url,
            "--key",
            CLIENT_KEY,
            "--sandbox",
            &sandbox.url(),
            "--json",
        ]);
        let also = ALSO.iter().find(|(rule, _)| *rule == id).map_or(&[] as &[&str], |(_, also)| also);
        let mut expected: Vec<&str> = [id].into_iter().chain(also.iter().copied()).collect();
        expected.sort_unstable_by_key(|id| RULES.iter().position(|rule| rule.id == *id));
        let must = |id: &&str| RULES.iter().any(|rule| rule.id == *id && rule.severity == Severity::Must);
        let code = Some(i32::from(expected.iter().any(must)));
        let found = broken(&checked.json());
        if found != expected || checked.code != code {
            wrong.lock().unwrap().push(format!("{id}: {found:?}, exit code {:?}", checked.code));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                loop {
                    let next = rules.lock().unwrap().next();
                    let Some(rule) = next else { return };
                    check(rule.id);
                }
            });
        }
    });
    assert_eq!(*wrong.lock().unwrap(), [""; 0]);
}

#[test]
fn a_gateway_that_keeps_all_rules_passes() {
    let sandbox = TestSandbox::start();
    let gateway = Broken::start("none", &sandbox.url());
    let env = TestEnv::new();
    let checked = env.command(["gateway", "check", &gateway.url, "--sandbox", &sandbox.url()]);
    let checked = checked.set("COLUMNS", "80").set("FASED_GATEWAY_KEY", CLIENT_KEY).run();
    snapshot!("gateway_check_passed", tidy(&env, checked.exits(0)));
    assert!(!checked.stdout.contains("not checked:"), "{checked}");
}

#[test]
fn the_sandbox_passes_with_a_key_and_with_a_token() {
    let sandbox = TestSandbox::start();
    for credential in [key("one", "x3Qw"), crate::support::token("one", "77aa")] {
        let env = TestEnv::new();
        let checked = env.fased([
            "gateway",
            "check",
            &sandbox.url(),
            "--key",
            &credential,
            "--sandbox",
            &sandbox.url(),
            "--json",
        ]);
        let report = checked.exits(0).json();
        assert_eq!((&report["failed"], &report["warnings"]), (&0.into(), &0.into()), "{checked}");
    }
}

#[test]
fn failures_say_what_showed_them_and_what_does_not_work() {
    let sandbox = TestSandbox::start();
    let gateway = Broken::start("errors.body", &sandbox.url());
    let env = TestEnv::new();
    let run = |arguments: &[&str]| {
        let all = ["gateway", "check", &gateway.url].into_iter().chain(arguments.iter().copied());
        env.command(all).set("COLUMNS", "80").stdin(format!("{CLIENT_KEY}\n")).run()
    };
    snapshot!("gateway_check_failed", tidy(&env, run(&["--key-stdin"]).exits(1)));
    let refused = run(&["--key", "fased-ck-sandbox-of-nobody"]);
    snapshot!("gateway_check_refused", tidy(&env, refused.exits(1)));
    let json = run(&["--key-stdin", "--json", "--model", "claude-opus-5"]);
    let mut report = json.exits(1).json();
    assert_eq!(report["model"], "claude-opus-5");
    // One of each outcome, and what differs from run to run taken out.
    let ids = ["models.list", "errors.body", "upstream.body"];
    report["rules"].as_array_mut().unwrap().retain(|rule| ids.iter().any(|id| rule["id"] == *id));
    let report = serde_json::to_string_pretty(&report).unwrap();
    snapshot!("gateway_check_json", env.clean(report.as_bytes()));
}

#[test]
fn what_cannot_be_checked_is_told_with_a_way_on() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::new();
    let mut session = Session::default();
    let url = sandbox.url();
    let anthropics = key("one", "x3Qw");
    let mut add = |arguments: &[&str], code: i32| {
        let arguments = ["gateway", "check"].into_iter().chain(arguments.iter().copied());
        let output = env.command(arguments).set("FASED_GATEWAY_PORT", "1").run();
        session.add(tidy(&env, output.exits(code)));
    };
    add(&[], 5);
    add(&[NOBODY, "--key", CLIENT_KEY], 5);
    add(&[NOBODY, "--json"], 5);
    add(&[&url], 64);
    add(&["gateway.example.com"], 64);
    add(&["http://gateway.example.com", "--json"], 64);
    add(&[&url, "--key", &anthropics, "--sandbox", NOBODY], 5);
    add(&[&url, "--key", " "], 64);
    add(&[&url, "--key", "a", "--key-stdin"], 64);
    snapshot!("gateway_check_impossible", session);
}

#[test]
fn a_key_of_anthropics_in_the_environment_is_not_sent_to_a_gateway() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::new();
    let real = format!("sk-ant-api03-FAKE-{}-x3Qw", "0".repeat(70));
    let refused = env.command(["gateway", "check", &sandbox.url()]).set("ANTHROPIC_API_KEY", &real).run();
    snapshot!("gateway_check_foreign_key", tidy(&env, refused.exits(64)));
    assert!(sandbox.requests().iter().all(|request| request.header("x-api-key").is_none()));
}

#[test]
fn our_own_gateway_keeps_every_rule() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    let added = env.fased(["gateway", "keys", "add", "checks", "--json"]);
    let client_key = added.exits(0).json()["key"].as_str().unwrap().to_owned();
    let gateway = TestGateway::start(&env);
    env.set("FASED_GATEWAY_KEY", &client_key);
    // The gateway that runs here is found without its address.
    let checked = env.fased(["gateway", "check", "--sandbox", &sandbox.url(), "--json"]);
    let report = checked.exits(0).json();
    assert_eq!(report["url"], env.clean(gateway.url().as_bytes()));
    assert_eq!(
        (&report["warnings"], &report["skipped"]),
        (&0.into(), &0.into()),
        "{checked}\n{}",
        gateway.log()
    );
}
