//! Every fault of the upstream against every way out, with the real program: one whole answer or one clear failure, and in
//! either case sound files, a row in the ledger for every request and one document for scripts. The same table with what is
//! remembered of each fault is `ask::tests::matrix`.

use std::sync::atomic::{AtomicUsize, Ordering};

use fased::sandbox::faults::{Fault, Place};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::home::api_key;
use crate::support::{Output, TestEnv, TestSandbox};
use crate::{figures, sound};

/// Rounds over the whole table.
const ROUNDS: u64 = 1;
/// Questions that are asked at the same time.
const AT_ONCE: usize = 24;

/// Who could take over: profiles, and whether there is a fallback model.
const WAYS: [(&str, &[&str], bool); 3] = [
    ("one profile", &["a"], false),
    ("two profiles", &["a", "b"], false),
    ("a fallback model", &["a"], true),
];

/// What the sandbox answers to `hi`.
const ANSWER: &str = "This is the Fased sandbox answering; no model was asked.";

fn home(sandbox: &TestSandbox, fault: &str, profiles: &[&str], falls_back: bool) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    // A fallback model is asked when the fault is over.
    let does = if falls_back { format!("fault-{fault}-times-3") } else { format!("fault-{fault}") };
    let id = |name: &str| format!("anthropic:{name}");
    let entries: serde_json::Map<String, Value> =
        profiles.iter().map(|name| (id(name), api_key(if *name == "a" { &does } else { "good" }))).collect();
    let order: Vec<String> = profiles.iter().map(|name| id(name)).collect();
    let store = json!({ "version": 1, "profiles": entries, "order": { "anthropic": order } });
    env.write("agents/main/agent/auth-profiles.json", &store.to_string());
    let fallbacks: &[&str] = if falls_back { &["anthropic/claude-haiku-4-5"] } else { &[] };
    let model = json!({ "primary": "anthropic/claude-sonnet-5", "fallbacks": fallbacks });
    env.write("fased.json", &json!({ "agents": { "defaults": { "model": model } } }).to_string());
    env
}

/// Asks; who never gets an answer is interrupted once the request has arrived.
fn ask(env: &TestEnv, sandbox: &TestSandbox, never_ends: bool, json: bool) -> Output {
    let run = env.command(["chat", "hi", "--session", "s"].into_iter().chain(json.then_some("--json")));
    if !never_ends {
        return run.run();
    }
    let before = sandbox.requests().len();
    let mut running = run.start();
    while sandbox.requests().len() == before {
        assert!(!running.has_ended(), "{}", running.finish());
        std::thread::yield_now();
    }
    running.signal(Signal::INT);
    running.finish()
}

/// One question: a fault, who could take over, and how the answer is to be.
#[derive(Debug, Clone, Copy)]
struct Case {
    name: &'static str,
    fault: Fault,
    way: (&'static str, &'static [&'static str], bool),
    json: bool,
}

impl Case {
    fn all() -> impl Iterator<Item = Self> {
        let faults = Fault::ALL.into_iter().filter(|(_, fault)| fault.strikes_at(Place::Api));
        let ways = faults.flat_map(|(name, fault)| WAYS.map(|way| (name, fault, way)));
        ways.flat_map(|(name, fault, way)| [false, true].map(|json| Self { name, fault, way, json }))
    }

    /// Asks it and looks at what came of it; says whether there was an answer.
    fn try_it(self) -> bool {
        let (way, profiles, falls_back) = self.way;
        let sandbox = TestSandbox::start();
        let env = home(&sandbox, self.name, profiles, falls_back);
        let before = env.store_json("main");
        let never_ends = matches!(self.fault, Fault::Hang | Fault::Stall);
        let output = ask(&env, &sandbox, never_ends, self.json);
        let told = format!("{}, {way}\n{output}", self.name);
        let code = output.code.unwrap();
        assert!([0, 3, 4, 5, 130].contains(&code), "{told}");
        assert_eq!(code == 130, never_ends, "{told}");
        assert!(output.stdout.matches(ANSWER).count() <= 1, "an answer was shown twice\n{told}");
        let is_empty = matches!(self.fault, Fault::Empty);
        assert!(code != 0 || is_empty || output.stdout.contains(ANSWER), "no answer\n{told}");
        if self.json {
            let document = output.json();
            assert!(document["schemaVersion"].is_number(), "{told}");
            assert!(code == 0 || document["error"]["code"] == code, "{told}");
        } else {
            assert!(code == 0 || !output.stderr.is_empty(), "{told}");
        }
        assert_eq!(env.store_json("main"), before, "a failure changed a credential\n{told}");
        assert_eq!(sound::check(&env.state("")), 0, "{told}");
        let rows = env.fased(["usage", "--json"]).exits(0).json();
        assert_eq!(rows["totals"]["requests"], 1, "rows of the ledger\n{told}");
        code == 0
    }
}

#[test]
fn every_fault_gives_one_answer_or_one_clear_failure() {
    let rounds = usize::try_from(figures::number("FASED_FAULT_ROUNDS", ROUNDS)).unwrap();
    let cases: Vec<Case> = (0..rounds).flat_map(|_| Case::all()).collect();
    let (next, answered) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // Most of them wait between tries, so many go at once.
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    answered.fetch_add(usize::from(case.try_it()), Ordering::Relaxed);
                }
            });
        }
    });
    figures::add(
        "Every fault of the API, every way out, text and JSON",
        format!("{} questions, {} answered", cases.len(), answered.into_inner()),
        "one whole answer or one failure each; a row of the ledger for each",
    );
}
