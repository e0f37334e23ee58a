//! Where the API refuses the beta of the 1M window: remembered of a profile for a class of models, so that later requests
//! leave it out. It is no failure of the credential and no window in which it is left alone. What is remembered ends
//! after a day, when the credential changes, and with `models auth cooldown clear`: whoever is given the window is not
//! told to us.

use jiff::fmt::serde::timestamp::millisecond;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::profile::Profile;
use super::state::AuthState;
use crate::secret::Secret;

/// How long the beta is left out.
const LEFT_OUT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The API refused the beta for a class of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context1mRefused {
    /// The class.
    pub model_class: String,
    /// Until when the beta is left out.
    #[serde(with = "millisecond::required")]
    pub until: Timestamp,
}

impl AuthState {
    /// Notes that the API refused the beta with this secret, and returns until when it is left out.
    pub fn note_context1m_refused(
        &mut self,
        profile: &Profile,
        secret: &Secret,
        model_class: &str,
        now: Timestamp,
    ) -> Timestamp {
        self.now_about(profile, secret);
        let until = now.saturating_add(LEFT_OUT_FOR).unwrap_or(Timestamp::MAX);
        let refused = &mut self.entry(profile).context1m_refused;
        refused.retain(|it| it.model_class != model_class);
        refused.push(Context1mRefused { model_class: model_class.to_owned(), until });
        until
    }

    /// Until when the beta is left out of requests for a class of models; `None` when it is not. `secret` is the one that
    /// is sent, where it is known.
    pub fn context1m_left_out(
        &self,
        profile: &Profile,
        secret: Option<&Secret>,
        model_class: &str,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let state = self.of(profile).filter(|state| state.speaks_about(secret))?;
        let refused = state.context1m_refused.iter().find(|it| it.model_class == model_class)?;
        // A clock that was wrong once must not keep it out for longer.
        let latest = now.saturating_add(LEFT_OUT_FOR).unwrap_or(Timestamp::MAX);
        Some(refused.until.min(latest)).filter(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;
    use crate::auth::profile::{Credential, Material};

    fn profile(key: &str) -> Profile {
        Profile {
            id: "anthropic:a".parse().unwrap(),
            credential: Credential::ApiKey { key: Material::Value(Secret::new(key)) },
            email: None,
            added_at: None,
            issuer: None,
        }
    }

    #[test]
    fn a_refusal_holds_for_its_class_for_a_day_and_for_no_other_secret() {
        let (one, other) = (profile("sk-ant-api03-sandbox-one"), profile("sk-ant-api03-sandbox-two"));
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut state = AuthState::default();
        let secret = Secret::new("sk-ant-api03-sandbox-one");
        let until = state.note_context1m_refused(&one, &secret, "opus", now);
        assert_eq!(until, now + 24.hours());
        let left_out = |profile, class, at| state.context1m_left_out(profile, None, class, at);
        assert_eq!(left_out(&one, "opus", now + 23.hours()), Some(until));
        assert_eq!(left_out(&one, "opus", until), None);
        assert_eq!(left_out(&one, "sonnet", now), None);
        assert_eq!(left_out(&other, "opus", now), None);
        assert_eq!(left_out(&one, "opus", now - 72.hours()), Some(now - 48.hours()));
    }

    #[test]
    fn a_second_refusal_replaces_the_first_and_neither_is_a_failure() {
        let (one, secret) = (profile("sk-ant-api03-sandbox-one"), Secret::new("sk-ant-api03-sandbox-one"));
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut state = AuthState::default();
        state.note_context1m_refused(&one, &secret, "opus", now);
        state.note_context1m_refused(&one, &secret, "opus", now + 1.hour());
        let remembered = state.of(&one).unwrap();
        assert_eq!(remembered.context1m_refused.len(), 1);
        assert_eq!((remembered.error_count, remembered.cooldowns.len()), (0, 0));
        assert_eq!(remembered.last_failure_at, None);
    }
}
