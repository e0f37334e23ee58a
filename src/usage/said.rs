//! Tokens as they are told while an answer arrives, and which of them were told at all: what nobody said is unknown and not
//! zero.

use super::ledger::Tokens;
use crate::anthropic::{Usage, UsageUpdate};

/// What was said so far.
#[derive(Debug, Clone, Default)]
pub struct Said {
    usage: Usage,
    input: bool,
    output: bool,
    cache_write: bool,
    cache_read: bool,
}

impl Said {
    /// Takes in what is said now.
    pub fn take(&mut self, update: &UsageUpdate) {
        self.usage.merge(update);
        self.input |= update.input_tokens.is_some();
        self.output |= update.output_tokens.is_some();
        self.cache_write |= update.cache_creation_input_tokens.is_some() || update.cache_creation.is_some();
        self.cache_read |= update.cache_read_input_tokens.is_some();
    }

    /// The tokens, where what was not said counts as none.
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// The tokens that were told.
    pub fn tokens(&self) -> Tokens {
        let Usage { input, output, cache_write_5m, cache_write_1h, cache_read, .. } = self.usage;
        Tokens {
            input: self.input.then_some(input),
            output: self.output.then_some(output),
            cache_write_5m: self.cache_write.then_some(cache_write_5m),
            cache_write_1h: self.cache_write.then_some(cache_write_1h),
            cache_read: self.cache_read.then_some(cache_read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(parts: &[&str]) -> Tokens {
        let mut said = Said::default();
        for part in parts {
            said.take(&serde_json::from_str(part).unwrap());
        }
        said.tokens()
    }

    #[test]
    fn what_was_not_said_is_unknown_and_what_was_said_to_be_nothing_is_nothing() {
        let tokens = said(&[r#"{"input_tokens":7,"cache_read_input_tokens":0}"#, r#"{"output_tokens":3}"#]);
        let known = Tokens { input: Some(7), output: Some(3), cache_read: Some(0), ..Tokens::default() };
        assert_eq!(tokens, known);
        assert_eq!(said(&[]), Tokens::default());
    }

    #[test]
    fn a_total_of_cache_writes_says_both_lifetimes() {
        let tokens = said(&[r#"{"cache_creation_input_tokens":9}"#]);
        assert_eq!((tokens.cache_write_5m, tokens.cache_write_1h), (Some(9), Some(0)));
    }
}
