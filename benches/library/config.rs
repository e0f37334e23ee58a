//! The config as it is loaded: the files, the values, the environment it names.

use std::error::Error;

use fased::config::load;

use crate::fixtures::{Fixtures, config_file};
use crate::{Line, ROUNDS, places, side_by_side};

pub(crate) fn lines(fixtures: &Fixtures) -> Result<Vec<Line>, Box<dyn Error>> {
    let homes = [
        ("config, a few lines: load", fixtures.home_with_small_config()?, 2_000.0),
        ("config, 1 MB: load", fixtures.home_with_agents()?, 100.0),
    ];
    let line = |(name, home, limit): (&str, std::path::PathBuf, f64)| {
        let (env, paths) = places(&home)?;
        let bytes = std::fs::read(config_file(&home))?;
        // JSON5 has comments and bare keys, which no reader of JSON passes over.
        let reference = || memchr::memchr_iter(b'\n', &bytes).count();
        Ok(Line {
            name: name.to_owned(),
            figures: side_by_side::compare(ROUNDS, || Ok(load::load(&paths, &env)?), reference)?,
            compared_with: "finding its line ends",
            limit,
        })
    };
    homes.into_iter().map(line).collect()
}
