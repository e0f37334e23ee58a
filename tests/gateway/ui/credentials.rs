//! What is done to credentials by the forms of Agent > Models.

use serde_json::json;

use super::{House, naming};
use crate::support::{key, token};

const SAVE: &str = "/api/agents/main/credentials";

#[test]
fn a_key_is_asked_about_before_it_is_stored_and_goes_beside_what_there_is() {
    let house = House::empty();
    let saved =
        house.done(SAVE, &json!({ "method": "api-key", "secret": format!(" {}\n", key("one", "x3Qw")) }));
    assert_eq!(saved["profileId"], "anthropic:default");
    assert_eq!(saved["verified"], true);
    assert_eq!(saved["said"], "Saved anthropic:default (API key …x3Qw) for agent main. It works.");
    // The same again changes nothing.
    let again = house.done(SAVE, &json!({ "method": "api-key", "secret": key("one", "x3Qw") }));
    assert_eq!((&again["changed"], &again["profileId"]), (&json!(false), &json!("anthropic:default")));
    let other = house.done(SAVE, &json!({ "method": "api-key", "secret": key("two", "k2k2") }));
    assert_eq!((&other["profileId"], &other["replaced"]), (&json!("anthropic:api-key"), &json!(false)));
    let plan = house.done(SAVE, &json!({ "method": "token", "secret": token("plan", "77aa") }));
    assert_eq!((&plan["type"], &plan["notice"]), (&json!("token"), &json!("plan-credentials")));
    assert_eq!(house.stored("main").len(), 3);
}

#[test]
fn what_the_provider_refuses_is_not_stored_and_what_is_misplaced_is_told_where_it_belongs() {
    let house = House::empty();
    let (status, error) =
        house.refused(SAVE, &json!({ "method": "api-key", "secret": key("fault-auth", "0000") }));
    assert_eq!((status, error["facts"].to_string().contains("nothing was stored")), (502, true), "{error:#}");
    let (status, error) =
        house.refused(SAVE, &json!({ "method": "api-key", "secret": token("plan", "77aa") }));
    assert_eq!((status, &error["saveAs"]), (400, &json!("token")), "{error:#}");
    assert!(!error.to_string().contains("77aa"), "{error:#}");
    assert_eq!(house.stored("main"), [""; 0]);
}

#[test]
fn a_secret_is_replaced_under_its_name_and_no_other_kind_takes_its_place() {
    let house = House::empty();
    house.stores("main", "anthropic:work", &key("old", "x3Qw"));
    let place = |method: &str, secret: String| json!({ "method": method, "secret": secret, "profileId": "anthropic:work" });
    let replaced = house.done(SAVE, &place("api-key", key("new", "n9n9")));
    assert_eq!(replaced["previousSecret"], "sk-ant-api03 …x3Qw");
    let (status, error) = house.refused(SAVE, &place("token", token("plan", "77aa")));
    assert_eq!((status, &error["kind"]), (409, &json!("profile_taken")), "{error:#}");
    assert_eq!(house.stored("main"), ["anthropic:work"]);
}

#[test]
fn the_order_follows_the_buttons() {
    let house = House::empty();
    for id in ["anthropic:a", "anthropic:b", "anthropic:c"] {
        house.stores("main", id, &key(&id[10..], "x3Qw"));
    }
    let moved = |id: &str, direction: &str| {
        let body = json!({ "profileId": id, "direction": direction });
        house.done("/api/agents/main/credentials/move", &body)["order"].clone()
    };
    assert_eq!(moved("anthropic:c", "up"), json!(["anthropic:a", "anthropic:c", "anthropic:b"]));
    assert_eq!(moved("anthropic:a", "down"), json!(["anthropic:c", "anthropic:a", "anthropic:b"]));
    // At an end there is nowhere to go.
    assert_eq!(moved("anthropic:b", "down"), json!(["anthropic:c", "anthropic:a", "anthropic:b"]));
    let page = house.page("/agents/main/models");
    let place = |id: &str| page.find(&format!("data-profile=\"{id}\"")).unwrap();
    assert!(place("anthropic:c") < place("anthropic:a") && place("anthropic:a") < place("anthropic:b"));
    let order = "/api/agents/main/credentials/order";
    let only = house.done(order, &json!({ "provider": "anthropic", "order": ["anthropic:b"] }));
    assert_eq!(only["order"], json!(["anthropic:b"]));
    // One that is left out comes in by its button.
    assert!(house.page("/agents/main/models").contains("Use it, too"));
    assert_eq!(moved("anthropic:a", "up"), json!(["anthropic:b", "anthropic:a"]));
    let cleared = house.done(order, &json!({ "provider": "anthropic", "order": null }));
    assert_eq!((cleared["order"].as_array().unwrap().len(), &cleared["changed"]), (3, &json!(true)));
}

