//! Getting the secret of a credential at the moment a request needs it: a stored value as it is, a pair refreshed when it
//! is about to end, a reference followed. What cannot be had is said, and nothing else is sent in its place.

use super::form::Form;
use super::oauth::refresh::{Reason, RefreshError, Refresher};
use super::profile::{Credential, Material, Profile};
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
            Source::Env(_, secret) => Ok(Obtained { secret: secret.clone(), form: env_form(secret) }),
            Source::Profile(profile) => self.of_profile(profile, Reason::Use).await,
        }
    }

    /// Whether there may be another secret in place of one the API refused although it has not ended.
    pub fn can_renew(&self, candidate: &Candidate<'_>) -> bool {
        match &candidate.source {
            Source::Profile(profile) => is_pair(profile),
            Source::Env(..) => false,
        }
    }

    /// Another secret in place of one the API refused although it has not ended.
    ///
    /// # Errors
    /// See [`ObtainError`].
    pub async fn renew(&self, candidate: &Candidate<'_>, rejected: &Secret) -> Result<Obtained, ObtainError> {
        match &candidate.source {
            Source::Profile(profile) => self.of_profile(profile, Reason::Rejected(rejected.clone())).await,
            Source::Env(..) => self.obtain(candidate).await,
        }
    }

    async fn of_profile(&self, profile: &Profile, reason: Reason) -> Result<Obtained, ObtainError> {
        let nothing = || ObtainError::Nothing { id: profile.id.clone() };
        let secret = match profile.credential.material() {
            _ if is_pair(profile)
                && super::oauth::is_renewable(profile.id.provider(), self.references.config) =>
            {
                self.refresher.fresh(&profile.id, reason).await?
            }
            Material::Value(secret) => secret.clone(),
            Material::Reference(reference) => match self.references.look(reference) {
                Look::Found(secret, _) => secret,
                Look::Broken(source) => {
                    return Err(ObtainError::Reference { id: profile.id.clone(), source });
                }
                Look::OnUse => return Err(nothing()),
            },
            Material::Missing => return Err(nothing()),
        };
        let form = Form::of(&secret, profile.credential.kind(), profile.issuer.as_deref());
        Ok(Obtained { secret, form })
    }
}

fn is_pair(profile: &Profile) -> bool {
    matches!(profile.credential, Credential::OAuth { refresh: Some(_), .. })
}
