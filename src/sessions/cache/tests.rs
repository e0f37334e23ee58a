use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::prefix::{Prefix, Sent};
use super::*;
use crate::anthropic::cache::{Marker, Retention};
use crate::anthropic::{ContentBlock, Message, MessageRequest, Role, TextBlock};
use crate::auth::health::Billing;
use crate::config::Config;
use crate::config::schema::CacheRetention;
use crate::sessions::conversation::Conversation;
use crate::sessions::entry::Entry;
use crate::sessions::sent::{SentBlocks, SentRequest};

/// A conversation, written as a session writes it.
struct Talk(Conversation);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

impl Talk {
    fn new() -> Self {
        let mut talk = Self(Conversation::default());
        talk.take(Entry::Session { version: 1, id: "s".into(), created_at: at(0) });
        talk
    }

    fn take(&mut self, entry: Entry) {
        self.0.apply(entry).unwrap();
    }

    fn asks(&mut self, seconds: i64, text: &str) {
        self.asks_with("anthropic:default", seconds, text);
    }

    fn asks_with(&mut self, credential: &str, seconds: i64, text: &str) {
        let content = vec![ContentBlock::text(text)];
        let before = self.0.blocks_through(self.0.turns().len());
        let sent = Prefix::of(&self.0.request(&content)).digests();
        let blocks = Some(SentBlocks::after(&before, &sent));
        let request = Some(SentRequest {
            started_at: at(seconds),
            model: Some("anthropic/claude-sonnet-5".parse().unwrap()),
            credential: credential.to_owned(),
            billing: Billing::Api,
            retention: Retention::Short,
        });
        self.take(Entry::User { at: at(seconds + 1), content, request, blocks });
    }

    fn answers(&mut self, text: &str, read: u64, written: u64) {
        let receipt = json!({
            "profileId": "anthropic:default", "billing": "api",
            "requestedModel": "anthropic/claude-sonnet-5", "model": "claude-sonnet-5",
            "usage": {"inputTokens": 3, "cacheReadTokens": read, "cacheWrite5mTokens": written},
        });
        let content = vec![ContentBlock::text(text)];
        self.take(Entry::Assistant { at: at(0), content, stop_reason: None, receipt });
    }

    /// The answer to what was asked last ends early.
    fn stops(&mut self, receipt: Option<(u64, u64)>) {
        let receipt = receipt.map(|(read, written)| {
            json!({"usage": {"inputTokens": 3, "cacheReadTokens": read, "cacheWrite5mTokens": written}})
        });
        let content = vec![ContentBlock::text("half")];
        self.take(Entry::Interrupted { at: at(0), content, receipt });
    }

    /// The profile that is preferred so many seconds after the beginning.
    fn preferred(&self, retention: CacheRetention, seconds: i64) -> Option<String> {
        warm_profile(&self.0, retention, at(seconds)).map(|profile| profile.to_string())
    }

    fn misses(&self, turn: usize) -> Vec<Miss> {
        miss::of(&self.0, turn - 1, &Config::default())
    }
}

#[test]
fn a_question_that_is_left_out_after_an_empty_answer_is_the_block_that_changed() {
    let mut talk = Talk::new();
    talk.asks(0, "one");
    talk.answers("first", 0, 2_000);
    talk.asks(10, "two");
    talk.answers(" ", 2_000, 50);
    talk.asks(20, "three");
    talk.answers("third", 2_000, 60);
    assert_eq!(talk.misses(2), []);
    let misses = talk.misses(3);
    let [Miss::PrefixChanged(difference)] = misses.as_slice() else { panic!("{misses:?}") };
    assert_eq!(difference.block, Place::Messages { message: 3, block: 1 });
    assert_eq!(
        difference.to_string(),
        "message 3 block 1 is another one at bytes 1..5: \"two\" became \"three\""
    );
}

