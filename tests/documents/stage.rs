//! What a document takes for granted: a home, a sandbox in the place of the API, and the things its commands name.

use std::cmp::Reverse;
use std::os::unix::fs::{PermissionsExt, symlink};

use regex::Regex;
use tempfile::TempDir;

use super::markdown::Block;
use super::shell::Shell;
use super::source;
use crate::support::{TestEnv, TestSandbox, installed};

/// Programs that documents name and that a machine need not have, played.
const PROGRAMS: [(&str, &str); 6] = [
    // A person's browser, with its person: opens the page and agrees to what it asks.
    (
        "browser",
        r#"page=$(curl -s "$1")
link=$(sed -n 's/.*<a id="approve" href="\([^"]*\)".*/\1/p' <<<"$page" | sed 's/&amp;/\&/g')
[ -z "$link" ] || curl -s "$link" >/dev/null"#,
    ),
    ("claude", "exit 0"),
    ("pass", "printf %s sk-ant-api03-sandbox-from-pass-0000000000000000000000000000000000000000-p4ss"),
    (
        "resolver",
        r#"cat >/dev/null; printf '{"protocolVersion":1,"values":{"claude/team":"sk-ant-api03-sandbox-team-00000000000000000000000000000000-t3am"}}'"#,
    ),
    ("python", "exit 0"),
    ("systemctl", "exit 0"),
];

/// A home with everything in it.
pub(crate) struct Stage {
    pub(crate) env: TestEnv,
    pub(crate) sandbox: TestSandbox,
    pub(crate) shell: Shell,
    _room: TempDir,
    /// What documents name, and what stands for it here.
    stands_for: Vec<(String, String)>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        for program in ["curl", "jq", "git"] {
            installed(program, program);
        }
        let sandbox = TestSandbox::start();
        let mut env = TestEnv::with_sign_in(&sandbox);
        let room = tempfile::tempdir().unwrap();
        let programs = room.path().join("bin");
        std::fs::create_dir(&programs).unwrap();
        symlink(env!("CARGO_BIN_EXE_fased"), programs.join("fased")).unwrap();
        for (name, script) in PROGRAMS {
            let path = programs.join(name);
            std::fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        env.set("PATH", &format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()));
        env.set("BROWSER", programs.join("browser").to_str().unwrap());
        env.set("TZ", "UTC").set("LANG", "C.UTF-8");
        // Servers take a free port; the one they have stands for the usual one.
        env.set("FASED_GATEWAY_PORT", "0");
        symlink(source("examples"), env.home().join("examples")).unwrap();
        let shell = Shell::start(env.home(), room.path(), env.variables().clone());
        let host = sandbox.url().trim_start_matches("http://").to_owned();
        let stands_for = vec![
            ("https://api.anthropic.com".to_owned(), sandbox.url()),
            ("https://llm.example.com/anthropic".to_owned(), sandbox.url()),
            ("https://llm.example.com".to_owned(), sandbox.url()),
            ("/usr/local/bin/resolver".to_owned(), programs.join("resolver").display().to_string()),
            ("/backup".to_owned(), room.path().join("backup").display().to_string()),
            ("api.anthropic.com".to_owned(), host.clone()),
            ("127.0.0.1:8787".to_owned(), host),
            ("--port 8787".to_owned(), "--port 0".to_owned()),
            ("cargo run --release --".to_owned(), "fased".to_owned()),
        ];
        Self { env, sandbox, shell, _room: room, stands_for }
    }

    /// Runs what prepares a document; each command must succeed.
    pub(crate) fn prepare(&mut self, script: &str) {
        for command in Block::of_shell(script).commands() {
            let (code, said) = self.shell.run(&self.here(&command.text));
            assert_eq!(code, 0, "the stage cannot be made: {}: {said}", command.text);
        }
    }

    /// A command of a document, with what there is here in the place of what it names.
    pub(crate) fn here(&self, text: &str) -> String {
        let mut stands_for: Vec<&(String, String)> = self.stands_for.iter().collect();
        // An address before those it begins with.
        stands_for.sort_by_key(|(named, _)| Reverse(named.len()));
        stands_for.iter().fold(text.to_owned(), |text, (named, here)| text.replace(named, here))
    }

    /// What was said here, as the document would show it.
    pub(crate) fn there(&self, said: &str) -> String {
        // The code of a link into the Control UI is used up, but looks like a secret.
        let said = Regex::new(r"#code=[\w-]+").unwrap().replace_all(said, "#code=CODE");
        let home = self.env.home().display().to_string();
        let said = said
            .replace(&home, "/home/you")
            .replace(env!("CARGO_BIN_EXE_fased"), "/home/you/.cargo/bin/fased");
        let mut stands_for: Vec<&(String, String)> =
            self.stands_for.iter().filter(|(_, here)| here.contains("127.0.0.1:")).collect();
        stands_for.sort_by_key(|(_, here)| Reverse(here.len()));
        stands_for.iter().fold(said, |said, (named, here)| said.replace(here, named))
    }

    /// Starts a server of a document; the address it has here stands for those the document names.
    pub(crate) fn serve(&mut self, command: &str, addresses: &[&str]) {
        let command = self.here(command);
        let url = self.shell.serve(&command);
        for named in addresses {
            let here = if named.starts_with("http") { &url } else { url.trim_start_matches("http://") };
            // Before what stands for it otherwise.
            self.stands_for.insert(0, ((*named).to_owned(), here.to_owned()));
        }
    }

    /// Loads a config as a file of the program; what is wrong with it.
    pub(crate) fn validates(&self, text: &str) -> Result<(), String> {
        let directory = self.env.state("validated");
        std::fs::create_dir_all(&directory).unwrap();
        for (name, text) in [("base.json5", "{}"), ("team.json5", "{}"), ("fased.json", text)] {
            std::fs::write(directory.join(name), text).unwrap();
        }
        let mut run = self.env.command(["config", "validate", "--strict"]);
        let path = directory.join("fased.json").display().to_string();
        for (name, value) in [("FASED_CONFIG_PATH", path.as_str()), ("TEAM_KEY", "a"), ("GATEWAY_TOKEN", "b")]
        {
            run = run.set(name, value);
        }
        let output = run.run();
        std::fs::remove_dir_all(&directory).unwrap();
        if output.code == Some(0) { Ok(()) } else { Err(output.to_string()) }
    }
}
