//! `GET /oauth/authorize`: what a sign-in link must say. A link is judged whole before anything is minted for it.
//!
//! `login_hint` chooses the account, and with it what goes wrong: `denied@example.com` cannot approve,
//! `expired-code@example.com` gets a code that is over already, and `fault-NAME@example.com` (with options as in a
//! credential) or `delay-250ms@example.com` gets a code whose exchange meets that.

use std::borrow::Cow;
use std::collections::BTreeMap;

use url::form_urlencoded;

use super::fields::{is_client_id, is_scope_list};
use super::pkce;
use crate::sandbox::faults::{self, Behaviour, Place};

/// Whoever does not say otherwise.
const DEFAULT_EMAIL: &str = "me@example.com";
const DENIED: &str = "denied@example.com";
const EXPIRED_CODE: &str = "expired-code@example.com";

/// Path of the page that shows a code for pasting.
pub(super) const CODE_PAGE: &str = "/oauth/code/callback";

/// A link that passed every check.
#[derive(Debug)]
pub(super) struct AuthorizeRequest {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) scope: String,
    pub(super) challenge: String,
    pub(super) state: String,
    pub(super) email: String,
    /// What exchanging the code meets.
    pub(super) behaviour: Behaviour,
}

/// The parameter that is wrong, and why. Values are not repeated.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct WrongParameter {
    pub(super) name: &'static str,
    pub(super) complaint: &'static str,
}

impl WrongParameter {
    pub(super) fn new(name: &'static str, complaint: &'static str) -> Self {
        Self { name, complaint }
    }
}

impl AuthorizeRequest {
    /// Reads a query. `host` is the sandbox's own address as this request names it.
    pub(super) fn read(query: &str, host: &str) -> Result<Self, WrongParameter> {
        let parameters = Parameters::read(query)?;
        let client_id = parameters.checked("client_id", "expected printable characters", is_client_id)?;
        let redirect_uri = parameters.checked(
            "redirect_uri",
            "expected http://localhost:PORT/callback, http://127.0.0.1:PORT/callback or the code page",
            |uri| is_callback(uri) || uri == format!("http://{host}{CODE_PAGE}"),
        )?;
        parameters.checked("response_type", "expected \"code\"", |it| it == "code")?;
        parameters.checked("code", "expected \"true\"", |it| it == "true")?;
        let scope =
            parameters.checked("scope", "expected scopes with single spaces between them", is_scope_list)?;
        parameters.checked("code_challenge_method", "expected \"S256\"", |it| it == "S256")?;
        let challenge = parameters.checked(
            "code_challenge",
            "expected 43 characters of base64url, the SHA-256 of the verifier",
            pkce::is_challenge,
        )?;
        let state = parameters.checked("state", "expected printable characters", |state| {
            state.bytes().all(|byte| byte.is_ascii_graphic())
        })?;
        let email = if parameters.0.contains_key("login_hint") {
            parameters.checked("login_hint", "expected an e-mail address", is_email)?
        } else {
            DEFAULT_EMAIL.to_owned()
        };
        let behaviour = behaviour(&email).ok_or_else(|| {
            WrongParameter::new("login_hint", "it asks for a fault of sign-in that is unknown")
        })?;
        Ok(Self { client_id, redirect_uri, scope, challenge, state, email, behaviour })
    }

    /// Whether the account may approve.
    pub(super) fn may_approve(&self) -> bool {
        self.email != DENIED
    }

    /// Whether the code is to be over before it is used.
    pub(super) fn code_is_expired(&self) -> bool {
        self.email == EXPIRED_CODE
    }

    /// Where the browser goes with this result.
    pub(super) fn redirect(&self, result: &[(&str, &str)]) -> String {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(result)
            .append_pair("state", &self.state)
            .finish();
        format!("{}?{query}", self.redirect_uri)
    }
}

/// The parameters the link may have; others are none of ours. None may come twice.
struct Parameters<'a>(BTreeMap<&'static str, Cow<'a, str>>);

impl<'a> Parameters<'a> {
    const KNOWN: [&'static str; 9] = [
        "code",
        "client_id",
        "response_type",
        "redirect_uri",
        "scope",
        "code_challenge",
        "code_challenge_method",
        "state",
        "login_hint",
    ];

    fn read(query: &'a str) -> Result<Self, WrongParameter> {
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(name) = Self::KNOWN.into_iter().find(|known| *known == name) else { continue };
            if parameters.insert(name, value).is_some() {
                return Err(WrongParameter::new(name, "it is there twice"));
            }
        }
        Ok(Self(parameters))
    }

    fn checked(
        &self,
        name: &'static str,
        complaint: &'static str,
        is_good: impl Fn(&str) -> bool,
    ) -> Result<String, WrongParameter> {
        match self.0.get(name) {
            None => Err(WrongParameter::new(name, "it is missing")),
            Some(value) if !value.is_empty() && is_good(value) => Ok(value.to_string()),
            Some(_) => Err(WrongParameter::new(name, complaint)),
        }
    }
}

/// Whether a program of this machine listens there. Compared as text, so that no reading of addresses can differ.
fn is_callback(uri: &str) -> bool {
    ["http://localhost:", "http://127.0.0.1:"].iter().any(|start| {
        let port =
            uri.strip_prefix(start).and_then(|rest| rest.strip_suffix("/callback")).unwrap_or_default();
        !port.starts_with('0')
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    })
}

fn is_email(text: &str) -> bool {
    let parts: Vec<_> = text.split('@').collect();
    parts.len() == 2
        && text.len() <= 254
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && parts.iter().all(|part| !part.is_empty())
}

/// What an account asks to go wrong when its code is exchanged.
fn behaviour(email: &str) -> Option<Behaviour> {
    let name = email.split('@').next().unwrap_or_default();
    if !["fault-", "delay-"].iter().any(|start| name.starts_with(start)) {
        return Some(Behaviour::default());
    }
    faults::of_credential(&format!("-{name}"), Place::Token).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_a_port_of_this_machine_and_nothing_else() {
        for good in ["http://localhost:53692/callback", "http://127.0.0.1:1/callback"] {
            assert!(is_callback(good), "{good}");
        }
        for bad in [
            "https://localhost:53692/callback",
            "http://localhost/callback",
            "http://localhost:/callback",
            "http://localhost:0/callback",
            "http://localhost:+1/callback",
            "http://localhost:65536/callback",
            "http://localhost:1/callback/",
            "http://localhost:1/callback?x=1",
            "http://localhost:1/callback#x",
            "http://localhost:1@rebound.example/callback",
            "http://localhost.rebound.example:1/callback",
            "http://rebound.example:1/callback",
            "HTTP://LOCALHOST:1/callback",
        ] {
            assert!(!is_callback(bad), "{bad}");
        }
    }

    #[test]
    fn only_accounts_named_for_it_ask_for_something_to_go_wrong() {
        for email in ["me@example.com", "default-fault-x@example.com", "denied@example.com"] {
            assert_eq!(behaviour(email), Some(Behaviour::default()), "{email}");
        }
        let found = behaviour("fault-api-error-times-1@example.com").unwrap();
        assert_eq!(found.parts(), "fault-api-error-times-1-");
        assert_eq!(behaviour("delay-5ms-fault-hang@example.com").unwrap().parts(), "delay-5ms-fault-hang-");
        assert_eq!(behaviour("fault-flood@example.com"), None);
    }
}
