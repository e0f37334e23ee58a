//! The rules for the parts a prompt is made of: tools, system, messages and their blocks. The order of the complaints is
//! [`super::request`]'s, the rules for cache markers are [`super::markers`]'s.

use std::collections::HashSet;

use super::json::Json;
use super::request::Invalid;

/// Content blocks a message may hold.
const CONTENT_BLOCKS: [&str; 19] = [
    "text",
    "image",
    "document",
    "search_result",
    "thinking",
    "redacted_thinking",
    "tool_use",
    "tool_result",
    "server_tool_use",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "container_upload",
    "mcp_tool_use",
    "mcp_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "tool_search_tool_result",
    "compaction",
];

pub(super) fn check_tools(body: &Json) -> Result<(), Invalid> {
    let tools = match body.get("tools") {
        None => return Ok(()),
        Some(Json::Array(tools)) => tools,
        Some(_) => return Err(Invalid::at("tools", "Input should be a valid list")),
    };
    let mut names = HashSet::new();
    for (n, tool) in tools.iter().enumerate() {
        if tool.as_object().is_none() {
            return Err(Invalid::at(&format!("tools.{n}"), "Input should be a valid dictionary"));
        }
        // Anthropic's own tools carry a dated type and no schema.
        let custom = tool.tag().is_none_or(|tag| tag == "custom");
        for field in ["name", "input_schema"] {
            if custom && tool.get(field).is_none() {
                return Err(Invalid::at(&format!("tools.{n}.custom.{field}"), "Field required"));
            }
        }
        if tool.text("name").is_some_and(|name| !names.insert(name)) {
            return Err(Invalid::at("tools", "Tool names must be unique."));
        }
    }
    Ok(())
}

pub(super) fn check_system(body: &Json) -> Result<(), Invalid> {
    let blocks = match body.get("system") {
        None | Some(Json::String(_)) => return Ok(()),
        Some(Json::Array(blocks)) => blocks,
        Some(_) => return Err(Invalid::at("system", "Input should be a valid list")),
    };
    for (n, block) in blocks.iter().enumerate() {
        check_block(&format!("system.{n}"), block, &["text"])?;
    }
    Ok(())
}

pub(super) fn check_messages(body: &Json) -> Result<(), Invalid> {
    let messages = match body.get("messages") {
        None => return Err(Invalid::at("messages", "Field required")),
        Some(Json::Array(messages)) => messages,
        Some(_) => return Err(Invalid::at("messages", "Input should be a valid list")),
    };
    if messages.is_empty() {
        return Err(Invalid::at("messages", "at least one message is required"));
    }
    for (n, message) in messages.iter().enumerate() {
        check_message(n, message, n + 1 == messages.len())?;
    }
    Ok(())
}

fn check_message(n: usize, message: &Json, last: bool) -> Result<(), Invalid> {
    let path = format!("messages.{n}");
    let Some(fields) = message.as_object() else {
        return Err(Invalid::at(&path, "Input should be a valid dictionary"));
    };
    let role = match fields.get("role") {
        None => return Err(Invalid::at(&format!("{path}.role"), "Field required")),
        Some(Json::String(role)) => role.as_str(),
        Some(_) => return Err(Invalid::at(&format!("{path}.role"), "Input should be a valid string")),
    };
    check_role(n, role)?;
    if let Some(extra) = fields.keys().find(|key| !matches!(key.as_str(), "role" | "content")) {
        return Err(Invalid::at(&format!("{path}.{extra}"), "Extra inputs are not permitted"));
    }
    let content = format!("{path}.content");
    let empty = match fields.get("content") {
        None => return Err(Invalid::at(&content, "Field required")),
        Some(Json::String(text)) => text.is_empty(),
        Some(Json::Array(blocks)) => {
            for (n, block) in blocks.iter().enumerate() {
                check_block(&format!("{content}.{n}"), block, &CONTENT_BLOCKS)?;
            }
            blocks.is_empty()
        }
        Some(_) => return Err(Invalid::at(&content, "Input should be a valid list")),
    };
    if empty && !(last && role == "assistant") {
        return Err(Invalid::at(
            &path,
            "all messages must have non-empty content except for the optional final assistant message",
        ));
    }
    Ok(())
}

fn check_role(n: usize, role: &str) -> Result<(), Invalid> {
    match (role, n) {
        ("user", _) => Ok(()),
        // Newer models take instructions in mid-conversation as messages of this role.
        ("assistant" | "system", 1..) => Ok(()),
        ("assistant", 0) => Err(Invalid::at("messages", "first message must use the \"user\" role")),
        ("system", 0) => Err(Invalid::at(
            "messages",
            "Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as \
             an input message role.",
        )),
        _ => Err(Invalid::at(
            "messages",
            &format!("Unexpected role \"{role}\". Allowed roles are \"user\" or \"assistant\"."),
        )),
    }
}

fn check_block(path: &str, block: &Json, expected: &[&str]) -> Result<(), Invalid> {
    let Some(fields) = block.as_object() else {
        return Err(Invalid::at(path, "Input should be a valid dictionary"));
    };
    match fields.get("type") {
        None => return Err(Invalid::at(&format!("{path}.type"), "Field required")),
        Some(tag) if tag.as_str().is_some_and(|tag| expected.contains(&tag)) => {}
        Some(tag) => return Err(Invalid::unknown_tag(path, tag, expected)),
    }
    if block.tag() == Some("text") {
        match fields.get("text") {
            None => return Err(Invalid::at(&format!("{path}.text.text"), "Field required")),
            Some(Json::String(_)) => {}
            Some(_) => {
                return Err(Invalid::at(&format!("{path}.text.text"), "Input should be a valid string"));
            }
        }
        let known = ["type", "text", "cache_control", "citations"];
        if let Some(extra) = fields.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(Invalid::at(&format!("{path}.text.{extra}"), "Extra inputs are not permitted"));
        }
    }
    Ok(())
}

