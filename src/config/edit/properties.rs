//! Edits of whatever JSON5 there may be: what was meant is there, and nothing else changed.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn edit(text: &str) -> Edit {
    Edit::of(Path::new("/c.json"), text).unwrap()
}

/// Makes JSON5 with odd formatting, and choices about it, out of a row of numbers.
struct Maker {
    numbers: Vec<u16>,
    at: usize,
    comments: usize,
}

impl Maker {
    fn pick(&mut self, below: usize) -> usize {
        let number = self.numbers.get(self.at % self.numbers.len()).copied().unwrap_or(0);
        // Rows that are short go round, shifted, so that no document is endless repetition.
        let shift = self.at / self.numbers.len();
        self.at += 1;
        (usize::from(number) + shift * 7) % below
    }

    fn gap(&mut self) -> String {
        self.comments += 1;
        let n = self.comments;
        match self.pick(14) {
            0 => "\n".to_owned(),
            1 => "\r\n\t".to_owned(),
            2 => "\n    ".to_owned(),
            3 => format!(" /* c{n}, */ "),
            4 => format!(" // c{n} }} ]\n  "),
            5 => format!("\n  // c{n}\n  "),
            6 => format!("/* c{n}\n */\n"),
            7 | 8 => " ".to_owned(),
            9 => "\t\u{a0}".to_owned(),
            _ => String::new(),
        }
    }

    fn key(&mut self, n: usize) -> String {
        let key =
            [format!("k{n}"), format!("$k{n}"), format!("'k.{n}'"), format!("\"k/{n}\""), format!("'k {n}'")];
        key[self.pick(key.len())].clone()
    }

    fn value(&mut self, depth: usize) -> String {
        let scalars = [
            "1",
            "0xAb",
            "+.5",
            "-Infinity",
            "true",
            "null",
            "'a\\'b'",
            "\"c,}\\n\"",
            "'//no'",
            "'\\\n x'",
            "\"\\x41\"",
        ];
        match self.pick(if depth == 0 { 2 } else { 4 }) {
            0 | 1 => scalars[self.pick(scalars.len())].to_owned(),
            2 => self.container(depth, '{', '}'),
            _ => self.container(depth, '[', ']'),
        }
    }

    fn container(&mut self, depth: usize, open: char, close: char) -> String {
        let mut text = format!("{open}{}", self.gap());
        let count = self.pick(4);
        for n in 0..count {
            if open == '{' {
                text.push_str(&self.key(n));
                // A comment right behind a bare key is refused by the parser that knows places.
                text.push_str([" ", "", " /* k */"][self.pick(3)]);
                text.push(':');
                text.push_str(&self.gap());
            }
            text.push_str(&self.value(depth - 1));
            text.push_str(&self.gap());
            if n + 1 < count || self.pick(2) == 0 {
                text.push(',');
                text.push_str(&self.gap());
            }
        }
        text.push(close);
        text
    }

    fn document(&mut self) -> String {
        let mark = ["", "\u{feff}"][self.pick(2)];
        format!("{mark}{}{}{}", self.gap(), self.container(3, '{', '}'), self.gap())
    }

    /// A place in the document, one that is there or one beside it.
    fn path(&mut self, value: &Value) -> Vec<Segment> {
        let mut path = Vec::new();
        let mut value = value;
        loop {
            let next: Vec<(Segment, &Value)> = match value {
                Value::Object(object) => object.iter().map(|(key, it)| (key.as_str().into(), it)).collect(),
                Value::Array(array) => array.iter().enumerate().map(|(at, it)| (at.into(), it)).collect(),
                _ => Vec::new(),
            };
            match next.get(self.pick(next.len() + 1)) {
                Some((segment, inner)) => {
                    path.push(segment.clone());
                    value = inner;
                    if self.pick(3) == 0 {
                        return path;
                    }
                }
                None => {
                    match value {
                        Value::Object(_) => {
                            path.push(["new", "new/x", "new.y", "new z"][self.pick(4)].into());
                        }
                        Value::Array(array) => path.push(array.len().into()),
                        _ if path.is_empty() => path.push("new".into()),
                        _ => {}
                    }
                    return path;
                }
            }
        }
    }

    fn new_value(&mut self) -> Value {
        let values = [
            json!(7),
            json!(null),
            json!("a'b\"\n\u{2028}"),
            json!([]),
            json!({}),
            json!({"x": {"y": [1, {"z": "w"}]}, "v": [2]}),
            json!([[1], "t"]),
        ];
        values[self.pick(values.len())].clone()
    }
}

/// Length of what two texts have in common at their beginning and at their end.
fn common(old: &str, new: &str) -> (usize, usize) {
    let begin = old.bytes().zip(new.bytes()).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - begin;
    let end = old.bytes().rev().zip(new.bytes().rev()).take(rest).take_while(|(a, b)| a == b).count();
    (begin, end)
}

