//! Reading `fased.json`: JSON5, with a byte order mark or without, and nesting capped before the parser sees it. A file
//! that cannot be read as meant is an error with its place; no command repairs it in passing.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Config;
use crate::storage::{self, FileError};
use crate::text;

/// Deepest nesting of objects and arrays. Real files stay below ten; the parser recurses, so without a cap a hostile
/// file could overflow the stack.
const DEEPEST: usize = 128;

/// The config file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is there but cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not what it should be.
    #[error("Invalid config at `{path}`: {problem}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: ConfigProblem,
    },
}

/// What is wrong with the text of a config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigProblem {
    /// Not UTF-8.
    #[error("it is not UTF-8 text")]
    NotText,
    /// Objects or arrays too deep inside each other.
    #[error("line {line}: nested deeper than {DEEPEST} levels")]
    TooDeep {
        /// Counted from one.
        line: usize,
    },
    /// Not JSON5, or a value of the wrong type.
    #[error("line {line}, column {column}: {message}")]
    At {
        /// Counted from one.
        line: usize,
        /// Counted from one.
        column: usize,
        /// The parser's words.
        message: String,
    },
    /// Not JSON5 or a wrong value, where the parser cannot say the place.
    #[error("{0}")]
    Somewhere(String),
}

impl ConfigProblem {
    /// What is wrong, without the place.
    pub fn rule(&self) -> String {
        match self {
            Self::At { message, .. } => message.clone(),
            Self::NotText | Self::TooDeep { .. } | Self::Somewhere(_) => self.to_string(),
        }
    }
}

/// Reads the config; a missing file is an empty config.
///
/// # Errors
/// When the file cannot be read or is not a valid config.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let Some(bytes) = storage::read_optional(path)? else { return Ok(Config::default()) };
    let invalid = |problem| ConfigError::Invalid { path: path.to_owned(), problem };
    let text = std::str::from_utf8(&bytes).map_err(|_| invalid(ConfigProblem::NotText))?;
    parse(text).map_err(invalid)
}

/// Parses a config from its text. An empty text is an empty config.
///
/// # Errors
/// The first problem, with its place.
pub fn parse(text: &str) -> Result<Config, ConfigProblem> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(Config::default());
    }
    read(text).map_err(|problem| match (problem, parse_value(text)) {
        (ConfigProblem::At { line, column, .. }, Ok(value)) if !value.is_object() => ConfigProblem::At {
            line,
            column,
            message: format!("a config is an object, not {}", kind(&value)),
        },
        (problem, _) => problem,
    })
}

/// Parses JSON5 of any kind, a config or not, with the rules and limits of a config.
///
/// # Errors
/// The first problem, with its place.
pub fn parse_value(text: &str) -> Result<Value, ConfigProblem> {
    read(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, ConfigProblem> {
    check_nesting(text)?;
    json5::from_str(text).map_err(|error| {
        // The parser's Display appends the place in its own words; ours comes first and in ours.
        let message = error.to_string();
        let message = without_values(message.split(" at line ").next().unwrap_or(&message));
        match error.position() {
            Some(at) => ConfigProblem::At { line: at.line + 1, column: at.column + 1, message },
            None => ConfigProblem::Somewhere(message),
        }
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        // A number that JSON has no word for, like Infinity, is read as null too.
        Value::Null => "a value without content",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A parser's words without the text of values it repeats: any of them may be a secret at a wrong place.
fn without_values(message: &str) -> String {
    const REPEATED: [(&str, &str, &str); 2] = [
        ("string \"", "\", expected", "a string, expected"),
        ("unknown variant `", "`, expected", "unknown variant, expected"),
    ];
    let shown = REPEATED.iter().find_map(|(begin, end, instead)| {
        let (start, stop) = (message.find(begin)?, message.rfind(end)?);
        (start < stop).then(|| format!("{}{instead}{}", &message[..start], &message[stop + end.len()..]))
    });
    text::without_credentials(&text::one_line(shown.as_deref().unwrap_or(message)))
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
    fn a_missing_or_empty_file_is_an_empty_config() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(&dir.path().join("fased.json")).unwrap(), Config::default());
        for text in ["", " \n", "\u{feff}", "{}", "\u{feff}{}"] {
            assert_eq!(parse(text).unwrap(), Config::default(), "{text:?}");
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let error = parse("{\n  agents: { list: [ { id: 5 } ] }\n}").unwrap_err();
        assert!(matches!(error, ConfigProblem::At { line: 2, .. }), "{error:?}");
        let error = parse("{\n  a: \n}").unwrap_err();
        assert!(matches!(error, ConfigProblem::At { line: 3, .. }), "{error:?}");
    }

    #[test]
    fn what_is_no_object_is_no_config() {
        for (text, kind) in [
            ("[1]", "a list"),
            ("'x'", "a text"),
            ("0x1F", "a number"),
            ("false", "true or false"),
            ("null", "a value without content"),
        ] {
            let error = parse(&format!("// c\n{text}")).unwrap_err().to_string();
            assert_eq!(error, format!("line 2, column 1: a config is an object, not {kind}"));
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_the_parser_recurses() {
        let deep = format!("{{x:\n{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep).unwrap_err(), ConfigProblem::TooDeep { line: 2 });
    }

    #[test]
    fn every_end_of_a_line_ends_a_comment() {
        for end in ['\n', '\r', '\u{2028}', '\u{2029}'] {
            let deep = format!("{{ // {end} x:{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
            assert!(matches!(parse(&deep), Err(ConfigProblem::TooDeep { .. })), "{end:?}");
        }
    }

    #[test]
    fn no_message_repeats_a_value() {
        let secret = "sk-ant-api03-FAKE00000000000000000000000000";
        for text in [
            format!("{{auth:{{env:'{secret}'}}}}"),
            "{agents:'hunter2 and \"more\"'}".to_owned(),
            "{auth:{env:'hunter2`, expected `x'}}".to_owned(),
            format!("{{agents:{{list:[{{id:'{secret}é'}}]}}}}"),
        ] {
            let message = parse(&text).unwrap_err().to_string();
            assert!(!message.contains("FAKE") && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let brackets = "[".repeat(500);
        for text in [
            format!("{{ x: '{brackets}' }}"),
            format!("{{ x: \"\\\"{brackets}\" }}"),
            format!("// {brackets}\n{{}}"),
            format!("/* {brackets} */ {{}} // {brackets}"),
        ] {
            parse(&text).unwrap();
        }
    }

    #[test]
    fn the_nesting_check_survives_any_end_of_text() {
        for text in ["/", "/*", "/**", "//", "'", "\"\\", "/* é", "{ // é"] {
            check_nesting(text).unwrap();
        }
    }
}