/// Text blocks say something. Checked after the markers, whose complaint about an empty block names the block.
pub(super) fn check_texts(body: &Json) -> Result<(), Invalid> {
    let messages = body.get("messages").and_then(Json::as_array).unwrap_or_default();
    let contents = messages.iter().filter_map(|message| message.get("content"));
    for (whose, content) in
        body.get("system").map(|it| ("system", it)).into_iter().chain(contents.map(|it| ("messages", it)))
    {
        let blocks = content.as_array().unwrap_or_default();
        for text in
            blocks.iter().filter(|block| block.tag() == Some("text")).filter_map(|block| block.text("text"))
        {
            if text.is_empty() {
                return Err(Invalid::at(whose, "text content blocks must be non-empty"));
            }
            if text.trim().is_empty() {
                return Err(Invalid::at(whose, "text content blocks must contain non-whitespace text"));
            }
        }
    }
    let last = messages.last().filter(|message| message.text("role") == Some("assistant"));
    let end = match last.and_then(|message| message.get("content")) {
        Some(Json::String(text)) => Some(text.as_str()),
        Some(Json::Array(blocks)) => blocks.last().and_then(|block| block.text("text")),
        _ => None,
    };
    if end.is_some_and(|text| text.ends_with(char::is_whitespace)) {
        return Err(Invalid::at("messages", "final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::request::MessageRequest;

    fn body(fields: &str) -> String {
        format!(r#"{{"model":"m","max_tokens":5,{fields}}}"#)
    }

    fn refusal(fields: &str) -> String {
        MessageRequest::read(body(fields).as_bytes()).map(|_| fields.to_owned()).unwrap_err().to_string()
    }

    fn with_messages(messages: &str) -> String {
        format!(r#""messages":{messages}"#)
    }

    fn with_content(content: &str) -> String {
        with_messages(&format!(r#"[{{"role":"user","content":{content}}}]"#))
    }

    #[test]
    fn messages_that_break_a_rule_are_refused() {
        for (messages, expected) in [
            (r#"[{"content":"x"}]"#, "messages.0.role: Field required"),
            (r#"[{"role":1,"content":"x"}]"#, "messages.0.role: Input should be a valid string"),
            (r#"[{"role":"assistant","content":"x"}]"#, "messages: first message must use the \"user\" role"),
            (
                r#"[{"role":"tool","content":"x"}]"#,
                "messages: Unexpected role \"tool\". Allowed roles are \"user\" or \"assistant\".",
            ),
            (
                r#"[{"role":"system","content":"x"}]"#,
                "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
                 \"system\" as an input message role.",
            ),
            (r#"[{"role":"user"}]"#, "messages.0.content: Field required"),
            (r#"[{"role":"user","content":1}]"#, "messages.0.content: Input should be a valid list"),
            (
                r#"[{"role":"user","content":""}]"#,
                "messages.0: all messages must have non-empty content except for the optional final assistant message",
            ),
            (r#"[{"role":"user","content":"x","at":1}]"#, "messages.0.at: Extra inputs are not permitted"),
        ] {
            assert_eq!(refusal(&with_messages(messages)), expected, "{messages}");
        }
        let prefilled = |content| {
            let said =
                format!(r#"[{{"role":"user","content":"x"}},{{"role":"assistant","content":{content}}}]"#);
            body(&with_messages(&said))
        };
        assert!(MessageRequest::read(prefilled(r#""""#).as_bytes()).is_ok());
        assert!(MessageRequest::read(prefilled("[]").as_bytes()).is_ok());
        for spaced in [r#""x ""#, r#"[{"type":"text","text":"x\n"}]"#] {
            let refused = MessageRequest::read(prefilled(spaced).as_bytes()).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "messages: final assistant content cannot end with trailing whitespace"
            );
        }
    }

    #[test]
    fn content_blocks_that_break_a_rule_are_refused() {
        for (content, expected) in [
            ("[1]", "messages.0.content.0: Input should be a valid dictionary"),
            ("[{}]", "messages.0.content.0.type: Field required"),
            (r#"[{"type":"text"}]"#, "messages.0.content.0.text.text: Field required"),
            (
                r#"[{"type":"text","text":1}]"#,
                "messages.0.content.0.text.text: Input should be a valid string",
            ),
            (
                r#"[{"type":"text","text":"x","id":1}]"#,
                "messages.0.content.0.text.id: Extra inputs are not permitted",
            ),
            (r#"[{"type":"text","text":""}]"#, "messages: text content blocks must be non-empty"),
            (
                r#"[{"type":"text","text":" \n"}]"#,
                "messages: text content blocks must contain non-whitespace text",
            ),
        ] {
            assert_eq!(refusal(&with_content(content)), expected, "{content}");
        }
        assert!(
            refusal(&with_content(r#"[{"type":"video"}]"#))
                .starts_with("messages.0.content.0: Input tag 'video' found using 'type' does not match any")
        );
        assert!(
            refusal(&format!(r#"{},"system":[{{"type":"image"}}]"#, with_content(r#""x""#)))
                .starts_with("system.0: Input tag 'image' found using")
        );
    }
}
