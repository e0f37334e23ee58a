//! How many tokens something is worth: an estimate that depends on nothing but its bytes, so that the same request
//! counts the same on every machine. About four bytes make a token; real tokenizers differ by model.

use super::json::Json;

/// Bytes that make one token.
const BYTES_PER_TOKEN: u64 = 4;
/// What an image counts, whatever its size: a full-size picture is about this much.
const IMAGE: u64 = 1_500;
/// What a document counts when its text is not in the request (a PDF, a URL, an uploaded file).
const DOCUMENT: u64 = 3_000;

/// Tokens of a text.
///
/// ```
/// use fased::sandbox::tokens;
///
/// assert_eq!(tokens::of_text(""), 0);
/// assert_eq!(tokens::of_text("hello"), 2);
/// ```
pub fn of_text(text: &str) -> u64 {
    (text.len() as u64).div_ceil(BYTES_PER_TOKEN)
}

/// The longest beginning of `text` that is worth at most `tokens`, cut between characters.
pub fn first(text: &str, tokens: u64) -> &str {
    let mut end =
        usize::try_from(tokens.saturating_mul(BYTES_PER_TOKEN)).map_or(text.len(), |n| n.min(text.len()));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Tokens of one tool definition, system block or content block. Cache markers weigh nothing.
pub fn of_block(block: &Json) -> u64 {
    match block.tag() {
        Some("text") => of_text(block.text("text").unwrap_or_default()),
        Some("thinking") => of_text(block.text("thinking").unwrap_or_default()),
        Some("image") => IMAGE,
        Some("document") => of_document(block),
        Some("tool_result") => match block.get("content") {
            Some(Json::String(text)) => of_text(text),
            Some(Json::Array(parts)) => parts.iter().map(of_block).sum(),
            _ => 1,
        },
        _ => of_text(&block.compact()),
    }
}

fn of_document(block: &Json) -> u64 {
    let Some(source) = block.get("source") else { return DOCUMENT };
    match (source.tag(), source.get("data"), source.get("content")) {
        (Some("text"), Some(Json::String(text)), _) => of_text(text),
        (Some("content"), _, Some(Json::String(text))) => of_text(text),
        (Some("content"), _, Some(Json::Array(parts))) => parts.iter().map(of_block).sum(),
        _ => DOCUMENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn four_bytes_are_a_token_and_a_rest_counts_whole() {
        for (text, tokens) in [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("éé", 1), ("ééé", 2)] {
            assert_eq!(of_text(text), tokens, "{text}");
        }
    }

    #[test]
    fn a_cut_falls_between_characters_and_never_exceeds_the_budget() {
        assert_eq!(first("abcdefgh", 1), "abcd");
        assert_eq!(first("abcéfgh", 1), "abc");
        assert_eq!(first("abc", 9), "abc");
        assert_eq!(first("abc", 0), "");
        assert_eq!(first("abc", u64::MAX), "abc");
    }

    #[test]
    fn each_kind_of_block_has_its_weight() {
        for (json, tokens) in [
            (r#"{"type":"text","text":"12345678"}"#, 2),
            (r#"{"type":"thinking","thinking":"1234","signature":"long and not counted"}"#, 1),
            (r#"{"type":"image","source":{"type":"base64","data":"AAAA"}}"#, IMAGE),
            (r#"{"type":"document","source":{"type":"base64","data":"AAAA"}}"#, DOCUMENT),
            (r#"{"type":"document","source":{"type":"text","data":"1234"}}"#, 1),
            (r#"{"type":"tool_result","tool_use_id":"t","content":"12345"}"#, 2),
            (r#"{"type":"tool_result","content":[{"type":"text","text":"12345"},{"type":"image"}]}"#, 1_502),
            (r#"{"name":"a","b":1}"#, 5),
        ] {
            assert_eq!(of_block(&block(json)), tokens, "{json}");
        }
    }
}
