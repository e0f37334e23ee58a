//! How a credential is sent, and so who pays: told from what the secret is, and only where its prefix says nothing from
//! what it was stored as.

use serde::Serialize;

use super::health::Billing;
use super::profile::CredentialType;
use crate::secret::{Secret, SecretKind};

/// The provider whose credentials tell by their form who pays.
pub const ANTHROPIC: &str = "anthropic";

/// How a credential is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// In `x-api-key`.
    ApiKey,
    /// As a bearer token of a Claude plan.
    PlanToken,
    /// As a bearer token of the Console, of federation or of another provider.
    ConsoleToken,
}

impl Form {
    /// The form of a secret. A bearer token in a key's place is still a bearer token, and the other way round. Plan and
    /// Console tokens look alike; `issuer` tells them apart, and unknown counts as a plan.
    pub fn of(secret: &Secret, stored_as: CredentialType, issuer: Option<&str>) -> Self {
        let is_bearer = match secret.kind() {
            SecretKind::BearerToken => true,
            SecretKind::Other => stored_as != CredentialType::ApiKey,
            _ => false,
        };
        match (is_bearer, issuer) {
            (false, _) => Self::ApiKey,
            (true, Some("console")) => Self::ConsoleToken,
            (true, _) => Self::PlanToken,
        }
    }

    /// The form of a secret for a provider. Plans are Anthropic's: a bearer token for anybody else goes without what
    /// their requests carry.
    pub fn for_provider(
        provider: &str,
        secret: &Secret,
        stored_as: CredentialType,
        issuer: Option<&str>,
    ) -> Self {
        match Self::of(secret, stored_as, issuer) {
            Self::PlanToken if provider != ANTHROPIC => Self::ConsoleToken,
            form => form,
        }
    }

    /// Who pays for what is sent to Anthropic in this form.
    pub fn billing(self) -> Billing {
        match self {
            Self::ApiKey | Self::ConsoleToken => Billing::Api,
            Self::PlanToken => Billing::Subscription,
        }
    }
}

/// Who pays for a credential of a provider. A key is one of an account there; what pays for the tokens of others than
/// Anthropic nobody can tell.
pub fn billing(provider: &str, stored_as: CredentialType, form: Form) -> Billing {
    match stored_as {
        _ if provider == ANTHROPIC => form.billing(),
        CredentialType::ApiKey => Billing::Api,
        CredentialType::Token | CredentialType::OAuth => Billing::Unknown,
    }
}

/// Whether a secret cannot sign requests for messages, whatever it was stored as.
pub fn is_useless(kind: SecretKind) -> bool {
    matches!(kind, SecretKind::AdminKey | SecretKind::RefreshToken | SecretKind::GatewayClientKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_plan_pays_for_what_another_provider_gets() {
        let bearer = Secret::new("sk-ant-oat01-x");
        let form = |provider: &str| Form::for_provider(provider, &bearer, CredentialType::Token, None);
        assert_eq!((form("anthropic"), form("team")), (Form::PlanToken, Form::ConsoleToken));
        assert_eq!(billing("anthropic", CredentialType::Token, form("anthropic")), Billing::Subscription);
        assert_eq!(billing("team", CredentialType::Token, form("team")), Billing::Unknown);
        assert_eq!(billing("team", CredentialType::ApiKey, Form::ApiKey), Billing::Api);
    }

    #[test]
    fn what_the_secret_is_decides_over_what_it_was_stored_as() {
        for (secret, stored_as, issuer, form) in [
            ("sk-ant-api03-x", CredentialType::ApiKey, None, Form::ApiKey),
            ("sk-ant-api03-x", CredentialType::Token, None, Form::ApiKey),
            ("sk-ant-oat01-x", CredentialType::ApiKey, None, Form::PlanToken),
            ("sk-ant-oat01-x", CredentialType::OAuth, Some("console"), Form::ConsoleToken),
            ("sk-ant-oat01-x", CredentialType::Token, Some("plan"), Form::PlanToken),
            ("something-else", CredentialType::ApiKey, None, Form::ApiKey),
            ("something-else", CredentialType::Token, None, Form::PlanToken),
            ("sk-ant-new07-x", CredentialType::Token, None, Form::ApiKey),
        ] {
            assert_eq!(Form::of(&Secret::new(secret), stored_as, issuer), form, "{secret} {stored_as:?}");
        }
    }
}
