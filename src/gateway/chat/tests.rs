//! Conversations with a whole gateway in this process and the sandbox behind it. What a page makes of events is done here
//! the way the page does it.

mod remembered;

use std::path::PathBuf;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use serde_json::json;

use super::log::Running;
use super::view::TurnView;
use super::*;
use crate::anthropic::NetworkPolicy;
use crate::auth::oauth::refresh::InFlight;
use crate::auth::reference::Programs;
use crate::clock::{Clock as _, ManualClock};
use crate::config::{AgentId, Paths};
use crate::env::Env;
use crate::gateway::chat::log::Event;
use crate::gateway::settings::Asked;
use crate::gateway::{Gateway, GatewayOptions};
use crate::sandbox::{RunningSandbox, Sandbox, SandboxOptions};

const KEY: &str = "sk-ant-api03-sandbox-talk-000000000000000000000000-key1";
/// Half of an answer comes with it, once, and then nothing more.
const STALLS_ONCE: &str = "sk-ant-api03-sandbox-fault-stall-times-1-0000000000000-key2";

/// What a page knows of a session.
#[derive(Debug, Clone, Default)]
struct Page {
    instance: String,
    at: (u64, u64),
    turns: Vec<Value>,
    is_torn: bool,
}

impl Page {
    fn take(&mut self, id: &str, message: &Value) {
        let (turn, n) = id.split_once(':').unwrap();
        let at: (u64, u64) = (turn.parse().unwrap(), n.parse().unwrap());
        if message["type"] == "snapshot" {
            if message["instance"] == *self.instance && at < self.at && at.0 != 0 {
                return;
            }
            self.instance = message["instance"].as_str().unwrap().to_owned();
            self.turns = message["turns"].as_array().unwrap().clone();
            self.at = at;
            return;
        }
        if at <= self.at {
            return;
        }
        let expected = if at.0 == self.at.0 { self.at.1 + 1 } else { 1 };
        if at.1 != expected {
            self.is_torn = true;
            return;
        }
        self.at = at;
        match message["type"].as_str().unwrap() {
            "begin" => {
                let index = message["view"]["index"].as_u64().unwrap();
                self.turns.truncate(index.try_into().unwrap());
                self.turns.push(message["view"].clone());
            }
            "done" => *self.turns.last_mut().unwrap() = message["view"].clone(),
            "restart" => self.turns.last_mut().unwrap()["parts"] = json!([]),
            "note" => {
                let notes = self.turns.last_mut().unwrap()["notes"].as_array_mut().unwrap();
                notes.push(message["text"].clone());
            }
            kind => {
                let parts = self.turns.last_mut().unwrap()["parts"].as_array_mut().unwrap();
                let more = message["text"].as_str().unwrap();
                match parts.last_mut().filter(|part| part["kind"] == *kind) {
                    Some(part) => {
                        let text = format!("{}{more}", part["text"].as_str().unwrap());
                        part["text"] = text.into();
                    }
                    None => parts.push(json!({ "kind": kind, "text": more })),
                }
            }
        }
    }

    fn of(messages: &[(String, Value)]) -> Self {
        let mut page = Self::default();
        messages.iter().for_each(|(id, message)| page.take(id, message));
        page
    }

    fn is_settled(&self) -> bool {
        self.turns.last().is_some_and(|turn| turn["state"] != "answering")
    }
}

/// A home with one credential, the sandbox, and a gateway that can be started again.
struct House {
    home: tempfile::TempDir,
    clock: Arc<ManualClock>,
    sandbox: RunningSandbox,
    gateway: Option<Gateway>,
}

impl House {
    async fn open(key: &str, event_delay: Duration) -> Self {
        Self::with(json!({"type": "api_key", "provider": "anthropic", "key": key}), "{}", event_delay).await
    }

