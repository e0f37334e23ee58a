//! What a request may cost at most, as far as that can be told before it is sent: its body as input and `max_tokens` as
//! output, each at the dearest price of its kind. The provider counts tokens by rules of its own, so this is an estimate on the
//! safe side and no promise. Tools that the provider bills by the call are not in it.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::models::known::{KnownModel, KnownModels};
use crate::models::refs::ModelRef;
use crate::usage::price::MicroDollars;

/// Bytes of a body that make a token, rounded up. English prose has more than four, code and other scripts fewer.
const BYTES_PER_TOKEN: u64 = 3;
/// Tokens of an image within the body, whatever its size: the provider scales larger ones down to less than this many. By the
/// bytes a picture of a megabyte would be taken for half a million.
const TOKENS_PER_IMAGE: u64 = 5_000;
/// A body that is shorter is not looked into: an image would change little.
const LOOKED_INTO: usize = 16 * 1024;

/// What an answer of a model to this body may cost; `None` for a model whose prices are not known. Without `max_tokens` its
/// longest answer is assumed.
pub fn estimate(
    model: &ModelRef,
    known: KnownModels<'_>,
    body: &[u8],
    max_tokens: Option<u64>,
) -> Option<MicroDollars> {
    let known = known.model(model)?;
    let (input, output) = dearest(&known)?;
    // A longer prompt the provider refuses.
    let prompt = input_tokens(body).min(known.context_window.unwrap_or(u64::MAX));
    let answer = max_tokens.or(known.max_output).unwrap_or_default();
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

fn input_tokens(body: &[u8]) -> u64 {
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    // A body that is no JSON has no images; the provider refuses it.
    let looked_into =
        (body.len() >= LOOKED_INTO).then(|| serde_json::from_slice::<Images>(body).ok()).flatten();
    let Images { count, bytes } = looked_into.unwrap_or_default();
    let rest = length.saturating_sub(bytes).div_ceil(BYTES_PER_TOKEN).max(1);
    // A small image is no more than its bytes are.
    rest.saturating_add(count.saturating_mul(TOKENS_PER_IMAGE).min(bytes.div_ceil(BYTES_PER_TOKEN)))
}

/// The images in a document, wherever they stand: objects with a `media_type` that is one of images, and `data`.
#[derive(Debug, Default, Clone, Copy)]
struct Images {
    count: u64,
    /// All their data.
    bytes: u64,
}

impl Images {
    fn and(self, other: Self) -> Self {
        Self { count: self.count + other.count, bytes: self.bytes + other.bytes }
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    MediaType,
    Data,
    #[serde(other)]
    Other,
}

/// What a value is, as far as it matters here.
enum Piece {
    Text { bytes: u64, names_images: bool },
    Images(Images),
}

impl Piece {
    fn images(self) -> Images {
        match self {
            Self::Images(images) => images,
            Self::Text { .. } => Images::default(),
        }
    }
}

impl<'de> Deserialize<'de> for Images {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Piece::deserialize(deserializer).map(Piece::images)
    }
}

impl<'de> Deserialize<'de> for Piece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

const NOTHING: Piece = Piece::Images(Images { count: 0, bytes: 0 });

impl<'de> Visitor<'de> for Look {
    type Value = Piece;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Piece, E> {
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        Ok(Piece::Text { bytes, names_images: text.starts_with("image/") })
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
        let mut images = Images::default();
        while let Some(inside) = list.next_element::<Images>()? {
            images = images.and(inside);
        }
        Ok(Piece::Images(images))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Piece, A::Error> {
        let (mut images, mut is_image, mut data) = (Images::default(), false, 0);
        while let Some(key) = map.next_key::<Key>()? {
            match (key, map.next_value::<Piece>()?) {
                (Key::MediaType, Piece::Text { names_images, .. }) => is_image = names_images,
                (Key::Data, Piece::Text { bytes, .. }) => data = bytes,
                (_, piece) => images = images.and(piece.images()),
            }
        }
        let own = if is_image { Images { count: 1, bytes: data } } else { Images::default() };
        Ok(Piece::Images(images.and(own)))
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
        estimate(&model, KnownModels::of(&config), body, max_tokens).map(|cost| cost.0)
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
        assert_eq!(input_tokens(body.as_bytes()), outside.div_ceil(3) + TOKENS_PER_IMAGE);
        let small = format!("[{},\"{}\"]", image("AAAAAA"), " ".repeat(LOOKED_INTO));
        let all = u64::try_from(small.len()).unwrap();
        assert!(input_tokens(small.as_bytes()) <= all.div_ceil(3) + 1);
        // What cannot be read is counted as it is.
        let cut = &body.as_bytes()[..body.len() - 1];
        assert_eq!(input_tokens(cut), u64::try_from(cut.len()).unwrap().div_ceil(3));
    }
}
