use proptest::prelude::*;
use serde_json::json;

use super::super::{Conversation, Reply};
use super::*;
use crate::anthropic::{ContentBlock, Usage};
use crate::auth::health::Billing;
use crate::usage::receipt::Receipt;

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn receipt() -> Receipt {
    Receipt {
        profile_id: Some("anthropic:work".parse().unwrap()),
        source: "profile".into(),
        billing: Billing::Api,
        requested_model: "anthropic/claude-sonnet-5".parse().unwrap(),
        model: "claude-sonnet-5".into(),
        interrupted: false,
        usage: Usage { input: 3, output: 5, ..Usage::default() }.into(),
        cost_micro_dollars: Some(crate::usage::price::MicroDollars(81)),
        organization_id: None,
        workspace_id: None,
        request_id: None,
        retries: 0,
        context1m_left_out: false,
        failed_attempts: Vec::new(),
        duration: std::time::Duration::ZERO,
    }
}

fn place() -> (tempfile::TempDir, SessionsDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions");
    (dir, SessionsDir { path })
}

fn id(text: &str) -> SessionId {
    text.parse().unwrap()
}

fn converse(session: &mut Session, question: &str, answer: &str) {
    session.begin_turn(vec![ContentBlock::text(question)], None, now()).unwrap();
    session.receive(&answer[..answer.len() / 2]).unwrap();
    session.keep_partial().unwrap();
    session.complete(vec![ContentBlock::text(answer)], Some("end_turn"), &receipt(), now()).unwrap();
}

fn transcript(sessions: &SessionsDir, id: &str) -> PathBuf {
    sessions.path.join(format!("{id}.jsonl"))
}

/// Questions, and the text that came for each.
fn said(conversation: &Conversation) -> Vec<(serde_json::Value, serde_json::Value, bool)> {
    let turns = conversation.turns().iter();
    turns
        .map(|turn| {
            let is_complete = matches!(turn.reply, Reply::Complete { .. });
            (json!(turn.question), json!(turn.reply.content()), is_complete)
        })
        .collect()
}

#[test]
fn what_was_said_is_there_after_a_new_start() {
    let (_dir, sessions) = place();
    let mut session = sessions.open(id("a")).unwrap();
    session.set_system("Be brief.", now());
    let model = Some("anthropic/claude-opus-4-7".parse().unwrap());
    session.choose(ModelChoice { model, profile: None }, now());
    converse(&mut session, "one", "first");
    session.begin_turn(vec![ContentBlock::text("two")], None, now()).unwrap();
    let receipt = Receipt { interrupted: true, ..receipt() };
    session.interrupt(vec![ContentBlock::text("sec")], Some(&receipt), now()).unwrap();
    let before = session.conversation().clone();
    drop(session);
    let again = sessions.open(id("a")).unwrap();
    assert_eq!(*again.conversation(), before);
    let totals = super::super::Totals::of(&before);
    assert_eq!((totals.answers, totals.interrupted, totals.untold), (1, 1, 0));
    assert_eq!(totals.cost_micro_dollars.0, 2 * 81);
}

#[test]
fn a_session_leaves_no_trace_before_its_first_answer_begins() {
    let (dir, sessions) = place();
    let mut fresh = sessions.create(now());
    fresh.set_system("Be brief.", now());
    assert!(!fresh.is_kept() && !dir.path().join("sessions").exists());
    let named = sessions.open(id("named")).unwrap();
    assert!(!named.is_kept() && !transcript(&sessions, "named").exists());
    assert!(sessions.list().unwrap().is_empty());
}

#[test]
fn a_choice_waits_for_a_turn_unless_it_is_to_be_kept() {
    let (_dir, sessions) = place();
    let model = |name: &str| ModelChoice { model: Some(name.parse().unwrap()), profile: None };
    let chosen = || sessions.open(id("a")).unwrap().conversation().choice().clone();
    let mut session = sessions.open(id("a")).unwrap();
    converse(&mut session, "one", "first");
    session.choose(model("anthropic/nobody-knows"), now());
    drop(session);
    assert_eq!(chosen(), ModelChoice::default());
    let mut session = sessions.open(id("a")).unwrap();
    session.choose(model("anthropic/x"), now());
    session.keep().unwrap();
    drop(session);
    assert_eq!(chosen(), model("anthropic/x"));
}