    /// One with this credential and this config.
    async fn with(profile: Value, config: &str, event_delay: Duration) -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()));
        let mut options = SandboxOptions::new(clock.clone());
        options.event_delay = event_delay;
        let sandbox = Sandbox::start(options).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let mut house = Self { home, clock, sandbox, gateway: None };
        let agent = house.paths().agent_dir(&AgentId::main());
        crate::storage::create_private_dir(&agent).unwrap();
        let store = json!({"version": 1, "profiles": {"anthropic:default": profile}}).to_string();
        let (paths, durability) = (house.paths(), crate::storage::Durability::Cached);
        crate::storage::replace(&agent.join("auth-profiles.json"), store.as_bytes(), durability).unwrap();
        crate::storage::replace(paths.config(), config.as_bytes(), durability).unwrap();
        house.start().await;
        house
    }

    fn paths(&self) -> Paths {
        Paths::below(self.home.path())
    }

    async fn start(&mut self) {
        let options = GatewayOptions {
            asked: Asked { port: Some(0), bind: None },
            env: Env::from_pairs([("ANTHROPIC_BASE_URL".to_owned(), self.sandbox.url())]),
            paths: self.paths(),
            network: NetworkPolicy::LoopbackOnly,
            clock: self.clock.clone(),
            in_flight: InFlight::default(),
            programs: Programs::default(),
        };
        self.gateway = Some(Gateway::start(options).await.unwrap());
    }

    /// Ends the gateway without waiting for anything, and begins another.
    async fn restart(&mut self) {
        self.gateway.take().unwrap().stop(Duration::ZERO).await;
        self.start().await;
    }

    fn app(&self) -> &Arc<App> {
        &self.gateway.as_ref().unwrap().app
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> http::Response<Incoming> {
        let token = std::fs::read_to_string(self.paths().gateway_token()).unwrap();
        self.send_as(("authorization", &format!("Bearer {}", token.trim())), method, path, body).await
    }

    async fn send_as(
        &self,
        (name, value): (&str, &str),
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> http::Response<Incoming> {
        let url = &self.gateway.as_ref().unwrap().instance().url;
        let authority = url.trim_start_matches("http://");
        let stream = tokio::net::TcpStream::connect(authority).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", authority)
            .header(name, value)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap()
    }

    async fn document(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.send(method, path, body).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.document("POST", &format!("/api/chat/main/s/{path}"), Some(body)).await
    }

    async fn page(&self, path: &str) -> String {
        let response = self.send("GET", path, None).await;
        assert_eq!(response.status(), 200, "{path}");
        String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
    }

    async fn say(&self, text: &str) {
        let (status, heard) = self.post("turns", json!({ "text": text })).await;
        assert_eq!(status, 200, "{heard}");
    }

    /// The turns as the transcript has them.
    async fn turns(&self) -> Vec<Value> {
        let (status, session) = self.document("GET", "/api/chat/main/s", None).await;
        assert_eq!(status, 200, "{session}");
        session["turns"].as_array().unwrap().clone()
    }

    async fn events(&self) -> Events {
        let response = self.send("GET", "/api/chat/main/s/events", None).await;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events { body: response.into_body(), text: String::new() }
    }

    /// Follows the session until nothing more is coming.
    async fn watch(&self) -> Vec<(String, Value)> {
        self.events().await.rest().await
    }

    fn transcript(&self) -> PathBuf {
        self.paths().sessions_dir(&AgentId::main()).join("s.jsonl")
    }

    fn asked(&self) -> Vec<Value> {
        let messages = self.sandbox.requests().into_iter().filter(|request| request.path == "/v1/messages");
        messages.filter_map(|request| request.json()).collect()
    }
}

/// Events that are read one by one.
struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                if event.starts_with(':') {
                    continue;
                }
                let (id, data) = event.strip_prefix("id: ").unwrap().split_once("\ndata: ").unwrap();
                return Some((id.to_owned(), serde_json::from_str(data).unwrap()));
            }
            let data = self.body.frame().await?.ok()?.into_data().ok()?;
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    async fn rest(mut self) -> Vec<(String, Value)> {
        let mut messages = Vec::new();
        let mut page = Page::default();
        while !page.is_settled() {
            let (id, message) = self.next().await.unwrap();
            page.take(&id, &message);
            messages.push((id, message));
        }
        messages
    }

    /// Reads until there is this text in the last answer.
    async fn until(&mut self, text: &str) {
        let mut page = Page::default();
        while !page.turns.last().is_some_and(|turn| turn["parts"].to_string().contains(text)) {
            let (id, message) = self.next().await.unwrap();
            page.take(&id, &message);
        }
    }
}

