//! The provider as configured: base URL, headers, proxy and trust from config, environment and data file, joined into a
//! client; and a chosen credential turned into what signs its requests. The client itself knows none of those places.

pub mod custom;

use url::Url;

use crate::anthropic::{
    Authorization, BetaNames, Client, ClientOptions, Endpoint, Error, NetworkPolicy, ProxySettings,
    Transport, TrustSettings,
};
use crate::auth::configured;
use crate::auth::form::{ANTHROPIC, Form};
use crate::auth::oauth::settings::{self, OAuthAccess, OAuthSettings};
use crate::auth::obtain::Obtained;
use crate::config::Config;
use crate::env::Env;
use crate::models::catalog::Catalog;
use crate::secret::Secret;
use crate::text::{one_line, without_credentials};

/// What this program calls itself to every server.
pub const USER_AGENT: &str = concat!("fased/", env!("CARGO_PKG_VERSION"));

/// There is no client for a provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// Nobody said where it is. A credential of one provider must never go to another one's address.
    #[error("Provider \"{provider}\" has no base URL.")]
    NoBaseUrl {
        /// The provider.
        provider: String,
    },
    /// It speaks another protocol than the one of this program.
    #[error("Provider \"{provider}\" speaks {}; only Anthropic's Messages API is spoken here.", one_line(.api))]
    OtherApi {
        /// The provider.
        provider: String,
        /// What the config says it speaks.
        api: String,
    },
    /// Its address in the config is none, or not a safe one.
    #[error("{source} (provider {provider})")]
    BaseUrl {
        /// The provider.
        provider: String,
        /// What is wrong with it.
        source: Error,
    },
    /// An address, header or proxy setting cannot be used.
    #[error(transparent)]
    Client(#[from] Error),
}

/// The client for a provider: `models.providers.<id>.baseUrl`, and for Anthropic alone else `ANTHROPIC_BASE_URL`, else
/// the data file's.
///
/// # Errors
/// When there is no address, or a setting cannot be used.
pub fn client(
    provider: &str,
    config: &Config,
    env: &Env,
    network: NetworkPolicy,
) -> Result<Client, ProviderError> {
    Client::new(options(provider, config, env, network)?).map_err(|error| told(provider, error))
}

/// A mistake in an address is told with the provider whose it is.
fn told(provider: &str, error: Error) -> ProviderError {
    match error {
        Error::InvalidBaseUrl { .. } | Error::InsecureBaseUrl { .. } if provider != ANTHROPIC => {
            ProviderError::BaseUrl { provider: provider.to_owned(), source: error }
        }
        error => error.into(),
    }
}

