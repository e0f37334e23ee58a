//! How a file is written - indentation, quotes, ends of lines - and new values written the same way.

use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged as _;

use super::layout::{Shape, items};
use crate::config::key_path;

/// Longest value that is written on one line.
const LONGEST_LINE: usize = 80;

/// The habits of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) newline: &'static str,
    /// One step of indentation.
    indent: String,
    /// Around strings.
    quote: char,
    /// Around keys that need none.
    key_quote: Option<char>,
    /// Behind the last entry of objects and arrays over several lines.
    pub(super) trailing_commas: bool,
}

/// Where a value is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Room<'a> {
    /// On a line that begins with this indentation; it may go over several.
    Lines(&'a str),
    /// Inside a line.
    OneLine,
}

impl Style {
    /// The habits a file shows; what it does not show is as in our documentation.
    pub(super) fn of(shape: &Shape<'_>) -> Self {
        let text = shape.text;
        let newline = match text.find(['\n', '\r']) {
            Some(at) if text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if text[at..].starts_with('\r') => "\r",
            _ => "\n",
        };
        let mut seen = Seen::default();
        seen.look(shape, &shape.root);
        let first_indent = items(&shape.root).first().and_then(|item| shape.indent_of_line(item.start));
        Self {
            newline,
            indent: first_indent.filter(|indent| !indent.is_empty()).unwrap_or("  ").to_owned(),
            quote: seen.quote.unwrap_or('"'),
            key_quote: seen.key_quote.unwrap_or(None),
            // A file that could be read as plain JSON stays one.
            trailing_commas: seen.trailing_comma.unwrap_or(!matches!(seen.key_quote, Some(Some('"')))),
        }
    }

    /// The indentation one step further in.
    pub(super) fn inside(&self, indent: &str) -> String {
        format!("{indent}{}", self.indent)
    }

    /// A key as the file would write it.
    pub(super) fn key(&self, key: &str) -> String {
        match self.key_quote {
            None if key_path::is_plain(key) => key.to_owned(),
            None => quoted(key, self.quote),
            Some(quote) => quoted(key, quote),
        }
    }

    /// A value as the file would write it; small ones on one line.
    pub(super) fn value(&self, value: &Value<'_>, room: Room<'_>) -> String {
        let (open, close, entries) = match value {
            Value::StringLit(text) => return quoted(&text.value, self.quote),
            Value::NumberLit(number) => return number.value.to_owned(),
            Value::BooleanLit(truth) => return truth.value.to_string(),
            Value::NullKeyword(_) => return "null".to_owned(),
            Value::Object(object) => {
                ('{', '}', object.properties.iter().map(|p| (Some(p.name.as_str()), &p.value)).collect())
            }
            Value::Array(array) => {
                ('[', ']', array.elements.iter().map(|element| (None, element)).collect::<Vec<_>>())
            }
        };
        if entries.is_empty() {
            return format!("{open}{close}");
        }
        let entry = |(key, value): &(Option<&str>, &Value<'_>), room: Room<'_>| {
            let value = self.value(value, room);
            key.map_or_else(|| value.clone(), |key| format!("{}: {value}", self.key(key)))
        };
        let Room::Lines(indent) = room else {
            let entries: Vec<String> = entries.iter().map(|it| entry(it, Room::OneLine)).collect();
            let pad = if open == '{' { " " } else { "" };
            return format!("{open}{pad}{}{pad}{close}", entries.join(", "));
        };
        let is_flat = entries.iter().all(|(_, value)| items(value).is_empty());
        let one_line = self.value(value, Room::OneLine);
        if is_flat && one_line.chars().count() <= LONGEST_LINE {
            return one_line;
        }
        let (newline, inside) = (self.newline, self.inside(indent));
        let entries: Vec<String> =
            entries.iter().map(|it| format!("{inside}{}", entry(it, Room::Lines(&inside)))).collect();
        let last = if self.trailing_commas { "," } else { "" };
        format!("{open}{newline}{}{last}{newline}{indent}{close}", entries.join(&format!(",{newline}")))
    }
}

/// What the first places that show a habit show.
#[derive(Default)]
struct Seen {
    quote: Option<char>,
    key_quote: Option<Option<char>>,
    trailing_comma: Option<bool>,
}

impl Seen {
    fn look(&mut self, shape: &Shape<'_>, value: &Value<'_>) {
        let quote_at = |at: usize| shape.text[at..].chars().next().filter(|c| matches!(c, '"' | '\''));
        match value {
            Value::StringLit(text) => self.quote = self.quote.or_else(|| quote_at(text.range.start)),
            Value::Object(object) => {
                for property in &object.properties {
                    let could_be_bare = key_path::is_plain(property.name.as_str());
                    if self.key_quote.is_none() && could_be_bare {
                        self.key_quote = Some(match &property.name {
                            ObjectPropName::String(name) => quote_at(name.range.start),
                            ObjectPropName::Word(_) => None,
                        });
                    }
                    self.look(shape, &property.value);
                }
            }
            Value::Array(array) => array.elements.iter().for_each(|element| self.look(shape, element)),
            Value::NumberLit(_) | Value::BooleanLit(_) | Value::NullKeyword(_) => {}
        }
        if let Some(last) = items(value).last() {
            let closes = value.range().end - 1;
            let over_lines = shape.indent_of_line(last.start).is_some();
            if shape.comma_after(last.end, closes).is_some() {
                self.trailing_comma = Some(true);
            } else if over_lines && self.trailing_comma.is_none() {
                self.trailing_comma = Some(false);
            }
        }
    }
}

/// A string in quotes, as JSON5.
fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str(r"\\"),
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '\t' => quoted.push_str(r"\t"),
            c if c == quote => quoted.extend(['\\', c]),
            // The two line separators may stand in a string, but editors break lines at them.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}
