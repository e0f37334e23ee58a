//! What commands ask a running gateway: how it is, and for a code that signs a browser in.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::instance::Instance;
use crate::secret::Secret;

/// How long a gateway on this machine may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Longest answer that is read.
const LONGEST: usize = 64 * 1024;

/// How a gateway is, as it says itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok` or `degraded`.
    pub status: String,
    /// What needs a look.
    pub problems: Vec<String>,
}

/// The gateway did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// It could not be asked.
    #[error("the gateway at {url} does not answer: {reason}")]
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        reason: String,
    },
    /// It takes our token for a wrong one.
    #[error("the gateway at {url} does not accept the token of this state directory")]
    Token {
        /// Its address.
        url: String,
    },
    /// It said something else than it should.
    #[error("the gateway at {url} answered {status}")]
    Unexpected {
        /// Its address.
        url: String,
        /// The status.
        status: u16,
    },
}

#[derive(Deserialize)]
struct LoginCode {
    code: String,
}

/// Asks how it is.
///
/// # Errors
/// See [`OwnerError`].
pub async fn health(instance: &Instance) -> Result<Health, OwnerError> {
    ask(instance, Method::GET, "/healthz", None).await
}

/// Asks for a link that signs a browser in, once and within a minute.
///
/// # Errors
/// See [`OwnerError`].
pub async fn login_link(instance: &Instance, token: &Secret) -> Result<String, OwnerError> {
    let LoginCode { code } = ask(instance, Method::POST, "/api/login-codes", Some(token)).await?;
    Ok(format!("{}/login#code={code}", instance.url))
}

async fn ask<T: DeserializeOwned>(
    instance: &Instance,
    method: Method,
    path: &str,
    token: Option<&Secret>,
) -> Result<T, OwnerError> {
    let url = || instance.url.clone();
    let unreachable = |reason: String| OwnerError::Unreachable { url: url(), reason };
    let (status, body) = match tokio::time::timeout(LIMIT, send(instance, method, path, token)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(reason)) => return Err(unreachable(reason)),
        Err(_) => return Err(unreachable(format!("nothing came for {} s", LIMIT.as_secs()))),
    };
    match status {
        StatusCode::OK => serde_json::from_slice(&body)
            .map_err(|_| OwnerError::Unexpected { url: url(), status: status.as_u16() }),
        StatusCode::UNAUTHORIZED => Err(OwnerError::Token { url: url() }),
        other => Err(OwnerError::Unexpected { url: url(), status: other.as_u16() }),
    }
}

/// Sends one request. It is meant for this machine's own gateway, so no proxy, no redirect and no pool has a part in it.
async fn send(
    instance: &Instance,
    method: Method,
    path: &str,
    token: Option<&Secret>,
) -> Result<(StatusCode, Bytes), String> {
    let authority = instance.url.trim_start_matches("http://");
    let stream = TcpStream::connect(authority).await.map_err(|error| crate::storage::describe(&error))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, authority)
        .header(CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
    }
    let request = request.body(Full::new(Bytes::from_static(b"{}"))).map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        body.map(|body| (status, body.to_bytes())).map_err(|error| error.to_string())
    };
    tokio::select! {
        answer = answer => answer,
        ended = connection => {
            Err(ended.err().map_or_else(|| "the connection was closed".to_owned(), |error| error.to_string()))
        }
    }
}
