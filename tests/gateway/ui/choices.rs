//! Models by their work, and parameters: a change is shown before it is made.

use serde_json::{Value, json};

use super::House;
use crate::support::key;

fn config(house: &House) -> String {
    std::fs::read_to_string(house.env.state("fased.json")).unwrap()
}

fn with_stamp(body: &Value, shown: &Value) -> Value {
    let mut body = body.clone();
    body["stamp"] = shown["preview"]["stamp"].clone();
    body
}

#[test]
fn a_choice_of_models_is_shown_and_then_written_as_it_was_shown() {
    let house = House::empty();
    house.stores("main", "anthropic:default", &key("one", "x3Qw"));
    let before = config(&house);
    let body = json!({
        "whose": "all", "primary": "anthropic/claude-opus-4-7", "fallbacks": ["anthropic/claude-haiku-4-5"],
        "image": null, "roles": { "coding": "anthropic/claude-opus-4-7", "strong": null },
    });
    let shown = house.done("/api/agents/main/roles", &body);
    assert_eq!(config(&house), before);
    let changes = shown["preview"]["changes"].as_array().unwrap();
    assert_eq!(changes[0]["key"], "agents", "{shown:#}");
    let written = house.done("/api/agents/main/roles", &with_stamp(&body, &shown));
    assert_eq!(written["changed"], true);
    let status = house.get("/api/models/status?agent=main");
    assert_eq!(status["resolvedDefault"], "anthropic/claude-opus-4-7");
    assert_eq!(status["fallbacks"], json!(["anthropic/claude-haiku-4-5"]));
    // The same once more is no change.
    let same = house.done("/api/agents/main/roles", &body);
    assert_eq!(same["preview"]["changes"], json!([]));
    let page = house.page("/agents/main/models");
    assert!(page.contains("<option value=\"anthropic/claude-opus-4-7\" selected>"), "{page}");
}

#[test]
fn what_somebody_else_changed_meanwhile_is_not_written_over() {
    let house = House::empty();
    let body =
        json!({ "whose": "all", "primary": "anthropic/claude-opus-4-7", "fallbacks": null, "image": null });
    let shown = house.done("/api/agents/main/roles", &body);
    house.env.fased(["models", "set", "anthropic/claude-haiku-4-5"]).exits(0);
    let (status, error) = house.refused("/api/agents/main/roles", &with_stamp(&body, &shown));
    assert_eq!((status, &error["kind"]), (409, &json!("config_changed")));
    assert!(config(&house).contains("haiku"));
}

#[test]
fn models_that_cannot_be_asked_are_refused_with_the_command_lines_words() {
    let house = House::empty();
    let ask = |body: Value| house.refused("/api/agents/main/roles", &body);
    let body = json!({ "whose": "all", "primary": "nowhere/model", "fallbacks": null, "image": null });
    assert_eq!(ask(body).1["kind"], "base_url");
    let own = json!({
        "whose": "all", "primary": "anthropic/claude-opus-4-7", "image": null,
        "fallbacks": ["anthropic/claude-opus-4-7"],
    });
    assert_eq!(ask(own).1["kind"], "fallback_is_primary");
    let role = json!({
        "whose": "all", "primary": null, "fallbacks": null, "image": null, "roles": { "sleeping": "anthropic/x" },
    });
    assert_eq!(ask(role).0, 400);
}

#[test]
fn an_agent_chooses_for_itself_and_leaves_the_others_alone() {
    let house = House::with(|env| {
        env.fased(["agents", "add", "work"]).exits(0);
    });
    let body =
        json!({ "whose": "agent", "primary": "anthropic/claude-opus-4-7", "fallbacks": null, "image": null });
    let shown = house.done("/api/agents/work/roles", &body);
    assert_eq!(shown["preview"]["changes"][0]["key"], "agents.list[1].model");
    house.done("/api/agents/work/roles", &with_stamp(&body, &shown));
    let primary =
        |agent: &str| house.get(&format!("/api/models/status?agent={agent}"))["resolvedDefault"].clone();
    assert_eq!(primary("work"), "anthropic/claude-opus-4-7");
    assert_eq!(primary("main"), "anthropic/claude-sonnet-5");
}

#[test]
fn parameters_come_with_where_they_are_from_and_say_what_they_shut_out() {
    let house = House::empty();
    house.stores("main", "anthropic:default", &key("one", "x3Qw"));
    let path = "/api/agents/main/parameters";
    let body = |whose: &str, retention: Value| json!({ "whose": whose, "model": "anthropic/claude-sonnet-5", "cacheRetention": retention, "context1m": null });
    assert!(house.page("/agents/main/models").contains("built-in default"));
    // An entry for a model makes the list of models that may be asked, which is said before it happens.
    let shown = house.done(path, &body("all", json!("long")));
    assert!(shown["warnings"].to_string().contains("From now on only"), "{shown:#}");
    house.done(path, &with_stamp(&body("all", json!("long")), &shown));
    let place = "agents.defaults.models[&#34;anthropic/claude-sonnet-5&#34;].params.cacheRetention";
    let page = house.page("/agents/main/models");
    assert!(page.contains("1 hour") && page.contains(place), "{page}");
    let shown = house.done(path, &body("agent", json!("none")));
    house.done(path, &with_stamp(&body("agent", json!("none")), &shown));
    assert!(house.page("/agents/main/models").contains("params.cacheRetention"));
    let explained = house.env.fased(["models", "explain", "--json"]).exits(0).json();
    assert_eq!(explained["parameters"]["cacheRetention"]["value"], "none");
}
