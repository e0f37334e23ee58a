//! The body of a token request, field by field, and the forms its values must have.

use http::{HeaderMap, header};
use serde_json::{Map, Value};

use super::error::OAuthError;

/// A JSON object whose values may be secrets: it is read from and never shown.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case("application/json") {
            return Err(OAuthError::not_json());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(OAuthError::request("The request body should be a JSON object")),
        }
    }

    /// A text that must be there and not be empty.
    pub(super) fn required(&self, name: &'static str) -> Result<&str, OAuthError> {
        self.optional(name)?.ok_or_else(|| OAuthError::request(format!("{name}: Field required")))
    }

    /// A text that may be missing, but not be empty.
    pub(super) fn optional(&self, name: &'static str) -> Result<Option<&str>, OAuthError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err(OAuthError::request(format!("{name}: expected a text that is not empty"))),
        }
    }

    /// Refuses fields that are none of these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), OAuthError> {
        if self.0.keys().all(|name| known.contains(&name.as_str())) {
            return Ok(());
        }
        let known = known.join(", ");
        Err(OAuthError::request(format!(
            "The body has a field that this grant does not know; known are {known}"
        )))
    }
}

/// Whether a client's id can be one.
pub(super) fn is_client_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a text is scopes with single spaces between them. Which ones an organization has registered is its own.
pub(super) fn is_scope_list(text: &str) -> bool {
    text.split(' ').all(|scope| {
        !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_.-".contains(&byte))
    })
}

/// Whether a text is an id with this prefix: letters and digits behind it.
pub(super) fn is_tagged_id(text: &str, prefix: &str) -> bool {
    let rest = text.strip_prefix(prefix).unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a text is a UUID.
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a text has the form of a signed JSON Web Token. Whose it is, and whether its signature holds, is not asked.
pub(super) fn is_jwt(text: &str) -> bool {
    let parts: Vec<_> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.len() % 4 != 1 && is_base64url(part))
}

/// Whether a text is made of the letters of base64url, without padding.
pub(super) fn is_base64url(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_their_likes() {
        for (good, text) in [
            (true, "eyJhbGciOiJub25lIn0.e30.c2ln"),
            (false, "eyJhbGciOiJub25lIn0.e30"),
            (false, "eyJhbGciOiJub25lIn0.e30."),
            (false, "eyJhbGciOiJub25lIn0.e30.c2ln.c2ln"),
            (false, "eyJhbGciOiJub25lIn0.e30.c2+n"),
            (false, "eyJhbGciOiJub25lIn0.e30.c2ln="),
            (false, "eyJhbGciOiJub25lIn0.e30.c2lnx"),
        ] {
            assert_eq!(is_jwt(text), good, "{text}");
        }
        for (good, text) in [
            (true, "6f1c2a34-0000-4000-8000-0123456789AB"),
            (false, "6f1c2a34-0000-4000-8000-0123456789a"),
            (false, "6f1c2a3400004000800000123456789ab123"),
            (false, "6f1c2a34-0000-4000-8000-0123456789ag"),
        ] {
            assert_eq!(is_uuid(text), good, "{text}");
        }
        for (good, text) in [(true, "fdrl_01Ab"), (false, "fdrl_"), (false, "01Ab"), (false, "fdrl_a b")] {
            assert_eq!(is_tagged_id(text, "fdrl_"), good, "{text}");
        }
        for (good, text) in [
            (true, "user:inference"),
            (true, "org:create_api_key user:profile"),
            (false, ""),
            (false, "user:inference "),
            (false, "user:inference  user:profile"),
            (false, "user:inference,user:profile"),
        ] {
            assert_eq!(is_scope_list(text), good, "{text}");
        }
    }
}