#[test]
fn a_removal_can_be_undone_once_by_whoever_made_it() {
    let house = House::empty();
    house.stores("main", "anthropic:a", &key("a", "x3Qw"));
    house.stores("main", "anthropic:b", &key("b", "k2k2"));
    let before = std::fs::read_to_string(house.env.store("main")).unwrap();
    let removed = house.done("/api/agents/main/credentials/remove", &naming("anthropic:a"));
    assert_eq!((&removed["profileId"], &removed["undoSeconds"]), (&json!("anthropic:a"), &json!(10)));
    assert_eq!(house.stored("main"), ["anthropic:b"]);
    let undo = json!({ "undo": removed["undo"] });
    house.done("/api/agents/main/credentials/undo-remove", &undo);
    assert_eq!(std::fs::read_to_string(house.env.store("main")).unwrap(), before);
    let (status, error) = house.refused("/api/agents/main/credentials/undo-remove", &undo);
    assert_eq!((status, &error["kind"]), (404, &json!("not_kept")));
}

#[test]
fn a_removal_that_cannot_be_undone_yet_can_be_undone_later() {
    let house = House::empty();
    house.stores("main", "anthropic:a", &key("a", "x3Qw"));
    let before = house.env.store_json("main");
    let undo = house.done("/api/agents/main/credentials/remove", &naming("anthropic:a"))["undo"].clone();
    let undo = json!({ "undo": undo });
    house.stores("main", "anthropic:a", &key("other", "k2k2"));
    let (status, error) = house.refused("/api/agents/main/credentials/undo-remove", &undo);
    assert_eq!((status, &error["kind"]), (409, &json!("profile_taken")));
    let renamed = json!({ "profileId": "anthropic:a", "name": "other" });
    house.done("/api/agents/main/credentials/rename", &renamed);
    house.done("/api/agents/main/credentials/undo-remove", &undo);
    assert_eq!(house.stored("main"), ["anthropic:a", "anthropic:other"]);
    assert_eq!(house.env.store_json("main")["profiles"]["anthropic:a"], before["profiles"]["anthropic:a"]);
}

#[test]
fn names_change_cooldowns_are_cleared_and_what_is_not_there_is_named() {
    let house = House::empty();
    house.stores("main", "anthropic:a", &key("fault-rate-limit", "x3Qw"));
    house.env.fased(["chat", "hi"]);
    let page = house.page("/agents/main/models");
    assert!(page.contains("data-until=\"") && page.contains("Clear cooldown"), "{page}");
    house.done("/api/agents/main/credentials/clear-cooldown", &naming("anthropic:a"));
    assert!(!house.page("/agents/main/models").contains("data-until=\""));
    let renamed = json!({ "profileId": "anthropic:a", "name": "crew" });
    assert_eq!(house.done("/api/agents/main/credentials/rename", &renamed)["profileId"], "anthropic:crew");
    let (status, error) = house.refused("/api/agents/main/credentials/rename", &renamed);
    assert_eq!((status, &error["kind"]), (404, &json!("no_such_profile")));
    assert_eq!(error["facts"], json!(["stored: anthropic:crew"]));
    let holding = json!({ "profileId": "anthropic:crew", "name": key("name", "x3Qw") });
    let (_, error) = house.refused("/api/agents/main/credentials/rename", &holding);
    assert!(!error.to_string().contains("sk-ant-api03-sandbox"), "{error:#}");
}

#[test]
fn a_probe_that_cannot_be_noted_says_so() {
    let house = House::empty();
    house.stores("main", "anthropic:a", &key("a", "x3Qw"));
    let lock = house.env.store("main").with_file_name("state.lock");
    std::fs::create_dir(&lock).unwrap();
    let told = house.done("/api/agents/main/credentials/probe", &naming("anthropic:a"));
    let said = told["said"].as_str().unwrap();
    assert!(said.starts_with("anthropic:a: accepted"), "{said}");
    let trouble = told["trouble"].as_str().unwrap();
    assert!(trouble.contains("state.lock") && said.ends_with(&format!(" {trouble}")), "{said}");
}

#[test]
fn a_probe_is_told_and_noted() {
    let house = House::empty();
    house.stores("main", "anthropic:a", &key("a", "x3Qw"));
    house.stores("main", "anthropic:gone", &key("gone-fault-auth", "k2k2"));
    let one = house.done("/api/agents/main/credentials/probe", &naming("anthropic:a"));
    assert!(one["said"].as_str().unwrap().starts_with("anthropic:a: accepted"), "{one:#}");
    let all = house.done("/api/agents/main/credentials/probe", &json!({ "provider": "anthropic" }));
    assert_eq!(all["said"], "1 of 2 credentials are accepted.");
    let page = house.page("/agents/main/models");
    assert!(page.contains("verified 0s ago") && page.contains("rejected 0s ago"), "{page}");
}
