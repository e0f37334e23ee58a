//! Starts the stand-in of the API inside this program and asks it a question. Needs no key and no network.
//!
//!     cargo run --example sandbox

use std::error::Error;
use std::sync::Arc;

use fased::anthropic::{Authorization, MessageRequest, NetworkPolicy};
use fased::clock::SystemClock;
use fased::config::Config;
use fased::env::Env;
use fased::models::catalog::Catalog;
use fased::provider;
use fased::sandbox::{Sandbox, SandboxOptions};
use fased::secret::Secret;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it got")]
async fn main() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start(SandboxOptions::new(Arc::new(SystemClock::new()))).await?;

    // An environment of our own making, so that nothing of the real one is asked or sent.
    let env = Env::from_pairs([("ANTHROPIC_BASE_URL", sandbox.url())]);
    let client = provider::client("anthropic", &Config::default(), &env, NetworkPolicy::LoopbackOnly)?;

    // The sandbox takes every key that contains `-sandbox-`.
    let key = Secret::new("sk-ant-api03-sandbox-example-000000000000000000000000");
    let mut request = MessageRequest::new(Catalog::embedded().default_model().model(), 1024);
    request.push_user("why is the sky blue?");
    let reply = client.create_message(&Authorization::ApiKey(key), &request).await?;

    println!("{}", reply.value.text());
    println!("(status {}, {} request seen)", reply.meta.status, sandbox.requests().len());
    sandbox.shutdown().await?;
    Ok(())
}
