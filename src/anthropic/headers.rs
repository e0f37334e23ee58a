//! Request headers, credential included, and what the head of a response says: request id, who was billed, limits.
//! Header values that may be secrets are marked sensitive, so that no layer below writes them to a log.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use super::error::{Error, IDENTIFIER_LIMIT};
use super::redact::redacted;
use crate::secret::Secret;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const BETA: HeaderName = HeaderName::from_static("anthropic-beta");
const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
const WORKSPACE: HeaderName = HeaderName::from_static("anthropic-workspace-id");
const RATE_LIMIT_PREFIX: &str = "anthropic-ratelimit-";
/// Headers that belong to the HTTP layer; an override would break the request or send it elsewhere.
const RESERVED: [&str; 7] =
    ["host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te"];

/// A credential and the way it is presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorization {
    /// A Console API key, sent as `x-api-key`.
    ApiKey(Secret),
    /// A bearer token of a Claude plan (OAuth sign-in, setup-token), sent with the plan's betas.
    PlanToken(Secret),
    /// A bearer token of the Console or of workload identity federation, sent with their betas.
    BearerToken(Secret),
    /// The same for a person who may act in several workspaces: the request names one.
    WorkspaceToken {
        /// The token.
        token: Secret,
        /// Value of `anthropic-workspace-id`.
        workspace: String,
    },
}

impl Authorization {
    /// The credential itself.
    pub fn secret(&self) -> &Secret {
        match self {
            Self::ApiKey(secret) | Self::PlanToken(secret) | Self::BearerToken(secret) => secret,
            Self::WorkspaceToken { token, .. } => token,
        }
    }
}

/// Values of `anthropic-beta` by what they are for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BetaNames {
    /// Required with [`Authorization::PlanToken`].
    pub plan_token: Vec<String>,
    /// Required with [`Authorization::BearerToken`].
    pub bearer_token: Vec<String>,
    /// Sent with [`Authorization::ApiKey`] unless a header override sets `anthropic-beta`; empty for none.
    pub extended_cache_ttl: String,
    /// How names begin that never go with a bearer token, whoever asks for them.
    pub refused_with_bearer: Vec<String>,
}

/// The headers a client sends with every request, checked once.
#[derive(Debug)]
pub(super) struct RequestHeaders {
    fixed: HeaderMap,
    /// The caller's `anthropic-beta`, which replaces the default but never the required values.
    beta_override: Option<String>,
    betas: BetaNames,
}

impl RequestHeaders {
    /// Overrides replace headers of the same name; of several with one name the last counts. The credential's own
    /// header cannot be replaced.
    pub(super) fn new(
        anthropic_version: &str,
        user_agent: &str,
        betas: BetaNames,
        overrides: &[(String, Secret)],
    ) -> Result<Self, Error> {
        let mut fixed = HeaderMap::new();
        fixed.insert(VERSION, value(VERSION.as_str(), anthropic_version)?);
        fixed.insert(USER_AGENT, value(USER_AGENT.as_str(), user_agent)?);
        let mut beta_override = None;
        for (name, text) in overrides {
            let name: HeaderName = name.parse().map_err(|_| bad(name, "its name is not a header name"))?;
            if RESERVED.contains(&name.as_str()) {
                return Err(bad(name.as_str(), "the client sets it itself"));
            }
            if name == BETA {
                // Checked here so that a bad value is an error of the configuration, not of every request.
                value(name.as_str(), text.expose())?;
                beta_override = Some(text.expose().to_owned());
            } else {
                let text = sensitive(name.as_str(), text.expose())?;
                fixed.insert(name, text);
            }
        }
        Ok(Self { fixed, beta_override, betas })
    }

    /// Headers of a request without a credential: what the client calls itself, and nothing configured.
    pub(super) fn anonymous(&self) -> HeaderMap {
        self.fixed.get(USER_AGENT).map(|agent| (USER_AGENT, agent.clone())).into_iter().collect()
    }

