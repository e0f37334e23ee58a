//! Names of profiles: `<provider>:<name>`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Longest name part, in characters.
const LONGEST_NAME: usize = 254;
/// Longest provider part, in characters.
const LONGEST_PROVIDER: usize = 64;

/// A profile's id: a provider and a name of 1 to 254 printable characters without space, `/` and `\`. It is never part
/// of a file name.
///
/// ```
/// use fased::auth::ProfileId;
///
/// let id: ProfileId = "anthropic:me@example.com".parse().unwrap();
/// assert_eq!((id.provider(), id.name()), ("anthropic", "me@example.com"));
/// assert!("anthropic:a/b".parse::<ProfileId>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileId {
    /// Shared, because an id stands at many places at once and is never changed.
    text: Arc<str>,
    colon: u16,
}

/// A text is not a profile id. The text is not repeated: it may be long, hostile, or a secret at the wrong place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a profile id: expected `<provider>:<name>`, like `anthropic:work`, without spaces and slashes")]
pub struct ProfileIdError;

impl ProfileId {
    /// The id of `name` at `provider`.
    ///
    /// # Errors
    /// When either part is not allowed.
    pub fn new(provider: &str, name: &str) -> Result<Self, ProfileIdError> {
        format!("{provider}:{name}").parse()
    }

    /// The provider.
    pub fn provider(&self) -> &str {
        &self.text[..usize::from(self.colon)]
    }

    /// The name, unique within the provider.
    pub fn name(&self) -> &str {
        &self.text[usize::from(self.colon) + 1..]
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ProfileId {
    type Err = ProfileIdError;

    fn from_str(text: &str) -> Result<Self, ProfileIdError> {
        // Bounded before anything walks it: characters are at most four bytes.
        if text.len() > 4 * (LONGEST_PROVIDER + 1 + LONGEST_NAME) {
            return Err(ProfileIdError);
        }
        let (provider, name) = text.split_once(':').ok_or(ProfileIdError)?;
        let provider_ok = (1..=LONGEST_PROVIDER).contains(&provider.len())
            && provider
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
            && provider.as_bytes()[0].is_ascii_alphanumeric();
        let name_ok =
            (1..=LONGEST_NAME).contains(&name.chars().count()) && name.chars().all(is_name_character);
        match u16::try_from(provider.len()) {
            Ok(colon) if provider_ok && name_ok => Ok(Self { text: text.into(), colon }),
            _ => Err(ProfileIdError),
        }
    }
}

/// Printable, not white space, not a separator, and nothing that only changes how its neighbours look.
fn is_name_character(c: char) -> bool {
    // Nearly every character of every id, and free of tables.
    if c.is_ascii() {
        return c.is_ascii_graphic() && !matches!(c, '/' | '\\');
    }
    let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{ad}');
    !(c.is_control() || c.is_whitespace() || invisible)
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for ProfileId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_ids_are_refused() {
        let long = format!("anthropic:{}", "a".repeat(10_000));
        let barely = format!("anthropic:{}", "a".repeat(255));
        let hostile = [
            "",
            ":",
            "anthropic",
            "anthropic:",
            ":x",
            "anthropic:a b",
            "anthropic:../x",
            "anthropic:a\\b",
            "anthropic:\u{7}",
            "anthropic:a\u{202e}b",
            "anthropic:a\u{200b}",
            "Anthropic:x",
            "../x:y",
            "a/b:c",
            &long,
            &barely,
        ];
        for id in hostile {
            assert!(id.parse::<ProfileId>().is_err(), "{id:?}");
        }
    }

    #[test]
    fn names_may_hold_colons_at_signs_and_letters_of_any_script() {
        for (text, name) in [
            ("anthropic:me@example.com", "me@example.com"),
            ("anthropic:a:b", "a:b"),
            ("anthropic:日本", "日本"),
            ("anthropic:CON", "CON"),
        ] {
            assert_eq!(text.parse::<ProfileId>().unwrap().name(), name);
        }
        assert!(ProfileId::new("anthropic", &"é".repeat(254)).is_ok());
    }

    proptest! {
        #[test]
        fn an_accepted_id_has_no_separator_and_prints_as_it_was_given(text in "[a-z:/\\\\ .\\PC]{0,40}") {
            if let Ok(id) = text.parse::<ProfileId>() {
                prop_assert_eq!(id.to_string(), text);
                prop_assert!(!id.as_str().contains(['/', '\\', ' ']));
            }
        }
    }
}
