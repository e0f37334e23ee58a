//! Talking in the browser: an answer as it comes, in every tab and after every reload; stopping it, going on, another model; a
//! gateway that ends in the middle. What is shown in the end is what the transcript holds, once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::House;
use crate::slow::{SlowProvider, SlowRequest};
use crate::support::{TestEnv, TestGateway, key};
use crate::tab::{Tab, button, css, field, link};

/// A house whose agent asks a provider that sends what the test says.
fn house() -> (House, SlowProvider) {
    let provider = SlowProvider::listen();
    let url = provider.url();
    let house = House::with(|env| {
        env.set("ANTHROPIC_BASE_URL", &url);
        env.fased(["onboard", "--anthropic-api-key", &key("chat", "x3Qw")]).exits(0);
    });
    (house, provider)
}

fn message() -> crate::tab::Thing {
    field("Message to main")
}

/// Waits until the page takes a question: the answer before has ended and what was sent has been taken.
fn takes_a_question(tab: &Tab) {
    tab.until("(({ hidden, ariaBusy }) => !hidden && ariaBusy !== 'true')(document.getElementById('send'))");
}

/// Asks something with the keyboard; the request as the provider gets it.
fn asks<'p>(tab: &Tab, provider: &'p SlowProvider, question: &str) -> SlowRequest<'p> {
    takes_a_question(tab);
    tab.fill(&message(), question);
    tab.press("Enter");
    provider.request()
}

/// Questions and answers as the page shows them.
fn shown(tab: &Tab) -> Value {
    tab.evaluate(
        "[...document.querySelectorAll('.turn')].flatMap((turn) => [turn.querySelector('.question .words').innerText.trim(), \
         turn.querySelector('.parts').innerText.trim()])",
    )
}

/// Waits until that is what it shows.
fn shows(tab: &Tab, wanted: &Value) {
    tab.until(&format!(
        "JSON.stringify([...document.querySelectorAll('.turn')].flatMap((turn) => [turn.querySelector('.question .words').innerText.trim(), \
         turn.querySelector('.parts').innerText.trim()])) === {}",
        json!(wanted.to_string())
    ));
}

/// The lines of the only transcript of agent main; none before it begins.
fn transcript(env: &TestEnv) -> Vec<Value> {
    let Ok(directory) = std::fs::read_dir(env.state("agents/main/sessions")) else { return Vec::new() };
    let mut files = directory.map(|entry| entry.unwrap().path());
    let Some(file) = files.find(|path| path.extension().is_some_and(|it| it == "jsonl")) else {
        return Vec::new();
    };
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[test]
fn an_answer_is_seen_as_it_comes_by_everybody_and_after_every_reload() {
    let (house, provider) = house();
    let (visitor, tab) = house.visit("/agents/main/chat");
    let mut asked = asks(&tab, &provider, "Count, please.");
    assert!(String::from_utf8_lossy(&asked.body()).contains("Count, please."));
    tab.until("location.pathname !== '/agents/main/chat'");
    let second = visitor.open(tab.evaluate("location.href").as_str().unwrap());
    asked.begin_answer("claude-sonnet-5");
    let mut text = String::new();
    for n in 1..=12 {
        text.push_str(&format!("{n} "));
        asked.text(&format!("{n} "));
        let wanted = json!(["Count, please.", text.trim()]);
        shows(&tab, &wanted);
        shows(&second, &wanted);
        if n % 4 == 0 {
            tab.reload();
            shows(&tab, &wanted);
        }
    }
    tab.has(&button("Stop"));
    asked.end_answer();
    for tab in [&tab, &second] {
        tab.has(&button("Send"));
        tab.has(&css("details.receipt"));
        shows(tab, &json!(["Count, please.", text.trim()]));
    }
    let receipt = tab.text_of(&css("details.receipt summary"));
    assert!(receipt.contains("claude-sonnet-5") && receipt.contains("anthropic:default"), "{receipt}");
    tab.click(&css("details.receipt summary"));
    tab.until("document.querySelector('details.receipt dl').innerText.length > 20");

    // The second question goes on from the first, in either tab.
    let mut asked = asks(&second, &provider, "And on?");
    assert!(String::from_utf8_lossy(&asked.body()).contains("1 2 3 4 5 6 7 8 9 10 11 12"));
    asked.begin_answer("claude-sonnet-5");
    asked.text("13");
    asked.end_answer();
    let wanted = json!(["Count, please.", text.trim(), "And on?", "13"]);
    shows(&tab, &wanted);
    tab.reload();
    assert_eq!(shown(&tab), wanted);
    let said = serde_json::to_string(&transcript(&house.env)).unwrap();
    for part in ["Count, please.", text.as_str(), "And on?", "13"] {
        assert!(said.contains(part.trim()), "{part} in {said}");
    }
    crate::looks::looked_at(&tab, "chat-answered");
}

#[test]
fn a_gateway_that_ends_in_the_middle_loses_and_doubles_nothing() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let mut asked = asks(&tab, &provider, "Tell me more.");
    asked.begin_answer("claude-sonnet-5");
    asked.text("The first part");
    // Part of an answer is kept while it comes.
    let is_kept = || serde_json::to_string(&transcript(&house.env)).unwrap().contains("The first part");
    while !is_kept() {
        asked.ping();
        std::thread::sleep(Duration::from_millis(20));
    }
    let House { gateway, env, sandbox: _sandbox } = house;
    let port = gateway.port();
    gateway.kill();
    let gateway = TestGateway::start_at(&env, port);
    tab.shows("Interrupted");
    shows(&tab, &json!(["Tell me more.", "The first part"]));
    tab.reload();
    shows(&tab, &json!(["Tell me more.", "The first part"]));

    tab.click(&button("Continue"));
    let mut asked = provider.request();
    assert!(String::from_utf8_lossy(&asked.body()).contains("The first part"));
    asked.begin_answer("claude-sonnet-5");
    asked.text("and the rest.");
    asked.end_answer();
    tab.shows("and the rest.");
    tab.until("document.querySelectorAll('.turn').length === 2");
    tab.reload();
    assert_eq!(tab.evaluate("document.body.innerText.split('The first part').length - 1"), 1);
    drop(tab);
    drop(gateway);
}