    /// Headers of a request somebody else made: theirs, the credential's, and the configured ones they do not have. Their
    /// betas stay byte for byte; what a bearer token needs besides is appended.
    pub(super) fn relayed(
        &self,
        authorization: &Authorization,
        theirs: &HeaderMap,
    ) -> Result<HeaderMap, Error> {
        let mut headers = theirs.clone();
        for (name, value) in &self.fixed {
            if *name != VERSION && *name != USER_AGENT && !headers.contains_key(name) {
                headers.insert(name, value.clone());
            }
        }
        let secret = authorization.secret().expose();
        let required = match authorization {
            Authorization::ApiKey(_) => {
                headers.insert(API_KEY, sensitive(API_KEY.as_str(), secret)?);
                return Ok(headers);
            }
            Authorization::PlanToken(_) => &self.betas.plan_token,
            Authorization::BearerToken(_) => &self.betas.bearer_token,
            Authorization::WorkspaceToken { workspace, .. } => {
                headers.insert(WORKSPACE, value(WORKSPACE.as_str(), workspace)?);
                &self.betas.bearer_token
            }
        };
        headers.insert(AUTHORIZATION, bearer(secret)?);
        let told: Vec<&str> = headers.get_all(BETA).iter().filter_map(|value| value.to_str().ok()).collect();
        let is_there =
            |name: &str| told.iter().flat_map(|names| names.split(',')).any(|it| it.trim() == name);
        let missing: Vec<&str> = required.iter().map(String::as_str).filter(|name| !is_there(name)).collect();
        if !missing.is_empty() {
            // One header, because not everybody reads a second one of the same name.
            let names: Vec<&str> =
                told.iter().copied().chain(missing).filter(|names| !names.is_empty()).collect();
            let joined = value(BETA.as_str(), &names.join(","))?;
            headers.insert(BETA, joined);
        }
        Ok(headers)
    }

    /// Headers of one request. `wanted` are the betas this request asks for.
    pub(super) fn of(&self, authorization: &Authorization, wanted: &[String]) -> Result<HeaderMap, Error> {
        let mut headers = self.fixed.clone();
        let secret = authorization.secret().expose();
        let none = &[][..];
        let (default, required) = match authorization {
            Authorization::ApiKey(_) => {
                headers.insert(API_KEY, sensitive(API_KEY.as_str(), secret)?);
                (self.betas.extended_cache_ttl.as_str(), none)
            }
            Authorization::PlanToken(_) => {
                headers.insert(AUTHORIZATION, bearer(secret)?);
                ("", self.betas.plan_token.as_slice())
            }
            Authorization::BearerToken(_) => {
                headers.insert(AUTHORIZATION, bearer(secret)?);
                ("", self.betas.bearer_token.as_slice())
            }
            Authorization::WorkspaceToken { workspace, .. } => {
                headers.insert(AUTHORIZATION, bearer(secret)?);
                headers.insert(WORKSPACE, value(WORKSPACE.as_str(), workspace)?);
                ("", self.betas.bearer_token.as_slice())
            }
        };
        let is_bearer = !matches!(authorization, Authorization::ApiKey(_));
        let is_refused = |name: &str| {
            is_bearer && self.betas.refused_with_bearer.iter().any(|prefix| name.starts_with(prefix))
        };
        let chosen = self.beta_override.as_deref().unwrap_or(default);
        let mut names: Vec<&str> = Vec::new();
        for name in chosen
            .split(',')
            .chain(wanted.iter().map(String::as_str))
            .chain(required.iter().map(String::as_str))
        {
            let name = name.trim();
            if !name.is_empty() && !names.contains(&name) && !is_refused(name) {
                names.push(name);
            }
        }
        if !names.is_empty() {
            headers.insert(BETA, value(BETA.as_str(), &names.join(","))?);
        }
        Ok(headers)
    }
}

fn bad(name: &str, reason: &'static str) -> Error {
    Error::BadHeader { name: name.to_owned(), reason }
}

fn value(name: &str, text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| bad(name, "its value has characters a header cannot hold"))
}

