//! Pages before any script runs, and the documents that are those of commands.

use serde_json::json;

use super::House;
use crate::support::{key, token};

#[test]
fn documents_are_those_of_the_commands() {
    let house = House::with(|env| {
        env.fased(["agents", "add", "work"]).exits(0);
        env.command(["models", "auth", "paste-token", "--provider", "anthropic", "--agent", "work"])
            .stdin(token("plan", "77aa"))
            .run()
            .exits(0);
    });
    house.stores("main", "anthropic:default", &key("fault-rate-limit", "x3Qw"));
    house.stores("main", "anthropic:team", &key("team", "k2k2"));
    house.env.fased(["chat", "hi"]).exits(0);
    for agent in ["main", "work"] {
        let command = house.env.fased(["models", "status", "--json", "--agent", agent]).exits(0).json();
        assert_eq!(house.get_clean(&format!("/api/models/status?agent={agent}")), command);
    }
    let command = house.env.fased(["models", "status", "--json"]).exits(0).json();
    assert_eq!(house.get_clean("/api/models/status"), command);
    assert_eq!(house.get_clean("/api/agents"), house.env.fased(["agents", "list", "--json"]).exits(0).json());
}

#[test]
fn the_first_page_is_where_somebody_can_go_on() {
    let house = House::empty();
    assert_eq!(house.send("GET", "/", None).location.as_deref(), Some("/agents/main/models"));
    house.stores("main", "anthropic:default", &key("one", "x3Qw"));
    assert_eq!(house.send("GET", "/", None).location.as_deref(), Some("/agents/main/chat"));
    assert_eq!(house.send("GET", "/agents/main", None).location.as_deref(), Some("/agents/main/models"));
}

#[test]
fn with_nothing_set_up_there_are_three_ways_in() {
    let page = House::empty().page("/agents/main/models");
    for words in [
        "No credential yet.",
        "<h3>API key <span class=\"tag\">recommended</span></h3>",
        "<h3>Sign in</h3>",
        "<h3>Token</h3>",
        "claude setup-token",
        "Notice (",
        "<noscript>",
        "Skip to main content",
        "<main id=\"main\"",
    ] {
        assert!(page.contains(words), "{words} is not in\n{page}");
    }
}

#[test]
fn every_agent_is_in_sight_and_the_one_in_focus_stands_in_the_address() {
    let house = House::with(|env| {
        env.fased(["agents", "add", "work"]).exits(0);
    });
    house.stores("work", "anthropic:default", &key("one", "x3Qw"));
    let agents = house.page("/agents?agent=work");
    assert!(agents.contains("<b id=\"agent-in-focus\">work</b>"), "{agents}");
    assert!(
        agents.contains("href=\"/models?agent=work\"") && agents.contains("nobody: it has no credentials")
    );
    // A name nobody has does not become a page.
    assert!(house.page("/models?agent=nobody").contains("<b id=\"agent-in-focus\">main</b>"));
    let models = house.page("/models");
    assert!(
        models.contains("1 of 2 agents ready") && models.contains("Add a credential for main"),
        "{models}"
    );
}

#[test]
fn agents_are_added_and_one_of_them_is_the_default() {
    let house = House::empty();
    let added = house.done("/api/agents", &json!({ "agentId": "Work" }));
    assert_eq!((&added["agentId"], &added["location"]), (&json!("work"), &json!("/agents/work/models")));
    let (status, error) = house.refused("/api/agents", &json!({ "agentId": "work" }));
    assert_eq!((status, &error["kind"]), (409, &json!("agent_exists")));
    assert_eq!(house.refused("/api/agents", &json!({ "agentId": "../work" })).0, 400);
    let made = house.done("/api/agents/work/default", &json!({}));
    assert_eq!((&made["previous"], &made["changed"]), (&json!("main"), &json!(true)));
    assert_eq!(house.get("/api/agents")["defaultAgent"], "work");
}

#[test]
fn an_agent_nobody_made_is_told_with_those_there_are() {
    let house = House::empty();
    let page = house.send("GET", "/agents/nobody/models", None);
    assert_eq!(page.status, 404);
    assert!(page.text.contains("known agents: main"), "{}", page.text);
    let (status, error) = house.refused("/api/agents/nobody/credentials/probe", &json!({}));
    assert_eq!((status, &error["kind"]), (404, &json!("unknown_agent")));
    assert_eq!(house.send("GET", "/agents/%2e%2e%2fx/models", None).status, 404);
}

#[test]
fn an_invalid_config_is_told_on_every_page_with_the_command_that_checks_it() {
    let house = House::empty();
    let config = house.env.state("fased.json");
    std::fs::write(&config, "{ gateway: { port: 'x' } }").unwrap();
    for path in ["/agents", "/models", "/agents/main/models"] {
        let page = house.page(path);
        assert!(page.contains("config invalid") && page.contains("fased config validate"), "{path}\n{page}");
    }
    assert_eq!(house.get("/healthz")["status"], "degraded");
}

#[test]
fn a_port_that_changed_in_the_config_is_told_to_need_a_restart() {
    let house = House::empty();
    std::fs::write(house.env.state("fased.json"), "{ gateway: { port: 1234 } }").unwrap();
    let page = house.page("/agents");
    assert!(page.contains("restart needed") && page.contains("hold from its next start"), "{page}");
    assert_eq!(house.get("/healthz")["problems"], json!(["restart"]));
    let status = house.env.fased(["gateway", "status"]);
    assert!(status.exits(1).stdout.contains("gateway.port or gateway.bind changed"), "{status}");
}
