//! Money as whole micro-dollars, computed from token counts and explicit prices. What has no published price costs
//! "unknown", never zero.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::anthropic::{Tariff, Usage};
use crate::auth::health::Billing;
use crate::config::Config;
use crate::models::catalog::Prices;
use crate::models::known::KnownModels;
use crate::models::refs::{ANTHROPIC, ModelRef};

/// Decimals of a dollar that are counted.
const DECIMALS: usize = 6;
/// Micro-dollars in a cent.
const CENT: u64 = 10_000;

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

impl MicroDollars {
    /// The sum, or the most there can be.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Dollars with two decimals where that says all, for amounts that people chose.
    pub fn rounded(self) -> String {
        match self.0 % CENT {
            0 => format!("${}.{:02}", self.0 / 1_000_000, self.0 % 1_000_000 / CENT),
            _ => self.to_string(),
        }
    }
}

/// A text that is no amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected dollars, like 5 or 0.50, with at most six decimals")]
pub struct AmountError;

impl FromStr for MicroDollars {
    type Err = AmountError;

    /// Parses dollars, with or without their sign: `5`, `$0.50`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix('$').unwrap_or(text);
        let (dollars, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(dollars) || !is_number(decimals) || decimals.len() > DECIMALS {
            return Err(AmountError);
        }
        let micros = format!("{dollars}{decimals:0<DECIMALS$}").parse().map_err(|_| AmountError)?;
        Ok(Self(micros))
    }
}

/// A difference of two sums, in micro-dollars.
pub type SignedMicroDollars = i64;

/// The prices of an answer, by data file and config; `None` when a plan pays, or the model that served it has no known
/// price, or a price of its own (see [`Tariff`]). What was served decides: a provider may name a dated form of the model that was asked, while any other name is
/// another model. Of other providers' plans nothing is known, their prices are where the config names them.
pub fn prices_of(
    asked: &ModelRef,
    served: &str,
    billing: Billing,
    usage: &Usage,
    config: &Config,
) -> Option<Prices> {
    let known = KnownModels::of(config);
    if usage.tariff == Tariff::Other {
        return None;
    }
    let is_priced = match billing {
        Billing::Api => true,
        Billing::Unknown => asked.provider() != ANTHROPIC,
        Billing::Subscription => false,
    };
    let served_model: Option<ModelRef> = format!("{}/{served}", asked.provider()).parse().ok();
    let of_same_name = || known.model(asked).filter(|_| served.starts_with(asked.model()));
    let model = served_model.and_then(|served| known.model(&served)).or_else(of_same_name);
    model.filter(|_| is_priced).map(|model| *model.prices_for(usage.total_input()))
}

/// The cost of an answer, rounded to the nearest micro-dollar once, at the end. `None` when a class of tokens that was
/// used has no known price.
pub fn cost(usage: &Usage, prices: &Prices) -> Option<MicroDollars> {
    let plain = [(usage.input, prices.input), (usage.output, prices.output)];
    let millionths = sum(plain)?.checked_add(sum(cached(usage, prices))?)?;
    u64::try_from(millionths.checked_add(500_000)? / 1_000_000).ok().map(MicroDollars)
}

/// What the prompt cache saved: the price of the tokens it wrote and read, had they been plain input, less what they
/// cost. Negative while writing has cost more than reading brought back. Rounded once, at the end; `None` when a price is
/// not known that matters.
pub fn cache_savings(usage: &Usage, prices: &Prices) -> Option<SignedMicroDollars> {
    let classes = cached(usage, prices);
    let actual = i128::try_from(sum(classes)?).ok()?;
    let as_plain_input = i128::try_from(sum(classes.map(|(tokens, _)| (tokens, prices.input)))?).ok()?;
    let millionths = as_plain_input.checked_sub(actual)?;
    i64::try_from(millionths.checked_add(500_000)?.div_euclid(1_000_000)).ok()
}

type PricedTokens = (u64, Option<u64>);

