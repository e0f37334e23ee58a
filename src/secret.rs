//! The type every credential travels in. Its `Debug`, `Display` and `Serialize` forms are the masked one (kind plus
//! last four characters), so a secret cannot reach a log, an error, a report or a page by accident; only the store
//! writer and the request signer open it, through `Secret::expose`, which is private to this crate.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Shortest secret whose last four characters are shown; showing four of fewer would give too much away.
const SHORTEST_WITH_TAIL: usize = 24;

/// A credential value. Wiped from memory when dropped.
///
/// ```
/// use fased::secret::Secret;
///
/// let key = Secret::new("sk-ant-api03-sandbox-not-a-real-key-x3Qw");
/// assert_eq!(key.to_string(), "sk-ant-api03 …x3Qw");
/// assert_eq!(format!("{key:?}"), "Secret(sk-ant-api03 …x3Qw)");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a value as it is; [`crate::auth::intake`] is where pasted text is cleaned and judged.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// Opens the secret. Every caller is a place where it may leave the process or reach the disk: the store writer
    /// and the request signer.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// What its prefix says it is.
    pub fn kind(&self) -> SecretKind {
        SecretKind::of(&self.0)
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it belongs to the embedded stand-in and must never be sent to another host (`-sandbox-` inside).
    pub fn is_sandbox(&self) -> bool {
        self.0.contains("-sandbox-")
    }

    /// The last four characters after an ellipsis (`…x3Qw`), or the ellipsis alone for a short secret.
    pub fn tail(&self) -> String {
        ["…", self.last_four()].concat()
    }

    /// The form people see: kind plus last four characters.
    pub fn masked(&self) -> String {
        match self.kind().prefix() {
            Some(prefix) => [prefix.trim_end_matches('-'), " …", self.last_four()].concat(),
            None => self.tail(),
        }
    }

    /// The last four characters of a secret long enough to show them, else nothing.
    fn last_four(&self) -> &str {
        let fourth_last = self.0.char_indices().rev().nth(3);
        match fourth_last {
            Some((at, _)) if self.0.len() >= SHORTEST_WITH_TAIL => &self.0[at..],
            _ => "",
        }
    }

    /// The name of its lock: 16 hex digits of its SHA-256.
    pub fn lock_key(&self) -> String {
        hex(&Sha256::digest(self.0.as_bytes())[..8])
    }

    /// A short name for this value that reveals nothing of it: 12 hex digits of its SHA-256.
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = Sha256::digest(self.0.as_bytes());
        Fingerprint(hex(&digest[..6]))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.masked())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

impl schemars::JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// What a secret is, told from its prefix alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretKind {
    /// `sk-ant-api03-`: a Console API key, sent as `x-api-key`.
    ApiKey,
    /// `sk-ant-oat01-`: an OAuth access token or setup-token, sent as a bearer token.
    BearerToken,
    /// `sk-ant-ort01-`: an OAuth refresh token; useless on its own for requests.
    RefreshToken,
    /// `sk-ant-admin`: an Admin API key, which cannot send messages.
    AdminKey,
    /// Another `sk-ant-` form this version does not know.
    OtherAnthropic,
    /// `fased-ck-`: a client key of our own gateway, never a credential for a provider.
    GatewayClientKey,
    /// No prefix we know.
    Other,
}

impl SecretKind {
    const KNOWN: [(&'static str, Self); 6] = [
        ("sk-ant-api03-", Self::ApiKey),
        ("sk-ant-oat01-", Self::BearerToken),
        ("sk-ant-ort01-", Self::RefreshToken),
        ("sk-ant-admin", Self::AdminKey),
        ("sk-ant-", Self::OtherAnthropic),
        ("fased-ck-", Self::GatewayClientKey),
    ];

    fn of(value: &str) -> Self {
        Self::KNOWN
            .iter()
            .find(|(prefix, _)| value.starts_with(prefix))
            .map_or(Self::Other, |(_, kind)| *kind)
    }

    /// The prefix that marks this kind.
    pub fn prefix(self) -> Option<&'static str> {
        Self::KNOWN.iter().find(|(_, kind)| *kind == self).map(|(prefix, _)| *prefix)
    }

    /// The kind in words, with its article: "an API key".
    pub fn described(self) -> &'static str {
        match self {
            Self::ApiKey => "an API key",
            Self::BearerToken => "a setup-token or OAuth access token",
            Self::RefreshToken => "a refresh token",
            Self::AdminKey => "an Admin API key",
            Self::OtherAnthropic => "an Anthropic credential of an unknown kind",
            Self::GatewayClientKey => "a client key of the Fased gateway",
            Self::Other => "not an Anthropic credential",
        }
    }
}

/// 12 hex digits of a secret's SHA-256: enough to notice that a secret was replaced, useless for finding it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-ant-api03-FAKE-not-a-real-key-0000000000000000000000-x3Qw";

    #[test]
    fn no_rendering_shows_more_than_kind_and_last_four() {
        let key = Secret::new(KEY);
        let renderings = [format!("{key}"), format!("{key:?}"), serde_json::to_string(&key).unwrap()];
        for text in renderings {
            assert!(text.contains("sk-ant-api03 …x3Qw"), "{text}");
            assert!(!text.contains("FAKE"), "{text}");
        }
    }

    #[test]
    fn a_short_secret_shows_none_of_itself() {
        assert_eq!(Secret::new("hunter2").to_string(), "…");
        assert_eq!(Secret::new("sk-ant-api03-abcd").to_string(), "sk-ant-api03 …");
    }

    #[test]
    fn the_kind_is_told_from_the_prefix() {
        for (value, kind) in [
            (KEY, SecretKind::ApiKey),
            ("sk-ant-oat01-x", SecretKind::BearerToken),
            ("sk-ant-ort01-x", SecretKind::RefreshToken),
            ("sk-ant-admin01-x", SecretKind::AdminKey),
            ("sk-ant-new99-x", SecretKind::OtherAnthropic),
            ("fased-ck-x", SecretKind::GatewayClientKey),
            ("sk-or-x", SecretKind::Other),
            (" sk-ant-api03-x", SecretKind::Other),
        ] {
            assert_eq!(Secret::new(value).kind(), kind, "{value}");
        }
    }

    #[test]
    fn the_fingerprint_changes_with_the_secret_and_hides_it() {
        let one = Secret::new(KEY).fingerprint();
        assert_eq!(one.to_string().len(), 12);
        assert_ne!(one, Secret::new(format!("{KEY}1")).fingerprint());
        assert_eq!(one, Secret::new(KEY).fingerprint());
    }

    #[test]
    fn a_tail_of_many_byte_characters_is_cut_between_characters() {
        assert_eq!(Secret::new("key-of-thirty-characters-ééüß").tail(), "…ééüß");
    }
}
