//! `fased usage`, and the ledger it reads: a row for every request, whatever became of it, whoever else was writing.

use std::time::Duration;

use rusqlite::Connection;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{NOBODY, Session, TestEnv, TestSandbox, key, snapshot, token};

fn stores_a_key(env: &TestEnv, part: &str) {
    env.fased(["onboard", "--anthropic-api-key", &key(part, "x3Qw")]).exits(0);
}

/// The totals of `fased usage`.
fn totals(env: &TestEnv) -> Value {
    let output = env.fased(["usage", "--json"]);
    output.exits(0);
    output.json()["totals"].clone()
}

/// A column of the ledger, oldest row first.
fn column(env: &TestEnv, name: &str) -> Vec<Value> {
    let ledger = Connection::open(env.state("usage.db")).unwrap();
    let mut select = ledger.prepare(&format!("SELECT {name} FROM requests ORDER BY id")).unwrap();
    let values = select
        .query_map([], |row| {
            Ok(match row.get(0)? {
                rusqlite::types::Value::Integer(number) => Value::from(number),
                rusqlite::types::Value::Text(text) => Value::from(text),
                _ => Value::Null,
            })
        })
        .unwrap();
    values.map(Result::unwrap).collect()
}

/// A long system prompt, which the sandbox keeps in its cache.
fn handbook() -> String {
    (1..=200).map(|n| format!("Rule {n}: answer shortly and name the source.\n")).collect()
}

/// Some weeks of use by two agents, three models, a key, a token and the environment.
fn used(sandbox: &TestSandbox) -> TestEnv {
    let mut env = TestEnv::with_sandbox(sandbox);
    env.set("TZ", "UTC");
    stores_a_key(&env, "one");
    env.fased(["agents", "add", "work"]).exits(0);
    env.fased(["onboard", "--agent", "work", "--token", &token("plan", "77aa")]).exits(0);
    let handbook = handbook();
    let ask = |at: &str, arguments: &[&str]| {
        let words = ["chat", "--system", &handbook, "What is kept?"];
        env.command(words.into_iter().chain(arguments.iter().copied())).set("FASED_NOW", at).run().exits(0);
    };
    ask("2026-05-20T09:00:00Z", &[]);
    ask("2026-05-20T09:01:00Z", &[]);
    ask("2026-05-20T23:30:00Z", &["--model", "anthropic/claude-opus-5"]);
    ask("2026-05-31T08:00:00Z", &["--model", "anthropic/claude-haiku-4-5"]);
    ask("2026-06-01T10:00:00Z", &[]);
    ask("2026-06-01T11:00:00Z", &["--agent", "work"]);
    env
}

#[test]
fn before_the_first_request_it_says_how_to_make_one_and_writes_nothing() {
    let mut env = TestEnv::new();
    env.set("TZ", "UTC");
    let mut session = Session::default();
    session.add(env.fased(["usage"]).exits(0));
    session.add(env.fased(["usage", "--agent", "work", "--since", "today"]).exits(0));
    session.add(env.fased(["usage", "--json"]).exits(0));
    session.add(env.fased(["usage", "--csv"]).exits(0));
    assert_eq!(env.tree(), "");
    snapshot!("usage_nothing", session);
}

#[test]
fn requests_are_added_up_by_what_is_asked_for() {
    let sandbox = TestSandbox::start();
    let env = used(&sandbox);
    let mut session = Session::default();
    for arguments in [
        &["usage"] as &[&str],
        &["usage", "--by", "model"],
        &["usage", "--by", "agent"],
        &["usage", "--by", "profile", "--since", "7d"],
        &["usage", "--by", "session", "--agent", "main"],
        &["usage", "--since", "2026-05-20", "--until", "2026-05-20", "--csv"],
        &["usage", "--since", "today", "--by", "model", "--json"],
        &["usage", "--since", "2026-04-01", "--until", "2026-04-30"],
    ] {
        session.add(env.fased(arguments.iter().copied()).exits(0));
    }
    snapshot!("usage_by", session);
}

