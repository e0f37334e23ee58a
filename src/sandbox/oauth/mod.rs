//! Sign-in, refresh and workload identity federation: `GET /oauth/authorize` with its consent page,
//! `GET /oauth/code/callback` that shows a code for pasting, and `POST /v1/oauth/token`. No account is asked and none
//! exists; the browser's part can be played by following the link called Approve.

mod authorize;
mod error;
mod fields;
mod ledger;
pub(super) mod masking;
mod pages;
mod pkce;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};

use self::authorize::AuthorizeRequest;
use self::error::OAuthError;
use self::ledger::{CodeGrant, Ended, Ledger};
use self::token::{Decision, Exchange, Outcome, State};
use super::SandboxOptions;
use super::auth::Caller;
use super::error::{ApiError, json_response};
use super::faults::FaultCounts;
use super::stream::{self, Closing, Step};
use crate::clock::Clock;

/// The endpoints and what they remember.
#[derive(Debug)]
pub(super) struct OAuth {
    clock: Arc<dyn Clock>,
    /// Time between a token request and its answer when nothing else is said.
    delay: Duration,
    /// How long access tokens are good.
    lifetime: Duration,
    closing: Closing,
    state: Mutex<State>,
}

/// The routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Authorize,
    CodePage,
    Token,
}

impl Route {
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/oauth/authorize" => Some(Self::Authorize),
            authorize::CODE_PAGE => Some(Self::CodePage),
            "/v1/oauth/token" => Some(Self::Token),
            _ => None,
        }
    }
}

/// An answer, and what the log says of it.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) response: Response,
    /// Whether the client gets to see the status.
    pub(super) arrives: bool,
    pub(super) outcome: Option<&'static str>,
}

impl OAuth {
    pub(super) fn new(options: &SandboxOptions, closing: Closing) -> Self {
        let ledger = Ledger::new(options.clock.now());
        Self {
            clock: options.clock.clone(),
            delay: options.delay,
            lifetime: options.token_lifetime,
            closing,
            state: Mutex::new(State { ledger, counts: FaultCounts::default() }),
        }
    }

    /// Refuses a caller whose access token was minted here and is over.
    pub(super) fn admit(&self, caller: &mut Caller) -> Result<(), ApiError> {
        if !caller.bearer {
            return Ok(());
        }
        match self.state().ledger.judge(&caller.fingerprint, self.clock.now()) {
            Ok(None) => Ok(()),
            Ok(Some(workspace)) => {
                workspace.clone_into(&mut caller.workspace);
                Ok(())
            }
            Err(Ended::Expired) => Err(ApiError::authentication(
                "OAuth token has expired. Please obtain a new token or refresh your existing token.",
            )),
            Err(Ended::Revoked) => {
                Err(ApiError::authentication("OAuth token has been revoked. Please obtain a new token."))
            }
        }
    }

    pub(super) async fn answer(&self, route: Route, head: &Parts, body: Result<Bytes, ApiError>) -> Answered {
        let shown = |response| Answered { response, arrives: true, outcome: None };
        let query = head.uri.query().unwrap_or_default();
        match route {
            Route::Token => self.token(head, body).await,
            _ if head.method != Method::GET => shown(pages::only_get()),
            Route::CodePage => shown(pages::code(query)),
            Route::Authorize => shown(self.authorize(query, head)),
        }
    }

    fn authorize(&self, query: &str, head: &Parts) -> Response {
        let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let request = match AuthorizeRequest::read(query, host) {
            Ok(request) => request,
            Err(parameter) => return pages::wrong(&parameter),
        };
        let code = request.may_approve().then(|| {
            let grant = CodeGrant {
                client_id: request.client_id.clone(),
                redirect_uri: request.redirect_uri.clone(),
                scope: request.scope.clone(),
                challenge: request.challenge.clone(),
                state: request.state.clone(),
                email: request.email.clone(),
                behaviour: request.behaviour,
                expired: request.code_is_expired(),
            };
            self.state().ledger.mint_code(grant, self.clock.now())
        });
        pages::consent(&request, code.as_deref())
    }

    async fn token(&self, head: &Parts, body: Result<Bytes, ApiError>) -> Answered {
        let Decision { outcome, delay } = self.decide(head, body);
        // What was asked for did happen, or did not; leaving changes nothing about it.
        if !self.closing.pause(delay.unwrap_or(self.delay)).await {
            return refused(ApiError::shutting_down().into());
        }
        let (mut response, arrives, outcome) = match outcome {
            Outcome::Granted(reply) => (json_response(StatusCode::OK, &reply), true, Some("granted")),
            Outcome::Lost => (Response::new(stream::silence()), false, Some("granted")),
            Outcome::Refused(error) => return refused(error),
            Outcome::Cut => {
                let body = stream::body(vec![Step::Cut], Duration::ZERO, self.closing.clone());
                (Response::new(body), true, None)
            }
            Outcome::Hang => {
                self.closing.closed().await;
                return refused(ApiError::shutting_down().into());
            }
            Outcome::Page => (pages::in_place_of_a_document(), true, None),
        };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Answered { response, arrives, outcome }
    }

    fn decide(&self, head: &Parts, body: Result<Bytes, ApiError>) -> Decision {
        let refused = |error| Decision { outcome: Outcome::Refused(error), delay: None };
        if head.method != Method::POST {
            return refused(OAuthError::not_posted());
        }
        let body = match body {
            Ok(body) => body,
            Err(error) => return refused(error.into()),
        };
        let exchange = Exchange {
            state: &mut self.state(),
            headers: &head.headers,
            lifetime: self.lifetime,
            now: self.clock.now(),
        };
        exchange.decide(&body)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds this lock can panic half way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refused(error: OAuthError) -> Answered {
    let outcome = Some(error.code);
    let mut response = error.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Answered { response, arrives: true, outcome }
}
