//! Rules by what arrives at a sandbox behind the gateway.

use http::header;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::visible::told;
use crate::gateway::check::arrivals::Arrived;
use crate::gateway::check::evidence::Evidence;
use crate::gateway::check::exchange::Sent;
use crate::gateway::check::probes::{
    ATTRIBUTION, COMMENT, OPEN_HEADER, PRIVATE_HEADERS, Probe, SESSION_HEADERS,
};
use crate::gateway::check::verdict::{Judged, Verdict};

pub(super) fn body(seen: &Evidence) -> Judged {
    let arrivals = seen.arrivals()?;
    for (_, sent, arrived) in &arrivals {
        let hash: String = Sha256::digest(&sent.body).iter().map(|byte| format!("{byte:02x}")).collect();
        if arrived.body_sha256 != hash {
            let (sent, arrived) = (sent.body.len(), arrived.body_bytes);
            return Ok(Verdict::broken(format!("{sent} bytes were sent, {arrived} others arrived")));
        }
    }
    Ok(Verdict::kept(format!("{} bodies have the SHA-256 they were sent with", arrivals.len())))
}

pub(super) fn query(seen: &Evidence) -> Judged {
    let (_, arrived) = seen.arrival(Probe::Query)?;
    Ok(Verdict::of(
        arrived.query.as_deref() == Some("beta=true"),
        "it does",
        "the query arrived changed or not",
    ))
}

pub(super) fn version(seen: &Evidence) -> Judged {
    let (sent, arrived) = seen.arrival(Probe::Headers)?;
    Ok(arrives("anthropic-version", sent.header("anthropic-version"), arrived))
}

pub(super) fn beta(seen: &Evidence) -> Judged {
    let (sent, arrived) = seen.arrival(Probe::Headers)?;
    let values: Vec<&str> = arrived.header("anthropic-beta").collect();
    let sent = sent.header("anthropic-beta").unwrap_or_default();
    // A gateway that shows a bearer token upstream has to add what such a token needs.
    let has_token = arrived.header(header::AUTHORIZATION.as_str()).next().is_some();
    Ok(match values.as_slice() {
        [value] if *value == sent => Verdict::kept("byte for byte"),
        [value] if has_token && value.starts_with(sent) => Verdict::kept("with what a bearer token needs"),
        [value, ..] if has_token && *value == sent => Verdict::kept("with what a bearer token needs"),
        [] => Verdict::broken("it did not arrive"),
        _ => Verdict::broken("it arrived changed"),
    })
}

pub(super) fn open_header(seen: &Evidence) -> Judged {
    let (_, arrived) = seen.arrival(Probe::Headers)?;
    Ok(arrives(OPEN_HEADER.0, Some(OPEN_HEADER.1), arrived))
}

pub(super) fn sessions(seen: &Evidence) -> Judged {
    let (_, arrived) = seen.arrival(Probe::Headers)?;
    for (name, value) in SESSION_HEADERS {
        if let broken @ Verdict::Broken(_) = arrives(name, Some(value), arrived) {
            return Ok(broken);
        }
    }
    Ok(Verdict::kept("all of them"))
}

fn arrives(name: &str, sent: Option<&str>, arrived: &Arrived) -> Verdict {
    let values: Vec<&str> = arrived.header(name).collect();
    match values.as_slice() {
        [value] if Some(*value) == sent => Verdict::kept("byte for byte"),
        [] => Verdict::broken(format!("{name} did not arrive")),
        _ => Verdict::broken(format!("{name} arrived changed")),
    }
}

pub(super) fn system(seen: &Evidence) -> Judged {
    let (sent, arrived) = seen.arrival(Probe::System)?;
    let without_markers = |mut system: Value| {
        for entry in system.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            entry.remove("cache_control");
        }
        system
    };
    let (sent, arrived) = (document(sent)["system"].clone(), arrived.body["system"].clone());
    let is_first = arrived[0]["text"] == ATTRIBUTION;
    let is_same = without_markers(sent) == without_markers(arrived);
    Ok(match (is_same, is_first) {
        (true, _) => Verdict::kept("entry for entry"),
        (_, false) => Verdict::broken("its first entry is not the client's"),
        (_, true) => Verdict::broken("its entries arrived changed"),
    })
}

