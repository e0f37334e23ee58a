//! Writers of the credential store.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Writer;
use crate::home::{self, api_key};
use crate::support::{Fased, Output, TestEnv, TestSandbox, token};

/// `fased onboard`, a new profile each time.
pub(super) struct Storing {
    env: TestEnv,
    committed: BTreeSet<String>,
}

fn id(round: u64) -> String {
    format!("anthropic:round-{round}")
}

fn secret(round: u64) -> String {
    token(&format!("round-{round}"), "77aa")
}

impl Storing {
    /// What is stored now; nothing is until somebody has written.
    fn profiles(&self) -> Value {
        if self.env.store("main").exists() {
            self.env.store_json("main")["profiles"].clone()
        } else {
            json!({})
        }
    }
}

impl Writer for Storing {
    const NAME: &'static str = "`onboard` killed";

    fn begin() -> Self {
        Self { env: TestEnv::new(), committed: BTreeSet::new() }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, round: u64) -> Fased<'_> {
        self.env.command(["onboard", "--token", &secret(round), "--profile-id", &id(round)])
    }

    fn check(&mut self, round: u64, output: Option<&Output>) {
        let profiles = self.profiles();
        let now: BTreeSet<String> = profiles.as_object().unwrap().keys().cloned().collect();
        assert!(self.committed.is_subset(&now), "lost {:?}", self.committed.difference(&now));
        if let Some(output) = output {
            output.exits(0);
            assert!(now.contains(&id(round)), "{output}");
        }
        // A profile is there as a whole or not at all.
        if let Some(profile) = profiles.get(id(round)) {
            assert_eq!(profile["token"], Value::from(secret(round)));
        }
        self.committed = now;
    }

    fn end(&mut self) {
        let last = super::ROUNDS_IN_A_HOME;
        let output = self.run(last).run();
        self.check(last, Some(&output));
    }
}

/// `fased models auth rename`, to and fro.
pub(super) struct Renaming {
    env: TestEnv,
    _sandbox: TestSandbox,
}

const NAMES: [&str; 2] = ["anthropic:here", "anthropic:there"];

impl Renaming {
    /// Which of the names it has.
    fn name(&self) -> usize {
        let profiles = self.env.store_json("main")["profiles"].clone();
        let has = NAMES.map(|name| profiles[name] == api_key("moved"));
        assert_ne!(has[0], has[1], "it is there twice or not at all: {profiles}");
        assert_eq!(profiles["anthropic:default"], api_key("stays"));
        usize::from(has[1])
    }
}

impl Writer for Renaming {
    const NAME: &'static str = "`models auth rename` killed";

    fn begin() -> Self {
        let sandbox = TestSandbox::start();
        let env = TestEnv::with_sandbox(&sandbox);
        home::store(
            &env,
            "main",
            &json!({ NAMES[0]: api_key("moved"), "anthropic:default": api_key("stays") }),
        );
        // Something to take along: when it was used.
        env.fased(["chat", "hi", "--model", &format!("anthropic/claude-sonnet-5@{}", NAMES[0])]).exits(0);
        Self { env, _sandbox: sandbox }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, _: u64) -> Fased<'_> {
        let from = self.name();
        self.env.command(["models", "auth", "rename", NAMES[from], NAMES[1 - from]])
    }

    fn check(&mut self, _: u64, output: Option<&Output>) {
        if let Some(output) = output {
            output.exits(0);
        }
        let state = std::fs::read(self.env.state("agents/main/agent/auth-state.json")).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        let name = NAMES[self.name()];
        assert!(
            state["profiles"][name]["lastUsed"].is_i64(),
            "what is remembered of {name} is lost: {state}"
        );
    }

    fn end(&mut self) {
        let output = self.run(0).run();
        self.check(0, Some(&output));
        // Its files are written by two kinds of writers, and this one writes both.
        self.env.fased(["models", "auth", "rename", NAMES[self.name()], "anthropic:last"]).exits(0);
    }
}