/// The bytes an edit of this place may touch: the value; or from the entry before to the one behind; or from the last
/// entry to the end of the container.
fn touchable(edit: &Edit, path: &[Segment], removes: bool) -> std::ops::Range<usize> {
    let shape = edit.shape_of(edit.main()).unwrap();
    match edit.walk(&shape, &Target { file: 0, path: path.to_vec() }).unwrap() {
        Place::Here(entry) => {
            let items = layout::items(entry.container);
            let range = jsonc_parser::common::Ranged::range(entry.container);
            if removes {
                let begin = entry.index.checked_sub(1).map_or(range.start + 1, |before| items[before].end);
                return begin..items.get(entry.index + 1).map_or(range.end - 1, |next| next.start);
            }
            items[entry.index].clone()
        }
        Place::Missing(container, _) => {
            let range = jsonc_parser::common::Ranged::range(container);
            layout::items(container).last().map_or(range.start + 1, |last| last.end)..range.end - 1
        }
    }
}

fn comments_in(text: &str) -> Vec<String> {
    let numbers = text.match_indices(" c").map(|(at, _)| &text[at + 1..]);
    numbers
        .map(|rest| rest[1..].chars().take_while(char::is_ascii_digit).collect::<String>())
        .filter(|digits| !digits.is_empty())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_is_set_reads_back_and_the_rest_stays(numbers in prop::collection::vec(any::<u16>(), 20..120)) {
        let mut maker = Maker { numbers, at: 0, comments: 0 };
        let text = maker.document();
        let mut edit = edit(&text);
        for _ in 0..3 {
            let (path, value) = (maker.path(&edit.main().value), maker.new_value());
            let old = edit.main().text.clone();
            let touchable = touchable(&edit, &path, false);
            let mut expected = edit.main().value.clone();
            put(&mut expected, &path, &value);
            edit.set(&path, &value).unwrap();

            prop_assert_eq!(edit.get(&path), Some(&value));
            prop_assert_eq!(&json5::from_str::<Value>(&edit.main().text).unwrap(), &expected, "{}", edit.main().text);
            let (begin, end) = common(&old, &edit.main().text);
            prop_assert!(begin >= touchable.start, "{old}\n---\n{}", edit.main().text);
            prop_assert!(begin + end >= touchable.start + (old.len() - touchable.end), "{old}\n---\n{}", edit.main().text);
            let is_new = path.last() == Some(&"new".into());
            if is_new {
                prop_assert_eq!(comments_in(&old), comments_in(&edit.main().text), "{}\n---\n{}", old, edit.main().text);
            }
            let written = edit.main().text.clone();
            edit.set(&path, &value).unwrap();
            prop_assert_eq!(&edit.main().text, &written);
        }
        prop_assert_eq!(edit.to_text().starts_with('\u{feff}'), text.starts_with('\u{feff}'));
    }

    #[test]
    fn whatever_is_removed_is_gone_and_the_rest_stays(numbers in prop::collection::vec(any::<u16>(), 20..120)) {
        let mut maker = Maker { numbers, at: 0, comments: 0 };
        let mut edit = edit(&maker.document());
        for _ in 0..3 {
            let path = maker.path(&edit.main().value);
            let old = edit.main().text.clone();
            if edit.get(&path).is_none() {
                prop_assert!(!edit.remove(&path).unwrap());
                prop_assert_eq!(&edit.main().text, &old);
                continue;
            }
            let touchable = touchable(&edit, &path, true);
            let mut expected = edit.main().value.clone();
            take(&mut expected, &path);
            prop_assert!(edit.remove(&path).unwrap());

            prop_assert_eq!(&json5::from_str::<Value>(&edit.main().text).unwrap(), &expected, "{}", edit.main().text);
            let (begin, end) = common(&old, &edit.main().text);
            prop_assert!(begin >= touchable.start, "{old}\n---\n{}", edit.main().text);
            prop_assert!(begin + end >= touchable.start + (old.len() - touchable.end), "{old}\n---\n{}", edit.main().text);
        }
    }

    #[test]
    fn what_is_set_anew_and_removed_again_leaves_no_trace(numbers in prop::collection::vec(any::<u16>(), 20..120)) {
        let mut maker = Maker { numbers, at: 0, comments: 0 };
        let mut edit = edit(&maker.document());
        let before = (edit.main().text.clone(), edit.main().value.clone());
        let path = [Segment::from("new")];
        edit.set(&path, &maker.new_value()).unwrap();
        edit.remove(&path).unwrap();
        prop_assert_eq!(&edit.main().value, &before.1);
        prop_assert_eq!(comments_in(&edit.main().text), comments_in(&before.0), "{}\n---\n{}", before.0, edit.main().text);
    }
}
