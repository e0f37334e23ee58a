//! Asks with the credentials of the default agent: where one meets a limit or is refused, the next one takes over, and then
//! the next model. What came of each is remembered for whoever asks next, `fased` included. Set up by `fased onboard`.
//!
//!     cargo run --example failover -- why is the sky blue

use std::error::Error;
use std::ops::ControlFlow;
use std::sync::Arc;

use fased::anthropic::{Answer, MessageRequest, NetworkPolicy};
use fased::ask::{Asker, Happening, Question};
use fased::auth::form::Form;
use fased::auth::oauth::refresh::{InFlight, Refresher};
use fased::auth::reference::Programs;
use fased::auth::resolve::Inputs;
use fased::auth::state::StateFile;
use fased::auth::store::AuthStore;
use fased::clock::{Clock, SystemClock};
use fased::config::load::Loaded;
use fased::config::{self, Paths, SelectedAgent};
use fased::env::Env;
use fased::models::refs::ModelRef;
use fased::models::selection::AgentModels;
use fased::provider;

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it got")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let text = if words.is_empty() { "why is the sky blue?".to_owned() } else { words.join(" ") };

    // What the library is to know of the machine is handed to it: places, environment, time, which hosts it may reach.
    let (env, network) = (Env::of_this_process(), NetworkPolicy::Any);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let paths = Paths::resolve(&env, env.path("HOME")).ok_or("there is no home directory")?;
    let Loaded { config, env } = config::load::load(&paths, &env)?;

    // Whose credentials, and what is known of them now.
    let agent = SelectedAgent::choose(None, &config, &paths)?;
    let store = AuthStore::of(&agent, &paths);
    let snapshot = store.read()?;
    let (state, _) = StateFile::in_dir(&agent.dir).read(&snapshot);
    let now = clock.now();
    let inputs =
        Inputs { snapshot: &snapshot, state: &state, config: &config, env: &env, paths: &paths, now };

    let refresher = Refresher {
        access: provider::oauth(&config, &env, network)?,
        paths: paths.clone(),
        store: store.clone(),
        siblings: Vec::new(),
        clock: clock.clone(),
        in_flight: InFlight::default(),
    };
    let asker = Asker {
        config: &config,
        env: &env,
        paths: &paths,
        store: &store,
        refresher: &refresher,
        programs: &Programs::default(),
        network,
        clock: clock.as_ref(),
    };

    let AgentModels { primary, fallbacks, .. } = AgentModels::of(&agent.id, &config)?;
    let models: Vec<ModelRef> = [primary].into_iter().chain(fallbacks).collect();
    let request = |model: &ModelRef, _: Form| {
        let mut request = MessageRequest::new(model.model(), 1024);
        request.push_user(text.as_str());
        request
    };
    let question = Question { models: &models, pinned: None, preferred: None, retries: 1, request: &request };
    let mut answer = Answer::default();
    let mut observe = |happening: Happening<'_>| {
        match &happening {
            Happening::Using { credential, model, .. } => {
                eprintln!("asking {model} with {}", credential.source.name());
            }
            // What another try gave before it failed is void.
            Happening::Begins { .. } => answer = Answer::default(),
            Happening::Piece(event) => answer.apply(event),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    let asked = asker.ask(&question, &inputs, &mut observe).await?;

    println!("{}", answer.text());
    println!("({} tries failed before)", asked.failed.len());
    Ok(())
}
