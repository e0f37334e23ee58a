use serde_json::json;

use super::*;
use crate::anthropic::cache::{self, Retention};

fn at(time: &str) -> Timestamp {
    format!("2026-06-01T{time}Z").parse().unwrap()
}

fn begun() -> Conversation {
    let mut conversation = Conversation::default();
    let head = Entry::Session { version: 1, id: "s".into(), created_at: at("12:00:00") };
    conversation.apply(head).unwrap();
    conversation
}

fn asked(content: Vec<ContentBlock>) -> Entry {
    Entry::User { at: at("12:00:01"), content, request: None, blocks: None }
}

fn asks(conversation: &mut Conversation, text: &str) {
    let content = vec![ContentBlock::text(text)];
    conversation.apply(asked(content)).unwrap();
}

fn answers(conversation: &mut Conversation, time: &str, content: Vec<ContentBlock>) {
    let receipt = json!({"profileId": "anthropic:work", "billing": "api"});
    let stop_reason = Some("end_turn".to_owned());
    conversation.apply(Entry::Assistant { at: at(time), content, stop_reason, receipt }).unwrap();
}

fn texts(request: &MessageRequest) -> Vec<String> {
    let text =
        |message: &Message| message.content.iter().filter_map(ContentBlock::as_text).collect::<String>();
    request.messages.iter().map(text).collect()
}

#[test]
fn an_interrupted_answer_goes_on_with_what_came_of_it() {
    let mut conversation = begun();
    asks(&mut conversation, "one");
    for text in ["half a ", "sentence"] {
        conversation.apply(Entry::Partial { text: text.into() }).unwrap();
    }
    let next = [ContentBlock::text("two")];
    assert_eq!(texts(&conversation.request(&next)), ["one", "half a sentence", "two"]);
    asks(&mut conversation, "never answered");
    assert_eq!(texts(&conversation.request(&next)), ["one", "half a sentence", "two"]);
}

#[test]
fn the_answer_replaces_what_came_of_it_piece_by_piece() {
    let mut conversation = begun();
    asks(&mut conversation, "one");
    conversation.apply(Entry::Partial { text: "hal".into() }).unwrap();
    answers(&mut conversation, "12:00:05", vec![ContentBlock::text("whole")]);
    assert_eq!(conversation.turns()[0].reply.content(), [ContentBlock::text("whole")]);
    assert_eq!(conversation.apply(Entry::Partial { text: "late".into() }), Err(OutOfPlace));
}

#[test]
fn an_answer_the_api_would_not_take_back_is_left_out_with_its_question() {
    let thinking = ContentBlock::Raw(json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"}));
    for content in [vec![], vec![ContentBlock::text(" \n")], vec![thinking]] {
        let mut conversation = begun();
        asks(&mut conversation, "one");
        answers(&mut conversation, "12:00:05", content);
        assert_eq!(texts(&conversation.request(&[ContentBlock::text("two")])), ["two"]);
    }
}

/// The body up to its last marker, without any.
fn marked_prefix(request: &MessageRequest) -> String {
    let body = request.streamed_text();
    let marker = r#","cache_control":{"type":"ephemeral"}"#;
    body[..body.rfind(marker).unwrap()].replace(marker, "")
}

#[test]
fn a_turn_up_to_its_last_marker_begins_the_next_turn_byte_for_byte() {
    let mut conversation = begun();
    conversation.apply(Entry::System { at: at("12:00:00"), text: "Be brief. \"é\"".into() }).unwrap();
    let mut before: Option<String> = None;
    for turn in 0..40 {
        let mut question = vec![ContentBlock::text(format!("question {turn} \u{1F980}\n"))];
        if turn % 3 == 0 {
            question.insert(
                0,
                ContentBlock::Raw(json!({"type": "document", "title": "b", "source":
                {"type": "text", "media_type": "text/plain", "data": "z\u{2028}"}})),
            );
        }
        let mut request = conversation.request(&question);
        request.model = "claude-sonnet-5".into();
        request.max_tokens = 64;
        cache::mark(&mut request, Retention::Short);
        let prefix = marked_prefix(&request);
        if let Some(before) = &before {
            assert!(prefix.starts_with(before.as_str()), "{before}\nis not how this begins:\n{prefix}");
        }
        before = Some(prefix);
        let entry = asked(question);
        // Every other turn is read back from its line, as after a new start.
        let mut line = Vec::new();
        entry.write_line(&mut line);
        let entry = if turn % 2 == 0 { entry } else { Entry::read(&line).unwrap() };
        conversation.apply(entry).unwrap();
        let mut content = vec![
            ContentBlock::Raw(json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"})),
            ContentBlock::text("answer"),
        ];
        content.extend((0..turn % 20).map(|n| ContentBlock::text(format!("part {n}"))));
        answers(&mut conversation, "12:00:05", content);
    }
}

#[test]
fn a_title_is_the_first_words_that_were_typed_without_secrets() {
    let title = |blocks: Vec<ContentBlock>| {
        let mut conversation = begun();
        conversation.apply(asked(blocks)).unwrap();
        conversation.title()
    };
    assert_eq!(title(vec![ContentBlock::text("\n  why\tso? \nmore")]), "why so?");
    let file = ContentBlock::Raw(json!({"type": "document"}));
    assert_eq!(title(vec![file, ContentBlock::text("read this")]), "read this");
    assert_eq!(title(vec![ContentBlock::text("x".repeat(100))]).chars().count(), LONGEST_TITLE);
    let secret = format!("is sk-ant-api03-sandbox-{} good?", "a".repeat(60));
    assert!(!title(vec![ContentBlock::text(secret)]).contains("aaaaa"));
    assert_eq!(begun().title(), "");
}

#[test]
fn a_choice_of_model_holds_until_the_next_one() {
    let mut conversation = begun();
    let model = Some("anthropic/claude-opus-4-7".parse().unwrap());
    let choose = |model| Entry::Model { at: at("12:00:02"), model, profile_id: None };
    conversation.apply(choose(model.clone())).unwrap();
    assert_eq!(conversation.choice().model, model);
    conversation.apply(choose(None)).unwrap();
    assert_eq!(*conversation.choice(), ModelChoice::default());
}