#[test]
fn what_was_read_again_lives_from_the_start_of_that_request() {
    let mut talk = Talk::new();
    assert_eq!(warmth(&talk.0), None);
    talk.asks(0, "one");
    assert_eq!(warmth(&talk.0), None);
    talk.answers("first", 0, 2_000);
    assert_eq!(warmth(&talk.0).unwrap().until, at(300));
    talk.asks(200, "two");
    talk.answers("second", 2_000, 0);
    let warm = warmth(&talk.0).unwrap();
    assert_eq!((warm.until, warm.tokens, warm.marker), (at(500), 2_000, Marker::FiveMinutes));
    assert_eq!(warm.remaining(at(499)).as_secs(), 1);
    assert_eq!(warm.remaining(at(700)).as_secs(), 0);
}

#[test]
fn the_profile_whose_cache_is_warm_is_preferred_as_long_as_it_is_whatever_is_configured_by_then() {
    let mut talk = Talk::new();
    assert_eq!(talk.preferred(CacheRetention::Long, 0), None);
    talk.asks_with("anthropic:work", 0, "one");
    talk.answers("first", 0, 2_000);
    for retention in [CacheRetention::None, CacheRetention::Short, CacheRetention::Long] {
        assert_eq!(talk.preferred(retention, 299), Some("anthropic:work".to_owned()), "{retention}");
        assert_eq!(talk.preferred(retention, 300), None, "{retention}");
    }
}

#[test]
fn an_answer_that_was_stopped_leaves_the_cache_to_the_profile_that_gave_it() {
    let mut talk = Talk::new();
    talk.asks_with("anthropic:a", 0, "one");
    talk.answers("first", 0, 2_000);
    talk.asks_with("anthropic:b", 100, "two");
    talk.stops(Some((0, 2_100)));
    assert_eq!(talk.preferred(CacheRetention::Short, 399), Some("anthropic:b".to_owned()));
    assert_eq!(talk.preferred(CacheRetention::Short, 400), None);
    // What a kill left of an answer was counted by nobody.
    talk.asks_with("anthropic:a", 500, "three");
    talk.stops(None);
    assert_eq!(talk.preferred(CacheRetention::Short, 799), Some("anthropic:a".to_owned()));
    assert_eq!(talk.preferred(CacheRetention::Short, 800), None);
}

#[test]
fn where_nothing_was_counted_the_profile_used_last_is_kept_for_as_long_as_the_config_says() {
    let mut talk = Talk::new();
    talk.asks_with("anthropic:plan", 0, "one");
    talk.answers("first", 0, 0);
    let plan = Some("anthropic:plan".to_owned());
    for (retention, seconds, kept) in [
        (CacheRetention::Short, 299, &plan),
        (CacheRetention::Short, 300, &None),
        (CacheRetention::Long, 3_599, &plan),
        (CacheRetention::Long, 3_600, &None),
        (CacheRetention::None, 1, &None),
    ] {
        assert_eq!(&talk.preferred(retention, seconds), kept, "{retention} {seconds}");
    }
    talk.asks_with("ANTHROPIC_API_KEY", 10, "two");
    talk.answers("second", 0, 2_000);
    assert_eq!(talk.preferred(CacheRetention::Short, 11), None, "it is no profile");
}

#[test]
fn what_nothing_here_explains_is_said_to_be_so() {
    let mut talk = Talk::new();
    talk.asks(0, "one");
    talk.answers("first", 0, 2_000);
    talk.asks(10, "two");
    talk.answers("second", 0, 2_010);
    assert_eq!(talk.misses(2), [Miss::Unexplained]);
}

#[test]
fn an_answer_that_ended_early_and_was_not_counted_leaves_the_turn_before_it_to_compare_with() {
    let mut talk = Talk::new();
    talk.asks(0, "one");
    talk.answers("first", 0, 2_000);
    talk.asks(10, "two");
    assert_eq!(talk.misses(2), [Miss::NotRecorded { what: "what was read" }]);
    talk.asks(20, "three");
    talk.answers("third", 2_000, 10);
    assert_eq!(talk.misses(3), []);
}

