//! Who is let in. Every request passes through [`admit`], whatever it asks for: the host it names, the page it was sent from,
//! the credential it brings and the kind of its body, in this order and before its body is read. What a route needs stands
//! in its row; a handler can neither add to these checks nor get around them.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderName, Method, StatusCode};

use super::app::App;
use super::keys::ClientKey;
use super::random::Digest;
use super::refusal::Refusal;
use super::routes::{self, BodyRule, Door, Found, Route};
use crate::error::{Exit, Failure};
use crate::secret::{Secret, SecretKind};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Who sent a request.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// Nobody knows.
    Anyone,
    /// The owner's program, by the gateway's token.
    OwnerByToken,
    /// The owner's browser, by its cookie, whose hash is its name.
    OwnerByCookie(Digest),
    /// A client of the Messages API.
    Client(Arc<ClientKey>),
}

/// Lets a request in, or says why not.
pub(super) fn admit(app: &App, head: &Parts) -> Result<(&'static Route, Vec<String>, Caller), Refusal> {
    let host = check_host(app, head)?;
    let (route, captures) = match routes::find(&head.method, head.uri.path()) {
        Found::Route(route, captures) => (route, captures),
        Found::OtherMethod(allowed) => {
            // Which paths there are is no secret; where a page of another site asks is told first.
            check_origin(app, head, &host)?;
            let failure = refused("method", format!("This address does not take {}.", head.method));
            return Err(Refusal::method_not_allowed(failure, allowed));
        }
        Found::Nothing => {
            check_origin(app, head, &host)?;
            let failure = refused("not_found", "There is nothing at this address.".to_owned());
            return Err(Refusal::new(StatusCode::NOT_FOUND, failure));
        }
    };
    let proof = check_origin(app, head, &host)?;
    let caller = identify(app, route, head, proof)?;
    if let (Caller::Client(key), true) = (&caller, route.path.starts_with("/agents/")) {
        check_agent(key, captures.first().map_or("", String::as_str))?;
    }
    check_body(route, &head.headers)?;
    Ok((route, captures, caller))
}

fn refused(kind: &'static str, message: String) -> Failure {
    Failure::new(Exit::Failed, kind, message)
}

/// The host a request names, which must be one of ours: a page whose name was made to lead here names its own.
fn check_host(app: &App, head: &Parts) -> Result<Authority, Refusal> {
    let mut named = head.headers.get_all(HOST).iter();
    let (first, second) = (named.next(), named.next());
    let text = match (first, second, head.uri.authority()) {
        (Some(host), None, None) => host.to_str().unwrap_or_default(),
        // An address in the request line must name the same.
        (Some(host), None, Some(authority)) if host.as_bytes() == authority.as_str().as_bytes() => {
            authority.as_str()
        }
        (None, None, None) => {
            let failure = refused("host", "The request names no host.".to_owned());
            return Err(Refusal::new(StatusCode::BAD_REQUEST, failure));
        }
        _ => {
            let failure = refused("host", "The request names more than one host.".to_owned());
            return Err(Refusal::new(StatusCode::BAD_REQUEST, failure));
        }
    };
    let authority = text.parse::<Authority>().ok().filter(|authority| !authority.as_str().contains('@'));
    match authority {
        Some(authority) if app.is_own_host(authority.host()) => Ok(authority),
        _ => {
            let name = crate::text::one_line(text).chars().take(100).collect::<String>();
            let failure = refused("host", format!("This gateway does not answer to the name \"{name}\"."))
                .hint("name it in the config, if it is meant to lead here")
                .command("fased config set gateway.allowedHosts '[\"HOST\"]'");
            Err(Refusal::new(StatusCode::FORBIDDEN, failure))
        }
    }
}

/// What a browser says about the page a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// From a page of ours, or typed by a person.
    Ours,
    /// No browser, or one that says nothing.
    Nothing,
}

