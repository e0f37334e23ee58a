//! A conversation: a transcript, the state of a credential and the ledger, all written by one question.

use serde_json::Value;

use super::Writer;
use crate::home;
use crate::support::{Fased, Output, TestEnv, TestSandbox};

/// `fased chat --session`, one question after the other.
pub(super) struct Asking {
    env: TestEnv,
    _sandbox: TestSandbox,
    answered: u64,
}

fn question(round: u64) -> String {
    format!("question of round {round}")
}

impl Asking {
    fn transcript(&self) -> String {
        std::fs::read_to_string(self.env.state("agents/main/sessions/talk.jsonl")).unwrap_or_default()
    }

    fn requests(&self) -> u64 {
        let usage = self.env.fased(["usage", "--json", "--since", "7d"]);
        usage.exits(0).json()["totals"]["requests"].as_u64().unwrap()
    }
}

impl Writer for Asking {
    const NAME: &'static str = "`chat --session` killed";

    fn begin() -> Self {
        let sandbox = TestSandbox::start();
        let env = TestEnv::with_sandbox(&sandbox);
        // Its answers take a while, so that kills fall into them, too.
        let profile = home::api_key("slow-event-delay-1ms");
        home::store(&env, "main", &serde_json::json!({ "anthropic:default": profile }));
        Self { env, _sandbox: sandbox, answered: 0 }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, round: u64) -> Fased<'_> {
        self.env.command(["chat", "--json", "--session", "talk", &question(round)])
    }

    fn check(&mut self, round: u64, output: Option<&Output>) {
        let Some(output) = output else { return };
        output.exits(0);
        self.answered += 1;
        let (transcript, said) = (self.transcript(), output.json());
        assert!(transcript.contains(&question(round)), "{transcript}");
        // Whole, and as it was shown.
        let text = said["text"].as_str().unwrap();
        assert!(text.contains(&question(round)), "{said}");
        let kept = Value::from(text).to_string();
        assert!(transcript.contains(kept.trim_matches('"')), "{kept} is not in\n{transcript}");
        assert!(self.requests() >= self.answered, "a row of the ledger is lost");
    }

    fn end(&mut self) {
        let before = self.transcript();
        let last = super::ROUNDS_IN_A_HOME;
        let output = self.run(last).run();
        self.check(last, Some(&output));
        // A torn line is cut; nothing else of what was there is.
        let whole = before.rfind('\n').map_or("", |end| &before[..=end]);
        assert!(self.transcript().starts_with(whole), "the transcript was written anew");
        // Listing makes its index, and whatever was left of it goes.
        self.env.fased(["chat", "--list"]).exits(0);
    }
}
