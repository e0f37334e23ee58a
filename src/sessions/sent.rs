//! What a transcript says of the request behind a question: when it went out, to which model, with which credential and
//! markers, and what its blocks were. With it one can tell later why the prompt cache held nothing for the next one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cache::prefix::Digest;
use super::entry::parsed;
use crate::anthropic::cache::Retention;
use crate::auth::health::Billing;
use crate::models::refs::ModelRef;

/// The circumstances of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentRequest {
    /// When it was sent. The lifetime of what it reads from the prompt cache and writes to it begins here.
    pub started_at: Timestamp,
    /// The model asked.
    #[serde(deserialize_with = "parsed")]
    pub model: Option<ModelRef>,
    /// The profile, the variable or the place in the config.
    pub credential: String,
    /// Who pays.
    pub billing: Billing,
    /// Retention of its cache markers.
    pub retention: Retention,
}

/// The blocks of a request by their digests, as far as they are not those of the request before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SentBlocks {
    /// So many blocks at the beginning are those of the request before.
    same: usize,
    /// What follows on them.
    then: Vec<Digest>,
}

impl SentBlocks {
    /// What is to be written of these blocks behind those of the request before.
    pub(super) fn after(before: &[Digest], blocks: &[Digest]) -> Self {
        let same = before.iter().zip(blocks).take_while(|(one, other)| one == other).count();
        Self { same, then: blocks[same..].to_vec() }
    }

    /// Turns the blocks of the request before into those of this one.
    pub(super) fn follow(&self, blocks: &mut Vec<Digest>) {
        blocks.truncate(self.same);
        blocks.extend(&self.then);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_gives_the_blocks_back() {
        let digest = |text: &str| Digest::of("user", text);
        let rows = ["ab", "abcd", "abx", "", "q"];
        let rows = rows.map(|row| row.chars().map(|c| digest(&c.to_string())).collect::<Vec<_>>());
        let mut before = Vec::new();
        let mut followed = Vec::new();
        for row in rows {
            let written = SentBlocks::after(&before, &row);
            let read: SentBlocks = serde_json::from_str(&serde_json::to_string(&written).unwrap()).unwrap();
            read.follow(&mut followed);
            assert_eq!(followed, row);
            before = row;
        }
    }
}
