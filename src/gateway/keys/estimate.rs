//! What a request may cost at most, as far as that can be told before it is sent: its body as input and `max_tokens` as
//! output, each at the dearest price of its kind. The provider counts tokens by rules of its own, so this is an estimate on the
//! safe side and no promise. Tools that the provider bills by the call are not in it.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::models::known::{KnownModel, KnownModels};
use crate::models::refs::ModelRef;
use crate::usage::price::MicroDollars;

/// Bytes of text that make a token, rounded up. English prose has more than four, code and other scripts fewer.
pub const BYTES_PER_TOKEN: u64 = 3;
/// Tokens of an image within the body, whatever its size: the provider scales larger ones down to less than this many. By the
/// bytes a picture of a megabyte would be taken for half a million.
const TOKENS_PER_IMAGE: u64 = 5_000;

/// A request, as far as it tells what it may cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// All of it.
    pub body: &'w [u8],
    /// The most tokens the answer may have; without it, the longest answer of the model is assumed.
    pub max_tokens: Option<u64>,
    /// Whether it asks for a speed that is not the usual one, which has prices of its own.
    pub at_other_speed: bool,
}

/// What an answer of a model may cost; `None` where prices are not known.
pub fn estimate(model: &ModelRef, known: KnownModels<'_>, wanted: &Wanted<'_>) -> Option<MicroDollars> {
    if wanted.at_other_speed {
        return None;
    }
    let known = known.model(model)?;
    let (input, output) = dearest(&known)?;
    let prompt = input_tokens(wanted.body, known.context_window)?;
    let answer = wanted.max_tokens.or(known.max_output).unwrap_or_default();
    let product = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
    let millionths = product(prompt, input).saturating_add(product(answer, output));
    Some(MicroDollars(u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX)))
}

/// The dearest price of input, cached or not, and of output.
fn dearest(model: &KnownModel<'_>) -> Option<(u64, u64)> {
    let long = model.long_prompt.map(|long| long.prices);
    [Some(model.prices), long].into_iter().flatten().try_fold((0, 0), |(input, output), prices| {
        let written = prices.cache_write_5m.max(prices.cache_write_1h).unwrap_or_default();
        Some((input.max(prices.input?).max(written), output.max(prices.output?)))
    })
}

/// The most tokens a body is. A document that is named and not in it may be as long as the model reads; `None` where it is
/// not known how long that is.
fn input_tokens(body: &[u8], context_window: Option<u64>) -> Option<u64> {
    // A body that is no JSON has nothing attached; the provider refuses it.
    let Attached { images, bytes, linked_images, links_more } =
        serde_json::from_slice(body).unwrap_or_default();
    if links_more {
        return context_window;
    }
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let rest = length.saturating_sub(bytes).div_ceil(BYTES_PER_TOKEN).max(1);
    // A small image is no more than its bytes are.
    let inside = images.saturating_mul(TOKENS_PER_IMAGE).min(bytes.div_ceil(BYTES_PER_TOKEN));
    let tokens = rest.saturating_add(inside).saturating_add(linked_images.saturating_mul(TOKENS_PER_IMAGE));
    // A longer prompt the provider refuses.
    Some(tokens.min(context_window.unwrap_or(u64::MAX)))
}

/// What a document brings along that its bytes do not measure, wherever it stands.
#[derive(Debug, Default, Clone, Copy)]
struct Attached {
    /// Images within it: objects with a `media_type` that is one of images, and `data`.
    images: u64,
    /// All their data.
    bytes: u64,
    /// Images that are fetched: their `source` is a URL or a file.
    linked_images: u64,
    /// Whether anything else is fetched.
    links_more: bool,
}

impl Attached {
    fn and(self, other: Self) -> Self {
        Self {
            images: self.images + other.images,
            bytes: self.bytes + other.bytes,
            linked_images: self.linked_images + other.linked_images,
            links_more: self.links_more || other.links_more,
        }
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Type,
    Source,
    MediaType,
    Data,
    #[serde(other)]
    Other,
}

/// What a value is, as far as it matters here.
enum Piece {
    Text { bytes: u64, word: Word },
    Document { attached: Attached, is_link: bool },
}

/// Texts that mean something here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The `type` of an image.
    Image,
    /// The `type` of a source that is elsewhere.
    Link,
    /// The `media_type` of an image.
    ImageFormat,
    Other,
}

