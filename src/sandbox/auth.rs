//! Who is calling: checks the credential and the headers that go with it, and derives organization and workspace from
//! the credential. Only made-up credentials are let in (they contain `-sandbox-`); none is kept, only its fingerprint.

use http::HeaderMap;
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::faults::{self, Behaviour, Place};
use crate::models::catalog::Catalog;
use crate::secret::{Fingerprint, Secret, SecretKind};

/// A caller that may ask.
#[derive(Debug)]
pub(super) struct Caller {
    /// Whether it came with a bearer token instead of an API key.
    pub(super) bearer: bool,
    /// Stands for the credential without revealing it.
    pub(super) fingerprint: Fingerprint,
    /// Value of `anthropic-organization-id`.
    pub(super) organization: String,
    /// Value of `anthropic-workspace-id`.
    pub(super) workspace: String,
    /// What the credential itself asks to go wrong.
    pub(super) behaviour: Behaviour,
}

/// Checks credential and headers. An API key is judged first; a bearer token beside it is not looked at.
pub(super) fn check(headers: &HeaderMap) -> Result<Caller, ApiError> {
    let bearer = !headers.contains_key("x-api-key");
    let credential = if bearer { bearer_token(headers)? } else { api_key(headers)? };
    if bearer && !has_beta(headers, oauth_beta()) {
        return Err(ApiError::authentication("OAuth authentication is currently not supported."));
    }
    check_version(headers)?;
    let behaviour = faults::of_credential(credential, Place::Api).map_err(ApiError::invalid)?;
    let fingerprint = Secret::new(credential).fingerprint();
    let (owner, organization) = match part(credential, "-org-") {
        Some(name) => (format!("name {name}"), organization_named(name)),
        None => {
            let owner = format!("credential {fingerprint}");
            let organization = uuid(&hex(&owner));
            (owner, organization)
        }
    };
    let workspace = format!("{owner} workspace {}", part(credential, "-workspace-").unwrap_or("default"));
    Ok(Caller {
        bearer,
        fingerprint,
        organization,
        workspace: format!("wrkspc_{}", &hex(&workspace)[..24]),
        behaviour,
    })
}

/// Whether `anthropic-beta` names this value.
pub(super) fn has_beta(headers: &HeaderMap, wanted: &str) -> bool {
    betas(headers).any(|beta| beta == wanted)
}

/// Every value of every `anthropic-beta` header.
pub(super) fn betas(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all("anthropic-beta")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
}

fn api_key(headers: &HeaderMap) -> Result<&str, ApiError> {
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_made_up(key, SecretKind::ApiKey) {
        Ok(key)
    } else {
        Err(ApiError::authentication("invalid x-api-key"))
    }
}

fn bearer_token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let Some(value) = headers.get(http::header::AUTHORIZATION) else {
        return Err(ApiError::authentication("x-api-key header is required"));
    };
    let value = value.to_str().unwrap_or_default();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    };
    if is_made_up(token, SecretKind::BearerToken) {
        Ok(token)
    } else {
        Err(ApiError::authentication("Invalid bearer token"))
    }
}

fn is_made_up(credential: &str, kind: SecretKind) -> bool {
    let credential = Secret::new(credential);
    credential.kind() == kind && credential.is_sandbox()
}

fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    let api = Catalog::embedded().api();
    let is_known =
        |version: &str| version == api.anthropic_version || api.other_versions.iter().any(|it| it == version);
    match headers.get("anthropic-version").map(|value| value.to_str().unwrap_or_default()) {
        None => Err(ApiError::invalid("anthropic-version: header is required")),
        Some(version) if is_known(version) => Ok(()),
        Some(version) => {
            Err(ApiError::invalid(format!("anthropic-version: \"{version}\" is not a valid version")))
        }
    }
}

/// The beta every bearer token needs: what a Console token carries alone.
fn oauth_beta() -> &'static str {
    Catalog::embedded().betas().bearer_token.first().map_or("", String::as_str)
}

/// The word after `marker` in a credential, up to the next dash.
pub(super) fn part<'a>(credential: &'a str, marker: &str) -> Option<&'a str> {
    let (_, rest) = credential.split_once(marker)?;
    rest.split('-').next().filter(|name| !name.is_empty())
}

/// The organization that `-org-NAME-` names. A name of 32 hex digits is its UUID: tokens that were minted here carry it.
pub(super) fn organization_named(name: &str) -> String {
    if name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        uuid(name)
    } else {
        uuid(&hex(&format!("name {name}")))
    }
}

/// Hex digits, at least 32, in a UUID's form.
pub(super) fn uuid(hex: &str) -> String {
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
}

/// 64 hex digits that say nothing of what they were made of.
pub(super) fn hex(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn with_key(key: &str) -> Caller {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
        headers.insert("x-api-key", HeaderValue::from_str(key).unwrap());
        check(&headers).unwrap()
    }

    #[test]
    fn two_keys_are_two_organizations_unless_they_name_the_same_one() {
        let organization = |key: &str| with_key(key).organization;
        assert_ne!(organization("sk-ant-api03-sandbox-one-1"), organization("sk-ant-api03-sandbox-two-2"));
        assert_eq!(
            organization("sk-ant-api03-sandbox-org-acme-one-1"),
            organization("sk-ant-api03-sandbox-org-acme-two-2")
        );
        assert_ne!(
            organization("sk-ant-api03-sandbox-org-acme-one-1"),
            organization("sk-ant-api03-sandbox-org-other-one-1")
        );
        assert_eq!(organization("sk-ant-api03-sandbox-one-1").len(), 36);
    }

    #[test]
    fn the_versions_of_the_official_clients_are_taken_and_no_other() {
        let with = |version: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("anthropic-version", HeaderValue::from_static(version));
            check_version(&headers).map_err(|error| error.message)
        };
        assert_eq!(with("2023-06-01"), Ok(()));
        assert_eq!(with("2026-10-21"), Ok(()));
        let refusal = "anthropic-version: \"2023-06-02\" is not a valid version";
        assert_eq!(with("2023-06-02"), Err(refusal.to_owned()));
    }

    #[test]
    fn an_organization_may_be_named_by_its_uuid() {
        let named = with_key("sk-ant-api03-sandbox-org-6f1c2a3400004000800000123456789a-x3Qw");
        assert_eq!(named.organization, "6f1c2a34-0000-4000-8000-00123456789a");
    }

    #[test]
    fn workspaces_divide_an_organization() {
        let [plain, one, again] = [
            "sk-ant-api03-sandbox-org-acme-x",
            "sk-ant-api03-sandbox-org-acme-workspace-one-x",
            "sk-ant-api03-sandbox-org-acme-workspace-one-y",
        ]
        .map(with_key);
        assert_eq!(plain.organization, one.organization);
        assert_ne!(plain.workspace, one.workspace);
        assert_eq!(one.workspace, again.workspace);
    }

    #[test]
    fn a_beta_is_found_in_any_header_and_only_whole() {
        let mut headers = HeaderMap::new();
        headers.append("anthropic-beta", HeaderValue::from_static("a-1, b-2"));
        headers.append("anthropic-beta", HeaderValue::from_static("c-3"));
        for (beta, found) in [("a-1", true), ("b-2", true), ("c-3", true), ("b", false), ("a-1, b-2", false)]
        {
            assert_eq!(has_beta(&headers, beta), found, "{beta}");
        }
    }
}
