//! Signing in from a page, step by step.

use std::time::Duration;

use serde_json::{Value, json};

use super::House;

const BEGIN: &str = "/api/agents/main/sign-ins";

fn at(id: &Value, what: &str) -> String {
    format!("{BEGIN}/{}{what}", id.as_str().unwrap())
}

impl House {
    fn begins(&self) -> Value {
        let look = self.done(BEGIN, &json!({}));
        assert_eq!(look["step"], "waiting", "{look:#}");
        look
    }

    /// Looks until a sign-in is at one of these steps.
    fn looks_until(&self, id: &Value, steps: &[&str]) -> Value {
        loop {
            let look = self.get(&at(id, ""));
            if steps.contains(&look["step"].as_str().unwrap()) {
                return look;
            }
            std::thread::yield_now();
        }
    }

    /// Goes the way of a browser that comes back by itself.
    fn browser_comes_back(&self, look: &Value) {
        let link = look["link"].as_str().unwrap();
        let (code, state) = self.sandbox.approve(link);
        let redirect = crate::support::parameter(link, "redirect_uri");
        crate::support::open_page(&format!("{redirect}?code={code}&state={state}"));
    }
}

#[test]
fn it_is_done_when_the_pair_is_stored_and_accepted() {
    let house = House::empty();
    let look = house.begins();
    assert_eq!(look["listening"], true);
    assert_eq!(look["place"], "127.0.0.1/oauth/authorize");
    assert!(look["remainingMs"].as_u64().unwrap() > 250_000, "{look:#}");
    assert_eq!(house.stored("main"), [""; 0]);
    house.browser_comes_back(&look);
    let done = house.looks_until(&look["id"], &["done", "failed"]);
    assert_eq!(done["profileId"], "anthropic:me@example.com", "{done:#}");
    assert!(done["said"].as_str().unwrap().contains("verified"), "{done:#}");
    let status = house.get("/api/models/status?agent=main");
    assert_eq!(status["auth"]["oauth"]["profiles"][0]["verified"]["state"], "ok", "{status:#}");
    // The notice belongs to it, and is noted as shown.
    assert!(std::fs::read_to_string(house.env.state("notices.json")).unwrap().contains("plan-credentials"));
}

#[test]
fn a_paste_that_is_no_code_can_be_tried_again() {
    let house = House::empty();
    let look = house.begins();
    let paste = |text: &str| house.done(&at(&look["id"], "/paste"), &json!({ "text": text }));
    paste("nonsense");
    loop {
        let look = house.get(&at(&look["id"], ""));
        assert_eq!(look["step"], "waiting");
        if look["pasteProblem"].is_string() {
            assert!(!look.to_string().contains("nonsense"), "{look:#}");
            break;
        }
        std::thread::yield_now();
    }
    let (code, state) = house.sandbox.approve(look["link"].as_str().unwrap());
    paste(&format!(" {code}#{state}\n"));
    assert_eq!(house.looks_until(&look["id"], &["done", "failed"])["step"], "done");
    assert_eq!(house.stored("main"), ["anthropic:me@example.com"]);
}

#[test]
fn a_refusal_says_why_and_how_to_go_on() {
    let house = House::empty();
    let look = house.begins();
    let state = crate::support::parameter(look["link"].as_str().unwrap(), "state");
    house.done(&at(&look["id"], "/paste"), &json!({ "text": format!("error=access_denied&state={state}") }));
    let failed = house.looks_until(&look["id"], &["done", "failed"]);
    assert_eq!(failed["error"]["kind"], "sign_in_denied", "{failed:#}");
    assert!(failed["error"]["commands"].to_string().contains("fased models auth login"), "{failed:#}");
    assert_eq!(house.stored("main"), [""; 0]);
}

#[test]
fn closing_it_ends_the_listener_and_another_one_ends_the_first() {
    let house = House::empty();
    let first = house.begins();
    let second = house.begins();
    let (status, _) = house.refused(&at(&first["id"], "/paste"), &json!({ "text": "x" }));
    assert_eq!(status, 404);
    let redirect = crate::support::parameter(first["link"].as_str().unwrap(), "redirect_uri");
    let port = url::Url::parse(&redirect).unwrap().port().unwrap();
    assert!(
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err(),
        "somebody still listens for the first"
    );
    house.done(&at(&second["id"], "/cancel"), &json!({}));
    let look = house.looks_until(&second["id"], &["cancelled"]);
    assert_eq!(look["remainingMs"], Value::Null);
    assert_eq!(house.stored("main"), [""; 0]);
}

#[test]
fn one_that_has_its_code_is_stored_before_the_gateway_is_gone() {
    for patience in [Duration::from_secs(60), Duration::ZERO] {
        let mut house = House::empty();
        let look = house.begins();
        let link = look["link"].as_str().unwrap();
        let (code, state) = house.sandbox.approve(&format!("{link}&login_hint=delay-700ms@example.com"));
        let redirect = crate::support::parameter(link, "redirect_uri");
        crate::support::open_page(&format!("{redirect}?code={code}&state={state}"));
        house.looks_until(&look["id"], &["checking"]);
        house.runtime.block_on(house.gateway.take().unwrap().stop(patience));
        assert_eq!(house.stored("main"), ["anthropic:delay-700ms@example.com"], "{patience:?}");
    }
}

#[test]
fn it_belongs_to_its_agent() {
    let house = House::with(|env| {
        env.fased(["agents", "add", "work"]).exits(0);
    });
    let look = house.begins();
    let other = format!("/api/agents/work/sign-ins/{}", look["id"].as_str().unwrap());
    assert_eq!(house.send("GET", &other, None).status, 404);
}
