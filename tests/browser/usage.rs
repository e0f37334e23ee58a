//! What was used, as the page tells it: the numbers of `fased usage`, and the same as a file.

use serde_json::Value;

use crate::house::House;
use crate::support::key;
use crate::tab::{button, css, field, link};

#[test]
fn the_numbers_are_those_of_the_command_line() {
    let house = House::with(|env| {
        env.fased(["onboard", "--anthropic-api-key", &key("usage", "x3Qw")]).exits(0);
    });
    let (_visitor, tab) = house.visit("/usage");
    tab.shows("Nothing was asked yet");
    for question in ["One?", "Two?", "Three?"] {
        house.env.fased(["chat", question]).exits(0);
    }
    tab.reload();
    let report = house.env.fased(["usage", "--json", "--by", "model"]).exits(0).json();
    let answers = report["totals"]["requests"].as_u64().unwrap();
    assert_eq!(answers, 3, "{report:#}");
    let sum = |name: &str| {
        tab.evaluate(&format!(
            "[...document.querySelectorAll('.sums div')].find((it) => it.querySelector('dt').innerText === '{name}').querySelector('dd').innerText"
        ))
    };
    assert_eq!(sum("Requests"), "3");
    tab.shows("claude-sonnet-5");
    tab.shows("anthropic:default");
    // As a file.
    let address = tab.property(&link("Download as CSV"), "href");
    let file = tab.evaluate(&format!(
        "fetch({address}).then(async (it) => [it.status, it.headers.get('content-type'), it.headers.get('content-disposition'), await it.text()])"
    ));
    assert_eq!(file[0], 200);
    assert!(file[1].as_str().unwrap().starts_with("text/csv"), "{file}");
    assert!(file[2].as_str().unwrap().starts_with("attachment"), "{file}");
    let lines: Vec<&str> = file[3].as_str().unwrap().lines().collect();
    assert!(lines.len() >= 2 && lines.iter().all(|line| line.contains(',')), "{file}");
    // Another time, by link and by hand.
    tab.follow(&css("nav[aria-label=Period] a:first-of-type"));
    tab.has(&css("nav[aria-label=Period] [aria-current]"));
    tab.evaluate(
        "document.getElementById('since').value = document.getElementById('until').value = '2026-01-01'",
    );
    tab.follow(&button("Show"));
    tab.shows("Nothing was asked in this time");
    assert_ne!(tab.property(&field("From"), "value"), Value::Null);
}
