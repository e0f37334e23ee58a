//! The kinds of work an agent may have a model of its own for.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::config::schema::TaskModels;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Quick checks that should cost little.
    CheapCheck,
    /// Hard questions.
    Strong,
    /// What the others could not do.
    Escalation,
    /// Programming.
    Coding,
    /// Summaries.
    Summarizer,
}

/// A text names no kind of work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a role; there are {}", Role::ALL.map(Role::as_flag).join(", "))]
pub struct UnknownRole;

impl Role {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 5] =
        [Self::CheapCheck, Self::Strong, Self::Escalation, Self::Coding, Self::Summarizer];

    /// Its key in `taskModels`, and its name in JSON.
    pub fn as_key(self) -> &'static str {
        match self {
            Self::CheapCheck => "cheapCheck",
            Self::Strong => "strong",
            Self::Escalation => "escalation",
            Self::Coding => "coding",
            Self::Summarizer => "summarizer",
        }
    }

    /// Its name on a command line.
    pub fn as_flag(self) -> &'static str {
        match self {
            Self::CheapCheck => "cheap-check",
            other => other.as_key(),
        }
    }

    /// What is written for it.
    pub fn of(self, models: &TaskModels) -> Option<&String> {
        match self {
            Self::CheapCheck => models.cheap_check.as_ref(),
            Self::Strong => models.strong.as_ref(),
            Self::Escalation => models.escalation.as_ref(),
            Self::Coding => models.coding.as_ref(),
            Self::Summarizer => models.summarizer.as_ref(),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_flag())
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_key())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    /// Takes either form, `cheap-check` or `cheapCheck`.
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let text = text.trim();
        let is_meant = |role: &Self| role.as_key() == text || role.as_flag() == text;
        Self::ALL.into_iter().find(is_meant).ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_named_as_on_the_command_line_or_as_in_the_config() {
        for role in Role::ALL {
            assert_eq!((role.as_key().parse(), role.as_flag().parse()), (Ok(role), Ok(role)));
        }
        assert_eq!("cheap_check".parse::<Role>(), Err(UnknownRole));
        assert_eq!(
            UnknownRole.to_string(),
            "not a role; there are cheap-check, strong, escalation, coding, summarizer"
        );
    }
}