pub(super) fn markers(seen: &Evidence) -> Judged {
    let (mut put, mut found) = (0, 0);
    for probe in [Probe::System, Probe::Cache] {
        let (sent, arrived) = seen.arrival(probe)?;
        put += count(&document(sent));
        found += count(&arrived.body);
    }
    let words = format!("{put} were put, {found} arrived");
    Ok(Verdict::of(put == found, words.clone(), words))
}

fn document(sent: &Sent) -> Value {
    serde_json::from_slice(&sent.body).unwrap_or_default()
}

/// Cache markers anywhere in a request.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(fields) => {
            usize::from(fields.contains_key("cache_control")) + fields.values().map(count).sum::<usize>()
        }
        Value::Array(list) => list.iter().map(count).sum(),
        _ => 0,
    }
}

pub(super) fn count_tokens(seen: &Evidence) -> Judged {
    let arrived = seen.arrived(Probe::Count)?;
    let messages = arrived.iter().filter(|request| request.path == "/v1/messages").count();
    Ok(Verdict::of(messages == 0, "no message was asked for", "a message was asked for instead"))
}

pub(super) fn once(seen: &Evidence) -> Judged {
    for (probe, _, _) in seen.arrivals()? {
        let times = seen.arrived(probe)?.iter().filter(|request| request.path == "/v1/messages").count();
        if times > 1 && seen.message(probe).is_ok() {
            return Ok(Verdict::broken(format!("one request arrived {times} times")));
        }
    }
    Ok(Verdict::kept("each arrived once"))
}

pub(super) fn key(seen: &Evidence) -> Judged {
    let Some(key) = &seen.key else { return Ok(Verdict::unknown("no key was given")) };
    let arrivals = seen.arrivals()?;
    if !seen.is_between {
        return Ok(Verdict::unknown("there is nothing between client and sandbox"));
    }
    let bearer = format!("Bearer {}", key.masked());
    for (_, _, arrived) in arrivals {
        let in_header = arrived.header("x-api-key").any(|value| value == key.masked());
        let as_bearer = arrived.header(header::AUTHORIZATION.as_str()).any(|value| value == bearer);
        if in_header || as_bearer {
            return Ok(Verdict::broken("it arrived upstream"));
        }
    }
    Ok(Verdict::kept("it did not arrive"))
}

pub(super) fn private(seen: &Evidence) -> Judged {
    let (_, arrived) = seen.arrival(Probe::Headers)?;
    if !seen.is_between {
        return Ok(Verdict::unknown("there is nothing between client and sandbox"));
    }
    let found = PRIVATE_HEADERS.into_iter().find(|(name, _)| arrived.header(name).next().is_some());
    Ok(match found {
        Some((name, _)) => Verdict::broken(format!("{name} arrived")),
        None => Verdict::kept("none arrived"),
    })
}

pub(super) fn errors(seen: &Evidence) -> Judged {
    if !seen.arrived(Probe::Fault)?.iter().any(|it| it.header("x-sandbox-fault").next().is_some()) {
        return Ok(Verdict::unknown("x-sandbox-fault did not arrive, which asks for one"));
    }
    let answer = seen.answer(Probe::Fault)?;
    if answer.status != 529 {
        return Ok(Verdict::Broken(told(answer)));
    }
    for (name, value) in [("retry-after", "7"), ("x-should-retry", "false")] {
        if answer.header(name) != Some(value) {
            return Ok(Verdict::broken(format!("{name} came changed or not at all")));
        }
    }
    let id = &answer.json()["request_id"];
    let error = json!({ "type": "overloaded_error", "message": "Overloaded" });
    let body = json!({ "type": "error", "error": error, "request_id": id }).to_string();
    let is_same = answer.body == body.as_bytes();
    Ok(Verdict::of(is_same, "status, headers and body", "its body is not the one that was sent"))
}

pub(super) fn comments(seen: &Evidence) -> Judged {
    let answer = seen.message(Probe::Stream)?;
    seen.arrival(Probe::Stream)?;
    let events = answer.events();
    let pings = events.iter().filter(|event| event.name == "ping").count();
    let comments = events.iter().flat_map(|event| &event.comments).filter(|it| it.trim() == COMMENT).count();
    Ok(match (pings, comments) {
        (0, _) => Verdict::broken("the ping was lost"),
        (_, 0) => Verdict::broken("the comment was lost"),
        _ => Verdict::kept("a ping and a comment"),
    })
}
