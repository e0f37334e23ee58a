//! What the chat page makes of the events of a session (`assets/transcript.js`), without a session: lines that break, events
//! that are told twice or get lost, a gateway that is another one afterwards.

use serde_json::json;

use crate::house::House;

#[test]
fn events_count_once_and_a_missing_one_is_missed() {
    let house = House::with(|_| {});
    let (_visitor, tab) = house.visit("/agents/main/chat");
    let lives = include_str!("transcript.js");
    assert_eq!(tab.evaluate(&format!("({})(20260601, 400)", lives.trim().trim_end_matches(';'))), json!([]));
}