#[test]
fn text_that_came_before_a_kill_is_kept_as_interrupted() {
    let (_dir, sessions) = place();
    let mut session = sessions.open(id("a")).unwrap();
    session.begin_turn(vec![ContentBlock::text("one")], None, now()).unwrap();
    session.receive("half a ").unwrap();
    session.keep_partial().unwrap();
    session.receive("sentence").unwrap();
    session.keep_partial().unwrap();
    session.receive(" that is lost").unwrap();
    // A killed process lets go of its lock and does nothing else.
    drop(session);
    let again = sessions.open(id("a")).unwrap();
    let reply = &again.conversation().turns()[0].reply;
    let content = vec![ContentBlock::text("half a sentence")];
    assert_eq!(*reply, Reply::Interrupted { content, spent: None, receipt: None });
    let totals = super::super::Totals::of(again.conversation());
    assert_eq!((totals.interrupted, totals.untold), (1, 1));
}

#[test]
fn a_second_writer_is_told_who_has_it_and_another_agents_session_is_another() {
    let (_dir, sessions) = place();
    let _first = sessions.open(id("a")).unwrap();
    let refused = sessions.open(id("a")).unwrap_err().to_string();
    assert!(
        refused.contains("\"a\" is in use") && refused.contains(&std::process::id().to_string()),
        "{refused}"
    );
    sessions.open(id("b")).unwrap();
    place().1.open(id("a")).unwrap();
}

