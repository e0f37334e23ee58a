//! Every fault against every way out: what comes of it, who is asked how often, what is remembered, and that no text is
//! shown twice.

use std::fmt::Write as _;

use super::*;
use crate::anthropic::Delta;
use crate::error::{Exit, Failure};
use crate::sandbox::{Sandbox, SandboxOptions};

/// What goes wrong with the first credential, and how often it does where a fallback model is asked afterwards: as often as
/// the first model is tried.
const FAULTS: [(&str, &str, u32); 21] = [
    ("connection refused", "", 0),
    ("401", "fault-auth", 1),
    ("401, revoked", "fault-revoked", 1),
    ("403", "fault-permission", 1),
    ("429, retry-after 30", "fault-rate-limit", 1),
    ("429, retry-after 5", "fault-rate-limit-retry-after-5", 1),
    ("429, no retry-after", "fault-rate-limit-retry-after-none", 1),
    ("spend limit", "fault-spend-limit", 1),
    ("402", "fault-billing", 1),
    ("404", "fault-not-found", 1),
    ("413", "fault-too-large", 1),
    ("500", "fault-api-error", 3),
    ("529", "fault-overloaded", 3),
    ("hang", "fault-hang", 3),
    ("cut before", "fault-cut-before", 3),
    ("cut inside", "fault-cut-inside", 3),
    ("error event first", "fault-overloaded-in-stream", 3),
    ("error event after text", "fault-error-after-text", 3),
    ("tool_use first, then an error", "fault-error-after-tool-use", 3),
    ("thinking first, then an error", "fault-error-after-thinking", 3),
    ("empty answer", "fault-empty", 1),
];

/// Who could take over.
const WAYS: [(&str, &[&str], &[&str]); 3] = [
    ("one profile", &["a"], &[MODEL]),
    ("two profiles", &["a", "b"], &[MODEL]),
    ("fallback model", &["a"], &[MODEL, "anthropic/claude-haiku-4-5"]),
];

/// What the sandbox answers to `hi`.
const ANSWER: &str =
    "This is the Fased sandbox answering; no model was asked. Your question was: \u{201c}hi\u{201d}";

/// One cell: the outcome in a line.
async fn cell(does: &str, times: u32, profiles: &[&str], models: &[&str]) -> String {
    let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
    let sandbox = Sandbox::start(SandboxOptions::new(clock)).await.unwrap();
    let does = if models.len() > 1 { format!("{does}-times-{times}") } else { does.to_owned() };
    let keys: Vec<(&str, &str)> =
        profiles.iter().map(|name| (*name, if *name == "a" { does.as_str() } else { "" })).collect();
    // Nobody listens where a port was just given back.
    let url = if times == 0 { "http://127.0.0.1:9".to_owned() } else { sandbox.url() };
    let world = World::new(&url, &keys);
    let (mut shown, mut told, mut interrupted) = (String::new(), Vec::new(), None);
    let ended = world.ask(models, 2, |happening| match happening {
        Happening::Piece(StreamEvent::ContentDelta { delta: Delta::Text(text), .. }) => shown.push_str(text),
        Happening::Failed { credential, interrupted: true, .. } => {
            interrupted = Some(credential.source.name().to_owned());
        }
        Happening::Failover { event, .. } => told.push(match event {
            Event::Retrying { number, .. } => format!("retry {number}"),
            Event::Rotating { to, .. } => format!("on to {}", to.id),
            Event::NextModel { to, .. } => format!("on to {to}"),
            Event::PayerChanges { .. } => "payer changes".to_owned(),
        }),
        _ => {}
    });
    let outcome = match ended.await {
        Ok((text, by)) => {
            let whole = if does.contains("empty") { "" } else { ANSWER };
            assert_eq!(
                (text.as_str(), shown.as_str()),
                (whole, whole),
                "{does}: one whole answer, shown once"
            );
            format!("answer of {by}")
        }
        Err(AskError::GaveUp { mut failed, end, .. }) => {
            assert!(ANSWER.starts_with(&shown), "{does}: {shown}");
            assert_eq!(end == End::Interrupted, interrupted.is_some(), "{does}");
            assert!(end == End::Interrupted || shown.is_empty(), "{does}: {shown}");
            let last = failed.pop().unwrap();
            let exit = match last.error {
                AttemptError::Api(error) => Failure::from(error).exit,
                other => panic!("{other}"),
            };
            assert!(exit != Exit::Ok);
            let after = if shown.is_empty() { "" } else { " after text" };
            let by = interrupted.map_or_else(String::new, |by| format!(", interrupted{after} of {by}"));
            format!("exit {}, {}{by}", exit.code(), last.reason)
        }
        Err(error) => panic!("{error:?}"),
    };
    let told = told.iter().map(|step| format!("; {step}")).collect::<String>();
    let requests = sandbox.requests().len();
    format!("{outcome}{told}; {requests} asked{}", remembered(&world))
}

/// What the state says against each profile.
fn remembered(world: &World) -> String {
    let (snapshot, state) = world.read();
    let now = world.clock.now();
    let mut text = String::new();
    for profile in snapshot.profiles.values() {
        let Some(state) = state.of(profile) else { continue };
        for cooldown in &state.cooldowns {
            let class = cooldown.model_class.as_deref().unwrap_or("all");
            let left = cooldown.until.duration_since(now);
            write!(text, "; {} {} for {class} {left:#}", profile.id.name(), cooldown.reason).unwrap();
        }
        if let Some(disabled) = &state.disabled {
            let left = disabled
                .until
                .map_or("lasting".to_owned(), |until| format!("{:#}", until.duration_since(now)));
            write!(text, "; {} disabled, {} {left}", profile.id.name(), disabled.reason).unwrap();
        }
    }
    text
}

#[tokio::test(start_paused = true)]
async fn every_fault_gives_one_answer_or_one_clear_error() {
    let mut table = String::new();
    for (name, does, times) in FAULTS {
        writeln!(table, "{name}").unwrap();
        for (way, profiles, models) in WAYS {
            writeln!(table, "  {way:14}  {}", cell(does, times, profiles, models).await).unwrap();
        }
    }
    insta::assert_snapshot!(table);
}
