//! Money as whole micro-dollars, computed from token counts and explicit prices. What has no published price costs
//! "unknown", never zero.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::anthropic::Usage;
use crate::models::catalog::Prices;

/// A millionth of a US dollar, counted whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroDollars(pub u64);

impl fmt::Display for MicroDollars {
    /// Dollars with four decimals, or six where four would show nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if self.0 > 0 && self.0 < 100 {
            return write!(f, "$0.{micros:06}");
        }
        let tenths_of_mills = (micros + 50) / 100;
        let carry = tenths_of_mills / 10_000;
        write!(f, "${}.{:04}", dollars + carry, tenths_of_mills % 10_000)
    }
}

/// The cost of an answer, rounded to the nearest micro-dollar once, at the end. `None` when a class of tokens that was
/// used has no known price.
pub fn cost(usage: &Usage, prices: &Prices) -> Option<MicroDollars> {
    let classes = [
        (usage.input, prices.input),
        (usage.output, prices.output),
        (usage.cache_write_5m, prices.cache_write_5m),
        (usage.cache_write_1h, prices.cache_write_1h),
        (usage.cache_read, prices.cache_read),
    ];
    let mut millionths: u128 = 0;
    for (tokens, price) in classes {
        if tokens > 0 {
            millionths = millionths.checked_add(u128::from(tokens) * u128::from(price?))?;
        }
    }
    u64::try_from((millionths + 500_000) / 1_000_000).ok().map(MicroDollars)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::catalog::Catalog;

    fn prices(model: &str) -> Prices {
        Catalog::embedded().model(model).unwrap().prices
    }

    #[test]
    fn published_examples_cost_what_was_published() {
        let opus = Usage { cache_write_1h: 344_139, ..Usage::default() };
        assert_eq!(cost(&opus, &prices("claude-opus-5")), Some(MicroDollars(3_441_390)));
        let fable = Usage { cache_write_1h: 37_175, ..Usage::default() };
        assert_eq!(cost(&fable, &prices("claude-fable-5")), Some(MicroDollars(743_500)));
    }

    #[test]
    fn each_class_has_its_own_price() {
        let usage = Usage { input: 10, output: 20, cache_write_5m: 30, cache_write_1h: 40, cache_read: 50 };
        // Opus 5.5: 10·4 + 20·20 + 30·5 + 40·8 + 50·0.2
        assert_eq!(cost(&usage, &prices("claude-opus-5-5")), Some(MicroDollars(40 + 400 + 150 + 320 + 10)));
    }

    #[test]
    fn a_missing_price_matters_only_when_its_class_was_used() {
        let plain = Usage { input: 1, output: 1, ..Usage::default() };
        assert_eq!(cost(&plain, &prices("claude-fable-5-1")), Some(MicroDollars(60)));
        let cached = Usage { cache_read: 1, ..plain };
        assert_eq!(cost(&cached, &prices("claude-fable-5-1")), None);
        assert_eq!(cost(&plain, &prices("claude-haiku-5-5")), None);
    }

    #[test]
    fn fractions_are_rounded_once_at_the_end() {
        let reads = |n| Usage { cache_read: n, ..Usage::default() };
        assert_eq!(cost(&reads(2), &prices("claude-opus-5-5")), Some(MicroDollars(0)));
        assert_eq!(cost(&reads(3), &prices("claude-opus-5-5")), Some(MicroDollars(1)));
    }

    #[test]
    fn small_sums_stay_visible() {
        for (micros, text) in [
            (0, "$0.0000"),
            (7, "$0.000007"),
            (6_100, "$0.0061"),
            (6_149, "$0.0061"),
            (6_150, "$0.0062"),
            (999_950, "$1.0000"),
            (3_441_390, "$3.4414"),
        ] {
            assert_eq!(MicroDollars(micros).to_string(), text);
        }
    }
}
