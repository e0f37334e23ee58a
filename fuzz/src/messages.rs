//! What every message must be, whatever the text it is about.

use fased::config::load::parse_value;
use serde_json::Value;

/// Stands for a secret in corpora; where it is a value, no message may repeat it.
pub const SECRET: &str = "hunter2";

/// A message is one line of words.
pub fn check_form(message: &str) {
    assert!(!message.trim().is_empty(), "an error without words");
    assert!(!message.contains(char::is_control), "a message that moves the cursor: {message:?}");
}

/// A message about a config also repeats no secret of it.
pub fn check(message: &str, text: &str) {
    check_form(message);
    // Keys are no secrets and may be named.
    let is_key = parse_value(text).is_ok_and(|value| has_key(&value));
    assert!(is_key || !message.contains(SECRET), "a message repeats a value: {message}");
}

/// Whether a value holds what stands for a secret; a message may repeat it to the one who has just given it.
pub fn holds_secret(value: &Value) -> bool {
    value.to_string().contains(SECRET)
}

fn has_key(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.iter().any(|(key, value)| key.contains(SECRET) || has_key(value)),
        Value::Array(array) => array.iter().any(has_key),
        _ => false,
    }
}
