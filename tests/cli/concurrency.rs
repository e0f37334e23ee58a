//! Many writers at once, and writers that are killed: nothing that was committed is ever lost.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{TestEnv, TestSandbox, key, token};

const WRITERS: usize = 100;
const KILLS: usize = 500;

fn profiles(env: &TestEnv) -> BTreeSet<String> {
    env.store_json("main")["profiles"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_hundred_writers_of_a_hundred_profiles_lose_none() {
    let env = TestEnv::new();
    let started = Instant::now();
    let ids: Vec<String> = (0..WRITERS).map(|n| format!("anthropic:writer-{n}")).collect();
    let running: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(n, id)| {
            let token = token(&format!("writer-{n}"), "77aa");
            env.command(["onboard", "--token", &token, "--token-profile-id", id]).start()
        })
        .collect();
    for run in running {
        run.finish().exits(0);
    }
    println!("{WRITERS} writers took {:?}", started.elapsed());
    assert_eq!(profiles(&env), ids.into_iter().collect());
    leaves_no_temporary_file(&env, 0);
}

#[test]
fn writers_of_the_same_profile_end_with_one_of_their_secrets() {
    let env = TestEnv::new();
    let keys: Vec<String> = (0..10).map(|n| key(&format!("same-{n}"), "x3Qw")).collect();
    let running: Vec<_> =
        keys.iter().map(|key| env.command(["onboard", "--anthropic-api-key", key]).start()).collect();
    for run in running {
        run.finish().exits(0);
    }
    let store = env.store_json("main");
    assert_eq!(profiles(&env).len(), 1);
    assert!(keys.iter().any(|key| store["profiles"]["anthropic:default"]["key"] == **key));
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

fn leaves_no_temporary_file(env: &TestEnv, most: usize) {
    let tree = env.tree();
    let temporary: Vec<&str> = tree.lines().filter(|line| line.ends_with(".tmp")).collect();
    assert!(temporary.len() <= most, "{temporary:?}");
    for line in temporary {
        assert!(line.starts_with("0600 "), "{line}");
    }
}

#[test]
fn a_writer_killed_at_any_moment_leaves_the_old_or_the_new_store() {
    let env = TestEnv::new();
    let mut dice = Dice(42);
    // How long a whole run takes here, kept up as the store grows, so that kills fall on all of it.
    let started = Instant::now();
    env.fased(["onboard", "--token", &token("first", "77aa"), "--token-profile-id", "anthropic:first"])
        .exits(0);
    let mut whole = u64::try_from(started.elapsed().as_micros()).unwrap();
    let mut committed: BTreeSet<String> = profiles(&env);
    let (mut killed, mut finished) = (0, 0);
    for n in 0.. {
        if killed == KILLS {
            break;
        }
        let id = format!("anthropic:round-{n}");
        let token = token(&format!("round-{n}"), "77aa");
        let running = env.command(["onboard", "--token", &token, "--token-profile-id", &id]).start();
        // The wait is what is being tested: it decides where in the write the kill falls.
        std::thread::sleep(Duration::from_micros(dice.next() % whole));
        running.signal(Signal::KILL);
        let output = running.finish();
        let now = profiles(&env);
        assert!(committed.is_subset(&now), "lost {:?}", committed.difference(&now));
        if output.code == Some(0) {
            finished += 1;
            whole = (whole * 9 / 10).max(500);
            assert!(now.contains(&id), "{output}");
        } else {
            killed += 1;
            whole = whole * 26 / 25;
        }
        // A profile is there as a whole or not at all.
        let store = env.store_json("main");
        if let Some(profile) = store["profiles"].get(&id) {
            assert_eq!(profile["token"], Value::from(token));
        }
        committed = now;
        leaves_no_temporary_file(&env, 1);
    }
    println!("{killed} killed, {finished} finished before the kill, {} profiles", committed.len());
    env.fased(["onboard", "--token", &token("last", "77aa"), "--token-profile-id", "anthropic:last"])
        .exits(0);
    leaves_no_temporary_file(&env, 0);
    committed.insert("anthropic:last".to_owned());
    assert_eq!(profiles(&env), committed);
}

#[test]
fn uses_of_many_profiles_at_once_are_all_noted() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let ids: Vec<String> = (0..12).map(|n| format!("anthropic:user-{n}")).collect();
    for (n, id) in ids.iter().enumerate() {
        let token = token(&format!("user-{n}"), "77aa");
        env.fased(["onboard", "--token", &token, "--token-profile-id", id]).exits(0);
    }
    let models: Vec<String> = ids.iter().map(|id| format!("anthropic/claude-sonnet-5@{id}")).collect();
    let running: Vec<_> =
        models.iter().map(|model| env.command(["chat", "hi", "--model", model]).start()).collect();
    for run in running {
        run.finish().exits(0);
    }
    let state = std::fs::read(env.state("agents/main/agent/auth-state.json")).unwrap();
    let state: Value = serde_json::from_slice(&state).unwrap();
    for id in &ids {
        assert!(state["profiles"][id]["lastUsed"].is_i64(), "the use of {id} is lost: {state}");
    }
}
