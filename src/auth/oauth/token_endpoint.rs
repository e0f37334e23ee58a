//! The requests to a token endpoint, each sent exactly once. What matters after a failure is whether the token that was
//! sent may have been used up, so failures are told apart by that. Errors carry status and error code, never a body.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Pair;
use super::settings::OAuthAccess;
use crate::anthropic::{Endpoint, Error, http as transport};
use crate::clock::Clock;
use crate::secret::Secret;
use crate::text::one_line;

/// Longest time for a whole exchange.
const LIMIT: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(10);
/// Largest reply that is read.
const LARGEST_REPLY: usize = 64 * 1024;
/// Life of an access token when the reply does not say.
const LIFE: i64 = 3600;
/// Longest life that is believed.
const LONGEST_LIFE: i64 = 10 * 365 * 24 * 3600;
/// Longest error code that is shown.
const CODE_LIMIT: usize = 60;

/// A token endpoint.
#[derive(Clone)]
pub struct TokenEndpoint {
    http: reqwest::Client,
    endpoint: Endpoint,
    url: Url,
    client_id: String,
    betas: String,
    user_agent: String,
}

impl std::fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenEndpoint").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// An exchange gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TokenError {
    /// The request never left, or was refused before it was looked at: what was sent is still good.
    #[error(transparent)]
    NotSent(Error),
    /// The endpoint said no.
    #[error("{host} refused it: HTTP {status}{}", code.as_deref().map(|code| format!(", {code}")).unwrap_or_default())]
    Refused {
        /// Who.
        host: String,
        /// The HTTP status.
        status: u16,
        /// The error code of the reply.
        code: Option<String>,
    },
    /// No reply arrived, or none that is understood: what was sent may be used up.
    #[error("the reply of {host} was lost: {what}")]
    ReplyLost {
        /// Who.
        host: String,
        /// What happened.
        what: String,
    },
}

impl TokenError {
    /// Whether what was sent may be used up all the same: no reply, or one of something on the way that gave up waiting.
    pub fn may_have_used_it_up(&self) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::ReplyLost { .. } => true,
            Self::Refused { status, .. } => matches!(status, 408 | 500 | 502 | 504),
        }
    }

    /// Whether the endpoint says that what was sent is not valid any more.
    pub fn is_invalid_grant(&self) -> bool {
        // A bare status could come from anything on the way; it must not cost a sign-in.
        matches!(self, Self::Refused { code: Some(code), .. } if code == "invalid_grant")
    }
}

/// What a code was exchanged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The pair.
    pub pair: Pair,
    /// The account's e-mail, when told.
    pub email: Option<String>,
    /// The registration it was issued to.
    pub client_id: String,
}

/// The parts of an authorization code exchange.
#[derive(Debug)]
pub struct CodeExchange<'a> {
    /// The code.
    pub code: &'a Secret,
    /// The state that came with it.
    pub state: &'a str,
    /// The redirect it was issued for.
    pub redirect_uri: &'a str,
    /// The PKCE verifier.
    pub verifier: &'a Secret,
}

/// An identity token and the rule it is exchanged by.
#[derive(Debug)]
pub struct IdentityExchange<'a> {
    /// The token another party signed.
    pub assertion: &'a Secret,
    /// The federation rule.
    pub rule_id: &'a str,
    /// The organization, a UUID.
    pub organization_id: &'a str,
    /// Whom the token is minted for.
    pub service_account_id: Option<&'a str>,
    /// The workspace it is good for.
    pub workspace_id: Option<&'a str>,
}

/// An access token that was minted for an identity token. There is nothing to refresh it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// Access token.
    pub access: Secret,
    /// When it ends.
    pub expires: Timestamp,
}

impl TokenEndpoint {
    /// Prepares the endpoint; nothing is sent.
    ///
    /// # Errors
    /// When the address may not be used or the client cannot be built.
    pub fn new(access: &OAuthAccess) -> Result<Self, Error> {
        let url = access.settings.token_url.clone();
        let endpoint = Endpoint::new(&url, access.transport.network)?;
        let http = transport::client(&endpoint, &access.transport.proxy, &access.transport.trust, CONNECT)?;
        Ok(Self {
            http,
            endpoint,
            url,
            client_id: access.settings.client_id.clone(),
            betas: access.settings.betas.clone(),
            user_agent: access.transport.user_agent.clone(),
        })
    }

    /// The same endpoint for another registration.
    #[must_use]
    pub fn for_client(self, client_id: Option<&str>) -> Self {
        match client_id {
            Some(client_id) => Self { client_id: client_id.to_owned(), ..self },
            None => self,
        }
    }

