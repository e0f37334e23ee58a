//! The one constructor of HTTP clients, and what their failures are called. No redirect is ever followed, no request is
//! ever repeated, proxies and trusted roots come from the settings alone. What is sent is not decided here.

use std::error::Error as _;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::endpoint::{Endpoint, NetworkPolicy};
use super::error::Error;
use crate::secret::Secret;

/// Which proxy is used, and for which hosts it is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxySettings {
    /// The proxy for https, a URL or `host:port`; it may hold a password.
    pub https_proxy: Option<Secret>,
    /// Hosts reached directly: a comma-separated list of domains, addresses and networks, or `*`.
    pub no_proxy: Option<String>,
}

/// Where the system's trusted roots are read. Those built in are trusted in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustSettings {
    /// A PEM file to read instead of the system's; an empty path means none.
    pub ssl_cert_file: Option<PathBuf>,
    /// Directories of PEM files to read instead of the system's, in the form of `PATH`.
    pub ssl_cert_dir: Option<OsString>,
}

/// How requests leave this process, for clients that are built later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// Which hosts may be reached.
    pub network: NetworkPolicy,
    /// The proxy.
    pub proxy: ProxySettings,
    /// Trusted roots.
    pub trust: TrustSettings,
    /// Value of `user-agent`.
    pub user_agent: String,
}

/// Builds the client for one endpoint. It must be used for that endpoint only: the one for plain http trusts no roots,
/// which makes it cheap to build, and the one for this machine has no proxy.
///
/// Without [`TrustSettings`] the system's roots are looked for as `rustls-native-certs` does it, which is the one place
/// where `SSL_CERT_FILE` and `SSL_CERT_DIR` of the process have a say.
///
/// # Errors
/// [`Error::InvalidProxy`], or [`Error::Setup`] when the parts do not fit together.
pub fn client(
    endpoint: &Endpoint,
    proxy: &ProxySettings,
    trust: &TrustSettings,
    connect_timeout: Duration,
) -> Result<reqwest::Client, Error> {
    let roots = if endpoint.is_https() { roots(trust) } else { RootCertStore::empty() };
    // Sandbox credentials and plain http are allowed for `localhost`, so no resolver may send it elsewhere.
    let this_machine =
        [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls(roots)?)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(connect_timeout)
        .resolve_to_addrs("localhost", &this_machine)
        .no_proxy();
    if let Some(proxy_url) = proxy_in_force(endpoint, proxy) {
        let exceptions = proxy.no_proxy.as_deref().and_then(reqwest::NoProxy::from_string);
        let proxy = reqwest::Proxy::https(proxy_url).map_err(|_| Error::InvalidProxy)?;
        builder = builder.proxy(proxy.no_proxy(exceptions));
    }
    builder.build().map_err(|error| Error::Setup { reason: innermost(&error.without_url()) })
}

/// The proxy's host and port, for messages.
///
/// # Errors
/// [`Error::InvalidProxy`].
pub(super) fn proxy_host(endpoint: &Endpoint, proxy: &ProxySettings) -> Result<Option<String>, Error> {
    let Some(text) = proxy_in_force(endpoint, proxy) else { return Ok(None) };
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    let url = url.ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or(Error::InvalidProxy)?;
    let host = url.host_str().ok_or(Error::InvalidProxy)?;
    Ok(Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))))
}

fn proxy_in_force<'a>(endpoint: &Endpoint, proxy: &'a ProxySettings) -> Option<&'a str> {
    let set = proxy.https_proxy.as_ref().map(Secret::expose).filter(|text| !text.is_empty());
    set.filter(|_| !endpoint.is_loopback())
}

