//! Writers of the config.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Writer;
use crate::home::{self, api_key};
use crate::support::{Fased, Output, TestEnv};

fn read(env: &TestEnv) -> (String, Value) {
    let text = std::fs::read_to_string(env.state("fased.json")).unwrap();
    let value = json5::from_str(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    (text, value)
}

/// `fased config set`, a new key each time.
pub(super) struct Setting {
    env: TestEnv,
    committed: BTreeSet<u64>,
}

impl Setting {
    /// Rounds whose value is there.
    fn now(&self) -> BTreeSet<u64> {
        let (text, config) = read(&self.env);
        assert!(text.contains("// kept") && text.contains("it's"), "{text}");
        let variables = config["env"]["vars"].as_object().unwrap();
        variables
            .iter()
            .filter(|(name, _)| *name != "KEPT")
            .map(|(name, value)| {
                let round = name.trim_start_matches("ROUND_").parse().unwrap();
                assert_eq!(*value, format!("value of {round}"));
                round
            })
            .collect()
    }
}

impl Writer for Setting {
    const NAME: &'static str = "`config set` killed";

    fn begin() -> Self {
        let env = TestEnv::new();
        env.write("fased.json", "{ env: { vars: { KEPT: \"it's\" } } } // kept\n");
        Self { env, committed: BTreeSet::new() }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, round: u64) -> Fased<'_> {
        self.env.command(["config", "set", &format!("env.vars.ROUND_{round}"), &format!("value of {round}")])
    }

    fn check(&mut self, round: u64, output: Option<&Output>) {
        let now = self.now();
        assert!(self.committed.is_subset(&now), "lost {:?}", self.committed.difference(&now));
        if let Some(output) = output {
            output.exits(0);
            assert!(now.contains(&round), "{output}");
        }
        self.committed = now;
    }

    fn end(&mut self) {
        let last = super::ROUNDS_IN_A_HOME;
        let output = self.run(last).run();
        self.check(last, Some(&output));
    }
}

/// `fased agents add --copy-auth-from`, which writes a store and the config.
pub(super) struct AddingAgents {
    env: TestEnv,
    committed: BTreeSet<String>,
}

impl AddingAgents {
    /// The agents the config names, each of which has what was copied.
    fn now(&self) -> BTreeSet<String> {
        let (_, config) = read(&self.env);
        let agents = config["agents"]["list"].as_array().cloned().unwrap_or_default();
        let ids: BTreeSet<String> =
            agents.iter().map(|agent| agent["id"].as_str().unwrap().to_owned()).collect();
        for id in &ids {
            let profiles = self.env.store_json(id)["profiles"].clone();
            assert_eq!(profiles["anthropic:default"]["key"], api_key("copied")["key"], "{id}");
        }
        ids
    }
}

impl Writer for AddingAgents {
    const NAME: &'static str = "`agents add --copy-auth-from` killed";

    fn begin() -> Self {
        let env = TestEnv::new();
        env.write("fased.json", "{}\n");
        home::store(&env, "main", &json!({ "anthropic:default": api_key("copied") }));
        Self { env, committed: BTreeSet::new() }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, round: u64) -> Fased<'_> {
        self.env.command(["agents", "add", &format!("agent-{round}"), "--copy-auth-from", "main"])
    }

    fn check(&mut self, round: u64, output: Option<&Output>) {
        let now = self.now();
        assert!(self.committed.is_subset(&now), "lost {:?}", self.committed.difference(&now));
        let id = format!("agent-{round}");
        match output {
            Some(output) => {
                output.exits(0);
                assert!(now.contains(&id), "{output}");
                self.committed = now;
            }
            // The same command run again goes on where the killed one stopped.
            None if !now.contains(&id) => {
                let output = self.run(round).run();
                self.check(round, Some(&output));
            }
            None => self.committed = now,
        }
    }

    fn end(&mut self) {
        let last = super::ROUNDS_IN_A_HOME;
        let output = self.run(last).run();
        self.check(last, Some(&output));
    }
}