fn request(system: &[&str], messages: &[(Role, &[&str])]) -> Sent {
    let said = |(role, blocks): &(Role, &[&str])| Message {
        role: *role,
        content: blocks.iter().copied().map(ContentBlock::text).collect(),
    };
    let request = MessageRequest {
        system: system.iter().copied().map(TextBlock::new).collect(),
        messages: messages.iter().map(said).collect(),
        ..MessageRequest::default()
    };
    let prefix = Prefix::of(&request);
    let digests = prefix.digests();
    Sent { prefix, digests }
}

fn difference(earlier: &Sent, later: &Sent) -> String {
    later.first_difference(earlier).map_or("none".to_owned(), |difference| difference.to_string())
}

#[test]
fn blocks_that_come_and_go_are_named_where_they_stand() {
    let plain = request(&["rules"], &[(Role::User, &["a", "b"])]);
    let longer = request(&["rules"], &[(Role::User, &["a", "b"]), (Role::Assistant, &["c"])]);
    assert_eq!(difference(&plain, &longer), "none");
    assert_eq!(difference(&longer, &plain), "message 2 block 1 is gone");
    let without_system = request(&[], &[(Role::User, &["a", "b"])]);
    assert_eq!(difference(&without_system, &plain), "system block 1 is new");
    assert_eq!(difference(&plain, &without_system), "system block 1 is gone");
    let two_rules = request(&["rules", "more"], &[(Role::User, &["a", "b"])]);
    assert_eq!(difference(&plain, &two_rules), "system block 2 is new");
    let split = request(&["rules"], &[(Role::User, &["a"]), (Role::Assistant, &["c"])]);
    assert_eq!(difference(&plain, &split), "message 1 block 2 is gone");
    assert_eq!(difference(&split, &plain), "message 1 block 2 is new");
}

#[test]
fn words_of_the_model_and_credentials_are_never_shown() {
    let said = |text: &str| request(&[], &[(Role::User, &["a"]), (Role::Assistant, &[text])]);
    assert_eq!(difference(&said("one"), &said("two")), "message 2 block 1 is another one at bytes 0..3");
    let key = |tail: &str| format!("key sk-ant-api03-sandbox-{}-{tail}", "0".repeat(60));
    let asked = |text: &str| request(&[text], &[]);
    let shown = difference(&asked(&key("x3Qw")), &asked(&key("k2k2")));
    assert_eq!(shown, "system block 1 is another one at bytes 86..90");
}

#[test]
fn an_excerpt_is_one_short_line_of_whole_words() {
    let asked = |text: &str| request(&[text], &[]);
    let (was, now) = (format!("a\u{2003}{}\nb", "x".repeat(40)), format!("a\u{2003}{}\nb", "y".repeat(40)));
    let shown = difference(&asked(&was), &asked(&now));
    let cut = |letter: &str| format!("{}…", letter.repeat(31));
    assert!(shown.ends_with(&format!(": \"{}\" became \"{}\"", cut("x"), cut("y"))), "{shown}");
    let shown = difference(&asked("say é now"), &asked("say ü now"));
    assert_eq!(shown, "system block 1 is another one at bytes 4..6: \"é\" became \"ü\"");
}

proptest! {
    #[test]
    fn what_is_outside_of_the_range_is_the_same_in_both(was in "[abé ]{0,12}", now in "[abé ]{0,12}") {
        let found = request(&[], &[(Role::User, &[&now])]).first_difference(&request(&[], &[(Role::User, &[&was])]));
        match found {
            None => prop_assert_eq!(was, now),
            Some(Difference { change: Change::Edited { bytes, was: was_bytes, .. }, .. }) => {
                prop_assert_eq!(&was[..was_bytes.start], &now[..bytes.start]);
                prop_assert_eq!(&was[was_bytes.end..], &now[bytes.end..]);
                prop_assert_ne!(&was[was_bytes.start..was_bytes.end], &now[bytes.start..bytes.end]);
            }
            Some(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
