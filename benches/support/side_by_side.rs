//! Two pieces of work measured side by side. Only their ratio travels between machines, so both are run in turn, and their
//! medians compared: rounds that met another program on the same core do not count.

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Median times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    /// Of the work.
    pub(crate) time: Duration,
    /// Of what it is compared with.
    pub(crate) reference: Duration,
}

impl Figures {
    /// How many times longer the work takes.
    pub(crate) fn ratio(self) -> f64 {
        self.time.as_secs_f64() / self.reference.as_secs_f64()
    }
}

/// Runs both in turn, this often.
pub(crate) fn compare<W, R>(
    rounds: usize,
    mut work: impl FnMut() -> Result<W, Box<dyn Error>>,
    mut reference: impl FnMut() -> R,
) -> Result<Figures, Box<dyn Error>> {
    let (mut times, mut references) = (Vec::with_capacity(rounds), Vec::with_capacity(rounds));
    for _ in 0..rounds {
        let (time, made) = timed(&mut work);
        black_box(made?);
        times.push(time);
        let (time, made) = timed(&mut reference);
        black_box(made);
        references.push(time);
    }
    times.sort_unstable();
    references.sort_unstable();
    Ok(Figures { time: times[rounds / 2], reference: references[rounds / 2] })
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    let started = Instant::now();
    let made = work();
    (started.elapsed(), made)
}
