//! JSON as this program prints it: a line for each value down to a few levels, and whatever lies deeper on the line of its
//! parent, so that a list of profiles reads like a list. A long document would otherwise be mostly indentation.

use std::io::{self, Write};

use serde_json::ser::Formatter;

/// Levels that get lines of their own.
const LINED: usize = 4;
/// What stands between two values that have lines of their own: a comma, a break, the deepest indentation.
const BREAK: &[u8] = b",\n        ";

/// Indents by two spaces.
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
        let had_lines = self.depth <= LINED;
        self.depth -= 1;
        if self.has_value && had_lines {
            self.separate(writer, true)?;
        }
        writer.write_all(bracket)
    }

    /// What stands before a value or a closing bracket; a comma comes first unless that is at the edge of its parent.
    fn separate<W: ?Sized + Write>(&self, writer: &mut W, at_edge: bool) -> io::Result<()> {
        match (self.depth <= LINED, at_edge) {
            (true, _) => writer.write_all(&BREAK[usize::from(at_edge)..2 + 2 * self.depth]),
            (false, false) => writer.write_all(b", "),
            (false, true) => Ok(()),
        }
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
        self.separate(writer, first)
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
        self.separate(writer, first)
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
    fn few_levels_read_as_in_the_pretty_form() {
        let shallow = json!({ "a": { "b": { "c": [1, "two", null], "empty": {}, "none": [] } }, "": true });
        assert_eq!(printed(&shallow), serde_json::to_string_pretty(&shallow).unwrap());
    }

    #[test]
    fn what_lies_deeper_stands_on_the_line_of_its_parent() {
        let deep = json!({ "a": { "b": { "list": [{ "c": 1, "d": { "e": [] } }, {}, [2, [3]]] } } });
        let lines = printed(&deep);
        let list: Vec<&str> = lines.lines().skip(4).take(3).collect();
        assert_eq!(list, [r#"        {"c": 1, "d": {"e": []}},"#, "        {},", "        [2, [3]]"]);
    }

    #[test]
    fn whatever_its_depth_it_reads_back_the_same() {
        let mut value = json!([]);
        for _ in 0..50 {
            value = json!({ "in": [value], "": {}, "list": [1, [], "two", null], "last": { "a": true } });
            assert_eq!(serde_json::from_str::<Value>(&printed(&value)).unwrap(), value);
        }
    }
}
