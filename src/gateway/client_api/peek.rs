//! What is looked at in a request before it is sent on. The body itself stays as it came; one that cannot be read here is
//! for the provider to refuse.

use std::borrow::Cow;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use http::HeaderMap;
use memchr::memmem;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The header by which Claude Code names a conversation.
const SESSION: &str = "x-claude-code-session-id";

/// What a request for an answer says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Peek {
    /// The model, as the client names it.
    pub(super) model: Option<String>,
    /// Whether the answer is to be streamed.
    pub(super) streams: bool,
    /// The most tokens the answer may have.
    pub(super) max_tokens: Option<u64>,
    /// What tells its conversation from others; `None` where nothing does.
    pub(super) conversation: Option<u64>,
    /// Whether it asks for the cache of an hour.
    pub(super) caches_for_an_hour: bool,
    /// Whether it asks for another speed than the usual one.
    pub(super) at_other_speed: bool,
}

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow)]
    model: Option<Cow<'b, str>>,
    stream: Option<bool>,
    max_tokens: Option<u64>,
    #[serde(borrow)]
    speed: Option<Cow<'b, str>>,
    #[serde(borrow)]
    system: Option<&'b RawValue>,
    #[serde(borrow, default)]
    messages: First<'b>,
}

/// The first element of a list, the others passed over.
#[derive(Default)]
struct First<'b>(Option<&'b RawValue>);

impl<'de: 'b, 'b> Deserialize<'de> for First<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;

        impl<'de> Visitor<'de> for List {
            type Value = First<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }

        deserializer.deserialize_seq(List)
    }
}

impl Peek {
    /// Looks at a body and at the header that names the conversation; `client` keeps those of different clients apart.
    pub(super) fn at(body: &[u8], headers: &HeaderMap, client: &str) -> Self {
        let read = serde_json::from_slice::<Body<'_>>(body).ok();
        let named = headers.get(SESSION).map(http::HeaderValue::as_bytes).filter(|id| !id.is_empty());
        let begins =
            read.as_ref().and_then(|body| Some((body.system.map(RawValue::get), body.messages.0?.get())));
        let conversation = (named.is_some() || begins.is_some()).then(|| {
            let mut hasher = DefaultHasher::new();
            client.hash(&mut hasher);
            match named {
                Some(id) => id.hash(&mut hasher),
                None => begins.hash(&mut hasher),
            }
            hasher.finish()
        });
        let caches_for_an_hour = memmem::find(body, b"\"1h\"").is_some();
        let Some(Body { model, stream, max_tokens, speed, .. }) = read else {
            return Self { conversation, caches_for_an_hour, ..Self::default() };
        };
        let (model, streams) = (model.map(Cow::into_owned), stream.unwrap_or_default());
        let at_other_speed = speed.is_some_and(|speed| speed != "standard");
        Self { model, streams, max_tokens, conversation, caches_for_an_hour, at_other_speed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peek(body: &str) -> Peek {
        Peek::at(body.as_bytes(), &HeaderMap::new(), "app")
    }

    #[test]
    fn model_stream_and_limit_are_read_wherever_they_stand() {
        let read = peek(
            r#"{"messages":[{"role":"user","content":"a\"}{"},{"x":[1]}],"stream":true,"max_tokens":9,"model":"claude-x"}"#,
        );
        assert_eq!((read.model.as_deref(), read.streams, read.max_tokens), (Some("claude-x"), true, Some(9)));
        assert!(!read.at_other_speed);
        assert!(!peek(r#"{"model":"m","speed":"standard"}"#).at_other_speed);
        assert!(peek(r#"{"model":"m","speed":"fast"}"#).at_other_speed);
        for odd in ["", "[]", "{", r#"{"model":7}"#, r#"{"messages":7,"model":"m"}"#, "\u{1}"] {
            assert_eq!(peek(odd).model, None, "{odd}");
        }
    }

    #[test]
    fn a_conversation_is_told_by_how_it_begins_or_by_its_header() {
        let first = r#"{"system":"s","messages":[{"role":"user","content":"hi"}]}"#;
        let later = r#"{"system":"s","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"x"}]}"#;
        let other = r#"{"system":"t","messages":[{"role":"user","content":"hi"}]}"#;
        assert_eq!(peek(first).conversation, peek(later).conversation);
        assert_ne!(peek(first).conversation, peek(other).conversation);
        assert_ne!(
            peek(first).conversation,
            Peek::at(first.as_bytes(), &HeaderMap::new(), "another app").conversation
        );
        assert_eq!(peek("{}").conversation, None);
        let headers: HeaderMap =
            [(http::HeaderName::from_static(SESSION), "s1".parse().unwrap())].into_iter().collect();
        let named = |body: &str| Peek::at(body.as_bytes(), &headers, "app").conversation;
        assert_eq!(named(first), named(other));
        assert!(named("{}").is_some());
    }

    #[test]
    fn the_cache_of_an_hour_is_seen_in_any_marker() {
        assert!(
            peek(r#"{"system":[{"type":"text","cache_control":{"type":"ephemeral","ttl":"1h"}}]}"#)
                .caches_for_an_hour
        );
        assert!(
            !peek(r#"{"system":[{"type":"text","cache_control":{"type":"ephemeral"}}]}"#).caches_for_an_hour
        );
    }
}
