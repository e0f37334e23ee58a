//! One stored credential in memory, and the JSON entry it is kept as (version 1 of the TypeScript program's schema).
//! Reading is tolerant: aliases of old writers are understood, fields we do not know are left to the store, which keeps
//! the entry's own text. An entry that makes no sense is told apart, never dropped.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::neighbours::Owner;
use super::oauth::Pair;
use super::profile_id::ProfileId;
pub use crate::config::secret_ref::{Material, SecretRef};
use crate::secret::{Fingerprint, Secret};
use crate::text::{one_line, without_credentials};

/// A stored credential with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// What requests are signed with.
    pub credential: Credential,
    /// The account's e-mail, when the sign-in told it.
    pub email: Option<String>,
    /// When it was added, as far as recorded.
    pub added_at: Option<Timestamp>,
    /// Who issued a bearer token (`plan` or `console`); unknown counts as a plan.
    pub issuer: Option<String>,
}

/// The credential of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A Console API key.
    ApiKey {
        /// The key or where it is.
        key: Material,
    },
    /// A bearer token that is not refreshed, like a setup-token.
    Token {
        /// The token or where it is.
        token: Material,
        /// When it ends.
        expires: Expiry,
    },
    /// An OAuth pair.
    OAuth {
        /// Access token.
        access: Material,
        /// Refresh token.
        refresh: Option<Secret>,
        /// When the access token ends.
        expires: Expiry,
    },
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of a path only its last part: the rest is long and says little.
        let last = match Owner::of(self) {
            Some(Owner::AnthropicProfile) => Path::new(&self.id).file_stem().and_then(OsStr::to_str),
            Some(Owner::ClaudeCode) => Path::new(&self.id).file_name().and_then(OsStr::to_str),
            Some(Owner::Federation) | None => None,
        };
        let id = without_credentials(&one_line(last.unwrap_or(&self.id)));
        // Two places may know the same id.
        match self.provider.as_str() {
            "default" => write!(f, "ref({}:{id})", one_line(&self.source)),
            provider => {
                let provider = without_credentials(&one_line(provider));
                write!(f, "ref({}:{provider}:{id})", one_line(&self.source))
            }
        }
    }
}

/// The end of a credential's life as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Nothing recorded.
    Unknown,
    /// A moment.
    At(Timestamp),
    /// A value that is no moment (zero, negative, not a number).
    Invalid,
}

/// Type names as they stand in the store, in JSON and in tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialType {
    /// `api_key`
    ApiKey,
    /// `token`
    Token,
    /// `oauth`
    #[serde(rename = "oauth")]
    OAuth,
}

impl CredentialType {
    /// As in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Token => "token",
            Self::OAuth => "oauth",
        }
    }

    /// In words, for tables and sentences.
    pub fn described(self) -> &'static str {
        match self {
            Self::ApiKey => "API key",
            Self::Token => "token",
            Self::OAuth => "OAuth",
        }
    }
}

/// Why an entry of the store cannot be used; it is kept all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryProblem {
    /// Its id is no profile id.
    InvalidId,
    /// It is no JSON object, or a field has a wrong type.
    InvalidShape,
    /// Its `type` is absent or unknown.
    InvalidType,
    /// Its `provider` is absent, or not the one of its id.
    InvalidProvider,
}

impl EntryProblem {
    /// In words, after "because".
    pub fn described(self) -> &'static str {
        match self {
            Self::InvalidId => "its id is no profile id",
            Self::InvalidShape => "a field has a wrong type",
            Self::InvalidType => "its type is absent or unknown",
            Self::InvalidProvider => "its provider is absent or not the one of its id",
        }
    }
}

impl Credential {
    /// Its type.
    pub fn kind(&self) -> CredentialType {
        match self {
            Self::ApiKey { .. } => CredentialType::ApiKey,
            Self::Token { .. } => CredentialType::Token,
            Self::OAuth { .. } => CredentialType::OAuth,
        }
    }

    /// The value requests are signed with, or where it is.
    pub fn material(&self) -> &Material {
        match self {
            Self::ApiKey { key } => key,
            Self::Token { token, .. } => token,
            Self::OAuth { access, .. } => access,
        }
    }

    /// The recorded end; an API key has none.
    pub fn expires(&self) -> Expiry {
        match self {
            Self::ApiKey { .. } => Expiry::Unknown,
            Self::Token { expires, .. } | Self::OAuth { expires, .. } => *expires,
        }
    }
}

