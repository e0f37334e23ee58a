//! Every command there is, with arguments by which it has something to do in the homes of [`crate::home`]. A command that
//! is new fails the test below until it stands here, and is tried by everything that goes through the table from then on.

use std::collections::BTreeSet;

use rustix::process::Signal;

use crate::support::{Output, TestEnv, key, runnable_commands, token};

/// What a command does to the state directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// Nothing.
    Looks,
    /// It asks the API, and what it notes of that must never cost the answer.
    Asks,
    /// It changes something, and fails when it cannot.
    Changes,
    /// It serves until it is told to end.
    Serves,
}

/// What goes to standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    Nothing,
    Key,
    Token,
}

/// One way to run a command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Its words, as the tree of commands has them.
    pub(crate) words: &'static str,
    pub(crate) arguments: &'static [&'static str],
    pub(crate) given: Given,
    pub(crate) does: Does,
    /// What goes by its hand: names of entries and values that are gone afterwards.
    pub(crate) takes: &'static [&'static str],
    /// How it ends in a furnished home.
    pub(crate) code: i32,
}

const fn row(does: Does, words: &'static str, arguments: &'static [&'static str]) -> Row {
    Row { words, arguments, given: Given::Nothing, does, takes: &[], code: 0 }
}

impl Row {
    const fn given(mut self, given: Given) -> Self {
        self.given = given;
        self
    }

    const fn takes(mut self, takes: &'static [&'static str]) -> Self {
        self.takes = takes;
        self
    }

    const fn ends(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// The words and arguments of a run.
    pub(crate) fn line(&self, json: bool) -> Vec<&'static str> {
        let words = self.words.split(' ').chain(self.arguments.iter().copied());
        words.chain(json.then_some("--json")).collect()
    }

    /// What goes to standard input; `secret` is a part of it.
    pub(crate) fn stdin(&self, secret: &str) -> Option<String> {
        match self.given {
            Given::Nothing => None,
            Given::Key => Some(key(&format!("{secret}-given"), "n3w1")),
            Given::Token => Some(token(&format!("{secret}-given"), "n3w2")),
        }
    }

    /// Runs it to its end; one that serves is told to end once it does.
    pub(crate) fn run(&self, env: &TestEnv, json: bool, secret: &str) -> Output {
        let run = env.command(self.line(json));
        let run = match self.stdin(secret) {
            Some(text) => run.stdin(text),
            None => run,
        };
        if self.does != Serves {
            return run.run();
        }
        let mut running = run.start();
        running.some_stdout();
        running.signal(Signal::TERM);
        running.finish()
    }
}

use Does::{Asks, Changes, Looks, Serves};
use Given::{Key, Token};

const ANTHROPIC: &[&str] = &["--provider", "anthropic"];

