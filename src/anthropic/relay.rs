//! Requests of somebody else's making: body and headers go to the API as they are, but for the credential and what belongs
//! to one connection alone, and what comes back is handed over as it came. What the gateway's clients send goes this way.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT_ENCODING, ALT_SVC, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, EXPECT,
    FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use http::{Method, StatusCode};

use super::client::Client;
use super::error::{ApiError, Error, TimeoutPhase};
use super::headers::{Authorization, ResponseMeta};
use super::http::words;
use crate::secret::Secret;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Headers of one connection, which mean nothing on another.
const OF_ONE_CONNECTION: [HeaderName; 8] =
    [CONNECTION, KEEP_ALIVE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, CONTENT_LENGTH, EXPECT];
/// Headers that are about the client's way to us: its own credential, its browser, its address.
const NOT_FOR_THE_API: [HeaderName; 7] = [HOST, AUTHORIZATION, API_KEY, COOKIE, ORIGIN, REFERER, FORWARDED];
/// Beginnings of further ones.
const NOT_FOR_THE_API_BEGINNINGS: [&str; 3] = ["sec-fetch-", "x-forwarded-", "proxy-"];

/// Headers of an answer that are about the way from the API to us: of another host they would say something untrue.
const NOT_FOR_THE_CLIENT: [HeaderName; 3] = [SET_COOKIE, STRICT_TRANSPORT_SECURITY, ALT_SVC];

/// A request to be sent as it is.
#[derive(Debug, Clone)]
pub struct Relayed {
    /// Its method.
    pub method: Method,
    /// Its path without a slash at the start, like `v1/messages`.
    pub path: String,
    /// What stands behind the question mark.
    pub query: Option<String>,
    /// The headers to send besides the credential's: see [`passed_on`].
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// From sending to the head of the response.
    pub head_limit: Duration,
}

/// What came back, its body still arriving. Dropping it closes the connection, which stops the answer and its cost.
#[derive(Debug)]
pub struct RelayedAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers that may be handed on.
    pub headers: HeaderMap,
    /// Which request it was and who was billed, as the head said.
    pub meta: ResponseMeta,
    response: reqwest::Response,
    idle: Duration,
    secret: Secret,
}

