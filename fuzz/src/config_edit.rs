//! The config's editor: an edit that is taken says what was meant and changes nothing else; one that is not leaves the text
//! as it was and says why. The first line of an input chooses what is done, the rest is the config.

use std::ops::Range;
use std::path::Path;

use fased::config::edit::{Edit, EditError, Segment};
use fased::config::load::{parse, parse_value};
use serde_json::{Value, json};

use super::places::{Node, Places};
use super::{Outcome, messages};

/// Changes of one config, one after the other.
const STEPS: usize = 3;

/// Edits a config.
pub fn run(input: &[u8]) -> Outcome {
    let Ok(input) = std::str::from_utf8(input) else { return Outcome::Refused };
    let (choices, text) = input.split_once('\n').unwrap_or(("", input));
    let mut edit = match Edit::of(Path::new("fased.json"), text) {
        Ok(edit) => edit,
        Err(error) => {
            messages::check(&error.to_string(), text);
            return Outcome::Refused;
        }
    };
    let mut choices = Choices { bytes: choices.bytes(), line: choices };
    for _ in 0..STEPS {
        let before = edit.to_text();
        let value = meaning(&before);
        let path = choices.path(&value);
        match choices.pick(3) {
            0 => remove(&mut edit, &before, &value, &path),
            1 => append(&mut edit, &before, &value, &path, &choices.value(&value)),
            _ => set(&mut edit, &before, &value, &path, &choices.value(&value)),
        }
    }
    Outcome::Taken
}

fn set(edit: &mut Edit, before: &str, value: &Value, path: &[Segment], new: &Value) {
    let expected = with(value, path, new);
    let result = edit.set(path, new);
    if taken(edit, before, Some(new), expected.as_ref(), result) {
        check_set(edit, before, path, new);
    }
}

fn append(edit: &mut Edit, before: &str, value: &Value, path: &[Segment], new: &Value) {
    let length = at(value, path).and_then(Value::as_array).map_or(0, Vec::len);
    let place = [path, &[length.into()]].concat();
    let expected = with(value, &place, new);
    let result = edit.append(path, new);
    if taken(edit, before, Some(new), expected.as_ref(), result) {
        check_set(edit, before, &place, new);
    }
}

fn remove(edit: &mut Edit, before: &str, value: &Value, path: &[Segment]) {
    let Some(expected) = without(value, path) else {
        if let Ok(removed) = edit.remove(path) {
            assert!(!removed, "something was removed where nothing was: {before}");
        }
        assert_eq!(edit.to_text(), before);
        return;
    };
    let result = edit.remove(path).map(|removed| assert!(removed, "what is there was not found: {before}"));
    if !taken(edit, before, None, Some(&expected), result) {
        return;
    }
    let after = edit.to_text();
    let (old, new) = (Places::of(body(before)), Places::of(body(&after)));
    let Some((container, index)) = found(&old.root, path) else { panic!("not there: {before}") };
    let item = container.entries[index].range.clone();
    let begin = index.checked_sub(1).map_or(container.range.start + 1, |it| container.entries[it].range.end);
    let end = container.entries.get(index + 1).map_or(container.range.end - 1, |next| next.range.start);
    let touched = only_touches(before, &after, &(begin..end));
    // Comments on lines of their own stay; one that begins on the entry's line goes with it.
    let mut kept = old.comments_in(body(before), &(begin..item.start));
    let behind = old.comments.iter().filter(|it| item.end <= it.start && it.end <= end);
    let own_line = |it: &&Range<usize>| is_broken_between(body(before), &old, item.end, it.start);
    kept.extend(behind.filter(own_line).map(|it| &body(before)[it.clone()]));
    let left = new.comments_in(body(&after), &touched);
    let mut rest = left.iter();
    assert!(
        kept.iter().all(|it| rest.any(|left| left == it)),
        "lost a comment of {kept:?}: {before}\n---\n{after}"
    );
}

