//! The config's loader: any text is a config or is refused in words, whatever it is.

use fased::config::load::{parse, parse_value};
use serde_json::Value;

use super::{Outcome, messages};

/// Longest message, in bytes: an error tells about a config and does not repeat it.
const LONGEST_MESSAGE: usize = 2000;
/// Deepest nesting that a config may have.
const DEEPEST: usize = 128;
/// A key by which serde_json passes values to itself; a text with it is JSON5 and yet no [`Value`].
const PRIVATE_KEY: &str = "$serde_json::private";

/// Loads a config.
pub fn run(input: &[u8]) -> Outcome {
    let Ok(text) = std::str::from_utf8(input) else { return Outcome::Refused };
    let value = parse_value(text);
    if let Ok(value) = &value {
        assert!(depth(value) <= DEEPEST, "nested too deep");
    }
    let Err(problem) = parse(text) else {
        let is_empty = text.strip_prefix('\u{feff}').unwrap_or(text).trim().is_empty();
        let is_object = value.is_ok_and(|value| value.is_object());
        assert!(is_empty || is_object || text.contains(PRIVATE_KEY), "this is no object, and yet a config");
        return Outcome::Taken;
    };
    for message in [problem.to_string(), problem.rule()] {
        messages::check(&message, text);
        assert!(message.len() <= LONGEST_MESSAGE, "a message of {} bytes", message.len());
        if value.as_ref().is_ok_and(|value| !value.is_object()) {
            assert!(message.contains("a config is an object"), "{message}");
        }
    }
    if value.is_ok() { Outcome::Taken } else { Outcome::Refused }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(object) => 1 + object.values().map(depth).max().unwrap_or(0),
        Value::Array(array) => 1 + array.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
