//! What `POST /v1/messages` and `/v1/messages/count_tokens` accept: reads a body, checks it the way the real API does,
//! and keeps what answering needs. Pure; credentials and models that do not exist are judged elsewhere.

use std::collections::HashSet;

use super::json::Json;
use super::prompt::Prompt;

/// Content blocks a message may hold.
const CONTENT_BLOCKS: [&str; 14] = [
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
];

/// Why a body is refused, in the words of an `invalid_request_error`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(String);

impl Invalid {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A complaint about one place in the body.
    pub(super) fn at(path: &str, complaint: &str) -> Self {
        Self(format!("{path}: {complaint}"))
    }

    /// A `type` that is none of those allowed there.
    pub(super) fn unknown_tag(path: &str, tag: &Json, expected: &[&str]) -> Self {
        let tag = tag.as_str().map_or_else(|| tag.compact(), str::to_owned);
        let expected: Vec<_> = expected.iter().map(|tag| format!("'{tag}'")).collect();
        Self::at(
            path,
            &format!(
                "Input tag '{tag}' found using 'type' does not match any of the expected tags: {}",
                expected.join(", ")
            ),
        )
    }
}

/// A request for a message that passed every check on its body.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRequest {
    /// The model's id as sent.
    pub model: String,
    /// Most output tokens; zero only warms the cache. For token counting always zero.
    pub max_tokens: u64,
    /// Whether the answer comes as events.
    pub stream: bool,
    /// The prompt as the cache sees it.
    pub prompt: Prompt,
    /// Text of the last message, its text blocks joined by line feeds.
    pub question: String,
}

impl MessageRequest {
    /// Reads the body of `POST /v1/messages`.
    ///
    /// # Errors
    /// When the real API would refuse the body, with a message of its form.
    pub fn read(body: &[u8]) -> Result<Self, Invalid> {
        let body = object(body)?;
        let model = model(&body)?;
        let max_tokens = match body.get("max_tokens") {
            None => return Err(Invalid::at("max_tokens", "Field required")),
            Some(Json::Number(number)) => number.as_u64().ok_or_else(|| {
                let whole = number.is_i64();
                let complaint = if whole {
                    "Input should be greater than or equal to 0"
                } else {
                    "Input should be a valid integer"
                };
                Invalid::at("max_tokens", complaint)
            })?,
            Some(_) => return Err(Invalid::at("max_tokens", "Input should be a valid integer")),
        };
        let stream = match body.get("stream") {
            None | Some(Json::Null) => false,
            Some(Json::Bool(stream)) => *stream,
            Some(_) => return Err(Invalid::at("stream", "Input should be a valid boolean")),
        };
        check_temperature(&body)?;
        if max_tokens == 0 {
            check_warming(&body, stream)?;
        }
        Self::finish(&body, model, max_tokens, stream)
    }

    /// Reads the body of `POST /v1/messages/count_tokens`, which needs no `max_tokens`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_for_count(body: &[u8]) -> Result<Self, Invalid> {
        let body = object(body)?;
        let model = model(&body)?;
        Self::finish(&body, model, 0, false)
    }

    fn finish(body: &Json, model: String, max_tokens: u64, stream: bool) -> Result<Self, Invalid> {
        check_tools(body)?;
        check_system(body)?;
        check_messages(body)?;
        let prompt = Prompt::of(body)?;
        check_texts(body)?;
        Ok(Self { model, max_tokens, stream, prompt, question: question(body) })
    }
}

fn object(body: &[u8]) -> Result<Json, Invalid> {
    let body: Json = serde_json::from_slice(body)
        .map_err(|err| Invalid::new(format!("The request body is not valid JSON: {err}")))?;
    if body.as_object().is_none() {
        return Err(Invalid::new("The request body should be a JSON object"));
    }
    Ok(body)
}

