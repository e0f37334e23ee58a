//! The provider as configured: base URL, headers, proxy and trust from config, environment and data file, joined into a
//! client; and a chosen credential turned into what signs its requests. The client itself knows none of those places.

use url::Url;

use crate::anthropic::{
    Authorization, BetaNames, Client, ClientOptions, Error, NetworkPolicy, ProxySettings, TrustSettings,
};
use crate::auth::resolve::{Chosen, Form};
use crate::config::Config;
use crate::env::Env;
use crate::models::catalog::Catalog;
use crate::secret::Secret;

/// What this program calls itself to every server.
pub const USER_AGENT: &str = concat!("fased/", env!("CARGO_PKG_VERSION"));

/// The client for a provider: `models.providers.<id>.baseUrl`, else `ANTHROPIC_BASE_URL`, else the data file's.
///
/// # Errors
/// When an address, header or proxy setting cannot be used.
pub fn client(provider: &str, config: &Config, env: &Env, network: NetworkPolicy) -> Result<Client, Error> {
    let catalog = Catalog::embedded();
    let configured = config.provider(provider);
    let base_url = configured
        .and_then(|provider| provider.base_url.as_deref())
        .or_else(|| env.get("ANTHROPIC_BASE_URL"))
        .unwrap_or(&catalog.api().base_url);
    let betas = BetaNames {
        plan_token: catalog.betas().plan_token.clone(),
        bearer_token: catalog.betas().bearer_token.clone(),
        extended_cache_ttl: catalog.betas().extended_cache_ttl.clone(),
    };
    let base_url = Url::parse(base_url)
        .map_err(|_| Error::InvalidBaseUrl { url: "(not shown)".to_owned(), reason: "it is not a URL" })?;
    let mut options = ClientOptions::new(base_url, &catalog.api().anthropic_version, USER_AGENT, betas);
    options.network = network;
    options.proxy = ProxySettings {
        https_proxy: env.get("HTTPS_PROXY").or_else(|| env.get("https_proxy")).map(Secret::new),
        no_proxy: env.get("NO_PROXY").or_else(|| env.get("no_proxy")).map(str::to_owned),
    };
    options.trust = TrustSettings {
        ssl_cert_file: env.path("SSL_CERT_FILE"),
        ssl_cert_dir: env.get("SSL_CERT_DIR").map(Into::into),
    };
    let headers = configured.into_iter().flat_map(|provider| &provider.headers);
    options.extra_headers = headers
        // We always say who we are, whatever a config asks for.
        .filter(|(name, _)| !name.eq_ignore_ascii_case("user-agent"))
        .map(|(name, value)| (name.clone(), Secret::new(value.as_str())))
        .collect();
    Client::new(options)
}

/// What signs requests with a chosen credential.
pub fn authorization(chosen: &Chosen<'_>) -> Authorization {
    sign_with(chosen.form, chosen.secret.clone())
}

/// What signs requests with a secret sent in this form.
pub fn sign_with(form: Form, secret: Secret) -> Authorization {
    match form {
        Form::ApiKey => Authorization::ApiKey(secret),
        Form::PlanToken => Authorization::PlanToken(secret),
        Form::ConsoleToken => Authorization::BearerToken(secret),
    }
}