impl Material {
    /// The value, when it is stored here.
    pub fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Value(secret) => Some(secret),
            Self::Reference(_) | Self::Missing => None,
        }
    }

    /// Where it is, when it is elsewhere.
    pub fn reference(&self) -> Option<&SecretRef> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Value(_) | Self::Missing => None,
        }
    }

    /// The form people see: masked value, reference, or `missing`.
    pub fn shown(&self) -> String {
        match self {
            Self::Value(secret) => secret.masked(),
            Self::Reference(reference) => reference.to_string(),
            Self::Missing => "missing".to_owned(),
        }
    }
}

impl Profile {
    /// A short name for the secret in use, or for where it is; `None` when there is none.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self.credential.material() {
            Material::Value(secret) => Some(secret.fingerprint()),
            Material::Reference(reference) => Some(
                Secret::new(format!("{}:{}:{}", reference.source, reference.provider, reference.id))
                    .fingerprint(),
            ),
            Material::Missing => None,
        }
    }

    /// Reads an entry of the store.
    ///
    /// # Errors
    /// What makes the entry unusable.
    pub(super) fn parse(id: ProfileId, entry: &RawValue) -> Result<Self, EntryProblem> {
        Self::of_entry(id, Entry::parse(entry)?)
    }

    /// The profile an entry is.
    ///
    /// # Errors
    /// What makes the entry unusable.
    pub(super) fn of_entry(id: ProfileId, entry: Entry) -> Result<Self, EntryProblem> {
        if !entry.provider.is_some_and(|provider| provider.trim().eq_ignore_ascii_case(id.provider())) {
            return Err(EntryProblem::InvalidProvider);
        }
        let expires = entry.expires.map_or(Expiry::Unknown, |Lenient(expiry)| expiry);
        let credential = match entry.kind.or(entry.mode).as_deref() {
            Some("api_key") => {
                Credential::ApiKey { key: material(entry.key.or(entry.api_key), entry.key_ref) }
            }
            Some("token") => Credential::Token { token: material(entry.token, entry.token_ref), expires },
            Some("oauth") => {
                let refresh = entry.refresh.filter(|secret| !secret.is_empty());
                Credential::OAuth { access: material(entry.access, None), refresh, expires }
            }
            _ => return Err(EntryProblem::InvalidType),
        };
        let mut profile = Self {
            id,
            credential,
            email: entry.email.0,
            added_at: entry.metadata.added_at.and_then(|text| text.parse().ok()),
            issuer: entry.metadata.issuer,
        };
        let owner = Owner::of_profile(&profile);
        // What Anthropic's programs keep is Anthropic's: it must never go to another provider's address.
        if owner.is_some() && profile.id.provider() != "anthropic" {
            return Err(EntryProblem::InvalidProvider);
        }
        if profile.issuer.is_none() {
            profile.issuer = owner.and_then(Owner::issuer).map(str::to_owned);
        }
        Ok(profile)
    }

    /// The fields we write for it, in the schema's order. References win over values, as when reading.
    pub(super) fn to_fields(&self) -> Vec<(&'static str, serde_json::Value)> {
        let mut fields =
            vec![("type", self.credential.kind().as_str().into()), ("provider", self.id.provider().into())];
        let (value_field, reference_field) = match self.credential.kind() {
            CredentialType::ApiKey => ("key", "keyRef"),
            CredentialType::Token => ("token", "tokenRef"),
            CredentialType::OAuth => ("access", "accessRef"),
        };
        match self.credential.material() {
            Material::Value(secret) => fields.push((value_field, secret.expose().into())),
            Material::Reference(reference) => fields.push((
                reference_field,
                serde_json::json!({ "source": reference.source, "provider": reference.provider, "id": reference.id }),
            )),
            Material::Missing => {}
        }
        if let Credential::OAuth { refresh: Some(refresh), .. } = &self.credential {
            fields.push(("refresh", refresh.expose().into()));
        }
        if let Expiry::At(at) = self.credential.expires() {
            fields.push(("expires", at.as_millisecond().into()));
        }
        if let Some(email) = &self.email {
            fields.push(("email", email.as_str().into()));
        }
        let mut metadata = serde_json::Map::new();
        if let Some(added_at) = self.added_at {
            metadata.insert("addedAt".to_owned(), added_at.to_string().into());
        }
        if let Some(issuer) = &self.issuer {
            metadata.insert("issuer".to_owned(), issuer.as_str().into());
        }
        if !metadata.is_empty() {
            fields.push(("metadata", metadata.into()));
        }
        fields
    }
}

