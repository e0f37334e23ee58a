//! Where a value stands in the config: keys and positions from the outside in. Keys are texts of their own, never split,
//! so one may hold dots and slashes.

use std::fmt::Write as _;

use serde_json::Value;

use super::problem::DEEPEST;

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
            Segment::Key(key) if !is_plain(key) => write!(text, "[{}]", Value::from(key.as_str())).ok(),
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

/// A text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyPathError {
    /// Nothing at all, or nothing between two dots.
    #[error("a key is missing")]
    Empty,
    /// Deeper than a config may be.
    #[error("it is deeper than {DEEPEST} keys")]
    TooDeep,
    /// A bracket or quote that is not closed, or something behind one that is.
    #[error("a bracket is not closed, or something stands behind it")]
    Bracket,
}

/// Reads a path as people write it: keys with dots between them, positions and odd keys in brackets, the latter in
/// quotes where they hold brackets or quotes themselves: `agents.list[0].model`, `agents.defaults.models["a/b.c"].alias`.
///
/// # Errors
/// When a key is missing or a bracket is not closed.
pub fn parse(text: &str) -> Result<Vec<Segment>, KeyPathError> {
    let mut segments = Vec::new();
    let mut rest = text.trim();
    let mut expects_key = true;
    while !rest.is_empty() || expects_key {
        if let Some(inside) = rest.strip_prefix('[') {
            let (segment, behind) = in_brackets(inside)?;
            if segments.len() == DEEPEST {
                return Err(KeyPathError::TooDeep);
            }
            segments.push(segment);
            rest = behind;
            expects_key = false;
            match rest.strip_prefix('.') {
                Some(behind) => (rest, expects_key) = (behind, true),
                None if rest.is_empty() || rest.starts_with('[') => {}
                None => return Err(KeyPathError::Bracket),
            }
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let key = &rest[..end];
        if key.is_empty() {
            return Err(KeyPathError::Empty);
        }
        if segments.len() == DEEPEST {
            return Err(KeyPathError::TooDeep);
        }
        segments.push(key.into());
        expects_key = rest[end..].starts_with('.');
        rest = &rest[end + usize::from(expects_key)..];
    }
    Ok(segments)
}

fn in_brackets(text: &str) -> Result<(Segment, &str), KeyPathError> {
    if let Some(quote) = text.chars().next().filter(|first| ['"', '\''].contains(first)) {
        let mut key = String::new();
        let mut characters = text.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == quote {
                let behind = text[at + 1..].strip_prefix(']').ok_or(KeyPathError::Bracket)?;
                return Ok((Segment::Key(key), behind));
            }
            // Behind a backslash stands the character itself.
            let character =
                if character == '\\' { characters.next().map(|(_, next)| next) } else { Some(character) };
            key.extend(character);
        }
        return Err(KeyPathError::Bracket);
    }
    let (inside, behind) = text.split_once(']').ok_or(KeyPathError::Bracket)?;
    let inside = inside.trim();
    if inside.is_empty() {
        return Err(KeyPathError::Empty);
    }
    Ok((inside.parse().map_or_else(|_| inside.into(), Segment::Index), behind))
}

/// The same path with numbers for positions where the value on the way is an array: `agents.list.0` is `agents.list[0]`.
pub fn resolved(path: Vec<Segment>, value: &Value) -> Vec<Segment> {
    let mut at = Some(value);
    let mut result = Vec::with_capacity(path.len());
    for segment in path {
        let segment = match (segment, at) {
            (Segment::Key(key), Some(Value::Array(_))) => {
                key.parse().map_or(Segment::Key(key), Segment::Index)
            }
            (segment, _) => segment,
        };
        at = match &segment {
            Segment::Key(key) => at.and_then(|value| value.get(key)),
            Segment::Index(index) => at.and_then(|value| value.get(index)),
        };
        result.push(segment);
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_read_as_they_are_written() {
        let key = |key: &str| Segment::from(key);
        for (text, expected) in [
            ("a", vec![key("a")]),
            (" agents.list[0].model ", vec![key("agents"), key("list"), 0.into(), key("model")]),
            (
                "m.anthropic/claude-opus-4-7.alias",
                vec![key("m"), key("anthropic/claude-opus-4-7"), key("alias")],
            ),
            ("m[\"a/b.c\"].x", vec![key("m"), key("a/b.c"), key("x")]),
            ("m['it\\'s']['x']", vec![key("m"), key("it's"), key("x")]),
            ("m[a.b][1][2]", vec![key("m"), key("a.b"), 1.into(), 2.into()]),
            ("[\"\"]", vec![key("")]),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        use KeyPathError::{Bracket, Empty};
        for (text, error) in [
            ("", Empty),
            (".", Empty),
            ("a.", Empty),
            ("a..b", Empty),
            (".a", Empty),
            ("a[]", Empty),
            ("a[0].", Empty),
            ("a[", Bracket),
            ("a[0", Bracket),
            ("a['x]", Bracket),
            ("a['x'", Bracket),
            ("a[0]b", Bracket),
            (&"a.".repeat(200), KeyPathError::TooDeep),
            (&format!("a{}", "[0]".repeat(200)), KeyPathError::TooDeep),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn numbers_are_positions_where_there_is_an_array() {
        let value = json!({"list": [{"0": {"id": "a"}}]});
        let resolved = |text: &str| shown(&resolved(parse(text).unwrap(), &value));
        assert_eq!(resolved("list.0.0.id"), "list[0][\"0\"].id");
        assert_eq!(resolved("gone.0"), "gone[\"0\"]");
    }

    proptest! {
        #[test]
        fn a_path_that_is_shown_reads_back(keys in prop::collection::vec(prop_oneof![
            "\\PC{0,8}".prop_map(Segment::Key), (0_usize..1000).prop_map(Segment::Index)], 1..6)
        ) {
            prop_assume!(!matches!(keys[0], Segment::Index(_)));
            prop_assert_eq!(parse(&shown(&keys)), Ok(keys));
        }
    }

    #[test]
    fn a_path_is_shown_as_it_would_be_typed() {
        let mut path = Segment::keys(["agents", "defaults", "models", "anthropic/claude-x.5"]);
        path.push("alias".into());
        assert_eq!(shown(&path), r#"agents.defaults.models["anthropic/claude-x.5"].alias"#);
        assert_eq!(shown(&["agents".into(), "list".into(), 1.into(), "id".into()]), "agents.list[1].id");
        assert_eq!(shown(&["null_x".into()]), r#"["null_x"]"#);
    }
}
