//! Sign-in and tokens, as a program and the browser of its user meet them.

mod code;
mod faults;
mod federation;
mod log;
mod refresh;
mod sign_in;

use std::collections::BTreeMap;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::*;

const CLIENT: &str = "9d1c250a-e61b-44d9-88ed-5944d1962f5e";
const REDIRECT: &str = "http://localhost:53692/callback";
const STATE: &str = "a-state-of-the-tests-000000";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const WRITTEN_BY_HAND: &str = "sk-ant-ort01-sandbox-written-by-hand-0000-x3Qw";

/// The query of a good sign-in link, with changes; an empty value leaves a parameter out.
fn query(changes: &[(&str, &str)]) -> String {
    let mut parameters = BTreeMap::from([
        ("code", "true"),
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("scope", "user:profile user:inference"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", STATE),
    ]);
    parameters.extend(changes.iter().copied());
    parameters.retain(|_, value| !value.is_empty());
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// Status and text of a page.
async fn page(stage: &Stage, path_and_query: &str) -> (u16, String) {
    let response = stage.bare("GET", path_and_query).send().await.unwrap();
    assert_eq!(header(&response, "content-type"), Some("text/html; charset=utf-8"));
    assert!(header(&response, "location").is_none());
    let status = response.status().as_u16();
    (status, response.text().await.unwrap())
}

async fn consent(stage: &Stage, changes: &[(&str, &str)]) -> (u16, String) {
    page(stage, &format!("/oauth/authorize?{}", query(changes))).await
}

/// Where a link of a page leads.
fn link(page: &str, id: &str) -> Option<Url> {
    let (_, rest) = page.split_once(&format!("<a id=\"{id}\" href=\""))?;
    let (address, _) = rest.split_once('"')?;
    Some(Url::parse(&address.replace("&amp;", "&")).unwrap())
}

fn parameter(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// Approves a sign-in link and returns its code.
async fn code_for(stage: &Stage, changes: &[(&str, &str)]) -> String {
    let (status, page) = consent(stage, changes).await;
    assert_eq!(status, 200, "{page}");
    parameter(&link(&page, "approve").unwrap(), "code").unwrap()
}

fn token(stage: &Stage, body: &Value) -> RequestBuilder {
    stage.bare("POST", "/v1/oauth/token").json(body)
}

fn exchange(code: &str) -> Value {
    json!({
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "code": code,
        "state": STATE,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    })
}

fn refresh(refresh_token: &str) -> Value {
    json!({ "grant_type": "refresh_token", "client_id": CLIENT, "refresh_token": refresh_token })
}

/// A reply with tokens.
async fn granted(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let status = response.status();
    assert_eq!(header(&response, "cache-control"), Some("no-store"));
    let body: Value = response.json().await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["token_type"], "Bearer");
    body
}

/// Status, `error` and `error_description` of a refusal.
async fn refused(request: RequestBuilder) -> (u16, String, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    (status, text("error"), text("error_description"))
}

async fn is_invalid_grant(request: RequestBuilder) {
    let (status, code, description) = refused(request).await;
    assert_eq!((status, code.as_str()), (400, "invalid_grant"), "{description}");
}

fn text(reply: &Value, name: &str) -> String {
    reply[name].as_str().unwrap_or_else(|| panic!("no {name} in {reply}")).to_owned()
}

/// The pair of a whole sign-in.
async fn signed_in(stage: &Stage) -> Value {
    let code = code_for(stage, &[]).await;
    granted(token(stage, &exchange(&code))).await
}

/// A question asked with an access token.
fn ask(stage: &Stage, access_token: &str) -> RequestBuilder {
    stage
        .bare("POST", "/v1/messages")
        .header("anthropic-version", "2023-06-01")
        .header("anthropic-beta", "claude-code-20250219,oauth-2025-04-20")
        .bearer_auth(access_token)
        .json(&question("hi"))
}

async fn is_let_in(stage: &Stage, access_token: &str) {
    answer(ask(stage, access_token)).await;
}

async fn is_over(stage: &Stage, access_token: &str, why: &str) {
    let (status, kind, message) = error(ask(stage, access_token)).await;
    assert_eq!((status, kind.as_str()), (401, "authentication_error"));
    assert!(message.starts_with(why), "{message}");
}
