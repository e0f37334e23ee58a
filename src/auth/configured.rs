//! The key a provider has in the config, `models.providers.<id>.apiKey`: a source of its own beside stored profiles and
//! the environment. It is used while the agent stores no profile for the provider, whatever the health of those, and it
//! comes before the environment unless that is preferred. Nothing is remembered of its failures. No key is of use for a
//! provider that speaks another protocol.

use super::form::{self, Form};
use super::health::Billing;
use super::profile::{CredentialType, Material, SecretRef};
use super::reference::{BrokenReference, Look, References};
use crate::config::Config;
use crate::config::edit::{Segment, shown};
use crate::secret::{Secret, SecretKind};

/// The kinds of places such a key may be at. What another program keeps is read by profiles alone.
const SOURCES: [&str; 3] = ["env", "file", "exec"];

/// What `api` of a provider in the config says when it speaks the Messages API.
pub const MESSAGES_API: &str = "anthropic-messages";

/// The protocol a provider speaks by the config, when it is another one than the Messages API.
pub fn other_api<'a>(provider: &str, config: &'a Config) -> Option<&'a str> {
    let api = config.provider(provider)?.api.as_deref()?.trim();
    (!matches!(api, "" | MESSAGES_API)).then_some(api)
}

/// A key in the config, or where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigKey<'a> {
    /// The provider.
    pub provider: String,
    /// Where it stands, like `models.providers.team.apiKey`.
    pub place: String,
    material: Kept<'a>,
}

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept<'a> {
    /// The key itself.
    Value(&'a Secret),
    /// Where it is kept.
    Elsewhere(&'a SecretRef),
}

/// A key in the config at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigCredential<'a> {
    /// The key.
    pub key: ConfigKey<'a>,
    /// What it is used for.
    pub standing: ConfigStanding,
    /// Who pays, as far as it is known before it is used.
    pub billing: Billing,
    /// How it is sent, as far as that is known.
    pub form: Option<Form>,
    /// It is known only once a program is run.
    pub known_on_use: bool,
}

/// What a key in the config is used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigStanding {
    /// The next request uses it.
    Used,
    /// A profile is stored.
    Idle,
    /// The environment is preferred, and this one follows it.
    InReserve,
    /// It would be its turn, but somebody else would pay for it, and `auth.crossBilling` is `stop`.
    PayerHeldBack,
    /// Its reference leads nowhere.
    Broken(BrokenReference),
    /// It is of a kind that cannot send messages.
    CannotSend(SecretKind),
}

impl ConfigStanding {
    /// As in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Idle => "idle",
            Self::InReserve => "in-reserve",
            Self::PayerHeldBack => "held-back",
            Self::Broken(_) => "broken",
            Self::CannotSend(_) => "refused",
        }
    }
}

impl<'a> ConfigKey<'a> {
    /// The key the config has for a provider, if it has one.
    pub fn of(provider: &str, config: &'a Config) -> Option<Self> {
        let (id, entry) = config.provider_entry(provider)?;
        let material = match entry.api_key.as_ref()? {
            Material::Value(secret) => Kept::Value(secret),
            Material::Reference(reference) => Kept::Elsewhere(reference),
            Material::Missing => return None,
        };
        let place = shown(&Segment::keys(["models", "providers", id, "apiKey"]));
        Some(Self { provider: provider.to_owned(), place, material })
    }

    /// The key, or where it is kept.
    pub fn kept(&self) -> Kept<'a> {
        self.material
    }

    /// Masked form of the key, or where it is.
    pub fn shown(&self) -> String {
        match self.material {
            Kept::Value(secret) => secret.masked(),
            Kept::Elsewhere(reference) => reference.to_string(),
        }
    }

    /// How a secret that was found there is sent.
    pub fn form(&self, secret: &Secret) -> Form {
        Form::for_provider(&self.provider, secret, CredentialType::ApiKey, None)
    }

    /// Who pays for a secret that was found there.
    pub fn billing(&self, secret: &Secret) -> Billing {
        form::billing(&self.provider, CredentialType::ApiKey, self.form(secret))
    }
}

impl<'a> ConfigCredential<'a> {
    /// The config's key for a provider, judged. `any_stored` says whether the agent stores a profile for it.
    pub(super) fn survey(
        provider: &str,
        config: &'a Config,
        references: &References<'_>,
        any_stored: bool,
    ) -> Option<Self> {
        let key = ConfigKey::of(provider, config)?;
        let look = match key.material {
            Kept::Value(secret) => Look::Found(secret.clone(), None),
            Kept::Elsewhere(reference) if SOURCES.contains(&reference.source.as_str()) => {
                references.look(reference)
            }
            Kept::Elsewhere(reference) => {
                Look::Broken(BrokenReference::UnknownSource(reference.source.clone()))
            }
        };
        let (obstacle, billing, form) = match &look {
            Look::Found(secret, _) if form::is_useless(secret.kind()) => {
                (Some(ConfigStanding::CannotSend(secret.kind())), Billing::Unknown, None)
            }
            Look::Found(secret, _) => (None, key.billing(secret), Some(key.form(secret))),
            Look::OnUse => (None, Billing::Api, None),
            Look::Broken(broken) => (Some(ConfigStanding::Broken(broken.clone())), Billing::Api, None),
        };
        let free = if any_stored { ConfigStanding::Idle } else { ConfigStanding::Used };
        let standing = obstacle.unwrap_or(free);
        Some(Self { key, standing, billing, form, known_on_use: look == Look::OnUse })
    }

    /// Whether a request may be sent with it, be it last.
    pub(super) fn is_eligible(&self) -> bool {
        use ConfigStanding::{InReserve, PayerHeldBack, Used};
        matches!(self.standing, Used | InReserve | PayerHeldBack)
    }
}
