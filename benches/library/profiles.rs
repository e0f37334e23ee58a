//! Credentials: the store as it is read, and the order and verdict of what is in it.

use std::error::Error;

use fased::auth::resolve::{Inputs, ProviderAuth};
use fased::auth::state::StateFile;
use fased::auth::store::AuthStore;
use fased::config::{Config, SelectedAgent};

use crate::fixtures::Fixtures;
use crate::{Line, PASS_OVER, ROUNDS, pass_over, places, side_by_side};

pub(crate) fn lines(fixtures: &Fixtures) -> Result<Vec<Line>, Box<dyn Error>> {
    let mut lines = Vec::new();
    let config = Config::default();
    for (count, limit) in [(1, 130.0), (1_000, 25.0), (10_000, 30.0)] {
        let (env, paths) = places(&fixtures.home_with_profiles(count)?)?;
        let agent = SelectedAgent::choose(None, &config, &paths)?;
        let store = AuthStore::of(&agent, &paths);
        let bytes = std::fs::read(store.path())?;
        let read = || Ok(store.read()?);
        lines.push(Line {
            name: format!("store, {count} profiles: read"),
            figures: side_by_side::compare(ROUNDS, read, || pass_over(&bytes))?,
            compared_with: PASS_OVER,
            limit,
        });
        if count != 1_000 {
            continue;
        }
        let snapshot = store.read()?;
        let (state, _) = StateFile::in_dir(store.dir()).read(&snapshot);
        let now = "2026-06-01T12:00:00Z".parse()?;
        let inputs =
            Inputs { snapshot: &snapshot, state: &state, config: &config, env: &env, paths: &paths, now };
        let choose = || Ok(ProviderAuth::survey("anthropic", "sonnet", &inputs).next_profile().is_some());
        lines.push(Line {
            name: format!("store, {count} profiles: verdicts and order"),
            figures: side_by_side::compare(ROUNDS, choose, || pass_over(&bytes))?,
            compared_with: PASS_OVER,
            limit: 3.0,
        });
    }
    Ok(lines)
}
