//! What the log may keep of a request for sign-in or tokens. Nothing is shown but what is known to be no secret.

use bytes::Bytes;
use serde_json::Value;
use url::form_urlencoded;

use crate::secret::Secret;

/// Fields and parameters that are shown as they are.
const SHOWN: [&str; 14] = [
    "grant_type",
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "login_hint",
    "federation_rule_id",
    "organization_id",
    "service_account_id",
    "workspace_id",
    "error",
    "expires_in",
];

/// Whether requests to this path carry codes or tokens outside of their headers.
pub(in crate::sandbox) fn applies_to(path: &str) -> bool {
    path.split('/').any(|part| part == "oauth")
}

/// A query as it may be kept. `state` is hidden, too: there are clients whose state is their verifier.
pub(in crate::sandbox) fn query(query: &str) -> String {
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        // `code=true` asks for a code and is none.
        let value = if name == "code" && value == "true" { value.into_owned() } else { shown(&name, &value) };
        kept.append_pair(&name, &value);
    }
    kept.finish()
}

/// A body as it may be kept.
pub(in crate::sandbox) fn body(body: &Bytes) -> Bytes {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return format!("({} bytes that are no JSON object)", body.len()).into();
    };
    for (name, value) in &mut fields {
        *value = match &*value {
            Value::String(text) => shown(name, text).into(),
            _ => "…".into(),
        };
    }
    Value::Object(fields).to_string().into()
}

fn shown(name: &str, value: &str) -> String {
    if SHOWN.contains(&name) && !value.contains("sk-ant-") {
        value.to_owned()
    } else {
        Secret::new(value).masked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_query_only_names_and_what_is_no_secret_are_kept() {
        let kept = query(
            "code=true&client_id=one&state=hidden&code_challenge=E9&redirect_uri=http://localhost:1/callback",
        );
        assert_eq!(
            kept,
            "code=true&client_id=one&state=%E2%80%A6&code_challenge=E9&redirect_uri=http%3A%2F%2Flocalhost%3A1%2Fcallback"
        );
        assert!(!query("code=hidden-code-of-the-sandbox-x3Qw&state=hidden").contains("hidden"));
        assert!(!query("client_id=sk-ant-ort01-sandbox-hidden-0000").contains("hidden"));
    }

    #[test]
    fn of_a_body_only_names_and_what_is_no_secret_are_kept() {
        let sent = Bytes::from_static(
            br#"{"grant_type":"refresh_token","refresh_token":"sk-ant-ort01-sandbox-hidden-00-x3Qw","new":{"in":"hidden"}}"#,
        );
        let kept: Value = serde_json::from_slice(&body(&sent)).unwrap();
        assert_eq!(kept["grant_type"], "refresh_token");
        assert_eq!(kept["refresh_token"], "sk-ant-ort01 …x3Qw");
        assert_eq!(kept["new"], "…");
        for other in [&b"refresh_token=hidden"[..], b"\"hidden\"", b""] {
            let kept = body(&Bytes::copy_from_slice(other));
            assert_eq!(kept, format!("({} bytes that are no JSON object)", other.len()));
        }
    }

    #[test]
    fn every_path_of_sign_in_is_covered_wrong_ones_too() {
        for path in ["/oauth/authorize", "/v1/oauth/token", "/oauth/token", "/api/oauth/usage"] {
            assert!(applies_to(path), "{path}");
        }
        for path in ["/v1/messages", "/v1/models/oauth-1", "/"] {
            assert!(!applies_to(path), "{path}");
        }
    }
}
