//! Rules by what any client sees.

use std::time::Duration;

use http::header;
use serde_json::Value;

use crate::gateway::check::evidence::{self, Evidence, refuses};
use crate::gateway::check::exchange::{Answer, Event, NoAnswer};
use crate::gateway::check::probes::{Probe, QUICK};
use crate::gateway::check::verdict::{Judged, Verdict};

/// Events that come closer together than this may have come in one piece.
const APART: Duration = Duration::from_millis(5);
/// Gaps between events by which a stream is known.
const GAPS: usize = 3;
/// A whole answer that comes sooner leaves no gaps to see.
const TOO_QUICK: Duration = Duration::from_millis(250);

/// An answer in a few words, none of them from its body but the type of an error.
pub(super) fn told(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    match answer.api_error() {
        Some((kind, _))
            if kind.len() <= 40 && kind.bytes().all(|it| it.is_ascii_lowercase() || it == b'_') =>
        {
            format!("answered {status} ({kind})")
        }
        _ => match answer.header(header::CONTENT_TYPE.as_str()).and_then(|it| it.split(';').next()) {
            Some(kind) if kind.len() <= 40 => format!("answered {status} with {kind}"),
            _ => format!("answered {status}"),
        },
    }
}

pub(super) fn models_list(seen: &Evidence) -> Judged {
    let exchange = seen.list()?;
    let Ok(answer) = &exchange.answer else { return Ok(Verdict::unknown("no list came")) };
    if answer.status.is_redirection() {
        return Ok(Verdict::unknown("it is said to be elsewhere"));
    }
    if !answer.status.is_success() {
        return Ok(Verdict::Broken(told(answer)));
    }
    let ids = evidence::ids(answer);
    let kept = ids.iter().filter(|id| id.contains("claude") || id.contains("anthropic")).count();
    Ok(match (ids.len(), kept) {
        (0, _) => Verdict::broken("200, but no `data` of models with an `id`"),
        (all, 0) => Verdict::broken(format!("{all} models, and no id has \"claude\" or \"anthropic\" in it")),
        (_, kept) => Verdict::kept(format!("{kept} models")),
    })
}

pub(super) fn models_time(seen: &Evidence) -> Judged {
    let exchange = seen.list()?;
    Ok(match &exchange.answer {
        Ok(answer) => Verdict::kept(format!("after {} ms", answer.took.as_millis())),
        Err(NoAnswer::TimedOut(_)) => Verdict::broken(format!("nothing within {} s", QUICK.as_secs())),
        Err(error) => Verdict::Broken(error.words()),
    })
}

pub(super) fn models_redirect(seen: &Evidence) -> Judged {
    let Ok(answer) = &seen.list()?.answer else { return Ok(Verdict::unknown("no list came")) };
    let is_redirect = answer.status.is_redirection();
    Ok(Verdict::of(!is_redirect, "no redirect", format!("{} to another address", answer.status.as_u16())))
}

pub(super) fn key_header(seen: &Evidence) -> Judged {
    key(seen, Probe::ModelsByKey)
}

pub(super) fn key_bearer(seen: &Evidence) -> Judged {
    key(seen, Probe::ModelsByBearer)
}

fn key(seen: &Evidence, probe: Probe) -> Judged {
    let answer = seen.exchange(probe)?.answer.as_ref();
    let answer = answer.map_err(|_| Verdict::unknown("no list came"))?;
    Ok(Verdict::of(!refuses(answer), "not refused", told(answer)))
}

pub(super) fn key_required(seen: &Evidence) -> Judged {
    let answer = seen.answer(Probe::ModelsOpen)?;
    if seen.key.is_none() && answer.status.is_success() {
        return Ok(Verdict::broken("no key was given, and it answers"));
    }
    Ok(Verdict::of(!answer.status.is_success(), told(answer), "the list of models comes without one"))
}

pub(super) fn key_refusal(seen: &Evidence) -> Judged {
    let answer = seen.answer(Probe::ModelsOpen)?;
    if answer.status.is_success() {
        return Ok(Verdict::unknown("nobody is refused"));
    }
    let shaped = answer.api_error().is_some_and(|(kind, _)| kind == "authentication_error");
    Ok(Verdict::of(answer.status == 401 && shaped, told(answer), told(answer)))
}

pub(super) fn hello(seen: &Evidence) -> Judged {
    let answer = seen.answer(Probe::Hello)?;
    Ok(Verdict::kept(told(answer)))
}

pub(super) fn message(seen: &Evidence) -> Judged {
    Ok(is_message(seen.answer(Probe::Plain)?))
}

pub(super) fn message_with_query(seen: &Evidence) -> Judged {
    seen.message(Probe::Plain)?;
    Ok(is_message(seen.answer(Probe::Query)?))
}

