//! Where values and comments stand in a JSON5 text that has been accepted. Written apart from the editor's own parsers, so
//! that a mistake of theirs is not made here too.

use std::ops::Range;

/// A value and what is in it.
#[derive(Debug)]
pub struct Node {
    /// From its first byte to behind its last.
    pub range: Range<usize>,
    /// Properties or elements; none of a value that has no inside.
    pub entries: Vec<Entry>,
}

/// A property or element.
#[derive(Debug)]
pub struct Entry {
    /// Elements have none.
    pub key: Option<String>,
    /// From its key, if it has one, to the end of its value.
    pub range: Range<usize>,
    /// The value.
    pub value: Node,
}

/// The places in a text.
#[derive(Debug)]
pub struct Places {
    /// The whole value.
    pub root: Node,
    /// In their order, strings aside.
    pub comments: Vec<Range<usize>>,
}

impl Places {
    /// Reads a text that is JSON5.
    pub fn of(text: &str) -> Self {
        let mut reader = Reader { text, at: 0, comments: Vec::new() };
        let root = reader.value();
        reader.skip_blanks();
        assert_eq!(reader.at, text.len(), "text behind the value: {text}");
        Self { root, comments: reader.comments }
    }

    /// The comments in a part of the text.
    pub fn comments_in<'t>(&self, text: &'t str, part: &Range<usize>) -> Vec<&'t str> {
        let inside = |comment: &&Range<usize>| part.start <= comment.start && comment.end <= part.end;
        self.comments.iter().filter(inside).map(|comment| &text[comment.clone()]).collect()
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    comments: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn next_is(&self, c: char) -> bool {
        self.rest().starts_with(c)
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blanks =
                rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
            let begin = self.at + blanks;
            let rest = &self.text[begin..];
            let length = match rest.as_bytes() {
                [b'/', b'/', ..] => rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len()),
                [b'/', b'*', ..] => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
                _ => {
                    self.at = begin;
                    return;
                }
            };
            self.comments.push(begin..begin + length);
            self.at = begin + length;
        }
    }

    fn value(&mut self) -> Node {
        self.skip_blanks();
        let begin = self.at;
        let entries = match self.rest().chars().next() {
            Some('{') => self.entries('}'),
            Some('[') => self.entries(']'),
            _ => {
                self.scalar();
                Vec::new()
            }
        };
        Node { range: begin..self.at, entries }
    }

    fn entries(&mut self, close: char) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.at += 1;
        loop {
            self.skip_blanks();
            if self.next_is(close) {
                self.at += 1;
                return entries;
            }
            let begin = self.at;
            let key = (close == '}').then(|| self.key());
            let value = self.value();
            entries.push(Entry { key, range: begin..value.range.end, value });
            self.skip_blanks();
            if self.next_is(',') {
                self.at += 1;
            }
            assert!(self.at < self.text.len(), "no end: {}", self.text);
        }
    }

    fn key(&mut self) -> String {
        let begin = self.at;
        let is_quoted = self.next_is('"') || self.next_is('\'');
        self.scalar();
        let key = &self.text[begin..self.at];
        let key = if is_quoted { json5::from_str(key).unwrap_or_default() } else { key.to_owned() };
        self.skip_blanks();
        assert!(self.next_is(':'), "no colon at {}: {}", self.at, self.text);
        self.at += 1;
        key
    }

    /// A string, number or word.
    fn scalar(&mut self) {
        let begin = self.at;
        let Some(quote @ ('"' | '\'')) = self.rest().chars().next() else {
            let ends = |c: char| c.is_whitespace() || "{}[],:/\u{feff}".contains(c);
            self.at += self.rest().find(ends).unwrap_or(self.rest().len());
            assert!(self.at > begin, "no value at {begin}: {}", self.text);
            return;
        };
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            if c == quote {
                self.at += at + 1;
                return;
            }
            if c == '\\' {
                characters.next();
            }
        }
        panic!("no end of the string at {begin}: {}", self.text);
    }
}
