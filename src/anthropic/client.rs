//! The calls themselves. Each is sent exactly once and either gives its value with what the response's head said, or
//! one [`Error`]; trying again, with this credential or another, is left to the caller.

use std::time::Duration;

use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::{Url, form_urlencoded};

use super::answer::Answer;
use super::endpoint::{Endpoint, NetworkPolicy};
use super::error::{ApiError, Error, IDENTIFIER_LIMIT, TimeoutPhase};
use super::headers::{Authorization, BetaNames, RequestHeaders, ResponseMeta, date};
use super::http::{ProxySettings, TrustSettings, client, proxy_host, words};
use super::redact::redacted;
use super::stream::MessageStream;
use super::types::{MessageRequest, ModelInfo, ModelPage, Reply};
use crate::secret::Secret;

/// Largest body of an error that is read; what matters in one is short.
const ERROR_BODY_LIMIT: usize = 64 * 1024;
/// Largest body of a whole answer that is read.
const BODY_LIMIT: usize = 32 * 1024 * 1024;
/// Models on a page, at most; documented.
const LARGEST_PAGE: u16 = 1_000;
/// A list with more models than this does not end.
const MOST_MODELS: usize = 10_000;
/// How long the body of an error may take; the status is known by then and must not be lost to a slow body.
const ERROR_BODY_WAIT: Duration = Duration::from_secs(2);

/// What a client needs to know. [`ClientOptions::new`] gives the rest its default.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Where the API is; a path in it is kept as a prefix.
    pub base_url: Url,
    /// Value of `anthropic-version`.
    pub anthropic_version: String,
    /// Value of `user-agent`.
    pub user_agent: String,
    /// Values of `anthropic-beta` by what they are for.
    pub betas: BetaNames,
    /// Headers that replace or join the client's own, as name and value. None can replace the credential's own
    /// header or lose a required beta.
    pub extra_headers: Vec<(String, Secret)>,
    /// Which hosts may be reached. Any by default.
    pub network: NetworkPolicy,
    /// The proxy. None by default; never used for this machine.
    pub proxy: ProxySettings,
    /// Where the system's trusted roots are read.
    pub trust: TrustSettings,
    /// How long things may take.
    pub timeouts: Timeouts,
}