fn is_message(answer: &Answer) -> Verdict {
    if answer.status != 200 {
        return Verdict::Broken(told(answer));
    }
    if let Some(cut) = &answer.cut {
        return Verdict::broken(format!("200, but it broke off: {cut}"));
    }
    let body = answer.json();
    let is_whole = body["type"] == "message" && body["content"].is_array() && body["usage"].is_object();
    Verdict::of(is_whole, "a message", "200, but no message with content and usage")
}

pub(super) fn count(seen: &Evidence) -> Judged {
    let answer = seen.answer(Probe::Count)?;
    if answer.status == 404 {
        let shaped = answer.api_error().is_some_and(|(kind, _)| kind == "not_found_error");
        return Ok(Verdict::of(shaped, "404, clients estimate", "404, but not in Anthropic's shape"));
    }
    if answer.status != 200 {
        return Ok(Verdict::Broken(told(answer)));
    }
    Ok(match answer.json()["input_tokens"].as_u64() {
        Some(tokens) if tokens > 0 => Verdict::kept(format!("{tokens} tokens")),
        _ => Verdict::broken("200, but no number of `input_tokens` above zero"),
    })
}

pub(super) fn open_headers(seen: &Evidence) -> Judged {
    seen.message(Probe::Query)?;
    let answer = seen.answer(Probe::Headers)?;
    Ok(Verdict::of(answer.status == 200, "answered", told(answer)))
}

pub(super) fn open_fields(seen: &Evidence) -> Judged {
    seen.message(Probe::Plain)?;
    let answer = seen.answer(Probe::Field)?;
    // Anthropic's own API may refuse it, and then says which field it was.
    let names_it = answer
        .api_error()
        .is_some_and(|(kind, text)| kind == "invalid_request_error" && text.contains("fased_check"));
    let by_upstream = answer.status == 400 && names_it && answer.header("request-id").is_some();
    Ok(match answer.status.as_u16() {
        200 => Verdict::kept("answered"),
        _ => Verdict::of(by_upstream, "passed on, and refused upstream", told(answer)),
    })
}

pub(super) fn version(seen: &Evidence) -> Judged {
    seen.message(Probe::Plain)?;
    let answer = seen.answer(Probe::Version)?;
    Ok(Verdict::of(answer.status == 400, "refused with 400", told(answer)))
}

pub(super) fn large_body(seen: &Evidence) -> Judged {
    let answer = seen.answer(Probe::Large)?;
    // It lacks a field, so that whoever reads it refuses it for that.
    Ok(Verdict::of(answer.status == 400 && answer.api_error().is_some(), "read upstream", told(answer)))
}

/// The events of the stream, when there is one.
fn stream(seen: &Evidence) -> Result<(&Answer, Vec<Event>), Verdict> {
    let answer = seen.message(Probe::Stream)?;
    let events = answer.events();
    if events.iter().any(|event| event.name == "content_block_delta") {
        Ok((answer, events))
    } else {
        Err(Verdict::unknown("no stream came"))
    }
}

pub(super) fn stream_events(seen: &Evidence) -> Judged {
    let answer = seen.answer(Probe::Stream)?;
    if answer.status != 200 {
        return Ok(Verdict::Broken(told(answer)));
    }
    if let Some(cut) = &answer.cut {
        return Ok(Verdict::broken(format!("it broke off: {cut}")));
    }
    let events = answer.events();
    let names: Vec<&str> =
        events.iter().map(|event| event.name.as_str()).filter(|it| !it.is_empty()).collect();
    let count = |name: &str| names.iter().filter(|it| **it == name).count();
    let told = events.iter().filter(|event| !event.name.is_empty());
    let odd = told.clone().find(|event| event.data["type"] != event.name.as_str());
    Ok(match (count("message_start"), count("message_stop")) {
        (0, _) => Verdict::broken("no message_start in it"),
        (2.., _) => Verdict::broken("more than one message_start"),
        (_, 0) => Verdict::broken("it ends without message_stop"),
        _ if count("error") > 0 => Verdict::broken("an error event in it"),
        _ if names.first() != Some(&"message_start") => Verdict::broken("something before message_start"),
        _ if names.last() != Some(&"message_stop") => Verdict::broken("something after message_stop"),
        _ if count("content_block_delta") == 0 => Verdict::broken("no content in it"),
        _ => match odd {
            Some(_) => Verdict::broken("an event whose name and type differ"),
            None => Verdict::kept(format!("{} events", names.len())),
        },
    })
}

pub(super) fn stream_flush(seen: &Evidence) -> Judged {
    let (answer, events) = stream(seen)?;
    let took = answer.took.as_millis();
    let gaps = events.windows(2).filter(|pair| pair[1].at.saturating_sub(pair[0].at) >= APART).count();
    if gaps >= GAPS {
        return Ok(Verdict::kept(format!("{} events in {} pieces over {took} ms", events.len(), gaps + 1)));
    }
    if answer.took < TOO_QUICK || events.len() <= 2 * GAPS {
        return Ok(Verdict::unknown(format!("all {} events came within {took} ms", events.len())));
    }
    let pieces = if gaps == 0 { "one piece".to_owned() } else { format!("{} pieces", gaps + 1) };
    Ok(Verdict::broken(format!("{} events in {pieces} after {took} ms", events.len())))
}

