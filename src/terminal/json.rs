//! JSON as this program prints it: the same text as serde_json's pretty form, with each line's indentation written in one
//! piece. A long document is mostly indentation, and two spaces at a time take a fifth of the time it needs.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// What stands between two values; longer than any document of ours is deep.
const BREAK: &[u8] = b",\n                                                                ";

/// Indents by two spaces, like serde_json's own.
#[derive(Debug, Default)]
pub(super) struct Indented {
    depth: usize,
    has_value: bool,
}

impl Indented {
    fn open<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        writer.write_all(bracket)
    }

    fn close<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.has_value {
            self.break_line(writer, true)?;
        }
        writer.write_all(bracket)
    }

    /// A line break and the next line's indentation, after a comma unless this is the first or the last line.
    fn break_line<W: ?Sized + Write>(&self, writer: &mut W, at_edge: bool) -> io::Result<()> {
        let spaces = 2 * self.depth;
        let (at_once, more) = (spaces.min(BREAK.len() - 2), spaces.saturating_sub(BREAK.len() - 2));
        writer.write_all(&BREAK[usize::from(at_edge)..2 + at_once])?;
        if more > 0 { writer.write_all(&vec![b' '; more]) } else { Ok(()) }
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.break_line(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.break_line(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize as _;
    use serde_json::{Value, json};

    use super::*;

    fn printed(value: &Value) -> String {
        let mut text = Vec::new();
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Indented::default())).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_text_is_that_of_the_pretty_form() {
        let mut deep = json!([]);
        for _ in 0..50 {
            deep = json!({ "in": [deep], "": {}, "list": [1, [], "two", null], "last": { "a": true } });
            assert_eq!(printed(&deep), serde_json::to_string_pretty(&deep).unwrap());
        }
    }
}
