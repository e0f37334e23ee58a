//! How references are written: names of places, ids at each kind of place, and the one-word form for a command line.

use std::str::FromStr;

use super::BrokenReference;
use super::pointer::Pointer;
use crate::auth::profile::SecretRef;
use crate::config::secrets::FileMode;

/// The only id at a file that holds one secret.
const SINGLE_VALUE: &str = "value";

/// A text is not a reference. It is not repeated: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretRefError {
    /// Not of a known form.
    #[error("none of env:NAME, file:PROVIDER:/pointer, exec:PROVIDER:id")]
    Form,
    /// Not the name of a place.
    #[error("one whose provider is not a name of small letters, digits, - and _")]
    Provider,
    /// Not an id at such a place.
    #[error("one whose id is not {0}")]
    Id(&'static str),
}

const VARIABLE: &str = "the name of a variable, like ANTHROPIC_API_KEY (capital letters, digits, _)";
const POINTER: &str = "a JSON pointer, like /anthropic/key";
const VALUE: &str = "\"value\", the one id of a file with a single secret";
const PROGRAM_ID: &str = "one a program can be asked for (letters, digits, . _ : / -)";

pub(super) fn check_variable(id: &str) -> Result<(), BrokenReference> {
    if is_variable(id) { Ok(()) } else { Err(BrokenReference::BadId(VARIABLE)) }
}

/// The pointer an id is; `None` where the file is the secret.
pub(super) fn check_file_id(mode: FileMode, id: &str) -> Result<Option<Pointer>, BrokenReference> {
    match mode {
        FileMode::SingleValue if id == SINGLE_VALUE => Ok(None),
        FileMode::SingleValue => Err(BrokenReference::BadId(VALUE)),
        FileMode::Json => Pointer::parse(id).map(Some).ok_or(BrokenReference::BadId(POINTER)),
    }
}

pub(super) fn check_program_id(id: &str) -> Result<(), BrokenReference> {
    if is_program_id(id) { Ok(()) } else { Err(BrokenReference::BadId(PROGRAM_ID)) }
}

/// `^[A-Z][A-Z0-9_]{0,127}$`
fn is_variable(id: &str) -> bool {
    let inner = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    id.len() <= 128 && id.as_bytes().first().is_some_and(u8::is_ascii_uppercase) && id.bytes().all(inner)
}

/// `^[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}$`
fn is_program_id(id: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"._:/-".contains(&b);
    id.len() <= 256 && id.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) && id.bytes().all(inner)
}

/// `^[a-z][a-z0-9_-]{0,63}$`
fn is_provider(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
    name.len() <= 64 && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase) && name.bytes().all(inner)
}

impl FromStr for SecretRef {
    type Err = SecretRefError;

    fn from_str(text: &str) -> Result<Self, SecretRefError> {
        let (source, rest) = text.trim().split_once(':').ok_or(SecretRefError::Form)?;
        let (provider, id) = match (source, rest.split_once(':')) {
            ("env", None) => ("default", rest),
            ("env" | "file" | "exec", Some(parts)) => parts,
            _ => return Err(SecretRefError::Form),
        };
        if !is_provider(provider) {
            return Err(SecretRefError::Provider);
        }
        let fits = match source {
            "env" => is_variable(id).then_some(()).ok_or(VARIABLE),
            // Which of the two it must be is known where the place is known.
            "file" => (id == SINGLE_VALUE || Pointer::parse(id).is_some()).then_some(()).ok_or(POINTER),
            _ => is_program_id(id).then_some(()).ok_or(PROGRAM_ID),
        };
        fits.map_err(SecretRefError::Id)?;
        Ok(Self { source: source.to_owned(), provider: provider.to_owned(), id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_word_names_a_place() {
        for (text, source, provider, id) in [
            ("env:WORK_KEY", "env", "default", "WORK_KEY"),
            ("env:mine:WORK_KEY", "env", "mine", "WORK_KEY"),
            ("file:main:/a/b:c", "file", "main", "/a/b:c"),
            (" file:main:value\n", "file", "main", "value"),
            ("exec:vault:secret/claude:key", "exec", "vault", "secret/claude:key"),
        ] {
            let expected = SecretRef { source: source.into(), provider: provider.into(), id: id.into() };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_names_no_place_is_refused_without_repeating_it() {
        let form = SecretRefError::Form;
        for (text, error) in [
            ("", form.clone()),
            ("sk-ant-api03-FAKE", form.clone()),
            ("keychain:a:b", form.clone()),
            ("file:/pointer", form.clone()),
            ("exec:id", form),
            ("file:Main:/a", SecretRefError::Provider),
            ("exec::id", SecretRefError::Provider),
            ("env:work_key", SecretRefError::Id(VARIABLE)),
            ("env:", SecretRefError::Id(VARIABLE)),
            ("file:main:a/b", SecretRefError::Id(POINTER)),
            ("file:main:/a~2b", SecretRefError::Id(POINTER)),
            ("exec:vault:", SecretRefError::Id(PROGRAM_ID)),
            ("exec:vault:-x", SecretRefError::Id(PROGRAM_ID)),
            ("exec:vault:a b", SecretRefError::Id(PROGRAM_ID)),
        ] {
            assert_eq!(text.parse::<SecretRef>(), Err(error), "{text}");
        }
    }

    #[test]
    fn names_have_a_longest_length() {
        let of = |length: usize| "A".repeat(length);
        assert!(is_variable(&of(128)) && !is_variable(&of(129)));
        assert!(is_program_id(&of(256)) && !is_program_id(&of(257)));
        assert!(is_provider(&"a".repeat(64)) && !is_provider(&"a".repeat(65)));
    }
}
