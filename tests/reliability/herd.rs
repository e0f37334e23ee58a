//! A herd of processes that all find the same sign-in ended: it is refreshed once, whoever is killed.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::home::{self, SIGN_IN, pair};
use crate::kills::refresh::{ENDED, granted};
use crate::support::{TestEnv, TestSandbox};
use crate::{Dice, figures, sound};

/// Processes of a herd, and herds of which some are killed.
const HERD: u64 = 64;
const ROUNDS: u64 = 4;
/// Every sixth is killed.
const KILLED: u64 = 6;

fn herd() -> u64 {
    figures::number("FASED_HERD", HERD)
}

fn with_pair(sandbox: &TestSandbox, part: &str) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.write("fased.json", &home::config(sandbox));
    home::store(&env, "main", &json!({ SIGN_IN: pair(part, ENDED) }));
    env
}

fn journals(env: &TestEnv) -> usize {
    env.tree().matches("refresh-journal").count()
}

#[test]
fn a_whole_herd_needs_one_refresh() {
    let sandbox = TestSandbox::start();
    let env = with_pair(&sandbox, "herd");
    let processes: Vec<_> = (0..herd()).map(|_| env.command(["chat", "hi"]).start()).collect();
    for process in processes {
        process.finish().exits(0);
    }
    assert_eq!((granted(&sandbox), sandbox.refreshes()), (1, 1));
    assert_eq!(journals(&env), 0, "{}", env.tree());
    assert_eq!(sound::check(&env.state("")), 0, "{}", env.tree());
    figures::add(
        "Herd with one ended sign-in",
        format!("{} processes", herd()),
        "one refresh, every answer came",
    );
}

#[test]
fn a_herd_of_which_some_are_killed_loses_at_most_a_reply_that_was_under_way() {
    let rounds = figures::number("FASED_HERD_ROUNDS", ROUNDS);
    let (mut killed, mut lost) = (0, 0);
    let mut dice = Dice(3);
    for round in 0..rounds {
        let sandbox = TestSandbox::start();
        // The endpoint answers a little late, so that some are killed while their reply is under way.
        let part = format!("herd-delay-{}ms", 40 * (round % 4));
        let env = with_pair(&sandbox, &part);
        let mut survivors = Vec::new();
        for n in 0..herd() {
            let process = env.command(["chat", "hi"]).start();
            if n % KILLED == 1 {
                // The wait is what is being tested: it decides where in the refresh the kill falls.
                std::thread::sleep(Duration::from_millis(dice.below(60)));
                process.signal(Signal::KILL);
                killed += u64::from(process.finish().code.is_none());
            } else {
                survivors.push(process);
            }
        }
        let codes: Vec<_> = survivors.into_iter().map(|process| process.finish().code).collect();
        let last = env.fased(["chat", "hi"]);
        // The sandbox does not call a reply given that nobody waited for.
        let given = granted(&sandbox);
        assert!(given == 1 || (given == 0 && last.code == Some(3)), "{given}\n{last}");
        sound::check(&env.state(""));
        if last.code == Some(0) {
            assert!(codes.iter().all(|code| *code == Some(0)), "{codes:?}");
            continue;
        }
        // Only a reply that was lost with its process may cost a sign-in, and everybody says so.
        lost += 1;
        last.exits(3);
        let is_told = last.stderr.contains("the reply to a refresh at 2026-06-01 12:00")
            && last.stderr.contains("UTC was lost");
        assert!(is_told, "{last}");
        let status = env.fased(["models", "status"]);
        let told = "the reply to a refresh at 2026-06-01 12:00 UTC was lost";
        assert!(status.stdout.contains(told), "{status}");
        env.fased(["models", "status", "--check"]).exits(1);
        let stored = env.store_json("main")["profiles"][SIGN_IN].clone();
        assert_eq!(stored["refresh"], pair(&part, ENDED)["refresh"], "a failure deleted a credential");
    }
    figures::add(
        "Herds of which every sixth process is killed",
        format!("{rounds} herds of {} processes, {killed} killed", herd()),
        format!(
            "one refresh each, nothing lost; {lost} times the reply died with its process, and everybody said so"
        ),
    );
}
