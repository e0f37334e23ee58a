//! Many writers at once: each one's work is there afterwards.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::home::{self, api_key};
use crate::support::{TestEnv, TestSandbox, key, token};
use crate::{figures, sound};

/// Processes that write at the same time.
const WRITERS: u64 = 100;

fn writers() -> u64 {
    figures::number("FASED_WRITERS", WRITERS)
}

fn profiles(env: &TestEnv, agent: &str) -> BTreeSet<String> {
    env.store_json(agent)["profiles"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn many_writers_of_as_many_profiles_lose_none() {
    let env = TestEnv::new();
    let ids: Vec<String> = (0..writers()).map(|n| format!("anthropic:writer-{n}")).collect();
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
    assert_eq!(profiles(&env, "main"), ids.into_iter().collect());
    assert_eq!(sound::check(&env.state("")), 0, "{}", env.tree());
    figures::add(
        "Writers of one store at once",
        format!("{} processes", writers()),
        "every profile is there",
    );
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
    assert_eq!(profiles(&env, "main").len(), 1);
    assert!(keys.iter().any(|key| store["profiles"]["anthropic:default"]["key"] == **key));
}

#[test]
fn uses_of_many_profiles_at_once_are_all_noted() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let ids: Vec<String> = (0..12).map(|n| format!("anthropic:user-{n}")).collect();
    let stored: serde_json::Map<String, Value> =
        ids.iter().enumerate().map(|(n, id)| (id.clone(), api_key(&format!("user-{n}")))).collect();
    home::store(&env, "main", &stored.into());
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

/// One of many writers of different things.
enum Work {
    /// A credential of an agent.
    Store { agent: &'static str, id: String },
    /// A value of the config.
    Set { name: String },
    /// An agent with a copy of the credentials.
    AddAgent { id: String },
    /// A key of a client.
    AddKey { name: String },
    /// A question, which writes a transcript, state and a row of the ledger.
    Ask { session: String },
}

impl Work {
    fn of(number: u64) -> Self {
        let n = number / 6;
        match number % 6 {
            0 => Self::Store { agent: "main", id: format!("anthropic:main-{n}") },
            1 => Self::Store { agent: "work", id: format!("anthropic:work-{n}") },
            2 => Self::Set { name: format!("SET_{n}") },
            3 => Self::AddAgent { id: format!("agent-{n}") },
            4 => Self::AddKey { name: format!("client-{n}") },
            _ => Self::Ask { session: format!("session-{n}") },
        }
    }

    fn line(&self) -> Vec<String> {
        let words: Vec<&str> = match self {
            Self::Store { agent, id } => {
                let token = token(id.trim_start_matches("anthropic:"), "77aa");
                let line = ["onboard", "--agent", agent, "--token", &token, "--profile-id", id];
                return line.map(str::to_owned).into();
            }
            Self::Set { name } => {
                return vec!["config".into(), "set".into(), format!("env.vars.{name}"), name.clone()];
            }
            Self::AddAgent { id } => vec!["agents", "add", id, "--copy-auth-from", "main"],
            Self::AddKey { name } => vec!["gateway", "keys", "add", name],
            Self::Ask { session } => vec!["chat", "hi", "--session", session],
        };
        words.into_iter().map(str::to_owned).collect()
    }
}

#[test]
fn many_writers_of_everything_lose_nothing() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    env.write("fased.json", &home::config(&sandbox));
    home::store(&env, "main", &json!({ "anthropic:default": api_key("first") }));
    home::store(&env, "work", &json!({ "anthropic:default": api_key("second") }));
    let works: Vec<Work> = (0..writers()).map(Work::of).collect();
    let lines: Vec<Vec<String>> = works.iter().map(Work::line).collect();
    let running: Vec<_> =
        lines.iter().map(|line| env.command(line.iter().map(String::as_str)).start()).collect();
    for run in running {
        run.finish().exits(0);
    }
    assert_eq!(sound::check(&env.state("")), 0, "{}", env.tree());
    let text = std::fs::read_to_string(env.state("fased.json")).unwrap();
    assert_eq!(text.matches("kept: ").count(), home::config(&sandbox).matches("kept: ").count(), "{text}");
    let config: Value = json5::from_str(&text).unwrap();
    let listed = env.fased(["gateway", "keys", "list", "--json"]).exits(0).json();
    let mut asked = 0;
    for work in &works {
        match work {
            Work::Store { agent, id } => {
                assert!(profiles(&env, agent).contains(id), "{id} of {agent} is lost");
            }
            Work::Set { name } => assert_eq!(config["env"]["vars"][name], **name, "{text}"),
            Work::AddAgent { id } => {
                let agents = config["agents"]["list"].as_array().unwrap();
                assert!(agents.iter().any(|agent| agent["id"] == **id), "{id} is lost:\n{text}");
                assert!(profiles(&env, id).contains("anthropic:default"));
            }
            Work::AddKey { name } => {
                let keys = listed["keys"].as_array().unwrap();
                assert!(keys.iter().any(|key| key["name"] == **name), "{name} is lost: {listed}");
            }
            Work::Ask { session } => {
                asked += 1;
                let transcript = env.state(&format!("agents/main/sessions/{session}.jsonl"));
                assert!(std::fs::read_to_string(transcript).unwrap().contains("answering"), "{session}");
            }
        }
    }
    let usage = env.fased(["usage", "--json"]).exits(0).json();
    assert_eq!(usage["totals"]["requests"], json!(asked), "{usage}");
    figures::add(
        "Writers of stores, config, agents, keys, sessions and ledger at once",
        format!("{} processes", writers()),
        "everything is there",
    );
}
