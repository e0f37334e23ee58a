//! What a client is told that gets no answer: the provider's own words wherever there are some, and ours in the provider's
//! shape where nothing came from there.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;

use super::answer::with_head;
use super::attempt::Unanswered;
use crate::anthropic::Error;
use crate::auth::health::{UnusableReason, Usable};
use crate::auth::resolve::{Inputs, NoCredential, ProviderAuth};
use crate::auth::wording;
use crate::error::{Exit, Failure};
use crate::failover::{GaveUp, Reason};
use crate::gateway::refusal::{Audience, Refusal};
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;

/// Soonest and latest time a client is asked to come back after, in seconds.
const WAITS: std::ops::RangeInclusive<i64> = 1..=86_400;

/// Nothing may be used for it now.
pub(super) fn no_credential(
    why: &NoCredential,
    model: &ModelRef,
    inputs: &Inputs<'_>,
    agent: &str,
) -> Refusal {
    if *why == NoCredential::NothingStored {
        let message = format!("No API key found for provider \"{}\" (agent {agent}).", model.provider());
        let failure = Failure::new(Exit::NoUsableCredential, "no_credential", message)
            .hint("the gateway's owner adds one")
            .command(format!("fased onboard --agent {agent}"));
        return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, failure).for_good();
    }
    let class = KnownModels::of(inputs.config).class_of(model);
    let auth = ProviderAuth::survey(model.provider(), class, inputs);
    let (mut soonest, mut is_limit) = (None::<Timestamp>, false);
    let mut failure = Failure::new(
        Exit::NoUsableCredential,
        "no_usable_profile",
        format!("No available auth profile for {} (all in cooldown or unavailable).", model.provider()),
    );
    for judged in &auth.profiles {
        let Usable::No(unusable) = &judged.verdict.usable else { continue };
        failure =
            failure.fact(format!("{}: {}", judged.profile.id, wording::health(&judged.verdict, inputs.now)));
        let back = unusable.trial_at.into_iter().chain(unusable.until).min();
        if let Some(back) = back
            && soonest.is_none_or(|soonest| back < soonest)
        {
            soonest = Some(back);
            is_limit = matches!(&unusable.reason, UnusableReason::Cooldown(reason) if reason == "rate_limit");
        }
    }
    let failure =
        failure.hint("the gateway's owner sees more").command(format!("fased models status --agent {agent}"));
    let status = if is_limit { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::SERVICE_UNAVAILABLE };
    let refusal = Refusal::new(status, failure);
    match soonest {
        Some(back) => refusal.retry_after(seconds_until(back, inputs.now)),
        None => refusal.for_good(),
    }
}

/// All that could be used are credentials of plans, which serve no clients unless the config says so.
pub(super) fn plans_only(agent: &str) -> Refusal {
    let message = format!(
        "Agent {agent} has only credentials of a Claude plan, which this gateway does not use for clients."
    );
    let failure = Failure::new(Exit::NoUsableCredential, "subscription", message)
        .fact("Anthropic reserves them for its own apps")
        .hint("the gateway's owner adds an API key")
        .command(format!("fased models auth login --provider anthropic --method api-key --agent {agent}"));
    Refusal::new(StatusCode::FORBIDDEN, failure).for_good()
}

fn seconds_until(at: Timestamp, now: Timestamp) -> u64 {
    let seconds = at.duration_since(now).as_secs().saturating_add(1).clamp(*WAITS.start(), *WAITS.end());
    seconds.unsigned_abs()
}

/// Every try failed. Of the provider's refusals the limit that ends first is passed on, because that is what the client can
/// wait for; without one, the last refusal.
pub(super) fn gave_up(gave_up: GaveUp<Unanswered>, agent: &str, request_id: &str) -> Response {
    let mut failures = gave_up.failures;
    let spoken = |at: &usize| matches!(failures[*at].error, Unanswered::Refused { .. });
    let limits =
        (0..failures.len()).filter(spoken).filter(|at| failures[*at].failed.reason == Reason::RateLimit);
    let first = limits.min_by_key(|at| failures[*at].failed.wait.unwrap_or(std::time::Duration::MAX));
    let last = || (0..failures.len()).rfind(spoken).or_else(|| failures.len().checked_sub(1));
    let chosen = first.or_else(last).map(|at| failures.swap_remove(at).error);
    let refusal = match chosen {
        Some(Unanswered::Refused { status, headers, body, .. }) => {
            return with_head(status, headers, Body::from(body));
        }
        Some(Unanswered::Failed(error)) => on_the_way(&error),
        Some(Unanswered::Unobtainable(error)) => {
            let failure = Failure::from(error).hint("the gateway's owner mends it");
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, failure)
        }
        Some(Unanswered::Plan) => plans_only(agent),
        None => {
            let failure = Failure::new(
                Exit::NoUsableCredential,
                "no_usable_profile",
                "Another process is trying the only credential that is left.",
            );
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, failure).retry_after(5)
        }
    };
    refusal.into_response(Audience::Client, request_id)
}

/// Nothing came from the provider.
fn on_the_way(error: &Error) -> Refusal {
    let status = match error {
        Error::Timeout { .. } | Error::Idle { .. } => StatusCode::GATEWAY_TIMEOUT,
        Error::SandboxCredential { .. } | Error::RefusedHost { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_GATEWAY,
    };
    let message = format!("{}.", crate::text::capitalised(&error.to_string()));
    Refusal::new(status, Failure::new(Exit::Network, "network", message))
}