/// The fields of an OAuth entry that a refresh changes.
pub(super) fn pair_fields(pair: &Pair) -> [(&'static str, serde_json::Value); 3] {
    [
        ("access", pair.access.expose().into()),
        ("refresh", pair.refresh.expose().into()),
        ("expires", pair.expires.as_millisecond().into()),
    ]
}

/// Fields of an entry that are the credential or speak about it and its account: they go when it is replaced.
pub(super) const CREDENTIAL_FIELDS: [&str; 18] = [
    "type",
    "mode",
    "key",
    "apiKey",
    "keyRef",
    "token",
    "tokenRef",
    "access",
    "accessRef",
    "refresh",
    "expires",
    "expiresAt",
    "email",
    "clientId",
    "accountId",
    "enterpriseUrl",
    "projectId",
    "availableModelIds",
];
/// Fields of an entry's `metadata` that do the same.
pub(super) const CREDENTIAL_METADATA: [&str; 2] = ["addedAt", "issuer"];

fn material(value: Option<Material>, reference: Option<SecretRef>) -> Material {
    match reference {
        Some(reference) => Material::Reference(Box::new(reference)),
        None => value.unwrap_or(Material::Missing),
    }
}

/// An entry as it stands in the file, with the aliases of old writers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry {
    #[serde(rename = "type")]
    kind: Option<String>,
    mode: Option<String>,
    provider: Option<String>,
    key: Option<Material>,
    api_key: Option<Material>,
    key_ref: Option<SecretRef>,
    token: Option<Material>,
    token_ref: Option<SecretRef>,
    access: Option<Material>,
    refresh: Option<Secret>,
    expires: Option<Lenient>,
    #[serde(default)]
    email: Label,
    #[serde(default)]
    metadata: Metadata,
}

impl Entry {
    /// Reads the text of an entry.
    ///
    /// # Errors
    /// When it is no object, or a field has a wrong type.
    pub(super) fn parse(text: &RawValue) -> Result<Self, EntryProblem> {
        serde_json::from_str(text.get()).map_err(|_| EntryProblem::InvalidShape)
    }
}

/// What is only told about a credential. It is read when it is what it should be and passed over otherwise: no label may
/// make a credential unusable.
#[derive(Default)]
struct Metadata {
    added_at: Option<String>,
    issuer: Option<String>,
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
        Ok(Self { added_at: text("addedAt"), issuer: text("issuer") })
    }
}

/// A text that may be anything else, and then is nothing.
#[derive(Default)]
struct Label(Option<String>);

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) if !text.is_empty() => Some(text),
            _ => None,
        }))
    }
}

/// An expiry in milliseconds since 1970 by whatever type of number, anything else being invalid rather than an error.
struct Lenient(Expiry);

impl<'de> Deserialize<'de> for Lenient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Milliseconds;

        impl<'de> Visitor<'de> for Milliseconds {
            type Value = Expiry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("milliseconds since 1970")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Expiry, E> {
                let moment = if value > 0 { Timestamp::from_millisecond(value).ok() } else { None };
                Ok(moment.map_or(Expiry::Invalid, Expiry::At))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Expiry, E> {
                i64::try_from(value).map_or(Ok(Expiry::Invalid), |value| self.visit_i64(value))
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Expiry, E> {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a float saturates, and then is no valid time"
                )]
                self.visit_i64(value as i64)
            }

            fn visit_str<E>(self, _: &str) -> Result<Expiry, E> {
                Ok(Expiry::Invalid)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Expiry, E> {
                Ok(Expiry::Invalid)
            }

            fn visit_unit<E>(self) -> Result<Expiry, E> {
                Ok(Expiry::Unknown)
            }
        }

        deserializer.deserialize_any(Milliseconds).map(Self)
    }
}