/// Those of a client's headers that go on to the API, with `via` naming who passed them on.
pub fn passed_on(client: &HeaderMap, via: &HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(client.len() + 2);
    for (name, value) in client {
        if !is_of_one_connection(name, client) && !is_not_for_the_api(name) {
            headers.append(name, value.clone());
        }
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.append(VIA, via.clone());
    headers
}

fn is_not_for_the_api(name: &HeaderName) -> bool {
    NOT_FOR_THE_API.contains(name)
        || NOT_FOR_THE_API_BEGINNINGS.iter().any(|beginning| name.as_str().starts_with(beginning))
}

/// Whether a header is about one connection: by its name, or because `connection` names it.
fn is_of_one_connection(name: &HeaderName, headers: &HeaderMap) -> bool {
    let is_named = || {
        let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
        named.flat_map(|names| names.split(',')).any(|named| named.trim().eq_ignore_ascii_case(name.as_str()))
    };
    OF_ONE_CONNECTION.contains(name) || (headers.contains_key(CONNECTION) && is_named())
}

impl Client {
    /// Sends it, and returns when the response begins, whatever its status.
    ///
    /// # Errors
    /// When there is no response, or the credential must not be sent to this host.
    pub async fn relay(
        &self,
        authorization: &Authorization,
        request: &Relayed,
    ) -> Result<RelayedAnswer, Error> {
        let secret = authorization.secret();
        self.endpoint().admit(secret)?;
        let mut url = self.endpoint().join(&request.path);
        url.set_query(request.query.as_deref());
        let headers = self.headers().relayed(authorization, request.headers.clone())?;
        let mut sending = self.http().request(request.method.clone(), url).headers(headers);
        if !request.body.is_empty() {
            sending = sending.body(request.body.clone());
        }
        let sent = async { sending.send().await.map_err(|error| self.failed(&error)) };
        let response = self.within(request.head_limit, TimeoutPhase::FirstByte, sent).await?;
        let meta = ResponseMeta::who(response.status().as_u16(), response.headers(), secret);
        let mut headers = HeaderMap::with_capacity(response.headers().len());
        for (name, value) in response.headers() {
            if !is_of_one_connection(name, response.headers()) && !NOT_FOR_THE_CLIENT.contains(name) {
                headers.append(name, value.clone());
            }
        }
        Ok(RelayedAnswer {
            status: response.status(),
            headers,
            meta,
            response,
            idle: self.timeouts().idle,
            secret: secret.clone(),
        })
    }
}

impl RelayedAnswer {
    /// Whether its body is a stream of events.
    pub fn is_event_stream(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case("text/event-stream"))
    }

    /// The next piece of the body as it arrived; `None` at its end. Dropping the returned future loses nothing.
    ///
    /// # Errors
    /// [`Error::Cut`], and [`Error::Idle`] when nothing came for too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.chunk_within(self.idle).await
    }

    /// The same with a limit of the caller's own for the silence before it.
    ///
    /// # Errors
    /// As [`Self::chunk`]; after [`Error::Idle`] it may be called again.
    pub async fn chunk_within(&mut self, limit: Duration) -> Result<Option<Bytes>, Error> {
        match tokio::time::timeout(limit, self.response.chunk()).await {
            Err(_) => Err(Error::Idle { after: limit }),
            Ok(Err(error)) => Err(Error::Cut { reason: words(&error) }),
            Ok(Ok(chunk)) => Ok(chunk),
        }
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// As [`Self::chunk`], and [`Error::BodyTooLarge`].
    pub async fn rest(&mut self, limit: usize) -> Result<Bytes, Error> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let mut whole: Option<BytesMut> = None;
        while let Some(chunk) = self.chunk().await? {
            let whole = whole.get_or_insert_with(|| BytesMut::from(first.as_ref()));
            if whole.len() + chunk.len() > limit {
                return Err(Error::BodyTooLarge { limit });
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.map_or(first, BytesMut::freeze))
    }

    /// What a refusal means whose body is this, or the data of an `error` event.
    pub fn refusal(&self, body: &[u8]) -> Error {
        let meta = ResponseMeta::read(self.status.as_u16(), &self.headers, &self.secret);
        Error::Api(Box::new(ApiError::read(body, &meta, &self.secret)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
        });
        pairs.collect()
    }

    #[test]
    fn what_is_meant_for_the_api_passes_and_what_is_about_the_way_to_us_does_not() {
        let client = headers(&[
            ("anthropic-version", "2023-06-01"),
            ("anthropic-beta", "one,two"),
            ("anthropic-something-new", "x"),
            ("user-agent", "client/1"),
            ("content-type", "application/json"),
            ("x-stainless-lang", "js"),
            ("x-claude-code-session-id", "s"),
            ("x-api-key", "fased-ck-sandbox"),
            ("authorization", "Bearer fased-ck-sandbox"),
            ("cookie", "fased-1=x"),
            ("host", "127.0.0.1:1"),
            ("origin", "http://127.0.0.1:1"),
            ("referer", "http://127.0.0.1:1/x"),
            ("sec-fetch-site", "none"),
            ("forwarded", "for=1"),
            ("x-forwarded-for", "1"),
            ("proxy-authorization", "x"),
            ("content-length", "7"),
            ("accept-encoding", "gzip"),
            ("te", "trailers"),
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "1"),
            ("via", "1.1 other"),
        ]);
        let passed = passed_on(&client, &HeaderValue::from_static("1.1 fased-ab"));
        let mut names: Vec<&str> = passed.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "accept-encoding",
                "anthropic-beta",
                "anthropic-something-new",
                "anthropic-version",
                "content-type",
                "user-agent",
                "via",
                "x-claude-code-session-id",
                "x-stainless-lang",
            ]
        );
        assert_eq!(passed["accept-encoding"], "identity");
        let via: Vec<&HeaderValue> = passed.get_all("via").iter().collect();
        assert_eq!(via, ["1.1 other", "1.1 fased-ab"]);
    }
}
