//! What a config's text stands for, and the same changes made on that: an edit is right when its text reads back as this.

use jsonc_parser::ast;
use serde_json::Value;

use super::Segment;
use super::layout::Entry;
use crate::config::load;

/// Reads a text as the config's parser does.
pub(super) fn parse(text: &str) -> Option<Value> {
    load::parse_value(text).ok()
}

/// A value inside the objects and arrays that lead to it.
pub(super) fn wrapped(inside: &[Segment], json: &str) -> String {
    inside.iter().rev().fold(json.to_owned(), |json, segment| match segment {
        Segment::Key(key) => format!("{{{}:{json}}}", Value::from(key.as_str())),
        Segment::Index(_) => format!("[{json}]"),
    })
}

/// The same change on the value that the text stands for.
pub(super) fn put(value: &mut Value, path: &[Segment], new: &Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = new.clone();
        return;
    };
    match first {
        Segment::Key(key) => {
            if value.is_null() {
                *value = Value::Object(serde_json::Map::new());
            }
            if let Some(object) = value.as_object_mut() {
                put(object.entry(key.clone()).or_insert(Value::Null), rest, new);
            }
        }
        Segment::Index(index) => {
            if value.is_null() {
                *value = Value::Array(Vec::new());
            }
            if let Some(array) = value.as_array_mut() {
                if *index == array.len() {
                    array.push(Value::Null);
                }
                if let Some(element) = array.get_mut(*index) {
                    put(element, rest, new);
                }
            }
        }
    }
}

/// Takes a value out.
pub(super) fn take(value: &mut Value, path: &[Segment]) {
    match path {
        [] => {}
        [Segment::Key(key)] => {
            value.as_object_mut().map(|object| object.shift_remove(key));
        }
        [Segment::Index(index)] => {
            if let Some(array) = value.as_array_mut().filter(|array| *index < array.len()) {
                array.remove(*index);
            }
        }
        [Segment::Key(key), rest @ ..] => {
            if let Some(inner) = value.get_mut(key) {
                take(inner, rest);
            }
        }
        [Segment::Index(index), rest @ ..] => {
            if let Some(inner) = value.get_mut(index) {
                take(inner, rest);
            }
        }
    }
}

/// What a tree stands for; `None` when a number in it is none.
pub(super) fn value_of(tree: &ast::Value<'_>) -> Option<Value> {
    Some(match tree {
        ast::Value::StringLit(text) => Value::from(text.value.as_ref()),
        ast::Value::NumberLit(number) => json5::from_str(number.value).ok()?,
        ast::Value::BooleanLit(truth) => Value::from(truth.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Array(array) => Value::Array(array.elements.iter().map(value_of).collect::<Option<_>>()?),
        ast::Value::Object(object) => {
            let properties = object.properties.iter();
            Value::Object(
                properties
                    .map(|p| Some((p.name.as_str().to_owned(), value_of(&p.value)?)))
                    .collect::<Option<_>>()?,
            )
        }
    })
}

/// Whether an entry holds a number like `Infinity`, which compares as null and is not.
pub(super) fn holds_non_finite(entry: &Entry<'_, '_>) -> bool {
    fn is_in(tree: &ast::Value<'_>) -> bool {
        match tree {
            ast::Value::NumberLit(number) => number.value.contains(['I', 'N']),
            ast::Value::Array(array) => array.elements.iter().any(is_in),
            ast::Value::Object(object) => object.properties.iter().any(|property| is_in(&property.value)),
            _ => false,
        }
    }
    match entry.container {
        ast::Value::Object(object) => object.properties.get(entry.index).is_some_and(|it| is_in(&it.value)),
        ast::Value::Array(array) => array.elements.get(entry.index).is_some_and(is_in),
        _ => false,
    }
}
