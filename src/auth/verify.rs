//! Asking the provider whether it accepts a credential, by the one request that is free: the list of models.

use crate::anthropic::{Authorization, Client, Error, ModelInfo};

/// Most models the list may have; the documented limit of one page.
const PAGE: u16 = 1000;

/// The provider accepted the credential.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// Models it may use, newest first.
    pub models: Vec<ModelInfo>,
    /// The organization it belongs to, when the provider tells.
    pub organization_id: Option<String>,
    /// The HTTP status of the answer.
    pub status: u16,
}

/// Asks the provider.
///
/// # Errors
/// When it refuses the credential or cannot be reached.
pub async fn verify(client: &Client, authorization: &Authorization) -> Result<Accepted, Error> {
    let reply = client.list_models(authorization, PAGE).await?;
    Ok(Accepted {
        models: reply.value.data,
        organization_id: reply.meta.organization_id,
        status: reply.meta.status,
    })
}

/// Asks the provider with the shortest answer there is, and returns its status.
///
/// # Errors
/// When it refuses the credential or cannot be reached.
pub async fn accepts(client: &Client, authorization: &Authorization) -> Result<u16, Error> {
    Ok(client.list_models(authorization, 1).await?.meta.status)
}
