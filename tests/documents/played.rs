//! The pages, what each takes for granted, and the few commands that are not simply run.

/// A page that is played.
pub(crate) struct Page {
    pub(crate) path: &'static str,
    /// A server that runs from the beginning, and the addresses it stands for.
    pub(crate) serves: Option<(&'static str, &'static [&'static str])>,
    /// What a shell does first.
    pub(crate) stage: &'static [&'static str],
    /// Whether it is about building, so that what `cargo` and `.ci` do there is CI's to run.
    pub(crate) builds: bool,
}

/// What is done with a command instead of running it to its end.
pub(crate) enum Treatment {
    /// It serves; its address stands for this one.
    Serves(&'static str),
    /// It asks a person. Here is none, which it says with exit code 64; `tests/cli` plays the person.
    Asks,
    /// It is not run, for this reason.
    NotRun(&'static str),
}

use Treatment::{Asks, NotRun, Serves};

const BUILDS: &str = "it builds, and is what runs this test";

const INSTALLS: &str = "it installs what only this page needs";

const GATEWAY: &str = "127.0.0.1:18789";

/// Commands that are treated in another way, by the page they stand in.
pub(crate) const COMMANDS: &[(&str, &str, Treatment)] = &[
    ("README.md", "cargo test --locked", NotRun(BUILDS)),
    (
        "README.md",
        "cargo install --path .",
        NotRun("it builds for minutes; `.ci/package` is the place for that"),
    ),
    ("README.md", "cargo run --example sandbox", NotRun("`tests/cli/examples.rs` runs the examples")),
    ("README.md", "fased sandbox --port 8787", Serves("127.0.0.1:8787")),
    ("README.md", "fased gateway", Serves(GATEWAY)),
    ("docs/install.md", "cp man/*.1 ~/.local/share/man/man1/", NotRun("it copies files of the repository")),
    ("docs/install.md", "rustup target add x86_64-unknown-linux-musl", NotRun(INSTALLS)),
    ("docs/install.md", "sudo apt-get install musl-tools", NotRun(INSTALLS)),
    ("docs/install.md", "sha256sum target/release/fased", NotRun(BUILDS)),
    ("docs/credentials.md", "fased onboard", Asks),
    ("docs/credentials.md", "fased models auth setup-token --provider anthropic", Asks),
    ("docs/credentials.md", "fased models auth login", Asks),
    ("docs/credentials.md", "fased onboard --secret-input-mode ref", Asks),
    ("docs/configuration.md", "fased onboard", Asks),
    ("docs/chat.md", "fased chat", Asks),
    ("docs/gateway.md", "fased gateway", Serves(GATEWAY)),
    (
        "docs/gateway.md",
        "curl -sNH \"$T\" \"http://127.0.0.1:18789/api/chat/main/SESSION/events\"",
        NotRun("it goes on until it is stopped; `tests/cli/gateway_chat.rs` reads these events"),
    ),
    ("docs/gateway-contract.md", "fased sandbox --port 8787", NotRun("the stage's own is the upstream here")),
];

/// A key in the environment, another in a file, and a third.
const KEYS: &str = "
export ANTHROPIC_API_KEY=sk-ant-api03-sandbox-first-0000000000000000000000000000000000000000-x3Qw
printf %s sk-ant-api03-sandbox-second-000000000000000000000000000000000000000-k2k2 > key.txt
printf %s sk-ant-api03-sandbox-third-0000000000000000000000000000000000000000-t3t3 > another-key.txt
";

/// A repository with a change in it.
const CHANGE: &str = "
git init -q . && git -c user.name=You -c user.email=you@example.com commit -q --allow-empty -m begin
git branch -q origin/main
echo 'Fased keeps credentials.' > notes.txt && git add notes.txt
";

/// Another two programs' credentials, a backup of another state directory, a vault's file, and a workload's identity.
const NEIGHBOURS: &str = r#"
printf %s sk-ant-oat01-sandbox-plan-0000000000000000000000000000000000000000000000000000000000000000-77aa > token.txt
export CLAUDE_SETUP_TOKEN=$(cat token.txt)
echo '{"claude":{"work":"sk-ant-api03-sandbox-file-00000000000000000000000000000000000000000-f1f1"}}' > keys.json
chmod 600 keys.json token.txt
fased config set secrets.providers '{
  keys: { source: "file", path: "~/keys.json" },
  vault: { source: "exec", command: "/usr/local/bin/resolver" },
}'
FASED_STATE_DIR=/backup/.fased fased agents add work
FASED_STATE_DIR=/backup/.fased fased onboard --agent work --api-key-stdin --profile-id anthropic:backup < another-key.txt
mkdir -p .openclaw/agents/main/agent .claude .config/anthropic/configs .config/anthropic/credentials
cp /backup/.fased/agents/work/agent/auth-profiles.json .openclaw/agents/main/agent/
echo '{"claudeAiOauth":{"accessToken":"'$CLAUDE_SETUP_TOKEN'","refreshToken":"sk-ant-ort01-sandbox-theirs-0000","expiresAt":1780350000000,"scopes":["user:inference"]}}' > .claude/.credentials.json
chmod 600 .claude/.credentials.json
echo '{"version":"1.0","authentication":{"type":"user_oauth","client_id":"theirs"},"organization_id":"6f1c2a34-0000-4000-8000-0123456789ab"}' > .config/anthropic/configs/default.json
echo '{"version":"1.0","type":"oauth_token","access_token":"'$CLAUDE_SETUP_TOKEN'","refresh_token":"sk-ant-ort01-sandbox-theirs-0000","expires_at":1780350000}' > .config/anthropic/credentials/default.json
chmod 600 .config/anthropic/credentials/default.json
echo eyJhbGciOiJub25lIn0.e30.c2ln > identity
export ANTHROPIC_FEDERATION_RULE_ID=fdrl_01Ab ANTHROPIC_ORGANIZATION_ID=6f1c2a34-0000-4000-8000-0123456789ab
export ANTHROPIC_IDENTITY_TOKEN_FILE=$HOME/identity
"#;

/// A stored credential, and no key in the environment.
const STORED: &str = "
unset ANTHROPIC_API_KEY
fased onboard --api-key-stdin --verify < key.txt
";

/// A picture of one point, and a text that is long enough for the prompt cache.
const FILES: &str = "
printf %s iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg== | base64 -d > map.png
for rule in {1..90}; do echo \"Rule $rule: answer shortly, name the source, and say so when something is not known.\"; done > handbook.txt
";

/// A credential that is at its limit, and one that takes over.
const LIMITED: &str = "
printf %s sk-ant-api03-sandbox-fault-rate-limit-retry-after-47-0000000000000000000000-x3Qw | fased onboard --api-key-stdin --profile-id anthropic:work
fased models auth order set --provider anthropic anthropic:work anthropic:default
";

const fn page(path: &'static str, stage: &'static [&'static str]) -> Page {
    Page { path, serves: None, stage, builds: false }
}

const fn page_for_contributors(path: &'static str) -> Page {
    Page { path, serves: None, stage: &[], builds: true }
}

/// Every page.
pub(crate) const PAGES: &[Page] = &[
    page("README.md", &[KEYS, CHANGE]),
    page("docs/credentials.md", &[KEYS, NEIGHBOURS]),
    page("docs/configuration.md", &[KEYS, STORED]),
    page("docs/chat.md", &[KEYS, STORED, CHANGE, FILES]),
    page("docs/failover.md", &[KEYS, STORED, LIMITED]),
    page("docs/caching-and-cost.md", &[KEYS, STORED, FILES]),
    page("docs/gateway.md", &[KEYS, STORED, "fased agents add work --copy-auth-from main"]),
    Page {
        path: "docs/gateway-contract.md",
        serves: Some(("fased gateway", &["https://llm.example.com", "http://127.0.0.1:4000"])),
        stage: &[KEYS, STORED, "KEY=$(fased gateway keys add check) && printf %s \"$KEY\" > key.txt"],
        builds: false,
    },
    page("docs/security.md", &[KEYS, "unset ANTHROPIC_API_KEY", "fased gateway keys add my-app"]),
    Page { path: "docs/install.md", serves: None, stage: &[KEYS, STORED], builds: true },
    page("examples/README.md", &[KEYS, STORED]),
    page_for_contributors("CONTRIBUTING.md"),
    page_for_contributors("docs/architecture.md"),
    page_for_contributors("docs/performance.md"),
    page_for_contributors("docs/reliability.md"),
];
