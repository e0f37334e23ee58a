//! Refreshing a pair: each round has one of its own, which ends before it is used.

use serde_json::json;

use super::Writer;
use crate::home::{self, SIGN_IN, pair};
use crate::support::{Fased, Output, TestEnv, TestSandbox};

/// A minute before the time of day of all tests, in milliseconds.
pub(crate) const ENDED: i64 = 1_780_315_200_000 - 60_000;

/// `fased chat` with a sign-in that has ended.
pub(super) struct Refreshing {
    env: TestEnv,
    sandbox: TestSandbox,
    /// Pairs given out and requests for one, before this round.
    before: (usize, usize),
}

/// How many pairs were given out.
pub(crate) fn granted(sandbox: &TestSandbox) -> usize {
    let requests = sandbox.requests();
    let tokens = requests.iter().filter(|request| request.path == "/v1/oauth/token");
    tokens.filter(|request| request.outcome == Some("granted")).count()
}

/// The endpoint answers a little late, so that kills fall before, into and after its reply.
fn part(round: u64) -> String {
    format!("round-{round}-delay-10ms")
}

impl Writer for Refreshing {
    const NAME: &'static str = "`chat` killed while it refreshes";
    const LOST: &'static str = "nothing lost but replies on their way, of which everybody said so";

    fn begin() -> Self {
        let sandbox = TestSandbox::start();
        let env = TestEnv::with_sandbox(&sandbox);
        env.write("fased.json", &home::config(&sandbox));
        Self { env, sandbox, before: (0, 0) }
    }

    fn env(&self) -> &TestEnv {
        &self.env
    }

    fn run(&mut self, round: u64) -> Fased<'_> {
        home::store(&self.env, "main", &json!({ SIGN_IN: pair(&part(round), ENDED) }));
        self.before = (granted(&self.sandbox), self.sandbox.refreshes());
        self.env.command(["chat", "hi"])
    }

    fn check(&mut self, round: u64, output: Option<&Output>) {
        if let Some(output) = output {
            output.exits(0);
        }
        let before = pair(&part(round), ENDED);
        let next = self.env.fased(["chat", "hi"]);
        let stored = self.env.store_json("main")["profiles"][SIGN_IN].clone();
        let (now, asked) = (granted(&self.sandbox) - self.before.0, self.sandbox.refreshes() - self.before.1);
        if next.code == Some(0) {
            // One pair was given out, and it is here.
            assert_eq!((now, asked), (1, 1), "{next}");
            assert_ne!(stored["refresh"], before["refresh"], "{next}");
            assert_eq!(stored["note"], before["note"]);
        } else {
            // It was on its way when nobody was left, so the token was asked with twice: it is spent by what was lost. The
            // sandbox does not call a reply given that nobody waited for.
            next.exits(3);
            assert!(now <= 1 && asked == 2, "{now} given out, asked {asked} times\n{next}");
            assert!(output.is_none(), "a run that ended had kept nothing\n{next}");
            assert!(
                next.stderr.contains("the reply to a refresh at 2026-06-01 12:00:00 UTC was lost"),
                "{next}"
            );
            assert_eq!(stored["refresh"], before["refresh"], "a failure deleted a credential");
        }
    }

    fn end(&mut self) {
        let last = super::ROUNDS_IN_A_HOME;
        let output = self.run(last).run();
        self.check(last, Some(&output));
        // Processes that died between their last write and their end left theirs; a refresh that ends removes them.
        assert!(!self.env.tree().contains("refresh-journal"), "{}", self.env.tree());
    }
}
