//! Token counts in five classes, each with its own price, and how the partial counts of a stream add up to them.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// Tokens of one answer by class; the classes do not overlap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Input that was neither read from the cache nor written to it.
    pub input: u64,
    /// Output, thinking included.
    pub output: u64,
    /// Input written to the five minute cache.
    pub cache_write_5m: u64,
    /// Input written to the one hour cache.
    pub cache_write_1h: u64,
    /// Input read from the cache.
    pub cache_read: u64,
    /// What its tokens are priced by.
    #[serde(skip)]
    pub tariff: Tariff,
}

/// What tokens of an answer are priced by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tariff {
    /// The published prices, as they stand.
    #[default]
    Published,
    /// Others: fast mode, inference in one country only and committed capacity multiply or replace them.
    Other,
}

/// What one response or event says about usage; absent figures say nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct UsageUpdate {
    /// Plain input tokens.
    pub input_tokens: Option<u64>,
    /// Output tokens so far.
    pub output_tokens: Option<u64>,
    /// Tokens written to the cache, whatever its lifetime.
    pub cache_creation_input_tokens: Option<u64>,
    /// Tokens read from the cache.
    pub cache_read_input_tokens: Option<u64>,
    /// The written tokens by lifetime.
    pub cache_creation: Option<CacheCreation>,
    /// How fast it was made.
    pub speed: Option<Manner>,
    /// Where it was made.
    pub inference_geo: Option<Manner>,
    /// The capacity it came from.
    pub service_tier: Option<Manner>,
}

/// A word about how an answer was made. Whatever is not known to be usual may have another price.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Manner {
    /// As most are.
    Usual(Usual),
    /// In another way.
    Other(IgnoredAny),
}

/// The words for what is usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usual {
    /// Of speed and capacity.
    Standard,
    /// Made anywhere.
    Global,
    /// The model knows no choice of the place.
    NotAvailable,
}

impl UsageUpdate {
    fn names_another_tariff(&self) -> bool {
        let told = [self.speed, self.inference_geo, self.service_tier];
        told.into_iter().flatten().any(|manner| matches!(manner, Manner::Other(_)))
    }
}

/// Tokens written to the cache by its lifetime.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CacheCreation {
    /// Five minutes.
    pub ephemeral_5m_input_tokens: Option<u64>,
    /// One hour.
    pub ephemeral_1h_input_tokens: Option<u64>,
}

impl Usage {
    /// All input, cached or not.
    pub fn total_input(&self) -> u64 {
        self.input
            .saturating_add(self.cache_write_5m)
            .saturating_add(self.cache_write_1h)
            .saturating_add(self.cache_read)
    }

    /// Takes over what a later part of the same answer says. Counts in a stream are running totals, so a later one
    /// replaces an earlier one; but a zero never erases a count, because some endpoints fill the gaps of the last
    /// event with zeros.
    pub fn merge(&mut self, update: &UsageUpdate) {
        replace(&mut self.input, update.input_tokens);
        replace(&mut self.output, update.output_tokens);
        replace(&mut self.cache_read, update.cache_read_input_tokens);
        if update.names_another_tariff() {
            self.tariff = Tariff::Other;
        }
        let split = update.cache_creation.unwrap_or_default();
        let (short, long) =
            (split.ephemeral_5m_input_tokens.unwrap_or(0), split.ephemeral_1h_input_tokens.unwrap_or(0));
        if short > 0 || long > 0 {
            (self.cache_write_5m, self.cache_write_1h) = (short, long);
        } else if let Some(total) = update.cache_creation_input_tokens.filter(|total| *total > 0) {
            self.set_written(total);
        }
    }

    /// A total without a split: what is known to be in the one hour cache stays there and the rest is the default
    /// lifetime, unless everything so far was one hour.
    fn set_written(&mut self, total: u64) {
        if self.cache_write_1h > 0 && self.cache_write_5m == 0 {
            self.cache_write_1h = total;
        } else {
            self.cache_write_1h = self.cache_write_1h.min(total);
            self.cache_write_5m = total - self.cache_write_1h;
        }
    }
}

impl From<UsageUpdate> for Usage {
    fn from(update: UsageUpdate) -> Self {
        let mut usage = Self::default();
        usage.merge(&update);
        usage
    }
}

fn replace(count: &mut u64, later: Option<u64>) {
    if let Some(later) = later.filter(|later| *later > 0) {
        *count = later;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(parts: &[&str]) -> Usage {
        let mut usage = Usage::default();
        for part in parts {
            usage.merge(&serde_json::from_str(part).unwrap());
        }
        usage
    }

    #[test]
    fn an_answer_at_another_price_is_told_by_its_usage() {
        let told = |update: &str| merged(&[r#"{"input_tokens":7}"#, update, r#"{"output_tokens":5}"#]).tariff;
        for published in [
            "{}",
            r#"{"speed":"standard","inference_geo":"global","service_tier":"standard"}"#,
            r#"{"speed":null,"inference_geo":"not_available","service_tier":null}"#,
        ] {
            assert_eq!(told(published), Tariff::Published, "{published}");
        }
        for other in [
            r#"{"speed":"fast"}"#,
            r#"{"inference_geo":"us"}"#,
            r#"{"service_tier":"priority"}"#,
            r#"{"speed":{"x":1}}"#,
        ] {
            assert_eq!(told(other), Tariff::Other, "{other}");
        }
    }

    #[test]
    fn the_split_by_lifetime_survives_a_last_event_that_repeats_only_the_total() {
        let usage = merged(&[
            r#"{"input_tokens":7,"cache_creation_input_tokens":100,"cache_read_input_tokens":40,"output_tokens":1,
                "cache_creation":{"ephemeral_5m_input_tokens":30,"ephemeral_1h_input_tokens":70}}"#,
            r#"{"output_tokens":55,"cache_creation_input_tokens":100,"cache_read_input_tokens":40,"input_tokens":7}"#,
        ]);
        assert_eq!(
            usage,
            Usage {
                input: 7,
                output: 55,
                cache_write_5m: 30,
                cache_write_1h: 70,
                cache_read: 40,
                ..Usage::default()
            }
        );
        assert_eq!(usage.total_input(), 147);
    }

    #[test]
    fn a_total_without_a_split_counts_as_five_minutes() {
        let usage = merged(&[r#"{"input_tokens":1,"cache_creation_input_tokens":9,"cache_creation":null}"#]);
        assert_eq!((usage.cache_write_5m, usage.cache_write_1h), (9, 0));
    }

    #[test]
    fn a_growing_total_goes_to_the_lifetime_in_use() {
        let long = merged(&[
            r#"{"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":10}}"#,
            r#"{"cache_creation_input_tokens":25}"#,
        ]);
        assert_eq!((long.cache_write_5m, long.cache_write_1h), (0, 25));
        let both = merged(&[
            r#"{"cache_creation":{"ephemeral_5m_input_tokens":5,"ephemeral_1h_input_tokens":10}}"#,
            r#"{"cache_creation_input_tokens":25}"#,
        ]);
        assert_eq!((both.cache_write_5m, both.cache_write_1h), (15, 10));
    }

    #[test]
    fn nulls_and_zeros_of_a_last_event_erase_nothing() {
        let usage = merged(&[
            r#"{"input_tokens":12,"cache_read_input_tokens":3,"output_tokens":1}"#,
            r#"{"input_tokens":0,"cache_read_input_tokens":null,"output_tokens":8,"something_new":{}}"#,
        ]);
        assert_eq!((usage.input, usage.cache_read, usage.output), (12, 3, 8));
    }
}