impl Piece {
    fn attached(self) -> Attached {
        match self {
            Self::Document { attached, .. } => attached,
            Self::Text { .. } => Attached::default(),
        }
    }
}

impl<'de> Deserialize<'de> for Attached {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Piece::deserialize(deserializer).map(Piece::attached)
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

const NOTHING: Piece = Piece::Document {
    attached: Attached { images: 0, bytes: 0, linked_images: 0, links_more: false },
    is_link: false,
};

impl<'de> Visitor<'de> for Look {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Piece, E> {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let word = match text {
            "image" => Word::Image,
            "url" | "file" => Word::Link,
            _ if text.starts_with("image/") => Word::ImageFormat,
            _ => Word::Other,
        };
        Ok(Piece::Text { bytes, word })
    }

    fn visit_unit<E>(self) -> Result<Piece, E> {
        Ok(NOTHING)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Piece, E> {
        Ok(NOTHING)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Piece, E> {
        Ok(NOTHING)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Piece, E> {
        Ok(NOTHING)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Piece, E> {
        Ok(NOTHING)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Piece, A::Error> {
        let mut attached = Attached::default();
        while let Some(inside) = list.next_element::<Attached>()? {
            attached = attached.and(inside);
        }
        Ok(Piece::Document { attached, is_link: false })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Piece, A::Error> {
        let mut attached = Attached::default();
        let (mut kind, mut has_linked_source) = (Word::Other, false);
        let (mut is_image, mut data) = (false, 0);
        while let Some(key) = map.next_key::<Key>()? {
            match (key, map.next_value::<Piece>()?) {
                (Key::Type, Piece::Text { word, .. }) => kind = word,
                (Key::MediaType, Piece::Text { word, .. }) => is_image = word == Word::ImageFormat,
                (Key::Data, Piece::Text { bytes, .. }) => data = bytes,
                (Key::Source, Piece::Document { attached: inside, is_link }) => {
                    has_linked_source = is_link;
                    attached = attached.and(inside);
                }
                (_, piece) => attached = attached.and(piece.attached()),
            }
        }
        if is_image {
            attached = attached.and(Attached { images: 1, bytes: data, ..Attached::default() });
        }
        if has_linked_source {
            let is_image = kind == Word::Image;
            let linked_images = u64::from(is_image);
            attached = attached.and(Attached { linked_images, links_more: !is_image, ..Attached::default() });
        }
        Ok(Piece::Document { attached, is_link: kind == Word::Link })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::models::catalog::Catalog;

    fn estimated(model: &str, config: &str, body: &[u8], max_tokens: Option<u64>) -> Option<u64> {
        let config: Config = crate::config::load::parse(config).unwrap();
        let model: ModelRef = model.parse().unwrap();
        let wanted = Wanted { body, max_tokens, at_other_speed: false };
        estimate(&model, KnownModels::of(&config), &wanted).map(|cost| cost.0)
    }

    #[test]
    fn input_is_priced_as_the_dearest_cache_write_and_output_by_its_limit() {
        // Opus 5.5: a write to the cache of an hour is 8 dollars a million, output 20.
        let of = |length: usize, max| estimated("claude-opus-5-5", "{}", &vec![b' '; length], Some(max));
        assert_eq!(of(300, 0), Some(800));
        assert_eq!(of(301, 0), Some(808));
        assert_eq!(of(0, 0), Some(8));
        assert_eq!(of(300, 1_000), Some(20_800));
    }

    #[test]
    fn without_a_limit_the_longest_answer_is_assumed() {
        let longest = Catalog::embedded().model("claude-opus-5-5").unwrap().max_output.unwrap();
        let limited = estimated("claude-opus-5-5", "{}", b"{}", Some(longest));
        assert_eq!(estimated("claude-opus-5-5", "{}", b"{}", None), limited);
    }

    #[test]
    fn the_prices_of_long_prompts_count_where_they_are_dearer() {
        let model = Catalog::embedded().model("claude-haiku-5-5").unwrap();
        let long = model.long_prompt.unwrap().prices;
        assert!(long.output > model.prices.output);
        let millionths = long.cache_write_1h.unwrap().max(long.input.unwrap()) + 7 * long.output.unwrap();
        assert_eq!(estimated("claude-haiku-5-5", "{}", b"{}", Some(7)), Some(millionths.div_ceil(1_000_000)));
    }

    #[test]
    fn a_model_without_prices_has_no_estimate() {
        assert_eq!(estimated("claude-nosuch", "{}", b"{}", Some(1)), None);
        let half = "{models:{providers:{local:{models:[{id:'m',cost:{input:1}}]}}}}";
        assert_eq!(estimated("local/m", half, b"{}", Some(1)), None);
        let whole = "{models:{providers:{local:{models:[{id:'m',cost:{input:1,output:2}}]}}}}";
        assert_eq!(estimated("local/m", whole, b"{}", Some(1)), Some(3));
    }

    #[test]
    fn no_prompt_is_longer_than_the_context_window() {
        let body = vec![b' '; 20_000_000];
        let local =
            "{models:{providers:{local:{models:[{id:'m',contextWindow:1000,cost:{input:1,output:0}}]}}}}";
        assert_eq!(estimated("local/m", local, &body, Some(0)), Some(1_000));
    }

    #[test]
    fn an_image_counts_as_one_and_not_by_its_bytes() {
        let data = "A".repeat(1_000_000);
        let image = |data: &str| {
            format!(
                r#"{{"data":"{data}","type":"image","source":{{"type":"base64","data":"{data}","media_type":"image/png"}}}}"#
            )
        };
        // The first `data` is not in an image's source.
        let body = format!(r#"{{"messages":[{{"content":[{},null,1,-1,0.5,true]}}]}}"#, image(&data));
        let outside = u64::try_from(body.len()).unwrap() - 1_000_000;
        let tokens = |body: &[u8]| input_tokens(body, None).unwrap();
        assert_eq!(tokens(body.as_bytes()), outside.div_ceil(3) + TOKENS_PER_IMAGE);
        let small = format!("[{}]", image("AAAAAA"));
        let all = u64::try_from(small.len()).unwrap();
        assert!(tokens(small.as_bytes()) <= all.div_ceil(3) + 1);
        // What cannot be read is counted as it is.
        let cut = &body.as_bytes()[..body.len() - 1];
        assert_eq!(tokens(cut), u64::try_from(cut.len()).unwrap().div_ceil(3));
    }

    #[test]
    fn what_is_only_named_counts_as_the_longest_it_can_be() {
        let block = |kind: &str, source: &str| {
            format!(r#"{{"messages":[{{"role":"user","content":[{{"source":{source},"type":"{kind}"}}]}}]}}"#)
        };
        let (url, file) =
            (r#"{"type":"url","url":"https://x.example/y"}"#, r#"{"file_id":"f1","type":"file"}"#);
        let plain = |body: &str| u64::try_from(body.len()).unwrap().div_ceil(3);
        for source in [url, file] {
            let image = block("image", source);
            assert_eq!(input_tokens(image.as_bytes(), Some(90_000)), Some(plain(&image) + TOKENS_PER_IMAGE));
            let document = block("document", source);
            assert_eq!(input_tokens(document.as_bytes(), Some(90_000)), Some(90_000), "{source}");
            assert_eq!(input_tokens(document.as_bytes(), None), None, "nobody knows how long that may be");
        }
        // A key that is written another way is the same key, and a text is in the body.
        let escaped = block("document", r#"{"\u0074ype":"url","url":"https://x.example/y"}"#);
        assert_eq!(input_tokens(escaped.as_bytes(), Some(90_000)), Some(90_000));
        let text = block("document", r#"{"type":"text","media_type":"text/plain","data":"url"}"#);
        assert_eq!(input_tokens(text.as_bytes(), Some(90_000)), Some(plain(&text)));
    }

    #[test]
    fn another_speed_has_prices_nobody_knows() {
        let config: Config = crate::config::load::parse("{}").unwrap();
        let wanted = Wanted { body: b"{}", max_tokens: Some(1), at_other_speed: true };
        assert_eq!(estimate(&"claude-opus-5".parse().unwrap(), KnownModels::of(&config), &wanted), None);
    }
}
