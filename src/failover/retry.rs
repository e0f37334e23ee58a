//! How often and how long the same model is tried again before something else is.

use std::time::Duration;

/// Waits add up to less than this when another credential is ready.
const PATIENCE_WITH_ANOTHER: Duration = Duration::from_secs(3);
/// Waits add up to less than this when none is.
const PATIENCE_ALONE: Duration = Duration::from_secs(20);

/// Tries that are left for one model at one provider, whatever the credential: what is overloaded is overloaded for all.
#[derive(Debug)]
pub(super) struct Backoff {
    limit: u32,
    done: u32,
    waited: Duration,
}

impl Backoff {
    pub(super) fn new(limit: u32) -> Self {
        Self { limit, done: 0, waited: Duration::ZERO }
    }

    /// Takes a retry and says how long to wait for it: as long as the provider asks, at least. `None` when there is none
    /// left, or its wait would be too long. `jitter` is from 0 to 1.
    pub(super) fn take(
        &mut self,
        asked: Option<Duration>,
        another_is_ready: bool,
        jitter: f64,
    ) -> Option<Duration> {
        if self.done >= self.limit {
            return None;
        }
        let (first, patience) = if another_is_ready {
            (Duration::from_millis(500), PATIENCE_WITH_ANOTHER)
        } else {
            (Duration::from_secs(2), PATIENCE_ALONE)
        };
        let step = first.saturating_mul(3_u32.saturating_pow(self.done));
        if asked.is_some_and(|asked| asked >= patience) {
            return None;
        }
        let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
        let wait = match asked {
            // Later than asked, never earlier: earlier tries are refused.
            Some(asked) if asked >= step => asked + asked.mul_f64(jitter / 10.0),
            _ => step.mul_f64(0.5 + jitter / 2.0).max(asked.unwrap_or_default()),
        };
        let total = self.waited.saturating_add(wait);
        if total >= patience {
            return None;
        }
        self.done += 1;
        self.waited = total;
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_retries_with_growing_waits() {
        let mut backoff = Backoff::new(2);
        assert_eq!(backoff.take(None, true, 0.0), Some(Duration::from_millis(250)));
        assert_eq!(backoff.take(None, true, 1.0), Some(Duration::from_millis(1500)));
        assert_eq!(backoff.take(None, true, 0.0), None);
        let mut alone = Backoff::new(2);
        assert_eq!(alone.take(None, false, 1.0), Some(Duration::from_secs(2)));
        assert_eq!(alone.take(None, false, 1.0), Some(Duration::from_secs(6)));
    }

    #[test]
    fn what_the_provider_asks_is_waited_for_or_not_tried() {
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(Backoff::new(2).take(seconds(10), false, 0.0), seconds(10));
        assert_eq!(Backoff::new(2).take(seconds(10), false, 1.0), seconds(11));
        assert_eq!(Backoff::new(2).take(seconds(20), false, 0.0), None);
        assert_eq!(Backoff::new(2).take(seconds(3), true, 0.0), None);
        assert_eq!(Backoff::new(2).take(Some(Duration::MAX), false, 0.0), None);
        assert_eq!(Backoff::new(0).take(None, false, 0.0), None);
    }

    proptest! {
        #[test]
        fn waits_stay_within_their_limits(
            tries in proptest::collection::vec((proptest::option::of(0_u64..30_000), any::<bool>(), any::<f64>()), 0..8)
        ) {
            let mut backoff = Backoff::new(2);
            let (mut total, mut taken) = (Duration::ZERO, 0);
            for (asked, another, jitter) in tries {
                let asked = asked.map(Duration::from_millis);
                let Some(wait) = backoff.take(asked, another, jitter) else { continue };
                prop_assert!(wait >= asked.unwrap_or_default());
                total += wait;
                taken += 1;
                let patience = if another { PATIENCE_WITH_ANOTHER } else { PATIENCE_ALONE };
                prop_assert!(total < patience);
            }
            prop_assert!(taken <= 2);
        }
    }
}