/// An entry's fields in their own text, for changing some and keeping the rest.
pub(super) type EntryFields = IndexMap<String, Box<RawValue>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(id: &str, json: &str) -> Result<Profile, EntryProblem> {
        let raw: Box<RawValue> = serde_json::from_str(json).unwrap();
        Profile::parse(id.parse().map_err(|_| EntryProblem::InvalidId)?, &raw)
    }

    #[test]
    fn the_three_types_and_their_aliases_are_read() {
        let key = parse("anthropic:a", r#"{"mode":"api_key","provider":"anthropic","apiKey":"k"}"#).unwrap();
        assert_eq!(key.credential, Credential::ApiKey { key: Material::Value(Secret::new("k")) });
        let token =
            parse("anthropic:b", r#"{"type":"token","provider":"anthropic","token":" t\n","expires":5}"#)
                .unwrap();
        let five = Expiry::At(Timestamp::from_millisecond(5).unwrap());
        assert_eq!(
            token.credential,
            Credential::Token { token: Material::Value(Secret::new("t")), expires: five }
        );
        let oauth = r#"{"type":"oauth","provider":"Anthropic","access":"a","refresh":"r","email":"e"}"#;
        let oauth = parse("anthropic:c", oauth).unwrap();
        assert_eq!(oauth.credential.kind(), CredentialType::OAuth);
        assert_eq!(oauth.email.as_deref(), Some("e"));
    }

    #[test]
    fn a_reference_is_material_and_wins_over_a_value() {
        let entry = r#"{"type":"api_key","provider":"anthropic","key":"k",
            "keyRef":{"source":"env","id":"WORK_KEY"}}"#;
        assert_eq!(parse("anthropic:a", entry).unwrap().credential.material().shown(), "ref(env:WORK_KEY)");
        let braces = r#"{"type":"api_key","provider":"anthropic","key":"${WORK_KEY}"}"#;
        assert_eq!(parse("anthropic:a", braces).unwrap().credential.material().shown(), "ref(env:WORK_KEY)");
    }

    #[test]
    fn what_anthropics_tools_keep_is_issued_by_the_console_and_shown_by_name() {
        let of = |source: &str, id: &str| {
            let json = format!(
                r#"{{"type":"token","provider":"anthropic","tokenRef":{{"source":"{source}","id":"{id}"}}}}"#
            );
            let profile = parse("anthropic:a", &json).unwrap();
            (profile.credential.material().shown(), profile.issuer)
        };
        let console = Some("console".to_owned());
        assert_eq!(
            of("anthropic-profile", "/home/u/.config/anthropic/configs/work.json"),
            ("ref(anthropic-profile:work)".to_owned(), console.clone())
        );
        assert_eq!(of("federation", "env"), ("ref(federation:env)".to_owned(), console));
        assert_eq!(
            of("claude-code", "/home/u/.claude/.credentials.json"),
            ("ref(claude-code:.credentials.json)".to_owned(), None)
        );
    }

    #[test]
    fn an_expiry_that_is_no_moment_is_invalid_and_absence_is_not() {
        let with = |expires: &str| {
            let json =
                format!(r#"{{"type":"token","provider":"anthropic","token":"t","expires":{expires}}}"#);
            parse("anthropic:a", &json).unwrap().credential.expires()
        };
        for invalid in ["0", "-5", "\"soon\"", "1e300", "18446744073709551615", "true"] {
            assert_eq!(with(invalid), Expiry::Invalid, "{invalid}");
        }
        assert_eq!(with("null"), Expiry::Unknown);
        assert_eq!(with("5.0"), Expiry::At(Timestamp::from_millisecond(5).unwrap()));
    }

    #[test]
    fn entries_that_make_no_sense_are_told_apart() {
        for (id, json, problem) in [
            ("no-colon", r#"{"type":"token","provider":"anthropic"}"#, EntryProblem::InvalidId),
            ("anthropic:a", "7", EntryProblem::InvalidShape),
            (
                "anthropic:a",
                r#"{"type":"token","provider":"anthropic","token":7}"#,
                EntryProblem::InvalidShape,
            ),
            ("anthropic:a", r#"{"type":"magic","provider":"anthropic"}"#, EntryProblem::InvalidType),
            ("anthropic:a", r#"{"type":"token"}"#, EntryProblem::InvalidProvider),
            ("anthropic:a", r#"{"type":"token","provider":"other"}"#, EntryProblem::InvalidProvider),
            (
                "acme:a",
                r#"{"type":"token","provider":"acme","tokenRef":{"source":"claude-code","id":"/x"}}"#,
                EntryProblem::InvalidProvider,
            ),
        ] {
            assert_eq!(parse(id, json), Err(problem), "{id} {json}");
        }
    }

    #[test]
    fn no_label_makes_a_credential_unusable() {
        let entry = r#"{"type":"api_key","provider":"anthropic","key":"k","email":7,"metadata":[1]}"#;
        let profile = parse("anthropic:a", entry).unwrap();
        assert_eq!((profile.email, profile.added_at), (None, None));
    }

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let profile = Profile {
            id: "anthropic:me@example.com".parse().unwrap(),
            credential: Credential::OAuth {
                access: Material::Value(Secret::new("access")),
                refresh: Some(Secret::new("refresh")),
                expires: Expiry::At(Timestamp::from_millisecond(1_700_000_000_123).unwrap()),
            },
            email: Some("me@example.com".to_owned()),
            added_at: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            issuer: Some("plan".to_owned()),
        };
        let object: serde_json::Map<_, _> =
            profile.to_fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let json = serde_json::Value::from(object).to_string();
        assert_eq!(parse("anthropic:me@example.com", &json), Ok(profile));
    }
}
