//! What a request may cost at most, as far as that can be told before it is sent: its body as input and `max_tokens` as
//! output, each at the dearest price of its kind. The provider counts tokens by rules of its own, so this is an estimate on the
//! safe side and no promise; tools that the provider bills by the call are not in it.

use crate::models::known::KnownModel;
use crate::usage::price::MicroDollars;

/// Bytes of a body for a token. English prose has more than four, other scripts and code fewer than that, but rarely under three.
const BYTES_PER_TOKEN: u64 = 3;

/// What an answer of a model to this body may cost; `None` for a model whose prices are not known. Without `max_tokens` its
/// longest answer is assumed.
pub fn estimate(model: &KnownModel<'_>, body: &[u8], max_tokens: Option<u64>) -> Option<MicroDollars> {
    let (input, output) = dearest(model)?;
    let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let input_tokens = bytes.div_ceil(BYTES_PER_TOKEN).max(1);
    let output_tokens = max_tokens.or(model.max_output).unwrap_or_default();
    let product = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
    let millionths = product(input_tokens, input).saturating_add(product(output_tokens, output));
    Some(MicroDollars(u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX)))
}

/// The dearest price of input, cached or not, and of output.
fn dearest(model: &KnownModel<'_>) -> Option<(u64, u64)> {
    let all = [Some(model.prices), model.long_prompt.map(|long| long.prices)];
    let mut dearest: Option<(u64, u64)> = None;
    for prices in all.into_iter().flatten() {
        let written = prices.cache_write_5m.max(prices.cache_write_1h).unwrap_or_default();
        let (input, output) = (prices.input?.max(written), prices.output?);
        dearest = dearest.map_or(Some((input, output)), |(i, o)| Some((i.max(input), o.max(output))));
    }
    dearest
}
