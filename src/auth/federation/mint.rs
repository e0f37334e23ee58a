//! Exchanging an identity token for an access token: one process at a time, while all others wait for what it writes.
//! Nothing can be lost here, because an identity token is not used up; so what was begun may simply be dropped.

use std::time::Duration;

use jiff::SignedDuration;

use super::FederationRule;
use super::cache::Cache;
use crate::anthropic::Error;
use crate::auth::neighbours::NeighbourError;
use crate::auth::oauth::refresh::{Reason, Refresher};
use crate::auth::oauth::settings::OAuthAccess;
use crate::auth::oauth::token_endpoint::{IdentityExchange, Minted, TokenEndpoint, TokenError};
use crate::env::Env;
use crate::storage::{FileLock, Jitter, LockError};

/// Longest wait for another process to mint.
const LOCK_LIMIT: Duration = Duration::from_secs(60);
/// A token with less left than this is not used any more.
const EARLY: SignedDuration = SignedDuration::from_secs(120);

/// No token could be minted.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The identity token is not there.
    #[error(transparent)]
    Identity(#[from] NeighbourError),
    /// The endpoint's address may not be used.
    #[error(transparent)]
    Setup(#[from] Error),
    /// The endpoint failed, or could not be reached.
    #[error("no token could be minted: {0}")]
    Endpoint(#[from] TokenError),
    /// Another process keeps the lock.
    #[error(transparent)]
    Lock(#[from] LockError),
}

/// Mints the access tokens of one agent.
#[derive(Debug, Clone, Copy)]
pub struct Minter<'a> {
    /// Endpoint, places and clock, which are those of a refresh.
    pub refresher: &'a Refresher,
    /// Where an identity token may be.
    pub env: &'a Env,
}

impl Minter<'_> {
    /// An access token that can be used now. Mints only when it must.
    ///
    /// # Errors
    /// See [`MintError`].
    pub async fn token(&self, rule: &FederationRule, reason: &Reason) -> Result<Minted, MintError> {
        let clock = self.refresher.clock.as_ref();
        let access = self.refresher.access.for_federation()?;
        let key = rule.key(&access.settings.token_url);
        let cache = Cache::in_dir(self.refresher.store.dir());
        let cached = || {
            let is_fresh = |minted: &Minted| match reason {
                Reason::Use => true,
                Reason::Rejected(rejected) => minted.access != *rejected,
            };
            let lasts = |minted: &Minted| minted.expires.duration_since(clock.now()) > EARLY;
            cache.get(&key).filter(|minted| is_fresh(minted) && lasts(minted))
        };
        let started = clock.steady();
        let mut jitter = Jitter::new();
        loop {
            if let Some(minted) = cached() {
                return Ok(minted);
            }
            let lock = self.refresher.lock_path(&key).map_err(LockError::from);
            let lock = lock.and_then(|path| Ok((FileLock::try_acquire(&path)?, path)));
            match lock {
                Ok((Some(_held), _)) => {
                    // Somebody may have minted between the look and the lock.
                    if let Some(minted) = cached() {
                        return Ok(minted);
                    }
                    let minted = self.mint(rule, &access).await?;
                    if let Err(error) = cache.put(&key, &minted, clock) {
                        tracing::warn!(%error, "a minted token cannot be kept for the next request");
                    }
                    return Ok(minted);
                }
                // Where nothing can be written nobody else can mint for us either.
                Err(error) => {
                    tracing::warn!(%error, "minting a token without its lock");
                    return self.mint(rule, &access).await;
                }
                Ok((None, path)) if clock.steady().saturating_sub(started) >= LOCK_LIMIT => {
                    return Err(FileLock::refused(&path, LOCK_LIMIT).into());
                }
                Ok((None, _)) => tokio::time::sleep(jitter.pause()).await,
            }
        }
    }

    async fn mint(&self, rule: &FederationRule, access: &OAuthAccess) -> Result<Minted, MintError> {
        let assertion = rule.identity(self.env)?;
        let endpoint = TokenEndpoint::new(access)?;
        let exchange = IdentityExchange {
            assertion: &assertion,
            rule_id: &rule.rule_id,
            organization_id: &rule.organization_id,
            service_account_id: rule.service_account_id.as_deref(),
            workspace_id: rule.workspace_id.as_deref(),
        };
        Ok(endpoint.mint(&exchange, self.refresher.clock.as_ref()).await?)
    }
}