    /// Exchanges a refresh token.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn refresh(&self, refresh: &Secret, clock: &dyn Clock) -> Result<Pair, TokenError> {
        self.endpoint.admit(refresh).map_err(TokenError::NotSent)?;
        let body = json!({
            "grant_type": "refresh_token",
            "refresh_token": refresh.expose(),
            "client_id": self.client_id,
        });
        let reply = self.send(&body).await?;
        Ok(reply.pair(Some(refresh), clock.now()))
    }

    /// Exchanges an authorization code.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn exchange(
        &self,
        exchange: &CodeExchange<'_>,
        clock: &dyn Clock,
    ) -> Result<SignedIn, TokenError> {
        self.endpoint.admit(exchange.code).map_err(TokenError::NotSent)?;
        let body = json!({
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": exchange.code.expose(),
            "state": exchange.state,
            "redirect_uri": exchange.redirect_uri,
            "code_verifier": exchange.verifier.expose(),
        });
        let reply = self.send(&body).await?;
        let email = reply.account.as_ref().and_then(|account| account.get("email_address")?.as_str());
        let email = email.map(|email| one_line(email.trim())).filter(|email| !email.is_empty());
        Ok(SignedIn { pair: reply.pair(None, clock.now()), email, client_id: self.client_id.clone() })
    }

    /// Exchanges an identity token. The endpoint must be that of [`OAuthAccess::for_federation`].
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn mint(
        &self,
        exchange: &IdentityExchange<'_>,
        clock: &dyn Clock,
    ) -> Result<Minted, TokenError> {
        self.endpoint.admit(exchange.assertion).map_err(TokenError::NotSent)?;
        let mut body = json!({
            "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "assertion": exchange.assertion.expose(),
            "federation_rule_id": exchange.rule_id,
            "organization_id": exchange.organization_id,
        });
        let optional =
            [("service_account_id", exchange.service_account_id), ("workspace_id", exchange.workspace_id)];
        for (name, value) in optional {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        let Pair { access, expires, .. } = self.send(&body).await?.pair(None, clock.now());
        Ok(Minted { access, expires })
    }

    async fn send(&self, body: &serde_json::Value) -> Result<Reply, TokenError> {
        let host = || self.endpoint.host().to_owned();
        let lost = |what: String| TokenError::ReplyLost { host: host(), what };
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .header(USER_AGENT, &self.user_agent)
            .header("anthropic-beta", &self.betas)
            .body(body.to_string());
        let exchanged = async {
            let mut response = request.send().await.map_err(|error| self.failed(&error))?;
            let status = response.status();
            let mut bytes = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| lost(transport::words(&error)))? {
                if bytes.len() + chunk.len() > LARGEST_REPLY {
                    return Err(lost("it is too long".to_owned()));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok((status.as_u16(), bytes))
        };
        let exchanged = tokio::time::timeout(LIMIT, exchanged).await;
        let (status, bytes) =
            exchanged.unwrap_or_else(|_| Err(lost(format!("nothing came within {} s", LIMIT.as_secs()))))?;
        tracing::debug!(host = self.endpoint.host(), status, "token endpoint");
        if !(200..300).contains(&status) {
            return Err(TokenError::Refused { host: host(), status, code: error_code(&bytes) });
        }
        let reply: Reply = serde_json::from_slice(&bytes).map_err(|error| {
            lost(format!("it is not understood (line {} column {})", error.line(), error.column()))
        })?;
        if reply.access_token.is_empty() {
            return Err(lost("it holds no access token".to_owned()));
        }
        Ok(reply)
    }

    /// A connection that was never made sent nothing; any other failure may have come after the request was read.
    fn failed(&self, error: &reqwest::Error) -> TokenError {
        let host = self.endpoint.host().to_owned();
        if error.is_connect() {
            return TokenError::NotSent(Error::Connect {
                host,
                proxy: None,
                reason: transport::words(error),
            });
        }
        TokenError::ReplyLost { host, what: transport::words(error) }
    }
}

/// The tokens must be what they should; nothing else in the reply may cost them.
#[derive(Deserialize)]
struct Reply {
    access_token: Secret,
    refresh_token: Option<Secret>,
    expires_in: Option<serde_json::Value>,
    account: Option<serde_json::Value>,
}

impl Reply {
    /// The pair; a reply without a refresh token keeps the old one.
    fn pair(self, old: Option<&Secret>, now: Timestamp) -> Pair {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float saturates, and is then cut to what is believed"
        )]
        let life =
            self.expires_in.and_then(|seconds| seconds.as_f64()).map_or(LIFE, |seconds| seconds as i64);
        let life = life.clamp(0, LONGEST_LIFE);
        let refresh = self.refresh_token.filter(|token| !token.is_empty());
        Pair {
            access: self.access_token,
            refresh: refresh.or_else(|| old.cloned()).unwrap_or_else(|| Secret::new("")),
            expires: now.saturating_add(SignedDuration::from_secs(life)).unwrap_or(Timestamp::MAX),
        }
    }
}

/// The code of an OAuth error, or the type of one in the API's own form.
fn error_code(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let error = value.get("error")?;
    let code = error.as_str().or_else(|| error.get("type")?.as_str())?;
    let well_formed = !code.is_empty()
        && code.len() <= CODE_LIMIT
        && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    well_formed.then(|| code.to_owned())
}
