//! Where the cache breakpoints of a request are, and every rule about placing them: how many, on what, with which time
//! to live, in which order, and what the automatic one at the top of the body adds.

use super::blocks::Placed;
use super::json::Json;
use super::prompt::Ttl;
use super::request::Invalid;

/// Breakpoints a request may have, the automatic one included.
const MOST: usize = 4;

/// The marker of each block, in the order of the blocks.
pub(super) fn of(body: &Json, placed: &[Placed<'_>]) -> Result<Vec<Option<Ttl>>, Invalid> {
    let mut markers = Vec::with_capacity(placed.len());
    for placed in placed {
        markers.push(marker_on(placed)?);
    }
    let explicit = markers.iter().flatten().count();
    if explicit > MOST {
        return Err(too_many(explicit));
    }
    let automatic = place_automatic(body, placed, &mut markers, explicit)?;
    check_order(placed, &markers, automatic)?;
    Ok(markers)
}

fn marker_on(placed: &Placed<'_>) -> Result<Option<Ttl>, Invalid> {
    let path = &placed.path;
    let marker = match placed.block.get("cache_control") {
        None | Some(Json::Null) => return Ok(None),
        Some(marker) => marker,
    };
    if placed.is_thinking() {
        let tag = placed.block.tag().unwrap_or_default();
        return Err(Invalid::at(&format!("{path}.{tag}.cache_control"), "Extra inputs are not permitted"));
    }
    if placed.is_empty_text() {
        return Err(Invalid::at(
            &format!("{path}.text"),
            "cache_control cannot be set for empty text blocks",
        ));
    }
    ttl_of(marker, &format!("{path}.cache_control")).map(Some)
}

fn ttl_of(marker: &Json, path: &str) -> Result<Ttl, Invalid> {
    let Some(fields) = marker.as_object() else {
        return Err(Invalid::at(path, "Input should be a valid dictionary"));
    };
    match fields.get("type") {
        None => return Err(Invalid::at(&format!("{path}.type"), "Field required")),
        Some(Json::String(tag)) if tag == "ephemeral" => {}
        Some(other) => return Err(Invalid::unknown_tag(path, other, &["ephemeral"])),
    }
    if let Some(extra) = fields.keys().find(|key| !matches!(key.as_str(), "type" | "ttl")) {
        return Err(Invalid::at(&format!("{path}.ephemeral.{extra}"), "Extra inputs are not permitted"));
    }
    match fields.get("ttl") {
        None => Ok(Ttl::FiveMinutes),
        Some(Json::String(ttl)) if ttl == Ttl::FiveMinutes.name() => Ok(Ttl::FiveMinutes),
        Some(Json::String(ttl)) if ttl == Ttl::OneHour.name() => Ok(Ttl::OneHour),
        Some(_) => Err(Invalid::at(&format!("{path}.ephemeral.ttl"), "Input should be '5m' or '1h'")),
    }
}

/// Puts the automatic breakpoint on the last block that can carry one, and says which block that was.
fn place_automatic(
    body: &Json,
    placed: &[Placed<'_>],
    markers: &mut [Option<Ttl>],
    explicit: usize,
) -> Result<Option<usize>, Invalid> {
    let wanted = match body.get("cache_control") {
        None | Some(Json::Null) => return Ok(None),
        Some(marker) => ttl_of(marker, "cache_control")?,
    };
    if explicit == MOST {
        return Err(too_many(explicit + 1));
    }
    let Some(last) = placed.iter().rposition(|placed| !placed.refuses_markers()) else {
        return Ok(None);
    };
    match markers[last] {
        Some(ttl) if ttl != wanted => Err(Invalid::at(
            "cache_control",
            &format!(
                "the automatic breakpoint (ttl='{}') falls on {}, which has its own cache_control with ttl='{}'",
                wanted.name(),
                placed[last].path,
                ttl.name()
            ),
        )),
        _ => {
            markers[last] = Some(wanted);
            Ok(Some(last))
        }
    }
}

/// One hour entries come before five minute ones.
fn check_order(
    placed: &[Placed<'_>],
    markers: &[Option<Ttl>],
    automatic: Option<usize>,
) -> Result<(), Invalid> {
    let mut short_seen = false;
    for (n, ttl) in markers.iter().enumerate() {
        match ttl {
            Some(Ttl::OneHour) if short_seen => {
                let path = if automatic == Some(n) { String::new() } else { format!("{}.", placed[n].path) };
                return Err(Invalid::at(
                    &format!("{path}cache_control.ttl"),
                    "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that \
                     blocks are processed in the following order: `tools`, `system`, `messages`.",
                ));
            }
            Some(Ttl::FiveMinutes) => short_seen = true,
            _ => {}
        }
    }
    Ok(())
}

fn too_many(found: usize) -> Invalid {
    Invalid::new(format!("A maximum of {MOST} blocks with cache_control may be provided. Found {found}."))
}

#[cfg(test)]
mod tests {
    use super::super::prompt::Prompt;
    use super::*;

    /// A body of `tools`, `system` and `content` blocks; `5`, `1` and `-` stand for the marker on each.
    fn body(tools: &str, system: &str, content: &str, automatic: &str) -> Json {
        let marked = |fields: &str, marker| match marker {
            '5' => format!(r#"{{{fields},"cache_control":{{"type":"ephemeral"}}}}"#),
            '1' => format!(r#"{{{fields},"cache_control":{{"type":"ephemeral","ttl":"1h"}}}}"#),
            _ => format!("{{{fields}}}"),
        };
        let row = |fields: &str, markers: &str| {
            markers.chars().map(|marker| marked(fields, marker)).collect::<Vec<_>>().join(",")
        };
        let text = r#""type":"text","text":"x""#;
        let automatic = match automatic {
            "" => String::new(),
            ttl => format!(r#""cache_control":{{"type":"ephemeral","ttl":"{ttl}"}},"#),
        };
        serde_json::from_str(&format!(
            r#"{{{automatic}"tools":[{}],"system":[{}],"messages":[{{"role":"user","content":[{}]}}]}}"#,
            row(r#""name":"t","input_schema":{}"#, tools),
            row(text, system),
            row(text, content),
        ))
        .unwrap()
    }

    fn judged(body: &Json) -> Result<String, String> {
        let prompt = Prompt::of(body).map_err(|invalid| invalid.to_string())?;
        let mark = |ttl| match ttl {
            None => '-',
            Some(Ttl::FiveMinutes) => '5',
            Some(Ttl::OneHour) => '1',
        };
        Ok(prompt.blocks().iter().map(|block| mark(block.marker)).collect())
    }

    #[test]
    fn four_breakpoints_are_allowed_and_a_fifth_is_refused() {
        assert_eq!(judged(&body("5", "5", "-55", "")).unwrap(), "55-55");
        assert_eq!(
            judged(&body("5", "5", "555", "")).unwrap_err(),
            "A maximum of 4 blocks with cache_control may be provided. Found 5."
        );
    }

    #[test]
    fn the_automatic_breakpoint_takes_the_last_block_and_one_of_the_four_slots() {
        assert_eq!(judged(&body("-", "5", "--", "5m")).unwrap(), "-5-5");
        assert_eq!(judged(&body("5", "5", "5-", "5m")).unwrap(), "5555");
        assert_eq!(
            judged(&body("5", "5", "55-", "5m")).unwrap_err(),
            "A maximum of 4 blocks with cache_control may be provided. Found 5."
        );
    }

    #[test]
    fn an_automatic_breakpoint_on_a_marked_block_changes_nothing_or_is_refused() {
        assert_eq!(judged(&body("", "", "-1", "1h")).unwrap(), "-1");
        let message = judged(&body("", "", "-1", "5m")).unwrap_err();
        assert!(message.contains("messages.0.content.1"), "{message}");
    }

    #[test]
    fn the_automatic_breakpoint_walks_back_over_what_cannot_be_marked() {
        let body = serde_json::from_str(
            r#"{"cache_control":{"type":"ephemeral"},"messages":[{"role":"user","content":"q"},
                {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"s"}]}]}"#,
        )
        .unwrap();
        assert_eq!(judged(&body).unwrap(), "5-");
    }

    #[test]
    fn one_hour_after_five_minutes_is_refused_in_the_order_tools_system_messages() {
        assert_eq!(judged(&body("1", "1", "-5", "")).unwrap(), "11-5");
        for (body, path) in [
            (body("5", "1", "-", ""), "system.0.cache_control.ttl"),
            (body("5", "", "1", ""), "messages.0.content.0.cache_control.ttl"),
            (body("", "5", "-", "1h"), "cache_control.ttl"),
        ] {
            let message = judged(&body).unwrap_err();
            assert!(message.starts_with(&format!("{path}: a ttl='1h'")), "{message}");
        }
    }

    #[test]
    fn malformed_markers_are_refused_by_name() {
        for (marker, message) in [
            (
                r#"{"type":"ephemeral","ttl":"2h"}"#,
                "cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
            ),
            (
                r#"{"type":"ephemeral","ttl":300}"#,
                "cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
            ),
            (
                r#"{"type":"forever"}"#,
                "cache_control: Input tag 'forever' found using 'type' does not match any of the expected tags: \
                 'ephemeral'",
            ),
            (r#"{"ttl":"5m"}"#, "cache_control.type: Field required"),
            (r#"true"#, "cache_control: Input should be a valid dictionary"),
            (
                r#"{"type":"ephemeral","scope":"x"}"#,
                "cache_control.ephemeral.scope: Extra inputs are not permitted",
            ),
        ] {
            let text = format!(r#"{{"type":"text","text":"x","cache_control":{marker}}}"#);
            let body = serde_json::from_str(&format!(r#"{{"system":[{text}]}}"#)).unwrap();
            assert_eq!(judged(&body).unwrap_err(), format!("system.0.{message}"));
            let top = serde_json::from_str(&format!(r#"{{"cache_control":{marker}}}"#)).unwrap();
            assert_eq!(judged(&top).unwrap_err(), message);
        }
        let absent = serde_json::from_str(r#"{"system":[{"type":"text","text":"x","cache_control":null}]}"#);
        assert_eq!(judged(&absent.unwrap()).unwrap(), "-");
    }

    #[test]
    fn thinking_and_empty_text_cannot_be_marked() {
        let marked = |fields: &str| {
            serde_json::from_str(&format!(
                r#"{{"messages":[{{"role":"user","content":[{{{fields},"cache_control":{{"type":"ephemeral"}}}}]}}]}}"#
            ))
            .unwrap()
        };
        assert_eq!(
            judged(&marked(r#""type":"thinking","thinking":"x""#)).unwrap_err(),
            "messages.0.content.0.thinking.cache_control: Extra inputs are not permitted"
        );
        assert_eq!(
            judged(&marked(r#""type":"text","text":"""#)).unwrap_err(),
            "messages.0.content.0.text: cache_control cannot be set for empty text blocks"
        );
    }
}