/// What must be the same after anything that is taken or refused; says which it was.
fn taken(
    edit: &Edit,
    before: &str,
    new: Option<&Value>,
    expected: Option<&Value>,
    result: Result<(), EditError>,
) -> bool {
    let after = edit.to_text();
    let Err(error) = result else {
        let Some(expected) = expected else {
            panic!("a place that cannot be was changed: {before}\n---\n{after}")
        };
        assert_eq!(&meaning(&after), expected, "{before}\n---\n{after}");
        if let Err(problem) = parse(&after) {
            panic!("the result is no config: {problem}: {after}");
        }
        return true;
    };
    assert_eq!(after, before, "refused and changed: {error}");
    if !new.is_some_and(messages::holds_secret) {
        messages::check(&error.to_string(), before);
    }
    match (&error, expected) {
        (EditError::Misread { .. } | EditError::Form { .. }, _) => panic!("{error}: {before}"),
        // JSON has no words for these, so the same value cannot be tried as JSON.
        (EditError::Refused { .. }, _) if before.contains("Infinity") || before.contains("NaN") => {}
        (EditError::Refused { .. }, Some(expected)) => {
            assert!(
                parse(&expected.to_string()).is_err(),
                "a config is refused: {error}: {before}\n---\n{expected}"
            );
        }
        (EditError::NoPlace { .. }, Some(_)) => panic!("{error}: {before}"),
        (
            EditError::Several { .. }
            | EditError::WholeFile { .. }
            | EditError::Outside { .. }
            | EditError::Shared { .. },
            _,
        ) => {
            panic!("a text alone is one file: {error}: {before}")
        }
        _ => {}
    }
    false
}

/// The value is there, the rest of the text as it was, and doing it again changes nothing.
fn check_set(edit: &Edit, before: &str, path: &[Segment], new: &Value) {
    let after = edit.to_text();
    assert_eq!(edit.get(path), Some(new), "{after}");
    let mut again = match Edit::of(Path::new("fased.json"), &after) {
        Ok(again) => again,
        Err(error) => panic!("what was written cannot be edited: {error}: {after}"),
    };
    assert_eq!(again.get(path), Some(new), "{after}");
    let result = again.set(path, new);
    assert!(result.is_ok(), "{result:?}: {after}");
    assert_eq!(again.to_text(), after, "the same again is a change");
    let (old_places, new_places) = (Places::of(body(before)), Places::of(body(&after)));
    let mut node = &old_places.root;
    for segment in path {
        match entry(node, segment) {
            Some(index) => node = &node.entries[index].value,
            None => {
                let begin = node.entries.last().map_or(node.range.start + 1, |last| last.range.end);
                let touchable = begin..node.range.end - 1;
                let touched = only_touches(before, &after, &touchable);
                let comments = |places: &Places, text: &str, part: &Range<usize>| {
                    places.comments_in(text, part).into_iter().map(str::to_owned).collect::<Vec<_>>()
                };
                let kept = comments(&old_places, body(before), &touchable);
                assert_eq!(comments(&new_places, body(&after), &touched), kept, "{before}\n---\n{after}");
                return;
            }
        }
    }
    only_touches(before, &after, &node.range);
}

/// Outside of this range of the text before nothing has changed; returns the range it has become.
fn only_touches(before: &str, after: &str, range: &Range<usize>) -> Range<usize> {
    assert_eq!(before.starts_with(MARK), after.starts_with(MARK), "the byte order mark");
    let (before, after) = (body(before), body(after));
    let (head, tail) = (&before[..range.start], &before[range.end..]);
    let is_kept = after.len() >= head.len() + tail.len() && after.starts_with(head) && after.ends_with(tail);
    assert!(is_kept, "bytes outside of {range:?} changed: {before}\n---\n{after}");
    range.start..after.len() - tail.len()
}

const MARK: char = '\u{feff}';

fn body(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

fn meaning(text: &str) -> Value {
    match parse_value(text) {
        Ok(value) => value,
        Err(problem) => panic!("an edit holds no JSON5: {problem}: {text}"),
    }
}

/// Whether a line ends between two places, outside of comments.
fn is_broken_between(text: &str, places: &Places, from: usize, to: usize) -> bool {
    let in_comment = |at: usize| places.comments.iter().any(|it| it.contains(&at));
    text[from..to].char_indices().any(|(at, c)| matches!(c, '\n' | '\r') && !in_comment(from + at))
}

fn entry(node: &Node, segment: &Segment) -> Option<usize> {
    match segment {
        Segment::Key(key) => node.entries.iter().position(|entry| entry.key.as_ref() == Some(key)),
        Segment::Index(index) => Some(*index).filter(|index| *index < node.entries.len()),
    }
}

/// The container of a value, and which of its entries it is.
fn found<'n>(root: &'n Node, path: &[Segment]) -> Option<(&'n Node, usize)> {
    let (last, way) = path.split_last()?;
    let container = way
        .iter()
        .try_fold(root, |node, segment| entry(node, segment).map(|index| &node.entries[index].value))?;
    entry(container, last).map(|index| (container, index))
}

fn at<'v>(value: &'v Value, path: &[Segment]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, segment| match (value, segment) {
        (Value::Object(object), Segment::Key(key)) => object.get(key),
        (Value::Array(array), Segment::Index(index)) => array.get(*index),
        _ => None,
    })
}

