//! No secret reaches a browser: not one that is stored, not one that is just being pasted.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{House, naming};
use crate::support::{key, token};

/// Part of every secret in this test.
const CANARY: &str = "canary-";

#[test]
fn no_page_and_no_document_holds_a_secret() {
    let house = House::with(|env| {
        env.set("ANTHROPIC_API_KEY", &key("canary-env", "e1e1"));
        let config = std::fs::read_to_string(env.state("fased.json")).unwrap();
        let other = format!(
            "other: {{ baseUrl: 'http://127.0.0.1:1', apiKey: '{}', models: [{{ id: 'm' }}] }},",
            key("canary-config", "c1c1")
        );
        env.write("fased.json", &config.replacen("providers: {", &format!("providers: {{ {other}"), 1));
    });
    let mut seen = Vec::new();
    let save = "/api/agents/main/credentials";
    for (method, secret) in [
        ("api-key", key("canary-one", "x3Qw")),
        ("api-key", key("canary-fault-auth", "0000")),
        ("token", token("canary-plan", "77aa")),
        ("token", key("canary-misplaced", "m1m1")),
        ("api-key", format!("{}\u{7}", "canary-not-a-key")),
    ] {
        seen.push(house.post(save, &json!({ "method": method, "secret": secret })).1.to_string());
    }
    let look = house.post("/api/agents/main/sign-ins", &json!({})).1;
    let at = format!("/api/agents/main/sign-ins/{}", look["id"].as_str().unwrap());
    seen.push(house.post(&format!("{at}/paste"), &json!({ "text": "canary-" })).1.to_string());
    seen.push(house.send("GET", &at, None).text);
    let (code, state) = house.sandbox.approve(look["link"].as_str().unwrap());
    house.done(&format!("{at}/paste"), &json!({ "text": format!("{code}#{state}") }));
    while house.get(&at)["step"] != "done" {
        std::thread::yield_now();
    }
    seen.push(house.send("GET", &at, None).text);
    // What is no document may hold a secret as well.
    for body in [format!("{{\"method\":\"{}\"}}", key("canary-value", "v1v1")), key("canary-raw", "r1r1")] {
        seen.push(house.send("POST", save, Some(body)).text);
    }
    let renamed = json!({ "profileId": key("canary-id", "i1i1"), "name": key("canary-name", "n1n1") });
    seen.push(house.post("/api/agents/main/credentials/rename", &renamed).1.to_string());
    for (path, body) in [
        ("credentials/probe", json!({})),
        ("credentials/probe", naming(&key("canary-id", "i1i1"))),
        ("credentials/remove", naming(&key("canary-id", "i1i1"))),
        ("credentials/remove", naming("anthropic:default")),
        (
            "roles",
            json!({ "whose": "all", "primary": key("canary-model", "o1o1"), "fallbacks": null, "image": null }),
        ),
    ] {
        seen.push(house.post(&format!("/api/agents/main/{path}"), &body).1.to_string());
    }
    for path in [
        "/agents",
        "/models",
        "/agents/main/models",
        "/api/agents",
        "/api/models/status",
        "/metrics",
        "/healthz",
        "/login",
        "/assets/app.js",
    ] {
        seen.push(house.send("GET", path, None).text);
    }
    let mut secrets: BTreeSet<String> = [CANARY.to_owned(), code].into();
    collect(&house.env.store_json("main"), &mut secrets);
    assert!(secrets.iter().any(|secret| secret.starts_with("sk-ant-ort01-")), "{secrets:?}");
    for text in &seen {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a secret in\n{text}");
        }
    }
}

/// The texts of a store that are secrets.
fn collect(value: &Value, secrets: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.starts_with("sk-ant-") => drop(secrets.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|value| collect(value, secrets)),
        Value::Object(fields) => fields.values().for_each(|value| collect(value, secrets)),
        _ => {}
    }
}
