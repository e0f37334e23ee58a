//! Workload identity federation: a token another party signed (a CI job's, a service account's) is exchanged for an
//! access token that lives for minutes. Nothing of it is stored but where the identity is; what was minted is kept in
//! [`cache`] and renewed by [`mint`] when it is needed.

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

    /// A name for what it mints at an endpoint, fit for a file name.
    fn key(&self, endpoint: &Url) -> String {
        let parts = [
            self.rule_id.as_str(),
            &self.organization_id,
            self.service_account_id.as_deref().unwrap_or_default(),
            self.workspace_id.as_deref().unwrap_or_default(),
            endpoint.as_str(),
        ];
        Secret::new(parts.join("\n")).lock_key()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: [(&str, &str); 4] = [
        ("ANTHROPIC_FEDERATION_RULE_ID", "fdrl_1"),
        ("ANTHROPIC_ORGANIZATION_ID", "org"),
        ("ANTHROPIC_WORKSPACE_ID", "wrkspc_1"),
        ("ANTHROPIC_IDENTITY_TOKEN", " a.b.c\n"),
    ];

    fn rule(env: &Env) -> Result<FederationRule, NeighbourError> {
        FederationRule::from_env(env)
    }

    #[test]
    fn the_first_variable_that_is_missing_is_named() {
        let env = Env::from_pairs(COMPLETE);
        let complete = rule(&env).unwrap();
        assert_eq!((complete.workspace_id.as_deref(), complete.service_account_id), (Some("wrkspc_1"), None));
        for (left_out, named) in [
            (0, "ANTHROPIC_FEDERATION_RULE_ID"),
            (1, "ANTHROPIC_ORGANIZATION_ID"),
            (3, "ANTHROPIC_IDENTITY_TOKEN_FILE"),
        ] {
            let mut pairs = COMPLETE;
            pairs[left_out].1 = "";
            assert_eq!(rule(&Env::from_pairs(pairs)), Err(NeighbourError::VariableUnset(named)));
        }
    }

    #[test]
    fn a_file_wins_over_a_literal_token_and_is_read_again_each_time() {
        use std::io::Write as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jwt");
        let mut env = Env::from_pairs(COMPLETE);
        assert_eq!(rule(&env).unwrap().identity(&env), Ok(Secret::new("a.b.c")));
        let file = ("ANTHROPIC_IDENTITY_TOKEN_FILE", path.to_str().unwrap());
        env = Env::from_pairs(COMPLETE.into_iter().chain([file]));
        let rule = rule(&env).unwrap();
        assert_eq!(rule.identity(&env), Err(NeighbourError::Absent(path.clone())));
        let long = "x".repeat(LONGEST_IDENTITY + 1);
        for (content, token) in [
            ("one\n", Ok(Secret::new("one"))),
            ("two", Ok(Secret::new("two"))),
            (" \n", Err(NeighbourError::unusable(&path, "is empty"))),
            (&long, Err(NeighbourError::unusable(&path, "is too long for an identity token"))),
        ] {
            std::fs::File::create(&path).unwrap().write_all(content.as_bytes()).unwrap();
            assert_eq!(rule.identity(&env), token);
        }
    }

    #[test]
    fn every_part_of_a_rule_makes_another_key() {
        let endpoint = |url: &str| Url::parse(url).unwrap();
        let api = endpoint("https://api.anthropic.com/v1/oauth/token");
        let first = rule(&Env::from_pairs(COMPLETE)).unwrap();
        let mut keys = vec![first.key(&api), first.key(&endpoint("https://eu.example.com/v1/oauth/token"))];
        for change in [
            |rule: &mut FederationRule| rule.rule_id = "fdrl_2".into(),
            |rule: &mut FederationRule| rule.organization_id = "other".into(),
            |rule: &mut FederationRule| rule.service_account_id = Some("svac_1".into()),
            |rule: &mut FederationRule| rule.workspace_id = None,
        ] {
            let mut changed = first.clone();
            change(&mut changed);
            keys.push(changed.key(&api));
        }
        let mut distinct = keys.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!((distinct.len(), keys[0].len()), (keys.len(), 16));
        let again = FederationRule { identity: IdentitySource::File("/x".into()), ..first };
        assert_eq!(again.key(&api), keys[0]);
    }
}
