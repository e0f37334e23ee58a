//! A home with something of everything in it, for every command to have something to do.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use serde_json::{Value, json};

use crate::support::{TestEnv, TestSandbox, key, token};

/// A sign-in that has days left, and the credential the environment of other tools would find.
pub(crate) const SIGN_IN: &str = "anthropic:me@example.com";
/// Later than anything that ends in these tests.
const FAR: i64 = 4_000_000_000_000;

/// An entry of a credential store.
pub(crate) fn api_key(part: &str) -> Value {
    json!({ "type": "api_key", "provider": "anthropic", "key": key(part, "x3Qw"), "note": "kept" })
}

/// A pair; `part` may ask for faults of the token endpoint.
pub(crate) fn pair(part: &str, expires: i64) -> Value {
    json!({
        "type": "oauth", "provider": "anthropic", "email": "me@example.com", "note": "kept", "expires": expires,
        "access": token(&format!("{part}-access"), "9f2K"),
        "refresh": format!("sk-ant-ort01-sandbox-{part}-{}", "0".repeat(60)),
    })
}

/// Writes a credential store.
pub(crate) fn store(env: &TestEnv, agent: &str, profiles: &Value) {
    let text = json!({ "version": 1, "profiles": profiles, "foreign": { "kept": true } }).to_string();
    env.write(&format!("agents/{agent}/agent/auth-profiles.json"), &text);
}

/// A config that names the sandbox for sign-ins, and two agents.
pub(crate) fn config(sandbox: &TestSandbox) -> String {
    let url = sandbox.url();
    format!(
        "// kept: the first comment
{{
  agents: {{
    defaults: {{
      model: {{ primary: 'anthropic/claude-sonnet-5', fallbacks: ['anthropic/claude-sonnet-4-6'] }}, // kept: models
      imageModel: {{ primary: 'anthropic/claude-sonnet-5', fallbacks: ['anthropic/claude-sonnet-4-6'] }},
      models: {{
        'anthropic/claude-sonnet-5': {{}},
        'anthropic/claude-sonnet-4-6': {{ alias: 'Sonnet' }},
        'anthropic/claude-opus-4-7': {{ alias: 'Opus', params: {{ cacheControlTtl: '1h' }} }},
        'anthropic/claude-haiku-4-5': {{}},
      }},
      taskModels: {{ coding: 'anthropic/claude-sonnet-5' }},
    }},
    list: [
      {{ id: 'main', default: true }},
      {{ id: 'work', name: 'Work' }}, /* kept: an agent */
    ],
  }},
  models: {{ providers: {{ anthropic: {{ oauth: {{ tokenUrl: '{url}/v1/oauth/token' }} }} }} }},
  channels: {{ telegram: {{ enabled: false }} }}, // kept: somebody else's
}}
"
    )
}

/// A home in which every command finds what it is about. `secret` is a part of every secret in it.
pub(crate) fn furnished(sandbox: &TestSandbox, secret: &str) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.write("fased.json", &config(sandbox));
    let part = |name: &str| format!("{secret}-{name}");
    store(
        &env,
        "main",
        &json!({
            "anthropic:default": api_key(&part("default")),
            "anthropic:old": api_key(&part("old")),
            "anthropic:limited": api_key(&part("fault-rate-limit-retry-after-3600")),
            SIGN_IN: pair(&part("pair"), FAR),
        }),
    );
    store(&env, "work", &json!({ "anthropic:default": api_key(&part("work")) }));
    // What another program keeps, and a limit that was met.
    let elsewhere =
        json!({ "version": 1, "profiles": { "anthropic:elsewhere": api_key(&part("elsewhere")) } });
    env.write("../elsewhere/agents/main/agent/auth-profiles.json", &elsewhere.to_string());
    env.fased(["models", "auth", "order", "set", "--provider", "anthropic", "anthropic:default", SIGN_IN])
        .exits(0);
    env.fased(["chat", "hi", "--session", "talk"]).exits(0);
    env.fased(["chat", "hi", "--model", "anthropic/claude-sonnet-5@anthropic:limited"]).exits(4);
    env.fased(["gateway", "keys", "add", "client"]).exits(0);
    env
}

/// A home with the same in it as another one, whose sandbox is this.
pub(crate) fn copy_of(home: &TestEnv, sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    for (path, bytes) in home.contents() {
        let path = env.home().join(path.strip_prefix(home.home()).unwrap());
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap()).unwrap();
        File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .unwrap()
            .write_all(&bytes)
            .unwrap();
    }
    env
}

/// A home with a copy of the state directory of the TypeScript program.
pub(crate) fn typescript(sandbox: &TestSandbox) -> TestEnv {
    let env = TestEnv::with_sandbox(sandbox);
    env.write_typescript_state();
    let elsewhere = json!({ "version": 1, "profiles": { "anthropic:elsewhere": api_key("elsewhere") } });
    env.write("../elsewhere/agents/main/agent/auth-profiles.json", &elsewhere.to_string());
    env
}