pub(super) fn stream_ping(seen: &Evidence) -> Judged {
    let (_, events) = stream(seen)?;
    Ok(Verdict::of(events.iter().any(|event| event.name == "ping"), "a ping came", "no ping came"))
}

pub(super) fn stream_plain(seen: &Evidence) -> Judged {
    let answer = seen.message(Probe::Stream)?;
    let kind = answer.header(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let is_events = kind.split(';').next().is_some_and(|kind| kind.trim() == "text/event-stream");
    let encoding = answer.header(header::CONTENT_ENCODING.as_str()).filter(|it| *it != "identity");
    Ok(match encoding {
        Some(_) => Verdict::broken("it is compressed, though nobody asked for that"),
        None => Verdict::of(is_events, "text/event-stream", "its content-type is another"),
    })
}

pub(super) fn error_shape(seen: &Evidence) -> Judged {
    is_error(seen.answer(Probe::Invalid)?, 400, "invalid_request_error")
}

pub(super) fn error_status(seen: &Evidence) -> Judged {
    is_error(seen.answer(Probe::UnknownModel)?, 404, "not_found_error")
}

fn is_error(answer: &Answer, status: u16, kind: &str) -> Judged {
    let shaped = answer.api_error().is_some_and(|(found, _)| found == kind);
    Ok(Verdict::of(answer.status == status && shaped, told(answer), told(answer)))
}

pub(super) fn error_body(seen: &Evidence) -> Judged {
    let answer = seen.answer(Probe::Invalid)?;
    let body = answer.json();
    let Some(fields) = body.as_object().filter(|_| answer.api_error().is_some()) else {
        return Ok(Verdict::unknown("no error in Anthropic's shape came"));
    };
    if fields.keys().any(|name| !matches!(name.as_str(), "type" | "error" | "request_id")) {
        return Ok(Verdict::broken("fields in it that are not Anthropic's"));
    }
    let inside = body["request_id"].as_str();
    Ok(match (inside, answer.header("request-id")) {
        (None, _) => Verdict::broken("it has no request_id, as the upstream's has"),
        (_, None) => Verdict::unknown("no header to compare its request_id with"),
        (Some(inside), Some(header)) => Verdict::of(
            inside == header,
            "its request_id is the header's",
            "its request_id is not the header's",
        ),
    })
}

pub(super) fn request_id(seen: &Evidence) -> Judged {
    let upstream = [Probe::Plain, Probe::Stream, Probe::Invalid, Probe::UnknownModel];
    let without = seen.answers().find(|(probe, answer)| {
        upstream.contains(probe) && answer.header("request-id").is_none_or(str::is_empty)
    });
    seen.exchange(Probe::Plain)?;
    Ok(match without {
        Some((Probe::Plain | Probe::Stream, _)) => Verdict::broken("a message came without"),
        Some(_) => Verdict::broken("an error came without"),
        None => Verdict::kept("on messages and errors"),
    })
}

pub(super) fn rate_limits(seen: &Evidence) -> Judged {
    let answer = seen.message(Probe::Plain)?;
    let limits =
        answer.headers.keys().filter(|name| name.as_str().starts_with("anthropic-ratelimit-")).count();
    Ok(Verdict::of(limits > 0, format!("{limits} of them"), "none came"))
}

pub(super) fn system_array(seen: &Evidence) -> Judged {
    seen.message(Probe::Plain)?;
    Ok(is_message(seen.answer(Probe::System)?))
}

pub(super) fn system_own(seen: &Evidence) -> Judged {
    let billed = billed(&seen.message(Probe::System)?.json());
    let counted = seen.message(Probe::Count)?.json()["input_tokens"].as_u64();
    let Some(counted) = counted.filter(|tokens| *tokens > 0) else {
        return Ok(Verdict::unknown("nothing to compare with was counted"));
    };
    // Counting is an estimate; what is added is longer than its error.
    let kept = billed <= counted + counted / 5 + 10;
    Ok(Verdict::of(kept, format!("{billed} tokens"), format!("{counted} tokens were sent, {billed} billed")))
}

pub(super) fn cache_markers(seen: &Evidence) -> Judged {
    let usage = &seen.message(Probe::Cache)?.json()["usage"];
    let tokens = |field: &str| usage[field].as_u64().unwrap_or(0);
    let (written, read) = (tokens("cache_creation_input_tokens"), tokens("cache_read_input_tokens"));
    Ok(match (written, read) {
        (0, 0) => {
            Verdict::broken(format!("{} tokens with a marker, none written or read", tokens("input_tokens")))
        }
        (0, read) => Verdict::kept(format!("{read} tokens read")),
        (written, _) => Verdict::kept(format!("{written} tokens written")),
    })
}

/// All input tokens of a message.
fn billed(message: &Value) -> u64 {
    ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]
        .iter()
        .filter_map(|field| message["usage"][field].as_u64())
        .sum()
}
