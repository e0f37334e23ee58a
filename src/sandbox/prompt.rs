//! A request as the prompt cache sees it: a row of blocks, each with the hash of everything up to and including it,
//! its running token count, and its marker. Pure; entries, expiry and billing are [`super::cache`].

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::blocks::{self, Placed};
use super::json::Json;
use super::markers;
use super::request::Invalid;
use super::tokens;

/// The three levels of the cache's hierarchy, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Tool definitions.
    Tools,
    /// The system prompt.
    System,
    /// The conversation.
    Messages,
}

/// How long a cache entry lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ttl {
    /// Five minutes, the default.
    FiveMinutes,
    /// One hour.
    OneHour,
}

impl Ttl {
    /// The time an entry lives after the start of the request that wrote or read it.
    pub fn duration(self) -> Duration {
        match self {
            Self::FiveMinutes => Duration::from_secs(5 * 60),
            Self::OneHour => Duration::from_secs(60 * 60),
        }
    }

    /// Its name in a request: `5m` or `1h`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
        }
    }
}

/// SHA-256 over a prefix of a prompt.
pub type PrefixHash = [u8; 32];

/// One block of a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where it belongs in the hierarchy.
    pub level: Level,
    /// Hash of everything up to and including this block.
    pub prefix: PrefixHash,
    /// Tokens of everything up to and including this block.
    pub tokens_through: u64,
    /// The breakpoint on it.
    pub marker: Option<Ttl>,
}

/// The blocks of a request in the cache's order: tools, system, messages.
///
/// Two prompts share a prefix exactly when the hashes of their blocks agree up to there. What goes into a hash: the
/// blocks with their keys in the order sent, the speaker of a message, and the parameters that Anthropic renders into
/// the prompt. What does not: cache markers, white space between JSON tokens, the model (part of the
/// [`super::cache::Scope`]), and everything else in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    blocks: Vec<Block>,
}

impl Prompt {
    /// Reads the prompt of a request body.
    ///
    /// # Errors
    /// When its cache markers break one of the rules for them.
    pub fn of(body: &Json) -> Result<Self, Invalid> {
        let placed = blocks::of(body);
        let markers = markers::of(body, &placed)?;
        let mut chain = Chain::default();
        let mut level = None;
        let mut blocks = Vec::with_capacity(placed.len());
        for (placed, marker) in placed.iter().zip(markers) {
            if level != Some(placed.level) {
                chain.enter(level, placed.level, body);
                level = Some(placed.level);
            }
            let (prefix, tokens_through) = chain.extend(placed);
            blocks.push(Block { level: placed.level, prefix, tokens_through, marker });
        }
        Ok(Self { blocks })
    }

    /// Its blocks, first to last.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Tokens of the whole prompt.
    pub fn tokens(&self) -> u64 {
        self.blocks.last().map_or(0, |block| block.tokens_through)
    }
}

/// The hash and the count that grow from block to block.
#[derive(Default)]
struct Chain {
    hash: PrefixHash,
    tokens: u64,
}

impl Chain {
    /// Mixes in the parameters of every level between the last block's and the next one's, so that a change of them
    /// invalidates their own level and all after it.
    fn enter(&mut self, from: Option<Level>, to: Level, body: &Json) {
        if from < Some(Level::System) && to >= Level::System {
            self.mix("system", &system_parameters(body));
        }
        if to == Level::Messages {
            self.mix("messages", &message_parameters(body));
        }
    }

    fn extend(&mut self, placed: &Placed<'_>) -> (PrefixHash, u64) {
        let block = without_markers(&placed.block);
        self.mix(placed.role, &block.compact());
        self.tokens += tokens::of_block(&block);
        (self.hash, self.tokens)
    }

    fn mix(&mut self, label: &str, content: &str) {
        let mut digest = Sha256::new();
        digest.update(self.hash);
        // The length keeps label and content apart.
        digest.update((label.len() as u64).to_be_bytes());
        digest.update(label.as_bytes());
        digest.update(content.as_bytes());
        self.hash = digest.finalize().into();
    }
}

