//! Takes the credential from a place of its own, a program that prints it, and asks it again when the API refuses what it
//! gave before: that is how keys are exchanged without a restart.
//!
//!     cargo run --example credential_source -- pass show claude

use std::error::Error;
use std::process::Command;

use fased::anthropic::{ApiErrorKind, Authorization, MessageRequest, NetworkPolicy};
use fased::config::Config;
use fased::env::Env;
use fased::models::catalog::Catalog;
use fased::provider;
use fased::secret::{Secret, SecretKind};

/// What the program prints, to be sent the way its kind is.
fn authorization(program: &[String]) -> Result<Authorization, Box<dyn Error>> {
    let (name, arguments) = program.split_first().ok_or("name a program that prints a credential")?;
    let output = Command::new(name).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("{name} ended with {}", output.status).into());
    }
    // A `Secret` is trimmed, never printed, and wiped from memory when it goes.
    let secret = Secret::new(String::from_utf8(output.stdout)?);
    Ok(match secret.kind() {
        SecretKind::BearerToken => Authorization::PlanToken(secret),
        _ => Authorization::ApiKey(secret),
    })
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "an example shows what it got")]
async fn main() -> Result<(), Box<dyn Error>> {
    let program: Vec<String> = std::env::args().skip(1).collect();
    let env = Env::of_this_process();
    let client = provider::client("anthropic", &Config::default(), &env, NetworkPolicy::Any)?;
    let mut request = MessageRequest::new(Catalog::embedded().default_model().model(), 1024);
    request.push_user("why is the sky blue?");

    let reply = match client.create_message(&authorization(&program)?, &request).await {
        Err(error) if error.api().is_some_and(|it| it.kind == ApiErrorKind::Authentication) => {
            client.create_message(&authorization(&program)?, &request).await?
        }
        reply => reply?,
    };
    println!("{}", reply.value.text());
    Ok(())
}
