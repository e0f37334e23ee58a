//! Workload identity federation: a token another party signed (a CI job's, a service account's) is exchanged for an
//! access token that lives for minutes. Nothing of it is stored but where the identity is; what was minted is kept in
//! `minted-tokens.json` and renewed by [`mint`] when it is needed.

mod cache;
pub mod mint;

use std::path::PathBuf;

use url::Url;

use super::neighbours::{NeighbourError, file};
use crate::env::Env;
use crate::secret::Secret;

/// The literal identity token.
const TOKEN: &str = "ANTHROPIC_IDENTITY_TOKEN";
/// The file of the identity token.
const TOKEN_FILE: &str = "ANTHROPIC_IDENTITY_TOKEN_FILE";
/// Longest identity token that is sent. What is longer is a key or a certificate.
const LONGEST_IDENTITY: usize = 16 * 1024;

/// For whom a token is minted, and on whose word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FederationRule {
    /// The federation rule (`fdrl_...`).
    pub rule_id: String,
    /// The organization, a UUID.
    pub organization_id: String,
    /// The service account (`svac_...`).
    pub service_account_id: Option<String>,
    /// The workspace (`wrkspc_...`, or `default`).
    pub workspace_id: Option<String>,
    /// Where the identity token is.
    pub identity: IdentitySource,
}

/// Where an identity token is. It is read at every mint: whoever issues it rotates it in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentitySource {
    /// In a file.
    File(PathBuf),
    /// In `ANTHROPIC_IDENTITY_TOKEN`.
    Env,
}

impl FederationRule {
    /// The rule the environment names, by the variables of Anthropic's SDKs.
    ///
    /// # Errors
    /// When one that must be set is not.
    pub fn from_env(env: &Env) -> Result<Self, NeighbourError> {
        let optional = |name: &str| env.get(name).map(str::to_owned);
        let required = |name: &'static str| optional(name).ok_or(NeighbourError::VariableUnset(name));
        Ok(Self {
            rule_id: required("ANTHROPIC_FEDERATION_RULE_ID")?,
            organization_id: required("ANTHROPIC_ORGANIZATION_ID")?,
            service_account_id: optional("ANTHROPIC_SERVICE_ACCOUNT_ID"),
            workspace_id: optional("ANTHROPIC_WORKSPACE_ID"),
            identity: match (env.path(TOKEN_FILE), env.get(TOKEN)) {
                (Some(path), _) => IdentitySource::File(path),
                (None, Some(_)) => IdentitySource::Env,
                (None, None) => return Err(NeighbourError::VariableUnset(TOKEN_FILE)),
            },
        })
    }

    /// The identity token as it is now.
    ///
    /// # Errors
    /// When it is not there, or can be none.
    pub fn identity(&self, env: &Env) -> Result<Secret, NeighbourError> {
        match &self.identity {
            IdentitySource::Env => {
                let token = env.get(TOKEN).map(str::trim).filter(|token| !token.is_empty());
                token.map(Secret::new).ok_or(NeighbourError::VariableUnset(TOKEN))
            }
            IdentitySource::File(path) => {
                let text = zeroize::Zeroizing::new(file::text(path)?);
                match text.trim() {
                    "" => Err(NeighbourError::unusable(path, "is empty")),
                    token if token.len() > LONGEST_IDENTITY => {
                        Err(NeighbourError::unusable(path, "is too long for an identity token"))
                    }
                    token => Ok(Secret::new(token)),
                }
            }
        }
    }

    /// A name for what it mints at an endpoint, fit for a file name. Two identities may go by one rule, and each is to
    /// get its own token.
    fn key(&self, endpoint: &Url) -> String {
        let identity = match &self.identity {
            IdentitySource::Env => format!("env {TOKEN}"),
            IdentitySource::File(path) => format!("file {}", path.display()),
        };
        let parts = [
            self.rule_id.as_str(),
            &self.organization_id,
            self.service_account_id.as_deref().unwrap_or_default(),
            self.workspace_id.as_deref().unwrap_or_default(),
            endpoint.as_str(),
            &identity,
        ];
        Secret::new(parts.join("\n")).lock_key()
    }
}

#[cfg(test)]
mod tests;
