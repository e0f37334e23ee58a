//! The text of a config with the places of its values, and edits as splices: pieces of text for ranges of bytes. What is
//! outside of the ranges cannot change, because it is never written anew.

use std::ops::Range;

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::style::{Room, Style};
use crate::config::key_path::Segment;

/// New text for a range of the old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    range: Range<usize>,
    text: String,
}

impl Splice {
    fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into() }
    }
}

/// Puts splices, which do not overlap, into a text; those at one place in their order.
pub(super) fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| splice.range.start);
    let mut result = text.to_owned();
    for splice in splices.into_iter().rev() {
        result.replace_range(splice.range, &splice.text);
    }
    result
}

/// A text and the tree of values in it.
#[derive(Debug)]
pub(super) struct Shape<'t> {
    pub(super) text: &'t str,
    pub(super) root: Value<'t>,
}

/// Why a text has no tree here, with the place counted from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) what: String,
}

/// Where a value stands in a text, as a line and a column counted from one; of a key that stands twice, the last time.
pub(in crate::config) fn position(text: &str, path: &[Segment]) -> Option<(usize, usize)> {
    let shape = Shape::of(text).ok()?;
    let mut at = &shape.root;
    for segment in path {
        at = match (at, segment) {
            (Value::Object(object), Segment::Key(key)) => {
                &object.properties.iter().rfind(|property| property.name.as_str() == key)?.value
            }
            (Value::Array(array), Segment::Index(index)) => array.elements.get(*index)?,
            _ => return None,
        };
    }
    Some(place_of(text, at.start()))
}

/// Where numbers stand that JSON has no word for, with line and column; nothing for a text whose values nobody can place.
pub(in crate::config) fn numbers_that_are_none(text: &str) -> Vec<(Vec<Segment>, usize, usize)> {
    fn find(value: &Value<'_>, path: &mut Vec<Segment>, found: &mut Vec<(Vec<Segment>, usize)>) {
        match value {
            Value::NumberLit(number) if number.value.contains(['I', 'N']) => {
                found.push((path.clone(), value.start()));
            }
            Value::Object(object) => {
                for property in &object.properties {
                    path.push(property.name.as_str().into());
                    find(&property.value, path, found);
                    path.pop();
                }
            }
            Value::Array(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    path.push(index.into());
                    find(element, path, found);
                    path.pop();
                }
            }
            _ => {}
        }
    }
    // Most texts have neither word, and are not looked at a second time.
    if !text.contains("Infinity") && !text.contains("NaN") {
        return Vec::new();
    }
    let Ok(shape) = Shape::of(text) else { return Vec::new() };
    let mut found = Vec::new();
    find(&shape.root, &mut Vec::new(), &mut found);
    let placed = found.into_iter().map(|(path, at)| {
        let (line, column) = place_of(text, at);
        (path, line, column)
    });
    placed.collect()
}

fn place_of(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    (line, before[before.rfind('\n').map_or(0, |end| end + 1)..].chars().count() + 1)
}

/// An entry of an object or array that is to be changed, and the container it is in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'s, 't> {
    pub(super) container: &'s Value<'t>,
    pub(super) index: usize,
}

