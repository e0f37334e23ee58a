//! A state directory of the TypeScript program is used as it is, and nothing in it that is not ours is touched.

use crate::support::{Session, TestEnv, TestSandbox, key, snapshot};

const AGENTS: [&str; 3] = ["main", "work", "legacy"];

/// A home with a copy of the state directory.
fn env(sandbox: Option<&TestSandbox>) -> TestEnv {
    let env = sandbox.map_or_else(TestEnv::new, TestEnv::with_sandbox);
    env.write_typescript_state();
    env
}

fn store(env: &TestEnv, agent: &str) -> String {
    std::fs::read_to_string(env.store(agent)).unwrap()
}

#[test]
fn every_agent_is_understood_without_writing_anything() {
    let env = env(None);
    let before = env.contents();
    let mut session = Session::default();
    for agent in AGENTS {
        session.add(env.fased(["models", "status", "--agent", agent]).exits(0));
    }
    session
        .add(env.command(["models", "status"]).set("ANTHROPIC_WORK_KEY", &key("ref", "r5r5")).run().exits(0));
    assert!(env.contents() == before, "looking changed something:\n{}", env.tree());
    snapshot!("typescript_status", session);
}

#[test]
fn every_agent_is_told_to_scripts() {
    let env = env(None);
    let mut session = Session::default();
    for agent in AGENTS {
        session.add(env.fased(["models", "status", "--json", "--agent", agent]).exits(0));
    }
    snapshot!("typescript_status_json", session);
}

#[test]
fn a_new_key_leaves_everything_else_byte_for_byte() {
    let sandbox = TestSandbox::start();
    let env = env(Some(&sandbox));
    let before = env.contents();
    let main = store(&env, "main");
    let mut session = Session::default();
    for agent in AGENTS {
        let key = key(&format!("new-{agent}"), "n3w1");
        session.add(env.fased(["onboard", "--agent", agent, "--anthropic-api-key", &key]).exits(0));
        session.add(env.fased(["chat", "hi", "--agent", agent]).exits(0));
    }
    for agent in AGENTS {
        session.add(format!("# {agent}\n{}", store(&env, agent)));
    }
    snapshot!("typescript_onboard", session);

    // Config, gateway token and legacy files are somebody else's.
    for (path, bytes) in &before {
        if !path.ends_with("auth-profiles.json") {
            assert!(std::fs::read(path).unwrap() == *bytes, "{} was changed", path.display());
        }
    }
    // What is not the new key stands in the store as it stood.
    let after = store(&env, "main");
    let whole = |text: &str, from: &str, to: &str| {
        let start = text.find(from).unwrap_or_else(|| panic!("{from} is gone:\n{text}"));
        text[start..start + text[start..].find(to).unwrap()].to_owned()
    };
    for (from, to) in [
        ("\"anthropic:me@example.com\": {", "\n    },"),
        ("\"anthropic:manual\": {", "\n    },"),
        ("\"openrouter:default\": {", "\n    },"),
        ("\"anthropic:ref\": {", "\n    }\n"),
        ("\"order\": {", "\n  },"),
        ("\"lastGood\": {", "\n  },"),
        ("\"usageStats\": {", "\n  },"),
        ("\"futureField\": {", "\n  }\n"),
    ] {
        assert_eq!(whole(&after, from, to), whole(&main, from, to));
    }
}

#[test]
fn legacy_credentials_are_imported_by_the_first_write_and_kept() {
    let env = env(None);
    let old = env.state("agents/legacy/agent/auth.json");
    let before = std::fs::read(&old).unwrap();
    assert!(!env.store("legacy").exists());
    // The imported key has the default name, so a token goes beside it.
    let token = crate::support::token("new", "77aa");
    env.fased(["onboard", "--agent", "legacy", "--token", &token]).exits(0);
    let profiles = env.store_json("legacy")["profiles"].clone();
    assert!(profiles["anthropic:default"]["key"].as_str().unwrap().contains("FAKE31"));
    assert_eq!(profiles["anthropic:token"]["token"], token);
    assert_eq!(std::fs::read(&old).unwrap(), before);
    // From now on the store is what counts.
    std::fs::remove_file(&old).unwrap();
    env.fased(["models", "status", "--agent", "legacy", "--check"]).exits(0);
}

#[test]
fn the_shared_sign_in_is_imported_for_main_alone_and_only_without_a_store() {
    let env = env(None);
    std::fs::remove_file(env.store("main")).unwrap();
    std::fs::remove_file(env.store("work")).unwrap();
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(0));
    session.add(env.fased(["models", "status", "--agent", "work"]).exits(0));
    snapshot!("typescript_shared_sign_in", session);
}

#[test]
fn no_command_of_config_models_or_doctor_loses_a_comment_a_key_or_a_foreign_entry() {
    let env = env(None);
    let before = env.contents();
    let looks: &[&[&str]] = &[
        &["config", "path"],
        &["config", "get", "--json"],
        &["config", "get", "channels"],
        &["config", "validate", "--strict"],
        &["config", "schema"],
        &["models", "explain", "Sonnet"],
        &["models", "explain", "--agent", "work", "--json"],
        &["agents", "list"],
        &["doctor"],
    ];
    for arguments in looks {
        env.command(arguments.iter().copied()).set("FASED_NOW", "2100-01-01T12:00:00Z").run().exits(0);
        assert!(env.contents() == before, "{arguments:?} changed something:\n{}", env.tree());
    }
    // Each change and its opposite leave the config as it was, to the byte.
    let config = std::fs::read_to_string(env.state("fased.json")).unwrap();
    let opus = "agents.defaults.models[\"anthropic/claude-opus-4-7\"]";
    let undone: &[(&[&str], &[&str])] = &[
        (&["config", "set", "auth.env", "never"], &["config", "unset", "auth.env"]),
        (
            &["config", "set", "agents.list[1].name", "Play"],
            &["config", "set", "agents.list[1].name", "Work"],
        ),
        (
            &["config", "set", &format!("{opus}.alias"), "O"],
            &["config", "set", &format!("{opus}.alias"), "Opus"],
        ),
        (
            &["config", "set", "channels.whatsapp.allowFrom[2]", "+15550003"],
            &["config", "unset", "channels.whatsapp.allowFrom[2]"],
        ),
        (&["agents", "add", "new"], &["agents", "remove", "new", "--yes"]),
        (&["agents", "default", "work"], &["agents", "default", "main"]),
    ];
    for (change, opposite) in undone {
        env.fased(change.iter().copied()).exits(0);
        let changed = std::fs::read_to_string(env.state("fased.json")).unwrap();
        assert_ne!(changed, config, "{change:?}");
        for kept in [
            "// my gateway",
            "// filled by systemd",
            "// big prompts",
            "/* not used here */",
            "botToken",
            "'+15550001'",
        ] {
            assert!(changed.contains(kept), "{change:?} lost {kept}:\n{changed}");
        }
        env.fased(opposite.iter().copied()).exits(0);
        if change[1] != "default" {
            assert_eq!(std::fs::read_to_string(env.state("fased.json")).unwrap(), config, "{change:?}");
        }
    }
    let stores = |contents: &std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>| {
        let of_credentials = |path: &std::path::PathBuf| path.to_string_lossy().contains("auth");
        contents
            .iter()
            .filter(|(path, _)| of_credentials(path))
            .map(|(a, b)| (a.clone(), b.clone()))
            .collect::<Vec<_>>()
    };
    assert!(stores(&env.contents()) == stores(&before), "a credential was touched");
}