#[test]
fn a_line_in_the_middle_that_cannot_be_read_is_reported_and_left() {
    let (_dir, sessions) = place();
    converse(&mut sessions.open(id("a")).unwrap(), "one", "first");
    let path = transcript(&sessions, "a");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (broken, line) in [
        (text.replacen("\"type\":\"user\"", "\"type\":\"us", 1), 2),
        (text.replacen(lines[0], "", 1), 1),
        (format!("{text}\n{text}"), lines.len() + 1),
        (lines[1..].join("\n") + "\n", 1),
    ] {
        crate::storage::replace(&path, broken.as_bytes(), crate::storage::Durability::Cached).unwrap();
        let error = sessions.open(id("a")).unwrap_err();
        assert!(matches!(&error, SessionError::Unreadable { line: told, .. } if *told == line), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
        assert!(sessions.list().unwrap()[0].summary.is_err());
    }
}

#[test]
fn a_transcript_of_a_newer_program_is_not_continued() {
    let (_dir, sessions) = place();
    converse(&mut sessions.open(id("a")).unwrap(), "one", "first");
    let path = transcript(&sessions, "a");
    let newer = std::fs::read_to_string(&path).unwrap().replacen("\"version\":1", "\"version\":2", 1);
    crate::storage::replace(&path, newer.as_bytes(), crate::storage::Durability::Cached).unwrap();
    assert!(matches!(sessions.open(id("a")), Err(SessionError::NewerVersion { version: 2, .. })));
}

#[test]
fn pins_follow_a_profile_to_its_new_name() {
    let (_dir, sessions) = place();
    let pin = |id: &str| ModelChoice { model: None, profile: Some(id.parse().unwrap()) };
    for (name, profile) in [("a", "anthropic:old"), ("b", "anthropic:other"), ("busy", "anthropic:old")] {
        let mut session = sessions.open(id(name)).unwrap();
        session.choose(pin(profile), now());
        converse(&mut session, "one", "first");
    }
    let busy = sessions.open(id("busy")).unwrap();
    let (old, new) = ("anthropic:old".parse().unwrap(), "anthropic:new".parse().unwrap());
    let unchanged = sessions.rename_profile(&old, &new, now()).unwrap();
    assert!(matches!(unchanged.as_slice(), [(id, SessionError::InUse { .. })] if id.as_str() == "busy"));
    drop(busy);
    let pinned = |name: &str| sessions.open(id(name)).unwrap().conversation().choice().clone();
    assert_eq!(
        [pinned("a"), pinned("b"), pinned("busy")],
        ["anthropic:new", "anthropic:other", "anthropic:old"].map(pin)
    );
}

#[test]
fn the_list_is_the_same_whatever_became_of_its_file() {
    let (_dir, sessions) = place();
    for name in ["a", "b"] {
        converse(&mut sessions.open(id(name)).unwrap(), &format!("question of {name}"), "answer");
    }
    let list = || -> Vec<_> {
        let listed = sessions.list().unwrap().into_iter();
        listed.map(|listed| (listed.id.to_string(), listed.summary.unwrap())).collect()
    };
    let first = list();
    assert_eq!(first.len(), 2);
    assert_eq!(first[0].1.title, "question of a");
    let file = sessions.index();
    let kept = std::fs::read(&file).unwrap();
    let write = |bytes: &[u8]| {
        crate::storage::replace(&file, bytes, crate::storage::Durability::Cached).unwrap();
        assert_eq!(list(), first);
        std::fs::read(&file).unwrap()
    };
    assert_eq!(write(b""), kept);
    let with_more = String::from_utf8(kept.clone()).unwrap().replacen('{', "{\"agent:main:main\":{},", 1);
    let newer = String::from_utf8(kept.clone()).unwrap().replacen("\"version\": 1", "\"version\": 2", 1);
    assert_ne!(newer.as_bytes(), kept);
    for not_ours in [&kept[..kept.len() / 2], b"{}", with_more.as_bytes(), newer.as_bytes()] {
        assert_eq!(write(not_ours), not_ours);
    }
    std::fs::remove_file(&file).unwrap();
    assert_eq!(list(), first);
    assert_eq!(std::fs::read(&file).unwrap(), kept);
    converse(&mut sessions.open(id("a")).unwrap(), "more", "answer");
    assert_eq!(list()[0].1.turns, 2);
}

#[test]
fn the_sessions_of_the_typescript_program_in_the_same_directory_stay() {
    let (_dir, sessions) = place();
    let theirs = br#"{"agent:main:main":{"sessionId":"0b1","updatedAt":1780315200000}}"#;
    let file = sessions.path.join("sessions.json");
    crate::storage::create_private_dir(&sessions.path).unwrap();
    crate::storage::replace(&file, theirs, crate::storage::Durability::Cached).unwrap();
    for question in ["one", "two"] {
        converse(&mut sessions.open(id("a")).unwrap(), question, "answer");
        assert_eq!(sessions.list().unwrap().len(), 1);
    }
    assert_eq!(std::fs::read(&file).unwrap(), theirs);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_cut_anywhere_gives_the_turns_before_the_cut_and_goes_on(cut in 0.0..1.0f64, more in "\\PC{1,12}") {
        let (_dir, sessions) = place();
        let mut session = sessions.open(id("a")).unwrap();
        for turn in 0..4 {
            converse(&mut session, &format!("question {turn} \u{1F980}"), &format!("answer {turn}"));
        }
        let whole = said(session.conversation());
        drop(session);
        let path = transcript(&sessions, "a");
        let bytes = std::fs::read(&path).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short file")]
        let at = (cut * bytes.len() as f64) as usize;
        crate::storage::replace(&path, &bytes[..at], crate::storage::Durability::Cached).unwrap();
        let mut session = sessions.open(id("a")).unwrap();
        let kept = said(session.conversation());
        prop_assert!(kept.len() <= whole.len());
        for (n, (kept, whole)) in kept.iter().zip(&whole).enumerate() {
            prop_assert_eq!(&kept.0, &whole.0);
            // Of the last turn the answer may be missing; every other one is as it was.
            prop_assert!(kept == whole || (n + 1 == session.conversation().turns().len() && !kept.2));
        }
        converse(&mut session, &more, "the last answer");
        let after = said(session.conversation());
        drop(session);
        prop_assert_eq!(&after[..kept.len()], &kept[..]);
        prop_assert_eq!(said(sessions.open(id("a")).unwrap().conversation()), after);
    }
}
