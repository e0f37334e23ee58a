//! Names of sessions. They become file names, so they are parsed before they touch a path.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::config::AgentId;

/// A session's id: like an agent's, lower case letters, digits, `-` and `_`.
///
/// ```
/// use fased::sessions::SessionId;
///
/// assert_eq!("Report".parse::<SessionId>().unwrap().as_str(), "report");
/// assert!("../report".parse::<SessionId>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SessionId(String);

/// A text is not a session id. The text is not repeated: it may be long, hostile, or a secret at the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id: 1 to 64 letters, digits, `-` and `_`, beginning with a letter or digit")]
pub struct SessionIdError;

impl SessionId {
    /// The lock of the list of sessions lies beside theirs.
    const RESERVED: &'static str = "sessions";

    /// A new id: the time in UTC, so that names sort by age, and a part that no other session of that second has.
    pub fn new(now: Timestamp) -> Self {
        use std::hash::{BuildHasher as _, Hasher as _};
        // Seeded by the system in every process; it need not be secret, only different.
        let random = std::hash::RandomState::new().build_hasher().finish() & 0xffff_ffff;
        let time = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d-%H%M%S");
        Self(format!("{time}-{random:08x}"))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SessionId {
    type Err = SessionIdError;

    fn from_str(text: &str) -> Result<Self, SessionIdError> {
        // What is safe as an agent's directory is safe as a file's name.
        let id: AgentId = text.parse().map_err(|_| SessionIdError)?;
        if id.as_str() == Self::RESERVED { Err(SessionIdError) } else { Ok(Self(id.as_str().to_owned())) }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_is_an_id_that_begins_with_its_time_and_differs_from_others() {
        let now = "2026-06-01T12:30:05Z".parse().unwrap();
        let (one, two) = (SessionId::new(now), SessionId::new(now));
        assert!(one.as_str().starts_with("20260601-123005-"), "{one}");
        assert_ne!(one, two);
        assert_eq!(one.as_str().parse::<SessionId>().unwrap(), one);
    }

    #[test]
    fn what_could_leave_the_directory_or_hit_another_file_is_no_id() {
        for text in ["", ".", "..", "a/b", "a\\b", "a.b", "-a", "con", "Sessions", &"a".repeat(65)] {
            assert_eq!(text.parse::<SessionId>(), Err(SessionIdError), "{text:?}");
        }
    }
}
