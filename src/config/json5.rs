//! JSON5 as the config's files have it: with a byte order mark or without, and nesting capped before the parser sees it.

use serde::de::DeserializeOwned;

use super::problem::{ConfigProblem, DEEPEST, without_values};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text without its byte order mark.
pub(super) fn bare(text: &str) -> &str {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// Parses a text. One that is empty is an empty object.
///
/// # Errors
/// The first problem, with its place.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ConfigProblem> {
    let text = bare(text);
    parse_value(if text.trim().is_empty() { "{}" } else { text })
}

/// Parses the text of one value.
///
/// # Errors
/// The first problem, with its place.
pub(super) fn parse_value<T: DeserializeOwned>(text: &str) -> Result<T, ConfigProblem> {
    check_nesting(text)?;
    json5::from_str(text).map_err(|error| {
        // The parser's Display appends the place in its own words; ours comes first and in ours.
        let message = error.to_string();
        let message = without_values(message.split(" at line ").next().unwrap_or(&message));
        match error.position() {
            Some(at) => {
                let (line, column) = (at.line + 1, at.column + 1);
                ConfigProblem::At { line, column, key: String::new(), message }
            }
            None => ConfigProblem::of_text(message),
        }
    })
}

/// Counts brackets outside strings and comments. It may accept what the parser refuses, never the other way round.
fn check_nesting(text: &str) -> Result<(), ConfigProblem> {
    let bytes = text.as_bytes();
    let (mut depth, mut line, mut at) = (0_usize, 1_usize, 0_usize);
    let mut quote: Option<u8> = None;
    while at < bytes.len() {
        let byte = bytes[at];
        line += usize::from(byte == b'\n');
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'/') if bytes.get(at + 1) == Some(&b'/') => {
                // JSON5 knows four ends of a line.
                let rest = &text[at..];
                at += rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len()) - 1;
            }
            (None, b'/') if bytes.get(at + 1) == Some(&b'*') => {
                let rest = &text[at + 2..];
                let length = rest.find("*/").map_or(rest.len(), |end| end + 1);
                line += rest.as_bytes()[..length].iter().filter(|&&b| b == b'\n').count();
                at += 1 + length;
            }
            (None, b'{' | b'[') => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(ConfigProblem::TooDeep { line });
                }
            }
            (None, b'}' | b']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        at += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nesting_check_survives_any_end_of_text() {
        for text in ["/", "/*", "/**", "//", "'", "\"\\", "/* é", "{ // é"] {
            check_nesting(text).unwrap();
        }
    }
}
