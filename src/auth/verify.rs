//! Asking the provider whether it accepts a credential: by the one request that is free, the list of models, or where few
//! serve that, by the shortest message.

use crate::anthropic::{Authorization, Client, Error, MessageRequest, ModelInfo};

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

/// Asks the provider for one token of a model's answer. Unlike the list of models, which many endpoints beside Anthropic's
/// do not serve or serve to anybody, this proves address, credential and model at once.
///
/// # Errors
/// When it refuses the credential or the model, or cannot be reached.
pub async fn verify_model(
    client: &Client,
    authorization: &Authorization,
    model: &str,
) -> Result<Accepted, Error> {
    let mut request = MessageRequest::new(model, 1);
    request.push_user("Hi");
    let reply = client.create_message(authorization, &request).await?;
    Ok(Accepted {
        models: Vec::new(),
        organization_id: reply.meta.organization_id,
        status: reply.meta.status,
    })
}
