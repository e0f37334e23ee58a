//! Why a config cannot be used: which file, where in it, and the rule that speaks against what stands there. Values are
//! never repeated, any of them may be a secret at a wrong place.

use std::path::PathBuf;

use crate::storage::FileError;
use crate::text::{one_line, without_credentials};

/// Deepest nesting of objects and arrays. Real files stay below ten; parsers recurse, so without a cap a hostile file
/// could overflow the stack.
pub(super) const DEEPEST: usize = 128;
/// Deepest nesting of included files.
pub(super) const DEEPEST_INCLUDE: usize = 10;

/// The config file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is there but cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what it should be.
    #[error("Invalid config at `{path}`: {problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: ConfigProblem,
    },
}

/// What is wrong with the text of a config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigProblem {
    /// Not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// Objects or arrays too deep inside each other.
    #[error("line {line}: nested deeper than {DEEPEST} levels")]
    TooDeep {
        /// Counted from one.
        line: usize,
    },
    /// Not JSON5, or a value that cannot be there.
    #[error("line {line}, column {column}: {}{message}", before(.key))]
    At {
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
        /// Where the value stands, like `agents.list[0].id`; empty when the text is no JSON5.
        key: String,
        /// The rule.
        message: String,
    },
    /// The same, where nobody can say the place in the text.
    #[error("{}{message}", before(.key))]
    Somewhere {
        /// Where the value stands; empty when the text is no JSON5.
        key: String,
        /// The rule.
        message: String,
    },
}

fn before(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("`{key}`: ") }
}

impl ConfigProblem {
    /// A problem of the text as a whole.
    pub(super) fn of_text(message: impl Into<String>) -> Self {
        Self::Somewhere { key: String::new(), message: message.into() }
    }

    /// What is wrong, without the place.
    pub fn rule(&self) -> String {
        match self {
            Self::At { message, .. } | Self::Somewhere { message, .. } => message.clone(),
            Self::NotText | Self::TooDeep { .. } => self.to_string(),
        }
    }

    /// Where the value stands that is wrong, when it is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::At { key, .. } | Self::Somewhere { key, .. } => {
                Some(key.as_str()).filter(|key| !key.is_empty())
            }
            Self::NotText | Self::TooDeep { .. } => None,
        }
    }
}

/// How a parser repeats values, and what is said instead.
const REPEATED: [(&str, &str, &str); 5] = [
    ("invalid type: integer `", "`, expected", "invalid type: a whole number, expected"),
    ("invalid type: floating point `", "`, expected", "invalid type: a number, expected"),
    ("invalid type: boolean `", "`, expected", "invalid type: true or false, expected"),
    ("string \"", "\", expected", "a string, expected"),
    ("unknown variant `", "`, expected", "unknown word, expected"),
];
/// What a parser calls things, and what people who write configs do.
const WORDS: [(&str, &str); 6] = [
    ("expected a nonzero u64", "expected a whole number above zero"),
    ("expected u64", "expected a whole number"),
    ("expected u16", "expected a whole number up to 65535"),
    ("expected f64", "expected a number"),
    ("expected a sequence", "expected a list"),
    ("expected a map", "expected an object"),
];

/// A parser's words without the text of values it repeats.
pub(super) fn without_values(message: &str) -> String {
    let shown = REPEATED.iter().find_map(|(begin, end, instead)| {
        let (start, stop) = (message.find(begin)?, message.rfind(end)?);
        (start < stop).then(|| format!("{}{instead}{}", &message[..start], &message[stop + end.len()..]))
    });
    let shown = shown.unwrap_or_else(|| message.to_owned());
    let shown = match shown.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => WORDS.iter().fold(shown, |shown, (theirs, ours)| shown.replace(theirs, ours)),
    };
    without_credentials(&one_line(&shown))
}
