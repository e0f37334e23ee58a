//! Time as something that is handed in: library code asks a [`Clock`] and never the machine, so that every rule about
//! windows, expiry and waiting can be tested without waiting.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// The time of day, a steady counter, and a way to wait.
pub trait Clock: Debug + Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;
    /// Time since some fixed point, never running backwards; for measuring and for limits on waiting.
    fn steady(&self) -> Duration;
    /// Blocks the thread. Only short waits between attempts (locks) use it; async code uses tokio's timers.
    fn sleep(&self, duration: Duration);
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    standing_at: Option<Timestamp>,
}

impl SystemClock {
    /// A clock whose steady counter starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    pub fn new() -> Self {
        Self { started: Instant::now(), standing_at: None }
    }

    /// A clock that always tells this time of day; its steady counter and its waits are real. What `FASED_NOW` asks for.
    pub fn standing_at(now: Timestamp) -> Self {
        Self { standing_at: Some(now), ..Self::new() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
    fn now(&self) -> Timestamp {
        self.standing_at.unwrap_or_else(Timestamp::now)
    }

    fn steady(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A clock that stands still until it is moved; sleeping moves it. For tests.
#[derive(Debug)]
pub struct ManualClock {
    start: Timestamp,
    passed: Mutex<Duration>,
}

impl ManualClock {
    /// A clock that stands at `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { start, passed: Mutex::new(Duration::ZERO) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.passed() += by;
    }

    fn passed(&self) -> std::sync::MutexGuard<'_, Duration> {
        // A Duration cannot be left half written, so a poisoned lock still holds a good value.
        self.passed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        // Saturates at jiff's far end of time instead of failing.
        self.start.checked_add(*self.passed()).unwrap_or(Timestamp::MAX)
    }

    fn steady(&self) -> Duration {
        *self.passed()
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_or_slept_on() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = ManualClock::at(start);
        assert_eq!(clock.now(), start);
        clock.advance(Duration::from_secs(5));
        clock.sleep(Duration::from_secs(2));
        assert_eq!(clock.steady(), Duration::from_secs(7));
        assert_eq!(clock.now().as_second() - start.as_second(), 7);
    }
}