fn model(body: &Json) -> Result<String, Invalid> {
    match body.get("model") {
        None => Err(Invalid::at("model", "Field required")),
        Some(Json::String(model)) if model.is_empty() => {
            Err(Invalid::at("model", "String should have at least 1 character"))
        }
        Some(Json::String(model)) => Ok(model.clone()),
        Some(_) => Err(Invalid::at("model", "Input should be a valid string")),
    }
}

fn check_temperature(body: &Json) -> Result<(), Invalid> {
    match body.get("temperature") {
        None | Some(Json::Null) => Ok(()),
        Some(Json::Number(number)) if number.as_f64().is_some_and(|it| (0.0..=1.0).contains(&it)) => Ok(()),
        Some(Json::Number(_)) => Err(Invalid::at("temperature", "range: 0..1")),
        Some(_) => Err(Invalid::at("temperature", "Input should be a valid number")),
    }
}

/// What `max_tokens: 0` cannot be combined with: each asks for output.
fn check_warming(body: &Json, stream: bool) -> Result<(), Invalid> {
    let thinking = body.get("thinking").and_then(Json::tag) == Some("enabled");
    let format = body.get("output_config").is_some_and(|config| config.get("format").is_some());
    let forced = matches!(body.get("tool_choice").and_then(Json::tag), Some("any" | "tool"));
    for (wanted, what) in [
        (stream, "`stream` is true"),
        (thinking, "`thinking` is enabled"),
        (format, "`output_config.format` is set"),
        (forced, "`tool_choice` forces a tool"),
    ] {
        if wanted {
            return Err(Invalid::at("max_tokens", &format!("must be greater than 0 when {what}")));
        }
    }
    Ok(())
}