fn tls(roots: RootCertStore) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Setup { reason: error.to_string() })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A preconfigured backend is taken as it is, so the choice of protocol is made here.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The built-in roots and the system's. A source that cannot be read is passed over with a warning: the built-in
/// roots may be enough, and if they are not, the connection says so.
fn roots(trust: &TrustSettings) -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let directories: Vec<PathBuf> = trust
        .ssl_cert_dir
        .iter()
        .flat_map(|list| std::env::split_paths(list))
        .filter(|path| !path.as_os_str().is_empty())
        .collect();
    let mut sources = Vec::new();
    if let Some(file) = trust.ssl_cert_file.as_ref().filter(|path| !path.as_os_str().is_empty()) {
        sources.push(rustls_native_certs::load_certs_from_paths(Some(file), None));
    }
    for directory in &directories {
        sources.push(rustls_native_certs::load_certs_from_paths(None, Some(directory)));
    }
    if sources.is_empty() {
        sources.push(rustls_native_certs::load_native_certs());
    }
    for source in sources {
        for error in &source.errors {
            tracing::warn!("trusted roots not read: {error}");
        }
        roots.add_parsable_certificates(source.certs);
    }
    roots
}

/// What happened to a connection, in words.
pub(crate) fn words(error: &reqwest::Error) -> String {
    if error.is_dns() {
        return "the host name cannot be resolved".to_owned();
    }
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return format!("TLS failed: {tls}");
        }
        if let Some(known) = cause.downcast_ref::<io::Error>().and_then(|error| io_words(error.kind())) {
            return known.to_owned();
        }
    }
    innermost(error)
}

/// What is below an error, nearest first. An `io::Error` passes over the error it wraps when asked for its source, so
/// that one is asked for by name.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&current| {
        let wrapped = current.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| current.source())
    })
}

fn io_words(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset => "connection reset",
        io::ErrorKind::ConnectionAborted => "connection aborted",
        io::ErrorKind::BrokenPipe => "connection closed while sending",
        io::ErrorKind::UnexpectedEof => "connection closed",
        io::ErrorKind::TimedOut => "connection timed out",
        io::ErrorKind::HostUnreachable => "host unreachable",
        io::ErrorKind::NetworkUnreachable => "network unreachable",
        io::ErrorKind::NetworkDown => "network down",
        _ => return None,
    })
}

/// The message of the first cause. The ones above it only say that something failed, and may name a URL.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "the connection failed".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Endpoint {
        Endpoint::new(&Url::parse(url).unwrap(), NetworkPolicy::Any).unwrap()
    }

    fn proxy(url: &str) -> ProxySettings {
        ProxySettings { https_proxy: Some(Secret::new(url)), no_proxy: None }
    }

    fn build(url: &str, proxy: &ProxySettings) -> Result<reqwest::Client, Error> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let trust = TrustSettings { ssl_cert_file: Some(file.path().to_owned()), ssl_cert_dir: None };
        client(&endpoint(url), proxy, &trust, Duration::from_secs(1))
    }

    #[test]
    fn a_proxy_may_be_a_url_or_a_host_with_a_port() {
        let api = endpoint("https://api.anthropic.com");
        for (text, host) in [
            ("http://user:hunter2@proxy.example:3128", "proxy.example:3128"),
            ("proxy.example:3128", "proxy.example:3128"),
            ("https://proxy.example", "proxy.example"),
        ] {
            assert_eq!(proxy_host(&api, &proxy(text)).unwrap().as_deref(), Some(host));
            assert!(build("https://api.anthropic.com", &proxy(text)).is_ok(), "{text}");
        }
        assert_eq!(proxy_host(&api, &proxy("")).unwrap(), None);
    }

    #[test]
    fn a_bad_proxy_is_refused_without_repeating_it() {
        let api = endpoint("https://api.anthropic.com");
        for text in ["socks5://user:hunter2@proxy.example", "http://user:hunter2@:99999", "http://"] {
            let error = proxy_host(&api, &proxy(text)).unwrap_err();
            assert!(matches!(error, Error::InvalidProxy), "{text}");
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }

    #[test]
    fn this_machine_has_no_proxy() {
        assert_eq!(proxy_host(&endpoint("https://localhost:9"), &proxy("not a url")).unwrap(), None);
        assert!(build("http://127.0.0.1:9", &proxy("not a url")).is_ok());
    }

    #[test]
    fn unreadable_roots_leave_the_built_in_ones() {
        let trust = TrustSettings {
            ssl_cert_file: Some("/nonexistent/roots.pem".into()),
            ssl_cert_dir: Some("/nonexistent/a:/nonexistent/b".into()),
        };
        assert_eq!(roots(&trust).len(), webpki_roots::TLS_SERVER_ROOTS.len());
    }
}