fn sensitive(name: &str, text: &str) -> Result<HeaderValue, Error> {
    let mut value = value(name, text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn bearer(secret: &str) -> Result<HeaderValue, Error> {
    sensitive(AUTHORIZATION.as_str(), &format!("Bearer {secret}"))
}

/// What the head of a response says. Text values are bounded and never contain the request's secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseMeta {
    /// HTTP status.
    pub status: u16,
    /// Name of the request in Anthropic's logs.
    pub request_id: Option<String>,
    /// The organization that was billed.
    pub organization_id: Option<String>,
    /// The workspace that was billed.
    pub workspace_id: Option<String>,
    /// Rate limits in effect.
    pub rate_limits: RateLimits,
    /// How long the API asks to wait before the next try.
    pub retry_after: Option<Duration>,
}

/// The `anthropic-ratelimit-*` headers, by the rest of their name (`tokens-remaining`, `requests-reset`, ...).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Every value as it was sent.
    pub values: BTreeMap<String, String>,
    /// Those that are times (RFC 3339, or seconds since 1970 in a `-reset`): when the limit is full again.
    pub resets: BTreeMap<String, Timestamp>,
}

impl RateLimits {
    /// When every limit that is used up is full again; `None` when none is, or none says when. Limits of the API tell
    /// what remains; those of a plan (`unified`) tell whether they refuse.
    pub fn exhausted_until(&self) -> Option<Timestamp> {
        let used_up = self.values.iter().filter_map(|(name, value)| {
            let limit = name.strip_suffix("-remaining").filter(|_| value.trim().parse() == Ok(0_u64));
            limit.or_else(|| (name == "unified-status" && value == "rejected").then_some("unified"))
        });
        used_up.filter_map(|limit| self.resets.get(&format!("{limit}-reset"))).max().copied()
    }
}

fn reset_time(name: &str, value: &str) -> Option<Timestamp> {
    value.parse().ok().or_else(|| {
        let seconds = name.ends_with("-reset").then(|| value.parse::<i64>().ok())??;
        Timestamp::from_second(seconds).ok()
    })
}

impl ResponseMeta {
    pub(super) fn read(status: u16, headers: &HeaderMap, secret: &Secret) -> Self {
        let text = |value: &HeaderValue| {
            value
                .to_str()
                .ok()
                .map(|text| redacted(text, secret, IDENTIFIER_LIMIT))
                .filter(|text| !text.is_empty())
        };
        let named = |name: &str| headers.get(name).and_then(text);
        let mut rate_limits = RateLimits::default();
        for (name, value) in headers {
            let Some(name) = name.as_str().strip_prefix(RATE_LIMIT_PREFIX) else { continue };
            let Some(value) = text(value) else { continue };
            if let Some(reset) = reset_time(name, &value) {
                rate_limits.resets.insert(name.to_owned(), reset);
            }
            rate_limits.values.insert(name.to_owned(), value);
        }
        Self {
            status,
            request_id: named("request-id"),
            organization_id: named("anthropic-organization-id"),
            workspace_id: named("anthropic-workspace-id"),
            rate_limits,
            retry_after: retry_after(headers),
        }
    }
}

/// The server's time, by its `date`.
pub(super) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(headers.get(DATE)?.to_str().ok()?.trim()).ok()
}