/// What invalidates the system prompt and all after it: the speed, and whether citations are on.
fn system_parameters(body: &Json) -> String {
    let speed = body.text("speed").filter(|speed| *speed != "standard");
    let citations = message_blocks(body).any(|block| {
        block.get("citations").and_then(|citations| citations.get("enabled")) == Some(&Json::Bool(true))
    });
    format!("speed={speed:?} citations={citations}")
}

/// What invalidates the messages: tool choice, thinking, effort, and whether there are images at all.
fn message_parameters(body: &Json) -> String {
    // Saying the default aloud is the same as not saying it.
    let tool_choice = body.get("tool_choice").map(Json::compact).filter(|it| it != r#"{"type":"auto"}"#);
    let thinking = body.get("thinking").filter(|it| it.tag() != Some("disabled")).map(Json::compact);
    let effort = body.get("output_config").and_then(|config| config.text("effort"));
    let images = message_blocks(body).any(has_image);
    format!("tool_choice={tool_choice:?} thinking={thinking:?} effort={effort:?} images={images}")
}

fn message_blocks(body: &Json) -> impl Iterator<Item = &Json> {
    let messages = body.get("messages").and_then(Json::as_array).unwrap_or_default();
    messages.iter().filter_map(|message| message.get("content")?.as_array()).flatten()
}

fn has_image(block: &Json) -> bool {
    block.tag() == Some("image")
        || (block.tag() == Some("tool_result")
            && block.get("content").and_then(Json::as_array).unwrap_or_default().iter().any(has_image))
}

/// The block without its marker, and without those of the parts of a tool result. A key of that name anywhere else
/// (a tool's input, its schema) is content.
fn without_markers(block: &Json) -> Json {
    let Json::Object(object) = block else { return block.clone() };
    let is_result = block.tag() == Some("tool_result");
    let kept = object.iter().filter(|(key, _)| *key != "cache_control").map(|(key, value)| {
        let value = match value {
            Json::Array(parts) if is_result && key == "content" => {
                Json::Array(parts.iter().map(without_markers).collect())
            }
            other => other.clone(),
        };
        (key.clone(), value)
    });
    Json::Object(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(body: &str) -> Prompt {
        Prompt::of(&serde_json::from_str(body).unwrap()).unwrap()
    }

    /// How many leading blocks two prompts share.
    fn shared(one: &str, other: &str) -> usize {
        let (one, other) = (prompt(one), prompt(other));
        one.blocks().iter().zip(other.blocks()).take_while(|(a, b)| a.prefix == b.prefix).count()
    }

    const BODY: &str = r#"{"tools":[{"name":"t","input_schema":{}}],"system":"s","messages":[
        {"role":"user","content":"q"}]}"#;

    #[test]
    fn a_string_and_its_text_block_are_the_same_prompt() {
        let blocks = r#"{"tools":[{"name":"t","input_schema":{}}],"system":[{"type":"text","text":"s"}],
            "messages":[{"role":"user","content":[{"type":"text","text":"q"}]}]}"#;
        assert_eq!(shared(BODY, blocks), 3);
    }

    #[test]
    fn a_marker_is_not_part_of_the_hash_but_is_seen() {
        let marked = r#"{"tools":[{"name":"t","input_schema":{}}],"messages":[{"role":"user","content":[
            {"type":"text","text":"q","cache_control":{"type":"ephemeral","ttl":"1h"}}]}],"system":"s"}"#;
        assert_eq!(shared(BODY, marked), 3);
        assert_eq!(prompt(marked).blocks()[2].marker, Some(Ttl::OneHour));
    }

    #[test]
    fn a_marker_inside_a_tool_result_is_not_part_of_the_hash_but_one_in_a_tools_input_is_content() {
        let with = |input: &str, marker: &str| {
            format!(
                r#"{{"messages":[{{"role":"user","content":"q"}},
                {{"role":"assistant","content":[{{"type":"tool_use","id":"1","name":"t","input":{{{input}}}}}]}},
                {{"role":"user","content":[{{"type":"tool_result","tool_use_id":"1",
                    "content":[{{"type":"text","text":"r"{marker}}}]}}]}}]}}"#
            )
        };
        let marker = r#","cache_control":{"type":"ephemeral"}"#;
        assert_eq!(shared(&with("", ""), &with("", marker)), 3);
        assert_eq!(shared(&with("", ""), &with(r#""cache_control":{"type":"ephemeral"}"#, "")), 1);
    }

    #[test]
    fn a_change_breaks_its_own_level_and_all_after_it() {
        let body = |extra: &str| {
            format!(
                r#"{{"tools":[{{"name":"t","input_schema":{{}}}}],"system":"s",
                "messages":[{{"role":"user","content":[{{"type":"text","text":"q"}}]}}]{extra}}}"#
            )
        };
        let plain = body("");
        for (extra, kept) in [
            ("", 3),
            (r#","max_tokens":7,"temperature":1,"metadata":{"user_id":"u"}"#, 3),
            (r#","tool_choice":{"type":"any"}"#, 2),
            (r#","tool_choice":{"type":"auto"}"#, 3),
            (r#","thinking":{"type":"enabled","budget_tokens":1024}"#, 2),
            (r#","thinking":{"type":"disabled"}"#, 3),
            (r#","output_config":{"effort":"low"}"#, 2),
            (r#","speed":"fast""#, 1),
            (r#","speed":"standard""#, 3),
        ] {
            assert_eq!(shared(&plain, &body(extra)), kept, "{extra}");
        }
        assert_eq!(shared(&plain, &plain.replace(r#""name":"t""#, r#""name":"u""#)), 0);
        assert_eq!(shared(&plain, &plain.replace(r#""system":"s""#, r#""system":"z""#)), 1);
        assert_eq!(shared(&plain, &plain.replace(r#""text":"q""#, r#""text":"z""#)), 2);
    }

    #[test]
    fn the_first_image_and_citations_invalidate_what_is_documented() {
        let body = |more: &str| {
            format!(
                r#"{{"system":"s","messages":[{{"role":"user","content":[{{"type":"text","text":"q"}}{more}]}}]}}"#
            )
        };
        let image = r#",{"type":"image","source":{}}"#;
        let nested = r#",{"type":"tool_result","tool_use_id":"1","content":[{"type":"image","source":{}}]}"#;
        let cited = r#",{"type":"document","source":{},"citations":{"enabled":true}}"#;
        assert_eq!(shared(&body(""), &body(image)), 1);
        assert_eq!(shared(&body(""), &body(nested)), 1);
        assert_eq!(shared(&body(""), &body(cited)), 0);
        assert_eq!(shared(&body(image), &body(&format!("{image}{image}"))), 3);
    }

    #[test]
    fn key_order_speaker_and_level_are_part_of_the_hash_white_space_is_not() {
        let tools = |input: &str| format!(r#"{{"tools":[{input}]}}"#);
        assert_eq!(shared(&tools(r#"{"a":1,"b":2}"#), &tools(r#"{ "a" : 1, "b" : 2 }"#)), 1);
        assert_eq!(shared(&tools(r#"{"a":1,"b":2}"#), &tools(r#"{"b":2,"a":1}"#)), 0);
        let said = |role: &str| format!(r#"{{"messages":[{{"role":"{role}","content":"q"}}]}}"#);
        assert_eq!(shared(&said("user"), &said("assistant")), 0);
        assert_eq!(shared(r#"{"system":"q"}"#, &said("")), 0);
    }

    #[test]
    fn one_message_of_two_blocks_equals_two_messages_of_the_same_speaker() {
        let one = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}"#;
        let two = r#"{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}"#;
        assert_eq!(shared(one, two), 2);
    }

    #[test]
    fn a_prompt_without_blocks_is_empty() {
        assert_eq!(prompt("{}").tokens(), 0);
        assert_eq!(prompt(BODY).tokens(), 8 + 1 + 1);
    }
}
