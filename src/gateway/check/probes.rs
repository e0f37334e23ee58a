//! What a gateway is asked, each request once: those of Anthropic's clients, with the spellings in them that a gateway
//! which reads and writes anew would change.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::json;

use super::exchange::Sent;
use crate::models::catalog::Catalog;
use crate::secret::{Secret, SecretKind};

/// How long clients wait for a list of models, and for the greeting.
pub(super) const QUICK: Duration = Duration::from_secs(3);
/// How long an answer of a model may take.
const PATIENT: Duration = Duration::from_secs(60);

/// Two betas, spelt as no program would write them.
pub(super) const BETAS: &str = "interleaved-thinking-2025-05-14,  context-management-2025-06-27";
/// A header of the open list that means nothing to anybody.
pub(super) const OPEN_HEADER: (&str, &str) = ("anthropic-fased-check", "Kept As It  Is");
/// The headers by which a client tells whose request it is.
pub(super) const SESSION_HEADERS: [(&str, &str); 3] = [
    ("x-claude-code-session-id", "fased-check-0001"),
    ("x-claude-code-agent-id", "fased-check-agent"),
    ("x-claude-code-parent-agent-id", "fased-check-parent"),
];
/// What says where a request came from, which is nobody's business upstream.
pub(super) const PRIVATE_HEADERS: [(&str, &str); 3] = [
    ("referer", "http://127.0.0.1/fased-check"),
    ("x-forwarded-for", "192.0.2.1"),
    ("forwarded", "for=192.0.2.1"),
];
/// A version of the API that never was.
const NO_VERSION: &str = "1999-01-01";
/// What the sandbox is asked to fail with, and to say about coming back.
pub(super) const FAULT: &str = "overloaded;retry-after=7;should-retry=false";
/// A comment for the sandbox to put into its stream.
pub(super) const COMMENT: &str = "fased-check";
/// The first entry of the system array, where clients have their own.
pub(super) const ATTRIBUTION: &str = "fased-check: first entry";
/// Bytes of a request that is larger than most servers take by default.
const LARGE: usize = 2 * 1024 * 1024;
/// Shortest prompt, in tokens, to cache for a model nobody knows.
const CACHE_MINIMUM: u64 = 4_096;
/// More bytes than any tokenizer makes one token of, on average.
const BYTES_PER_TOKEN: u64 = 6;

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Probe {
    /// The list of models, the key in `x-api-key`.
    ModelsByKey,
    /// The list of models, the key as a bearer token.
    ModelsByBearer,
    /// The list of models without a key.
    ModelsOpen,
    /// The greeting some clients send first.
    Hello,
    /// The smallest request.
    Plain,
    /// The same with a query.
    Query,
    /// With betas, sessions and a header nobody knows.
    Headers,
    /// With a field nobody knows.
    Field,
    /// A system prompt in several entries, with a marker.
    System,
    /// The tokens of that.
    Count,
    /// Streamed.
    Stream,
    /// A long prompt with a marker.
    Cache,
    /// Without a field that is required.
    Invalid,
    /// A model that is not there.
    UnknownModel,
    /// A version of the API that is not there.
    Version,
    /// Larger than most, and refused by the API.
    Large,
    /// One the sandbox answers with an error.
    Fault,
}

impl Probe {
    /// Those of a gateway that takes the key, in the order in which they are sent: what fails on purpose comes last.
    pub(super) const FOLLOWING: [Self; 14] = [
        Self::Hello,
        Self::ModelsOpen,
        Self::Plain,
        Self::Query,
        Self::Headers,
        Self::Field,
        Self::System,
        Self::Count,
        Self::Stream,
        Self::Cache,
        Self::Invalid,
        Self::UnknownModel,
        Self::Version,
        Self::Large,
    ];

    /// Whether it asks for a message of a model.
    pub(super) fn wants_message(self) -> bool {
        matches!(
            self,
            Self::Plain
                | Self::Query
                | Self::Headers
                | Self::Field
                | Self::System
                | Self::Stream
                | Self::Cache
        )
    }
}

/// How the key is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    ApiKey,
    Bearer,
}

impl Form {
    /// The forms a key may be shown in: Anthropic's own credentials have one each, a gateway's key has both.
    pub(super) fn of(key: &Secret) -> &'static [Self] {
        match key.kind() {
            SecretKind::ApiKey => &[Self::ApiKey],
            SecretKind::BearerToken => &[Self::Bearer],
            _ => &[Self::ApiKey, Self::Bearer],
        }
    }

    pub(super) fn models(self) -> Probe {
        match self {
            Self::ApiKey => Probe::ModelsByKey,
            Self::Bearer => Probe::ModelsByBearer,
        }
    }
}