/// Every command that can be run, some of them in several ways.
pub(crate) const ROWS: &[Row] = &[
    row(Changes, "onboard", &["--api-key-stdin", "--profile-id", "anthropic:new"]).given(Key),
    row(Changes, "onboard", &["--token-stdin", "--profile-id", "anthropic:plan", "--verify"]).given(Token),
    row(Looks, "models", &[]),
    row(Looks, "models status", &[]),
    row(Asks, "models status", &["--probe"]),
    row(Looks, "models list", &["--all"]),
    row(Asks, "models list", &["--refresh"]),
    row(Changes, "models set", &["haiku"]).takes(&["agents.defaults.model"]),
    row(Changes, "models set-image", &["haiku"]),
    row(Looks, "models explain", &[]),
    row(Looks, "models aliases", &[]),
    row(Looks, "models aliases list", &[]),
    row(Changes, "models aliases add", &["fast", "haiku"]),
    row(Changes, "models aliases remove", &["Opus"]).takes(&["alias"]),
    row(Looks, "models fallbacks", &[]),
    row(Looks, "models fallbacks list", &[]),
    row(Changes, "models fallbacks add", &["opus-4.7"]),
    row(Changes, "models fallbacks remove", &["anthropic/claude-sonnet-4-6"]).takes(&["fallbacks"]),
    row(Changes, "models fallbacks clear", &[]).takes(&["fallbacks"]),
    row(Looks, "models image-fallbacks", &[]),
    row(Looks, "models image-fallbacks list", &[]),
    row(Changes, "models image-fallbacks add", &["opus-4.7"]),
    row(Changes, "models image-fallbacks remove", &["anthropic/claude-sonnet-4-6"]).takes(&["fallbacks"]),
    row(Changes, "models image-fallbacks clear", &[]).takes(&["fallbacks"]),
    row(Looks, "models roles", &[]),
    row(Looks, "models roles list", &[]),
    row(Changes, "models roles set", &["summarizer", "haiku"]),
    row(Changes, "models roles clear", &["coding"]).takes(&["taskModels"]),
    row(Changes, "models auth login", &["--provider", "anthropic", "--method", "api-key"])
        .given(Key)
        .takes(&["key"]),
    row(Changes, "models auth setup-token", &["--yes"]).given(Token).takes(&["anthropic:manual"]),
    row(Changes, "models auth paste-token", ANTHROPIC).given(Token).takes(&["anthropic:manual"]),
    row(Looks, "models auth list", &[]),
    row(Looks, "models auth order get", ANTHROPIC),
    row(Changes, "models auth order set", &["--provider", "anthropic", "anthropic:default"])
        .takes(&["order"]),
    row(Changes, "models auth order clear", ANTHROPIC).takes(&["order"]),
    row(Looks, "models auth cooldown list", &[]),
    row(Changes, "models auth cooldown clear", &["--all"]),
    row(Changes, "models auth remove", &["anthropic:default", "--yes"]).takes(&[
        "anthropic:default",
        "order",
        "lastGood",
    ]),
    row(Changes, "models auth rename", &["anthropic:default", "anthropic:renamed"]).takes(&[
        "anthropic:default",
        "order",
        "lastGood",
    ]),
    row(Changes, "models auth import", &["--from", "fased", "--path", "elsewhere"]),
    row(
        Changes,
        "models auth export",
        &["--to", "anthropic-profile", "--profile", "anthropic:me@example.com", "--name", "out"],
    ),
    row(Looks, "models auth token", &[]),
    row(Looks, "agents", &[]),
    row(Looks, "agents list", &[]),
    row(Changes, "agents add", &["new", "--copy-auth-from", "main"]),
    row(Changes, "agents default", &["work"]).takes(&["default"]),
    row(Changes, "agents remove", &["work", "--yes"]).takes(&["agents.list"]),
    row(Changes, "agents models set", &["--agent", "work", "--primary", "haiku"]).takes(&["agents.list"]),
    row(Asks, "chat", &["hi"]),
    row(Looks, "chat", &["--list"]),
    row(Looks, "cache explain", &[]),
    row(Looks, "usage", &[]),
    row(Looks, "config path", &[]),
    row(Looks, "config get", &[]),
    row(Changes, "config set", &["env.vars.NEW", "value"]),
    row(Changes, "config unset", &["agents.defaults.models[\"anthropic/claude-opus-4-7\"].alias"])
        .takes(&["alias"]),
    row(Looks, "config validate", &[]),
    row(Looks, "config schema", &[]),
    row(Serves, "gateway", &["--port", "0"]),
    row(Looks, "gateway status", &[]).ends(1),
    row(Changes, "gateway keys add", &["another"]),
    row(Looks, "gateway keys list", &[]),
    row(Changes, "gateway keys revoke", &["client", "--yes"]),
    // Nobody listens there.
    row(Looks, "gateway check", &["http://127.0.0.1:1", "--key", "fased-ck-sandbox-of-nobody"]).ends(5),
    row(Looks, "gateway service", &[]),
    row(Looks, "dashboard", &["--no-browser"]).ends(1),
    row(Looks, "doctor", &[]),
    row(Changes, "doctor", &["--fix"]).takes(&["cacheControlTtl"]),
    row(Serves, "sandbox", &["--port", "0"]),
    row(Looks, "demo", &[]),
    row(Looks, "completion", &["bash"]),
];

#[test]
fn every_command_of_the_tree_has_its_row() {
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.words.to_owned()).collect();
    assert_eq!(rows, runnable_commands(), "the table of commands and the tree of commands differ");
}
