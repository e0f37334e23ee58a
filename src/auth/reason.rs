//! Why a request failed, as far as that matters to the credential it was sent with and to what is tried next.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// The kinds of failure that are treated differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The credential is not accepted.
    Auth,
    /// The credential may not use this class of models. Recorded as `auth`, for that class alone.
    Permission,
    /// The credential was revoked or disabled, and waiting does not bring it back.
    AuthPermanent,
    /// A rate limit. The limits of a class of models say nothing about another class.
    RateLimit,
    /// A spend limit of the organization or workspace.
    SpendLimit,
    /// The account does not pay.
    Billing,
    /// The provider is overloaded, which is nobody's fault here.
    Overloaded,
    /// The provider or the network failed, or took too long.
    Timeout,
    /// The provider does not know the model.
    ModelNotFound,
    /// The request itself is wrong; with any credential it would be refused again.
    Format,
    /// Its secret could not be had where it is kept. Nothing was sent.
    Unobtainable,
    /// Something on this machine: a setting, or a credential that must not leave it. Nothing was sent.
    Local,
}

impl Reason {
    /// Its name in `auth-state.json` and in JSON, by the schema of the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth | Self::Permission => "auth",
            Self::AuthPermanent => "auth_permanent",
            Self::RateLimit => "rate_limit",
            Self::SpendLimit => "spend_limit",
            Self::Billing => "billing",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::ModelNotFound => "model_not_found",
            Self::Format => "format",
            Self::Unobtainable => "unobtainable",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure as rotation and cooldowns see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub reason: Reason,
    /// When the credential works again by the provider's own words; `None` when it did not say.
    pub until: Option<Timestamp>,
    /// How long the provider asks to wait before the next try.
    pub wait: Option<Duration>,
}

impl Failed {
    /// A failure about which the provider said no time.
    pub fn because(reason: Reason) -> Self {
        Self { reason, until: None, wait: None }
    }
}
