//! The failure of a question nobody answered: the last try's own words, the others beside it, and what would help.

use jiff::Timestamp;

use super::{Exit, Failure};
use crate::ask::{AttemptError, FailedAttempt};
use crate::auth::reason::{Failed, Reason};
use crate::auth::store::Snapshot;
use crate::auth::wording;
use crate::config::{Config, SelectedAgent};
use crate::failover::wording::why;
use crate::models::known::KnownModels;
use crate::usage::receipt::FailedTry;

/// The failure of these tries, the last one last; `held_back` was not tried because somebody else would have paid.
pub(crate) fn failure(
    mut failed: Vec<FailedAttempt>,
    held_back: &[String],
    agent: &SelectedAgent,
    config: &Config,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Failure {
    let tries: Vec<FailedTry> = failed.iter().map(FailedTry::of).collect();
    let held_back = |failure: Failure| match held_back {
        [] => failure,
        ids => failure.fact(format!(
            "not tried, because somebody else would pay and auth.crossBilling is \"stop\": {}",
            ids.join(", ")
        )),
    };
    let Some(last) = failed.pop() else {
        let failure = Failure::new(
            Exit::NoUsableCredential,
            "no_usable_profile",
            "Another process is trying the only credential that is left.",
        );
        return held_back(failure).hint("run it again in a moment");
    };
    let mut failure = of_last(last, agent, snapshot);
    for FailedAttempt { credential, model, reason, until, error, .. } in &failed {
        if let AttemptError::Obtain(error) = error {
            failure = failure.fact(format!("before it, {error}"));
            continue;
        }
        let why = why(
            &Failed { reason: *reason, until: *until, wait: None },
            KnownModels::of(config).class_of(model),
            now,
        );
        failure = failure.fact(format!("before it, {credential} {why}"));
    }
    failure = held_back(failure);
    if tries.len() > 1 {
        failure = failure.detail("attempts", serde_json::to_value(&tries).unwrap_or_default());
    }
    failure
}

/// The last try's failure names its credential, and a refused one is to be replaced.
fn of_last(last: FailedAttempt, agent: &SelectedAgent, snapshot: &Snapshot) -> Failure {
    let FailedAttempt { credential, profile_id, reason, error, .. } = last;
    let failure = match error {
        AttemptError::Api(error) => Failure::from(error),
        AttemptError::Obtain(error) => return Failure::from(error),
        AttemptError::Provider(error) => return Failure::from(error),
        AttemptError::Unwanted => Failure::cancelled("The answer was not wanted to its end."),
    };
    if failure.exit != Exit::Provider {
        return failure;
    }
    let failure = failure.fact(format!("credential {credential}"));
    let Some(id) = profile_id else { return failure };
    let failure = failure.detail("profileId", id.as_str().into());
    let is_refused = matches!(reason, Reason::Auth | Reason::AuthPermanent);
    match snapshot.profiles.get(&id).filter(|_| is_refused) {
        Some(profile) => failure.fix(wording::replacement(profile, agent.named())),
        None => failure,
    }
}
