//! The pages people see: plain HTML without a script.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use url::form_urlencoded;

use super::authorize::{AuthorizeRequest, WrongParameter};

/// The page that asks for consent. Without a code only denying is left.
pub(super) fn consent(request: &AuthorizeRequest, code: Option<&str>) -> Response {
    let scopes: String =
        request.scope.split(' ').map(|scope| format!("<li>{}</li>\n", escaped(scope))).collect();
    let mut content = format!(
        "<p>The client <code>{}</code> asks to act for <b>{}</b>, a made-up account:</p>\n<ul>\n{scopes}</ul>\n",
        escaped(&request.client_id),
        escaped(&request.email),
    );
    let deny = request.redirect(&[("error", "access_denied")]);
    let deny = format!("<a id=\"deny\" href=\"{}\">Deny</a>", escaped(&deny));
    match code {
        Some(code) => {
            let approve = request.redirect(&[("code", code)]);
            content +=
                &format!("<p><a id=\"approve\" href=\"{}\">Approve</a> or {deny}</p>\n", escaped(&approve));
            content += "<p>Or paste this where the program asks for a code:</p>\n";
            content += &pasted(code, &request.state);
        }
        None => content += &format!("<p>This account may not approve. {deny}</p>\n"),
    }
    page(StatusCode::OK, "Sign in to the Fased sandbox", &content)
}

/// The page of a redirect that no program listens for.
pub(super) fn code(query: &str) -> Response {
    let value = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| value)
    };
    match (value("code"), value("state"), value("error")) {
        (_, _, Some(error)) => {
            let content = format!("<p>Sign-in ended with <code>{}</code>.</p>\n", escaped(&error));
            page(StatusCode::OK, "Not signed in", &content)
        }
        (Some(code), Some(state), None) => {
            let content = "<p>Paste this where the program asks for a code:</p>\n".to_owned();
            page(StatusCode::OK, "Your code", &(content + &pasted(&code, &state)))
        }
        (None, ..) => wrong(&WrongParameter::new("code", "it is missing")),
        (_, None, _) => wrong(&WrongParameter::new("state", "it is missing")),
    }
}

/// The page for a link that is wrong. It leads nowhere: who made the link is not to be trusted.
pub(super) fn wrong(parameter: &WrongParameter) -> Response {
    let content = format!(
        "<p>The link is wrong at <code>{}</code>: {}.</p>\n",
        parameter.name,
        escaped(parameter.complaint)
    );
    page(StatusCode::BAD_REQUEST, "Invalid sign-in link", &content)
}

pub(super) fn only_get() -> Response {
    let mut response = page(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed", "<p>Only GET.</p>\n");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
    response
}

/// What the `token-html` fault answers with.
pub(super) fn in_place_of_a_document() -> Response {
    page(StatusCode::OK, "Not what you asked for", "<p>A page where a document was expected.</p>\n")
}

fn pasted(code: &str, state: &str) -> String {
    format!("<p><code id=\"paste\">{}</code></p>\n", escaped(&format!("{code}#{state}")))
}

fn page(status: StatusCode, title: &str, content: &str) -> Response {
    let mut response = Response::new(Body::from(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<h1>{title}</h1>\n{content}</html>\n"
    )));
    *response.status_mut() = status;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
