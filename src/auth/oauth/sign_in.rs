//! One sign-in from its link to the pair: where the browser is sent back to, what it may come back with, and the exchange.
//! Opening a browser, asking for a paste, limits of time and what becomes of the pair are left to whoever runs it.
//!
//! ```no_run
//! # async fn example(access: &fased::auth::oauth::settings::OAuthAccess, clock: &dyn fased::clock::Clock)
//! #     -> Result<(), fased::auth::oauth::sign_in::SignInError> {
//! use fased::auth::oauth::sign_in::{SignIn, Way};
//!
//! let sign_in = SignIn::begin(access, Way::Loopback).await?;
//! println!("{}", sign_in.link());
//! let code = sign_in.callback().await?;
//! let signed_in = sign_in.exchange(code, clock).await?;
//! # drop(signed_in);
//! # Ok(())
//! # }
//! ```

use std::io;

use url::Url;

use super::authorize;
use super::callback::{CallbackListener, is_same};
use super::paste::{self, PasteError, Reply};
use super::pkce::{Pkce, RandomError, random_text};
use super::settings::OAuthAccess;
use super::token_endpoint::{CodeExchange, SignedIn, TokenEndpoint, TokenError};
use crate::anthropic::{Endpoint, Error};
use crate::clock::Clock;
use crate::secret::Secret;

/// How the code comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The browser is on this machine, and is sent back to it.
    Loopback,
    /// The browser is elsewhere; a page shows the code for pasting.
    CodePage,
}

