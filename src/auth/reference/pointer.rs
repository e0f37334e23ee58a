//! JSON pointers (RFC 6901), followed without taking the rest of a document apart: other secrets in it are passed over and
//! never copied.

use std::collections::HashMap;

use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// A pointer to something inside a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer(Vec<String>);

/// Why a document gives nothing at a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoText {
    /// The document is no JSON.
    NotJson { line: usize, column: usize },
    /// There is nothing.
    Nothing,
    /// What is there is no text, or an empty one.
    Other,
}

impl Pointer {
    /// Reads a pointer; `None` for what is none. The empty one, which means the whole document, counts as none: a secret
    /// is inside.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.strip_prefix('/')?.split('/').map(unescaped).collect::<Option<_>>().map(Self)
    }

    /// The text it points to.
    pub(super) fn text_in(&self, document: &str) -> Result<Zeroizing<String>, NoText> {
        let mut value: &RawValue = serde_json::from_str(document)
            .map_err(|error| NoText::NotJson { line: error.line(), column: error.column() })?;
        for name in &self.0 {
            value = child(value, name).ok_or(NoText::Nothing)?;
        }
        let text =
            serde_json::from_str::<String>(value.get()).map(Zeroizing::new).map_err(|_| NoText::Other)?;
        if text.trim().is_empty() { Err(NoText::Other) } else { Ok(text) }
    }
}

/// `~1` is a slash and `~0` a tilde; no other `~` may occur.
fn unescaped(part: &str) -> Option<String> {
    let mut pieces = part.split('~');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        name.push(match piece.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        name.push_str(&piece[1..]);
    }
    Some(name)
}

fn child<'a>(value: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    match value.get().as_bytes().first()? {
        b'{' => serde_json::from_str::<HashMap<String, &'a RawValue>>(value.get()).ok()?.remove(name),
        b'[' => {
            let is_index =
                name == "0" || (!name.starts_with('0') && name.bytes().all(|b| b.is_ascii_digit()));
            let index: usize = name.parse().ok().filter(|_| is_index)?;
            serde_json::from_str::<Vec<&'a RawValue>>(value.get()).ok()?.get(index).copied()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: &str, pointer: &str) -> Result<String, NoText> {
        Pointer::parse(pointer).unwrap().text_in(document).map(|text| text.to_string())
    }

    #[test]
    fn a_pointer_leads_to_a_text_anywhere_inside() {
        let document = r#" {"a":{"b/c":{"d~e":["x",["y"]]}},"":"empty","~1":"tilde","é":"é"} "#;
        for (pointer, found) in [
            ("/a/b~1c/d~0e/0", "x"),
            ("/a/b~1c/d~0e/1/0", "y"),
            ("/", "empty"),
            ("/~01", "tilde"),
            ("/é", "é"),
        ] {
            assert_eq!(text(document, pointer).as_deref(), Ok(found), "{pointer}");
        }
        assert_eq!(text(r#"["\u0041\n"]"#, "/0").as_deref(), Ok("A\n"));
    }

    #[test]
    fn what_is_not_there_is_told_from_what_is_no_text() {
        let document = r#"{"a":["x"],"n":7,"o":{},"z":null,"e":"","s":" "}"#;
        for pointer in
            ["/b", "/a/1", "/a/-", "/a/00", "/a/01", "/a/+0", "/a/", "/n/x", "/a/99999999999999999999"]
        {
            assert_eq!(text(document, pointer), Err(NoText::Nothing), "{pointer}");
        }
        for pointer in ["/a", "/n", "/o", "/z", "/e", "/s"] {
            assert_eq!(text(document, pointer), Err(NoText::Other), "{pointer}");
        }
        assert_eq!(text("{\n\"a\": x}", "/a"), Err(NoText::NotJson { line: 2, column: 6 }));
        assert!(matches!(text("", "/a"), Err(NoText::NotJson { .. })));
        assert!(matches!(text("{} {}", "/a"), Err(NoText::NotJson { .. })));
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for pointer in ["", "a", "a/b", "/a~", "/a~2", "/~", "#/a"] {
            assert_eq!(Pointer::parse(pointer), None, "{pointer}");
        }
    }

    #[test]
    fn a_deep_document_is_no_danger() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(text(&deep, "/a/0"), Err(NoText::Other));
    }
}
