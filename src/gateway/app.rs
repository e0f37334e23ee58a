//! What all requests share.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderValue;
use jiff::Timestamp;
use tokio::sync::watch;

use super::chat::Turns;
use super::client_api::affinity::Affinity;
use super::client_api::noting::Unfinished;
use super::keys::Keys;
use super::keys::budget::Budget;
use super::ledger::LedgerQueue;
use super::live::Live;
use super::login::Logins;
use super::metrics::Metrics;
use super::random::Digest;
use super::removed::Removed;
use super::sign_ins::SignIns;
use super::token;
use crate::anthropic::NetworkPolicy;
use crate::auth::reference::Programs;
use crate::clock::Clock;
use crate::config::Paths;
use crate::config::load::Loaded;
use crate::secret::Secret;

/// A running gateway, as its handlers see it.
#[derive(Debug)]
pub(super) struct App {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) paths: Paths,
    pub(super) network: NetworkPolicy,
    pub(super) programs: Programs,
    /// Config and credentials as they are now.
    pub(super) live: Live,
    /// The clients' keys as they are now.
    pub(super) keys: Keys,
    /// Browsers that are signed in.
    pub(super) logins: Logins,
    pub(super) metrics: Arc<Metrics>,
    /// Which credential each conversation of a client has.
    pub(super) affinity: Affinity,
    /// What clients have spent.
    pub(super) budget: Arc<Budget>,
    /// Where rows of the ledger are handed in.
    pub(super) ledger: Arc<LedgerQueue>,
    /// Notes about clients' requests that are being made.
    pub(super) notes: Unfinished,
    /// Credentials whose removal can be undone.
    pub(super) removed: Removed,
    /// The sign-in with a provider that was begun on a page.
    pub(super) sign_ins: SignIns,
    /// Answers that are coming.
    pub(super) turns: Turns,
    /// Where it listens.
    pub(super) ip: IpAddr,
    pub(super) port: u16,
    /// Names this process, in `via` headers and request ids.
    pub(super) instance: String,
    /// True from the moment it is to end.
    pub(super) closing: watch::Receiver<bool>,
}

impl App {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What names us in the `via` header of requests that are sent on.
    pub(super) fn via(&self) -> HeaderValue {
        // The name of an instance is made of hex digits.
        let text = format!("1.1 fased-{}", self.instance);
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("1.1 fased"))
    }

    /// The name of our cookie. Cookies do not know ports, so that of another gateway on this machine has another name.
    pub(super) fn cookie_name(&self) -> String {
        format!("fased-{}", self.port)
    }

    /// Whether a request may be meant for us that names this host, whatever its port: a tunnel changes it.
    pub(super) fn is_own_host(&self, host: &str) -> bool {
        let name = host.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(host);
        let is_ours = match name.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || ip == self.ip,
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        };
        is_ours || self.is_allowed_host(host)
    }

    /// Whether the config names this host.
    pub(super) fn is_allowed_host(&self, host: &str) -> bool {
        let world = self.live.world();
        world.loaded.config.gateway.allowed_hosts.iter().any(|name| name.trim().eq_ignore_ascii_case(host))
    }

    /// Whether this is the gateway's token, which may have changed since it started.
    pub(super) fn is_token(&self, presented: &Secret) -> bool {
        let world = self.live.world();
        let Loaded { config, env } = &world.loaded;
        match token::read(config, env, &self.paths) {
            Ok(Some(token)) => Digest::of(token.expose()) == Digest::of(presented.expose()),
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(%error, "the gateway's token cannot be read");
                false
            }
        }
    }
}
