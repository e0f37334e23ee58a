//! What measured programs are given: an empty program to compare with, home directories with stores of any size,
//! and the price of one durable write in a directory. All of it lives under the build's own temporary directory.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A key as `fased` takes it; it holds nothing secret.
const KEY: &str = "sk-ant-api03-benchmark-000000000000000000000000000000000000000000000000000000000000-AA";
/// A key as the sandbox takes it.
const SANDBOX_KEY: &str = "sk-ant-api03-sandbox-benchmark-0000000000000000000000000000000000000000";
/// The first moment of the year 2100, in milliseconds.
const FAR_FUTURE: u64 = 4_102_444_800_000;

/// A directory of fixtures, emptied at the start.
#[derive(Debug)]
pub(crate) struct Fixtures {
    root: PathBuf,
}

impl Fixtures {
    /// Fixtures of a benchmark.
    pub(crate) fn new(benchmark: &str) -> Result<Self, Box<dyn Error>> {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(benchmark);
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        DirBuilder::new().mode(0o700).recursive(true).create(&root)?;
        Ok(Self { root })
    }

    /// Compiles a program that does nothing, with the compiler that is in use here and the settings of a release.
    pub(crate) fn empty_program(&self) -> Result<PathBuf, Box<dyn Error>> {
        let (source, program) = (self.root.join("empty.rs"), self.root.join("empty"));
        File::create(&source)?.write_all(b"fn main() {}\n")?;
        let flags = ["--edition=2024", "-Copt-level=3", "-Cstrip=symbols", "-o"];
        let compiled = Command::new("rustc").args(flags).args([&program, &source]).status()?;
        if compiled.success() { Ok(program) } else { Err("rustc does not compile the empty program".into()) }
    }

    /// A home directory without any state.
    pub(crate) fn empty_home(&self, name: &str) -> Result<PathBuf, Box<dyn Error>> {
        let home = self.root.join(name);
        DirBuilder::new().mode(0o700).create(&home)?;
        Ok(home)
    }

    /// A home directory whose agent `main` has this many profiles: API keys, tokens and OAuth pairs in turn.
    pub(crate) fn home_with_profiles(&self, count: usize) -> Result<PathBuf, Box<dyn Error>> {
        let home = self.empty_home(&format!("home-{count}"))?;
        let agent = agent_dir(&home);
        DirBuilder::new().mode(0o700).recursive(true).create(&agent)?;
        let mut store = String::from("{\n  \"version\": 1,\n  \"profiles\": {");
        for number in 0..count {
            let separator = if number == 0 { "" } else { "," };
            write!(store, "{separator}\n    \"anthropic:profile-{number:05}\": {}", entry(number))?;
        }
        store.push_str("\n  }\n}\n");
        private_file(&agent.join("auth-profiles.json"))?.write_all(store.as_bytes())?;
        Ok(home)
    }

    /// A home directory whose config is as people write it: a model, an alias, an agent.
    pub(crate) fn home_with_small_config(&self) -> Result<PathBuf, Box<dyn Error>> {
        let home = self.empty_home("home-small")?;
        DirBuilder::new().mode(0o700).create(home.join(".fased"))?;
        let config = "// ours\n{\n  agents: {\n    defaults: {\n      model: { primary: \"anthropic/claude-opus-4-8\", \
                      fallbacks: [\"anthropic/claude-haiku-4-5\"] },\n    },\n    \
                      list: [{ id: \"main\", default: true, params: { cacheRetention: \"long\" } }],\n  },\n}\n";
        private_file(&config_file(&home))?.write_all(config.as_bytes())?;
        Ok(home)
    }

    /// A home directory whose config has a thousand agents in one megabyte, with the comments people write.
    pub(crate) fn home_with_agents(&self) -> Result<PathBuf, Box<dyn Error>> {
        let home = self.empty_home("home-agents")?;
        DirBuilder::new().mode(0o700).create(home.join(".fased"))?;
        write_large_config(&home)?;
        Ok(home)
    }

    /// A file holding an API key, to be read as standard input.
    pub(crate) fn key_file(&self) -> Result<PathBuf, Box<dyn Error>> {
        self.file("key", KEY)
    }

    /// A file holding an API key that the sandbox takes.
    pub(crate) fn sandbox_key_file(&self) -> Result<PathBuf, Box<dyn Error>> {
        self.file("sandbox-key", SANDBOX_KEY)
    }