/// A sign-in came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// An address may not be used.
    #[error(transparent)]
    Setup(#[from] Error),
    /// There are no random numbers.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// What came back belongs to another sign-in.
    #[error("what came back belongs to another sign-in than this one")]
    WrongState,
    /// The page says no.
    #[error("the sign-in was refused ({error})")]
    Denied {
        /// Its error code.
        error: String,
    },
    /// What was pasted is no code.
    #[error(transparent)]
    Paste(#[from] PasteError),
    /// The code could not be exchanged.
    #[error("the code could not be exchanged: {0}")]
    Exchange(#[from] TokenError),
}

/// A code whose state was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(Secret);

impl Code {
    pub(super) fn of(code: Secret) -> Self {
        Self(code)
    }
}

/// A sign-in that was begun.
pub struct SignIn {
    endpoint: TokenEndpoint,
    link: Url,
    redirect_uri: String,
    verifier: Secret,
    state: String,
    listener: Option<CallbackListener>,
    not_listening: Option<io::Error>,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignIn").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

impl SignIn {
    /// Begins one. Where the loopback redirect is wanted and its port cannot be had, the code page takes its place.
    ///
    /// # Errors
    /// When an address may not be used, or there are no random numbers. Nothing was sent then, or ever is by this.
    pub async fn begin(access: &OAuthAccess, way: Way) -> Result<Self, SignInError> {
        let settings = &access.settings;
        let endpoint = TokenEndpoint::new(access)?;
        for address in [&settings.authorize_url, &settings.code_page] {
            Endpoint::new(address, access.transport.network)?;
        }
        let pkce = Pkce::generate()?;
        let state = random_text()?.to_string();
        let (listener, not_listening) = match way {
            Way::CodePage => (None, None),
            Way::Loopback => {
                match CallbackListener::bind(settings.redirect_port, &settings.redirect_path).await {
                    Ok(listener) => (Some(listener), None),
                    Err(error) => (None, Some(error)),
                }
            }
        };
        let redirect_uri = match &listener {
            Some(listener) => listener.redirect_uri(),
            None => settings.code_page.to_string(),
        };
        let link = authorize::link(settings, &redirect_uri, &pkce.challenge, &state);
        Ok(Self { endpoint, link, redirect_uri, verifier: pkce.verifier, state, listener, not_listening })
    }

    /// The page to open.
    pub fn link(&self) -> &Url {
        &self.link
    }

    /// Whether the browser can bring the code here by itself.
    pub fn is_listening(&self) -> bool {
        self.listener.is_some()
    }

    /// Why it cannot, where it should.
    pub fn why_not_listening(&self) -> Option<&io::Error> {
        self.not_listening.as_ref()
    }

    /// Waits for the browser to bring the code; for ever where it cannot.
    ///
    /// # Errors
    /// [`SignInError::WrongState`] or [`SignInError::Denied`].
    pub async fn callback(&self) -> Result<Code, SignInError> {
        match &self.listener {
            Some(listener) => listener.reply(&self.state).await,
            None => std::future::pending().await,
        }
    }

    /// Takes what a person pasted. A bare code has no state to check; it is worth nothing without this verifier.
    ///
    /// # Errors
    /// [`SignInError::Paste`], [`SignInError::WrongState`] or [`SignInError::Denied`].
    pub fn pasted(&self, text: &Secret) -> Result<Code, SignInError> {
        let reply = paste::parse(text.expose())?;
        let (Reply::Code { state, .. } | Reply::Error { state, .. }) = &reply;
        if !state.as_deref().is_none_or(|state| is_same(state, &self.state)) {
            return Err(SignInError::WrongState);
        }
        match reply {
            Reply::Code { code, .. } => Ok(Code(code)),
            Reply::Error { error, .. } => Err(SignInError::Denied { error }),
        }
    }

    /// Exchanges the code. It is used up by this, and so is the sign-in: what comes back exists only once and is to be
    /// stored before anything else is done.
    ///
    /// # Errors
    /// [`SignInError::Exchange`].
    pub async fn exchange(self, code: Code, clock: &dyn Clock) -> Result<SignedIn, SignInError> {
        let exchange = CodeExchange {
            code: &code.0,
            state: &self.state,
            redirect_uri: &self.redirect_uri,
            verifier: &self.verifier,
        };
        Ok(self.endpoint.exchange(&exchange, clock).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::anthropic::NetworkPolicy;
    use crate::clock::ManualClock;
    use crate::config::Config;
    use crate::env::Env;
    use crate::sandbox::{Sandbox, SandboxOptions};

    fn access(sandbox: &str, port: u16) -> OAuthAccess {
        let config = format!(
            "{{ models: {{ providers: {{ anthropic: {{ oauth: {{ authorizeUrl: '{sandbox}/oauth/authorize',
            tokenUrl: '{sandbox}/v1/oauth/token', codePage: '{sandbox}/oauth/code/callback', redirectPort: {port} }} }} }} }} }}"
        );
        let config: Config = crate::config::load::parse(&config).unwrap();
        let env = Env::from_pairs::<_, &str, &str>([]);
        crate::provider::oauth(&config, &env, NetworkPolicy::LoopbackOnly).unwrap()
    }

    fn of_link(sign_in: &SignIn, name: &str) -> String {
        sign_in.link().query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
    }

    #[tokio::test]
    async fn the_link_gives_nothing_away_and_every_sign_in_is_its_own() {
        let access = access("http://127.0.0.1:1", 0);
        let one = SignIn::begin(&access, Way::Loopback).await.unwrap();
        let two = SignIn::begin(&access, Way::Loopback).await.unwrap();
        for sign_in in [&one, &two] {
            assert_eq!(of_link(sign_in, "state").len(), 43);
            assert!(!sign_in.link().as_str().contains(sign_in.verifier.expose()));
            assert!(!format!("{sign_in:?}").contains(sign_in.verifier.expose()));
        }
        assert_ne!(of_link(&one, "state"), of_link(&two, "state"));
        assert_ne!(of_link(&one, "code_challenge"), of_link(&two, "code_challenge"));
    }

    #[tokio::test]
    async fn the_redirect_follows_the_way_and_a_busy_port_leads_to_the_code_page() {
        let sign_in = SignIn::begin(&access("http://127.0.0.1:1", 0), Way::Loopback).await.unwrap();
        let redirect = of_link(&sign_in, "redirect_uri");
        let port = redirect.strip_prefix("http://localhost:").and_then(|it| it.strip_suffix("/callback"));
        let port: u16 = port.unwrap().parse().unwrap();
        for way in [Way::CodePage, Way::Loopback] {
            let other = SignIn::begin(&access("http://127.0.0.1:1", port), way).await.unwrap();
            assert_eq!(of_link(&other, "redirect_uri"), "http://127.0.0.1:1/oauth/code/callback");
            assert!(!other.is_listening());
            assert_eq!(other.why_not_listening().is_some(), way == Way::Loopback);
        }
    }

    #[tokio::test]
    async fn a_paste_counts_only_with_this_state_or_none() {
        let sign_in = SignIn::begin(&access("http://127.0.0.1:1", 0), Way::Loopback).await.unwrap();
        let pasted = |text: String| sign_in.pasted(&Secret::new(text));
        let state = of_link(&sign_in, "state");
        let code = Code::of(Secret::new("sandbox-code-FAKE0123456789"));
        assert_eq!(pasted("sandbox-code-FAKE0123456789".to_owned()).unwrap(), code);
        assert_eq!(pasted(format!("sandbox-code-FAKE0123456789#{state}")).unwrap(), code);
        for other in ["x", &state[1..], &format!("{state}x")] {
            let refused = pasted(format!("code=sandbox-code-FAKE0123456789&state={other}"));
            assert!(matches!(refused, Err(SignInError::WrongState)), "{refused:?}");
        }
        let denied = pasted(format!("error=access_denied&state={state}"));
        assert!(matches!(denied, Err(SignInError::Denied { .. })));
        assert!(matches!(pasted("y".to_owned()), Err(SignInError::Paste(PasteError::NotACode))));
    }

    #[tokio::test]
    async fn addresses_must_be_https_or_of_this_machine() {
        for (authorize, code_page) in [
            ("http://sign-in.example", "http://127.0.0.1:1"),
            ("http://127.0.0.1:1", "http://sign-in.example"),
        ] {
            let mut access = access("http://127.0.0.1:1", 0);
            access.settings.authorize_url = authorize.parse().unwrap();
            access.settings.code_page = code_page.parse().unwrap();
            let refused = SignIn::begin(&access, Way::CodePage).await;
            assert!(matches!(refused, Err(SignInError::Setup(Error::InsecureBaseUrl { .. }))));
        }
    }

    #[tokio::test]
    async fn an_exchange_that_is_refused_says_why() {
        let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()));
        let sandbox = Sandbox::start(SandboxOptions::new(clock.clone())).await.unwrap();
        let sign_in = SignIn::begin(&access(&sandbox.url(), 0), Way::CodePage).await.unwrap();
        let code = sign_in.pasted(&Secret::new("sandbox-code-FAKE0123456789")).unwrap();
        let refused = sign_in.exchange(code, clock.as_ref()).await.unwrap_err();
        assert!(matches!(&refused, SignInError::Exchange(error) if error.is_invalid_grant()), "{refused}");
        assert!(!refused.to_string().contains("FAKE"));
        sandbox.shutdown().await.unwrap();
    }
}
