//! What the prompt cache did for a session, worked out from its transcript: what every turn read and wrote, why one read
//! less than was there, and until when the next one finds something. Nothing is asked of the provider.

mod miss;
pub(super) mod prefix;
mod report;
mod turn;
mod warmth;

pub use miss::Miss;
pub use prefix::{ByteRange, Change, Difference, Excerpt, Place};
pub use report::{CacheReport, SessionCache, SessionTotals, TurnCache};
pub use warmth::{Warmth, warm_profile, warmth};

#[cfg(test)]
mod tests;