/// What all requests have in common.
#[derive(Debug)]
pub(super) struct Client<'a> {
    pub(super) key: Option<(&'a Secret, Form)>,
    pub(super) model: &'a str,
    /// Whether the sandbox is upstream.
    pub(super) sandbox: bool,
}

impl Client<'_> {
    /// A request, ready to be sent; `None` when the key cannot stand in a header.
    pub(super) fn request(&self, probe: Probe) -> Option<Sent> {
        let mut headers = self.headers(probe)?;
        let body = self.body(probe);
        let (method, target, limit) = match probe {
            Probe::ModelsByKey | Probe::ModelsByBearer | Probe::ModelsOpen => {
                (Method::GET, "v1/models?limit=1000", QUICK)
            }
            Probe::Hello => (Method::HEAD, "api/hello", QUICK),
            Probe::Count => (Method::POST, "v1/messages/count_tokens?beta=true", PATIENT),
            Probe::Query | Probe::Headers | Probe::Stream => (Method::POST, "v1/messages?beta=true", PATIENT),
            _ => (Method::POST, "v1/messages", PATIENT),
        };
        if method == Method::POST {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Some(Sent { method, target: target.to_owned(), headers, body: body.into(), limit })
    }

    fn headers(&self, probe: Probe) -> Option<HeaderMap> {
        let mut headers = HeaderMap::new();
        let mut set = |name: &'static str, value: &str| {
            let value = HeaderValue::from_str(value).ok()?;
            headers.insert(HeaderName::from_static(name), value);
            Some(())
        };
        let catalog = Catalog::embedded();
        let version = if probe == Probe::Version { NO_VERSION } else { &catalog.api().anthropic_version };
        set("anthropic-version", version)?;
        let mut betas = if probe == Probe::Headers { BETAS.to_owned() } else { String::new() };
        if self.key.is_some_and(|(key, _)| key.kind() == SecretKind::BearerToken) {
            // Anthropic takes its own tokens with these alone.
            for beta in &catalog.betas().bearer_token {
                betas = if betas.is_empty() { beta.clone() } else { format!("{betas},{beta}") };
            }
        }
        if !betas.is_empty() {
            set("anthropic-beta", &betas)?;
        }
        if probe == Probe::Headers {
            set(OPEN_HEADER.0, OPEN_HEADER.1)?;
            for (name, value) in SESSION_HEADERS.into_iter().chain(PRIVATE_HEADERS) {
                set(name, value)?;
            }
        }
        if probe == Probe::Stream {
            // A sandbox upstream takes its time; anybody else does so by nature.
            set("x-sandbox-event-delay-ms", "40")?;
        }
        if probe == Probe::Fault {
            set("x-sandbox-fault", FAULT)?;
        }
        if let Some((key, form)) = self.key.filter(|_| probe != Probe::ModelsOpen) {
            let (name, text) = match form {
                Form::ApiKey => (HeaderName::from_static("x-api-key"), key.expose().to_owned()),
                Form::Bearer => (header::AUTHORIZATION, format!("Bearer {}", key.expose())),
            };
            let mut value = HeaderValue::from_str(&text).ok()?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Some(headers)
    }

    fn body(&self, probe: Probe) -> String {
        let model = json!(self.model);
        let hello = r#""messages": [{"role": "user", "content": "Say hello."}]"#;
        match probe {
            Probe::ModelsByKey | Probe::ModelsByBearer | Probe::ModelsOpen | Probe::Hello => String::new(),
            Probe::Plain | Probe::Query | Probe::Version | Probe::Fault => {
                format!(r#"{{"model":{model},"max_tokens":16,{hello}}}"#)
            }
            // Order of keys, white space and escapes that no serializer would write like this.
            Probe::Headers => format!(
                "{{\n \"max_tokens\" : 16,  {hello},\n\t\"metadata\":{{\"user_id\":\"fased-\\u0063heck\"}} , \"model\":{model} }}\n"
            ),
            Probe::Field => format!(
                r#"{{"model":{model},"max_tokens":16,{hello},"fased_check":{{"z":1.50,"a":[null,"\u00e9"]}}}}"#
            ),
            Probe::System => format!(r#"{{"model":{model},"max_tokens":16,{}}}"#, system()),
            Probe::Count => format!(r#"{{"model":{model},{}}}"#, system()),
            Probe::Stream => {
                let comment =
                    if self.sandbox { format!("\n[sandbox:comment {COMMENT}]") } else { String::new() };
                let question = json!(format!("Count from one to thirty, in words.{comment}"));
                format!(
                    r#"{{"model":{model},"max_tokens":128,"stream":true,"messages":[{{"role":"user","content":{question}}}]}}"#
                )
            }
            Probe::Cache => format!(
                r#"{{"model":{model},"max_tokens":16,"system":[{{"type":"text","text":{},"cache_control":{{"type":"ephemeral"}}}}],{hello}}}"#,
                json!(long_text(self.model))
            ),
            Probe::Invalid => format!(r#"{{"model":{model},{hello}}}"#),
            Probe::UnknownModel => {
                format!(r#"{{"model":"claude-fased-check-no-such-model","max_tokens":16,{hello}}}"#)
            }
            // Without `max_tokens`, so that nothing is counted or paid.
            Probe::Large => {
                let text = "x".repeat(LARGE);
                format!(r#"{{"model":{model},"messages":[{{"role":"user","content":"{text}"}}]}}"#)
            }
        }
    }
}

fn system() -> String {
    format!(
        r#""system":[{{"type":"text","text":"{ATTRIBUTION}"}},{{"type":"text","text":"Answer in one word.","cache_control":{{"type":"ephemeral"}}}}],"messages":[{{"role":"user","content":[{{"type":"text","text":"Say hello."}}]}}]"#
    )
}

/// A text that is long enough to be cached.
fn long_text(model: &str) -> String {
    let minimum = Catalog::embedded().model(model).and_then(|model| model.cache_minimum);
    let bytes = minimum.unwrap_or(CACHE_MINIMUM).saturating_mul(BYTES_PER_TOKEN);
    let line = "This line says nothing, and says it so that the text gets long enough for the cache.\n";
    let lines = usize::try_from(bytes).unwrap_or(usize::MAX / line.len()).div_ceil(line.len());
    line.repeat(lines.min(2_000))
}

/// The model that is asked when nobody names one: the cheapest of those listed whose price is known, else the first of
/// Claude's; without a list the cheapest of all.
pub(super) fn cheapest(listed: &[String]) -> String {
    let catalog = Catalog::embedded();
    let price = |id: &str| catalog.model(id).and_then(|model| model.prices.input);
    let known = listed.iter().filter_map(|id| Some((price(id)?, id.as_str())));
    let cheapest = known.min_by_key(|(price, _)| *price).map(|(_, id)| id);
    let of_claude = || listed.iter().map(String::as_str).find(|id| id.contains("claude"));
    let of_all = || {
        let priced = catalog.models().filter_map(|(id, model)| Some((model.prices.input?, id)));
        priced.min_by_key(|(price, _)| *price).map(|(_, id)| id)
    };
    cheapest.or_else(of_claude).or_else(of_all).unwrap_or_else(|| catalog.default_model().model()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "fased-ck-sandbox-0000000000000000000000";

    fn request(probe: Probe) -> Sent {
        let key = Secret::new(KEY);
        let client = Client { key: Some((&key, Form::ApiKey)), model: "claude-haiku-4-5", sandbox: true };
        client.request(probe).unwrap()
    }

    #[test]
    fn bodies_are_json_unlike_what_a_serializer_writes() {
        for probe in Probe::FOLLOWING.into_iter().filter(|probe| probe.wants_message()) {
            assert!(serde_json::from_slice::<serde_json::Value>(&request(probe).body).is_ok(), "{probe:?}");
        }
        for probe in [Probe::Headers, Probe::Field] {
            let body = request(probe).body;
            let again = serde_json::from_slice::<serde_json::Value>(&body).unwrap().to_string();
            assert_ne!(body, again.as_bytes(), "{probe:?}");
        }
        assert_eq!(request(Probe::Large).body.len() / LARGE, 1);
    }

    #[test]
    fn the_long_prompt_is_longer_than_the_cache_asks_for() {
        for (id, model) in Catalog::embedded().models() {
            let Some(minimum) = model.cache_minimum else { continue };
            assert!(long_text(id).len() as u64 / BYTES_PER_TOKEN >= minimum, "{id}");
        }
    }

    #[test]
    fn the_key_is_shown_in_one_form_and_nowhere_without_a_key() {
        let sent = request(Probe::Plain);
        assert_eq!(sent.header("x-api-key"), Some(KEY));
        assert_eq!(sent.header("authorization"), None);
        assert_eq!(request(Probe::ModelsOpen).header("x-api-key"), None);
        assert!(!format!("{sent:?}").contains(KEY));
    }

    #[test]
    fn the_cheapest_listed_model_is_asked() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(cheapest(&ids(&["claude-opus-5", "claude-haiku-4-5", "gpt"])), "claude-haiku-4-5");
        assert_eq!(cheapest(&ids(&["gpt", "my-claude"])), "my-claude");
        assert!(Catalog::embedded().model(&cheapest(&[])).is_some());
    }
}
