//! Where a value stands in the config: keys and positions from the outside in. Keys are texts of their own, never split,
//! so one may hold dots and slashes.

use std::fmt::Write as _;

/// One step to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A key of an object.
    Key(String),
    /// A position in an array.
    Index(usize),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Segment {
    /// A path of keys alone.
    pub fn keys<const N: usize>(keys: [&str; N]) -> Vec<Self> {
        keys.map(Self::from).into()
    }
}

/// A path as people write it: `agents.list[1].model`, odd keys in brackets and quotes.
pub fn shown(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Index(index) => write!(text, "[{index}]").ok(),
            Segment::Key(key) if !is_plain(key) => {
                write!(text, "[{}]", serde_json::Value::from(key.as_str())).ok()
            }
            Segment::Key(key) if text.is_empty() => write!(text, "{key}").ok(),
            Segment::Key(key) => write!(text, ".{key}").ok(),
        };
    }
    text
}

/// Whether a key needs no quotes in JSON5, for every parser that reads the file: some take words like `null_x` for a
/// value followed by something else.
pub(in crate::config) fn is_plain(key: &str) -> bool {
    let mut bytes = key.bytes();
    let begins = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'$');
    let like_a_value = ["null", "true", "false", "Infinity", "NaN"].iter().any(|word| key.starts_with(word));
    begins && !like_a_value && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_as_it_would_be_typed() {
        let mut path = Segment::keys(["agents", "defaults", "models", "anthropic/claude-x.5"]);
        path.push("alias".into());
        assert_eq!(shown(&path), r#"agents.defaults.models["anthropic/claude-x.5"].alias"#);
        assert_eq!(shown(&["agents".into(), "list".into(), 1.into(), "id".into()]), "agents.list[1].id");
        assert_eq!(shown(&["null_x".into()]), r#"["null_x"]"#);
    }
}
