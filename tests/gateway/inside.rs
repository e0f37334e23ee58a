//! A gateway within the test's own runtime, so that its time can stand still and be moved.

use std::sync::Arc;

use fased::anthropic::NetworkPolicy;
use fased::auth::oauth::refresh::InFlight;
use fased::auth::reference::Programs;
use fased::clock::ManualClock;
use fased::config::Paths;
use fased::env::Env;
use fased::gateway::settings::Asked;
use fased::gateway::{Gateway, GatewayOptions};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{NOW, TestEnv, key};

/// A client key of agent main.
pub(crate) const CLIENT_KEY: &str = "fased-ck-sandbox-0000-tests";

/// Runs until it is dropped.
pub(crate) struct Inside {
    pub(crate) url: String,
    _gateway: Gateway,
    _env: TestEnv,
}

impl Inside {
    /// One whose agent has so many API keys, and which asks this provider.
    pub(crate) async fn start(provider: &str, keys: usize) -> Self {
        let mut env = TestEnv::new();
        env.set("ANTHROPIC_BASE_URL", provider);
        let ids = (0..keys).map(|index| format!("anthropic:key{index}"));
        let profiles: serde_json::Map<String, Value> = ids
            .map(|id| {
                let key = key(id.trim_start_matches("anthropic:"), "x3Qw");
                (id, json!({ "type": "api_key", "provider": "anthropic", "key": key }))
            })
            .collect();
        env.write(
            "agents/main/agent/auth-profiles.json",
            &json!({ "version": 1, "profiles": profiles }).to_string(),
        );
        env.write("gateway-keys.json", &client_keys(CLIENT_KEY));
        let gateway = Gateway::start(GatewayOptions {
            asked: Asked { port: Some(0), bind: None },
            env: Env::from_pairs(env.variables().clone()),
            paths: Paths::below(env.home()),
            network: NetworkPolicy::LoopbackOnly,
            clock: Arc::new(ManualClock::at(NOW.parse().unwrap())),
            in_flight: InFlight::default(),
            programs: Programs::default(),
        })
        .await
        .unwrap();
        Self { url: gateway.instance().url.clone(), _gateway: gateway, _env: env }
    }
}

/// The file of client keys with this one for agent main.
pub(crate) fn client_keys(key: &str) -> String {
    let sha256: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    let key = json!({ "name": "tests", "agent": "main", "createdAt": NOW, "tail": "ests", "sha256": sha256 });
    json!({ "version": 1, "keys": [key] }).to_string()
}
