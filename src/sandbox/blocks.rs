//! The blocks of a request in the order the cache sees them: tools, then system, then messages. Texts given as plain
//! strings become the text blocks they stand for. Judging the blocks is left to [`super::markers`] and
//! [`super::request`], hashing them to [`super::prompt`].

use std::borrow::Cow;

use indexmap::IndexMap;

use super::json::Json;
use super::prompt::Level;

/// One block and where it stands.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) level: Level,
    /// Who speaks; empty outside of messages.
    pub(super) role: &'a str,
    /// Where the block is in the request, as error messages name it: `messages.0.content.1`.
    pub(super) path: String,
    pub(super) block: Cow<'a, Json>,
}

impl Placed<'_> {
    /// Whether a cache marker may not stand on this block: thinking, and text without any text.
    pub(super) fn refuses_markers(&self) -> bool {
        self.is_thinking() || self.is_empty_text()
    }

    pub(super) fn is_thinking(&self) -> bool {
        self.level == Level::Messages && matches!(self.block.tag(), Some("thinking" | "redacted_thinking"))
    }

    pub(super) fn is_empty_text(&self) -> bool {
        self.level != Level::Tools && self.block.tag() == Some("text") && self.block.text("text") == Some("")
    }
}

/// Every block of a request body; whatever is not a block is passed over.
pub(super) fn of(body: &Json) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    let tools = body.get("tools").and_then(Json::as_array).unwrap_or_default();
    for (n, tool) in tools.iter().enumerate() {
        let path = format!("tools.{n}");
        placed.push(Placed { level: Level::Tools, role: "", path, block: Cow::Borrowed(tool) });
    }
    append(&mut placed, Level::System, "", "system", body.get("system"));
    let messages = body.get("messages").and_then(Json::as_array).unwrap_or_default();
    for (n, message) in messages.iter().enumerate() {
        let role = message.text("role").unwrap_or_default();
        append(&mut placed, Level::Messages, role, &format!("messages.{n}.content"), message.get("content"));
    }
    placed
}

fn append<'a>(
    placed: &mut Vec<Placed<'a>>,
    level: Level,
    role: &'a str,
    path: &str,
    content: Option<&'a Json>,
) {
    match content {
        // An empty system string is the same as none.
        Some(Json::String(text)) if text.is_empty() && level == Level::System => {}
        Some(Json::String(text)) => {
            placed.push(Placed { level, role, path: path.to_owned(), block: Cow::Owned(text_block(text)) });
        }
        Some(Json::Array(blocks)) => {
            for (n, block) in blocks.iter().enumerate() {
                placed.push(Placed { level, role, path: format!("{path}.{n}"), block: Cow::Borrowed(block) });
            }
        }
        _ => {}
    }
}

fn text_block(text: &str) -> Json {
    Json::Object(IndexMap::from([
        ("type".to_owned(), Json::String("text".to_owned())),
        ("text".to_owned(), Json::String(text.to_owned())),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_as_tools_then_system_then_messages_whatever_the_order_of_the_body() {
        let body = serde_json::from_str(
            r#"{"messages":[{"role":"user","content":"hi"},
                            {"role":"assistant","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],
                "system":"be brief","tools":[{"name":"t"}]}"#,
        )
        .unwrap();
        let paths: Vec<_> = of(&body).into_iter().map(|placed| placed.path).collect();
        assert_eq!(
            paths,
            ["tools.0", "system", "messages.0.content", "messages.1.content.0", "messages.1.content.1"]
        );
    }

    #[test]
    fn an_empty_system_string_is_no_block() {
        let body = serde_json::from_str(r#"{"system":""}"#).unwrap();
        assert!(of(&body).is_empty());
    }
}