impl ClientOptions {
    /// Options with everything else at its default.
    pub fn new(
        base_url: Url,
        anthropic_version: impl Into<String>,
        user_agent: impl Into<String>,
        betas: BetaNames,
    ) -> Self {
        Self {
            base_url,
            anthropic_version: anthropic_version.into(),
            user_agent: user_agent.into(),
            betas,
            extra_headers: Vec::new(),
            network: NetworkPolicy::default(),
            proxy: ProxySettings::default(),
            trust: TrustSettings::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// The headers of a request signed so that asks for these betas; those that may hold secrets are marked sensitive.
    ///
    /// # Errors
    /// [`Error::BadHeader`].
    pub fn headers(&self, authorization: &Authorization, betas: &[String]) -> Result<HeaderMap, Error> {
        self.clone().into_headers()?.of(authorization, betas)
    }

    fn into_headers(self) -> Result<RequestHeaders, Error> {
        RequestHeaders::new(&self.anthropic_version, &self.user_agent, self.betas, &self.extra_headers)
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, TLS and proxy included. 10 s by default.
    pub connect: Duration,
    /// From the start of a streaming call to the head of its response. 2 min by default.
    pub first_byte: Duration,
    /// Between two pieces of a stream, comments and pings included. 5 min by default: a model may think for long, and
    /// a connection that is dead rather than silent is found out by the TCP layer within a minute.
    pub idle: Duration,
    /// For a whole call with a short answer: listing models, counting tokens. 30 s by default.
    pub call: Duration,
    /// For a whole answer that is not streamed. 10 min by default.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(300),
            call: Duration::from_secs(30),
            answer: Duration::from_secs(600),
        }
    }
}

/// A client of one endpoint. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: Endpoint,
    headers: std::sync::Arc<RequestHeaders>,
    proxy: Option<String>,
    timeouts: Timeouts,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Client {
    /// Checks the options and builds a client. Nothing is sent. For an https endpoint this reads the system's roots,
    /// which takes milliseconds; build one client and keep it.
    ///
    /// # Errors
    /// [`Error::InvalidBaseUrl`], [`Error::InsecureBaseUrl`], [`Error::RefusedHost`], [`Error::BadHeader`],
    /// [`Error::InvalidProxy`], [`Error::Setup`].
    pub fn new(options: ClientOptions) -> Result<Self, Error> {
        let ClientOptions { base_url, network, proxy, trust, timeouts, .. } = &options;
        let endpoint = Endpoint::new(base_url, *network)?;
        let proxy_host = proxy_host(&endpoint, proxy)?;
        let http = client(&endpoint, proxy, trust, timeouts.connect)?;
        let timeouts = *timeouts;
        let headers = options.into_headers()?;
        Ok(Self { http, endpoint, headers: headers.into(), proxy: proxy_host, timeouts })
    }

    /// The endpoint it calls.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) fn headers(&self) -> &RequestHeaders {
        &self.headers
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Asks for an answer and returns as soon as the response begins.
    ///
    /// # Errors
    /// Any [`Error`] a request can have. None means that the answer succeeded: see [`MessageStream::next`].
    pub async fn stream_message(
        &self,
        authorization: &Authorization,
        request: &MessageRequest,
    ) -> Result<MessageStream, Error> {
        let call = Call::post("v1/messages", request.body(true), &request.betas);
        let (response, meta) =
            self.send(authorization, call, TimeoutPhase::FirstByte, self.timeouts.first_byte).await?;
        if let Some(other) = other_than_events(&response, authorization.secret()) {
            return Err(Error::Malformed { what: format!("`{other}` where an event stream was expected") });
        }
        Ok(MessageStream::new(response, meta, self.timeouts.idle, authorization.secret().clone()))
    }

    /// Asks for an answer and waits for the whole of it.
    ///
    /// # Errors
    /// Any [`Error`] a request can have.
    pub async fn create_message(
        &self,
        authorization: &Authorization,
        request: &MessageRequest,
    ) -> Result<Reply<Answer>, Error> {
        let call = Call::post("v1/messages", request.body(false), &request.betas);
        let (body, meta) = self.fetch(authorization, call, self.timeouts.answer).await?;
        let value = Answer::read(&body).map_err(|error| malformed("the answer", &error))?;
        Ok(Reply { value, meta })
    }

    /// Lists up to `limit` models (1 to 1,000), newest first. It is free, which makes it the way to try a credential.
    ///
    /// # Errors
    /// Any [`Error`] a request can have.
    pub async fn list_models(
        &self,
        authorization: &Authorization,
        limit: u16,
    ) -> Result<Reply<ModelPage>, Error> {
        self.list_models_after(authorization, limit, None).await
    }

    /// Lists all models, newest first, in as many requests as they have pages.
    ///
    /// # Errors
    /// Any [`Error`] a request can have.
    pub async fn list_all_models(
        &self,
        authorization: &Authorization,
    ) -> Result<Reply<Vec<ModelInfo>>, Error> {
        let mut models: Vec<ModelInfo> = Vec::new();
        let mut after = None;
        loop {
            let Reply { value: page, meta } =
                self.list_models_after(authorization, LARGEST_PAGE, after.as_deref()).await?;
            let more = page.has_more && !page.data.is_empty() && page.last_id != after;
            models.extend(page.data);
            if !more || page.last_id.is_none() {
                return Ok(Reply { value: models, meta });
            }
            if models.len() > MOST_MODELS {
                return Err(Error::Malformed { what: "the list of models does not end".to_owned() });
            }
            after = page.last_id;
        }
    }

    async fn list_models_after(
        &self,
        authorization: &Authorization,
        limit: u16,
        after: Option<&str>,
    ) -> Result<Reply<ModelPage>, Error> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string());
        after.map(|id| query.append_pair("after_id", id));
        let query = query.finish();
        let call =
            Call { method: Method::GET, path: "v1/models", query: Some(&query), body: None, betas: &[] };
        let (body, meta) = self.fetch(authorization, call, self.timeouts.call).await?;
        Ok(Reply { value: parse("the list of models", &body)?, meta })
    }

    /// Asks for an answer of any kind, without a credential: says that the way there is open, and what time it is there.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn reach(&self) -> Result<Option<Timestamp>, Error> {
        let request = self.http.get(self.endpoint.join("v1/models")).headers(self.headers.anonymous());
        let sent = async { request.send().await.map_err(|error| self.failed(&error)) };
        let response = self.within(self.timeouts.call, TimeoutPhase::Call, sent).await?;
        Ok(date(response.headers()))
    }

    /// Counts the input tokens of a request. It is free, an estimate, and takes no account of the cache.
    ///
    /// # Errors
    /// Any [`Error`] a request can have.
    pub async fn count_tokens(
        &self,
        authorization: &Authorization,
        request: &MessageRequest,
    ) -> Result<Reply<u64>, Error> {
        #[derive(Deserialize)]
        struct Count {
            input_tokens: u64,
        }
        let call = Call::post("v1/messages/count_tokens", request.count_body(), &request.betas);
        let (body, meta) = self.fetch(authorization, call, self.timeouts.call).await?;
        Ok(Reply { value: parse::<Count>("the token count", &body)?.input_tokens, meta })
    }

    /// Sends a call and reads the whole response, all within `limit`.
    async fn fetch(
        &self,
        authorization: &Authorization,
        call: Call<'_>,
        limit: Duration,
    ) -> Result<(Vec<u8>, ResponseMeta), Error> {
        let whole = async {
            let (response, meta) = self.send(authorization, call, TimeoutPhase::Call, limit).await?;
            Ok((read(response, BODY_LIMIT).await?, meta))
        };
        self.within(limit, TimeoutPhase::Call, whole).await
    }

    /// Sends a call and returns when the response begins; a status other than success is an error.
    async fn send(
        &self,
        authorization: &Authorization,
        call: Call<'_>,
        phase: TimeoutPhase,
        limit: Duration,
    ) -> Result<(reqwest::Response, ResponseMeta), Error> {
        let secret = authorization.secret();
        self.endpoint.admit(secret)?;
        let mut url = self.endpoint.join(call.path);
        url.set_query(call.query);
        let headers = self.headers.of(authorization, call.betas)?;
        let mut request = self.http.request(call.method, url).headers(headers);
        if let Some(body) = call.body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        }
        let sent = async { request.send().await.map_err(|error| self.failed(&error)) };
        let response = self.within(limit, phase, sent).await?;
        let meta = ResponseMeta::read(response.status().as_u16(), response.headers(), secret);
        tracing::debug!(path = call.path, status = meta.status, request_id = meta.request_id, "response");
        if response.status().is_success() {
            return Ok((response, meta));
        }
        // A body that is too long, too slow or cut says nothing; the status does.
        let wait = self.timeouts.idle.min(ERROR_BODY_WAIT);
        let body = tokio::time::timeout(wait, read(response, ERROR_BODY_LIMIT)).await;
        let body = body.ok().and_then(Result::ok).unwrap_or_default();
        Err(Error::Api(Box::new(ApiError::read(&body, &meta, secret))))
    }

    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        phase: TimeoutPhase,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(limit, work).await {
            Ok(result) => result,
            Err(_) => Err(Error::Timeout { host: self.endpoint.host().to_owned(), phase, after: limit }),
        }
    }

    /// What a request that got no response is called.
    pub(super) fn failed(&self, error: &reqwest::Error) -> Error {
        let host = self.endpoint.host().to_owned();
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => {
                Error::Timeout { host, phase: TimeoutPhase::Connect, after: self.timeouts.connect }
            }
            (true, false) => Error::Connect { host, proxy: self.proxy.clone(), reason: words(error) },
            (false, _) => Error::Cut { reason: words(error) },
        }
    }
}

struct Call<'a> {
    method: Method,
    path: &'static str,
    query: Option<&'a str>,
    body: Option<Vec<u8>>,
    betas: &'a [String],
}

impl<'a> Call<'a> {
    fn post(path: &'static str, body: Vec<u8>, betas: &'a [String]) -> Self {
        Self { method: Method::POST, path, query: None, body: Some(body), betas }
    }
}

/// The content type, if it says that this is no event stream: the login page of a network, an answer of a proxy.
fn other_than_events(response: &reqwest::Response, secret: &Secret) -> Option<String> {
    let kind = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    let essence = kind.split(';').next().unwrap_or_default().trim();
    (!essence.eq_ignore_ascii_case("text/event-stream")).then(|| redacted(essence, secret, IDENTIFIER_LIMIT))
}

async fn read(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Error::Cut { reason: words(&error) })? {
        if body.len() + chunk.len() > limit {
            return Err(Error::BodyTooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(what: &str, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| malformed(what, &error))
}

/// The parser's own message can quote the content, so only its place is told.
fn malformed(what: &str, error: &serde_json::Error) -> Error {
    Error::Malformed { what: format!("{what}, line {} column {}", error.line(), error.column()) }
}
