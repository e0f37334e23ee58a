//! What `POST /v1/messages` and `/v1/messages/count_tokens` accept: reads a body, checks it the way the real API does,
//! and keeps what answering needs. Pure; credentials and models that do not exist are judged elsewhere.

use super::content;
use super::json::Json;
use super::prompt::Prompt;

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
        content::check_tools(body)?;
        content::check_system(body)?;
        content::check_messages(body)?;
        let prompt = Prompt::of(body)?;
        content::check_texts(body)?;
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

    proptest::proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(cut in 0..400_usize, gone in 0..40_usize, new in "[\\[\\]{}\",:0-9a-z]{0,6}") {
            let mut body = r#"{"model":"m","max_tokens":5,"cache_control":{"type":"ephemeral"},"tools":[{"name":"t",
                "input_schema":{}}],"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[
                {"type":"tool_result","tool_use_id":"1","content":[{"type":"image","source":{"type":"base64"}}]},
                {"type":"text","text":"q","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}"#.to_owned();
            let cut = cut.min(body.len());
            let end = (cut + gone).min(body.len());
            body.replace_range(cut..end, &new);
            let _read = MessageRequest::read(body.as_bytes()).is_ok();
        }
    }
}
