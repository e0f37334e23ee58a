//! Asks one question with the key of the environment and prints the whole answer with what it took.
//!
//!     ANTHROPIC_API_KEY=... cargo run --example ask -- why is the sky blue

use std::error::Error;

use fased::anthropic::{Authorization, MessageRequest, NetworkPolicy};
use fased::config::Config;
use fased::env::Env;
use fased::models::catalog::Catalog;
use fased::provider;
use fased::secret::Secret;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it got")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let question = if words.is_empty() { "why is the sky blue?".to_owned() } else { words.join(" ") };

    // The environment also says where the API is (ANTHROPIC_BASE_URL) and which proxy leads there.
    let env = Env::of_this_process();
    let key = env.get("ANTHROPIC_API_KEY").ok_or("ANTHROPIC_API_KEY is not set")?;
    let client = provider::client("anthropic", &Config::default(), &env, NetworkPolicy::Any)?;

    let mut request = MessageRequest::new(Catalog::embedded().default_model().model(), 1024);
    request.push_user(question);
    let reply = client.create_message(&Authorization::ApiKey(Secret::new(key)), &request).await?;

    let usage = reply.value.usage();
    println!("{}", reply.value.text());
    println!("({} tokens in, {} out)", usage.input, usage.output);
    Ok(())
}
