//! The config as it is loaded: the files, the values, the environment it names.

use std::error::Error;

use fased::config::load;

use crate::fixtures::{Fixtures, config_file};
use crate::{Line, PASS_OVER, ROUNDS, pass_over, places, side_by_side};

pub(crate) fn lines(fixtures: &Fixtures) -> Result<Vec<Line>, Box<dyn Error>> {
    let homes = [
        ("config, a few lines: load", fixtures.home_with_small_config()?, 120.0),
        ("config, 1 MB: load", fixtures.home_with_agents()?, 40.0),
    ];
    let line = |(name, home, limit): (&str, std::path::PathBuf, f64)| {
        let (env, paths) = places(&home)?;
        // The same as JSON, which has no comments and no bare keys.
        let text = std::fs::read_to_string(config_file(&home))?;
        let json = load::parse_value(&text).map_err(|problem| format!("{problem:?}"))?.to_string();
        let reference = || pass_over(json.as_bytes());
        Ok(Line {
            name: name.to_owned(),
            figures: side_by_side::compare(ROUNDS, || Ok(load::load(&paths, &env)?), reference)?,
            compared_with: PASS_OVER,
            limit,
        })
    };
    homes.into_iter().map(line).collect()
}
