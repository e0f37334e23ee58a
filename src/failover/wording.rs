//! What a run of tries tells people, a line each, and why a credential gave no answer.

use jiff::Timestamp;

use super::Event;
use crate::auth::health::Billing;
use crate::auth::reason::{Failed, Reason};
use crate::text::{one_line, wait};

/// One line for what happened; `trouble` are the words of a secret that could not be had, where that is why.
pub fn line<C>(event: &Event<'_, C>, trouble: Option<&str>, model_class: &str, now: Timestamp) -> String {
    match event {
        Event::Rotating { from, to, failed } => {
            let own = || format!("{} {}", one_line(&from.id), why(failed, model_class, now));
            let why = trouble.map_or_else(own, one_line);
            format!("→ {why}; continuing with {} ({})", one_line(&to.id), pays(to.billing))
        }
        Event::NextModel { from, to, candidate, failed } => {
            let why = match failed.reason {
                Reason::ModelNotFound => "is not known".to_owned(),
                _ => format!("cannot answer: the last credential for it {}", why(failed, model_class, now)),
            };
            let (from, to, with) = (one_line(from), one_line(to), one_line(&candidate.id));
            format!("→ {from} {why}; asking {to} with {with} ({})", pays(candidate.billing))
        }
        Event::Retrying { candidate, failed, wait, .. } => format!(
            "→ {} {}; trying again in {:.1}s",
            one_line(&candidate.id),
            why(failed, model_class, now),
            wait.as_secs_f64()
        ),
        Event::PayerChanges { from, to } => format!(
            "! {} pays now instead of {}; auth.crossBilling: \"stop\" in the config would forbid it",
            who(to.billing),
            who(*from)
        ),
    }
}

/// One line for a refusal of the beta of the 1M window.
pub fn context1m_refused(
    credential: &str,
    model_class: &str,
    until: Option<Timestamp>,
    now: Timestamp,
) -> String {
    let for_how_long = until
        .map_or_else(String::new, |until| format!(", and left out for {}", wait(until.duration_since(now))));
    format!(
        "→ {} may not use the 1M context beta for {}; asking without it{for_how_long}",
        one_line(credential),
        one_line(model_class)
    )
}

/// Why a credential gave no answer: "is rate limited for opus for 47s".
pub fn why(failed: &Failed, model_class: &str, now: Timestamp) -> String {
    let class = one_line(model_class);
    let words = match failed.reason {
        Reason::Auth => "is not accepted".to_owned(),
        Reason::Permission => format!("may not use {class} models"),
        Reason::AuthPermanent => "was revoked or disabled".to_owned(),
        Reason::RateLimit => format!("is rate limited for {class}"),
        Reason::SpendLimit => "reached its spend limit".to_owned(),
        Reason::Billing => "has no credit".to_owned(),
        Reason::Overloaded => "met an overloaded API".to_owned(),
        Reason::Timeout => "got no answer".to_owned(),
        Reason::ModelNotFound => "does not know the model".to_owned(),
        Reason::Format => "was refused the request".to_owned(),
        Reason::Unobtainable => "cannot be had".to_owned(),
        Reason::Local => "could not be used here".to_owned(),
    };
    match failed.until.filter(|until| *until > now) {
        Some(until) => format!("{words}, left alone for {}", wait(until.duration_since(now))),
        None => words,
    }
}

fn pays(billing: Billing) -> &'static str {
    match billing {
        Billing::Api => "api, billed per token",
        Billing::Subscription => "subscription",
        Billing::Unknown => "who pays is unknown",
    }
}

fn who(billing: Billing) -> &'static str {
    match billing {
        Billing::Api => "the API account",
        Billing::Subscription => "the subscription",
        Billing::Unknown => "somebody unknown",
    }
}