#[test]
fn it_fits_the_terminal() {
    let sandbox = TestSandbox::start();
    let env = used(&sandbox);
    let mut session = Session::default();
    for (width, locale) in [("60", "C"), ("60", "en_US.UTF-8"), ("80", "en_US.UTF-8"), ("200", "en_US.UTF-8")]
    {
        for by in ["day", "profile"] {
            let run = env.command(["usage", "--by", by]).set("COLUMNS", width).set("LANG", locale).run();
            run.exits(0);
            let widest = run.stdout.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width.parse().unwrap(), "{widest} columns in {width}\n{run}");
            session.add(format!("# {width} columns, {locale}"));
            session.add(run);
        }
    }
    snapshot!("usage_widths", session);
}

#[test]
fn days_are_those_of_the_time_zone() {
    let sandbox = TestSandbox::start();
    let env = used(&sandbox);
    let mut session = Session::default();
    for zone in ["XYZ-3", ":UTC", "Middle/Earth"] {
        session.add(format!("# TZ={zone}"));
        session.add(
            env.command(["usage", "--since", "2026-05-20", "--until", "2026-05-21"]).set("TZ", zone).run(),
        );
    }
    snapshot!("usage_time_zone", session);
}

#[test]
fn the_ledger_says_what_the_receipt_says() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    stores_a_key(&env, "one");
    let receipts: Vec<Value> = (0..2)
        .map(|_| env.fased(["chat", "--json", "--system", &handbook(), "hi"]).json()["receipt"].clone())
        .collect();
    for (name, pointer) in [
        ("input_tokens", "/usage/inputTokens"),
        ("output_tokens", "/usage/outputTokens"),
        ("cache_write_5m_tokens", "/usage/cacheWrite5mTokens"),
        ("cache_write_1h_tokens", "/usage/cacheWrite1hTokens"),
        ("cache_read_tokens", "/usage/cacheReadTokens"),
        ("cost_micro_dollars", "/costMicroDollars"),
        ("served_model", "/model"),
        ("request_id", "/requestId"),
        ("organization_id", "/organizationId"),
        ("credential", "/profileId"),
        ("source", "/source"),
        ("billing", "/billing"),
        ("duration_ms", "/durationMs"),
    ] {
        let told: Vec<&Value> = receipts.iter().map(|receipt| receipt.pointer(pointer).unwrap()).collect();
        assert_eq!(column(&env, name).iter().collect::<Vec<_>>(), told, "{name}");
    }
    let cost: u64 = receipts.iter().map(|receipt| receipt["costMicroDollars"].as_u64().unwrap()).sum();
    let totals = totals(&env);
    assert_eq!((&totals["costMicroDollars"], &totals["costKnown"]), (&cost.into(), &true.into()));
    assert!(totals["cacheReadTokens"].as_u64().unwrap() > 1_000, "{totals}");
    // Sonnet 5: a token written to the cache costs half a micro-dollar more than plain input, one read 1.8 less.
    let count = |name: &str| totals[name].as_i64().unwrap();
    let saved = column(&env, "cache_savings_micro_dollars");
    assert_eq!(
        count("cacheSavingsMicroDollars"),
        saved.iter().map(|saved| saved.as_i64().unwrap()).sum::<i64>()
    );
    let tenths = 18 * count("cacheReadTokens") - 5 * count("cacheWrite5mTokens");
    assert!((10 * count("cacheSavingsMicroDollars") - tenths).abs() <= 10, "{totals}");
}