    /// A home directory whose config names the API at this address.
    pub(crate) fn home_that_asks(&self, url: &str) -> Result<PathBuf, Box<dyn Error>> {
        let home = self.empty_home("home-asks")?;
        DirBuilder::new().mode(0o700).create(home.join(".fased"))?;
        let config = format!("{{ models: {{ providers: {{ anthropic: {{ baseUrl: \"{url}\" }} }} }} }}\n");
        private_file(&config_file(&home))?.write_all(config.as_bytes())?;
        Ok(home)
    }

    /// What `curl --config` reads to put a question.
    pub(crate) fn curl_request(&self, url: &str, question: &str) -> Result<PathBuf, Box<dyn Error>> {
        let body = format!(
            r#"{{"model":"claude-sonnet-5","max_tokens":1024,"stream":true,"messages":[{{"role":"user","content":"{question}"}}]}}"#
        );
        let body = self.file("question.json", &body)?;
        let request = format!(
            "silent\nno-buffer\nfail\nurl = \"{url}/v1/messages\"\ndata-binary = \"@{}\"\n\
             header = \"content-type: application/json\"\nheader = \"anthropic-version: 2023-06-01\"\n\
             header = \"x-api-key: {SANDBOX_KEY}\"\n",
            body.display()
        );
        self.file("request.curl", &request)
    }

    fn file(&self, name: &str, text: &str) -> Result<PathBuf, Box<dyn Error>> {
        let path = self.root.join(name);
        private_file(&path)?.write_all(text.as_bytes())?;
        Ok(path)
    }
}

/// Where the config of a home directory is.
pub(crate) fn config_file(home: &Path) -> PathBuf {
    home.join(".fased/fased.json")
}

/// Writes the large config, whatever it has become.
pub(crate) fn write_large_config(home: &Path) -> Result<(), Box<dyn Error>> {
    let mut text = String::from("// one entry for each agent\n{\n  agents: {\n    list: [\n");
    for number in 0..1_000 {
        let theme = "calm and to the point, ".repeat(30);
        write!(
            text,
            "      {{ // agent {number}\n        id: \"agent-{number}\", name: 'Agent {number}', workspace: \"~/work/{number}\",\n        \
             model: {{ primary: \"anthropic/claude-sonnet-5\", fallbacks: [\"anthropic/claude-haiku-4-5\"] }},\n        \
             params: {{ cacheRetention: \"long\", temperature: 0.5, }}, /* as agreed */\n        \
             identity: {{ theme: \"{theme}\" }},\n      }},\n"
        )?;
    }
    text.push_str("    ],\n  },\n}\n");
    let file = config_file(home);
    if file.exists() {
        fs::remove_file(&file)?;
    }
    private_file(&file)?.write_all(text.as_bytes())?;
    Ok(())
}

fn entry(number: usize) -> String {
    match number % 3 {
        0 => format!(
            r#"{{ "type": "api_key", "provider": "anthropic", "key": "sk-ant-api03-{number:080}-AA" }}"#
        ),
        1 => format!(
            r#"{{ "type": "token", "provider": "anthropic", "token": "sk-ant-oat01-{number:080}-AA", "expires": {FAR_FUTURE} }}"#
        ),
        _ => format!(
            r#"{{ "type": "oauth", "provider": "anthropic", "access": "sk-ant-oat01-{number:080}-AA", "refresh": "sk-ant-ort01-{number:080}-AA", "expires": {FAR_FUTURE}, "email": "user{number}@example.com" }}"#
        ),
    }
}

/// Where the agent `main` keeps its credentials.
pub(crate) fn agent_dir(home: &Path) -> PathBuf {
    home.join(".fased/agents/main/agent")
}

/// Takes the state of a home directory away.
pub(crate) fn remove_state(home: &Path) -> Result<(), std::io::Error> {
    let state = home.join(".fased");
    if state.exists() { fs::remove_dir_all(state) } else { Ok(()) }
}

/// Time for one durable replacement of a file the size of `like`, in its directory: create, write, sync, rename, sync the
/// directory. No program that must not lose the file can do with less.
pub(crate) fn durable_write(like: &Path) -> Result<Duration, Box<dyn Error>> {
    let directory = like.parent().ok_or("a file is in a directory")?;
    let bytes = vec![b'x'; usize::try_from(fs::metadata(like)?.len())?];
    let (temporary, target) = (directory.join("probe.tmp"), directory.join("probe"));
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    let started = Instant::now();
    let mut file = private_file(&temporary)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, &target)?;
    File::open(directory)?.sync_all()?;
    let took = started.elapsed();
    fs::remove_file(target)?;
    Ok(took)
}

fn private_file(path: &Path) -> Result<File, std::io::Error> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}
