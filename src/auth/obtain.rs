//! Getting the secret of a credential at the moment a request needs it: a stored value as it is, a pair refreshed when it
//! is about to end, a reference followed. What cannot be had is said, and nothing else is sent in its place.

use jiff::Timestamp;

use super::federation::mint::{MintError, Minter};
use super::form::Form;
use super::neighbours::{self, Live, Owner};
use super::oauth::refresh::{Reason, RefreshError, Refresher};
use super::profile::{Credential, Expiry, Material, Profile, SecretRef};
use super::profile_id::ProfileId;
use super::reference::{BrokenReference, Look, References};
use super::resolve::{Candidate, Source, env_form};
use crate::secret::Secret;

/// A secret that signs a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obtained {
    /// Its value.
    pub secret: Secret,
    /// How it is sent.
    pub form: Form,
    /// The workspace its requests are for, where its owner says one.
    pub workspace: Option<String>,
    /// When it ends, as far as recorded.
    pub expires: Option<Timestamp>,
}

/// A credential's secret could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ObtainError {
    /// The pair could not be refreshed.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    /// The reference leads nowhere.
    #[error("{id}: {source}")]
    Reference {
        /// The profile.
        id: ProfileId,
        /// Why.
        source: BrokenReference,
    },
    /// No token could be minted for it.
    #[error("profile {id} cannot be used: {source}")]
    Mint {
        /// The profile.
        id: ProfileId,
        /// Why.
        source: MintError,
    },
    /// The profile holds nothing.
    #[error("{id} holds no secret")]
    Nothing {
        /// The profile.
        id: ProfileId,
    },
}

/// Obtains the secrets of one agent's credentials.
#[derive(Debug, Clone, Copy)]
pub struct Obtainer<'a> {
    /// Where references lead.
    pub references: References<'a>,
    /// Refreshes pairs.
    pub refresher: &'a Refresher,
}

impl Obtainer<'_> {
    /// The secret of a candidate, ready to be sent.
    ///
    /// # Errors
    /// See [`ObtainError`].
    pub async fn obtain(&self, candidate: &Candidate<'_>) -> Result<Obtained, ObtainError> {
        match &candidate.source {
            Source::Env(_, secret) => Ok(Obtained {
                secret: secret.clone(),
                form: env_form(secret),
                workspace: None,
                expires: None,
            }),
            Source::Profile(profile) => self.of_profile(profile, Reason::Use).await,
        }
    }

    /// Another secret in place of one the API refused although it has not ended; `None` when there can be none.
    ///
    /// # Errors
    /// See [`ObtainError`].
    pub async fn renew(
        &self,
        candidate: &Candidate<'_>,
        rejected: &Secret,
    ) -> Result<Option<Obtained>, ObtainError> {
        match &candidate.source {
            Source::Profile(profile) if is_pair(profile) => {
                self.of_profile(profile, Reason::Rejected(rejected.clone())).await.map(Some)
            }
            // Its owner may have renewed it meanwhile, and a token can be minted anew.
            Source::Profile(profile) if Owner::of_profile(profile).is_some() => {
                let again = self.of_profile(profile, Reason::Rejected(rejected.clone())).await?;
                Ok(Some(again).filter(|again| again.secret != *rejected))
            }
            Source::Profile(_) | Source::Env(..) => Ok(None),
        }
    }

    async fn of_profile(&self, profile: &Profile, reason: Reason) -> Result<Obtained, ObtainError> {
        let nothing = || ObtainError::Nothing { id: profile.id.clone() };
        let found = match profile.credential.material() {
            _ if is_pair(profile)
                && super::oauth::is_renewable(profile.id.provider(), self.references.config) =>
            {
                let access = self.refresher.fresh(&profile.id, reason).await?;
                Found { expires: self.refresher.end_of(&profile.id, &access), ..Found::secret(access) }
            }
            Material::Value(secret) => {
                let expires = match profile.credential.expires() {
                    Expiry::At(at) => Some(at),
                    Expiry::Unknown | Expiry::Invalid => None,
                };
                Found { expires, ..Found::secret(secret.clone()) }
            }
            Material::Reference(reference) => match Owner::of(reference) {
                Some(owner) => self.of_neighbour(profile, owner, reference, &reason).await?,
                None => match self.references.look(reference) {
                    Look::Found(secret, expires) => Found { expires, ..Found::secret(secret) },
                    Look::Broken(source) => {
                        return Err(ObtainError::Reference { id: profile.id.clone(), source });
                    }
                    Look::OnUse => return Err(nothing()),
                },
            },
            Material::Missing => return Err(nothing()),
        };
        let form = Form::of(&found.secret, profile.credential.kind(), profile.issuer.as_deref());
        Ok(Obtained { secret: found.secret, form, workspace: found.workspace, expires: found.expires })
    }

    /// What another program keeps, read or minted now.
    async fn of_neighbour(
        &self,
        profile: &Profile,
        owner: Owner,
        reference: &SecretRef,
        reason: &Reason,
    ) -> Result<Found, ObtainError> {
        let id = || profile.id.clone();
        let live = neighbours::read(owner, reference, &self.references)
            .map_err(|error| ObtainError::Reference { id: id(), source: error.into() })?;
        match live {
            Live::Token(token) => {
                Ok(Found { secret: token.secret, expires: token.expires, workspace: token.workspace })
            }
            Live::Mint(rule) => {
                let minter = Minter { refresher: self.refresher, env: self.references.env };
                let minted = minter.token(&rule, reason).await;
                let minted = minted.map_err(|source| ObtainError::Mint { id: id(), source })?;
                // A minted token is bound to its workspace already.
                Ok(Found { expires: Some(minted.expires), ..Found::secret(minted.access) })
            }
        }
    }
}

/// A secret before it is known how it is sent.
struct Found {
    secret: Secret,
    expires: Option<Timestamp>,
    workspace: Option<String>,
}

impl Found {
    fn secret(secret: Secret) -> Self {
        Self { secret, expires: None, workspace: None }
    }
}

fn is_pair(profile: &Profile) -> bool {
    matches!(profile.credential, Credential::OAuth { refresh: Some(_), .. })
}
