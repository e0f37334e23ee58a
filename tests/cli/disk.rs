//! Disks and permissions that refuse: every command says what is wrong and what to do, and what is stored stays as it is.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Session, TestEnv, TestSandbox, key, snapshot, token};

/// Nobody's user id, where the tests themselves run as one whom no permission stops.
const NOBODY_ID: u32 = 65_534;

/// A run of the program as a user whom permissions stop.
struct Ordinary<'a> {
    env: &'a TestEnv,
    program: std::path::PathBuf,
}

impl<'a> Ordinary<'a> {
    /// Hands the home over to that user, and the program with it: it may lie where only we can reach it.
    fn of(env: &'a TestEnv) -> Self {
        let program = env.home().join("fased");
        std::fs::copy(env!("CARGO_BIN_EXE_fased"), &program).unwrap();
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        let this = Self { env, program };
        if Self::we_are_root() {
            for path in std::iter::once(env.home().to_owned()).chain(env.paths()) {
                chown(path, Some(NOBODY_ID), Some(NOBODY_ID)).unwrap();
            }
        }
        this
    }

    fn we_are_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().envs(self.env.variables()).current_dir("/").stdin(Stdio::null());
        if Self::we_are_root() {
            command.uid(NOBODY_ID).gid(NOBODY_ID);
        }
        let output = command.output().unwrap();
        let told = format!(
            "$ fased {}\n{}{}[exit code: {}]\n\n",
            arguments.join(" "),
            self.env.clean(&output.stdout),
            self.env.clean(&output.stderr),
            output.status.code().unwrap()
        );
        (output.status.code(), told)
    }
}

/// A home with one stored key.
fn with_key(sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(0);
    env
}

fn mode(env: &TestEnv, path: &str, mode: u32) {
    std::fs::set_permissions(env.state(path), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_directory_that_cannot_be_written_stops_writers_and_nobody_else() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox);
    let user = Ordinary::of(&env);
    let before = std::fs::read(env.store("main")).unwrap();
    mode(&env, "agents/main/agent", 0o500);
    mode(&env, "agents/main/agent/store.lock", 0o400);
    let mut told = String::new();
    for (arguments, code) in [
        (vec!["onboard", "--anthropic-api-key", &key("two", "k2k2")], 1),
        (vec!["models", "auth", "remove", "anthropic:default", "--yes"], 1),
        (vec!["models", "status"], 0),
        (vec!["chat", "hi"], 0),
    ] {
        let (ended, text) = user.run(&arguments);
        assert_eq!(ended, Some(code), "{text}");
        told.push_str(&text.replace(&key("two", "k2k2"), "[KEY]"));
    }
    mode(&env, "agents/main/agent", 0o700);
    assert_eq!(std::fs::read(env.store("main")).unwrap(), before);
    snapshot!("disk_read_only", told);
}

#[test]
fn a_store_of_another_owner_is_told_and_left() {
    let sandbox = TestSandbox::start();
    let env = with_key(&sandbox);
    let user = Ordinary::of(&env);
    if Ordinary::we_are_root() {
        chown(env.store("main"), Some(0), Some(0)).unwrap();
    } else {
        // Without the right to give a file away, one that nobody may read is the same to its reader.
        mode(&env, "agents/main/agent/auth-profiles.json", 0o000);
    }
    let mut told = String::new();
    for arguments in [
        vec!["models", "status"],
        vec!["chat", "hi"],
        vec!["chat", "hi", "--json"],
        vec!["onboard", "--anthropic-api-key", &key("two", "k2k2")],
    ] {
        let (ended, text) = user.run(&arguments);
        assert_eq!(ended, Some(1), "{text}");
        told.push_str(&text.replace(&key("two", "k2k2"), "[KEY]"));
    }
    mode(&env, "agents/main/agent/auth-profiles.json", 0o600);
    assert_eq!(env.store_json("main")["profiles"]["anthropic:default"]["key"], key("one", "x3Qw"));
    snapshot!("disk_other_owner", told);
}

#[test]
fn a_directory_in_place_of_the_store_is_told_and_left() {
    let env = TestEnv::new();
    env.write("agents/main/agent/auth-profiles.json/inside", "something");
    let mut session = Session::default();
    session.add(env.fased(["models", "status"]).exits(1));
    session.add(env.fased(["onboard", "--anthropic-api-key", &key("one", "x3Qw")]).exits(1));
    session.add(env.fased(["chat", "hi", "--json"]).exits(1));
    assert_eq!(
        std::fs::read(env.state("agents/main/agent/auth-profiles.json/inside")).unwrap(),
        b"something"
    );
    snapshot!("disk_directory", session);
}

