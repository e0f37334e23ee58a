//! Asks one question with the key of the environment and prints the answer as it comes.
//!
//!     ANTHROPIC_API_KEY=... cargo run --example stream

use std::error::Error;
use std::io::{self, Write as _};

use fased::anthropic::{Answer, Authorization, Delta, MessageRequest, NetworkPolicy, StreamEvent};
use fased::config::Config;
use fased::env::Env;
use fased::models::catalog::Catalog;
use fased::provider;
use fased::secret::Secret;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let env = Env::of_this_process();
    let key = env.get("ANTHROPIC_API_KEY").ok_or("ANTHROPIC_API_KEY is not set")?;
    let client = provider::client("anthropic", &Config::default(), &env, NetworkPolicy::Any)?;

    let mut request = MessageRequest::new(Catalog::embedded().default_model().model(), 1024);
    request.push_user("Count from one to ten, in words.");
    let mut stream = client.stream_message(&Authorization::ApiKey(Secret::new(key)), &request).await?;

    // Dropping the stream at any point closes the connection, which ends the answer and its cost.
    let mut answer = Answer::default();
    let mut out = io::stdout();
    while let Some(event) = stream.next().await {
        let event = event?;
        if let StreamEvent::ContentDelta { delta: Delta::Text(text), .. } = &event {
            write!(out, "{text}")?;
            out.flush()?;
        }
        answer.apply(&event);
    }
    writeln!(out, "\n(ended with {})", answer.stop_reason().unwrap_or("no reason"))?;
    Ok(())
}