impl<'t> Shape<'t> {
    /// Finds the values in a text that the config's parser has accepted.
    pub(super) fn of(text: &'t str) -> Result<Self, Unreadable> {
        let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
        let parsed =
            parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| Unreadable {
                line: error.line_display(),
                column: error.column_display(),
                what: error.kind().to_string().to_lowercase(),
            })?;
        let nothing = || Unreadable { line: 1, column: 1, what: "no value".to_owned() };
        Ok(Self { text, root: parsed.value.ok_or_else(nothing)? })
    }

    /// Replaces the value of an entry.
    pub(super) fn replacement(&self, entry: Entry<'_, '_>, new: &Value<'_>) -> Option<Vec<Splice>> {
        let old = match entry.container {
            Value::Object(object) => object.properties.get(entry.index)?.value.range(),
            Value::Array(array) => array.elements.get(entry.index)?.range(),
            _ => return None,
        };
        let item = items(entry.container).get(entry.index)?.clone();
        let style = Style::of(self);
        let room = self.indent_of_line(item.start).map_or(Room::OneLine, Room::Lines);
        Some(vec![Splice::new(old.start..old.end, style.value(new, room))])
    }

    /// Adds an entry behind the last one of a container; `key` belongs to objects.
    pub(super) fn insertion(&self, container: &Value<'_>, key: Option<&str>, new: &Value<'_>) -> Vec<Splice> {
        let style = Style::of(self);
        let entry = |room: Room<'_>| {
            let value = style.value(new, room);
            key.map_or_else(|| value.clone(), |key| format!("{}: {value}", style.key(key)))
        };
        let Some(last) = items(container).pop() else { return self.first_entry(container, &style, &entry) };
        let comma = self.comma_after(last.end, container.end() - 1);
        let entries_end = comma.map_or(last.end, |at| at + 1);
        // What is remarked behind the last entry stays behind it.
        let at = self.end_of_remarks(entries_end, container.end() - 1);
        let trailing = if comma.is_some() { "," } else { "" };
        let ends_in_remark = at > entries_end && end_of_line(&self.text[at..]).is_some();
        let indent = match self.indent_of_line(last.start) {
            Some(indent) => indent.to_owned(),
            None if ends_in_remark => style.inside(self.indentation(container.start())),
            None => {
                let separator = if comma.is_some() { " " } else { ", " };
                let text = format!("{separator}{}{trailing}", entry(Room::OneLine));
                return vec![Splice::new(at..at, text)];
            }
        };
        let line = format!("{}{indent}{}{trailing}", style.newline, entry(Room::Lines(&indent)));
        let missing_comma = comma.is_none().then(|| Splice::new(last.end..last.end, ","));
        missing_comma.into_iter().chain([Splice::new(at..at, line)]).collect()
    }

    fn first_entry(
        &self,
        container: &Value<'_>,
        style: &Style,
        entry: &impl Fn(Room<'_>) -> String,
    ) -> Vec<Splice> {
        let (opens, closes) = (container.start() + 1, container.end() - 1);
        let inside = &self.text[opens..closes];
        let newline = style.newline;
        // The indentation of the line the container begins on, whatever else stands there.
        let indent = self.indentation(container.start());
        let deeper = style.inside(indent);
        let trailing = if style.trailing_commas { "," } else { "" };
        let line = || format!("{newline}{deeper}{}{trailing}", entry(Room::Lines(&deeper)));
        if inside.trim().is_empty() {
            let short = entry(Room::OneLine);
            let has_lines = is_broken(inside) || self.has_lines_of_its_own(container);
            if has_lines && (is_broken(inside) || self.is_root(container) || short.contains(['{', '['])) {
                return vec![Splice::new(opens..closes, format!("{}{newline}{indent}", line()))];
            }
            let pad = if matches!(container, Value::Object(_)) { " " } else { "" };
            return vec![Splice::new(opens..closes, format!("{pad}{short}{pad}"))];
        }
        // Comments are in there and stay before the first entry.
        let at = opens + end_of_comments(inside);
        if is_broken(&inside[at - opens..]) {
            return vec![Splice::new(at..at, line())];
        }
        vec![Splice::new(at..at, format!(" {}", entry(Room::OneLine)))]
    }

    /// Takes an entry out, with its comma and what is remarked behind it on its line. Comments on other lines stay.
    pub(super) fn removal(&self, entry: Entry<'_, '_>) -> Option<Vec<Splice>> {
        let (opens, closes) = (entry.container.start() + 1, entry.container.end() - 1);
        let items = items(entry.container);
        let item = items.get(entry.index)?;
        let next = items.get(entry.index + 1);
        let comma = self.comma_after(item.end, next.map_or(closes, |next| next.start));
        let tail = comma.map_or(item.end, |at| at + 1);
        let remarks_end = self.end_of_remarks(tail, closes);
        // A comma on another line than its entry leaves alone, when comments stand before it or behind it there.
        let own_end = self.end_of_remarks(item.end, comma.unwrap_or(closes));
        let apart = comma.filter(|&at| {
            end_of_line(&self.text[own_end..at]).is_some() && self.text[own_end..remarks_end].contains('/')
        });
        let (tail, remarks_end) = if apart.is_some() { (item.end, own_end) } else { (tail, remarks_end) };
        let line_end = end_of_line(&self.text[remarks_end..]);
        let cut = match (self.indent_of_line(item.start), line_end) {
            (Some(indent), Some(end)) => item.start - indent.len()..remarks_end + end,
            _ if next.is_some() => {
                item.start..tail + self.text[tail..].len() - trim_blanks(&self.text[tail..]).len()
            }
            _ => self.text[..item.start].trim_end_matches(is_blank).len()..tail,
        };
        let mut splices = vec![Splice::new(cut.clone(), "")];
        splices.extend(apart.map(|at| Splice::new(at..at + 1, "")));
        let before = entry.index.checked_sub(1).and_then(|index| items.get(index));
        match before {
            // A file without a comma behind its last entries does not get one.
            Some(before) if next.is_none() && comma.is_none() => {
                let comma = self.comma_after(before.end, item.start);
                splices.extend(comma.map(|at| Splice::new(at..at + 1, "")));
            }
            None if next.is_none() => {
                let blank = |range: Range<usize>| self.text[range].trim().is_empty();
                if blank(opens..cut.start.max(opens)) && blank(cut.end.min(closes)..closes) {
                    return Some(vec![Splice::new(opens..closes, "")]);
                }
            }
            _ => {}
        }
        Some(splices)
    }

    fn is_root(&self, container: &Value<'_>) -> bool {
        container.start() == self.root.start()
    }

    /// Whether a container is the root or begins behind its key alone on a line, so that it may go over several.
    fn has_lines_of_its_own(&self, container: &Value<'_>) -> bool {
        let before = &self.text[..container.start()];
        let line = &before[before.rfind(['\n', '\r']).map_or(0, |end| end + 1)..];
        self.is_root(container) || !line.contains(['{', '['])
    }

    /// The white space a line begins with, when nothing else stands before this place.
    pub(super) fn indent_of_line(&self, at: usize) -> Option<&'t str> {
        let before = &self.text[..at];
        let line = &before[before.rfind(['\n', '\r']).map(|end| end + 1)?..];
        line.chars().all(is_blank).then_some(line)
    }

    /// The white space the line of this place begins with.
    fn indentation(&self, at: usize) -> &'t str {
        let before = &self.text[..at];
        let line = &before[before.rfind(['\n', '\r']).map_or(0, |end| end + 1)..];
        &line[..line.len() - trim_blanks(line).len()]
    }

    /// The comma behind an entry.
    pub(super) fn comma_after(&self, from: usize, until: usize) -> Option<usize> {
        let mut at = from;
        while at < until {
            let rest = &self.text[at..until];
            if rest.starts_with(',') {
                return Some(at);
            }
            at += comment_length(rest).or_else(|| rest.chars().next().map(char::len_utf8))?;
        }
        None
    }

    /// Where the comments end that stand behind an entry on its line.
    fn end_of_remarks(&self, from: usize, until: usize) -> usize {
        let (mut at, mut end) = (from, from);
        while at < until {
            let rest = &self.text[at..until];
            match comment_length(rest) {
                Some(length) => {
                    at += length;
                    end = at;
                }
                None => match rest.chars().next() {
                    Some(c) if is_blank(c) => at += c.len_utf8(),
                    _ => break,
                },
            }
        }
        end
    }
}