/// A value with another one at a place, if that can be.
fn with(value: &Value, path: &[Segment], new: &Value) -> Option<Value> {
    let Some((first, rest)) = path.split_first() else { return Some(new.clone()) };
    // What is not there is made: a list by its first element.
    let fresh = match rest.first() {
        Some(Segment::Key(_)) => json!({}),
        _ => json!([]),
    };
    match (value, first) {
        (Value::Object(object), Segment::Key(key)) => {
            let mut object = object.clone();
            let inner = with(object.get(key).unwrap_or(&fresh), rest, new)?;
            object.insert(key.clone(), inner);
            Some(Value::Object(object))
        }
        (Value::Array(array), Segment::Index(index)) if *index <= array.len() => {
            let mut array = array.clone();
            let inner = with(array.get(*index).unwrap_or(&fresh), rest, new)?;
            match array.get_mut(*index) {
                Some(element) => *element = inner,
                None => array.push(inner),
            }
            Some(Value::Array(array))
        }
        _ => None,
    }
}

/// A value without what is at a place, if it is there.
fn without(value: &Value, path: &[Segment]) -> Option<Value> {
    at(value, path)?;
    let (last, way) = path.split_last()?;
    let mut container = at(value, way)?.clone();
    match (&mut container, last) {
        (Value::Object(object), Segment::Key(key)) => drop(object.shift_remove(key)),
        (Value::Array(array), Segment::Index(index)) => drop(array.remove(*index)),
        _ => return None,
    }
    with(value, way, &container)
}

/// What the first line of an input chooses; all zeros when it ends.
struct Choices<'t> {
    bytes: std::str::Bytes<'t>,
    line: &'t str,
}

impl Choices<'_> {
    fn pick(&mut self, below: usize) -> usize {
        usize::from(self.bytes.next().unwrap_or(0)) % below
    }

    /// A place that is there, one beside it, or one that cannot be.
    fn path(&mut self, value: &Value) -> Vec<Segment> {
        let mut path = Vec::new();
        let mut value = value;
        loop {
            let entries: Vec<(Segment, &Value)> = match value {
                Value::Object(object) => object.iter().map(|(key, it)| (key.as_str().into(), it)).collect(),
                Value::Array(array) => array.iter().enumerate().map(|(at, it)| (at.into(), it)).collect(),
                _ => Vec::new(),
            };
            let Some((segment, inner)) = entries.get(self.pick(entries.len() + 1)) else {
                path.extend(self.beside(value));
                if path.is_empty() {
                    path.push("new".into());
                }
                return path;
            };
            path.push(segment.clone());
            value = inner;
            if self.pick(3) == 0 {
                return path;
            }
        }
    }

    /// Steps to what is not there.
    fn beside(&mut self, value: &Value) -> Vec<Segment> {
        const KEYS: [&str; 12] = [
            "new",
            "agents",
            "list",
            "defaults",
            "models",
            "providers",
            "auth",
            "env",
            "id",
            "a/b.c",
            "null_x",
            "it's",
        ];
        let key = Segment::from(KEYS[self.pick(KEYS.len())]);
        let length = value.as_array().map_or(0, Vec::len);
        match (value, self.pick(8)) {
            (_, 0) => vec![key],
            (_, 1) => vec![(length + 1).into()],
            (Value::Object(_), 2) => vec![key, 0.into()],
            (Value::Object(_), 3) => vec![key, 0.into(), "id".into()],
            (Value::Object(_), 4) => vec![key, "primary".into()],
            (Value::Object(_), _) => vec![key],
            (Value::Array(_), 2) => vec![length.into(), key],
            (Value::Array(_), _) => vec![length.into()],
            _ => Vec::new(),
        }
    }

    /// Something new, or what is elsewhere in the config.
    fn value(&mut self, config: &Value) -> Value {
        let fixed = [
            json!(null),
            json!(true),
            json!(7),
            json!(u64::MAX),
            json!(-0.1),
            json!(2e-23),
            json!("never"),
            json!("it's \"odd\"\\\n\u{1}\u{2028}\u{1f600} // no /* comment */"),
            json!([]),
            json!({}),
            json!([{ "id": "main", "default": true }, { "id": "work" }]),
            json!({ "primary": "anthropic/a", "fallbacks": ["anthropic/b"] }),
            json!({ "x": { "y": [1, [{ "z": ["w".repeat(70)] }]] }, "": null, "null": 1 }),
        ];
        match self.pick(fixed.len() + 2) {
            number if number < fixed.len() => fixed[number].clone(),
            number if number == fixed.len() => Value::from(self.line),
            _ => {
                let path = self.path(config);
                at(config, &path).cloned().unwrap_or(Value::Null)
            }
        }
    }
}