#[test]
fn a_gateway_asked_to_end_lets_the_answer_come_to_its_end() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let mut asked = asks(&tab, &provider, "Quick!");
    asked.begin_answer("claude-sonnet-5");
    asked.text("Almost");
    tab.shows("Almost");
    let House { gateway, env, sandbox: _sandbox } = house;
    let port = gateway.port();
    let stopping = std::thread::spawn(move || gateway.stop());
    asked.text(" done.");
    asked.end_answer();
    let (status, log) = stopping.join().unwrap();
    assert!(status.success(), "{log}");
    let gateway = TestGateway::start_at(&env, port);
    shows(&tab, &json!(["Quick!", "Almost done."]));
    tab.has(&css("details.receipt"));
    assert!(!tab.text().contains("Interrupted"), "{}", tab.text());
    drop(tab);
    drop(gateway);
}

#[test]
fn stopping_ends_the_request_and_keeps_what_came() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let mut asked = asks(&tab, &provider, "Go on for ever.");
    asked.begin_answer("claude-sonnet-5");
    asked.text("On and");
    tab.shows("On and");
    // By keyboard.
    tab.tab_to(&button("Stop"));
    tab.press("Enter");
    asked.left();
    tab.shows("Interrupted");
    shows(&tab, &json!(["Go on for ever.", "On and"]));
    tab.has(&button("Continue"));
    tab.reload();
    shows(&tab, &json!(["Go on for ever.", "On and"]));
    crate::looks::looked_at(&tab, "chat-interrupted");
}

#[test]
fn another_model_is_chosen_for_this_session_alone() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let model = field("Model of this session");
    tab.choose(&model, "claude-haiku-4-5");
    tab.shows("for this session");
    let mut asked = asks(&tab, &provider, "Who are you?");
    assert_eq!(asked.json()["model"], "claude-haiku-4-5");
    asked.begin_answer("claude-haiku-4-5");
    asked.text("A small one.");
    asked.end_answer();
    tab.has(&css("details.receipt"));
    assert!(tab.text_of(&css("details.receipt summary")).contains("claude-haiku-4-5"));
    tab.reload();
    assert_eq!(tab.property(&model, "value"), "anthropic/claude-haiku-4-5");
    tab.follow(&link("New session"));
    assert_eq!(tab.property(&model, "value"), "");
    let asked = asks(&tab, &provider, "And you?");
    assert_eq!(asked.json()["model"], "claude-sonnet-5");
}

#[test]
fn the_keyboard_is_enough_and_breaks_lines() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    tab.tab_to(&message());
    tab.type_in("One line,");
    tab.press("Shift+Enter");
    tab.type_in("and another.");
    tab.press("Enter");
    let mut asked = provider.request();
    assert!(asked.json().to_string().contains("One line,\\nand another."), "{}", asked.json());
    asked.begin_answer("claude-sonnet-5");
    asked.text("Yes.");
    asked.end_answer();
    tab.has(&css("details.receipt"));
    // Back in the field, for the next one.
    takes_a_question(&tab);
    tab.until("document.activeElement?.id === 'question'");
    tab.type_in("/new");
    tab.press("Enter");
    tab.until("document.querySelectorAll('.turn').length === 0");
}

