//! The table of all routes. Each row says how it is reached and by whom, and nothing is served that has no row: the checks
//! in [`super::doors`] go by the row alone, before its handler sees anything.

use std::pin::Pin;
use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::Method;
use http::request::Parts;

use super::app::App;
use super::doors::Caller;
use super::{api, chat, client_api, login, pages};

/// A way into the gateway.
#[derive(Debug)]
pub(super) struct Route {
    /// The method; `HEAD` goes where `GET` goes.
    pub(super) method: Method,
    /// The path. A segment in braces takes any one segment; a last one in braces with a star takes the rest.
    pub(super) path: &'static str,
    /// Who may come in.
    pub(super) door: Door,
    /// What it takes as its body.
    pub(super) body: BodyRule,
    /// What answers.
    pub(super) handler: Handler,
}

/// Who may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// Anybody: it says nothing that anybody may not know.
    Anyone,
    /// Whoever has the gateway's token, or a browser that signed in.
    Owner,
    /// Clients of the Messages API, each with a key of its own.
    Client,
}

/// What a route takes as its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyRule {
    /// Nothing.
    Nothing,
    /// A JSON document of at most so many bytes.
    Json(usize),
}

/// An answer that is being made.
pub(super) type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;
/// What answers a call.
pub(super) type Handler = fn(Arc<App>, Call) -> Answering;

/// A request that was let in.
#[derive(Debug)]
pub(super) struct Call {
    /// Method, address and headers.
    pub(super) head: Parts,
    /// What stood in the path's braces, in order, decoded.
    pub(super) captures: Vec<String>,
    /// Who sent it.
    pub(super) caller: Caller,
    /// The whole body.
    pub(super) body: Bytes,
    /// What the request is called in our log.
    pub(super) request_id: String,
}

impl Call {
    /// What stood in a pair of braces; empty where the path has none.
    pub(super) fn capture(&self, index: usize) -> &str {
        self.captures.get(index).map_or("", String::as_str)
    }

    /// The first value of this name in the address's query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.head.uri.query()?;
        let found = url::form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name);
        found.map(|(_, value)| value.into_owned())
    }
}

/// Largest document of the Control UI.
pub(super) const SMALL: usize = 1024 * 1024;

impl Route {
    pub(super) const fn get(path: &'static str, door: Door, handler: Handler) -> Self {
        Self { method: Method::GET, path, door, body: BodyRule::Nothing, handler }
    }

    pub(super) const fn post(path: &'static str, door: Door, handler: Handler) -> Self {
        Self { method: Method::POST, path, door, body: BodyRule::Json(SMALL), handler }
    }
}

/// The table, by rooms; the one that is asked most comes first.
pub(super) fn all() -> impl Iterator<Item = &'static Route> {
    [client_api::ROUTES, login::ROUTES, api::ROUTES, chat::ROUTES, pages::ROUTES].into_iter().flatten()
}

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    /// A route, and what stood in its braces.
    Route(&'static Route, Vec<String>),
    /// The path is there, for other methods.
    OtherMethod(Vec<&'static Method>),
    /// Nothing.
    Nothing,
}

pub(super) fn find(method: &Method, path: &str) -> Found {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let mut others = Vec::new();
    for route in all() {
        let Some(captures) = captures(route.path, path) else { continue };
        if route.method == *method {
            return Found::Route(route, captures);
        }
        others.push(&route.method);
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethod(others) }
}

/// What stands in the braces of a pattern, when the path fits it.
fn captures(pattern: &str, path: &str) -> Option<Vec<String>> {
    if !pattern.contains('{') {
        return (pattern == path).then(Vec::new);
    }
    let mut captures = Vec::new();
    let mut rest = path.strip_prefix('/')?;
    let mut segments = pattern.strip_prefix('/')?.split('/').peekable();
    while let Some(segment) = segments.next() {
        if segment.starts_with("{*") {
            captures.push(decoded(rest)?);
            return Some(captures);
        }
        let (here, after) = match (rest.split_once('/'), segments.peek()) {
            (Some((here, after)), Some(_)) => (here, after),
            (None, None) => (rest, ""),
            _ => return None,
        };
        rest = after;
        if segment.starts_with('{') {
            captures.push(decoded(here).filter(|text| !text.is_empty())?);
        } else if segment != here {
            return None;
        }
    }
    Some(captures)
}

/// A segment without its percent signs; one that is no UTF-8 then leads nowhere.
fn decoded(segment: &str) -> Option<String> {
    if !segment.contains('%') {
        return Some(segment.to_owned());
    }
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            // A sign is no digit, though numbers may have one.
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_take_one_segment_each_and_a_star_the_rest() {
        assert_eq!(captures("/v1/messages", "/v1/messages"), Some(vec![]));
        assert_eq!(captures("/v1/messages", "/v1/messages/"), None);
        let of = |path| captures("/agents/{agent}/v1/models/{model}", path);
        assert_eq!(of("/agents/work/v1/models/m"), Some(vec!["work".to_owned(), "m".to_owned()]));
        for path in
            ["/agents/work/v1/models/", "/agents//v1/models/m", "/agents/work/v1/models/m/n", "/agents/work"]
        {
            assert_eq!(of(path), None, "{path}");
        }
        assert_eq!(captures("/assets/{*file}", "/assets/a/b"), Some(vec!["a/b".to_owned()]));
    }

    #[test]
    fn segments_are_decoded_and_what_is_no_text_leads_nowhere() {
        let of = |path| captures("/x/{id}", path);
        assert_eq!(of("/x/anthropic%3Ame%40example.com"), Some(vec!["anthropic:me@example.com".to_owned()]));
        assert_eq!(of("/x/a%2Fb"), Some(vec!["a/b".to_owned()]));
        for path in ["/x/%", "/x/%4", "/x/%zz", "/x/%ff", "/x/%+1"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn no_two_rows_mean_the_same_and_every_write_says_what_it_takes() {
        let mut seen = std::collections::HashSet::new();
        for route in all() {
            assert!(seen.insert((route.method.clone(), route.path)), "{} {}", route.method, route.path);
            assert!(route.path.starts_with('/'), "{}", route.path);
        }
    }
}
