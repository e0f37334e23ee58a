//! Which credential a conversation had last: as long as its prompt cache may be warm it comes first, so that a better one
//! that recovers takes over in new conversations only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::auth::ProfileId;

/// How long the caches are warm.
const FIVE_MINUTES: Duration = Duration::from_secs(300);
const ONE_HOUR: Duration = Duration::from_secs(3_600);
/// Most conversations that are remembered.
const MOST: usize = 20_000;

/// The conversations of all clients.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Affinity {
    bound: Mutex<HashMap<u64, Bound>>,
}

#[derive(Debug)]
struct Bound {
    profile: ProfileId,
    ends: Duration,
}

/// What became of a conversation's preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Kept {
    /// It had none.
    Miss,
    /// It went where it had been.
    Hit,
    /// Another credential answered.
    Rebind,
}

impl Affinity {
    fn bound(&self) -> MutexGuard<'_, HashMap<u64, Bound>> {
        // An entry is put in whole, so whoever panicked left a good map.
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credential that comes first for a conversation at `now`, a steady time.
    pub(super) fn preferred(&self, conversation: u64, now: Duration) -> Option<ProfileId> {
        self.bound().get(&conversation).filter(|bound| bound.ends > now).map(|bound| bound.profile.clone())
    }

    /// A credential answers; its cache is as warm as the request asked for, from now on.
    pub(super) fn bind(
        &self,
        conversation: u64,
        profile: &ProfileId,
        for_an_hour: bool,
        now: Duration,
    ) -> Kept {
        let mut bound = self.bound();
        let ends = now + if for_an_hour { ONE_HOUR } else { FIVE_MINUTES };
        if let Some(known) = bound.get_mut(&conversation) {
            let kept = match (known.ends > now, known.profile == *profile) {
                (false, _) => Kept::Miss,
                (true, true) => Kept::Hit,
                (true, false) => Kept::Rebind,
            };
            if known.profile != *profile {
                known.profile = profile.clone();
            }
            known.ends = ends;
            return kept;
        }
        if bound.len() >= MOST {
            bound.retain(|_, bound| bound.ends > now);
            if bound.len() >= MOST {
                // Too many at once: those that end first are the least to lose.
                let mut ends: Vec<Duration> = bound.values().map(|bound| bound.ends).collect();
                let middle = ends.len() / 2;
                let (_, median, _) = ends.select_nth_unstable(middle);
                let median = *median;
                bound.retain(|_, bound| bound.ends > median);
            }
        }
        bound.insert(conversation, Bound { profile: profile.clone(), ends });
        Kept::Miss
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> ProfileId {
        format!("anthropic:{name}").parse().unwrap()
    }

    #[test]
    fn a_conversation_stays_with_its_credential_while_the_cache_may_be_warm() {
        let affinity = Affinity::default();
        let at = Duration::from_secs;
        assert_eq!(affinity.preferred(1, at(0)), None);
        assert_eq!(affinity.bind(1, &id("a"), false, at(0)), Kept::Miss);
        assert_eq!(affinity.preferred(1, at(299)), Some(id("a")));
        assert_eq!(affinity.bind(1, &id("a"), false, at(299)), Kept::Hit);
        assert_eq!(affinity.preferred(1, at(500)), Some(id("a")));
        assert_eq!(affinity.bind(1, &id("b"), true, at(500)), Kept::Rebind);
        assert_eq!(affinity.preferred(1, at(4_000)), Some(id("b")));
        assert_eq!(affinity.preferred(1, at(4_100)), None);
        assert_eq!(affinity.bind(1, &id("b"), false, at(4_100)), Kept::Miss);
    }

    #[test]
    fn no_number_of_conversations_fills_the_memory() {
        let affinity = Affinity::default();
        for conversation in 0..u64::try_from(MOST).unwrap() * 3 {
            affinity.bind(conversation, &id("a"), true, Duration::from_millis(conversation));
        }
        assert!(affinity.bound().len() <= MOST);
        let last = u64::try_from(MOST).unwrap() * 3 - 1;
        assert!(affinity.preferred(last, Duration::from_millis(last)).is_some());
    }
}