/// Refuses what another site's page sent.
fn check_origin(app: &App, head: &Parts, host: &Authority) -> Result<Proof, Refusal> {
    let foreign = || {
        let failure = refused("origin", "The request comes from a page of another site.".to_owned())
            .hint("open the Control UI itself")
            .command("fased dashboard");
        Refusal::new(StatusCode::FORBIDDEN, failure)
    };
    let mut proof = Proof::Nothing;
    for site in head.headers.get_all(FETCH_SITE) {
        match site.as_bytes() {
            b"same-origin" | b"none" => proof = Proof::Ours,
            _ => return Err(foreign()),
        }
    }
    for origin in head.headers.get_all(ORIGIN) {
        let text = origin.to_str().map_err(|_| foreign())?;
        let own = match text.split_once("://") {
            Some(("http", authority)) => authority.eq_ignore_ascii_case(host.as_str()),
            // In front of an allowed name something may speak TLS for us.
            Some(("https", authority)) => {
                authority.eq_ignore_ascii_case(host.as_str()) && app.is_allowed_host(host.host())
            }
            _ => false,
        };
        if !own {
            return Err(foreign());
        }
        proof = Proof::Ours;
    }
    Ok(proof)
}

fn identify(app: &App, route: &Route, head: &Parts, proof: Proof) -> Result<Caller, Refusal> {
    match route.door {
        Door::Anyone => Ok(Caller::Anyone),
        Door::Owner => owner(app, route, head, proof),
        Door::Client => client(app, &head.headers),
    }
}

fn owner(app: &App, route: &Route, head: &Parts, proof: Proof) -> Result<Caller, Refusal> {
    if let Some(token) = bearer(&head.headers) {
        if app.is_token(&token) {
            return Ok(Caller::OwnerByToken);
        }
        let failure = refused("unauthorized", "That is not the gateway's token.".to_owned()).hint(
            "it stands in gateway.auth.token of the config, else in gateway.token of the state directory",
        );
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, failure));
    }
    let name = app.cookie_name();
    let mut presented = cookies(&head.headers, &name).map(Digest::of);
    let Some(browser) = presented.find(|browser| app.logins.knows(browser, app.now())) else {
        let failure = refused("unauthorized", "This browser is not signed in.".to_owned())
            .hint("a new link signs it in")
            .command("fased dashboard");
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, failure));
    };
    if route.method != Method::GET && proof == Proof::Nothing {
        let failure = refused("origin", "The request does not say which page it comes from.".to_owned())
            .hint("programs send the gateway's token instead of a cookie");
        return Err(Refusal::new(StatusCode::FORBIDDEN, failure));
    }
    Ok(Caller::OwnerByCookie(browser))
}

fn client(app: &App, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let presented = headers.get(API_KEY).and_then(|value| value.to_str().ok()).map(Secret::new);
    let Some(presented) = presented.or_else(|| bearer(headers)) else {
        let failure = refused("unauthorized", "The request brings no client key.".to_owned())
            .hint("make one, and send it as x-api-key or as a bearer token")
            .command("fased gateway keys add my-app");
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, failure).for_good());
    };
    if let Some(key) = app.keys.find(&presented) {
        return Ok(Caller::Client(key));
    }
    let what = match presented.kind() {
        SecretKind::GatewayClientKey => "That client key is not known here, or was revoked.",
        _ if app.is_token(&presented) => "The gateway's token does not open the Messages API.",
        _ => "That is not a client key of this gateway.",
    };
    let failure = refused("unauthorized", what.to_owned())
        .hint("clients have keys of their own")
        .command("fased gateway keys add my-app");
    Err(Refusal::new(StatusCode::UNAUTHORIZED, failure).for_good())
}

/// A key serves its own agent and no other.
fn check_agent(key: &ClientKey, agent: &str) -> Result<(), Refusal> {
    if agent.eq_ignore_ascii_case(key.agent.as_str()) {
        return Ok(());
    }
    let message = format!("The client key \"{}\" is for agent {}.", key.name, key.agent.as_str());
    let failure = refused("agent", message).hint("use that agent's address, or another key");
    Err(Refusal::new(StatusCode::FORBIDDEN, failure).for_good())
}

fn check_body(route: &Route, headers: &HeaderMap) -> Result<(), Refusal> {
    let BodyRule::Json(limit) = route.body else { return Ok(()) };
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let failure = refused("content_type", "The body must be sent as application/json.".to_owned());
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, failure).for_good());
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > u64::try_from(limit).unwrap_or(u64::MAX)) {
        return Err(too_large(limit));
    }
    Ok(())
}

pub(super) fn too_large(limit: usize) -> Refusal {
    let failure = refused("too_large", format!("The body is larger than {} MiB.", limit / (1024 * 1024)));
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, failure).for_good()
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}

/// The values of a cookie; browsers may send several of one name.
pub(super) fn cookies<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    pairs.flat_map(|pairs| pairs.split(';')).filter_map(move |pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then_some(value)
    })
}

#[cfg(test)]
mod tests;