fn cached(usage: &Usage, prices: &Prices) -> [PricedTokens; 3] {
    [
        (usage.cache_write_5m, prices.cache_write_5m),
        (usage.cache_write_1h, prices.cache_write_1h),
        (usage.cache_read, prices.cache_read),
    ]
}

/// In millionths of a micro-dollar. A price that is not known is no obstacle where it is not needed.
fn sum<const N: usize>(classes: [PricedTokens; N]) -> Option<u128> {
    let mut sum: u128 = 0;
    for (tokens, price) in classes {
        if tokens > 0 {
            sum = sum.checked_add(u128::from(tokens) * u128::from(price?))?;
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        // Reading costs a twentieth of plain input on Opus 5.5, and a tenth on the models before it.
        let (plain, read) = (
            Usage { input: 1_000_000, ..Usage::default() },
            Usage { cache_read: 1_000_000, ..Usage::default() },
        );
        for (model, parts) in [("claude-opus-5-5", 20), ("claude-opus-5", 10), ("claude-sonnet-5", 10)] {
            let whole = cost(&plain, &prices(model)).unwrap();
            assert_eq!(cost(&read, &prices(model)), Some(MicroDollars(whole.0 / parts)), "{model}");
        }
        // The session of the pricing page: $0.25 + $0.375, and $0.05 + $0.02 + $0.375 with 40,000 tokens from the cache.
        let session = Usage { input: 50_000, output: 15_000, ..Usage::default() };
        assert_eq!(cost(&session, &prices("claude-opus-5")), Some(MicroDollars(625_000)));
        let cached = Usage { input: 10_000, cache_read: 40_000, ..session };
        assert_eq!(cost(&cached, &prices("claude-opus-5")), Some(MicroDollars(445_000)));
        assert_eq!(cache_savings(&cached, &prices("claude-opus-5")), Some(180_000));
    }

    #[test]
    fn a_write_costs_more_than_it_saves_until_it_is_read() {
        let opus = prices("claude-opus-5");
        let written = Usage { cache_write_5m: 1_000, ..Usage::default() };
        assert_eq!(cache_savings(&written, &opus), Some(-1_250));
        let read = Usage { cache_read: 1_000, ..Usage::default() };
        assert_eq!(cache_savings(&read, &opus), Some(4_500));
        let plain = Usage { input: 9, output: 9, ..Usage::default() };
        assert_eq!(cache_savings(&plain, &Prices::default()), Some(0));
        assert_eq!(cache_savings(&read, &Prices { input: None, ..opus }), None);
    }

    #[test]
    fn only_what_is_paid_per_token_to_anthropic_has_prices() {
        let asked: ModelRef = "anthropic/claude-opus-5".parse().unwrap();
        let config = Config::default();
        let prices =
            |asked: &ModelRef, served, billing| prices_of(asked, served, billing, &Usage::default(), &config);
        assert!(prices(&asked, "claude-opus-5", Billing::Api).is_some());
        assert!(prices(&asked, "claude-opus-5-20260401", Billing::Api).is_some());
        assert!(prices(&asked, "another-model", Billing::Api).is_none());
        assert!(prices(&asked, "claude-opus-5", Billing::Subscription).is_none());
        assert!(prices(&"team/claude-opus-5".parse().unwrap(), "claude-opus-5", Billing::Api).is_none());
        let fast = Usage { tariff: Tariff::Other, ..Usage::default() };
        assert!(prices_of(&asked, "claude-opus-5", Billing::Api, &fast, &config).is_none());
    }

    fn usages() -> impl Strategy<Value = Usage> {
        let tokens = 0..u64::from(u32::MAX);
        (tokens.clone(), tokens.clone(), tokens.clone(), tokens.clone(), tokens).prop_map(
            |(input, output, cache_write_5m, cache_write_1h, cache_read)| Usage {
                input,
                output,
                cache_write_5m,
                cache_write_1h,
                cache_read,
                tariff: Tariff::Published,
            },
        )
    }

    proptest! {
        #[test]
        fn more_tokens_never_cost_less(usage in usages(), more in 0..1_000_000_u64, class in 0..5_usize) {
            let prices = prices("claude-opus-5-5");
            let mut larger = usage;
            *[
                &mut larger.input,
                &mut larger.output,
                &mut larger.cache_write_5m,
                &mut larger.cache_write_1h,
                &mut larger.cache_read,
            ][class] += more;
            prop_assert!(cost(&larger, &prices) >= cost(&usage, &prices));
        }

        #[test]
        fn a_sum_is_within_half_a_micro_dollar_of_the_exact_one(usage in usages()) {
            let prices = prices("claude-opus-5-5");
            // In millionths of a micro-dollar; these prices are 4, 20, 5, 8 and 0.2 dollars.
            let exact = u128::from(usage.input) * 4_000_000
                + u128::from(usage.output) * 20_000_000
                + u128::from(usage.cache_write_5m) * 5_000_000
                + u128::from(usage.cache_write_1h) * 8_000_000
                + u128::from(usage.cache_read) * 200_000;
            let rounded = u128::from(cost(&usage, &prices).unwrap().0) * 1_000_000;
            prop_assert!(rounded <= exact + 500_000 && exact < rounded + 500_000);
        }

        #[test]
        fn what_was_saved_is_what_no_cache_would_have_cost_less_the_cost(usage in usages()) {
            let prices = prices("claude-sonnet-5");
            let plain = Usage { input: usage.total_input(), output: usage.output, ..Usage::default() };
            let difference = i128::from(cost(&plain, &prices).unwrap().0) - i128::from(cost(&usage, &prices).unwrap().0);
            let saved = i128::from(cache_savings(&usage, &prices).unwrap());
            prop_assert!((difference - saved).abs() <= 1);
        }
    }

    #[test]
    fn each_class_has_its_own_price() {
        let usage = Usage {
            input: 10,
            output: 20,
            cache_write_5m: 30,
            cache_write_1h: 40,
            cache_read: 50,
            tariff: Tariff::Published,
        };
        // Opus 5.5: 10·4 + 20·20 + 30·5 + 40·8 + 50·0.2
        assert_eq!(cost(&usage, &prices("claude-opus-5-5")), Some(MicroDollars(40 + 400 + 150 + 320 + 10)));
    }

    #[test]
    fn a_missing_price_matters_only_when_its_class_was_used() {
        let plain = Usage { input: 1, output: 1, ..Usage::default() };
        let plain_alone = Prices { cache_read: None, ..prices("claude-fable-5-1") };
        let cached = Usage { cache_read: 1, ..plain };
        assert_eq!(cost(&plain, &plain_alone), Some(MicroDollars(60)));
        assert_eq!(cost(&cached, &plain_alone), None);
        assert_eq!(cost(&plain, &Prices::default()), None);
    }

    #[test]
    fn fractions_are_rounded_once_at_the_end() {
        let reads = |n| Usage { cache_read: n, ..Usage::default() };
        assert_eq!(cost(&reads(2), &prices("claude-opus-5-5")), Some(MicroDollars(0)));
        assert_eq!(cost(&reads(3), &prices("claude-opus-5-5")), Some(MicroDollars(1)));
    }

    #[test]
    fn dollars_are_read_exactly() {
        for (text, micros) in [
            ("5", 5_000_000),
            ("$0.50", 500_000),
            ("0.000001", 1),
            ("0", 0),
            ("18446744073709.551615", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(MicroDollars(micros)), "{text}");
        }
        for text in
            ["", "$", ".5", "5.", "-1", "+1", "1e3", "1,000", "0.0000001", "5 ", "18446744073709.551616"]
        {
            assert_eq!(text.parse::<MicroDollars>(), Err(AmountError), "{text}");
        }
    }

    #[test]
    fn chosen_amounts_are_shown_as_they_were_chosen() {
        for (micros, text) in
            [(5_000_000, "$5.00"), (50_000, "$0.05"), (0, "$0.00"), (12_345_600, "$12.3456")]
        {
            assert_eq!(MicroDollars(micros).rounded(), text);
        }
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