#[test]
fn a_failure_is_told_where_it_happened_and_nothing_is_kept_of_it() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let asked = asks(&tab, &provider, "Too much?");
    asked.refuse("400 Bad Request", "invalid_request_error", "prompt is too long");
    tab.shows("prompt is too long");
    // The question is there to be changed.
    tab.until("document.getElementById('question').value === 'Too much?'");
    let mut asked = asks(&tab, &provider, "Less.");
    asked.begin_answer("claude-sonnet-5");
    asked.text("Better.");
    asked.end_answer();
    tab.shows("Better.");
    tab.reload();
    assert_eq!(shown(&tab), json!(["Less.", "Better."]));
}

#[test]
fn words_of_others_are_words() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let evil = "<img src=x onerror=\"window.isOwned=1\"><script>window.isOwned=1</script>";
    let mut asked = asks(&tab, &provider, evil);
    asked.begin_answer("claude-sonnet-5");
    asked.text(&format!("{evil} [click](javascript:window.isOwned=1) **bold** <b id=bold>"));
    asked.text(" [ok](https://a.example/x)");
    asked.end_answer();
    tab.has(&css("details.receipt"));
    for _ in 0..2 {
        tab.shows("<img src=x");
        assert_eq!(tab.evaluate("window.isOwned"), Value::Null);
        let made = "document.querySelectorAll('main img, main script, #bold, a[href^=javascript]').length";
        assert_eq!(tab.evaluate(made), 0);
        assert_eq!(tab.evaluate("document.querySelector('.parts a')?.rel"), "noreferrer noopener");
        tab.reload();
        tab.until("document.querySelector('.parts a')");
    }
    tab.go(&house.at("/agents/main/chat"));
    tab.shows("<img src=x");
}

/// How deep elements of this kind are in each other.
fn depth(tab: &Tab, element: &str) -> u64 {
    let script = format!(
        "Math.max(...[...document.querySelectorAll('.parts {element}')].map((it) => {{
            let depth = 0;
            for (; it; it = it.parentElement?.closest('{element}')) depth += 1;
            return depth;
        }}))"
    );
    tab.evaluate(&script).as_u64().unwrap()
}

#[test]
fn an_answer_nested_without_measure_is_shown_and_can_be_talked_on_after() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let mut asked = asks(&tab, &provider, "Quote, please.");
    asked.begin_answer("claude-sonnet-5");
    let list: String = (0..60).map(|level| format!("{}- level {level}\n", "  ".repeat(level))).collect();
    asked.text(&format!("{list}\nand\n\n{} the deepest quote", ">".repeat(8_000)));
    asked.end_answer();
    for _ in 0..2 {
        tab.shows("the deepest quote");
        tab.shows("level 59");
        assert_eq!((depth(&tab, "blockquote"), depth(&tab, "ul")), (21, 21));
        tab.reload();
    }
    let mut asked = asks(&tab, &provider, "Still there?");
    asked.begin_answer("claude-sonnet-5");
    asked.text("Of course.");
    asked.end_answer();
    tab.shows("Of course.");
}

#[test]
fn trouble_with_a_transcript_is_told_until_it_is_over() {
    let (house, provider) = house();
    let (_visitor, tab) = house.visit("/agents/main/chat/s");
    let mut asked = asks(&tab, &provider, "One.");
    asked.begin_answer("claude-sonnet-5");
    asked.text("First.");
    asked.end_answer();
    tab.has(&css("details.receipt"));
    let path = "agents/main/sessions/s.jsonl";
    let whole = std::fs::read_to_string(house.env.state(path)).unwrap();
    house.env.write(path, &whole.replacen("\"type\":\"user\"", "\"type\":\"us", 1));
    tab.until("document.getElementById('trouble').textContent.includes('cannot be read')");
    house.env.write(path, &whole);
    tab.until("document.getElementById('trouble').textContent === ''");
    assert_eq!(shown(&tab), json!(["One.", "First."]));
}

/// What the foot of the rail says of the gateway, once it says this.
fn health(tab: &Tab, says: &str) {
    // As when somebody comes back to the tab.
    tab.until(&format!(
        "(document.dispatchEvent(new Event('visibilitychange')), \
         document.getElementById('gateway-health').textContent.includes({}))",
        json!(says)
    ));
}

#[test]
fn a_page_says_that_the_gateway_has_gone_and_that_the_browser_is_signed_out() {
    let house = House::with(|_| {});
    let (_visitor, tab) = house.visit("/agents/main/models");
    health(&tab, "healthy");
    let House { gateway, env, sandbox: _sandbox } = house;
    let port = gateway.port();
    gateway.kill();
    health(&tab, "gateway does not answer; start it: fased gateway");
    crate::looks::looked_at(&tab, "gateway-gone");
    let gateway = TestGateway::start_at(&env, port);
    health(&tab, "healthy");
    tab.evaluate("fetch('/api/logout', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })");
    health(&tab, "signed out: sign in");
    crate::looks::looked_at(&tab, "signed-out");
    tab.follow(&link("sign in"));
    tab.shows("fased dashboard");
    drop(tab);
    drop(gateway);
}
