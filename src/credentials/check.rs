//! Asking the API about a credential.

use super::Holder;
use crate::anthropic::{ApiErrorKind, Authorization, Client};
use crate::auth::form::{ANTHROPIC, Form};
use crate::auth::intake::Expected;
use crate::auth::profile::CredentialType;
use crate::auth::verify::{self, Accepted};
use crate::error::Failure;
use crate::provider;
use crate::secret::Secret;

/// What the API said about a credential.
#[derive(Debug)]
pub enum Asked {
    /// It takes it.
    Accepted(Accepted),
    /// It does not.
    Refused(Failure),
    /// It could not be reached, or answered something else.
    Unanswered(Failure),
}

/// What signs with a key or token that is to be stored.
pub fn authorization(provider: &str, expected: Expected, secret: &Secret) -> Authorization {
    let stored_as = match expected {
        Expected::ApiKey => CredentialType::ApiKey,
        Expected::SetupToken => CredentialType::Token,
    };
    provider::sign_with(Form::for_provider(provider, secret, stored_as, None), secret.clone())
}

/// Asks the API of a provider by its `client`: Anthropic's for its models, another one for one token of the first model the
/// config has of it.
pub async fn ask(
    holder: &Holder<'_>,
    provider: &str,
    client: &Client,
    authorization: &Authorization,
) -> Asked {
    let configured = holder.config.provider(provider).filter(|_| provider != ANTHROPIC);
    let model = configured.and_then(|entry| entry.models.first()).map(|model| model.id.as_str());
    let asked = match model {
        Some(model) => verify::verify_model(client, authorization, model).await,
        None => verify::verify(client, authorization).await,
    };
    match asked {
        Ok(verified) => Asked::Accepted(verified),
        Err(error) => {
            let kind = error.api().map(|api| api.kind);
            let failure = Failure::from(error);
            match kind {
                Some(ApiErrorKind::Authentication | ApiErrorKind::Permission) => Asked::Refused(failure),
                _ => Asked::Unanswered(failure),
            }
        }
    }
}