#[test]
fn requests_without_an_answer_and_interrupted_ones_are_there_too() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("TZ", "UTC");
    let mut session = Session::default();
    for (fault, exit) in [("fault-rate-limit", 4), ("fault-cut-inside", 5), ("fault-billing", 4)] {
        let one = key(fault, "x3Qw");
        let run = env.command(["chat", "hi", "--retries", "0"]).set("ANTHROPIC_API_KEY", &one).run();
        run.exits(exit);
    }
    let unreachable = env
        .command(["chat", "hi", "--retries", "0"])
        .set("ANTHROPIC_API_KEY", &key("one", "x3Qw"))
        .set("ANTHROPIC_BASE_URL", NOBODY)
        .run();
    unreachable.exits(5);
    session.add(env.fased(["usage"]).exits(0));
    session.add(env.fased(["usage", "--json"]).exits(0));
    snapshot!("usage_failures", session);
    assert_eq!(column(&env, "outcome"), ["failed", "interrupted", "failed", "failed"]);
    assert_eq!(column(&env, "error"), ["rate_limit", "timeout", "billing", "timeout"]);
    assert_eq!(column(&env, "input_tokens")[0], Value::Null);
    assert!(column(&env, "input_tokens")[1].is_i64());
    assert!(column(&env, "request_id")[1].is_string());
}

#[test]
fn an_answer_that_was_cancelled_keeps_what_was_told_of_it() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    // The rest of the answer never comes.
    stores_a_key(&env, "fault-stall");
    let mut running = env.command(["chat", "hi"]).start();
    running.stdout_until("no model was ");
    running.signal(Signal::INT);
    running.finish().exits(130);
    assert_eq!(column(&env, "outcome"), ["interrupted"]);
    assert_eq!(column(&env, "error"), ["cancelled"]);
    assert_eq!(column(&env, "credential"), ["anthropic:default"]);
    assert!(column(&env, "first_content_ms")[0].is_i64());
    assert!(column(&env, "cost_micro_dollars")[0].as_i64().unwrap() > 0);
}

#[test]
fn retries_and_failed_credentials_before_an_answer_are_counted() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    stores_a_key(&env, "fault-rate-limit");
    let second = key("fault-overloaded-times-1", "k2k2");
    env.fased(["onboard", "--anthropic-api-key", &second, "--profile-id", "anthropic:second"]).exits(0);
    env.fased([
        "models",
        "auth",
        "order",
        "set",
        "--provider",
        "anthropic",
        "anthropic:default",
        "anthropic:second",
    ])
    .exits(0);
    env.fased(["chat", "hi"]).exits(0);
    assert_eq!(column(&env, "credential"), ["anthropic:second"]);
    assert_eq!(column(&env, "outcome"), ["complete"]);
    assert_eq!(column(&env, "retries"), [1]);
    let failed = column(&env, "failed_attempts");
    assert!(failed[0].as_i64().unwrap() >= 1, "{failed:?}");
}

#[test]
fn what_has_no_known_price_is_unknown_and_the_sum_says_at_least() {
    let sandbox = TestSandbox::start();
    let mut env = TestEnv::with_sandbox(&sandbox);
    env.set("TZ", "UTC");
    stores_a_key(&env, "one");
    let provider = format!("{{ baseUrl: '{}', apiKey: '{}' }}", sandbox.url(), key("team", "k2k2"));
    env.write("fased.json", &format!("{{ models: {{ providers: {{ team: {provider} }} }} }}"));
    env.fased(["chat", "hi", "--model", "team/claude-sonnet-5"]).exits(0);
    let mut session = Session::default();
    session.add(env.fased(["usage", "--by", "model"]).exits(0));
    env.fased(["chat", "hi"]).exits(0);
    session.add(env.fased(["usage", "--by", "model"]).exits(0));
    session.add(env.fased(["usage", "--by", "profile", "--csv"]).exits(0));
    snapshot!("usage_unknown", session);
    assert_eq!(column(&env, "cost_micro_dollars")[0], Value::Null);
    assert_eq!(totals(&env)["costKnown"], false);
}

