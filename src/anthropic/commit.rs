//! The commit point of a streamed answer: up to it the answer may be begun anew by somebody else without anyone noticing,
//! from it on every event goes out as it comes, and an error ends the answer. Pure: time is told by the caller, and what
//! is held may be events or the bytes of frames.

use std::time::Duration;

/// How long an answer stays before its commit point, from the head of its response.
pub const HOLD_LIMIT: Duration = Duration::from_secs(10);

/// Where an answer stands, with what is held back of it. The events that pass it are those of
/// [`StreamEvent::commits`](super::StreamEvent::commits) and [`frame_commits`](super::frame_commits).
#[derive(Debug)]
pub struct CommitPoint<T> {
    holds: bool,
    is_passed: bool,
    held: Vec<T>,
}

impl<T> CommitPoint<T> {
    /// The commit point of an answer that begins. Nothing is held when nobody else could take over.
    pub fn new(holds: bool) -> Self {
        Self { holds, is_passed: false, held: Vec::new() }
    }

    /// Whether it is passed, so that an error ends the answer.
    pub fn is_passed(&self) -> bool {
        self.is_passed
    }

    /// Takes what came next, and gives what goes out now, in order.
    pub fn take(&mut self, item: T, commits: bool) -> impl Iterator<Item = T> {
        self.is_passed |= commits;
        let item = if self.holds && !self.is_passed {
            self.held.push(item);
            None
        } else {
            Some(item)
        };
        let held = if item.is_some() { std::mem::take(&mut self.held) } else { Vec::new() };
        held.into_iter().chain(item)
    }

    /// Passes it because [`HOLD_LIMIT`] is over or the answer has ended well, and gives what was held.
    pub fn pass(&mut self) -> Vec<T> {
        self.is_passed = true;
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_held_goes_out_with_the_first_that_commits() {
        let mut point = CommitPoint::new(true);
        assert_eq!(point.take("start", false).count(), 0);
        assert_eq!(point.take("ping", false).count(), 0);
        assert!(!point.is_passed());
        assert_eq!(point.take("delta", true).collect::<Vec<_>>(), ["start", "ping", "delta"]);
        assert!(point.is_passed());
        assert_eq!(point.take("ping", false).collect::<Vec<_>>(), ["ping"]);
        assert_eq!(point.pass(), [""; 0]);
    }

    #[test]
    fn without_a_successor_nothing_is_held_and_the_point_is_the_same() {
        let mut point = CommitPoint::new(false);
        assert_eq!(point.take("start", false).collect::<Vec<_>>(), ["start"]);
        assert!(!point.is_passed());
        assert_eq!(point.take("delta", true).collect::<Vec<_>>(), ["delta"]);
        assert!(point.is_passed());
    }

    proptest! {
        /// Every item goes out once and in order, held ones exactly until the first that commits, the limit or the end.
        #[test]
        fn nothing_is_lost_doubled_or_turned_around(
            commits in proptest::collection::vec(any::<bool>(), 0..40),
            limit in 0_usize..50,
            holds in any::<bool>(),
        ) {
            let mut point = CommitPoint::new(holds);
            let mut out = Vec::new();
            for (at, &commit) in commits.iter().enumerate() {
                if at == limit {
                    out.extend(point.pass());
                    prop_assert_eq!(out.len(), at);
                }
                out.extend(point.take(at, commit));
                let is_passed = at >= limit || commits[..=at].contains(&true);
                prop_assert_eq!(point.is_passed(), is_passed);
                prop_assert_eq!(out.len(), if is_passed || !holds { at + 1 } else { 0 });
            }
            out.extend(point.pass());
            prop_assert_eq!(out, (0..commits.len()).collect::<Vec<_>>());
        }
    }
}
