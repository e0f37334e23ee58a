//! Where a provider's pairs are issued, and to which registration: a preset, overridden by `models.providers.<id>.oauth`
//! so that an organization can use its own.

use url::Url;

use crate::anthropic::{Error, Transport};
use crate::config::schema::OAuthOverrides;

/// A registration and its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthSettings {
    /// Where a person consents.
    pub authorize_url: Url,
    /// Where codes and refresh tokens are exchanged.
    pub token_url: Url,
    /// The registration.
    pub client_id: String,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Value of `anthropic-beta` for requests to the token endpoint.
    pub betas: String,
    /// Port of the loopback redirect; 0 takes any that is free.
    pub redirect_port: u16,
    /// Path of the loopback redirect.
    pub redirect_path: String,
    /// The page that shows the code where no redirect can arrive.
    pub code_page: Url,
    /// Where identity tokens are exchanged: the token endpoint of the API that requests go to. `None` where that has no
    /// address that could be used, which matters to no other exchange.
    pub federation_url: Option<Url>,
    /// Value of `anthropic-beta` for that exchange, and for no other.
    pub federation_betas: String,
}

impl OAuthSettings {
    /// The settings with what the config overrides.
    ///
    /// # Errors
    /// When an address is no URL.
    pub fn overridden(self, by: &OAuthOverrides) -> Result<Self, Error> {
        let url = |text: &Option<String>, preset: Url| match text {
            None => Ok(preset),
            Some(text) => parse(text),
        };
        Ok(Self {
            authorize_url: url(&by.authorize_url, self.authorize_url)?,
            token_url: url(&by.token_url, self.token_url)?,
            client_id: by.client_id.clone().unwrap_or(self.client_id),
            scopes: by.scopes.clone().unwrap_or(self.scopes),
            redirect_port: by.redirect_port.unwrap_or(self.redirect_port),
            code_page: url(&by.code_page, self.code_page)?,
            ..self
        })
    }
}

/// Reads an address.
///
/// # Errors
/// When it is no URL. The text is not repeated: it may hold a password.
pub fn parse(text: &str) -> Result<Url, Error> {
    Url::parse(text).map_err(|_| no_url())
}

fn no_url() -> Error {
    Error::InvalidBaseUrl { url: "(not shown)".to_owned(), reason: "it is not a URL" }
}

/// A provider's token endpoint as this process reaches it.
#[derive(Debug, Clone)]
pub struct OAuthAccess {
    /// Registration and addresses.
    pub settings: OAuthSettings,
    /// How requests leave.
    pub transport: Transport,
}

impl OAuthAccess {
    /// The endpoint that exchanges identity tokens.
    ///
    /// # Errors
    /// When it has no address.
    pub fn for_federation(&self) -> Result<Self, Error> {
        let mut settings = self.settings.clone();
        let url = settings.federation_url.clone();
        settings.token_url = url.ok_or_else(no_url)?;
        settings.betas.clone_from(&settings.federation_betas);
        Ok(Self { settings, transport: self.transport.clone() })
    }
}