#[test]
fn a_question_that_was_not_sent_is_no_request() {
    let mut env = TestEnv::new();
    env.fased(["chat", "hi"]).exits(3);
    env.set("ANTHROPIC_API_KEY", &key("one", "x3Qw"));
    env.set("FASED_NETWORK", "any").set("ANTHROPIC_BASE_URL", "https://api.invalid");
    // A key of the sandbox never leaves this machine.
    env.fased(["chat", "hi"]).exits(3);
    assert!(!env.state("usage.db").exists());
}

#[test]
fn an_answer_is_an_answer_whatever_is_wrong_with_the_ledger() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    stores_a_key(&env, "one");
    env.fased(["chat", "hi"]).exits(0);
    let mut session = Session::default();
    let newer = Connection::open(env.state("usage.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    session.add(env.fased(["chat", "hi"]).exits(0));
    session.add(env.fased(["usage"]).exits(1));
    for name in ["usage.db", "usage.db-wal", "usage.db-shm"] {
        std::fs::remove_file(env.state(name)).ok();
    }
    env.write("usage.db", "this is no database, and it is not for fased to throw it away");
    session.add(env.fased(["chat", "hi"]).exits(0));
    session.add(env.fased(["usage", "--json"]).exits(1));
    assert!(std::fs::read_to_string(env.state("usage.db")).unwrap().starts_with("this is no database"));
    std::fs::remove_file(env.state("usage.db")).unwrap();
    std::fs::create_dir(env.state("usage.db")).unwrap();
    session.add(env.fased(["chat", "hi"]).exits(0));
    snapshot!("usage_broken", session);
}

#[test]
fn twenty_chats_at_once_leave_twenty_rows() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    stores_a_key(&env, "one");
    let running: Vec<_> = (0..20).map(|_| env.command(["chat", "hi"]).start()).collect();
    for run in running {
        let output = run.finish();
        output.exits(0);
        assert!(!output.stderr.contains("missing"), "{output}");
    }
    assert_eq!(totals(&env)["requests"], 20);
}

#[test]
fn a_chat_killed_at_any_moment_leaves_a_ledger_that_can_be_read() {
    const KILLS: u64 = 40;
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    stores_a_key(&env, "one");
    let mut finished = 0;
    for kill in 0..KILLS {
        let running = env.command(["chat", "hi"]).start();
        // The wait is what is being tested: it decides where in the run the kill falls.
        std::thread::sleep(Duration::from_millis(kill));
        running.signal(Signal::KILL);
        finished += u64::from(running.finish().code == Some(0));
        let requests = totals(&env)["requests"].as_u64().unwrap();
        assert!((finished..=kill + 1).contains(&requests), "{requests} rows of {finished} answers");
    }
    env.fased(["chat", "hi"]).exits(0);
    let ledger = Connection::open(env.state("usage.db")).unwrap();
    let check: String = ledger.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn looking_at_credentials_does_not_touch_the_ledger() {
    let env = TestEnv::new();
    stores_a_key(&env, "one");
    env.write("usage.db", "no database");
    for command in
        [&["models", "status"] as &[&str], &["models", "auth", "list"], &["agents"], &["config", "path"]]
    {
        let output = env.fased(command.iter().copied());
        output.exits(0);
        assert!(!output.stderr.contains("usage.db"), "{output}");
    }
    assert_eq!(std::fs::read_to_string(env.state("usage.db")).unwrap(), "no database");
}

#[test]
fn wrong_periods_are_refused() {
    let env = TestEnv::new();
    let mut session = Session::default();
    for arguments in [
        &["usage", "--since", "yesterday"] as &[&str],
        &["usage", "--since", "2026-05-02", "--until", "2026-05-01"],
        &["usage", "--json", "--csv"],
        &["usage", "--by", "colour"],
        &["usage", "--agent", "../x"],
    ] {
        session.add(env.command(arguments.iter().copied()).set("TZ", "UTC").run().exits(64));
    }
    assert_eq!(env.tree(), "");
    snapshot!("usage_refused", session);
}