fn text_of(turn: &Value) -> String {
    let parts = turn["parts"].as_array().unwrap().iter();
    parts.filter(|part| part["kind"] == "text").map(|part| part["text"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_connects_at_any_event_sees_the_same_to_the_end() {
    let house = Arc::new(House::open(KEY, Duration::from_millis(20)).await);
    let mut first = house.events().await;
    let mut seen = vec![first.next().await.unwrap()];
    house.say("[sandbox:repeat 60]").await;
    let mut others = Vec::new();
    while !Page::of(&seen).is_settled() {
        seen.push(first.next().await.unwrap());
        let house = Arc::clone(&house);
        others.push((seen.len(), tokio::spawn(async move { house.watch().await })));
    }
    let written = house.turns().await;
    assert_eq!(text_of(&written[0]), ["word"; 60].join(" "));
    assert_eq!(Page::of(&seen).turns, written);
    assert!(others.len() > 10);
    for (count, other) in others {
        let other = other.await.unwrap();
        assert_eq!(Page::of(&other).turns, written, "from event {count} on");
        let again = [&seen[..count], &other].concat();
        assert_eq!(Page::of(&again).turns, written, "cut at event {count}");
        let twice = [other.as_slice(), &seen, &other].concat();
        let page = Page::of(&twice);
        assert_eq!((page.turns, page.is_torn), (written.clone(), false), "all of it twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_goes_on_when_nobody_looks() {
    let house = House::open(KEY, Duration::from_millis(5)).await;
    let mut reader = house.events().await;
    house.say("[sandbox:repeat 60]").await;
    reader.until("word").await;
    drop(reader);
    let page = Page::of(&house.watch().await);
    assert_eq!(page.turns[0]["state"], "complete");
    assert_eq!(page.turns, house.turns().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_keeps_what_came_and_it_can_be_continued() {
    let house = House::open(STALLS_ONCE, Duration::ZERO).await;
    let mut reader = house.events().await;
    house.say("[sandbox:repeat 30]").await;
    reader.until("word word").await;
    let (_, stopped) = house.post("stop", json!({})).await;
    assert_eq!(stopped["stopped"], true);
    house.watch().await;
    let turns = house.turns().await;
    assert_eq!(turns[0]["state"], "interrupted");
    assert!(turns[0]["receipt"].as_str().unwrap().starts_with("interrupted · claude-sonnet-5"), "{turns:?}");
    let came = text_of(&turns[0]);
    assert!(came.starts_with("word word") && came.len() < ["word"; 30].join(" ").len(), "{came}");
    let (_, stopped) = house.post("stop", json!({})).await;
    assert_eq!(stopped["stopped"], false);
    let (status, heard) = house.post("continue", json!({})).await;
    assert_eq!(status, 200, "{heard}");
    house.watch().await;
    let turns = house.turns().await;
    assert_eq!((turns.len(), &turns[1]["state"]), (2, &json!("complete")));
    let asked = house.asked();
    let messages = asked.last().unwrap()["messages"].as_array().unwrap();
    assert_eq!(messages[1]["content"][0]["text"], came.as_str());
    let (status, refused) = house.post("continue", json!({})).await;
    assert_eq!((status, &refused["error"]["kind"]), (409, &json!("nothing_to_continue")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_be_sent_back_is_asked_for_again() {
    let house = House::open(KEY, Duration::ZERO).await;
    let thinking = json!({"type": "thinking", "thinking": "hm", "signature": "c2ln"});
    for content in [ContentBlock::Raw(thinking), ContentBlock::text(" \n")] {
        let now = house.clock.now();
        let sessions = SessionsDir::of(&AgentId::main(), &house.paths());
        let mut session = sessions.open("s".parse().unwrap()).unwrap();
        session.begin_turn(vec![ContentBlock::text("why is that?")], None, now).unwrap();
        session.interrupt(vec![content], None, now).unwrap();
        drop(session);
        let (status, heard) = house.post("continue", json!({})).await;
        assert_eq!(status, 200, "{heard}");
        house.watch().await;
        let asked = house.asked();
        let messages = asked.last().unwrap()["messages"].as_array().unwrap();
        assert_eq!(messages.last().unwrap()["content"][0]["text"], "why is that?");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_leaves_an_interrupted_answer_and_no_doubled_text() {
    let mut house = House::open(STALLS_ONCE, Duration::ZERO).await;
    let mut reader = house.events().await;
    house.say("[sandbox:repeat 30]").await;
    reader.until("word word").await;
    house.restart().await;
    // The stream ended with the gateway.
    while reader.next().await.is_some() {}
    let turns = house.turns().await;
    assert_eq!((turns.len(), &turns[0]["state"]), (1, &json!("interrupted")));
    let written = std::fs::read_to_string(house.transcript()).unwrap();
    assert!(written.trim_end().lines().last().unwrap().contains("\"type\":\"interrupted\""), "{written}");
    house.say("go on").await;
    let page = Page::of(&house.watch().await);
    assert_eq!(page.turns, house.turns().await);
    assert_eq!(page.turns[0], turns[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_kill_left_of_an_answer_is_shown_as_interrupted() {
    let mut house = House::open(KEY, Duration::ZERO).await;
    house.say("[sandbox:say whole]").await;
    house.watch().await;
    house.restart().await;
    let written = std::fs::read_to_string(house.transcript()).unwrap();
    let (kept, _) = written.split_at(written.find("{\"type\":\"assistant\"").unwrap());
    let torn = format!("{kept}{{\"type\":\"partial\",\"text\":\"wh\"}}\n{{\"type\":\"partial\",\"te");
    let durability = crate::storage::Durability::Cached;
    crate::storage::replace(&house.transcript(), torn.as_bytes(), durability).unwrap();
    let turns = house.turns().await;
    assert_eq!((text_of(&turns[0]).as_str(), &turns[0]["state"]), ("wh", &json!("interrupted")));
    house.say("[sandbox:say more]").await;
    let page = Page::of(&house.watch().await);
    let texts: Vec<_> = page.turns.iter().map(text_of).collect();
    assert_eq!(texts, ["wh", "more"]);
    assert_eq!(page.turns, house.turns().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_writes_is_told_and_waited_for() {
    let house = House::open(KEY, Duration::ZERO).await;
    house.say("[sandbox:say one]").await;
    house.watch().await;
    let mut reader = house.events().await;
    reader.next().await.unwrap();
    let sessions = SessionsDir::of(&AgentId::main(), &house.paths());
    let mut session = sessions.open("s".parse().unwrap()).unwrap();
    let (status, refused) = house.post("turns", json!({ "text": "two" })).await;
    assert_eq!((status, &refused["error"]["kind"]), (409, &json!("session_in_use")));
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.contains(&format!("(pid {})", std::process::id())), "{message}");
    let now = house.app().now();
    session.begin_turn(vec![ContentBlock::text("theirs")], None, now).unwrap();
    session.interrupt(vec![ContentBlock::text("half")], None, now).unwrap();
    drop(session);
    let (id, message) = reader.next().await.unwrap();
    let page = Page::of(&[(id, message)]);
    assert_eq!(page.turns[1]["question"], "theirs");
    house.say("[sandbox:say three]").await;
    house.watch().await;
    assert_eq!(house.turns().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_chosen_for_a_session_holds_for_it_and_survives_a_restart() {
    let mut house = House::open(KEY, Duration::ZERO).await;
    let chosen = "anthropic/claude-haiku-4-5";
    let (status, heard) = house.post("model", json!({ "model": chosen })).await;
    assert_eq!((status, &heard["picker"]["chosen"]), (200, &json!(chosen)), "{heard}");
    assert!(!house.transcript().exists(), "a choice alone begins no session");
    house.say("[sandbox:say one]").await;
    house.watch().await;
    house.restart().await;
    let (_, models) = house.document("GET", "/api/chat/main/s/models", None).await;
    assert_eq!(models["chosen"], chosen);
    house.say("[sandbox:say two]").await;
    house.watch().await;
    let (status, heard) = house.post("turns", json!({ "text": "/model default" })).await;
    assert_eq!((status, &heard["picker"]["chosen"]), (200, &Value::Null));
    house.say("[sandbox:say three]").await;
    house.watch().await;
    let asked: Vec<_> = house.asked().iter().map(|body| body["model"].clone()).collect();
    assert_eq!(asked, ["claude-haiku-4-5", "claude-haiku-4-5", "claude-sonnet-5"]);
    let (status, refused) = house.post("model", json!({ "model": "no such/thing" })).await;
    assert_eq!(status, 400, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_is_what_the_page_has_chosen() {
    let house = House::open(KEY, Duration::ZERO).await;
    let page = || house.page("/agents/main/chat/s");
    let option = |value: &str, label: &str| format!("<option value=\"{value}\" selected>{label}</option>");
    assert!(page().await.contains(&option("", "Agent default (claude-sonnet-5)")));
    for (chosen, label) in [
        ("anthropic/claude-sonnet-5", "claude-sonnet-5"),
        ("anthropic/claude-sonnet-5@anthropic:default", "claude-sonnet-5 with anthropic:default"),
        ("anthropic/claude-haiku-4-5@anthropic:default", "claude-haiku-4-5 with anthropic:default"),
        ("anthropic/claude-haiku-4-5", "claude-haiku-4-5"),
    ] {
        let (status, heard) = house.post("model", json!({ "model": chosen })).await;
        assert_eq!((status, &heard["picker"]["chosen"]), (200, &json!(chosen)), "{heard}");
        let page = page().await;
        assert!(page.contains(&option(chosen, label)), "{chosen}: {page}");
        assert_eq!(page.matches(" selected").count(), 1, "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_to_the_agents_model_says_what_is_read_again() {
    let house = House::open(KEY, Duration::ZERO).await;
    house.post("model", json!({ "model": "anthropic/claude-opus-4-7" })).await;
    house.say(&"Many words that are worth a place in the cache. ".repeat(2_000)).await;
    house.watch().await;
    let page = house.page("/agents/main/chat/s").await;
    assert!(page.contains("<option value=\"\" data-rereads=\"Claude-sonnet-5 would read "), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_model_does_not_read_its_image_can_be_looked_at_and_given_another() {
    let house = House::open(KEY, Duration::ZERO).await;
    let config = "{ models: { providers: { x: { baseUrl: 'http://127.0.0.1:1', models: [{ id: 'm', input: ['text'] }] } } } }";
    let durability = crate::storage::Durability::Cached;
    crate::storage::replace(house.paths().config(), config.as_bytes(), durability).unwrap();
    let image = crate::anthropic::attachment::image(b"\x89PNG\r\n\x1a\nrest").unwrap();
    let sessions = SessionsDir::of(&AgentId::main(), &house.paths());
    let mut session = sessions.open("s".parse().unwrap()).unwrap();
    session.begin_turn(vec![image], None, house.clock.now()).unwrap();
    session.interrupt(vec![ContentBlock::text("a map")], None, house.clock.now()).unwrap();
    drop(session);
    let (status, heard) = house.post("model", json!({ "model": "x/m" })).await;
    assert_eq!(status, 200, "{heard}");
    assert!(heard["said"][0].as_str().unwrap().starts_with("Model x/m does not read images"), "{heard}");
    let page = house.page("/agents/main/chat/s").await;
    assert!(page.contains("a map") && page.contains("<option value=\"x/m\""), "{page}");
    let (status, heard) = house.post("model", json!({ "model": null })).await;
    assert_eq!((status, &heard["picker"]["chosen"]), (200, &Value::Null), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_nobody_answers_is_told_and_leaves_no_trace() {
    let house =
        House::open("sk-ant-api03-sandbox-fault-auth-0000000000000000000000-key3", Duration::ZERO).await;
    house.say("hello?").await;
    let page = Page::of(&house.watch().await);
    assert_eq!(page.turns[0]["state"], "failed");
    assert!(page.turns[0]["failure"]["message"].is_string(), "{page:?}");
    assert!(!house.transcript().exists());
    // It is still told to whoever comes later, and gone with the next question.
    assert_eq!(Page::of(&house.watch().await).turns[0]["question"], "hello?");
    house.say("hello again?").await;
    let mut reader = house.events().await;
    let (id, message) = reader.next().await.unwrap();
    assert_eq!(Page::of(&[(id, message)]).turns.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn words_to_the_program_are_no_questions() {
    let house = House::open(KEY, Duration::ZERO).await;
    for (text, expected) in [("/new", "/agents/main/chat"), ("/model status", "/agents/main/models")] {
        let (status, heard) = house.post("turns", json!({ "text": text })).await;
        assert_eq!((status, &heard["open"]), (200, &json!(expected)), "{text}");
    }
    for text in ["/help", "/model", "/model list", "/usage", "/quit"] {
        let (status, heard) = house.post("turns", json!({ "text": text })).await;
        assert_eq!(status, 200, "{text}");
        assert!(!heard["said"].as_array().unwrap().is_empty(), "{text}");
    }
    let (status, refused) = house.post("turns", json!({ "text": "/modle" })).await;
    assert_eq!((status, &refused["error"]["hint"]), (400, &json!("did you mean /model?")));
    assert_eq!(house.asked().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_whole_without_scripts_and_no_word_of_a_model_is_html() {
    let house = House::open(KEY, Duration::ZERO).await;
    let page = async |path: &str| house.page(path).await;
    assert!(page("/usage").await.contains("Nothing was asked yet"));
    assert!(page("/agents/main/chat").await.contains("Agent default (claude-sonnet-5)"));
    house.say("[sandbox:say <i onclick=x>sky & sea</i>]").await;
    house.watch().await;
    let chat = page("/agents/main/chat/s").await;
    assert!(chat.contains("&#60;i onclick=x&#62;sky &#38; sea&#60;/i&#62;"), "{chat}");
    assert!(!chat.contains("<i onclick"), "{chat}");
    let (_, session) = house.document("GET", "/api/chat/main/s", None).await;
    assert!(chat.contains(session["turns"][0]["receipt"].as_str().unwrap()), "{chat}");
    let (_, usage) = house.document("GET", "/api/usage", None).await;
    let cost = crate::usage::price::MicroDollars(usage["totals"]["costMicroDollars"].as_u64().unwrap());
    let page = page("/usage").await;
    for part in [cost.to_string().as_str(), "2026-06-01", "claude-sonnet-5", "anthropic:default"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for path in ["/agents/nobody/chat", "/agents/main/chat/a.b", "/usage?since=soon"] {
        let response = house.send("GET", path, None).await;
        assert!(response.status().is_client_error(), "{path}: {}", response.status());
    }
}

proptest! {
    /// Any number of connections, each with everything up to a moment and what followed until it broke, delivered in any
    /// order among each other: once one of them has reached the end, the page shows what the turn became, and never less
    /// than before.
    #[test]
    fn any_interleaving_of_snapshots_and_events_becomes_the_transcript(
        texts in proptest::collection::vec("[a-c]{1,3}", 1..12),
        cuts in proptest::collection::vec((0..1_000_usize, 0..1_000_usize), 0..5),
        order in proptest::collection::vec(any::<proptest::sample::Index>(), 80),
    ) {
        let begun = TurnView::begun(0, "2026-06-01T12:00:00Z".parse().unwrap(), &[ContentBlock::text("q")]);
        let running = Running::begin(7, begun);
        let snapshot = || {
            let (view, n) = running.now();
            (format!("7:{n}"), json!({ "type": "snapshot", "instance": "i", "turns": [view] }))
        };
        let mut snapshots = vec![snapshot()];
        let mut push = |event| {
            running.push(event);
            snapshots.push(snapshot());
        };
        for (at, text) in texts.into_iter().enumerate() {
            push(if at % 5 == 4 { Event::Thinking { text } } else { Event::Text { text } });
        }
        let (mut last, _) = running.now();
        last.state = view::TurnState::Complete;
        push(Event::Done { view: Box::new(last), title: String::new(), totals: String::new(), cache: None });
        let events: Vec<_> = running.after(0).into_iter().zip(1..).map(|(event, n)| {
            (format!("7:{n}"), serde_json::to_value(event).unwrap())
        }).collect();
        let place = |thousandths: usize| (snapshots.len() * thousandths / 1_000).min(snapshots.len() - 1);
        let whole = (300, 1_000);
        let mut connections: Vec<std::collections::VecDeque<_>> = cuts.into_iter().chain([whole]).map(|(from, to)| {
            let from = place(from);
            let to = if to == 1_000 { events.len() } else { place(to).max(from) + 1 };
            let first = snapshots[from].clone();
            [first].into_iter().chain(events[from + 1..to.max(from + 1)].iter().cloned()).collect()
        }).collect();
        let mut page = Page::default();
        let mut longest = 0;
        let mut order = order.into_iter().cycle();
        while !connections.is_empty() {
            let at = order.next().unwrap().index(connections.len());
            match connections[at].pop_front() {
                Some((id, message)) => page.take(&id, &message),
                None => { connections.remove(at); }
            }
            if let Some(turn) = page.turns.last() {
                let length = turn["parts"].to_string().len();
                prop_assert!(length >= longest, "text was lost: {turn}");
                longest = length;
            }
        }
        prop_assert!(!page.is_torn);
        prop_assert_eq!(&page.turns, &vec![serde_json::to_value(running.now().0).unwrap()]);
    }
}
