//! What the gateway knows of a session beside its transcript, how long, and who is told.

use super::super::super::login::LOGIN_LIFETIME;
use super::super::{events, turns};
use super::*;

/// Half of an answer comes with it, and then the connection breaks.
const BREAKS_OFF: &str = "sk-ant-api03-sandbox-fault-cut-inside-00000000000000-key4";
const PLAN_TOKEN: &str =
    "sk-ant-oat01-sandbox-talk-0000000000000000000000000000000000000000000000000000000-tok1";

impl House {
    fn sessions(&self) -> SessionsDir {
        SessionsDir::of(&AgentId::main(), &self.paths())
    }

    /// From now on the transcript reads as none and cannot be written.
    fn makes_unwritable(&self) {
        crate::storage::create_private_dir(self.sessions().path()).unwrap();
        std::os::unix::fs::symlink(self.home.path().join("missing/place"), self.transcript()).unwrap();
    }
}

fn notes_of(turn: &Value) -> Vec<&str> {
    turn["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_could_not_be_written_is_shown_until_the_next_question() {
    let house = House::open(KEY, Duration::ZERO).await;
    house.makes_unwritable();
    house.say("[sandbox:say all of it]").await;
    let page = Page::of(&house.watch().await);
    let (_, session) = house.document("GET", "/api/chat/main/s", None).await;
    assert_eq!(session["turns"], json!(page.turns));
    assert_eq!(
        (text_of(&page.turns[0]).as_str(), &page.turns[0]["state"]),
        ("all of it", &json!("complete"))
    );
    assert!(notes_of(&page.turns[0])[0].starts_with("! the session is not kept: "), "{page:?}");
    assert_eq!(session["title"], "[sandbox:say all of it]");
    assert!(session["totals"].as_str().unwrap().starts_with("1 answer"), "{session}");
    // No number of other sessions displaces what is nowhere else.
    for other in 0..70 {
        house.send("GET", &format!("/api/chat/main/other-{other}/events"), None).await;
    }
    assert_eq!(house.turns().await, page.turns);
    house.say("[sandbox:say more]").await;
    house.watch().await;
    let texts: Vec<_> = house.turns().await.iter().map(text_of).collect();
    assert_eq!(texts, ["more"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_transcript_has_of_another_question_is_not_displaced() {
    let house = House::open(KEY, Duration::ZERO).await;
    house.makes_unwritable();
    house.say("[sandbox:say ours]").await;
    house.watch().await;
    std::fs::remove_file(house.transcript()).unwrap();
    house.clock.advance(Duration::from_secs(1));
    let mut session = house.sessions().open("s".parse().unwrap()).unwrap();
    session.begin_turn(vec![ContentBlock::text("theirs")], None, house.app().now()).unwrap();
    session.interrupt(vec![ContentBlock::text("half")], None, house.app().now()).unwrap();
    let texts: Vec<_> = house.turns().await.iter().map(text_of).collect();
    assert_eq!(texts, ["half"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_an_answer_broke_off_is_still_told_when_the_page_is_opened_again() {
    let house = House::open(BREAKS_OFF, Duration::ZERO).await;
    house.say("[sandbox:repeat 30]").await;
    let page = Page::of(&house.watch().await);
    assert_eq!(page.turns[0]["state"], "interrupted");
    assert!(page.turns[0]["failure"]["message"].is_string(), "{page:?}");
    assert_eq!(house.turns().await, page.turns);
    assert_eq!(Page::of(&house.watch().await).turns, page.turns);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_turn_wrote_itself_is_no_news_behind_its_end() {
    let house = House::open(KEY, Duration::ZERO).await;
    let (agent, id) = (api::view(house.app(), "main").unwrap(), "s".parse().unwrap());
    let (_, mut place) = events::look(house.app(), &agent.selected, &id).unwrap();
    house.say("[sandbox:say one]").await;
    house.watch().await;
    let room = house.app().turns.room(&agent.selected.id, &id);
    while events::follow(&mut place, &room).is_some() {}
    assert_eq!(place.stamp, house.sessions().stamp(&id));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_notice_of_a_plan_is_told_once_and_displaces_no_warning() {
    let profile = json!({"type": "token", "provider": "anthropic", "token": PLAN_TOKEN});
    let config = "{agents:{defaults:{models:{'anthropic/claude-sonnet-5':{params:{maxTokens:2}}}}}}";
    let house = House::with(profile, config, Duration::ZERO).await;
    house.say("[sandbox:repeat 30]").await;
    let page = Page::of(&house.watch().await);
    let notes = notes_of(&page.turns[0]);
    assert!(notes[0].starts_with("! Notice (2026-08-22): Anthropic reserves"), "{notes:?}");
    assert!(notes[1].ends_with("and was cut"), "{notes:?}");
    assert!(std::fs::read_to_string(house.paths().notices()).unwrap().contains("plan-credentials"));
    house.say("[sandbox:repeat 30]").await;
    let page = Page::of(&house.watch().await);
    assert_eq!(notes_of(&page.turns[1]).len(), 1, "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_chosen_before_the_first_question_outlives_any_number_of_looks() {
    let house = House::open(KEY, Duration::ZERO).await;
    let chosen = "anthropic/claude-haiku-4-5";
    assert_eq!(house.post("model", json!({ "model": chosen })).await.0, 200);
    for other in 0..70 {
        assert_eq!(house.send("GET", "/agents/main/chat", None).await.status(), 200);
        house.send("GET", &format!("/api/chat/main/other-{other}/events"), None).await;
    }
    house.say("[sandbox:say one]").await;
    house.watch().await;
    assert_eq!(house.asked()[0]["model"], "claude-haiku-4-5");
    // From now on the transcript says it.
    let room = house.app().turns.room(&AgentId::main(), &"s".parse().unwrap());
    assert!(room.waiting().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_signed_out_reads_nothing_more() {
    let house = House::open(KEY, Duration::ZERO).await;
    let enters = async || {
        let code = house.app().logins.new_code(house.app().now()).unwrap();
        let entered = house.send_as(("accept", "*/*"), "POST", "/login", Some(json!({ "code": code }))).await;
        let cookie = entered.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let (leaving, staying) = (enters().await, enters().await);
    let reads = async |cookie: &str| {
        let response = house.send_as(("cookie", cookie), "GET", "/api/chat/main/s/events", None).await;
        let mut events = Events { body: response.into_body(), text: String::new() };
        events.next().await.unwrap();
        events
    };
    let (mut left, mut stayed) = (reads(&leaving).await, reads(&staying).await);
    let mut by_token = house.events().await;
    let out = house.send_as(("cookie", &leaving), "POST", "/api/logout", Some(json!({}))).await;
    assert_eq!(out.status(), 200);
    assert_eq!(left.next().await, None);
    house.say("[sandbox:say one]").await;
    stayed.until("one").await;
    house.clock.advance(LOGIN_LIFETIME.unsigned_abs());
    while stayed.next().await.is_some() {}
    by_token.until("one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_session_that_is_being_opened() {
    let house = House::open(KEY, Duration::ZERO).await;
    let (agent, id) = (api::view(house.app(), "main").unwrap(), "s".parse().unwrap());
    let room = house.app().turns.room(&agent.selected.id, &id);
    let begin = |open: &dyn Fn() -> Failure| {
        let begun = turns::begin(house.app(), Arc::clone(&agent), &id, || Err(open()));
        begun.unwrap_err().kind
    };
    let refused = begin(&|| {
        assert!(room.current().is_none() && room.is_answering());
        assert_eq!(begin(&|| panic!("two have the session")), "turn_running");
        Failure::new(Exit::Failed, "unreadable", "")
    });
    assert_eq!(refused, "unreadable");
    assert!(!room.is_answering());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_kept_before_the_ledger_is_waited_for() {
    let house = House::open(KEY, Duration::ZERO).await;
    house.say("[sandbox:say one]").await;
    house.watch().await;
    let ledger = rusqlite::Connection::open(house.paths().usage()).unwrap();
    ledger.execute_batch("BEGIN EXCLUSIVE").unwrap();
    house.say("[sandbox:say two]").await;
    while !std::fs::read_to_string(house.transcript()).unwrap().contains("\"text\":\"two\"") {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    ledger.execute_batch("ROLLBACK").unwrap();
    let page = Page::of(&house.watch().await);
    assert_eq!(page.turns[1]["notes"], json!([]), "the row was given up before the answer was kept");
}