/// What such a client is made of.
///
/// # Errors
/// As [`client`].
pub fn options(
    provider: &str,
    config: &Config,
    env: &Env,
    network: NetworkPolicy,
) -> Result<ClientOptions, ProviderError> {
    check_api(provider, config)?;
    let catalog = Catalog::embedded();
    let configured = config.provider(provider);
    let base_url = base_url(provider, config, env)
        .ok_or_else(|| ProviderError::NoBaseUrl { provider: provider.to_owned() })?;
    // Betas are Anthropic's: another provider may refuse what it does not know, so it gets those the config names alone.
    let betas = match provider {
        ANTHROPIC => BetaNames {
            plan_token: catalog.betas().plan_token.clone(),
            bearer_token: catalog.betas().bearer_token.clone(),
            extended_cache_ttl: catalog.betas().extended_cache_ttl.clone(),
            refused_with_bearer: catalog.betas().refused_with_bearer.clone(),
        },
        _ => BetaNames::default(),
    };
    let base_url = settings::parse(base_url).map_err(|error| told(provider, error))?;
    let mut options = ClientOptions::new(base_url, &catalog.api().anthropic_version, USER_AGENT, betas);
    let transport = transport(env, network);
    (options.network, options.proxy, options.trust) = (transport.network, transport.proxy, transport.trust);
    let headers = configured.into_iter().flat_map(|provider| &provider.headers);
    options.extra_headers = headers
        // We always say who we are, whatever a config asks for.
        .filter(|(name, _)| !name.eq_ignore_ascii_case("user-agent"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Ok(options)
}

/// Whether a provider can be asked at all: it speaks the Messages API, or nobody says that it does not.
///
/// # Errors
/// When the config says that it speaks something else.
pub fn check_api(provider: &str, config: &Config) -> Result<(), ProviderError> {
    match configured::other_api(provider, config) {
        None => Ok(()),
        Some(api) => {
            Err(ProviderError::OtherApi { provider: provider.to_owned(), api: without_credentials(api) })
        }
    }
}

/// Whether a provider's models can be asked: it speaks the Messages API, and somebody says where it is.
///
/// # Errors
/// When it does not, or nobody does.
pub fn check(provider: &str, config: &Config, env: &Env) -> Result<(), ProviderError> {
    check_api(provider, config)?;
    let address = base_url(provider, config, env);
    address.map(drop).ok_or_else(|| ProviderError::NoBaseUrl { provider: provider.to_owned() })
}

/// The base URL of a provider as configured; `None` when nobody says it.
pub fn base_url<'a>(provider: &str, config: &'a Config, env: &'a Env) -> Option<&'a str> {
    let anthropics = || env.get("ANTHROPIC_BASE_URL").unwrap_or(&Catalog::embedded().api().base_url);
    let configured = config.provider(provider).and_then(|provider| provider.base_url.as_deref());
    configured.or_else(|| (provider == ANTHROPIC).then(anthropics))
}

/// Whether a provider is on this machine; `None` when nobody says where it is, or nobody could go there.
pub fn is_local(provider: &str, config: &Config, env: &Env) -> Option<bool> {
    let base_url = settings::parse(base_url(provider, config, env)?).ok()?;
    Endpoint::new(&base_url, NetworkPolicy::default()).ok().map(|endpoint| endpoint.is_loopback())
}

/// How requests leave this process.
pub fn transport(env: &Env, network: NetworkPolicy) -> Transport {
    Transport {
        network,
        proxy: ProxySettings {
            https_proxy: env.get("HTTPS_PROXY").or_else(|| env.get("https_proxy")).map(Secret::new),
            no_proxy: env.get("NO_PROXY").or_else(|| env.get("no_proxy")).map(str::to_owned),
        },
        trust: TrustSettings {
            ssl_cert_file: env.path("SSL_CERT_FILE"),
            ssl_cert_dir: env.get("SSL_CERT_DIR").map(Into::into),
        },
        user_agent: USER_AGENT.to_owned(),
    }
}

/// Anthropic's OAuth registration and addresses, as the config has them.
///
/// # Errors
/// When a configured address is no URL.
pub fn oauth(config: &Config, env: &Env, network: NetworkPolicy) -> Result<OAuthAccess, Error> {
    let catalog = Catalog::embedded();
    let preset = catalog.oauth();
    let settings = OAuthSettings {
        authorize_url: settings::parse(&preset.authorize_url)?,
        token_url: settings::parse(&preset.token_url)?,
        client_id: preset.client_id.clone(),
        scopes: preset.scopes.clone(),
        betas: catalog.betas().bearer_token.join(","),
        redirect_port: preset.redirect_port,
        redirect_path: preset.redirect_path.clone(),
        code_page: settings::parse(&preset.code_page)?,
        // A token is good for the deployment that issued it, so it is minted where requests will go.
        federation_url: base_url("anthropic", config, env).and_then(token_url_of),
        federation_betas: [catalog.betas().bearer_token.join(","), catalog.betas().federation.clone()]
            .join(","),
    };
    let overrides = config.provider("anthropic").map(|provider| provider.oauth.clone()).unwrap_or_default();
    Ok(OAuthAccess { settings: settings.overridden(&overrides)?, transport: transport(env, network) })
}

/// The token endpoint below a base URL.
fn token_url_of(base_url: &str) -> Option<Url> {
    let mut url = Url::parse(base_url).ok()?;
    let path = format!("{}/v1/oauth/token", url.path().trim_end_matches('/'));
    url.set_path(&path);
    Some(url)
}

/// What signs requests with an obtained secret.
pub fn authorization(obtained: Obtained) -> Authorization {
    match (obtained.form, obtained.workspace) {
        (Form::ConsoleToken, Some(workspace)) => {
            Authorization::WorkspaceToken { token: obtained.secret, workspace }
        }
        (form, _) => sign_with(form, obtained.secret),
    }
}

/// What signs requests with a secret sent in this form.
pub fn sign_with(form: Form, secret: Secret) -> Authorization {
    match form {
        Form::ApiKey => Authorization::ApiKey(secret),
        Form::PlanToken => Authorization::PlanToken(secret),
        Form::ConsoleToken => Authorization::BearerToken(secret),
    }
}