fn check_tools(body: &Json) -> Result<(), Invalid> {
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

fn check_system(body: &Json) -> Result<(), Invalid> {
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

fn check_messages(body: &Json) -> Result<(), Invalid> {
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
fn check_texts(body: &Json) -> Result<(), Invalid> {
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
    Ok(())
}

fn question(body: &Json) -> String {
    let messages = body.get("messages").and_then(Json::as_array).unwrap_or_default();
    match messages.last().and_then(|message| message.get("content")) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Array(blocks)) => {
            let texts: Vec<_> = blocks.iter().filter_map(|block| block.text("text")).collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> String {
        MessageRequest::read(body.as_bytes()).map(|_| body.to_owned()).unwrap_err().to_string()
    }

    fn with(fields: &str) -> String {
        format!(r#"{{"model":"m","max_tokens":5,"messages":[{{"role":"user","content":"hi"}}],{fields}}}"#)
    }

    fn with_messages(messages: &str) -> String {
        format!(r#"{{"model":"m","max_tokens":5,"messages":{messages}}}"#)
    }

    fn with_content(content: &str) -> String {
        with_messages(&format!(r#"[{{"role":"user","content":{content}}}]"#))
    }

    #[test]
    fn a_good_request_is_read() {
        let read =
            MessageRequest::read(with(r#""stream":true,"temperature":1,"unknown":{}"#).as_bytes()).unwrap();
        assert_eq!((read.model.as_str(), read.max_tokens, read.stream), ("m", 5, true));
        assert_eq!(read.question, "hi");
        assert_eq!(read.prompt.tokens(), 1);
    }

    #[test]
    fn the_question_is_the_text_of_the_last_message() {
        let body = with_messages(
            r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
                {"role":"user","content":[{"type":"text","text":"c"},{"type":"image"},{"type":"text","text":"d"}]}]"#,
        );
        assert_eq!(MessageRequest::read(body.as_bytes()).unwrap().question, "c\nd");
    }

    #[test]
    fn bodies_that_are_no_request_are_refused() {
        assert!(refusal("").starts_with("The request body is not valid JSON"));
        assert!(refusal("{").starts_with("The request body is not valid JSON"));
        assert_eq!(refusal("[]"), "The request body should be a JSON object");
        assert_eq!(refusal("null"), "The request body should be a JSON object");
    }

    #[test]
    fn missing_and_mistyped_fields_are_refused_by_name() {
        let message = r#"[{"role":"user","content":"hi"}]"#;
        for (body, expected) in [
            (r#"{"max_tokens":1}"#.to_owned(), "model: Field required"),
            (r#"{"model":1,"max_tokens":1}"#.to_owned(), "model: Input should be a valid string"),
            (r#"{"model":""}"#.to_owned(), "model: String should have at least 1 character"),
            (format!(r#"{{"model":"m","messages":{message}}}"#), "max_tokens: Field required"),
            (r#"{"model":"m","max_tokens":"1"}"#.to_owned(), "max_tokens: Input should be a valid integer"),
            (r#"{"model":"m","max_tokens":1.5}"#.to_owned(), "max_tokens: Input should be a valid integer"),
            (
                r#"{"model":"m","max_tokens":-1}"#.to_owned(),
                "max_tokens: Input should be greater than or equal to 0",
            ),
            (r#"{"model":"m","max_tokens":1}"#.to_owned(), "messages: Field required"),
            (with_messages("{}"), "messages: Input should be a valid list"),
            (with_messages("[]"), "messages: at least one message is required"),
            (with_messages("[1]"), "messages.0: Input should be a valid dictionary"),
            (with(r#""stream":"yes""#), "stream: Input should be a valid boolean"),
            (with(r#""temperature":1.01"#), "temperature: range: 0..1"),
            (with(r#""temperature":-0.1"#), "temperature: range: 0..1"),
            (with(r#""temperature":"hot""#), "temperature: Input should be a valid number"),
            (with(r#""system":7"#), "system: Input should be a valid list"),
            (with(r#""tools":{}"#), "tools: Input should be a valid list"),
            (with(r#""tools":[1]"#), "tools.0: Input should be a valid dictionary"),
            (with(r#""tools":[{"name":"t"}]"#), "tools.0.custom.input_schema: Field required"),
            (with(r#""tools":[{"input_schema":{}}]"#), "tools.0.custom.name: Field required"),
            (
                with(r#""tools":[{"name":"t","input_schema":{}},{"name":"t","input_schema":{}}]"#),
                "tools: Tool names must be unique.",
            ),
        ] {
            assert_eq!(refusal(&body), expected, "{body}");
        }
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
        let prefilled = with_messages(r#"[{"role":"user","content":"x"},{"role":"assistant","content":""}]"#);
        assert!(MessageRequest::read(prefilled.as_bytes()).is_ok());
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
            refusal(&with(r#""system":[{"type":"image"}]"#))
                .starts_with("system.0: Input tag 'image' found using")
        );
    }

    #[test]
    fn warming_the_cache_asks_for_no_output_of_any_kind() {
        let warm = |fields: &str| {
            format!(r#"{{"model":"m","max_tokens":0,"messages":[{{"role":"user","content":"hi"}}]{fields}}}"#)
        };
        assert!(MessageRequest::read(warm("").as_bytes()).is_ok());
        for fields in [
            r#","stream":true"#,
            r#","thinking":{"type":"enabled","budget_tokens":1024}"#,
            r#","output_config":{"format":{"type":"json_schema"}}"#,
            r#","tool_choice":{"type":"any"}"#,
            r#","tool_choice":{"type":"tool","name":"t"}"#,
        ] {
            assert!(
                refusal(&warm(fields)).starts_with("max_tokens: must be greater than 0 when "),
                "{fields}"
            );
        }
    }

    #[test]
    fn counting_needs_no_max_tokens_and_is_as_strict_otherwise() {
        let body = br#"{"model":"m","messages":[{"role":"user","content":"12345678"}]}"#;
        assert_eq!(MessageRequest::read_for_count(body).unwrap().prompt.tokens(), 2);
        assert!(MessageRequest::read_for_count(br#"{"model":"m","messages":[]}"#).is_err());
    }
}