#[test]
fn a_pipe_in_place_of_a_file_is_not_waited_for() {
    let sandbox = TestSandbox::start();
    for (file, code) in [
        ("agents/main/agent/auth-profiles.json", 1),
        ("fased.json", 1),
        ("agents/main/agent/auth-state.json", 0),
        ("notices.json", 0),
    ] {
        let env = with_key(&sandbox);
        std::fs::remove_file(env.state(file)).ok();
        let made = Command::new("mkfifo").arg(env.state(file)).status().unwrap();
        assert!(made.success());
        env.fased(["models", "status"]).exits(code);
        env.fased(["chat", "hi"]).exits(code);
    }
}

/// Runs the program where no file can grow beyond so many KiB, as on a disk that is full.
fn on_a_full_disk(env: &TestEnv, kib: u32, arguments: &[&str]) -> (Option<i32>, String) {
    let blocks = kib * 2;
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_fased")]).args(arguments);
    command.env_clear().envs(env.variables()).current_dir(env.home()).stdin(Stdio::null());
    let output = command.output().unwrap();
    let told = format!("{}{}", env.clean(&output.stdout), env.clean(&output.stderr));
    (output.status.code(), told)
}

/// Makes the store larger than what fits.
fn grown(profiles: &Value) -> String {
    let filler: Vec<String> = (0..400).map(|n| format!("{n:040}")).collect();
    json!({ "version": 1, "profiles": profiles, "filler": filler }).to_string()
}

#[test]
fn a_full_disk_leaves_the_store_as_it_was_and_nothing_beside_it() {
    let env = TestEnv::new();
    let key = key("one", "x3Qw");
    env.write(
        "agents/main/agent/auth-profiles.json",
        &grown(&json!({ "anthropic:default": { "type": "api_key", "provider": "anthropic", "key": key } })),
    );
    let before = std::fs::read(env.store("main")).unwrap();
    let token = token("two", "77aa");
    for arguments in [
        vec!["onboard", "--token", &token],
        vec!["models", "auth", "remove", "anthropic:default", "--yes"],
        vec!["models", "auth", "rename", "anthropic:default", "anthropic:new"],
    ] {
        let (code, told) = on_a_full_disk(&env, 4, &arguments);
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("auth-profiles.json") && told.contains("space"), "{told}");
        assert_eq!(std::fs::read(env.store("main")).unwrap(), before);
        assert!(!env.tree().contains(".tmp"), "{}", env.tree());
    }
}

#[test]
fn a_disk_that_fills_up_during_a_refresh_loses_no_pair() {
    let sandbox = TestSandbox::start();
    let env = TestEnv::with_sandbox(&sandbox);
    let url = sandbox.url();
    env.write(
        "fased.json",
        &format!("{{ models: {{ providers: {{ anthropic: {{ oauth: {{ tokenUrl: '{url}/v1/oauth/token' }} }} }} }} }}"),
    );
    let pair = json!({ "anthropic:me@example.com": { "type": "oauth", "provider": "anthropic", "access": token("old", "9f2K"),
        "refresh": format!("sk-ant-ort01-sandbox-one-{}", "0".repeat(60)), "expires": 1_780_315_140_000_i64 } });
    env.write("agents/main/agent/auth-profiles.json", &grown(&pair));
    let before = std::fs::read(env.store("main")).unwrap();
    // There is room for the journal, and none for the store.
    for _ in 0..2 {
        let (code, told) = on_a_full_disk(&env, 10, &["chat", "hi"]);
        assert_eq!(code, Some(0), "{told}");
        assert_eq!(std::fs::read(env.store("main")).unwrap(), before);
    }
    env.fased(["chat", "hi"]).exits(0);
    assert_ne!(std::fs::read(env.store("main")).unwrap(), before);
    assert_eq!(sandbox.refreshes(), 1, "a pair that had arrived was asked for again");
    assert!(!env.tree().contains("refresh-journal"), "{}", env.tree());
    // Without room for the journal nothing is sent at all.
    let refresh = env.store_json("main")["profiles"]["anthropic:me@example.com"]["refresh"].clone();
    let mut ended = env.store_json("main");
    ended["profiles"]["anthropic:me@example.com"]["expires"] = 1_780_315_140_000_i64.into();
    env.write("agents/main/agent/auth-profiles.json", &ended.to_string());
    let (code, told) = on_a_full_disk(&env, 4, &["chat", "hi"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("nothing was sent"), "{told}");
    assert_eq!(sandbox.refreshes(), 1);
    assert_eq!(env.store_json("main")["profiles"]["anthropic:me@example.com"]["refresh"], refresh);
}