/// The ranges of a container's entries; nothing else has any.
pub(super) fn items(value: &Value<'_>) -> Vec<Range<usize>> {
    match value {
        Value::Object(object) => object.properties.iter().map(|p| p.range.start..p.range.end).collect(),
        Value::Array(array) => array.elements.iter().map(|element| element.start()..element.end()).collect(),
        _ => Vec::new(),
    }
}

/// Length of the comment a text begins with.
fn comment_length(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find(['\n', '\r']).unwrap_or(text.len()));
    }
    let inside = text.strip_prefix("/*")?;
    Some(inside.find("*/").map_or(text.len(), |end| end + 4))
}

/// Where the last comment ends in a text that holds nothing but comments and white space, which may be part of them.
fn end_of_comments(text: &str) -> usize {
    let (mut at, mut end) = (0, 0);
    while let Some(next) = text[at..].chars().next() {
        match comment_length(&text[at..]) {
            Some(length) => {
                at += length;
                end = at;
            }
            None => at += next.len_utf8(),
        }
    }
    end
}

/// How far the end of the line is, with its end, when nothing but white space stands before it.
fn end_of_line(text: &str) -> Option<usize> {
    let rest = trim_blanks(text);
    let blanks = text.len() - rest.len();
    ["\r\n", "\n", "\r"].iter().find(|end| rest.starts_with(**end)).map(|end| blanks + end.len())
}

fn trim_blanks(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\n' | '\r')
}

fn is_broken(text: &str) -> bool {
    text.contains(['\n', '\r'])
}
