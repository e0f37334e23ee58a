//! Prints the verdict on each stored credential of the default agent, in the order requests would use them.
//!
//!     cargo run --example status

use std::error::Error;

use fased::auth::resolve::{Inputs, ProviderAuth};
use fased::auth::state::StateFile;
use fased::auth::store::AuthStore;
use fased::auth::wording;
use fased::clock::{Clock as _, SystemClock};
use fased::config::load::Loaded;
use fased::config::{self, Paths, SelectedAgent};
use fased::env::Env;
use fased::models::catalog::Catalog;
use fased::models::known::KnownModels;

#[expect(clippy::print_stdout, reason = "an example shows what it got")]
fn main() -> Result<(), Box<dyn Error>> {
    // What the library is to know of the machine is handed to it: places, environment, time.
    let env = Env::of_this_process();
    let paths = Paths::resolve(&env, env.path("HOME")).ok_or("there is no home directory")?;
    let Loaded { config, env } = config::load::load(&paths, &env)?;
    let now = SystemClock::new().now();

    let agent = SelectedAgent::choose(None, &config, &paths)?;
    let snapshot = AuthStore::of(&agent, &paths).read()?;
    let (state, _) = StateFile::in_dir(&agent.dir).read(&snapshot);
    let inputs =
        Inputs { snapshot: &snapshot, state: &state, config: &config, env: &env, paths: &paths, now };

    let class = KnownModels::of(&config).class_of(Catalog::embedded().default_model());
    let auth = ProviderAuth::survey("anthropic", class, &inputs);
    println!("agent {}: {} profiles", agent.id, auth.profiles.len());
    for judged in &auth.profiles {
        let profile = judged.profile;
        let secret = profile.credential.material().shown();
        println!("{}  {secret}  {}", profile.id, wording::health(&judged.verdict, now));
    }
    Ok(())
}
