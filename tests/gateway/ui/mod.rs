//! The Control UI without a browser: its pages as they are before any script runs, and the API behind its forms.

mod choices;
mod credentials;
mod pages;
mod secrets;
mod sign_in;

use std::time::Duration;

use fased::anthropic::NetworkPolicy;
use fased::auth::oauth::refresh::InFlight;
use fased::auth::reference::Programs;
use fased::clock::SystemClock;
use fased::config::Paths;
use fased::env::Env;
use fased::gateway::settings::Asked;
use fased::gateway::{Gateway, GatewayOptions};
use serde_json::{Value, json};

use crate::support::{NOW, TestEnv, TestSandbox};

/// A home with a gateway in this process, which asks a sandbox; people sign in there, too.
struct House {
    env: TestEnv,
    sandbox: TestSandbox,
    runtime: tokio::runtime::Runtime,
    gateway: Option<Gateway>,
    client: reqwest::Client,
}

/// An answer: its status and its text.
struct Answer {
    status: u16,
    location: Option<String>,
    text: String,
}

impl House {
    /// One in which nothing is set up.
    fn empty() -> Self {
        Self::with(|_| {})
    }

    /// One that is set up before its gateway starts.
    fn with(set_up: impl FnOnce(&mut TestEnv)) -> Self {
        let sandbox = TestSandbox::start();
        let mut env = TestEnv::with_sign_in(&sandbox);
        set_up(&mut env);
        let options = GatewayOptions {
            asked: Asked { port: Some(0), bind: None },
            env: Env::from_pairs(env.variables().clone()),
            paths: Paths::below(env.home()),
            network: NetworkPolicy::LoopbackOnly,
            clock: std::sync::Arc::new(SystemClock::standing_at(NOW.parse().unwrap())),
            in_flight: InFlight::default(),
            programs: Programs::default(),
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let gateway = runtime.block_on(Gateway::start(options)).unwrap();
        // Another test may have installed it.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { env, sandbox, runtime, gateway: Some(gateway), client }
    }

    fn send(&self, method: &str, path: &str, body: Option<String>) -> Answer {
        let url = format!("{}{path}", self.gateway.as_ref().unwrap().instance().url);
        let token = std::fs::read_to_string(self.env.state("gateway.token")).unwrap();
        let mut request = self.client.request(method.parse().unwrap(), url).bearer_auth(token.trim());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
            Answer { status: answer.status().as_u16(), location, text: answer.text().await.unwrap() }
        })
    }

    /// A page, as a browser without scripts gets it.
    fn page(&self, path: &str) -> String {
        let answer = self.send("GET", path, None);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.text
    }

    fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.page(path)).unwrap()
    }

    /// A document with places masked, as those of commands are in tests.
    fn get_clean(&self, path: &str) -> Value {
        serde_json::from_str(&self.env.clean(self.page(path).as_bytes())).unwrap()
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.send("POST", path, Some(body.to_string()));
        (answer.status, serde_json::from_str(&answer.text).unwrap())
    }

    /// Does something that must succeed.
    fn done(&self, path: &str, body: &Value) -> Value {
        let (status, document) = self.post(path, body);
        assert_eq!(status, 200, "{path}: {document:#}");
        document
    }

    /// Does something that must fail, with the failure's kind; the document is the command line's.
    fn refused(&self, path: &str, body: &Value) -> (u16, Value) {
        let (status, document) = self.post(path, body);
        assert!(status >= 400, "{path}: {document:#}");
        assert_eq!(document["schemaVersion"], 1);
        assert!(document["error"]["message"].is_string(), "{document:#}");
        (status, document["error"].clone())
    }

    /// Stores an API key as a command does.
    fn stores(&self, agent: &str, id: &str, secret: &str) {
        let login = ["models", "auth", "login", "--provider", "anthropic", "--method", "api-key"];
        let login = login.into_iter().chain(["--profile-id", id, "--agent", agent]);
        self.env.command(login).stdin(secret).run().exits(0);
    }

    /// The names of stored credentials, in the file's order.
    fn stored(&self, agent: &str) -> Vec<String> {
        if !self.env.store(agent).exists() {
            return Vec::new();
        }
        self.env.store_json(agent)["profiles"].as_object().unwrap().keys().cloned().collect()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(gateway) = self.gateway.take() {
            self.runtime.block_on(gateway.stop(Duration::ZERO));
        }
    }
}

/// A document with one field.
fn naming(id: &str) -> Value {
    json!({ "profileId": id })
}
