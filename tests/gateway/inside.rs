//! A gateway within the test's own runtime, so that its time can stand still and be moved.

use std::sync::Arc;
use std::time::Duration;

use fased::anthropic::NetworkPolicy;
use fased::auth::oauth::refresh::InFlight;
use fased::auth::reference::Programs;
use fased::clock::ManualClock;
use fased::config::Paths;
use fased::env::Env;
use fased::gateway::settings::Asked;
use fased::gateway::{Gateway, GatewayOptions};
use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{NOW, TestEnv, key};

/// A client key of agent main.
pub(crate) const CLIENT_KEY: &str = "fased-ck-sandbox-0000-tests";

/// Runs until it is dropped.
pub(crate) struct Inside {
    pub(crate) url: String,
    gateway: Gateway,
    env: TestEnv,
}

/// What the ledger says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) outcome: String,
    pub(crate) error: Option<String>,
    pub(crate) model: String,
    pub(crate) output: Option<i64>,
    /// In micro-dollars.
    pub(crate) cost: Option<i64>,
    /// What the key was charged where that is not the cost, in micro-dollars.
    pub(crate) charged: Option<i64>,
    pub(crate) failed_attempts: u32,
}

impl Inside {
    /// One whose agent has so many API keys, and which asks this provider.
    pub(crate) async fn start(provider: &str, keys: usize) -> Self {
        Self::with_caps(provider, keys, &json!({})).await
    }

    /// One whose client may spend a thousand dollars a day.
    pub(crate) async fn start_capped(provider: &str, keys: usize) -> Self {
        Self::with_caps(provider, keys, &json!({ "dailyMicroDollars": 1_000_000_000 })).await
    }

    async fn with_caps(provider: &str, keys: usize, caps: &Value) -> Self {
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
        env.write("gateway-keys.json", &client_keys(CLIENT_KEY, caps));
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
        Self { url: gateway.instance().url.clone(), gateway, env }
    }

    /// Stops it; the rows of its ledger, the oldest first.
    pub(crate) async fn recorded(self) -> Vec<Recorded> {
        assert!(self.gateway.stop(Duration::from_secs(60)).await, "something does not end");
        let ledger = Connection::open(self.env.state("usage.db")).unwrap();
        let mut rows = ledger
            .prepare(
                "SELECT outcome, error, requested_model, output_tokens, cost_micro_dollars, charged_micro_dollars,
                 failed_attempts FROM requests ORDER BY id",
            )
            .unwrap();
        let rows = rows.query_map([], |row| {
            Ok(Recorded {
                outcome: row.get(0)?,
                error: row.get(1)?,
                model: row.get(2)?,
                output: row.get(3)?,
                cost: row.get(4)?,
                charged: row.get(5)?,
                failed_attempts: row.get(6)?,
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}

/// The file of client keys with this one for agent main.
pub(crate) fn client_keys(key: &str, caps: &Value) -> String {
    let sha256: String = Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")).collect();
    let key = json!({ "name": "tests", "agent": "main", "createdAt": NOW, "tail": "ests", "sha256": sha256, "caps": caps });
    json!({ "version": 1, "keys": [key] }).to_string()
}
