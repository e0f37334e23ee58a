//! Getting the secret of a credential at the moment a request needs it: a stored value as it is, a pair refreshed when it
//! is about to end, a reference followed. What cannot be had is said, and nothing else is sent in its place.

use jiff::Timestamp;

use super::configured::{ConfigKey, Kept};
use super::federation::mint::{MintError, Minter};
use super::form::{self, Form};
use super::health::Billing;
use super::neighbours::{self, Live, Owner};
use super::oauth::refresh::{Reason, RefreshError, Refresher};
use super::profile::{Credential, Expiry, Material, Profile, SecretRef};
use super::profile_id::ProfileId;
use super::reference::{BrokenReference, Programs, References};
use super::resolve::{Candidate, Source, billing_of_env, env_form};
use crate::anthropic::ApiErrorKind;
use crate::secret::Secret;

/// A secret that signs a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obtained {
    /// Its value.
    pub secret: Secret,
    /// How it is sent.
    pub form: Form,
    /// Who pays: known for sure only now, where the secret was not stored.
    pub billing: Billing,
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
    #[error("profile {id} cannot be used: {source}")]
    Reference {
        /// The profile.
        id: ProfileId,
        /// Why.
        source: BrokenReference,
    },
    /// The reference in the config leads nowhere.
    #[error("{place} of the config cannot be used: {source}")]
    ConfigKey {
        /// Where it stands.
        place: String,
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
    #[error("profile {id} holds no secret")]
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
    /// What programs gave to this process.
    pub programs: &'a Programs,
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
                billing: billing_of_env(secret),
                workspace: None,
                expires: None,
            }),
            Source::Config(key) => self.of_config(key, None).await,
            Source::Profile(profile) => self.of_profile(profile, None).await,
        }
    }

    /// Whether another secret may be had after a refusal: a pair is refreshed when its token is not accepted; what is kept
    /// elsewhere may have been changed there, also when what it may do was.
    pub fn renews_after(candidate: &Candidate<'_>, refusal: ApiErrorKind) -> bool {
        match &candidate.source {
            Source::Profile(profile) if is_pair(profile) => refusal == ApiErrorKind::Authentication,
            Source::Profile(profile) => {
                matches!(profile.credential.material(), Material::Reference(_)) && may_be_mended(refusal)
            }
            Source::Config(key) => matches!(key.kept(), Kept::Elsewhere(_)) && may_be_mended(refusal),
            Source::Env(..) => false,
        }
    }

    /// Another secret in place of one the API refused: a pair is refreshed although it has not ended, a reference followed
    /// once more, its program being run again. `None` when there can be none, or it is still the same. Whoever asks
    /// twice for one request asks once too often.
    ///
    /// # Errors
    /// See [`ObtainError`].
    pub async fn renew(
        &self,
        candidate: &Candidate<'_>,
        rejected: &Secret,
    ) -> Result<Option<Obtained>, ObtainError> {
        let renewed = match &candidate.source {
            Source::Profile(profile)
                if is_pair(profile) || matches!(profile.credential.material(), Material::Reference(_)) =>
            {
                self.of_profile(profile, Some(rejected)).await?
            }
            Source::Config(key) if matches!(key.kept(), Kept::Elsewhere(_)) => {
                self.of_config(key, Some(rejected)).await?
            }
            Source::Profile(_) | Source::Config(_) | Source::Env(..) => return Ok(None),
        };
        Ok((renewed.secret != *rejected).then_some(renewed))
    }

    async fn of_config(
        &self,
        key: &ConfigKey<'_>,
        rejected: Option<&Secret>,
    ) -> Result<Obtained, ObtainError> {
        let secret = match key.kept() {
            Kept::Value(secret) => secret.clone(),
            Kept::Elsewhere(reference) => {
                let resolved = self.references.resolve(reference, self.programs, rejected).await;
                resolved.map_err(|source| ObtainError::ConfigKey { place: key.place.clone(), source })?
            }
        };
        let (form, billing) = (key.form(&secret), key.billing(&secret));
        Ok(Obtained { secret, form, billing, workspace: None, expires: None })
    }

    async fn of_profile(
        &self,
        profile: &Profile,
        rejected: Option<&Secret>,
    ) -> Result<Obtained, ObtainError> {
        let reason = || rejected.cloned().map_or(Reason::Use, Reason::Rejected);
        let found = match profile.credential.material() {
            _ if is_pair(profile) && super::oauth::is_renewable(profile.id.provider()) => {
                let access = self.refresher.fresh(&profile.id, reason()).await?;
                Found { expires: self.refresher.end_of(&profile.id, &access), ..Found::secret(access) }
            }
            Material::Value(secret) => Found { expires: end_of(profile), ..Found::secret(secret.clone()) },
            Material::Reference(reference) => match Owner::of(reference) {
                Some(owner) => self.of_neighbour(profile, owner, reference, &reason()).await?,
                None => {
                    let resolved = self.references.resolve(reference, self.programs, rejected).await;
                    let secret = resolved
                        .map_err(|source| ObtainError::Reference { id: profile.id.clone(), source })?;
                    Found { expires: end_of(profile), ..Found::secret(secret) }
                }
            },
            Material::Missing => return Err(ObtainError::Nothing { id: profile.id.clone() }),
        };
        let Found { secret, expires, workspace } = found;
        let (provider, kind) = (profile.id.provider(), profile.credential.kind());
        let form = Form::for_provider(provider, &secret, kind, profile.issuer.as_deref());
        let billing = form::billing(provider, kind, form);
        Ok(Obtained { secret, form, billing, workspace, expires })
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

/// The recorded end of a credential.
fn end_of(profile: &Profile) -> Option<Timestamp> {
    match profile.credential.expires() {
        Expiry::At(at) => Some(at),
        Expiry::Unknown | Expiry::Invalid => None,
    }
}

/// Whether what is kept elsewhere may have been changed there to be accepted now.
fn may_be_mended(refusal: ApiErrorKind) -> bool {
    matches!(refusal, ApiErrorKind::Authentication | ApiErrorKind::Permission)
}

fn is_pair(profile: &Profile) -> bool {
    matches!(profile.credential, Credential::OAuth { refresh: Some(_), .. })
}