/// `retry-after` in seconds, or as a date. A date is counted from the response's own `date`, so that neither this
/// machine's clock nor its error matters.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let until = DateTimeParser::new().parse_timestamp(text).ok()?;
    let sent = date(headers)?;
    Some(Duration::try_from(until.duration_since(sent)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sk-ant-api03-sandbox-not-a-real-key-0000000000-x3Qw";

    fn names() -> BetaNames {
        BetaNames {
            plan_token: vec!["plan-1".into(), "oauth-1".into()],
            bearer_token: vec!["oauth-1".into()],
            extended_cache_ttl: "ttl-1".into(),
            refused_with_bearer: vec!["window-".into()],
        }
    }

    fn beta(overrides: &[(&str, &str)], authorization: &Authorization, wanted: &[&str]) -> Option<String> {
        let overrides: Vec<_> =
            overrides.iter().map(|(name, text)| ((*name).to_owned(), Secret::new(*text))).collect();
        let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
        let headers = RequestHeaders::new("v", "agent/1", names(), &overrides).unwrap();
        let headers = headers.of(authorization, &wanted).unwrap();
        headers.get(BETA).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_token_for_one_workspace_names_it() {
        let token =
            Authorization::WorkspaceToken { token: Secret::new("t"), workspace: "wrkspc_1".to_owned() };
        let headers = RequestHeaders::new("v", "agent/1", names(), &[]).unwrap().of(&token, &[]).unwrap();
        assert_eq!(headers["anthropic-workspace-id"], "wrkspc_1");
        assert_eq!(
            (&headers[AUTHORIZATION], &headers[BETA]),
            (&"Bearer t".parse().unwrap(), &"oauth-1".parse().unwrap())
        );
    }

    #[test]
    fn each_credential_carries_its_own_betas() {
        let secret = Secret::new(KEY);
        for (authorization, expected) in [
            (Authorization::ApiKey(secret.clone()), "ttl-1"),
            (Authorization::PlanToken(secret.clone()), "plan-1,oauth-1"),
            (Authorization::BearerToken(secret), "oauth-1"),
        ] {
            assert_eq!(beta(&[], &authorization, &[]).as_deref(), Some(expected));
        }
    }

    #[test]
    fn an_override_replaces_the_default_but_never_loses_or_doubles_a_required_beta() {
        let secret = Secret::new(KEY);
        let plan = Authorization::PlanToken(secret.clone());
        let key = Authorization::ApiKey(secret);
        let mine = [("Anthropic-Beta", "mine-1, oauth-1 ,,mine-1")];
        assert_eq!(beta(&mine, &plan, &[]).as_deref(), Some("mine-1,oauth-1,plan-1"));
        assert_eq!(beta(&mine, &key, &["extra-1", "mine-1"]).as_deref(), Some("mine-1,oauth-1,extra-1"));
        assert_eq!(beta(&[("anthropic-beta", "")], &key, &[]), None);
        assert_eq!(beta(&[("anthropic-beta", "")], &plan, &[]).as_deref(), Some("plan-1,oauth-1"));
    }

    #[test]
    fn what_is_refused_with_a_bearer_token_goes_with_keys_alone() {
        let mine = [("anthropic-beta", "window-1,mine-1")];
        for (authorization, expected) in [
            (Authorization::ApiKey(Secret::new(KEY)), "window-1,mine-1,window-2"),
            (Authorization::PlanToken(Secret::new(KEY)), "mine-1,plan-1,oauth-1"),
            (Authorization::BearerToken(Secret::new(KEY)), "mine-1,oauth-1"),
        ] {
            assert_eq!(beta(&mine, &authorization, &["window-2"]).as_deref(), Some(expected));
        }
    }

    #[test]
    fn credentials_cannot_be_overridden_and_are_sensitive() {
        let overrides =
            [("x-api-key".to_owned(), Secret::new("other")), ("X-Team".to_owned(), Secret::new("blue"))];
        let headers = RequestHeaders::new("v", "agent/1", names(), &overrides).unwrap();
        let key = headers.of(&Authorization::ApiKey(Secret::new(KEY)), &[]).unwrap();
        assert_eq!(key["x-api-key"], KEY);
        assert_eq!(key["x-team"], "blue");
        let token = headers.of(&Authorization::PlanToken(Secret::new(KEY)), &[]).unwrap();
        assert_eq!(token["authorization"], format!("Bearer {KEY}"));
        assert!(!format!("{key:?}{token:?}{headers:?}").contains("not-a-real-key"));
        assert!(key["x-api-key"].is_sensitive() && token["authorization"].is_sensitive());
    }

    #[test]
    fn impossible_headers_are_refused_without_their_value() {
        for (name, text) in [("bad name", "x"), ("x-a", "line\nbreak"), ("Host", "evil"), ("", "x")] {
            let overrides = [(name.to_owned(), Secret::new(text))];
            let error = RequestHeaders::new("v", "agent/1", names(), &overrides).unwrap_err();
            assert!(matches!(error, Error::BadHeader { .. }), "{error}");
            assert!(!error.to_string().contains("break"), "{error}");
        }
        let headers = RequestHeaders::new("v", "agent/1", names(), &[]).unwrap();
        let error = headers.of(&Authorization::ApiKey(Secret::new("two\nlines")), &[]).unwrap_err();
        assert!(matches!(error, Error::BadHeader { name, .. } if name == "x-api-key"));
    }

    fn meta(pairs: &[(&str, &str)]) -> ResponseMeta {
        let mut headers = HeaderMap::new();
        for (name, text) in pairs {
            headers.insert(name.parse::<HeaderName>().unwrap(), text.parse().unwrap());
        }
        ResponseMeta::read(429, &headers, &Secret::new(KEY))
    }

    #[test]
    fn limits_are_kept_by_name_and_resets_become_times() {
        let meta = meta(&[
            ("anthropic-ratelimit-tokens-remaining", "1000"),
            ("anthropic-ratelimit-tokens-reset", "2026-01-01T00:00:30Z"),
            ("anthropic-ratelimit-brand-new", "whatever"),
            ("request-id", "req_1"),
            ("anthropic-organization-id", "org"),
            ("anthropic-workspace-id", KEY),
        ]);
        assert_eq!(meta.rate_limits.values["tokens-remaining"], "1000");
        assert_eq!(meta.rate_limits.values["brand-new"], "whatever");
        assert_eq!(meta.rate_limits.resets.len(), 1);
        assert_eq!(meta.rate_limits.resets["tokens-reset"].to_string(), "2026-01-01T00:00:30Z");
        assert_eq!(meta.request_id.as_deref(), Some("req_1"));
        assert_eq!(meta.organization_id.as_deref(), Some("org"));
        assert_eq!(meta.workspace_id.as_deref(), Some("sk-ant-api03 …x3Qw"));
    }

    #[test]
    fn only_limits_that_are_used_up_say_when_to_come_back() {
        let until = |pairs: &[(&str, &str)]| {
            let name = |name: &str| format!("anthropic-ratelimit-{name}");
            let pairs: Vec<_> = pairs.iter().map(|(limit, text)| (name(limit), *text)).collect();
            let pairs: Vec<_> = pairs.iter().map(|(name, text)| (name.as_str(), *text)).collect();
            meta(&pairs).rate_limits.exhausted_until().map(|at| at.to_string())
        };
        let (soon, late) = ("2026-01-01T00:00:30Z", "2026-01-01T09:00:00Z");
        let requests = [("requests-remaining", "0"), ("requests-reset", soon)];
        assert_eq!(until(&requests).as_deref(), Some(soon));
        let unused = [("tokens-remaining", "9000"), ("tokens-reset", late)];
        assert_eq!(until(&[requests, unused].concat()).as_deref(), Some(soon));
        let used = [("tokens-remaining", "0"), ("tokens-reset", late)];
        assert_eq!(until(&[requests, used].concat()).as_deref(), Some(late));
        // Plans send seconds since 1970, and the windows beside the one that refuses do not count.
        let plan = [
            ("unified-status", "rejected"),
            ("unified-reset", "1767225630"),
            ("unified-overage-status", "rejected"),
            ("unified-overage-reset", "1769904000"),
        ];
        assert_eq!(until(&plan).as_deref(), Some(soon));
        assert_eq!(until(&[("unified-status", "allowed"), ("unified-reset", "1767225630")]), None);
        for said in ["-remaining", "0", "soon"] {
            assert_eq!(until(&[("requests-remaining", said)]), None, "{said}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_own_clock() {
        assert_eq!(meta(&[("retry-after", "12")]).retry_after, Some(Duration::from_secs(12)));
        assert_eq!(meta(&[("retry-after", " 0.5 ")]).retry_after, Some(Duration::from_millis(500)));
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        assert_eq!(meta(&[date, later]).retry_after, Some(Duration::from_secs(30)));
        let earlier = ("retry-after", "Sun, 06 Nov 1994 08:00:00 GMT");
        assert_eq!(meta(&[date, earlier]).retry_after, Some(Duration::ZERO));
        for nonsense in ["-1", "NaN", "inf", "1e400", "soon", later.1] {
            assert_eq!(meta(&[("retry-after", nonsense)]).retry_after, None, "{nonsense}");
        }
    }
}
